// Callbacks of the C ABI around closures.
#ifndef RUNHOOK_TESTS_CONFORMANCE_CALLBACK_HPP_
#define RUNHOOK_TESTS_CONFORMANCE_CALLBACK_HPP_

#include <cstdint>
#include <functional>
#include <utility>

#include "../answer.hpp"
#include "runhook/runhook.h"

namespace conformance {

using Callback = std::function<std::int32_t(runhook_context*)>;

using runhook_test::answer;
using runhook_test::kOk;

// A runhook_function around a closure, which it owns.
runhook_function function_of(Callback callback);

}  // namespace conformance

#endif  // RUNHOOK_TESTS_CONFORMANCE_CALLBACK_HPP_
