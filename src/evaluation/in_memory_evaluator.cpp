#include "runhook/hooks/in_memory_evaluator.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "base/format.hpp"
#include "evaluation/evaluation_run.hpp"
#include "run/run_state.hpp"

namespace runhook::inline v1 {

namespace {

// Writes the global variables of `from` that `to` has, too.
void copy_common_variables(Session& from, Session& to) {
  std::vector<std::string> theirs = to.variables(VariableScope::global);
  std::sort(theirs.begin(), theirs.end());
  Snapshot common;
  for (std::string& name : from.variables(VariableScope::global)) {
    if (!std::binary_search(theirs.begin(), theirs.end(), name)) continue;
    Value value = from.read_variable(name);
    common.variables.emplace_back(std::move(name), std::move(value));
  }
  restore_variables(to, common);
}

void log_value(SessionRunContext& context, const std::string& name, const Value& value) {
  if (value.kind() == ValueKind::string) return context.log_text(name, value.text());
  if (value.kind() != ValueKind::tensor || !value.shape().empty() || value.device().type != Device().type) return;
  switch (value.dtype()) {
    case DType::float16:
    case DType::bfloat16:
    case DType::float32:
    case DType::float64:
      return context.log_scalar(name, value.to_double());
    case DType::complex64:
    case DType::complex128:
      return;  // no output shows them
    default:
      return context.log_int64(name, value.to_int64());
  }
}

// Takes as many values from `leaves` as there are in `shape`. One that cannot be logged is no failure of the evaluation.
void log_values(SessionRunContext& context, const std::string& name, const Fetches& shape,
                std::span<const Value>& leaves) {
  if (shape.kind() == Fetches::Kind::leaf) {
    try {
      log_value(context, name, leaves.front());
    } catch (const StatusError& refused) {
      context.warn(refused.error());
    }
    leaves = leaves.subspan(1);
    return;
  }
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::string key = shape.kind() == Fetches::Kind::map ? shape.key(i) : fmt::format("{}", i);
    log_values(context, fmt::format("{}/{}", name, key), shape.element(i), leaves);
  }
}

void log_results(SessionRunContext& context, const Results& results) {
  const Fetches& shape = results.structure();
  std::string name(context.hook_name());
  if (shape.kind() == Fetches::Kind::leaf) name += "/" + shape.leaves().front();
  std::span<const Value> leaves = results.leaves();
  if (!leaves.empty()) log_values(context, name, shape, leaves);
}

// An evaluation may take long: whoever asks for a save of the run meanwhile gets it between two of its steps.
class SaveBetweenRuns final : public SessionRunHook {
 public:
  explicit SaveBetweenRuns(SessionRunContext& of_run) noexcept : of_run_(of_run) {}
  std::string_view name() const override { return "save of the run"; }
  void after_run(SessionRunContext&, const SessionRunValues&) override { of_run_.save_if_requested(); }

 private:
  SessionRunContext& of_run_;
};

}  // namespace

InMemoryEvaluatorHook::InMemoryEvaluatorHook(InMemoryEvaluatorOptions options) : options_(std::move(options)) {
  if (options_.every_n_runs < 1) {
    throw StatusError(StatusCode::invalid_argument, fmt::format("every_n_runs is below 1: {}", options_.every_n_runs));
  }
  detail::check_evaluation(options_.evaluation);
}

void InMemoryEvaluatorHook::begin(SessionRunContext&) {
  const SessionCreator& creator = *options_.evaluation.config.session_creator;
  if (creator.saver() != nullptr) {
    throw StatusError(StatusCode::invalid_argument, "the session of an in-memory evaluation cannot have a saver");
  }
  if (creator.scaffold() != nullptr && creator.scaffold()->init_fn) {
    throw StatusError(StatusCode::invalid_argument, "the session of an in-memory evaluation cannot have an init_fn");
  }
  runs_ = 0;
  evaluated_ = -1;
  last_.reset();
}

void InMemoryEvaluatorHook::after_create_session(SessionRunContext& context) {
  if (evaluated_ < 0 && runs_ == 0) evaluate(context, /*at_end=*/false);
}

void InMemoryEvaluatorHook::after_run(SessionRunContext& context, const SessionRunValues&) {
  ++runs_;
  if (runs_ % options_.every_n_runs == 0) evaluate(context, /*at_end=*/false);
}

void InMemoryEvaluatorHook::end(SessionRunContext& context) {
  if (evaluated_ != runs_) evaluate(context, /*at_end=*/true);
}

void InMemoryEvaluatorHook::evaluate(SessionRunContext& context, bool at_end) {
  const std::shared_ptr<StopState> stop = context.stop_source().state();
  if (at_end ? stop->urgent() : stop->requested()) return;
  EvaluationOptions options = options_.evaluation;
  options.config.stop = at_end ? nullptr : stop;
  if (!options.config.log && !detail::RunState::of(context).log_is_default) options.config.log = context.log_sink();
  if (options.config.clock == nullptr) options.config.clock = context.clock();
  options.config.add_hook(std::make_shared<SaveBetweenRuns>(context));
  const std::shared_ptr<Session> trained = context.shared_session();
  const detail::EvaluatedState state{context.global_step(),
                                     [&](Session& session) { copy_common_variables(*trained, session); }};
  detail::RunState& run = detail::RunState::of(context);
  detail::MarkScope mark(run.marks, *run.session.clock, detail::MarkKind::evaluation, context.global_step());
  mark.set_text(context.hook_name());
  try {
    EvaluationResult result = detail::evaluate(options, &state);
    if (!result.complete) return mark.set_text("cut short by a stop");
    evaluated_ = runs_;
    last_ = std::move(result);
    log_results(context, last_->last_values);
    log_results(context, last_->final_values);
  } catch (const StatusError& failure) {
    if (failure.code() == StatusCode::no_memory) throw;
    Error error(StatusCode::hook_failed, failure.error().message());
    error.prepend("the evaluation has failed: ");
    error.add_suppressed(failure.error());
    mark.set_text(error);
    throw StatusError(error);
  }
  if (options_.on_result) options_.on_result(context, *last_);
}

}  // namespace runhook::inline v1
