#include "runhook/hooks/nan_guard.hpp"

#include <utility>

#include "base/format.hpp"
#include "hooks/non_finite.hpp"

namespace runhook::inline v1 {

NanGuardHook::NanGuardHook(NanGuardOptions options) : options_(std::move(options)) {
  if (options_.names.empty()) throw StatusError(StatusCode::invalid_argument, "there is nothing to check for NaN");
}

HookRegistration NanGuardHook::make(NanGuardOptions options) {
  HookRegistration registration{std::make_shared<NanGuardHook>(std::move(options)), {}};
  registration.options.phase = HookPhase::guard;
  return registration;
}

void NanGuardHook::before_run(SessionRunContext& context) {
  for (const std::string& name : options_.names) context.add_fetch({}, name);
}

void NanGuardHook::after_run(SessionRunContext& context, const SessionRunValues& values) {
  for (const std::string& name : options_.names) {
    const detail::NonFinite found = detail::find_non_finite(values.results().value(name));
    if (!found.nan && !(found.infinity && options_.check_infinity)) continue;
    const std::string what = fmt::format("'{}' is {}", name, found.nan ? "NaN" : "infinite");
    if (options_.fail) throw StatusError(StatusCode::data_loss, what);
    context.request_stop(0, what, StopUrgency::if_completed);
    return;
  }
}

}  // namespace runhook::inline v1
