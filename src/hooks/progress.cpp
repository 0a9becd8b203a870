#include "runhook/hooks/progress.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "base/refuse.hpp"
#include "hooks/fetched_names.hpp"
#include "hooks/finish_writing.hpp"
#include "hooks/newest_values.hpp"
#include "hooks/progress_display.hpp"
#include "hooks/terminal.hpp"
#include "hooks/value_text.hpp"
#include "run/run_state.hpp"

namespace runhook::inline v1 {

namespace {

using detail::refuse;

// As the thread that shows it asks for it: a last step is announced, or a call with a limit begins, at any time.
detail::ProgressDisplay::LastStep last_step_of(const ProgressOptions& options, SessionRunContext& context) {
  if (options.last_step) {
    return [last = *options.last_step](std::int64_t step) { return last < step ? Trigger::kNever : last; };
  }
  return [known = detail::RunState::of(context).session.known_end](std::int64_t step) { return known->after(step); };
}

}  // namespace

ProgressHook::ProgressHook(ProgressOptions options) : options_(std::move(options)) {
  if (!(options_.every_n_secs > 0)) refuse(fmt::format("invalid every_n_secs: {}", options_.every_n_secs));
  if (options_.terminal_interval.count() <= 0 || options_.line_interval.count() <= 0) {
    refuse("an interval of the progress display is not positive");
  }
  if (options_.descriptor < 0) refuse("the descriptor of the progress display is negative");
  const auto pairs = detail::tags_and_names(options_.names, {});
  if (!pairs.empty()) args_.fetches = Fetches::keyed(pairs);
}

ProgressHook::~ProgressHook() = default;

HookRegistration ProgressHook::make(ProgressOptions options) {
  auto hook = std::make_shared<ProgressHook>(std::move(options));
  HookRegistration registration{hook, {}};
  Trigger& trigger = registration.options.trigger = Trigger::first();
  if (!hook->options_.names.empty()) trigger = trigger || Trigger::every_seconds(hook->options_.every_n_secs);
  return registration;
}

void ProgressHook::begin(SessionRunContext&) {
  logged_ = std::make_unique<detail::NewestValues>();
  fetched_text_.clear();
  output_ = options_.output != nullptr ? options_.output : detail::descriptor_output(options_.descriptor);
}

void ProgressHook::after_create_session(SessionRunContext& context) {
  detail::check_names(context, args_.fetches);
  logged_->rewind(context.global_step());
  fetched_step_ = 0;
  if (display_ != nullptr) return;
  try {
    display_ = std::make_unique<detail::ProgressDisplay>(context.stop_source().state(), context.clock(),
                                                         last_step_of(options_, context), output_, options_);
    show_every_ns_ = display_->interval().count();
  } catch (const std::system_error&) {
    context.warn(Error(StatusCode::resource_exhausted, "no thread could be started to show the progress"));
  }
}

void ProgressHook::before_run(SessionRunContext& context) {
  if (display_ == nullptr) return;
  if (!options_.names.empty()) context.request(args_);
}

void ProgressHook::after_run(SessionRunContext& context, const SessionRunValues& values) {
  if (display_ == nullptr) return;
  fetched_text_ = detail::named_values_text(options_.names, values.results().leaves());
  fetched_step_ = context.global_step();
  show_values();
  output_->report_to(context);
}

// A value that is new is shown at once, others as often as they are drawn.
void ProgressHook::on_logged(SessionRunContext& context, std::span<const LoggedValue> values) {
  if (display_ == nullptr) return;
  const std::int64_t now_ns = context.now_ns();
  const bool is_new = logged_->note(values, now_ns, /*every=*/false, /*due=*/false, [] {});
  if (!is_new && detail::saturating_distance(shown_ns_, now_ns) < show_every_ns_) return;
  shown_ns_ = now_ns;
  show_values();
}

void ProgressHook::show_values() {
  std::string text = fetched_text_;
  for (const auto& kept : logged_->all()) {
    if (kept.undone) continue;
    if (std::find(options_.names.begin(), options_.names.end(), kept.name) != options_.names.end()) continue;
    detail::append_format(text, "{}{}", text.empty() ? "" : ", ",
                          detail::logged_text(kept.name, kept.value, kept.text));
  }
  display_->set_values(text);
}

void ProgressHook::cleanup(SessionRunContext& context, const Outcome&) {
  if (output_ == nullptr) return;
  if (display_ != nullptr) {
    try {
      const detail::LastFetched& last = detail::RunState::of(context).last_fetched;
      const std::vector<Value> values = last.all_of(options_.names);
      if (!values.empty() && last.step > fetched_step_) {
        fetched_text_ = detail::named_values_text(options_.names, values);
      }
      show_values();  // the last ones
    } catch (...) {   // NOLINT(bugprone-empty-catch): without memory those before them stay; the thread has to end
    }
  }
  if (const auto display = std::exchange(display_, nullptr)) {
    display->finish();
    display->write_last();
  }
  const std::shared_ptr<Output> output = std::exchange(output_, nullptr);
  detail::finish_writing(*output, output == options_.output, context);
}

}  // namespace runhook::inline v1
