// callback_kind.hpp: which callback is in progress.
#ifndef RUNHOOK_SRC_RUN_CALLBACK_KIND_HPP_
#define RUNHOOK_SRC_RUN_CALLBACK_KIND_HPP_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace runhook::inline v1 {
namespace detail {

enum class CallbackKind : std::uint8_t {
  none,
  begin,
  after_create_session,
  before_run,
  after_run,
  on_values,
  on_error,
  end,
  save,
  restore,
  cleanup,
  step_function,
  inline_step,  // the body of a loop that stays where it is
  on_logged,    // of an output; nothing can be asked for or logged in it
  standalone,   // outside a loop everything is allowed
};

std::string_view callback_text(CallbackKind kind) noexcept;
inline constexpr std::size_t kHookCallbacks = static_cast<std::size_t>(CallbackKind::cleanup) + 1;  // up to the last

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_RUN_CALLBACK_KIND_HPP_
