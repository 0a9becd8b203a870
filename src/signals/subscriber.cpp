#include "signals/subscriber.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/background_thread.hpp"
#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "base/refuse.hpp"
#include "base/signal_name.hpp"
#include "base/standard_error.hpp"
#include "runhook/error.hpp"
#include "signals/escalation.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

// Signals that no rule may have: those that cannot be handled, those that report a fault, since a handler cannot return
// from them, and those that do not end a process.
bool is_unfit(int signal) noexcept {
  static constexpr std::array kUnfit = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,  SIGTRAP, SIGABRT,
                                        SIGSYS,  SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG,  SIGWINCH};
  return std::find(kUnfit.begin(), kUnfit.end(), signal) != kUnfit.end();
}

void check_rule(const SignalRule& rule) {
  if (rule.signal < 1 || rule.signal > 64) refuse(fmt::format("there is no signal {}", rule.signal));
  if (is_unfit(rule.signal)) refuse(fmt::format("signal {} is not one that can ask for a stop", rule.signal));
  if (rule.action < SignalAction::stop || rule.action > SignalAction::save_and_stop) {
    refuse("the signal's action is not a known one");
  }
  if (rule.repeat < SignalRepeat::usual || rule.repeat > SignalRepeat::default_action) {
    refuse("what the signal is to do when it is repeated is not known");
  }
  if (rule.min_interval < std::chrono::nanoseconds(0)) refuse("min_interval is negative");
}

bool saves(const SignalRule& rule) noexcept {
  return rule.action == SignalAction::save || rule.action == SignalAction::save_and_stop;
}

}  // namespace

void check_signal_options(const SignalOptions& options) {
  if (options.rules.empty()) refuse("there are no signals to subscribe to");
  for (const SignalRule& rule : options.rules) {
    check_rule(rule);
    const auto same = [&](const SignalRule& other) { return other.signal == rule.signal; };
    if (std::count_if(options.rules.begin(), options.rules.end(), same) > 1) {
      refuse(fmt::format("there are two rules for signal {}", rule.signal));
    }
  }
  if (options.exit_deadline < std::chrono::nanoseconds(0)) refuse("exit_deadline is negative");
}

SignalSubscriber::SignalSubscriber(std::shared_ptr<StopState> state, SignalOptions options)
    : state_(std::move(state)), options_(std::move(options)), rules_(options_.rules.size()) {
  check_signal_options(options_);
  if (state_ == nullptr) refuse("there is nothing to stop");
  for (std::size_t i = 0; i < rules_.size(); ++i) rules_[i].is = spelled_out(options_.rules[i]);
}

SignalSubscriber::Rule* SignalSubscriber::find(int signal) noexcept {
  for (Rule& rule : rules_) {
    if (rule.is.signal == signal) return &rule;
  }
  return nullptr;
}

std::uint64_t SignalSubscriber::received(int signal) const noexcept {
  const Rule* const rule = const_cast<SignalSubscriber*>(this)->find(signal);
  return rule == nullptr ? 0 : rule->received.load();
}

// From here to post() in the signal handler: no locks, no memory, no thread-local data.

void SignalSubscriber::receive(int signal, SignalResponse& response) noexcept {
  Rule* const rule = find(signal);
  if (rule == nullptr || !rule->on.load()) return;
  response.handled = true;
  if (!options_.chain) response.chain = false;
  // The request comes before the count, so that whoever sees the count also sees the request.
  if (saves(rule->is)) state_->request_save();
  if (rule->is.action != SignalAction::save) receive_stop(*rule, monotonic_ns(), response);
  rule->received.fetch_add(1);
}

void SignalSubscriber::receive_stop(Rule& rule, std::int64_t now_ns, SignalResponse& response) noexcept {
  if (rule.is.repeat == SignalRepeat::ignore && rule.stage.load() > 0) return;
  const std::uint32_t stage = count(rule, now_ns);
  const Stages stages = stages_of(rule.is);
  if (stages.last != 0 && stage >= stages.last) {
    response.default_action = true;
  } else if (stages.urgent != 0 && stage == stages.urgent) {
    post(rule, StopUrgency::now, now_ns);
  } else if (stage == 1) {
    post(rule, StopUrgency::after_step, now_ns);
  }
}

// Returns the number of this signal among those that count; 0 if it does not count.
std::uint32_t SignalSubscriber::count(Rule& rule, std::int64_t now_ns) noexcept {
  const std::int64_t interval_ns = rule.is.min_interval.count();
  std::int64_t last_ns = rule.counted_ns.load();
  do {
    if (last_ns != kNotYet && interval_ns > 0 && now_ns - last_ns < interval_ns) return 0;
  } while (!rule.counted_ns.compare_exchange_weak(last_ns, now_ns));
  return rule.stage.fetch_add(1) + 1;
}

void SignalSubscriber::post(Rule& rule, StopUrgency urgency, std::int64_t now_ns) noexcept {
  state_->request_from_signal(rule.is.signal, urgency);
  if (urgency == StopUrgency::now) cancels_.store(true);
  const std::int64_t deadline_ns = options_.exit_deadline.count();
  std::int64_t none = kNever;
  if (deadline_ns > 0 && deadline_ns_.compare_exchange_strong(none, saturating_add(now_ns, deadline_ns))) {
    deadline_signal_.store(rule.is.signal);
  }
  rule.posted.fetch_add(1);
}

// On the registration's thread.

SignalSubscriber::Deadline SignalSubscriber::serve() noexcept {
  const std::lock_guard<std::recursive_mutex> lock(serving_);
  if (ended_) return {};
  if (cancels_.exchange(false)) state_->cancel_steps();
  if (state_->requested() && state_->has_untold_listeners()) tell_listeners();
  for (Rule& rule : rules_) {
    if (ended_) return {};  // one of the functions that are called here has ended it
    try {
      tell(rule);
    } catch (...) {  // NOLINT(bugprone-empty-catch): a log that fails must not fail anything else
    }
  }
  const int signal = deadline_signal_.load();
  return signal == 0 ? Deadline{} : Deadline{deadline_ns_.load(), signal};
}

// On a thread of their own: this one watches the deadline and serves the next signal.
void SignalSubscriber::tell_listeners() noexcept {
  try {
    start_background_thread("runhook-stop", [state = state_] { state->tell_listeners(); }).detach();
  } catch (...) {
    state_->tell_listeners();
  }
}

void SignalSubscriber::end() noexcept {
  const std::lock_guard<std::recursive_mutex> lock(serving_);
  ended_ = true;
}

void SignalSubscriber::tell(Rule& rule) {
  if (rule.is.action == SignalAction::save) {
    tell_of_save(rule);
    return;
  }
  const std::uint32_t posted = rule.posted.load();
  if (std::exchange(rule.told, posted) == posted) return;
  const Stages stages = stages_of(rule.is);
  std::string line = fmt::format("{}: ", signal_name(rule.is.signal));
  if (stages.urgent != 0 && posted >= stages.urgent) {
    line += "the run is stopped, and its step asked to give up";
  } else {
    line += rule.is.action == SignalAction::save_and_stop ? "the run is saved and stopped after its step"
                                                          : "the run is stopped after its step";
  }
  if (stages.last == posted + 1) {
    line += "; the next one ends the process";
  } else if (stages.urgent == posted + 1) {
    line += "; the next one asks the step to give up";
  }
  write(line);
}

// There may be very many such signals, so there is one line for each interval.
void SignalSubscriber::tell_of_save(Rule& rule) {
  const std::uint64_t received = rule.received.load();
  if (received == rule.told_received) return;
  const std::int64_t now_ns = monotonic_ns();
  if (rule.told_ns != kNotYet && now_ns - rule.told_ns < rule.is.min_interval.count()) return;
  rule.told_received = received;
  rule.told_ns = now_ns;
  write(fmt::format("{}: the run is saved after its step", signal_name(rule.is.signal)));
}

void SignalSubscriber::write(std::string_view line) {
  if (options_.log) {
    options_.log(LogLevel::warning, line);
  } else {
    write_to_standard_error(fmt::format("runhook: {}\n", line));
  }
}

}  // namespace detail
}  // namespace runhook::inline v1
