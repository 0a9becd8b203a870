#include "runhook/stop_hooks.h"

#include <chrono>

#include "boundary/option_value.hpp"
#include "boundary/options_with_tables.hpp"
#include "boundary/table.hpp"
#include "boundary/text.hpp"
#include "hooks/builtin_hook.hpp"
#include "runhook/hooks/early_stopping.hpp"
#include "runhook/hooks/nan_guard.hpp"
#include "runhook/hooks/stop_after.hpp"
#include "runhook/hooks/stop_at_step.hpp"
#include "runhook/hooks/stop_when.hpp"
#include "src/base/refuse.hpp"

namespace runhook::capi {

namespace {

constexpr std::size_t kStopAtStepSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_stop_at_step_options, steps_per_run);
static_assert(offsetof(runhook_stop_at_step_options, target) == 8 && kStopAtStepSizeV1_0 == 40,
              "the 1.0 prefix is frozen");
constexpr std::size_t kStopAfterSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_stop_after_options, time_ns);
constexpr std::size_t kStopAtTimeSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_stop_at_time_options, unix_ns);
// NOLINTNEXTLINE(bugprone-sizeof-expression): the size of the pointer is meant
constexpr std::size_t kStopWhenSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_stop_when_options, reason);
constexpr std::size_t kNanGuardSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_nan_guard_options, reserved);
constexpr std::size_t kEarlyStoppingSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_early_stopping_options, reserved);
static_assert(kStopAfterSizeV1_0 == 16 && kStopAtTimeSizeV1_0 == 16 && kStopWhenSizeV1_0 == 24 &&
                  kNanGuardSizeV1_0 == 56 && kEarlyStoppingSizeV1_0 == 40,
              "the 1.0 prefix is frozen");
constexpr std::size_t kMetricRuleSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_metric_rule, divergence);
static_assert(offsetof(runhook_metric_rule, name) == 8 && kMetricRuleSizeV1_0 == 80, "the 1.0 prefix is frozen");

using v1::detail::refuse;

MetricRule rule_from(const runhook_metric_rule* given) {
  const runhook_metric_rule copy = read_struct(given, kMetricRuleSizeV1_0);
  constexpr std::uint32_t kKnown = RUNHOOK_RULE_PATIENCE_STEPS | RUNHOOK_RULE_PATIENCE_NS | RUNHOOK_RULE_BASELINE |
                                   RUNHOOK_RULE_TARGET | RUNHOOK_RULE_DIVERGENCE;
  if ((copy.given & ~kKnown) != 0) {
    throw StatusError(StatusCode::unimplemented, "a rule asks for what this version of the library does not know");
  }
  if (copy.given == 0) refuse("given is 0: it says by RUNHOOK_RULE_* which members of the rule count");
  const auto has = [&copy](std::uint32_t bit) { return (copy.given & bit) != 0; };
  MetricRule rule;
  rule.name = required_text(copy.name, "name");
  rule.logged = read_flag(copy.logged, "logged");
  rule.direction = static_cast<Direction>(copy.direction);
  if (has(RUNHOOK_RULE_PATIENCE_STEPS)) rule.patience_steps = copy.patience_steps;
  if (has(RUNHOOK_RULE_PATIENCE_NS)) rule.patience_time = std::chrono::nanoseconds(copy.patience_ns);
  rule.min_delta = copy.min_delta;
  rule.relative = read_flag(copy.relative, "relative");
  if (has(RUNHOOK_RULE_BASELINE)) rule.baseline = copy.baseline;
  if (has(RUNHOOK_RULE_TARGET)) rule.target = copy.target;
  if (has(RUNHOOK_RULE_DIVERGENCE)) rule.divergence = copy.divergence;
  return rule;
}

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_builtin_hook* runhook_stop_at_step_hook_create(const runhook_stop_at_step_options* options,
                                                       runhook_error** error) {
  return made_hook(error, [&] {
    const runhook_stop_at_step_options given = read_struct(options, kStopAtStepSizeV1_0);
    check_reserved(given.reserved);
    if (given.target != RUNHOOK_STOP_AT_LAST_STEP && given.target != RUNHOOK_STOP_AT_NUM_STEPS) {
      refuse("target is not one of RUNHOOK_STOP_AT_*");
    }
    if (given.step < 0) refuse("step is negative");
    StopAtStepOptions wanted;
    (given.target == RUNHOOK_STOP_AT_LAST_STEP ? wanted.last_step : wanted.num_steps) = given.step;
    wanted.steps_per_run_variable = optional_text(given.steps_per_run_variable, "steps_per_run_variable");
    wanted.steps_per_run = number_or(given.steps_per_run, 1, "steps_per_run");
    if (!wanted.steps_per_run_variable.empty() && given.steps_per_run == 0) {
      refuse("steps_per_run_variable is given without steps_per_run");
    }
    return plain_hook<StopAtStepHook>(std::move(wanted));
  });
}

runhook_builtin_hook* runhook_stop_after_hook_create(const runhook_stop_after_options* options, runhook_error** error) {
  return made_hook(error, [&] {
    const runhook_stop_after_options given = read_struct(options, kStopAfterSizeV1_0);
    if (given.time_ns <= 0) refuse("time_ns is not positive");
    return plain_hook<StopAfterHook>(std::chrono::nanoseconds(given.time_ns));
  });
}

runhook_builtin_hook* runhook_stop_at_time_hook_create(const runhook_stop_at_time_options* options,
                                                       runhook_error** error) {
  return made_hook(error, [&] {
    const runhook_stop_at_time_options given = read_struct(options, kStopAtTimeSizeV1_0);
    if (given.unix_ns <= 0) refuse("unix_ns is not positive");
    return plain_hook<StopAfterHook>(std::chrono::system_clock::time_point(std::chrono::nanoseconds(given.unix_ns)));
  });
}

runhook_builtin_hook* runhook_stop_when_hook_create(const runhook_stop_when_options* options, runhook_error** error) {
  OptionsWithTables given(options, kStopWhenSizeV1_0, error);
  std::shared_ptr<CFunction> function;
  given.take(given->predicate, function, accept_function);
  if (!given.ok()) return nullptr;
  return made_hook(error, [&] {
    if (function == nullptr) refuse("predicate is NULL");
    const auto holds = [function](SessionRunContext& context) { return ask_for_hook(context, "predicate", *function); };
    if (given->reason == nullptr) return plain_hook<StopWhenHook>(holds);
    return plain_hook<StopWhenHook>(holds, std::string(required_text(given->reason, "reason")));
  });
}

runhook_builtin_hook* runhook_nan_guard_hook_create(const runhook_nan_guard_options* options, runhook_error** error) {
  return made_hook(error, [&] {
    const runhook_nan_guard_options given = read_struct(options, kNanGuardSizeV1_0);
    NanGuardOptions wanted;
    wanted.names = required_texts(given.names, given.name_count, "names");
    wanted.logged_names = required_texts(given.logged_names, given.logged_name_count, "logged_names");
    wanted.fail = !read_flag(given.stop_only, "stop_only");
    wanted.check_infinity = !read_flag(given.allow_infinity, "allow_infinity");
    wanted.roll_back = read_flag(given.roll_back, "roll_back");
    check_reserved(given.reserved);
    return NanGuardHook::make(std::move(wanted));
  });
}

runhook_builtin_hook* runhook_early_stopping_hook_create(const runhook_early_stopping_options* options,
                                                         runhook_error** error) {
  return made_hook(error, [&] {
    const runhook_early_stopping_options given = read_struct(options, kEarlyStoppingSizeV1_0);
    check_reserved(given.reserved);
    if (given.rules == nullptr && given.rule_count > 0) refuse("rules is NULL");
    EarlyStoppingOptions wanted;
    for (std::size_t i = 0; i < given.rule_count; ++i) wanted.rules.push_back(rule_from(given.rules[i]));
    wanted.all = read_flag(given.all, "all");
    wanted.warm_up_steps = given.warm_up_steps;
    return plain_hook<EarlyStoppingHook>(std::move(wanted));
  });
}
