// Closing while another thread is in the session, and after an error.
#include <atomic>
#include <chrono>
#include <latch>
#include <string>
#include <thread>

#include "capi/scripted.hpp"

namespace {

using namespace runhook_test;
using std::chrono::milliseconds;
using Time = std::chrono::steady_clock;

class Close : public NoHandlesLeft {
 protected:
  // A loop whose step waits until it is let go.
  void start(int64_t grace_ns) {
    ASSERT_EQ(runhook_config_set_stop_grace_period_ns(loop_.config, grace_ns, nullptr), RUNHOOK_OK);
    loop_.step = [this](runhook_context*) {
      running_.count_down();
      go_on_.wait();
      return kOk;
    };
    ASSERT_TRUE(loop_.start());
  }
  std::thread runner() {
    std::thread thread([session = loop_.session] {
      EXPECT_EQ(runhook_monitored_session_run(session, nullptr, nullptr, nullptr), RUNHOOK_OK);
    });
    running_.wait();
    return thread;
  }
  void TearDown() override {
    runhook_monitored_session_destroy(loop_.session);
    loop_.session = nullptr;
    runhook_config_destroy(loop_.config);
    loop_.config = nullptr;
    (void)loop_.error.out();
    NoHandlesLeft::TearDown();
  }
  runhook_outcome* outcome() const { return runhook_monitored_session_outcome(loop_.session, nullptr); }

  std::latch running_{1}, go_on_{1};
  ScriptedHook hook_;
  Loop loop_;
};

TEST_F(Close, WaitsForAnotherThread) {
  ASSERT_EQ(loop_.add(hook_), RUNHOOK_OK);
  start(60'000'000'000);
  std::thread other = runner();
  std::thread helper([this] {
    std::this_thread::sleep_for(milliseconds(20));
    go_on_.count_down();
  });
  EXPECT_EQ(loop_.close(), RUNHOOK_OK) << loop_.error.message();
  EXPECT_EQ(runhook_monitored_session_closed(loop_.session), 1);
  EXPECT_EQ(hook_.count("after_run"), 1) << "the run was waited for";
  EXPECT_EQ(hook_.count("end"), 1);
  other.join();
  helper.join();
}

TEST_F(Close, IsBusyAfterTheGracePeriod) {
  start(30'000'000);
  std::thread other = runner();
  const auto begin = Time::now();
  EXPECT_EQ(loop_.close(), RUNHOOK_ERR_BUSY);
  EXPECT_GE(Time::now() - begin, milliseconds(30));
  EXPECT_EQ(runhook_monitored_session_closed(loop_.session), 0);
  go_on_.count_down();
  other.join();
  EXPECT_EQ(loop_.close(), RUNHOOK_OK);
}

TEST_F(Close, EndsALoopThatRunsStepByStep) {
  ASSERT_TRUE(loop_.start());
  std::atomic<int> steps{0};
  std::thread other([&] {
    while (runhook_monitored_session_run(loop_.session, nullptr, nullptr, nullptr) == RUNHOOK_OK) ++steps;
  });
  while (steps == 0) std::this_thread::yield();
  runhook_monitored_session_request_stop(loop_.session, 0, "enough", RUNHOOK_STOP_AFTER_STEP);
  EXPECT_EQ(loop_.close(), RUNHOOK_OK) << loop_.error.message();
  other.join();
}

TEST_F(Close, OnAThreadOfTheCoordinatorIsReentrantAtOnce) {
  start(60'000'000'000);
  runhook_coordinator* coordinator = runhook_monitored_session_coordinator(loop_.session, nullptr);
  std::thread other = runner();
  std::atomic<runhook_status> status{RUNHOOK_OK};
  std::latch done(1);
  Callback body = [&](runhook_context*) {
    status = runhook_monitored_session_close(loop_.session, nullptr);
    done.count_down();
    return kOk;
  };
  const runhook_function function = function_of(body);
  ASSERT_EQ(runhook_coordinator_start_thread(coordinator, "worker", &function, nullptr), RUNHOOK_OK);
  done.wait();
  EXPECT_EQ(status.load(), RUNHOOK_ERR_REENTRANT);
  go_on_.count_down();
  other.join();
  runhook_coordinator_destroy(coordinator);
  EXPECT_EQ(loop_.close(), RUNHOOK_OK);
}

TEST_F(Close, SessionThatIsDestroyedMeanwhileIsNoMore) {
  start(60'000'000'000);
  runhook_monitored_session* const session = loop_.session;
  std::thread other = runner();
  std::latch closing(1);
  std::thread closer([&] {
    closing.count_down();
    const runhook_status status = runhook_monitored_session_close(session, nullptr);
    EXPECT_TRUE(status == RUNHOOK_ERR_INVALID_ARGUMENT || status == RUNHOOK_OK) << status;
  });
  closing.wait();
  std::this_thread::sleep_for(milliseconds(10));
  runhook_monitored_session_destroy(session);
  closer.join();
  go_on_.count_down();
  other.join();
}

TEST_F(Close, AfterAnErrorOfTheCallerTheRunHasFailed) {
  ASSERT_EQ(loop_.add(hook_), RUNHOOK_OK);
  ASSERT_TRUE(loop_.start());
  runhook_error* failure = nullptr;
  EXPECT_EQ(runhook_run_args_add_fetch(nullptr, nullptr, "y", &failure), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_monitored_session_close_after(loop_.session, failure, nullptr), RUNHOOK_OK);
  runhook_outcome* ended = outcome();
  EXPECT_EQ(runhook_outcome_kind(ended), RUNHOOK_OUTCOME_FAILED);
  EXPECT_STREQ(runhook_error_message(runhook_outcome_error(ended)), "not a valid run args: it is NULL");
  runhook_outcome_destroy(ended);
  EXPECT_EQ(hook_.count("end"), 0);
  EXPECT_EQ(hook_.count("cleanup"), 1);
}

TEST_F(Close, AfterAnErrorOfARunItCountsOnce) {
  loop_.step = [](runhook_context* context) { return runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "lost"); };
  ASSERT_TRUE(loop_.start());
  runhook_error* failure = nullptr;
  ASSERT_EQ(runhook_monitored_session_run(loop_.session, nullptr, nullptr, &failure), RUNHOOK_ERR_DATA_LOSS);
  EXPECT_EQ(runhook_monitored_session_close_after(loop_.session, failure, nullptr), RUNHOOK_OK);
  runhook_outcome* ended = outcome();
  EXPECT_EQ(runhook_outcome_kind(ended), RUNHOOK_OUTCOME_FAILED);
  EXPECT_STREQ(runhook_error_message(runhook_outcome_error(ended)), "lost");
  EXPECT_EQ(runhook_error_suppressed_count(runhook_outcome_error(ended)), 0U);
  runhook_outcome_destroy(ended);
}

TEST_F(Close, AfterAStopOrTheEndOfInputNothingHasFailed) {
  loop_.step = [](runhook_context* context) { return runhook_context_fail(context, RUNHOOK_ERR_OUT_OF_RANGE, "end"); };
  ASSERT_TRUE(loop_.start());
  runhook_error* failure = nullptr;
  runhook_monitored_session_run(loop_.session, nullptr, nullptr, &failure);
  ASSERT_EQ(runhook_error_code(failure), RUNHOOK_ERR_OUT_OF_RANGE);
  EXPECT_EQ(runhook_monitored_session_close_after(loop_.session, failure, nullptr), RUNHOOK_OK);
  runhook_outcome* ended = outcome();
  EXPECT_EQ(runhook_outcome_kind(ended), RUNHOOK_OUTCOME_END_OF_INPUT);
  runhook_outcome_destroy(ended);

  failure = nullptr;
  runhook_monitored_session_run(loop_.session, nullptr, nullptr, &failure);
  ASSERT_EQ(runhook_error_code(failure), RUNHOOK_ERR_CLOSED);
  EXPECT_EQ(runhook_monitored_session_close_after(loop_.session, failure, nullptr), RUNHOOK_OK) << "closing again";
}

TEST_F(Close, AfterNoErrorItIsClose) {
  ASSERT_TRUE(loop_.start());
  ASSERT_EQ(loop_.run(), RUNHOOK_OK);
  EXPECT_EQ(runhook_monitored_session_close_after(loop_.session, nullptr, nullptr), RUNHOOK_OK);
  runhook_outcome* ended = outcome();
  EXPECT_EQ(runhook_outcome_kind(ended), RUNHOOK_OUTCOME_COMPLETED);
  runhook_outcome_destroy(ended);
}

TEST_F(Close, AfterAnErrorWithoutASessionConsumesIt) {
  runhook_error* failure = nullptr;
  runhook_coordinator_report_error(nullptr, RUNHOOK_ERR_INTERNAL, nullptr, &failure);
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(runhook_monitored_session_close_after(nullptr, failure, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(Close, AfterAnErrorInACallbackIsReentrant) {
  loop_.step = [this](runhook_context*) {
    runhook_error* failure = nullptr;
    runhook_coordinator_report_error(nullptr, RUNHOOK_ERR_INTERNAL, nullptr, &failure);
    EXPECT_EQ(runhook_monitored_session_close_after(loop_.session, failure, nullptr), RUNHOOK_ERR_REENTRANT);
    return kOk;
  };
  ASSERT_TRUE(loop_.start());
  EXPECT_EQ(loop_.run(), RUNHOOK_OK);
  EXPECT_EQ(loop_.close(), RUNHOOK_OK);
}

}  // namespace
