#include "callback.hpp"

namespace conformance {

runhook_function function_of(Callback callback) {
  runhook_function function = RUNHOOK_FUNCTION_INIT;
  function.user_data = new Callback(std::move(callback));
  function.destroy = [](void* data) { delete static_cast<Callback*>(data); };
  function.call = [](runhook_context* context, void* data) { return (*static_cast<Callback*>(data))(context); };
  return function;
}

}  // namespace conformance
