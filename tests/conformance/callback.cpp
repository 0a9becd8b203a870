#include "callback.hpp"

namespace conformance {

runhook_function function_of(Callback callback) {
  runhook_function function = RUNHOOK_FUNCTION_INIT;
  function.user_data = new Callback(std::move(callback));
  function.destroy = [](void* data) { delete static_cast<Callback*>(data); };
  function.call = [](runhook_context* context, void* data, std::int32_t ok) {
    return answer((*static_cast<Callback*>(data))(context), ok);
  };
  return function;
}

}  // namespace conformance
