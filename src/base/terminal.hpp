// terminal.hpp: descriptors whose last line can be drawn anew.
#ifndef RUNHOOK_SRC_BASE_TERMINAL_HPP_
#define RUNHOOK_SRC_BASE_TERMINAL_HPP_

#include <condition_variable>
#include <cstdint>
#include <string_view>

namespace runhook::inline v1 {
namespace detail {

// Erases from the cursor to the end of the line. A line that is drawn anew leaves the cursor at its beginning, so that
// whatever begins with this takes its place.
inline constexpr std::string_view kEraseRest = "\033[K";

// Whether this is a terminal, and not one that understands no control sequences according to TERM.
bool can_redraw(int fd) noexcept;

// To be called when something was written to a descriptor: if it is a terminal, the display that has its line is woken
// to draw it again. Waits for nobody.
void wake_display(int fd) noexcept;

// The line of a terminal that one display of this process draws anew; others write lines above it. A terminal is shared
// by nature, and so is this. A child made by fork() does not get the line of a parent who has it, and finds nothing
// locked that it needs.
class RedrawnLine {
 public:
  // `display` is notified when the line was overwritten. Of no terminal if `fd` cannot redraw lines.
  RedrawnLine(int fd, std::condition_variable& display) noexcept;
  ~RedrawnLine() { give_back(); }
  RedrawnLine(const RedrawnLine&) = delete;
  RedrawnLine& operator=(const RedrawnLine&) = delete;

  bool on_terminal() const noexcept { return terminal_ != 0; }
  bool take() noexcept;  // whether it is this one's, from now on or already
  void give_back() noexcept;
  bool overwritten() noexcept;  // whether it was, since this was called last

 private:
  const std::uint64_t terminal_;  // its number; 0: there is none
  std::condition_variable& display_;
  bool taken_ = false;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_TERMINAL_HPP_
