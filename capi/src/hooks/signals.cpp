#include "runhook/signals.h"

#include <chrono>
#include <utility>

#include "boundary/handle_box.hpp"
#include "boundary/log_table.hpp"
#include "boundary/option_value.hpp"
#include "boundary/options_with_tables.hpp"
#include "boundary/table.hpp"
#include "handle/outcome_handle.hpp"
#include "handle/stop_handle.hpp"
#include "hooks/builtin_hook.hpp"
#include "runhook/hooks/stop_on_signal.hpp"
#include "runhook/signals.hpp"

namespace runhook::capi {

struct SignalSubscriptionBox final : Boxed {
  SignalSubscriptionBox(const StopSource& source, SignalOptions options) : subscription(source, std::move(options)) {}
  const SignalSubscription subscription;
};
RUNHOOK_CAPI_BOX(runhook_signal_subscription, SignalSubscriptionBox, signal_subscription);

namespace {

constexpr std::size_t kRuleSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_signal_rule, min_interval_ns);
static_assert(offsetof(runhook_signal_rule, signal) == 8 && offsetof(runhook_signal_rule, action) == 12 &&
                  offsetof(runhook_signal_rule, repeat) == 16 && kRuleSizeV1_0 == 32,
              "the 1.0 prefix is frozen");
// NOLINTNEXTLINE(bugprone-sizeof-expression): the size of the pointer is meant
constexpr std::size_t kSignalOptionsSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_signal_options, log);
static_assert(offsetof(runhook_signal_options, rules) == 8 && offsetof(runhook_signal_options, rule_count) == 16 &&
                  offsetof(runhook_signal_options, no_chain) == 24 && kSignalOptionsSizeV1_0 == 48,
              "the 1.0 prefix is frozen");

static_assert(RUNHOOK_SIGNAL_STOP == static_cast<int>(SignalAction::stop) &&
              RUNHOOK_SIGNAL_STOP_NOW == static_cast<int>(SignalAction::stop_now) &&
              RUNHOOK_SIGNAL_SAVE == static_cast<int>(SignalAction::save) &&
              RUNHOOK_SIGNAL_SAVE_AND_STOP == static_cast<int>(SignalAction::save_and_stop));
static_assert(RUNHOOK_REPEAT_USUAL == static_cast<int>(SignalRepeat::usual) &&
              RUNHOOK_REPEAT_IGNORE == static_cast<int>(SignalRepeat::ignore) &&
              RUNHOOK_REPEAT_ESCALATE == static_cast<int>(SignalRepeat::escalate) &&
              RUNHOOK_REPEAT_DEFAULT_ACTION == static_cast<int>(SignalRepeat::default_action));

SignalRule rule_from(const runhook_signal_rule* given) {
  const runhook_signal_rule copy = read_struct(given, kRuleSizeV1_0);
  check_reserved(copy.reserved);
  SignalRule rule;
  rule.signal = copy.signal;
  rule.action = static_cast<SignalAction>(copy.action);
  rule.repeat = static_cast<SignalRepeat>(copy.repeat);
  rule.min_interval = std::chrono::nanoseconds(amount_or(copy.min_interval_ns, rule.min_interval.count()));
  return rule;
}

SignalOptions options_from(const runhook_signal_options& copy, LogSink log) {
  if (copy.rules == nullptr && copy.rule_count > 0) throw StatusError(StatusCode::invalid_argument, "rules is NULL");
  SignalOptions options;
  if (copy.rules != nullptr) options.rules.clear();
  for (std::size_t i = 0; i < copy.rule_count; ++i) options.rules.push_back(rule_from(copy.rules[i]));
  options.chain = !read_flag(copy.no_chain, "no_chain");
  options.force_ignored = read_flag(copy.force_ignored, "force_ignored");
  options.exit_deadline = std::chrono::nanoseconds(amount_or(copy.exit_deadline_ns, 0));
  options.log = std::move(log);
  return options;
}

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_signal_subscription* runhook_signal_subscription_create(const runhook_stop_source* source,
                                                                const runhook_signal_options* options,
                                                                runhook_error** error) {
  OptionsWithTables given(options, kSignalOptionsSizeV1_0, error);
  LogSink sink;
  given.take(given->log, sink, accept_log);
  if (!given.ok()) return nullptr;
  return guarded_handle(error, [&] {
    return create<runhook_signal_subscription>(require(source).source, options_from(*given, std::move(sink)));
  });
}

void runhook_signal_subscription_destroy(runhook_signal_subscription* subscription) { capi::destroy(subscription); }

uint64_t runhook_signal_subscription_received(const runhook_signal_subscription* subscription, int32_t signal) {
  const auto* box = find(subscription);
  return box != nullptr ? box->subscription.received(signal) : 0;
}

runhook_builtin_hook* runhook_stop_on_signal_hook_create(const runhook_signal_options* options, runhook_error** error) {
  OptionsWithTables given(options, kSignalOptionsSizeV1_0, error);
  LogSink sink;
  given.take(given->log, sink, accept_log);
  if (!given.ok()) return nullptr;
  return made_hook(error, [&] { return StopOnSignalHook::make(options_from(*given, std::move(sink))); });
}

int32_t runhook_outcome_exit_status(const runhook_outcome* outcome) {
  const auto* box = find(outcome);
  return box != nullptr ? exit_status(box->outcome) : 1;
}

runhook_status runhook_outcome_raise_again(const runhook_outcome* outcome, runhook_error** error) {
  return guarded(error, [&] { raise_again(require(outcome).outcome); });
}
