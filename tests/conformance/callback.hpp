// Callbacks of the C ABI around closures.
#ifndef RUNHOOK_TESTS_CONFORMANCE_CALLBACK_HPP_
#define RUNHOOK_TESTS_CONFORMANCE_CALLBACK_HPP_

#include <cstdint>
#include <functional>
#include <utility>

#include "runhook/runhook.h"

namespace conformance {

using Callback = std::function<std::int32_t(runhook_context*)>;

// Typed, so that a closure that returns this or a failure deduces one type.
constexpr std::int32_t kOk = RUNHOOK_CALLBACK_OK;

// A runhook_function around a closure, which it owns.
inline runhook_function function_of(Callback callback) {
  runhook_function function = RUNHOOK_FUNCTION_INIT;
  function.user_data = new Callback(std::move(callback));
  function.destroy = [](void* data) { delete static_cast<Callback*>(data); };
  function.call = [](runhook_context* context, void* data) { return (*static_cast<Callback*>(data))(context); };
  return function;
}

}  // namespace conformance

#endif  // RUNHOOK_TESTS_CONFORMANCE_CALLBACK_HPP_
