#include "runhook/hooks/final_ops.hpp"

#include <utility>

namespace runhook::inline v1 {

FinalOpsHook::FinalOpsHook(SessionRunArgs args) : args_(std::move(args)) {}

void FinalOpsHook::begin(SessionRunContext&) { values_ = Results(); }

void FinalOpsHook::end(SessionRunContext& context) {
  if (args_.fetches.kind() == Fetches::Kind::absent) return;
  Results values;
  try {
    run_session(context.session(), args_, values);
  } catch (const StatusError& error) {
    if (error.code() == StatusCode::out_of_range) {
      context.log(LogLevel::warning,
                  "the final ops have met the end of input: what they fetch seems to depend on an input source, which "
                  "the run before has used up");
    }
    throw;
  }
  values_ = std::move(values);
}

}  // namespace runhook::inline v1
