#include "boundary/c_call.hpp"

#include <cxxabi.h>

#include <string>

#include "src/run/unexplained_failure.hpp"

namespace runhook::capi::detail {

namespace {

// Whose function it is that has returned: what it was given to, since it has no name of its own.
std::string function_of(const ContextBase& context) {
  std::string callback = context.callback;
  switch (context.role) {
    case Role::engine:
      return callback + " of the runhook_session_table";
    case Role::function_session:
      return "the function of runhook_function_session_create()";
    case Role::step_function:
      return "the function of runhook_monitored_session_run_step_fn()";
    case Role::creator:
      return "the function of the session creator";
    case Role::factory:
      return "the function of the session factory";
    case Role::scaffold:
      return callback + " of the scaffold";
    case Role::policy:
      return callback + " of the runhook_recovery_policy";
    case Role::clock:
      return callback + " of the runhook_clock_table";
    case Role::trigger:
      return callback + " of the trigger";
    case Role::saver:
      return callback + " of the runhook_saver_table";
    case Role::thread:
      return callback + " of the coordinator's thread";
    default:
      return callback;  // of a hook or a node, which the error names
  }
}

}  // namespace

void throw_callback_failure(ContextBase& context, std::int32_t returned, StatusCode unexplained) {
  if (context.failure) throw StatusError(std::exchange(context.failure, Error()));
  throw StatusError(unexplained, v1::detail::unexplained_failure(function_of(context), returned));
}

Error error_from_callback_exception() {
  try {
    throw;
  } catch (abi::__forced_unwind&) {
    throw;
  } catch (...) {
    return Error::from_current_exception(StatusCode::unknown);
  }
}

}  // namespace runhook::capi::detail

namespace runhook::capi {

void refuse_context(const runhook_context* handle, const char* what) {
  if (find_context(handle) != nullptr) throw StatusError(StatusCode::failed_precondition, what);
  if (HandleTable::is_renewable(number_of(handle))) {
    throw StatusError(StatusCode::failed_precondition, "the step is over: next() and begin_step() give another one");
  }
  capi::detail::refuse_handle(number_of(handle), HandleKind::context);
}

}  // namespace runhook::capi
