#include <atomic>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

#include "checks.hpp"

namespace {

using runhook_test::Caught;
using runhook_test::count_destroy;

constexpr int64_t kSecond = 1'000'000'000;

class CCoordinator : public runhook_test::NoHandlesLeft {
 protected:
  CCoordinator() : coordinator_(runhook_coordinator_create(nullptr)) {}
  ~CCoordinator() override { runhook_coordinator_destroy(coordinator_); }
  void TearDown() override {
    caught_.out();
    runhook_coordinator_destroy(coordinator_);
    NoHandlesLeft::TearDown();
  }
  runhook_status start(runhook_callback body, void* user_data = nullptr, void (*destroy)(void*) = nullptr) {
    runhook_function function = RUNHOOK_FUNCTION_INIT;
    function.call = body;
    function.user_data = user_data;
    function.destroy = destroy;
    return runhook_coordinator_start_thread(coordinator_, "worker", &function, caught_.out());
  }
  runhook_status join(int64_t grace_ns = 10 * kSecond, int32_t ignore = 0) {
    return runhook_coordinator_join(coordinator_, grace_ns, ignore, caught_.out());
  }
  runhook_coordinator* coordinator_;  // made after the base has counted the handles
  Caught caught_;
};

int32_t wait_for_stop(runhook_context* context, void*, int32_t ok) {
  runhook_coordinator* coordinator = runhook_context_coordinator(context, nullptr);
  runhook_coordinator_wait_for_stop(coordinator, -1);
  runhook_coordinator_destroy(coordinator);
  return ok;
}

TEST_F(CCoordinator, CO_03_JoinEndsAllThreads) {
  std::atomic<int> runs{0};
  const auto body = [](runhook_context*, void* user_data, int32_t ok) -> int32_t {
    ++*static_cast<std::atomic<int>*>(user_data);
    return ok;
  };
  for (int i = 0; i < 3; ++i) ASSERT_EQ(start(body, &runs), RUNHOOK_OK);
  EXPECT_EQ(join(), RUNHOOK_OK) << caught_.message();
  EXPECT_EQ(runs.load(), 3);
  EXPECT_EQ(runhook_coordinator_live_threads(coordinator_), 0U);
  EXPECT_EQ(runhook_coordinator_joined(coordinator_), 1);
  EXPECT_EQ(runhook_coordinator_should_stop(coordinator_), 0);
}

TEST_F(CCoordinator, StopReachesThreadsThroughTheirContext) {
  ASSERT_EQ(start(wait_for_stop), RUNHOOK_OK);
  EXPECT_EQ(runhook_coordinator_live_threads(coordinator_), 1U);
  EXPECT_EQ(runhook_coordinator_request_stop(coordinator_, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_coordinator_should_stop(coordinator_), 1);
  EXPECT_EQ(join(-1), RUNHOOK_OK) << caught_.message();
  EXPECT_EQ(runhook_coordinator_error(coordinator_), nullptr);
}

TEST_F(CCoordinator, CO_06_JoinNamesTheStragglersOnceGraceIsOver) {
  runhook_thread* thread = runhook_coordinator_register_thread(coordinator_, "sleeper", nullptr);
  ASSERT_NE(thread, nullptr);
  runhook_coordinator_request_stop(coordinator_, nullptr);
  EXPECT_EQ(join(1), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_NE(caught_.message().find("sleeper"), std::string::npos) << caught_.message();
  runhook_thread_destroy(thread);
  runhook_thread_destroy(thread);
}

TEST_F(CCoordinator, CO_07_JoinIgnoresStragglersIfAsked) {
  runhook_thread* thread = runhook_coordinator_register_thread(coordinator_, "sleeper", nullptr);
  runhook_coordinator_request_stop(coordinator_, nullptr);
  EXPECT_EQ(join(1, 1), RUNHOOK_OK);
  runhook_thread_destroy(thread);
}

TEST_F(CCoordinator, CO_08_FirstReportedErrorIsTheError) {
  EXPECT_EQ(runhook_coordinator_report_error(coordinator_, RUNHOOK_ERR_DATA_LOSS, "First", nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_coordinator_report_error(coordinator_, RUNHOOK_ERR_INTERNAL, "Too late", nullptr), RUNHOOK_OK);
  EXPECT_EQ(join(), RUNHOOK_ERR_DATA_LOSS);
  EXPECT_EQ(caught_.message(), "First");
  runhook_error* error = runhook_coordinator_error(coordinator_);
  EXPECT_EQ(runhook_error_code(error), RUNHOOK_ERR_DATA_LOSS);
  EXPECT_EQ(runhook_error_suppressed_count(error), 1U);
  runhook_error_destroy(error);
}

TEST_F(CCoordinator, ErrorSaysWhichThreadItCameFrom) {
  std::thread([this] {
    runhook_thread* const itself = runhook_coordinator_register_thread(coordinator_, "reader", nullptr);
    runhook_coordinator_report_error(coordinator_, RUNHOOK_ERR_DATA_LOSS, "broken", nullptr);
    runhook_thread_destroy(itself);
  }).join();
  EXPECT_EQ(join(), RUNHOOK_ERR_DATA_LOSS);
  EXPECT_STREQ(runhook_error_thread(caught_.get()), "reader");
  EXPECT_STREQ(runhook_error_to_string(caught_.get()), "DATA_LOSS in thread 'reader': broken");
}

TEST_F(CCoordinator, CO_10_EndOfInputIsNoError) {
  runhook_coordinator_report_error(coordinator_, RUNHOOK_ERR_OUT_OF_RANGE, "end", nullptr);
  EXPECT_EQ(runhook_coordinator_should_stop(coordinator_), 1);
  EXPECT_EQ(join(), RUNHOOK_OK);
}

TEST_F(CCoordinator, CO_14_ErrorAfterJoinIsReturnedAndRecorded) {
  EXPECT_EQ(join(), RUNHOOK_OK);
  EXPECT_EQ(runhook_coordinator_report_error(coordinator_, RUNHOOK_ERR_INTERNAL, "Too late", caught_.out()),
            RUNHOOK_ERR_INTERNAL);
  EXPECT_EQ(caught_.message(), "Too late");
  EXPECT_EQ(runhook_coordinator_clear_stop(coordinator_, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_coordinator_joined(coordinator_), 0);
  EXPECT_EQ(runhook_coordinator_report_error(coordinator_, RUNHOOK_ERR_INTERNAL, "In time", nullptr), RUNHOOK_OK);
  EXPECT_EQ(join(), RUNHOOK_ERR_INTERNAL);
  EXPECT_EQ(caught_.message(), "In time");
}

TEST_F(CCoordinator, CO_21_WithoutCleanStopCodesEndOfInputIsAnError) {
  runhook_coordinator* strict = runhook_coordinator_create_with_codes(nullptr, 0, nullptr);
  runhook_coordinator_report_error(strict, RUNHOOK_ERR_OUT_OF_RANGE, "end", nullptr);
  EXPECT_EQ(runhook_coordinator_join(strict, 0, 0, nullptr), RUNHOOK_ERR_OUT_OF_RANGE);
  runhook_coordinator_destroy(strict);
}

TEST_F(CCoordinator, CO_11_CleanStopCodesAreTheCallers) {
  const runhook_status codes[] = {RUNHOOK_ERR_DATA_LOSS};
  runhook_coordinator* own = runhook_coordinator_create_with_codes(codes, 1, nullptr);
  runhook_coordinator_report_error(own, RUNHOOK_ERR_DATA_LOSS, nullptr, nullptr);
  EXPECT_EQ(runhook_coordinator_join(own, 0, 0, nullptr), RUNHOOK_OK);
  runhook_coordinator_destroy(own);
  const runhook_status wrong[] = {RUNHOOK_OK};
  EXPECT_EQ(runhook_coordinator_create_with_codes(wrong, 1, caught_.out()), nullptr);
  EXPECT_EQ(caught_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_coordinator_create_with_codes(nullptr, 1, caught_.out()), nullptr);
  EXPECT_EQ(caught_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(CCoordinator, OnlyTheSuccessValueIsSuccess) {
  ASSERT_EQ(start([](runhook_context*, void*, int32_t) -> int32_t { return 0; }), RUNHOOK_OK);
  EXPECT_EQ(join(), RUNHOOK_ERR_UNKNOWN);
  EXPECT_EQ(caught_.message(), runhook_test::unexplained_failure("call of the coordinator's thread", 0));
}

TEST_F(CCoordinator, RecordedFailureWinsOverTheVerdict) {
  ASSERT_EQ(start([](runhook_context* context, void*, int32_t ok) -> int32_t {
              runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "broken");
              runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "second");
              return ok;
            }),
            RUNHOOK_OK);
  EXPECT_EQ(join(), RUNHOOK_ERR_DATA_LOSS);
  EXPECT_EQ(caught_.message(), "broken");
}

TEST_F(CCoordinator, ExceptionThatLeavesACallbackIsAnError) {
  ASSERT_EQ(start([](runhook_context*, void*, int32_t) -> int32_t { throw std::runtime_error("thrown"); }), RUNHOOK_OK);
  EXPECT_EQ(join(), RUNHOOK_ERR_UNKNOWN);
  EXPECT_EQ(caught_.message(), "thrown");
  runhook_coordinator_clear_stop(coordinator_, nullptr);
  ASSERT_EQ(start([](runhook_context*, void*, int32_t) -> int32_t { throw std::bad_alloc(); }), RUNHOOK_OK);
  EXPECT_EQ(join(), RUNHOOK_ERR_NO_MEMORY);
}

TEST_F(CCoordinator, FunctionIsDestroyedOnceWhateverHappens) {
  int destroyed = 0;
  ASSERT_EQ(start([](runhook_context*, void*, int32_t ok) -> int32_t { return ok; }, &destroyed, count_destroy),
            RUNHOOK_OK);
  EXPECT_EQ(join(), RUNHOOK_OK);
  EXPECT_EQ(destroyed, 1);
  EXPECT_EQ(start(nullptr, &destroyed, count_destroy), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(destroyed, 2);

  runhook_function function = RUNHOOK_FUNCTION_INIT;
  function.call = wait_for_stop;
  function.user_data = &destroyed;
  function.destroy = count_destroy;
  EXPECT_EQ(runhook_coordinator_start_thread(nullptr, "t", &function, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(destroyed, 3);
  EXPECT_EQ(runhook_coordinator_start_thread(coordinator_, "\xFF", &function, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(destroyed, 4);
  EXPECT_EQ(runhook_coordinator_start_thread(coordinator_, "t", nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  function.struct_size = 0;
  EXPECT_EQ(runhook_coordinator_start_thread(coordinator_, "t", &function, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(destroyed, 4);
}

struct Loops {
  std::atomic<int> started{0};
  std::atomic<int> runs{0};
  std::atomic<int> stopped{0};
  std::atomic<int> destroyed{0};
};

runhook_looper counting_looper(Loops& loops) {
  runhook_looper looper = RUNHOOK_LOOPER_INIT;
  looper.user_data = &loops;
  looper.destroy = [](void* data) { ++static_cast<Loops*>(data)->destroyed; };
  looper.start_loop = [](runhook_context*, void* data, int32_t ok) -> int32_t {
    ++static_cast<Loops*>(data)->started;
    return ok;
  };
  looper.run_loop = [](runhook_context* context, void* data, int32_t ok) -> int32_t {
    if (++static_cast<Loops*>(data)->runs < 3) return ok;
    return runhook_context_fail(context, RUNHOOK_ERR_OUT_OF_RANGE, nullptr);
  };
  looper.stop_loop = [](runhook_context*, void* data, int32_t ok) -> int32_t {
    ++static_cast<Loops*>(data)->stopped;
    return ok;
  };
  return looper;
}

TEST_F(CCoordinator, LooperRunsUntilItFails) {
  for (const int64_t interval_ns : {int64_t{0}, int64_t{1'000'000}}) {
    Loops loops;
    const runhook_looper looper = counting_looper(loops);
    ASSERT_EQ(runhook_coordinator_start_looper(coordinator_, "looper", interval_ns, &looper, nullptr), RUNHOOK_OK);
    EXPECT_EQ(join(), RUNHOOK_OK) << caught_.message();
    EXPECT_EQ(loops.started, 1);
    EXPECT_EQ(loops.runs, 3);
    EXPECT_EQ(loops.stopped, 1);
    EXPECT_EQ(loops.destroyed, 1);
    runhook_coordinator_clear_stop(coordinator_, nullptr);
  }
}

TEST_F(CCoordinator, RefusedLooperIsDestroyedOnce) {
  Loops loops;
  runhook_looper looper = counting_looper(loops);
  EXPECT_EQ(runhook_coordinator_start_looper(coordinator_, "l", -1, &looper, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(loops.destroyed, 1);
  looper.run_loop = nullptr;
  EXPECT_EQ(runhook_coordinator_start_looper(coordinator_, "l", 0, &looper, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(loops.destroyed, 2);
  EXPECT_EQ(loops.started, 0);
}

TEST_F(CCoordinator, SharedHandleOutlivesTheFirst) {
  runhook_coordinator* other = runhook_coordinator_share(coordinator_, nullptr);
  runhook_coordinator_request_stop(coordinator_, nullptr);
  runhook_coordinator_destroy(coordinator_);
  EXPECT_EQ(runhook_coordinator_should_stop(coordinator_), 0);
  EXPECT_EQ(runhook_coordinator_should_stop(other), 1);
  EXPECT_EQ(runhook_coordinator_wait_for_stop(other, -1), 1);
  runhook_coordinator_destroy(other);
}

TEST_F(CCoordinator, InvalidHandleGivesNeutralValues) {
  EXPECT_EQ(runhook_coordinator_request_stop(nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_coordinator_report_error(nullptr, 1, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_coordinator_report_error(coordinator_, RUNHOOK_OK, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_coordinator_should_stop(nullptr), 0);
  EXPECT_EQ(runhook_coordinator_wait_for_stop(nullptr, -1), 0);
  EXPECT_EQ(runhook_coordinator_wait_for_stop(coordinator_, 1000), 0);
  EXPECT_EQ(runhook_coordinator_clear_stop(nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_coordinator_register_thread(nullptr, "t", nullptr), nullptr);
  EXPECT_EQ(runhook_coordinator_register_thread(coordinator_, nullptr, nullptr), nullptr);
  EXPECT_EQ(runhook_coordinator_join(nullptr, 0, 0, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_coordinator_joined(nullptr), 0);
  EXPECT_EQ(runhook_coordinator_live_threads(nullptr), 0U);
  EXPECT_EQ(runhook_coordinator_error(nullptr), nullptr);
  EXPECT_EQ(runhook_coordinator_share(nullptr, nullptr), nullptr);
  runhook_thread_destroy(nullptr);
}

}  // namespace
