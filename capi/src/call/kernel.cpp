// What a kernel may ask: runhook_kernel_*().
#include <cstring>

#include "boundary/exception_guard.hpp"
#include "call/graph_engine.hpp"
#include "handle/value_handle.hpp"
#include "runhook/graph.h"

namespace runhook::capi {

namespace {

KernelContext& require_kernel(const runhook_context* context) {
  if (const auto* call = find_context_as<KernelCall>(context, Role::kernel)) return *call->kernel;
  refuse_context(context, "this is for kernels");
}

template <class Number>
runhook_status set_number(runhook_context* context, size_t index, DType dtype, Number number, runhook_error** error) {
  return guarded(error, [&] {
    Value& output = require_kernel(context).output(index, dtype, {});
    std::memcpy(output.mutable_data(), &number, sizeof number);
  });
}

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

size_t runhook_kernel_input_count(runhook_context* context) {
  const auto* call = find_context_as<KernelCall>(context, Role::kernel);
  return call != nullptr ? call->kernel->input_count() : 0;
}

runhook_value* runhook_kernel_input(runhook_context* context, size_t index) {
  const auto* call = find_context_as<KernelCall>(context, Role::kernel);
  if (call == nullptr || index >= call->kernel->input_count()) return nullptr;
  return guarded_value<runhook_value*>(nullptr, [&] { return to_handle(call->kernel->input(index)); });
}

runhook_value* runhook_kernel_output(runhook_context* context, size_t index, int32_t dtype, const int64_t* shape,
                                     size_t rank, runhook_error** error) {
  return guarded_handle(error, [&] {
    KernelContext& kernel = require_kernel(context);
    if (rank > Value::kMaxRank) throw StatusError(StatusCode::invalid_argument, "the rank is above 32");
    if (shape == nullptr && rank > 0) throw StatusError(StatusCode::invalid_argument, "shape is NULL");
    return to_handle(kernel.output(index, static_cast<DType>(dtype), {shape, rank}));
  });
}

runhook_status runhook_kernel_set_output(runhook_context* context, size_t index, runhook_value* value,
                                         runhook_error** error) {
  return guarded(error, [&] { require_kernel(context).set_output(index, from_handle(value)); });
}

runhook_status runhook_kernel_set_output_double(runhook_context* context, size_t index, double number,
                                                runhook_error** error) {
  return set_number(context, index, DType::float64, number, error);
}

runhook_status runhook_kernel_set_output_int64(runhook_context* context, size_t index, int64_t number,
                                               runhook_error** error) {
  return set_number(context, index, DType::int64, number, error);
}

runhook_value* runhook_kernel_variable(runhook_context* context, size_t index, runhook_error** error) {
  return guarded_handle(error, [&] { return to_handle(require_kernel(context).variable(index)); });
}

runhook_status runhook_kernel_assign(runhook_context* context, size_t index, runhook_value* value,
                                     runhook_error** error) {
  return guarded(error, [&] { require_kernel(context).assign(index, from_handle(value)); });
}
