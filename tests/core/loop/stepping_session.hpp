// A session with a global step of its own.
#ifndef RUNHOOK_TESTS_CORE_LOOP_STEPPING_SESSION_HPP_
#define RUNHOOK_TESTS_CORE_LOOP_STEPPING_SESSION_HPP_

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "core/loop_rig.hpp"
#include "runhook/session.hpp"

namespace runhook_test {

// A session whose global step moves by `by` in each run, from `start`, and which has a variable that says so.
class SteppingSession final : public runhook::Session {
 public:
  SteppingSession(std::int64_t start, std::int64_t by) : step_(start), by_(by) {}
  runhook::NodeId resolve(std::string_view name) override {
    if (name != "step") fail(runhook::StatusCode::not_found);
    return 0;
  }
  std::optional<runhook::NodeId> global_step() override { return 0; }
  std::optional<std::int64_t> read_global_step() override { return step_; }
  void run(runhook::SessionStep& step) override {
    if (fails_at == step_) {
      fails_at = -1;
      fail(runhook::StatusCode::aborted);
    }
    made.push_back(by_);
    step_ += by_;
    for (runhook::Value& result : step.results) result = runhook::Value::scalar(step_);
  }
  void write_variable(std::string_view name, const runhook::Value& value) override {
    EXPECT_EQ(name, "steps_per_run");
    by_ = value.to_int64();
  }
  std::int64_t fails_at = -1;
  std::vector<std::int64_t> made;

 private:
  std::int64_t step_;
  std::int64_t by_;
};

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_CORE_LOOP_STEPPING_SESSION_HPP_
