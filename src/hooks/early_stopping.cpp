#include "runhook/hooks/early_stopping.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "hooks/not_logged.hpp"
#include "hooks/saved_text.hpp"

namespace runhook::inline v1 {

namespace {

constexpr std::string_view kStoppingFormat = "early stopping 1\n";

void check(const MetricRule& rule) {
  const auto refuse = [&rule](std::string_view why) {
    throw StatusError(StatusCode::invalid_argument, fmt::format("early stopping by '{}': {}", rule.name, why));
  };
  const auto is_nan = [](const std::optional<double>& number) { return number && std::isnan(*number); };
  if (rule.name.empty()) refuse("the metric has no name");
  if (!rule.patience_steps && !rule.patience_time && !rule.target && !rule.divergence) {
    refuse("there is no patience, target or divergence");
  }
  if (rule.patience_steps && *rule.patience_steps < 0) refuse("patience_steps is negative");
  if (rule.patience_time && rule.patience_time->count() < 0) refuse("patience_time is negative");
  if (!(rule.min_delta >= 0)) refuse("min_delta is negative or NaN");
  if (is_nan(rule.baseline) || is_nan(rule.target) || is_nan(rule.divergence)) refuse("a threshold is NaN");
  if (rule.direction != Direction::lower_is_better && rule.direction != Direction::higher_is_better) {
    refuse("the direction is not a known one");
  }
}

// Larger is better, whatever the direction.
double score(const MetricRule& rule, double value) noexcept {
  return rule.direction == Direction::higher_is_better ? value : -value;
}

}  // namespace

EarlyStoppingHook::EarlyStoppingHook(EarlyStoppingOptions options) : options_(std::move(options)) {
  if (options_.rules.empty()) throw StatusError(StatusCode::invalid_argument, "early stopping has no rule");
  if (options_.warm_up_steps < 0) throw StatusError(StatusCode::invalid_argument, "warm_up_steps is negative");
  for (const MetricRule& rule : options_.rules) check(rule);
  progress_.resize(options_.rules.size());
}

std::string EarlyStoppingHook::best_text(const Progress& progress, double value) {
  if (progress.best_step < 0) return fmt::format(": it is {:.6g}", value);
  return fmt::format(": it is {:.6g}, and was {:.6g} at step {}", value, progress.best, progress.best_step);
}

// A name that nobody logs would be waited for without a word.
void EarlyStoppingHook::end(SessionRunContext& context) {
  for (std::size_t i = 0; i < options_.rules.size(); ++i) {
    const MetricRule& rule = options_.rules[i];
    if (rule.logged && progress_[i].since_step < 0) detail::warn_not_logged(context, rule.name);
  }
}

void EarlyStoppingHook::begin(SessionRunContext&) {
  progress_.assign(options_.rules.size(), {});
  restored_ = false;
}

// A line for each rule. Floating-point numbers are kept as their bits, and of times what has passed.
std::optional<std::string> EarlyStoppingHook::save(SessionRunContext& context) {
  std::string saved(kStoppingFormat);
  for (std::size_t i = 0; i < progress_.size(); ++i) {
    const Progress& one = progress_[i];
    const bool timed = options_.rules[i].patience_time && one.since_step >= 0;
    detail::append_format(saved, "{} {} {} {} {} {} {} {}\n", std::bit_cast<std::int64_t>(one.best), one.best_step,
                          one.since_step, timed ? detail::saturating_distance(one.since_ns, context.now_ns()) : 0,
                          std::bit_cast<std::int64_t>(one.last), one.last_step, one.reason.size(), one.reason);
  }
  return saved;
}

// Rules that are not those that were saved begin anew.
void EarlyStoppingHook::restore(SessionRunContext& context, std::string_view saved) {
  std::vector<Progress> restored;
  detail::SavedText in(saved, kStoppingFormat);
  while (!in.empty()) {
    Progress one;
    one.best = std::bit_cast<double>(in.number());
    one.best_step = in.number();
    one.since_step = in.number();
    one.since_ns = detail::saturating_add(context.now_ns(), -std::max<std::int64_t>(in.number(), 0));
    one.last = std::bit_cast<double>(in.number());
    one.last_step = in.number();
    const std::int64_t size = in.number();
    one.reason = in.bytes(size);
    in.expect("\n");
    restored.push_back(std::move(one));
  }
  restored_ = restored.size() == options_.rules.size();
  if (restored_) progress_ = std::move(restored);
}

// The stop that was asked for in the step that was saved is not part of what is restored.
void EarlyStoppingHook::after_create_session(SessionRunContext& context) {
  if (!std::exchange(restored_, false)) return;
  std::vector<std::size_t> asking;
  for (std::size_t i = 0; i < progress_.size(); ++i) {
    if (progress_[i].last_step == context.global_step() && judge(i, progress_[i].last, context)) asking.push_back(i);
  }
  decide(context, asking);
}

void EarlyStoppingHook::before_run(SessionRunContext& context) {
  // The key is the number of the rule, so that two rules may follow one metric.
  for (std::size_t i = 0; i < options_.rules.size(); ++i) {
    if (!options_.rules[i].logged) context.add_fetch(fmt::format("{}", i), options_.rules[i].name);
  }
}

void EarlyStoppingHook::after_run(SessionRunContext& context, const SessionRunValues& values) {
  std::vector<std::size_t> asking;
  for (std::size_t i = 0; i < options_.rules.size(); ++i) {
    if (options_.rules[i].logged) continue;
    if (judge(i, values.results().to_double(fmt::format("{}", i)), context)) asking.push_back(i);
  }
  decide(context, asking);
}

bool EarlyStoppingHook::wants_values() const noexcept {
  return std::any_of(options_.rules.begin(), options_.rules.end(), [](const MetricRule& rule) { return rule.logged; });
}

// Another thread may have logged several values of a name.
void EarlyStoppingHook::on_values(SessionRunContext& context, std::span<const LoggedValue> values) {
  std::vector<std::size_t> asking;
  for (const LoggedValue& value : values) {
    for (std::size_t i = 0; i < options_.rules.size() && asking.empty(); ++i) {
      const MetricRule& rule = options_.rules[i];
      if (!rule.logged || rule.name != value.name || value.kind == LoggedKind::text) continue;
      if (judge(i, value.number, context)) asking.push_back(i);
    }
  }
  decide(context, asking);
}

// Returns whether it asks for a stop, and if all rules have to whether they do.
bool EarlyStoppingHook::judge(std::size_t rule, double value, SessionRunContext& context) {
  Progress& progress = progress_[rule];
  progress.reason = judge(options_.rules[rule], progress, value, context);
  if (progress.reason.empty() || context.global_step() < options_.warm_up_steps) return false;
  const auto asks = [](const Progress& one) { return !one.reason.empty(); };
  return !options_.all || std::all_of(progress_.begin(), progress_.end(), asks);
}

// `asking`: the rules for which the run is to be stopped; if all rules have to ask, all have.
void EarlyStoppingHook::decide(SessionRunContext& context, const std::vector<std::size_t>& asking) const {
  std::string why;
  for (std::size_t i = 0; i < progress_.size(); ++i) {
    if (!options_.all && std::find(asking.begin(), asking.end(), i) == asking.end()) continue;
    if (!why.empty()) why += "; ";
    why += progress_[i].reason;
  }
  if (!asking.empty()) context.request_stop(0, why, StopUrgency::if_completed);
}

std::string EarlyStoppingHook::judge(const MetricRule& rule, Progress& progress, double value,
                                     SessionRunContext& context) const {
  const std::int64_t step = context.global_step();
  progress.last = value;
  progress.last_step = step;
  const bool has_best = !std::isnan(progress.best);
  const double delta = rule.relative && has_best ? rule.min_delta * std::abs(progress.best) : rule.min_delta;
  const bool beats_best = !has_best || score(rule, value) > score(rule, progress.best) + (delta > 0 ? delta : 0);
  const bool beats_baseline = !rule.baseline || score(rule, value) > score(rule, *rule.baseline);
  const bool improved = !std::isnan(value) && beats_best && beats_baseline;
  if (improved) {
    progress.best = value;
    progress.best_step = step;
  }
  // Before the first improvement, patience counts from the first value; during the warm-up it does not count.
  if (improved || progress.since_step < 0 || step < options_.warm_up_steps) {
    progress.since_step = step;
    if (rule.patience_time) progress.since_ns = context.now_ns();
  }
  if (rule.target && score(rule, value) >= score(rule, *rule.target)) {
    return fmt::format("'{}' has reached {}: {}", rule.name, *rule.target, value);
  }
  if (rule.divergence && score(rule, value) <= score(rule, *rule.divergence)) {
    return fmt::format("'{}' has got as bad as {}: {}", rule.name, *rule.divergence, value);
  }
  if (improved) return {};
  const std::int64_t steps = detail::saturating_distance(progress.since_step, step);
  if (rule.patience_steps && steps >= *rule.patience_steps) {
    return fmt::format("'{}' has not improved for {} steps{}", rule.name, steps, best_text(progress, value));
  }
  if (!rule.patience_time) return {};
  const std::int64_t ns = detail::saturating_distance(progress.since_ns, context.now_ns());
  if (ns >= rule.patience_time->count()) {
    return fmt::format("'{}' has not improved for {:.3g} s{}", rule.name, detail::in_seconds(ns),
                       best_text(progress, value));
  }
  return {};
}

}  // namespace runhook::inline v1
