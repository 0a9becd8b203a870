// Runs a scenario again and again, each time with another allocation failing, and says what is wrong with what it
// leaves.
#ifndef RUNHOOK_TESTS_FAULT_SWEEP_HPP_
#define RUNHOOK_TESTS_FAULT_SWEEP_HPP_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <thread>

#include "allocator.hpp"
#include "runhook/runhook.h"

namespace runhook_test {

// What a scenario tells its checker. Allocates nothing.
class Trial {
 public:
  // Checks a status and its error. Returns whether it is RUNHOOK_OK.
  bool ok(runhook_status status, std::initializer_list<runhook_status> also = {}) {
    if (status == RUNHOOK_OK) return check_error(status), true;
    failed_ = true;
    bool known = status == RUNHOOK_ERR_NO_MEMORY || status == RUNHOOK_ERR_RESOURCE_EXHAUSTED;
    for (const runhook_status code : also) known = known || status == code;
    if (!known) problem("%s%s", runhook_status_name(status), runhook_error_message(error_));
    check_error(status);
    return false;
  }
  // The same for a function that returns an object.
  template <class Handle>
  Handle* made(Handle* handle, std::initializer_list<runhook_status> also = {}) {
    if (handle != nullptr) {
      ok(RUNHOOK_OK);
    } else if (error_ == nullptr) {
      problem("%s%s", "neither an object nor an error", "");
    } else {
      ok(runhook_error_code(error_), also);
    }
    return handle;
  }
  // Where the calls report. One call at a time.
  runhook_error** error() { return &error_; }
  // The code of a call in a callback, to be handed on by it.
  static int32_t returned(runhook_context* context, runhook_status status, int32_t ok) {
    return status == RUNHOOK_OK ? ok : runhook_context_fail(context, status, "in a callback");
  }
  void problem(const char* format, const char* first, const char* second) {
    if (problem_[0] == '\0') std::snprintf(problem_, sizeof problem_, format, first, second);
  }
  bool failed() const { return failed_; }  // whether the scenario was told that something failed
  const char* what() const { return problem_; }

  // Gives user data to a table; each has to be destroyed once.
  template <class Table>
  void own(Table& table) {
    ++given_;
    table.user_data = this;
    table.destroy = [](void* self) { ++static_cast<Trial*>(self)->destroyed_; };
  }
  void not_taken() { --given_; }
  int given() const { return given_; }
  int destroyed() const { return destroyed_; }

  std::atomic<int> begun{0};
  std::atomic<int> cleaned{0};
  std::atomic<int> before_run{0};  // calls of hooks, each to be followed by one that ends the run for the hook:
  std::atomic<int> after_run{0};   // after_run or on_error
  int number = 0;                  // for the scenario's own use

 private:
  void check_error(runhook_status status) {
    if (status == RUNHOOK_OK && error_ != nullptr) problem("%s%s", "success with an error", "");
    if (status != RUNHOOK_OK && error_ == nullptr)
      problem("%s%s", "failure without an error: ", runhook_status_name(status));
    if (error_ != nullptr && runhook_error_code(error_) != status) problem("%s%s", "another code in the error", "");
    runhook_error_destroy(error_);
    error_ = nullptr;
  }
  runhook_error* error_ = nullptr;
  bool failed_ = false;
  int given_ = 0;
  std::atomic<int> destroyed_{0};
  char problem_[256] = "";
};

// A runhook_function with the trial's user data.
inline runhook_function function_of(Trial& trial, runhook_callback call) {
  runhook_function function = RUNHOOK_FUNCTION_INIT;
  function.call = call;
  trial.own(function);
  return function;
}

using Scenario = void (*)(Trial&);

struct Swept {
  int injections = 0;
  int problems = 0;
  std::string first;  // what went wrong first
};

inline void judge(Swept& swept, const Trial& trial, uint64_t handles, std::int64_t memory, const char* when,
                  int patience_ms) {
  // A thread may have told that it ends before it gives back its last memory.
  for (int i = 0; i < patience_ms && (Allocator::outstanding() != memory || trial.destroyed() != trial.given()); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  char text[512] = "";
  if (trial.what()[0] != '\0') {
    std::snprintf(text, sizeof text, "%s", trial.what());
  } else if (trial.destroyed() != trial.given()) {
    std::snprintf(text, sizeof text, "user data: %d given, %d destroyed", trial.given(), trial.destroyed());
  } else if (trial.begun != trial.cleaned) {
    std::snprintf(text, sizeof text, "hooks: %d begun, %d cleaned up", trial.begun.load(), trial.cleaned.load());
  } else if (trial.before_run != trial.after_run) {
    std::snprintf(text, sizeof text, "hooks: %d times before_run, %d times after_run or on_error",
                  trial.before_run.load(), trial.after_run.load());
  } else if (runhook_live_handles() != handles) {
    std::snprintf(text, sizeof text, "handles: %ld left", static_cast<long>(runhook_live_handles() - handles));
  } else if (Allocator::outstanding() != memory) {
    std::snprintf(text, sizeof text, "memory: %ld pieces left", static_cast<long>(Allocator::outstanding() - memory));
  }
  if (text[0] == '\0') return;
  ++swept.problems;
  if (swept.problems <= 5) {
    swept.first += when;
    swept.first += text;
    swept.first += "; ";
  }
}

// `patience_ms`: how long threads that have told that they end may take for it. `prepare` is called before each run.
inline Swept sweep(
    Scenario scenario, int patience_ms = 5000, void (*prepare)() = [] {}) {
  Swept swept;
  for (const bool warm : {false, true}) {  // the first time makes what is kept for ever
    Trial trial;
    prepare();
    const uint64_t handles = runhook_live_handles();
    const std::int64_t memory = Allocator::outstanding();
    scenario(trial);
    if (trial.failed()) trial.problem("%s%s", "failed though there was memory", "");
    if (warm) judge(swept, trial, handles, memory, "undisturbed: ", patience_ms);
  }
  for (const bool for_good : {false, true}) {
    for (int number = 0;; ++number) {
      Trial trial;
      prepare();
      const uint64_t handles = runhook_live_handles();
      const std::int64_t memory = Allocator::outstanding();
      Allocator::fail(static_cast<std::uint64_t>(number), for_good);
      scenario(trial);
      Allocator::succeed();
      const bool injected = Allocator::failures() != 0;
      char when[64];
      std::snprintf(when, sizeof when, "allocation %d %s: ", number, for_good ? "and all later ones" : "only");
      judge(swept, trial, handles, memory, when, patience_ms);
      if (!injected) break;
      ++swept.injections;
    }
  }
  return swept;
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_FAULT_SWEEP_HPP_
