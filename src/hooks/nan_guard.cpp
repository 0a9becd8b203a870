#include "runhook/hooks/nan_guard.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/format.hpp"
#include "base/refuse.hpp"
#include "hooks/non_finite.hpp"
#include "hooks/not_logged.hpp"

namespace runhook::inline v1 {

NanGuardHook::NanGuardHook(NanGuardOptions options) : options_(std::move(options)) {
  if (options_.names.empty() && options_.logged_names.empty()) detail::refuse("there is nothing to check for NaN");
  if (options_.roll_back && !options_.fail) detail::refuse("a guard either stops the run or rolls it back");
}

HookRegistration NanGuardHook::make(NanGuardOptions options) {
  HookRegistration registration{std::make_shared<NanGuardHook>(std::move(options)), {}};
  registration.options.phase = HookPhase::guard;
  return registration;
}

void NanGuardHook::before_run(SessionRunContext& context) {
  rejected_ = false;
  for (const std::string& name : options_.names) context.add_fetch({}, name);
}

void NanGuardHook::after_run(SessionRunContext& context, const SessionRunValues& values) {
  for (const std::string& name : options_.names) {
    const detail::NonFinite found = detail::find_non_finite(values.results().value(name));
    if (found.nan || (found.infinity && options_.check_infinity)) return reject(context, name, found.nan);
  }
  if (wants_values()) on_values(context, context.logged());
}

void NanGuardHook::on_values(SessionRunContext& context, std::span<const LoggedValue> values) {
  const auto& names = options_.logged_names;
  for (const LoggedValue& value : values) {
    const auto named = std::find(names.begin(), names.end(), value.name);
    if (named == names.end()) continue;
    seen_[static_cast<std::size_t>(named - names.begin())] = true;
    const bool nan = std::isnan(value.number);
    if (nan || (std::isinf(value.number) && options_.check_infinity)) return reject(context, value.name, nan);
  }
}

void NanGuardHook::begin(SessionRunContext&) { seen_.assign(options_.logged_names.size(), false); }

void NanGuardHook::end(SessionRunContext& context) {
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    if (!seen_[i]) detail::warn_not_logged(context, options_.logged_names[i]);
  }
}

void NanGuardHook::reject(SessionRunContext& context, std::string_view name, bool nan) {
  if (std::exchange(rejected_, true)) return;
  const std::string what = fmt::format("'{}' is {}", name, nan ? "NaN" : "infinite");
  if (options_.roll_back) throw StatusError(StatusCode::aborted, what + ": back to the newest checkpoint");
  if (options_.fail) throw StatusError(StatusCode::data_loss, what);
  context.request_stop(0, what, StopUrgency::if_completed);
}

}  // namespace runhook::inline v1
