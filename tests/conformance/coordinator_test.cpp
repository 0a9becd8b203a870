// Section 4.11: the coordinator by itself, and loopers.
#include "runhook/coordinator.hpp"

#include <stdexcept>
#include <thread>

#include "callback.hpp"
#include "duration.hpp"
#include "handle.hpp"
#include "reply.hpp"

namespace conformance {
namespace {

OwnCoordinator new_coordinator() {
  OwnCoordinator coordinator;
  EXPECT_REPLY(make(coordinator, runhook_coordinator_create), RUNHOOK_OK);
  return coordinator;
}

OwnCoordinator coordinator_with(const std::vector<runhook_status>& clean) {
  OwnCoordinator coordinator;
  EXPECT_REPLY(make(coordinator, runhook_coordinator_create_with_codes, clean.data(), clean.size()), RUNHOOK_OK);
  return coordinator;
}

void start(const OwnCoordinator& coordinator, const char* name, Callback body) {
  const runhook_function function = function_of(std::move(body));
  EXPECT_REPLY(call(runhook_coordinator_start_thread, coordinator.get(), name, &function), RUNHOOK_OK);
}

OwnThread enlist(const OwnCoordinator& coordinator, const char* name) {
  OwnThread ticket;
  EXPECT_REPLY(make(ticket, runhook_coordinator_register_thread, coordinator.get(), name), RUNHOOK_OK);
  return ticket;
}

Reply join(const OwnCoordinator& coordinator, std::int64_t grace_ns = 10 * kSecond, std::int32_t ignore = 0) {
  return call(runhook_coordinator_join, coordinator.get(), grace_ns, ignore);
}

Reply report(const OwnCoordinator& coordinator, runhook_status code, const char* message) {
  return call(runhook_coordinator_report_error, coordinator.get(), code, message);
}

void nap(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

TEST(Coordinator, CO_03_JoinEndsAllThreads) {
  const OwnCoordinator coordinator = new_coordinator();
  std::atomic<int> ended{0};
  for (int i = 0; i < 3; ++i) {
    start(coordinator, "short", [&ended](runhook_context*) {
      nap(5);
      ++ended;
      return kOk;
    });
  }
  EXPECT_REPLY(join(coordinator), RUNHOOK_OK);
  EXPECT_EQ(ended, 3);
  EXPECT_EQ(runhook_coordinator_live_threads(coordinator.get()), 0U);
  EXPECT_EQ(runhook_coordinator_joined(coordinator.get()), 1);
}

// Threads of the caller's own, which say themselves when they end.
TEST(Coordinator, CO_04_JoinWaitsForAllRegistered) {
  const OwnCoordinator coordinator = new_coordinator();
  std::atomic<int> ended{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&ended, ticket = enlist(coordinator, "mine").release()] {
      nap(10);
      ++ended;
      runhook_thread_destroy(ticket);
    });
  }
  EXPECT_REPLY(join(coordinator), RUNHOOK_OK);
  EXPECT_EQ(ended, 3);
  for (std::thread& thread : threads) thread.join();
}

TEST(Coordinator, CO_05_JoinWaitsForRegisteredAndStarted) {
  const OwnCoordinator coordinator = new_coordinator();
  std::atomic<int> ended{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&ended, ticket = enlist(coordinator, "mine").release()] {
      nap(5);
      ++ended;
      runhook_thread_destroy(ticket);
    });
  }
  start(coordinator, "started", [&ended](runhook_context*) {
    nap(15);
    ++ended;
    return kOk;
  });
  EXPECT_REPLY(join(coordinator), RUNHOOK_OK);
  EXPECT_EQ(ended, 3);
  for (std::thread& thread : threads) thread.join();
}

TEST(Coordinator, CO_06_ThreadsStillRunningAreNamed) {
  for (const std::int64_t grace_ns : {std::int64_t{0}, 2 * kMillisecond, 200 * kMillisecond}) {
    const OwnCoordinator coordinator = new_coordinator();
    const OwnThread straggler = enlist(coordinator, "sleeper");
    start(coordinator, "stopper", [](runhook_context* context) {
      const OwnCoordinator mine(runhook_context_coordinator(context, nullptr));
      runhook_coordinator_request_stop(mine.get(), nullptr);
      return kOk;
    });
    const Reply reply = join(coordinator, grace_ns);
    EXPECT_EQ(reply.status, RUNHOOK_ERR_FAILED_PRECONDITION) << reply;
    EXPECT_TRUE(reply.mentions("sleeper")) << reply;
  }
}

TEST(Coordinator, CO_07_ThreadsStillRunningCanBeIgnored) {
  const OwnCoordinator coordinator = new_coordinator();
  const OwnThread straggler = enlist(coordinator, "sleeper");
  EXPECT_REPLY(call(runhook_coordinator_request_stop, coordinator.get()), RUNHOOK_OK);
  const auto before = std::chrono::steady_clock::now();
  EXPECT_REPLY(join(coordinator, 100 * kMillisecond, 1), RUNHOOK_OK);
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(90));
}

TEST(Coordinator, CO_08_FirstErrorWins) {
  const OwnCoordinator coordinator = new_coordinator();
  start(coordinator, "first",
        [](runhook_context* context) { return runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "First"); });
  start(coordinator, "late", [](runhook_context* context) {
    const OwnCoordinator mine(runhook_context_coordinator(context, nullptr));
    runhook_coordinator_wait_for_stop(mine.get(), -1);
    return runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "Too late");
  });
  const Reply reply = join(coordinator);
  EXPECT_EQ(reply.status, RUNHOOK_ERR_INTERNAL) << reply;
  EXPECT_TRUE(reply.mentions("First")) << reply;
  EXPECT_TRUE(reply.holds(RUNHOOK_ERR_DATA_LOSS, "Too late")) << "suppressed, not dropped: " << reply;
  EXPECT_EQ(join(coordinator).status, RUNHOOK_ERR_INTERNAL) << "it can be asked again";
}

TEST(Coordinator, CO_10_OutOfRangeIsACleanStop) {
  const OwnCoordinator coordinator = new_coordinator();
  start(coordinator, "reader",
        [](runhook_context* context) { return runhook_context_fail(context, RUNHOOK_ERR_OUT_OF_RANGE, "done"); });
  EXPECT_REPLY(join(coordinator), RUNHOOK_OK);
  EXPECT_EQ(runhook_coordinator_should_stop(coordinator.get()), 1);
  const OwnError error(runhook_coordinator_error(coordinator.get()));
  EXPECT_EQ(error, nullptr);
}

TEST(Coordinator, CO_11_CleanStopCodesAreTheCallers) {
  const OwnCoordinator coordinator = coordinator_with({RUNHOOK_ERR_INVALID_ARGUMENT});
  EXPECT_REPLY(report(coordinator, RUNHOOK_ERR_INVALID_ARGUMENT, "mine"), RUNHOOK_OK);
  EXPECT_EQ(runhook_coordinator_should_stop(coordinator.get()), 1);
  EXPECT_REPLY(join(coordinator), RUNHOOK_OK);
}

TEST(Coordinator, CO_12_StopOnExceptionReportsTheFirst) {
  runhook::Coordinator coordinator;
  coordinator.start_thread("first", [coordinator]() mutable {
    coordinator.stop_on_exception([] { throw runhook::StatusError(runhook::StatusCode::internal, "First"); });
  });
  coordinator.start_thread("late", [coordinator]() mutable {
    coordinator.wait_for_stop();
    coordinator.stop_on_exception([] { throw std::runtime_error("Too late"); });
  });
  try {
    coordinator.join();
    ADD_FAILURE() << "no error";
  } catch (const runhook::StatusError& failure) {
    EXPECT_EQ(failure.error().message(), "First");
    EXPECT_EQ(failure.error().suppressed_count(), 1U);
  }
}

TEST(Coordinator, CO_14_ErrorAfterJoinIsGivenToTheReporter) {
  const OwnCoordinator coordinator = new_coordinator();
  EXPECT_REPLY(join(coordinator), RUNHOOK_OK);
  const Reply reply = report(coordinator, RUNHOOK_ERR_DATA_LOSS, "Too late");
  EXPECT_EQ(reply.status, RUNHOOK_ERR_DATA_LOSS) << reply;
  EXPECT_TRUE(reply.mentions("Too late")) << reply;
  EXPECT_REPLY(call(runhook_coordinator_clear_stop, coordinator.get()), RUNHOOK_OK);
  EXPECT_EQ(runhook_coordinator_joined(coordinator.get()), 0);
  EXPECT_EQ(runhook_coordinator_should_stop(coordinator.get()), 0);
  EXPECT_REPLY(report(coordinator, RUNHOOK_ERR_DATA_LOSS, "In time"), RUNHOOK_OK);
  EXPECT_REPLY(join(coordinator), RUNHOOK_ERR_DATA_LOSS);
}

TEST(Coordinator, CO_18_ErrorAfterJoinIsRecordedAndStops) {
  const OwnCoordinator coordinator = new_coordinator();
  EXPECT_REPLY(join(coordinator), RUNHOOK_OK);
  EXPECT_EQ(runhook_coordinator_should_stop(coordinator.get()), 0);
  EXPECT_REPLY(report(coordinator, RUNHOOK_ERR_DATA_LOSS, "X"), RUNHOOK_ERR_DATA_LOSS);
  EXPECT_EQ(runhook_coordinator_joined(coordinator.get()), 1);
  EXPECT_EQ(runhook_coordinator_should_stop(coordinator.get()), 1);
  const OwnError error(runhook_coordinator_error(coordinator.get()));
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(runhook_error_code(error.get()), RUNHOOK_ERR_DATA_LOSS);
}

TEST(Coordinator, CO_21_WithoutCleanStopCodesOutOfRangeIsAnError) {
  const OwnCoordinator coordinator = coordinator_with({});
  EXPECT_REPLY(report(coordinator, RUNHOOK_ERR_OUT_OF_RANGE, "done"), RUNHOOK_OK);
  EXPECT_REPLY(join(coordinator), RUNHOOK_ERR_OUT_OF_RANGE);
}

TEST(Coordinator, CO_22_StoppedIsACleanStop) {
  const OwnCoordinator coordinator = new_coordinator();
  EXPECT_REPLY(report(coordinator, RUNHOOK_ERR_STOPPED, "asked to"), RUNHOOK_OK);
  EXPECT_EQ(runhook_coordinator_should_stop(coordinator.get()), 1);
  EXPECT_REPLY(join(coordinator), RUNHOOK_OK);
}

TEST(Coordinator, CO_24_StragglersAreForgottenByJoin) {
  const OwnCoordinator coordinator = new_coordinator();
  const OwnThread straggler = enlist(coordinator, "sleeper");
  EXPECT_REPLY(call(runhook_coordinator_request_stop, coordinator.get()), RUNHOOK_OK);
  EXPECT_REPLY(join(coordinator, 50 * kMillisecond), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_REPLY(join(coordinator, 50 * kMillisecond), RUNHOOK_OK);
}

TEST(Coordinator, CO_26_JoinReturnsWhenThreadsEndByThemselves) {
  const OwnCoordinator coordinator = new_coordinator();
  start(coordinator, "short", [](runhook_context*) {
    nap(100);
    return kOk;
  });
  const auto before = std::chrono::steady_clock::now();
  EXPECT_REPLY(join(coordinator), RUNHOOK_OK);
  const auto took = std::chrono::steady_clock::now() - before;
  EXPECT_GE(took, std::chrono::milliseconds(80));
  EXPECT_LT(took, std::chrono::seconds(1));
  EXPECT_EQ(runhook_coordinator_should_stop(coordinator.get()), 0);
}

TEST(Coordinator, CO_27_ThreadThatIsNeverStartedHoldsNobodyUp) {
  const OwnCoordinator coordinator = new_coordinator();
  enlist(coordinator, "never").reset();
  EXPECT_REPLY(join(coordinator), RUNHOOK_OK);
}

TEST(Coordinator, CO_28_AnythingThrownStops) {
  struct Interrupt {};
  runhook::Coordinator coordinator;
  coordinator.stop_on_exception([] { throw Interrupt(); });
  EXPECT_TRUE(coordinator.should_stop());
  EXPECT_THROW(coordinator.join(), runhook::StatusError);
  EXPECT_THROW(coordinator.raise_requested_exception(), runhook::StatusError);
}

TEST(Coordinator, CO_31_ThreadRegisteredDuringJoinIsNotWaitedFor) {
  const OwnCoordinator coordinator = new_coordinator();
  OwnThread early = enlist(coordinator, "early");
  std::atomic<bool> returned{false};
  std::thread joiner([&] {
    EXPECT_REPLY(join(coordinator), RUNHOOK_OK);
    returned = true;
  });
  nap(50);
  EXPECT_FALSE(returned);
  const OwnThread late = enlist(coordinator, "late");
  early.reset();
  joiner.join();
  EXPECT_TRUE(returned);
}

// A looper whose user data counts the calls, and which stops its coordinator after `limit` of them.
struct Looping {
  int starts = 0;
  int calls = 0;
  int stops = 0;
  int limit = 0;
  int fail_at = 0;

  runhook_looper table() {
    runhook_looper looper = RUNHOOK_LOOPER_INIT;
    looper.user_data = this;
    looper.start_loop = [](runhook_context*, void* data, std::int32_t ok) {
      ++static_cast<Looping*>(data)->starts;
      return ok;
    };
    looper.run_loop = [](runhook_context* context, void* data, std::int32_t ok) {
      auto* self = static_cast<Looping*>(data);
      if (++self->calls == self->fail_at) return runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "third call");
      if (self->calls == self->limit) {
        const OwnCoordinator mine(runhook_context_coordinator(context, nullptr));
        runhook_coordinator_request_stop(mine.get(), nullptr);
      }
      return ok;
    };
    looper.stop_loop = [](runhook_context*, void* data, std::int32_t ok) {
      ++static_cast<Looping*>(data)->stops;
      return ok;
    };
    return looper;
  }
};

TEST(Looper, LT_02_UserDataReachesTheLoop) {
  const OwnCoordinator coordinator = new_coordinator();
  Looping looping;
  looping.limit = 3;
  const runhook_looper table = looping.table();
  const auto before = std::chrono::steady_clock::now();
  EXPECT_REPLY(call(runhook_coordinator_start_looper, coordinator.get(), "loop", 20 * kMillisecond, &table),
               RUNHOOK_OK);
  EXPECT_REPLY(join(coordinator), RUNHOOK_OK);
  EXPECT_EQ(looping.starts, 1);
  EXPECT_EQ(looping.calls, 3);
  EXPECT_EQ(looping.stops, 1);
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(35)) << "calls at 0, 20 and 40 ms";
}

TEST(Looper, LT_03_WithoutAnIntervalItRunsBackToBack) {
  const OwnCoordinator coordinator = new_coordinator();
  Looping looping;
  looping.limit = 1000;
  const runhook_looper table = looping.table();
  EXPECT_REPLY(call(runhook_coordinator_start_looper, coordinator.get(), "loop", std::int64_t{0}, &table), RUNHOOK_OK);
  EXPECT_REPLY(join(coordinator), RUNHOOK_OK);
  EXPECT_EQ(looping.calls, 1000);
}

TEST(Looper, LT_04_BadArgumentsAreRefused) {
  const OwnCoordinator coordinator = new_coordinator();
  Looping looping;
  runhook_looper table = looping.table();
  EXPECT_REPLY(call(runhook_coordinator_start_looper, static_cast<runhook_coordinator*>(nullptr), "loop",
                    std::int64_t{0}, &table),
               RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_REPLY(call(runhook_coordinator_start_looper, coordinator.get(), "loop", std::int64_t{-1}, &table),
               RUNHOOK_ERR_INVALID_ARGUMENT);
  table.run_loop = nullptr;
  EXPECT_REPLY(call(runhook_coordinator_start_looper, coordinator.get(), "loop", std::int64_t{0}, &table),
               RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_REPLY(join(coordinator), RUNHOOK_OK);
  EXPECT_EQ(looping.starts, 0);
}

TEST(Looper, LT_05_FailureEndsTheLoop) {
  const OwnCoordinator coordinator = new_coordinator();
  Looping looping;
  looping.fail_at = 3;
  const runhook_looper table = looping.table();
  EXPECT_REPLY(call(runhook_coordinator_start_looper, coordinator.get(), "loop", kMillisecond, &table), RUNHOOK_OK);
  const Reply reply = join(coordinator);
  EXPECT_EQ(reply.status, RUNHOOK_ERR_INTERNAL) << reply;
  EXPECT_TRUE(reply.mentions("third call")) << reply;
  EXPECT_EQ(looping.calls, 3);
  EXPECT_EQ(looping.stops, 1) << "also after a failure";
}

}  // namespace
}  // namespace conformance
