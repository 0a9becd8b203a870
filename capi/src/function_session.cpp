#include "runhook/function_session.hpp"

#include "boundary/c_call.hpp"
#include "boundary/exception_guard.hpp"
#include "boundary/table.hpp"
#include "boundary/text.hpp"
#include "call/step_call.hpp"
#include "handle/guarded_session.hpp"
#include "handle/session_handle.hpp"
#include "handle/value_handle.hpp"
#include "runhook/session.h"

namespace runhook::capi {

namespace {

// The function with the one context that all its calls use.
struct StepFunction {
  explicit StepFunction(std::shared_ptr<CFunction> its_function) : function(std::move(its_function)) {
    handle.publish(call);
  }
  void run(FunctionSession::Step& step) {
    call.step = &step;
    struct Withdraw {
      ~Withdraw() { options.withdraw(); }
      StepOptions& options;
    } const withdraw{call.options};
    invoke(call, handle.get(), "run", function->call, function->data.get());
  }
  std::shared_ptr<CFunction> function;
  StepCall call;
  Lent<runhook_context> handle;
};

StepCall* find_step(const runhook_context* context) noexcept {
  return find_context_as<StepCall>(context, Role::function_session);
}

StepCall& require_step(const runhook_context* context) {
  if (find_context(context) == nullptr) throw StatusError(StatusCode::invalid_argument, "not a valid context");
  if (auto* call = find_step(context)) return *call;
  throw StatusError(StatusCode::failed_precondition, "this is for the function of a function session");
}

// Publishes an output. If that fails, so does the step, even if the function goes on: otherwise the one who fetches the
// output would only hear of a missing value.
template <class Body>
runhook_status publish(runhook_context* context, runhook_error** error, Body&& body) {
  return guarded(error, [&] {
    StepCall& call = require_step(context);
    try {
      body(*call.step);
    } catch (...) {
      call.record(Error::from_current_exception(StatusCode::unknown));
      throw;
    }
  });
}

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_session* runhook_function_session_create(const runhook_function* step, const char* const* outputs,
                                                 size_t output_count, const char* const* inputs, size_t input_count,
                                                 runhook_error** error) {
  std::shared_ptr<CFunction> function;
  if (accept_function(step, function, error) != RUNHOOK_OK) return nullptr;
  return guarded_handle(error, [&] {
    auto shared = std::make_shared<StepFunction>(std::move(function));
    return give_session(std::make_shared<Guarded<FunctionSession>>(
        [shared](FunctionSession::Step& call) { shared->run(call); }, required_texts(outputs, output_count, "output"),
        required_texts(inputs, input_count, "input")));
  });
}

runhook_value* runhook_step_input(runhook_context* context, const char* name) {
  return guarded_value<runhook_value*>(nullptr, [&]() -> runhook_value* {
    const auto* call = find_step(context);
    if (call == nullptr || name == nullptr) return nullptr;
    const Value* value = call->step->input(name);
    return value != nullptr ? to_handle(*value) : nullptr;
  });
}

int32_t runhook_step_wanted(runhook_context* context, const char* name) {
  const auto* call = find_step(context);
  return call != nullptr && name != nullptr && call->step->wanted(name) ? 1 : 0;
}

runhook_status runhook_step_set_output(runhook_context* context, const char* name, runhook_value* value,
                                       runhook_error** error) {
  return publish(context, error, [&](FunctionSession::Step& step) {
    step.set_output(required_text(name, "name"), from_handle(value));
  });
}

runhook_status runhook_step_set_double(runhook_context* context, const char* name, double number,
                                       runhook_error** error) {
  return publish(context, error, [&](FunctionSession::Step& step) {
    const auto output = required_text(name, "name");
    // If nobody fetches the number no value is made, but the name is checked all the same.
    step.set_output(output, step.wanted(output) ? Value::scalar(number) : Value());
  });
}
