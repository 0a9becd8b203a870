#include "runhook/evaluation.hpp"

#include <string>
#include <string_view>
#include <utility>

#include "base/refuse.hpp"
#include "evaluation/evaluation_run.hpp"
#include "runhook/hooks/final_ops.hpp"
#include "runhook/hooks/stop_flag.hpp"
#include "runhook/monitored_session.hpp"
#include "session/session_variables.hpp"

namespace runhook::inline v1 {

namespace {

using detail::EvaluatedState;

// Makes sessions by another creator, and writes a state to them.
class StateCreator final : public SessionCreator {
 public:
  StateCreator(std::shared_ptr<SessionCreator> creator, EvaluatedState state)
      : creator_(std::move(creator)), state_(std::move(state)) {}

  CreatedSession create_session(const CreationContext& context) override {
    CreatedSession created = creator_->create_session(context);
    if (created.session == nullptr) return created;
    try {
      state_.write(*created.session);
    } catch (...) {
      Error error = Error::from_current_exception(StatusCode::unknown);
      try {
        created.session->close();
      } catch (...) {
        error.merge(Error::from_current_exception(StatusCode::unknown));
      }
      throw StatusError(error);
    }
    created.restored_step = state_.step;
    return created;
  }

 private:
  const std::shared_ptr<SessionCreator> creator_;
  const EvaluatedState state_;
};

constexpr std::string_view kInterruption = "evaluation stop";

// Has a hook called in each run, whichever hooks the caller has chosen: by it the evaluation ends.
void always_call(std::string_view hook, RunOptions& options) {
  if (options.hooks == HookSelection::all) return;
  if (options.hooks == HookSelection::none) options.hook_names.clear();
  options.hooks = HookSelection::named;
  options.hook_names.emplace_back(hook);
}

}  // namespace

namespace detail {

void check_evaluation(const EvaluationOptions& options) {
  if (options.config.session_creator == nullptr) refuse("an evaluation needs a session creator");
}

EvaluationResult evaluate(const EvaluationOptions& options, const EvaluatedState* state) {
  check_evaluation(options);
  Config config = options.config;
  config.stop = nullptr;  // an evaluation stops itself, which must not stop the next one
  if (state != nullptr) config.session_creator = std::make_shared<StateCreator>(config.session_creator, *state);
  SessionRunArgs args = options.args.value_or(SessionRunArgs());
  std::shared_ptr<StopFlagHook> interruption;
  if (options.config.stop != nullptr) {
    interruption = std::make_shared<StopFlagHook>(StopFlag(StopSource(options.config.stop)));
    config.add_hook(interruption, {.name = std::string(kInterruption), .phase = HookPhase::guard});
    always_call(kInterruption, args.options);
  }
  const auto counter = std::make_shared<StopAfterNEvalsHook>(options.evals);
  if (options.args) config.add_hook(counter);
  always_call(counter->name(), args.options);
  const auto final_ops = std::make_shared<FinalOpsHook>(options.final_ops);
  config.add_hook(final_ops, {.phase = HookPhase::saver});  // last, so that `end` of the others comes before it

  EvaluationResult result;
  MonitoredSession session(std::move(config));
  result.step = state != nullptr ? state->step : session.global_step();
  session.scope([&](MonitoredSession& scoped) {
    while (options.args && !scoped.should_stop()) {
      const Results& values = scoped.run(args);
      if (!values.skipped() && !values.discarded()) result.last_values = values;
    }
  });
  result.evaluations = counter->completed();
  result.final_values = final_ops->values();
  result.complete = interruption == nullptr || !interruption->has_stopped();
  result.outcome = session.outcome();
  return result;
}

}  // namespace detail

EvaluationResult evaluate_once(const EvaluationOptions& options) { return detail::evaluate(options, nullptr); }

EvaluationResult evaluate_once(const EvaluationOptions& options, const std::shared_ptr<CheckpointSource>& source,
                               const CheckpointInfo& checkpoint) {
  if (source == nullptr) throw StatusError(StatusCode::invalid_argument, "there is no source of checkpoints");
  const EvaluatedState state{checkpoint.step, [&](Session& session) { source->restore(checkpoint, session); }};
  return detail::evaluate(options, &state);
}

EvaluationResult evaluate_once(const EvaluationOptions& options, const Snapshot& snapshot) {
  const EvaluatedState state{snapshot.global_step,
                             [&](Session& session) { detail::restore_all(session, snapshot, "snapshot"); }};
  return detail::evaluate(options, &state);
}

std::optional<EvaluationResult> evaluate_repeatedly(const EvaluationOptions& options,
                                                    const std::shared_ptr<CheckpointSource>& source,
                                                    const EvaluateRepeatedlyOptions& repeat) {
  detail::check_evaluation(options);
  if (repeat.max_evaluations && *repeat.max_evaluations < 1) {
    throw StatusError(StatusCode::invalid_argument, "max_evaluations is below 1");
  }
  CheckpointWatchOptions watch = repeat.watch;
  if (watch.wait.clock == nullptr) watch.wait.clock = options.config.clock;
  if (watch.wait.stop == nullptr) watch.wait.stop = options.config.stop;
  CheckpointWatcher watcher(source, std::move(watch));
  std::optional<EvaluationResult> last;
  std::int64_t evaluated = 0;
  while (!repeat.max_evaluations || evaluated < *repeat.max_evaluations) {
    const std::optional<CheckpointInfo> checkpoint = watcher.next();
    if (!checkpoint) break;
    EvaluationResult result = evaluate_once(options, source, *checkpoint);
    if (!result.complete) break;
    ++evaluated;
    last = std::move(result);
    if (repeat.on_result) repeat.on_result(*last);
  }
  return last;
}

}  // namespace runhook::inline v1
