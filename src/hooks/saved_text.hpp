// saved_text.hpp: reads the text that a hook has saved as its state.
#ifndef RUNHOOK_SRC_HOOKS_SAVED_TEXT_HPP_
#define RUNHOOK_SRC_HOOKS_SAVED_TEXT_HPP_

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>

#include "base/refuse.hpp"

namespace runhook::inline v1 {
namespace detail {

// Numbers, each with a space behind it, and text of a known length. Throws INVALID_ARGUMENT for anything else.
class SavedText {
 public:
  SavedText(std::string_view text, std::string_view format) : rest_(text) { expect(format); }
  bool empty() const noexcept { return rest_.empty(); }
  std::string_view rest() const noexcept { return rest_; }
  std::int64_t number() {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
    if (error != std::errc()) bad();
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    expect(" ");
    return number;
  }
  std::string_view bytes(std::int64_t count) {
    if (count < 0 || static_cast<std::uint64_t>(count) > rest_.size()) bad();
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(count));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  void expect(std::string_view text) {
    if (!rest_.starts_with(text)) bad();
    rest_.remove_prefix(text.size());
  }

 private:
  [[noreturn]] static void bad() { refuse("the state is not one that this hook saves, or of another version"); }
  std::string_view rest_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_HOOKS_SAVED_TEXT_HPP_
