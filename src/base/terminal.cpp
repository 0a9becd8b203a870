#include "base/terminal.hpp"

#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <utility>

namespace runhook::inline v1 {
namespace detail {

namespace {

std::uint64_t terminal_number(int fd) noexcept {
  struct stat about {};
  return can_redraw(fd) && fstat(fd, &about) == 0 ? about.st_rdev : 0;
}

// A terminal whose line a display has.
struct TerminalPlace {
  std::atomic<std::uint64_t> terminal{0};  // 0: nobody has taken this place
  std::atomic<bool> overwritten{false};
  std::atomic_flag busy = ATOMIC_FLAG_INIT;  // guards what follows; never held while something is written
  std::condition_variable* display = nullptr;
  pid_t process = 0;
};

// Each terminal has its place by its number: of two for whom it is the same only one has its line redrawn.
constinit std::array<TerminalPlace, 32> terminal_places{};

TerminalPlace& place_of(std::uint64_t terminal) noexcept { return terminal_places[terminal % terminal_places.size()]; }

}  // namespace

bool can_redraw(int fd) noexcept {
  if (fd < 0 || isatty(fd) != 1) return false;
  const char* const kind = std::getenv("TERM");
  return kind == nullptr || std::string_view(kind) != "dumb";
}

void wake_display(int fd) noexcept {
  const std::uint64_t terminal = terminal_number(fd);
  TerminalPlace& place = place_of(terminal);
  if (terminal == 0 || place.terminal.load(std::memory_order_relaxed) != terminal) return;
  if (place.busy.test_and_set(std::memory_order_acquire)) return;  // it draws soon anyway
  if (place.display != nullptr && place.process == getpid()) {
    place.overwritten.store(true, std::memory_order_relaxed);
    place.display->notify_all();
  }
  place.busy.clear(std::memory_order_release);
}

RedrawnLine::RedrawnLine(int fd, std::condition_variable& display) noexcept
    : terminal_(terminal_number(fd)), display_(display) {}

bool RedrawnLine::take() noexcept {
  std::uint64_t nobody = 0;
  TerminalPlace& place = place_of(terminal_);
  if (taken_ || !on_terminal() || !place.terminal.compare_exchange_strong(nobody, terminal_)) return taken_;
  while (place.busy.test_and_set(std::memory_order_acquire)) sched_yield();
  place.display = &display_;
  place.process = getpid();
  place.busy.clear(std::memory_order_release);
  return taken_ = true;
}

void RedrawnLine::give_back() noexcept {
  if (!std::exchange(taken_, false)) return;
  TerminalPlace& place = place_of(terminal_);
  if (place.process != getpid()) return;  // the parent has it
  while (place.busy.test_and_set(std::memory_order_acquire)) sched_yield();
  place.display = nullptr;
  place.busy.clear(std::memory_order_release);
  place.terminal.store(0);
}

bool RedrawnLine::overwritten() noexcept {
  return taken_ && place_of(terminal_).overwritten.exchange(false, std::memory_order_relaxed);
}

}  // namespace detail
}  // namespace runhook::inline v1
