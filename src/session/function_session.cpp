#include "runhook/function_session.hpp"

#include <utility>

#include "runhook/error.hpp"
#include "session/step_code.hpp"

namespace runhook::inline v1 {

FunctionSession::FunctionSession(Function step, std::vector<std::string> outputs, std::vector<std::string> inputs)
    : function_(std::move(step)),
      code_(std::make_unique<detail::StepCode>(detail::StepCode::Names{std::move(outputs)},
                                               detail::StepCode::Names{std::move(inputs)})) {
  if (!function_) throw StatusError(StatusCode::invalid_argument, "the session has no function");
}

FunctionSession::~FunctionSession() = default;

NodeId FunctionSession::resolve(std::string_view name) { return code_->resolve(name); }
void FunctionSession::cancel() noexcept { code_->cancel(); }

void FunctionSession::run(SessionStep& step) {
  if (closed_) throw StatusError(StatusCode::closed, "run on a closed Session");
  if (!function_) throw StatusError(StatusCode::reentrant, "the session's function runs the session itself");
  struct View final : Step {
  } view;
  code_->begin(view, step);
  // The function is moved out meanwhile, so that it cannot be called from itself, and is not destroyed if it closes its
  // session.
  struct Taken {
    explicit Taken(FunctionSession& s) noexcept : session(s) { function.swap(s.function_); }
    ~Taken() {
      if (!session.closed_) function.swap(session.function_);
    }
    FunctionSession& session;
    Function function;
  };
  Taken taken(*this);
  const auto check_cancelled = [&view] {
    if (view.cancel_requested()) throw StatusError(StatusCode::cancelled, "the step was cancelled");
  };
  check_cancelled();
  taken.function(view);
  check_cancelled();  // a function that sees that it is cancelled may simply return
  code_->give_inputs(step);
}

void FunctionSession::close() {
  closed_ = true;
  function_ = nullptr;
}

}  // namespace runhook::inline v1
