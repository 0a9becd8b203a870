#include "boundary/c_call.hpp"

#include <cxxabi.h>

#include <string>

#include "src/run/unexplained_failure.hpp"

namespace runhook::capi::detail {

void throw_callback_failure(ContextBase& context, std::int32_t returned, StatusCode unexplained) {
  if (context.failure) throw StatusError(std::exchange(context.failure, Error()));
  throw StatusError(unexplained, v1::detail::unexplained_failure(context.callback, returned));
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
  throw StatusError(StatusCode::invalid_argument, "not a valid context");
}

}  // namespace runhook::capi
