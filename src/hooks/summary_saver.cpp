#include "runhook/hooks/summary_saver.hpp"

#include <exception>
#include <optional>
#include <utility>

#include "hooks/finish_writing.hpp"
#include "hooks/newest_values.hpp"
#include "hooks/summary_values.hpp"
#include "run/run_state.hpp"

namespace runhook::inline v1 {

struct SummarySaverHook::State {
  explicit State(SummarySaverOptions given) : options(std::move(given)), values(options) {
    args.fetches = values.fetches();
  }
  const SummarySaverOptions options;
  const detail::SummaryValues values;
  SessionRunArgs args;
  std::shared_ptr<SummaryWriter> writer;  // of the present session
  detail::NewestValues newest;
  bool is_due = false;                       // what was logged is to be written at the end of the step
  std::optional<std::int64_t> fetched_step;  // of the fetched values that were written last
  bool warned = false;                       // a save has not waited until all was written

  // What was fetched in the last step, when the hook was not due.
  void write_last_fetched(const detail::LastFetched& last) {
    if (last.values.empty() || (fetched_step && *fetched_step >= last.step)) return;
    fetched_step = last.step;
    std::vector<Value> found;
    for (const std::string& name : values.fetches().leaves()) {
      const Value* const value = last.find(name);
      found.push_back(value != nullptr ? *value : Value());
    }
    values.write(found, *writer, last.step,
                 [&](const std::string& name) { return newest.has(name) || last.find(name) == nullptr; });
  }

  void write_waiting() {
    is_due = false;
    newest.write([this](std::span<detail::NewestValues::Kept* const> logged) {
      for (const detail::NewestValues::Kept* const kept : logged) {
        if (kept->value.kind == LoggedKind::text) {
          writer->add_text(kept->name, kept->text, kept->value.step);
        } else {
          writer->add_scalar(kept->name, kept->value.number, kept->value.step);
        }
      }
    });
  }
  // What is written in any case when the run ends.
  void write_rest(SessionRunContext& context) {
    write_waiting();
    write_last_fetched(detail::RunState::of(context).last_fetched);
  }
};

SummarySaverHook::SummarySaverHook(SummarySaverOptions options) {
  const bool encoded = !options.summaries.empty();
  const bool plain =
      !(options.scalars.empty() && options.histograms.empty() && options.texts.empty() && options.images.empty());
  const bool one_of_them = options.only_logged ? !encoded && !plain : encoded != plain;
  if (!one_of_them) {
    throw StatusError(StatusCode::invalid_argument,
                      "either values or encoded summaries must be given to be saved, or only_logged");
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

ValueListener* SummarySaverHook::value_listener() noexcept {
  return state_->options.logged || state_->options.only_logged ? this : nullptr;
}

void SummarySaverHook::begin(SessionRunContext&) {
  state_->newest = {};
  state_->warned = false;
  const SummarySaverOptions& options = state_->options;
  state_->writer =
      options.writer ? options.writer : std::make_shared<SummaryWriter>(options.directory, options.writer_options);
}

void SummarySaverHook::after_create_session(SessionRunContext& context) {
  state_->newest.rewind(context.global_step());
  state_->fetched_step.reset();
  state_->writer->add_session_log(SessionLogStatus::start, context.global_step());
}

void SummarySaverHook::before_run(SessionRunContext& context) {
  if (!state_->options.only_logged) context.request(state_->args);
}

void SummarySaverHook::after_run(SessionRunContext& context, const SessionRunValues& values) {
  detail::RunState& run = detail::RunState::of(context);
  // A name that is logged, too, is one series.
  const bool listens = value_listener() != nullptr;
  state_->fetched_step = context.global_step();
  state_->values.write(values.results().leaves(), *state_->writer, context.global_step(), [&](const std::string& name) {
    return listens && (state_->newest.has(name) || run.values.find(name) != nullptr);
  });
  state_->writer->report_to(context);
  bool& logged = run.hot.logged;
  if (!listens || (state_->newest.empty() && !logged)) return;
  logged = state_->is_due = true;
}

void SummarySaverHook::on_logged(SessionRunContext& context, std::span<const LoggedValue> values) {
  State& state = *state_;
  const bool every = state.options.keep_all;
  const bool due = state.is_due;
  const bool is_new = state.newest.note(values, 0, every, due, [&state] { state.write_waiting(); });
  if (!is_new && !due && !every) return;
  state.write_waiting();
  state.writer->report_to(context);
}

void SummarySaverHook::on_dropped() noexcept { state_->is_due = false; }

// A run that goes on from here writes what this one would write from here on. If it is about to end, that is nothing.
std::optional<std::string> SummarySaverHook::save(SessionRunContext& context) {
  State& state = *state_;
  if (context.stop_requested()) state.write_rest(context);
  detail::hand_over(*state.writer, state.writer->path(), state.warned, context);
  return state.newest.save(/*waiting=*/true);
}

void SummarySaverHook::restore(SessionRunContext&, std::string_view saved) { state_->newest.restore(saved, 0); }

void SummarySaverHook::end(SessionRunContext& context) {
  state_->write_rest(context);
  state_->writer->flush();
}

SummaryWriter* SummarySaverHook::writer() const noexcept { return state_->writer.get(); }

void SummarySaverHook::cleanup(SessionRunContext& context, const Outcome&) {
  if (state_->writer == nullptr) return;  // begin failed
  std::exception_ptr failure;             // the writer is let go in any case
  try {
    state_->write_rest(context);
  } catch (...) {
    failure = std::current_exception();
  }
  const std::shared_ptr<SummaryWriter> writer = std::exchange(state_->writer, nullptr);
  detail::finish_writing(*writer, state_->options.writer != nullptr, context);
  if (failure) std::rethrow_exception(failure);
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
  state_->values.write(results.leaves(), *state_->writer, context.global_step());
  state_->writer->flush();
}

void SummaryAtEndHook::cleanup(SessionRunContext& context, const Outcome&) {
  const std::shared_ptr<SummaryWriter> writer = std::exchange(state_->writer, nullptr);
  if (writer == nullptr) return;
  detail::finish_writing(*writer, state_->options.writer != nullptr, context);
}

}  // namespace runhook::inline v1
