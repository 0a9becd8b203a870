#include "runhook/function_session.hpp"

#include <gtest/gtest.h>

#include "core/allocation_counter.hpp"
#include "core/expect_error.hpp"

namespace {

using runhook::Feed;
using runhook::Fetches;
using runhook::FunctionSession;
using runhook::Results;
using runhook::run_session;
using runhook::SessionRunArgs;
using runhook::Value;
using Step = FunctionSession::Step;

TEST(FunctionSession, PublishesOutputsAndReadsInputs) {
  FunctionSession session(
      [](Step& step) {
        const Value* x = step.input("x");
        step.set_output("y", Value::scalar(x == nullptr ? -1.0 : x->to_double() * 2));
      },
      {"y"}, {"x"});
  EXPECT_EQ(run_session(session, {"y", {{"x", Value::scalar(4.0)}}, {}}).to_double(), 8.0);
  EXPECT_EQ(run_session(session, {"y", {}, {}}).to_double(), -1.0);
}

TEST(FunctionSession, RunsAlsoIfNothingIsFetched) {
  int runs = 0;
  FunctionSession session([&](Step&) { ++runs; });
  EXPECT_TRUE(run_session(session, {}).absent());
  EXPECT_EQ(runs, 1);
}

TEST(FunctionSession, FS_06_InputMayBeFetched) {
  FunctionSession session([](Step&) {}, {}, {"x"});
  EXPECT_EQ(run_session(session, {"x", {{"x", Value::scalar(4.0)}}, {}}).to_double(), 4.0);
  EXPECT_FALSE(run_session(session, {"x", {}, {}}).value());
}

TEST(FunctionSession, TellsWhatIsWanted) {
  bool a = false;
  bool b = false;
  FunctionSession session(
      [&](Step& step) {
        a = step.wanted("a");
        b = step.wanted("b");
        EXPECT_FALSE(step.wanted("c"));
        step.set_output("b", Value::scalar(1.0));
      },
      {"a", "b"});
  const Results results = run_session(session, {Fetches::list({"a", "a"}), {}, {}});
  EXPECT_TRUE(a);
  EXPECT_FALSE(b);
  EXPECT_FALSE(results.value("0"));
}

TEST(FunctionSession, BadDeclarationsAreRefused) {
  EXPECT_STATUS(FunctionSession(nullptr), invalid_argument, "no function");
  EXPECT_STATUS(FunctionSession([](Step&) {}, {""}), invalid_argument, "empty");
  EXPECT_STATUS(FunctionSession([](Step&) {}, {"a"}, {"a"}), already_exists, "'a'");
}

TEST(FunctionSession, BadRequestsAreRefused) {
  FunctionSession session([](Step& step) { step.set_output("x", Value()); }, {"y"}, {"x"});
  EXPECT_STATUS(session.resolve("z"), not_found, "'z'");
  EXPECT_STATUS(run_session(session, {}), not_found, "'x'");
  EXPECT_STATUS(run_session(session, {{}, {{"y", Value()}}, {}}), invalid_argument, "'y'");
  EXPECT_STATUS(run_session(session, {{}, {{"x", Value()}, {"x", Value()}}, {}}), invalid_argument, "fed twice");
  EXPECT_STATUS(session.read_variable("v"), not_found, "'v'");
  EXPECT_STATUS(session.write_variable("v", Value()), not_found, "'v'");
}

TEST(FunctionSession, CancelledStepThrows) {
  FunctionSession* self = nullptr;
  FunctionSession session([&](Step& step) {
    EXPECT_FALSE(step.cancel_requested());
    self->cancel();
    EXPECT_TRUE(step.cancel_requested());
  });
  self = &session;
  EXPECT_STATUS(run_session(session, {}), cancelled, "cancelled");
  EXPECT_STATUS(run_session(session, {}), cancelled, "cancelled") << "each run begins uncancelled";
}

TEST(FunctionSession, FS_07_RunAfterCloseIsRefused) {
  auto held = std::make_shared<int>(0);
  FunctionSession session([held](Step&) {});
  session.close();
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_STATUS(run_session(session, {}), closed, "closed Session");
}

TEST(FunctionSession, NestedRunIsRefused) {
  FunctionSession* self = nullptr;
  int runs = 0;
  FunctionSession session([&](Step&) {
    ++runs;
    EXPECT_STATUS(run_session(*self, {}), reentrant, "");
  });
  self = &session;
  run_session(session, {});
  run_session(session, {});
  EXPECT_EQ(runs, 2);
}

TEST(FunctionSession, FunctionMayCloseItsSession) {
  FunctionSession* self = nullptr;
  auto held = std::make_shared<int>(7);
  FunctionSession session([&self, held](Step&) {
    self->close();
    EXPECT_EQ(*held, 7);
  });
  self = &session;
  run_session(session, {});
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_STATUS(run_session(session, {}), closed, "closed Session");
}

TEST(FunctionSession, FailureLeavesItUsable) {
  bool fail = true;
  FunctionSession session([&](Step&) {
    if (fail) throw runhook::StatusError(runhook::StatusCode::aborted, "boom");
  });
  EXPECT_STATUS(run_session(session, {}), aborted, "boom");
  fail = false;
  EXPECT_NO_THROW(run_session(session, {}));
}

}  // namespace
