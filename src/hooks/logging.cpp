#include "runhook/hooks/logging.hpp"

#include <algorithm>
#include <utility>

#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "base/refuse.hpp"
#include "base/terminal.hpp"
#include "base/time_of_day.hpp"
#include "hooks/fetched_names.hpp"
#include "hooks/finish_writing.hpp"
#include "hooks/newest_values.hpp"
#include "hooks/terminal.hpp"
#include "hooks/value_text.hpp"
#include "run/run_state.hpp"

namespace runhook::inline v1 {

namespace {

using detail::refuse;

Trigger trigger_of(const LoggingOptions& options) {
  if (options.every_n_iter) return Trigger::every_runs(*options.every_n_iter);
  return options.every_n_secs ? detail::every_n_secs(*options.every_n_secs) : Trigger::never();
}

}  // namespace

LoggingHook::LoggingHook(LoggingOptions options) : options_(std::move(options)) {
  const auto pairs = detail::tags_and_names(options_.names, options_.tags);
  if (pairs.empty() && !options_.only_logged) refuse("there is nothing to log");
  if (options_.only_logged && (!pairs.empty() || options_.at_end || options_.formatter)) {
    refuse("with only_logged there are neither names to fetch nor a formatter");
  }
  if (options_.every_n_iter && options_.every_n_secs)
    refuse("exactly one of every_n_iter and every_n_secs may be given");
  if (!options_.every_n_iter && !options_.every_n_secs && !options_.at_end) {
    refuse("exactly one of every_n_iter and every_n_secs must be given, or at_end");
  }
  if (options_.every_n_iter && *options_.every_n_iter <= 0) {
    refuse(fmt::format("invalid every_n_iter: {}", *options_.every_n_iter));
  }
  if (options_.every_n_secs) detail::every_n_secs(*options_.every_n_secs);
  if (options_.output != nullptr && options_.log) refuse("an output and a log are given; one of them must do");
  if (options_.descriptor < 0) refuse("the descriptor to log to is negative");
  for (const auto& [tag, name] : pairs) tags_.push_back(tag);
  if (!pairs.empty()) args_.fetches = Fetches::keyed(pairs);
}

LoggingHook::~LoggingHook() = default;

HookRegistration LoggingHook::make(LoggingOptions options) {
  auto hook = std::make_shared<LoggingHook>(std::move(options));
  HookRegistration registration{hook, {}};
  registration.options.trigger = trigger_of(hook->options_);
  return registration;
}

void LoggingHook::begin(SessionRunContext&) {
  last_ns_.reset();
  fetched_.reset();
  logged_ = std::make_unique<detail::NewestValues>();
  output_ = options_.output;
  if (output_ == nullptr && !options_.log) output_ = detail::descriptor_output(options_.descriptor);
  terminal_ = output_ != nullptr && detail::can_redraw(output_->descriptor());
}

void LoggingHook::after_create_session(SessionRunContext& context) {
  detail::check_names(context, args_.fetches);
  logged_->rewind(context.global_step());
  fetched_step_.reset();
}

void LoggingHook::before_run(SessionRunContext& context) {
  if (!options_.only_logged) context.request(args_);
}

void LoggingHook::after_run(SessionRunContext& context, const SessionRunValues& values) {
  bool& logged = detail::RunState::of(context).hot.logged;
  if (options_.formatter || (logged_->empty() && !logged)) {
    if (options_.only_logged) return;
    fetched_step_ = context.global_step();  // a formatter that fails is not asked again
    log(context, line(values.results().leaves()));
    return;
  }
  fetched_ = texts(values.results().leaves());
  due_step_ = context.global_step();
  logged = true;
}

void LoggingHook::on_logged(SessionRunContext& context, std::span<const LoggedValue> values) {
  const bool due = fetched_.has_value();
  const std::int64_t step = due ? due_step_ : context.global_step();  // not the same if the step has failed
  if (due) fetched_step_ = step;
  std::vector<std::string> texts = std::exchange(fetched_, std::nullopt).value_or(std::vector<std::string>());
  const auto add = [&] { add_waiting(texts, step); };
  if (!logged_->note(values, 0, /*every=*/false, due, add) && !due) return;
  add();
  if (!texts.empty()) log(context, detail::joined(texts, ", "), step);
}

// Adds what was logged and not printed yet. `texts` begins with one text for each tag, or for none.
void LoggingHook::add_waiting(std::vector<std::string>& texts, std::int64_t step) {
  const bool fetched = !options_.only_logged && texts.size() >= tags_.size();
  logged_->write([&](std::span<detail::NewestValues::Kept* const> logged) {
    for (const detail::NewestValues::Kept* const kept : logged) {
      std::string text = detail::logged_text(kept->name, kept->value, kept->text);
      if (kept->value.step != step) {
        detail::append_format(text, " at step {}", kept->value.step);
      } else if (fetched) {
        const auto tag = std::find(tags_.begin(), tags_.end(), kept->name);
        if (tag != tags_.end()) {  // one series
          texts[static_cast<std::size_t>(tag - tags_.begin())] = std::move(text);
          continue;
        }
      }
      texts.push_back(std::move(text));
    }
  });
}

// One for each tag.
std::vector<std::string> LoggingHook::texts(std::span<const Value> values) const {
  std::vector<std::string> texts;
  if (options_.only_logged) return texts;
  for (std::size_t i = 0; i < tags_.size(); ++i) {
    texts.push_back(detail::named_values_text({&tags_[i], 1}, values.subspan(i, 1)));
  }
  return texts;
}

void LoggingHook::end(SessionRunContext& context) {
  if (!options_.at_end) return;
  log(context, line(run_session(context.session(), args_).leaves()));
  fetched_step_ = context.global_step();
}

void LoggingHook::cleanup(SessionRunContext& context, const Outcome&) {
  if (logged_ == nullptr) return;  // begin has failed
  std::int64_t step = context.global_step();
  for (const auto& kept : logged_->all()) {
    if (!kept.undone) step = std::max(step, kept.value.step);  // one that has failed
  }
  const std::vector<Value> last = last_fetched(context, step);
  if (options_.formatter) {
    if (!last.empty()) log(context, line(last), step);
  } else {
    std::vector<std::string> texts = last.empty() ? std::vector<std::string>() : this->texts(last);
    add_waiting(texts, step);
    if (!texts.empty()) log(context, detail::joined(texts, ", "), step);
  }
  if (output_ == nullptr) return;
  const std::shared_ptr<Output> output = std::exchange(output_, nullptr);
  detail::finish_writing(*output, output == options_.output, context);
}

// What was fetched in the last step, when the hook was not due. `step`: then that one.
std::vector<Value> LoggingHook::last_fetched(SessionRunContext& context, std::int64_t& step) const {
  const detail::LastFetched& last = detail::RunState::of(context).last_fetched;
  if (options_.only_logged || last.step < step || (fetched_step_ && *fetched_step_ >= last.step)) return {};
  std::vector<Value> values = last.all_of(args_.fetches.leaves());
  if (!values.empty()) step = last.step;
  return values;
}

std::string LoggingHook::line(std::span<const Value> values) const {
  if (options_.formatter) {
    LoggedValues by_tag;
    for (std::size_t i = 0; i < tags_.size(); ++i) by_tag.emplace(tags_[i], values[i]);
    return options_.formatter(by_tag);
  }
  return detail::joined(texts(values), ", ");
}

void LoggingHook::log(SessionRunContext& context, std::string text) {
  log(context, std::move(text), context.global_step());
}

void LoggingHook::log(SessionRunContext& context, std::string text, std::int64_t step) {
  const std::int64_t now_ns = context.clock()->now_ns();
  const std::optional<std::int64_t> last_ns = std::exchange(last_ns_, now_ns);
  if (last_ns && !options_.formatter) {
    const std::int64_t ns = detail::saturating_distance(*last_ns, now_ns);
    detail::append_format(text, " ({:.3f} sec)", detail::in_seconds(ns));
  }
  if (!options_.formatter) text.insert(0, fmt::format("step {}: ", step));
  if (options_.time_of_day) text.insert(0, detail::time_of_day());
  if (output_ == nullptr) {
    try {
      options_.log({.message = text, .step = step, .hook = context.hook_name()});
    } catch (...) {  // NOLINT(bugprone-empty-catch): a log that fails must not fail the run
    }
    return;
  }
  if (terminal_) text.insert(0, detail::kEraseRest);  // erases what a progress display has left on the line
  text += '\n';
  output_->write(text);
  output_->report_to(context);
}

}  // namespace runhook::inline v1
