#include "runhook/hooks/summary_saver.hpp"

#include <utility>

#include "hooks/finish_writing.hpp"
#include "hooks/summary_values.hpp"

namespace runhook::inline v1 {

struct SummarySaverHook::State {
  explicit State(SummarySaverOptions given) : options(std::move(given)), values(options) {
    args.fetches = values.fetches();
  }
  const SummarySaverOptions options;
  const detail::SummaryValues values;
  SessionRunArgs args;
  std::shared_ptr<SummaryWriter> writer;  // of the present session
};

SummarySaverHook::SummarySaverHook(SummarySaverOptions options) {
  const bool encoded = !options.summaries.empty();
  const bool plain =
      !(options.scalars.empty() && options.histograms.empty() && options.texts.empty() && options.images.empty());
  if (encoded == plain) {
    throw StatusError(StatusCode::invalid_argument, "either values or encoded summaries must be given to be saved");
  }
  detail::check_destination(options.writer, options.directory);
  state_ = std::make_unique<State>(std::move(options));
}

SummarySaverHook::~SummarySaverHook() = default;

HookRegistration SummarySaverHook::make(SummarySaverOptions options, Trigger trigger) {
  HookRegistration registration{std::make_shared<SummarySaverHook>(std::move(options)), {}};
  registration.options.trigger = std::move(trigger);
  return registration;
}

void SummarySaverHook::begin(SessionRunContext&) {
  const SummarySaverOptions& options = state_->options;
  state_->writer =
      options.writer ? options.writer : std::make_shared<SummaryWriter>(options.directory, options.writer_options);
}

void SummarySaverHook::after_create_session(SessionRunContext& context) {
  state_->writer->add_session_log(SessionLogStatus::start, context.global_step());
}

void SummarySaverHook::before_run(SessionRunContext& context) { context.request(state_->args); }

void SummarySaverHook::after_run(SessionRunContext& context, const SessionRunValues& values) {
  state_->values.write(values.results(), *state_->writer, context.global_step());
  state_->writer->report_to(context);
}

void SummarySaverHook::end(SessionRunContext&) { state_->writer->flush(); }

SummaryWriter* SummarySaverHook::writer() const noexcept { return state_->writer.get(); }

void SummarySaverHook::cleanup(SessionRunContext& context, const Outcome&) {
  const std::shared_ptr<SummaryWriter> writer = std::exchange(state_->writer, nullptr);
  if (writer == nullptr) return;  // begin failed
  detail::finish_writing(*writer, state_->options.writer != nullptr, context);
}

struct SummaryAtEndHook::State {
  explicit State(SummaryAtEndOptions given) : options(std::move(given)), values(options) {}
  const SummaryAtEndOptions options;
  const detail::SummaryValues values;
  std::shared_ptr<SummaryWriter> writer;  // once there was something to write
};

SummaryAtEndHook::SummaryAtEndHook(SummaryAtEndOptions options) {
  detail::check_destination(options.writer, options.directory);
  state_ = std::make_unique<State>(std::move(options));
}

SummaryAtEndHook::~SummaryAtEndHook() = default;

void SummaryAtEndHook::end(SessionRunContext& context) {
  if (state_->values.empty()) return;
  const SummaryAtEndOptions& options = state_->options;
  SessionRunArgs args;
  args.fetches = state_->values.fetches();
  args.feeds = options.feeds;
  const Results results = run_session(context.session(), args);
  state_->writer =
      options.writer ? options.writer : std::make_shared<SummaryWriter>(options.directory, options.writer_options);
  state_->values.write(results, *state_->writer, context.global_step());
  state_->writer->flush();
}

void SummaryAtEndHook::cleanup(SessionRunContext& context, const Outcome&) {
  const std::shared_ptr<SummaryWriter> writer = std::exchange(state_->writer, nullptr);
  if (writer == nullptr) return;
  detail::finish_writing(*writer, state_->options.writer != nullptr, context);
}

}  // namespace runhook::inline v1
