#include "runhook/function_session.hpp"

#include "boundary/c_call.hpp"
#include "boundary/exception_guard.hpp"
#include "boundary/table.hpp"
#include "boundary/text.hpp"
#include "call/step_code.hpp"
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
  void run(Step& step) {
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

// A function session that knows whose data its function has.
class CFunctionSession final : public CoreEngine<FunctionSession> {
 public:
  CFunctionSession(const std::shared_ptr<StepFunction>& function, std::vector<std::string> outputs,
                   std::vector<std::string> inputs)
      : CoreEngine([function](Step& call) { function->run(call); }, std::move(outputs), std::move(inputs)),
        data_(function->function->data.get()) {}
  void* user_data() const noexcept { return data_; }

 private:
  void* const data_;
};

Step& require_step(const runhook_context* context) {
  if (Step* step = find_step(context)) return *step;
  refuse_context(context, "this is for the function of a function session and for the body of a loop");
}

// Publishes an output.
template <class Body>
runhook_status publish(runhook_context* context, runhook_error** error, Body&& body) {
  return guarded(error, [&] {
    Step& step = require_step(context);
    or_fail_step(context, [&] { body(step); });
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
    return give_session(std::make_shared<Guarded<CFunctionSession>>(std::move(shared),
                                                                    required_texts(outputs, output_count, "output"),
                                                                    required_texts(inputs, input_count, "input")));
  });
}

runhook_value* runhook_step_input(runhook_context* context, const char* name) {
  return guarded_value<runhook_value*>(nullptr, [&]() -> runhook_value* {
    const Step* step = find_step(context);
    if (step == nullptr || name == nullptr) return nullptr;
    const Value* value = step->input(name);
    return value != nullptr ? to_handle(*value) : nullptr;
  });
}

int32_t runhook_step_wanted(runhook_context* context, const char* name) {
  const Step* step = find_step(context);
  return step != nullptr && name != nullptr && step->wanted(name) ? 1 : 0;
}

runhook_status runhook_step_set_output(runhook_context* context, const char* name, runhook_value* value,
                                       runhook_error** error) {
  return publish(context, error, [&](Step& step) { step.set_output(required_text(name, "name"), from_handle(value)); });
}

runhook_status runhook_step_set_double(runhook_context* context, const char* name, double number,
                                       runhook_error** error) {
  return publish(context, error, [&](Step& step) { step.set(required_text(name, "name"), number); });
}

runhook_status runhook_step_set_int64(runhook_context* context, const char* name, int64_t number,
                                      runhook_error** error) {
  return publish(context, error, [&](Step& step) { step.set(required_text(name, "name"), std::int64_t{number}); });
}
