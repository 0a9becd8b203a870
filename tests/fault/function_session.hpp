// Sessions made from a function with the outputs "y" and "loss" and the input "x".
#ifndef RUNHOOK_TESTS_FAULT_FUNCTION_SESSION_HPP_
#define RUNHOOK_TESTS_FAULT_FUNCTION_SESSION_HPP_

#include <cstdint>

#include "runhook/runhook.h"
#include "sweep.hpp"

namespace runhook_test {

inline runhook_session* new_function_session(Trial& trial, runhook_callback step) {
  const runhook_function function = function_of(trial, step);
  const char* const outputs[] = {"y", "loss"};
  const char* const inputs[] = {"x"};
  return trial.made(runhook_function_session_create(&function, outputs, 2, inputs, 1, trial.error()));
}

inline int32_t plain_step(runhook_context* context, void*, int32_t ok) {
  runhook_step_input(context, "x");
  runhook_status status = runhook_step_set_double(context, "y", 1, nullptr);
  if (status == RUNHOOK_OK) status = runhook_step_set_double(context, "loss", 0.5, nullptr);
  return Trial::returned(context, status, ok);
}

// A creator's callback: the data is the trial, but the error belongs to the call under way.
template <runhook_callback step>
int32_t create_session(runhook_context* context, void* data, int32_t ok) {
  Trial& trial = *static_cast<Trial*>(data);
  const runhook_function function = function_of(trial, step);
  const char* const outputs[] = {"y", "loss"};
  const char* const inputs[] = {"x"};
  runhook_error* error = nullptr;
  runhook_session* session = runhook_function_session_create(&function, outputs, 2, inputs, 1, &error);
  runhook_status status = session != nullptr ? RUNHOOK_OK : runhook_error_code(error);
  runhook_error_destroy(error);
  if (session != nullptr) status = runhook_context_set_session(context, session, nullptr);
  runhook_session_destroy(session);
  return Trial::returned(context, status, ok);
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_FAULT_FUNCTION_SESSION_HPP_
