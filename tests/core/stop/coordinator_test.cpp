#include "runhook/coordinator.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace runhook {
namespace {

using namespace std::chrono_literals;

Error error_of(StatusCode code, std::string_view message) { return Error(code, message); }

Error thrown_by(const std::function<void()>& body) {
  try {
    body();
  } catch (const StatusError& e) {
    return e.error();
  }
  return {};
}

// A gate that threads of a test wait at.
class Gate {
 public:
  void open() { promise_.set_value(); }
  void pass() const { future_.wait(); }

 private:
  std::promise<void> promise_;
  std::shared_future<void> future_{promise_.get_future()};
};

TEST(Coordinator, CO_03_JoinEndsAllThreads) {
  Coordinator coordinator;
  std::atomic<int> ended{0};
  for (int i = 0; i < 3; ++i) {
    coordinator.start_thread("short", [&] {
      std::this_thread::sleep_for(1ms);
      ended.fetch_add(1);
    });
  }
  EXPECT_TRUE(coordinator.join().empty());
  EXPECT_EQ(ended.load(), 3);
  EXPECT_EQ(coordinator.live_threads(), 0U);
  EXPECT_TRUE(coordinator.joined());
  EXPECT_FALSE(coordinator.should_stop());
}

TEST(Coordinator, ErrorSaysWhichThreadItCameFrom) {
  Coordinator coordinator;
  const CoordinatedThread about_to_be_started = coordinator.register_thread("not the caller");
  coordinator.start_thread("started", [] { throw StatusError(StatusCode::internal, "one"); });
  while (!coordinator.error()) std::this_thread::yield();
  std::thread([&] {
    const CoordinatedThread itself = coordinator.register_thread("registered");
    const CoordinatedThread other = coordinator.register_thread("its own");
    coordinator.request_stop(error_of(StatusCode::internal, "two"));
  }).join();
  std::thread([&] { coordinator.request_stop(error_of(StatusCode::internal, "three")); }).join();
  coordinator.request_stop(error_of(StatusCode::internal, "four"));
  const Error error = coordinator.error();
  EXPECT_EQ(error.thread(), "started");
  ASSERT_EQ(error.suppressed_count(), 3U);
  EXPECT_EQ(error.suppressed(0).thread(), "registered");
  EXPECT_EQ(error.suppressed(1).thread(), "") << "nobody has registered it";
  EXPECT_EQ(error.suppressed(2).thread(), "") << "it has made the coordinator";
}

TEST(Coordinator, CO_04_JoinEndsAllRegisteredThreads) {
  Coordinator coordinator;
  std::atomic<int> ended{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&ended, ticket = coordinator.register_thread("own")]() mutable {
      std::this_thread::sleep_for(1ms);
      ended.fetch_add(1);
      ticket.done();
      ticket.done();
    });
  }
  coordinator.join();
  EXPECT_EQ(ended.load(), 3);
  for (std::thread& thread : threads) thread.join();
}

TEST(Coordinator, CO_05_JoinEndsStartedAndRegisteredThreads) {
  Coordinator coordinator;
  std::atomic<int> ended{0};
  coordinator.start_thread("started", [&] { ended.fetch_add(1); });
  std::thread own([&ended, ticket = coordinator.register_thread("own")] { ended.fetch_add(1); });
  coordinator.join();
  EXPECT_EQ(ended.load(), 2);
  own.join();
}

TEST(Coordinator, CO_06_StragglersAreNamedOnceGraceIsOver) {
  for (const std::int64_t grace_ns : {std::int64_t{0}, std::int64_t{2'000'000}, std::int64_t{30'000'000}}) {
    Coordinator coordinator;
    Gate gate;
    std::atomic<bool> left{false};
    coordinator.start_thread("asker", [&] { coordinator.request_stop(); });
    coordinator.start_thread("sleeper", [&] {
      gate.pass();
      left.store(true);
    });
    coordinator.wait_for_stop();
    // The asker may or may not have ended with a grace of 0; the sleeper has not.
    const Error error = thrown_by([&] { coordinator.join(grace_ns); });
    EXPECT_EQ(error.code(), StatusCode::failed_precondition);
    EXPECT_NE(error.message().find("threads still running"), std::string::npos) << error.message();
    EXPECT_NE(error.message().find("sleeper"), std::string::npos) << error.message();
    gate.open();
    while (!left.load()) std::this_thread::yield();
  }
}

TEST(Coordinator, CO_07_IgnoredStragglersAreReturned) {
  Coordinator coordinator;
  Gate gate;
  auto first = coordinator.register_thread("first");
  auto second = coordinator.register_thread("second");
  coordinator.request_stop();
  EXPECT_EQ(coordinator.join(1'000'000, true), (std::vector<std::string>{"first", "second"}));
}

TEST(Coordinator, CO_08_FirstErrorIsThrownLaterOnesAreSuppressed) {
  Coordinator coordinator;
  Gate gate;
  coordinator.start_thread("one", [&] {
    coordinator.request_stop(error_of(StatusCode::internal, "First"));
    gate.open();
  });
  coordinator.start_thread("two", [&] {
    gate.pass();
    coordinator.request_stop(error_of(StatusCode::internal, "Too late"));
  });
  const Error error = thrown_by([&] { coordinator.join(); });
  EXPECT_EQ(error.message(), "First");
  ASSERT_EQ(error.suppressed_count(), 1U);
  EXPECT_EQ(error.suppressed(0).message(), "Too late");
}

TEST(Coordinator, CO_10_EndOfInputIsACleanStop) {
  Coordinator coordinator;
  coordinator.start_thread("input", [&] { coordinator.request_stop(error_of(StatusCode::out_of_range, "First")); });
  EXPECT_NO_THROW(coordinator.join());
  EXPECT_TRUE(coordinator.should_stop());
  EXPECT_TRUE(coordinator.end_of_input());
  EXPECT_FALSE(coordinator.error());
}

TEST(Coordinator, CO_11_CodesOfTheCallersChoiceAreCleanStops) {
  Coordinator::Options options;
  options.clean_stop_codes = {StatusCode::invalid_argument};
  Coordinator coordinator(std::move(options));
  coordinator.start_thread("one", [] { throw std::invalid_argument("First"); });
  EXPECT_NO_THROW(coordinator.join());
  EXPECT_TRUE(coordinator.should_stop());
  EXPECT_FALSE(coordinator.end_of_input());
}

TEST(Coordinator, CO_12_WhatThreadsThrowIsReported) {
  Coordinator coordinator;
  Gate gate;
  coordinator.start_thread("one", [&] {
    coordinator.stop_on_exception([] { throw std::runtime_error("First"); });
    gate.open();
  });
  coordinator.start_thread("two", [&] {
    gate.pass();
    throw std::runtime_error("Too late");
  });
  const Error error = thrown_by([&] { coordinator.join(); });
  EXPECT_NE(error.message().find("First"), std::string::npos);
  EXPECT_EQ(error.suppressed_count(), 1U);
}

TEST(Coordinator, CO_14_ErrorAfterJoinIsThrownToTheReporter) {
  Coordinator coordinator;
  coordinator.join();
  const Error too_late = error_of(StatusCode::internal, "Too late");
  EXPECT_EQ(thrown_by([&] { coordinator.request_stop(too_late); }).message(), "Too late");
  coordinator.clear_stop();
  EXPECT_FALSE(coordinator.should_stop());
  EXPECT_FALSE(coordinator.joined());
  EXPECT_NO_THROW(coordinator.request_stop(too_late));
  EXPECT_EQ(thrown_by([&] { coordinator.join(); }).message(), "Too late");
}

TEST(Coordinator, CO_18_ErrorAfterJoinIsRecordedAndStops) {
  Coordinator coordinator;
  coordinator.join();
  EXPECT_FALSE(coordinator.should_stop());
  EXPECT_THROW(coordinator.request_stop(error_of(StatusCode::internal, "X")), StatusError);
  EXPECT_TRUE(coordinator.should_stop());
  EXPECT_TRUE(coordinator.joined());
  EXPECT_EQ(coordinator.error().message(), "X");
  EXPECT_NO_THROW(coordinator.request_stop(error_of(StatusCode::out_of_range, "clean")));
}

TEST(Coordinator, CO_16_ErrorAfterACleanStopIsKept) {
  Coordinator coordinator;
  coordinator.request_stop();
  coordinator.request_stop(error_of(StatusCode::internal, "X"));
  EXPECT_EQ(thrown_by([&] { coordinator.join(); }).message(), "X");
}

TEST(Coordinator, CO_21_EndOfInputIsAnErrorWithoutCleanStopCodes) {
  Coordinator::Options options;
  options.clean_stop_codes = {};
  Coordinator coordinator(std::move(options));
  coordinator.request_stop(error_of(StatusCode::out_of_range, "end"));
  EXPECT_EQ(thrown_by([&] { coordinator.join(); }).code(), StatusCode::out_of_range);
  EXPECT_FALSE(coordinator.end_of_input());
}

TEST(Coordinator, CO_22_StoppedIsACleanStop) {
  Coordinator coordinator;
  coordinator.request_stop(error_of(StatusCode::stopped, "stop"));
  EXPECT_NO_THROW(coordinator.join());
  EXPECT_TRUE(coordinator.should_stop());
}

TEST(Coordinator, CO_24_StragglersAreForgottenByJoin) {
  Coordinator coordinator;
  const auto straggler = coordinator.register_thread("straggler");
  coordinator.request_stop();
  EXPECT_THROW(coordinator.join(1'000'000), StatusError);
  EXPECT_EQ(coordinator.live_threads(), 0U);
  EXPECT_NO_THROW(coordinator.join(0));
}

TEST(Coordinator, CO_26_JoinReturnsSoonAfterThreadsHaveEnded) {
  Coordinator coordinator;
  coordinator.start_thread("one", [] { std::this_thread::sleep_for(20ms); });
  const auto start = std::chrono::steady_clock::now();
  coordinator.join();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 900ms);
  EXPECT_FALSE(coordinator.should_stop());
}

TEST(Coordinator, CO_28_WhateverLeavesTheScopeIsReported) {
  Coordinator coordinator;
  coordinator.stop_on_exception([] { throw 42; });
  EXPECT_TRUE(coordinator.should_stop());
  EXPECT_EQ(thrown_by([&] { coordinator.join(); }).code(), StatusCode::unknown);
}

TEST(Coordinator, CO_31_ThreadRegisteredDuringJoinIsNotWaitedFor) {
  Coordinator coordinator;
  auto early = coordinator.register_thread("early");
  std::atomic<bool> joined{false};
  std::thread joiner([&] {
    coordinator.join();
    joined.store(true);
  });
  std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(joined.load());
  const auto late = coordinator.register_thread("late");
  early.done();
  joiner.join();
  EXPECT_EQ(coordinator.live_threads(), 1U);  // still registered, for the next join
}

TEST(Coordinator, JoinWithoutThreadsReturnsAtOnce) {
  Coordinator coordinator;
  EXPECT_FALSE(coordinator.joined());
  coordinator.join();
  EXPECT_TRUE(coordinator.joined());
  EXPECT_FALSE(coordinator.should_stop());
}

TEST(Coordinator, ErrorWinsOverStragglersAndIsThrownAgain) {
  Coordinator coordinator;
  const auto straggler = coordinator.register_thread("straggler");
  coordinator.request_stop(error_of(StatusCode::data_loss, "bad"));
  EXPECT_EQ(thrown_by([&] { coordinator.join(0); }).code(), StatusCode::data_loss);
  EXPECT_EQ(thrown_by([&] { coordinator.join(0); }).code(), StatusCode::data_loss);
  EXPECT_EQ(thrown_by([&] { coordinator.raise_requested_exception(); }).code(), StatusCode::data_loss);
  EXPECT_EQ(thrown_by([&] { coordinator.raise_requested_exception(); }).code(), StatusCode::data_loss);
}

TEST(Coordinator, WaitForStopTellsStopFromTimeout) {
  Coordinator coordinator;
  EXPECT_FALSE(coordinator.wait_for_stop(0));
  EXPECT_FALSE(coordinator.wait_for_stop(1'000'000));
  coordinator.start_thread("asker", [&] { coordinator.request_stop(); });
  EXPECT_TRUE(coordinator.wait_for_stop());
  EXPECT_TRUE(coordinator.wait_for_stop(0));
  coordinator.join();
}

TEST(Coordinator, ClearedCoordinatorHasAFreshStopState) {
  Coordinator coordinator;
  const auto registered = coordinator.register_thread("one");
  coordinator.request_stop(error_of(StatusCode::internal, "X"));
  const std::shared_ptr<StopState>& former = coordinator.stop_state();
  EXPECT_TRUE(former->requested());
  coordinator.clear_stop();
  EXPECT_TRUE(former->requested());
  EXPECT_FALSE(coordinator.stop_state()->requested());
  EXPECT_FALSE(coordinator.should_stop());
  EXPECT_FALSE(coordinator.error());
  EXPECT_EQ(coordinator.live_threads(), 1U);
  EXPECT_FALSE(coordinator.wait_for_stop(0));
}

TEST(Coordinator, SharedStopStateGetsTheRequest) {
  Coordinator::Options options;
  options.stop = std::make_shared<StopState>();
  const std::shared_ptr<StopState> stop = options.stop;
  Coordinator coordinator(std::move(options));
  EXPECT_EQ(coordinator.stop_state(), stop);
  coordinator.start_thread("loader", [] { throw StatusError(StatusCode::data_loss, "bad record"); });
  EXPECT_THROW(coordinator.join(), StatusError);
  EXPECT_TRUE(stop->requested());
  EXPECT_EQ(stop->first().origin, StopOrigin::coordinator);
  EXPECT_EQ(stop->first().who(), "loader");
  EXPECT_EQ(stop->first().code, static_cast<std::int32_t>(StatusCode::data_loss));
  EXPECT_EQ(stop->first().text(), "bad record");
  const Error error = thrown_by([&] { coordinator.clear_stop(); });
  EXPECT_EQ(error.code(), StatusCode::failed_precondition);
  EXPECT_EQ(coordinator.error().code(), StatusCode::data_loss);  // nothing was cleared
}

TEST(Coordinator, RequestFromAThreadOfTheCallerNamesTheCoordinator) {
  Coordinator coordinator;
  coordinator.request_stop();
  EXPECT_EQ(coordinator.stop_state()->first().who(), "coordinator");
  EXPECT_EQ(coordinator.stop_state()->first().code, 0);
}

TEST(Coordinator, StopSourceOnACoordinatedThreadTellsTheThread) {
  Coordinator coordinator;
  const StopSource source;
  coordinator.start_thread("watcher", [&] { source.request_stop(); });
  coordinator.join();
  EXPECT_EQ(source.state()->first().who(), "watcher");
}

TEST(Coordinator, StopOfTheSharedStateStopsTheCoordinator) {
  Coordinator::Options options;
  options.stop = std::make_shared<StopState>();
  const StopSource source(options.stop);
  Coordinator coordinator(std::move(options));
  coordinator.start_thread("one", [&] { EXPECT_TRUE(coordinator.wait_for_stop()); });
  EXPECT_FALSE(coordinator.should_stop());
  source.request_stop();
  EXPECT_TRUE(coordinator.should_stop());
  EXPECT_NO_THROW(coordinator.join());
}

TEST(Coordinator, RecoverableErrorStopsOnlyThisCoordinator) {
  Coordinator::Options options;
  options.stop = std::make_shared<StopState>();
  options.is_recoverable = [](const Error& e) { return e.code() == StatusCode::aborted; };
  const std::shared_ptr<StopState> stop = options.stop;
  Coordinator coordinator(std::move(options));
  coordinator.start_thread("waiter", [&] { EXPECT_TRUE(coordinator.wait_for_stop()); });
  coordinator.start_thread("failing", [] { throw StatusError(StatusCode::aborted, "lost"); });
  EXPECT_EQ(thrown_by([&] { coordinator.join(); }).code(), StatusCode::aborted);
  EXPECT_TRUE(coordinator.should_stop());
  EXPECT_FALSE(stop->requested());
  coordinator.clear_stop();
  EXPECT_FALSE(coordinator.should_stop());
}

TEST(Coordinator, ClassifierThatThrowsMakesTheErrorFatal) {
  Coordinator::Options options;
  options.is_recoverable = [](const Error&) -> bool { throw std::runtime_error("classifier"); };
  Coordinator coordinator(std::move(options));
  coordinator.request_stop(error_of(StatusCode::aborted, "lost"));
  EXPECT_TRUE(coordinator.stop_state()->requested());
  const Error error = coordinator.error();
  EXPECT_EQ(error.code(), StatusCode::aborted);
  ASSERT_EQ(error.suppressed_count(), 1u);
  EXPECT_EQ(error.suppressed(0).message(), "classifier");
  EXPECT_EQ(error.suppressed(0).callback(), "classify");
}

TEST(Coordinator, ThreadStartsWithAllSignalsBlocked) {
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  Coordinator coordinator;
  coordinator.start_thread("a name that is longer than the kernel's", [] {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    EXPECT_EQ(sigismember(&mask, SIGINT), 1);
    EXPECT_EQ(sigismember(&mask, SIGTERM), 1);
    EXPECT_EQ(sigismember(&mask, SIGUSR1), 1);
  });
  coordinator.join();
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&after, SIGINT), sigismember(&before, SIGINT));
}

TEST(Coordinator, ThreadWithoutFunctionIsRefused) {
  Coordinator coordinator;
  EXPECT_EQ(thrown_by([&] { coordinator.start_thread("none", {}); }).code(), StatusCode::invalid_argument);
  EXPECT_EQ(coordinator.live_threads(), 0U);
}

TEST(Coordinator, BodyIsDestroyedBeforeTheThreadCountsAsDone) {
  auto token = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = token;
  Coordinator coordinator;
  coordinator.start_thread("one", [token = std::move(token)] { EXPECT_EQ(*token, 1); });
  coordinator.join();
  EXPECT_TRUE(watched.expired());
}

TEST(Coordinator, DroppingTheLastHandleNeitherBlocksNorEndsTheProgram) {
  auto gate = std::make_shared<Gate>();
  std::promise<void> ended;
  std::future<void> end = ended.get_future();
  {
    Coordinator coordinator;
    coordinator.start_thread("outliving", [gate, &ended] {
      gate->pass();
      ended.set_value();
    });
  }
  gate->open();
  end.wait();
  std::this_thread::sleep_for(5ms);  // lets it leave, so that sanitizers see the last of it
}

TEST(Coordinator, ThreadMayHoldItsOwnCoordinator) {
  std::promise<void> ended;
  std::future<void> end = ended.get_future();
  {
    Coordinator coordinator;
    coordinator.start_thread("own", [coordinator, &ended] {
      EXPECT_TRUE(coordinator.wait_for_stop());
      ended.set_value();
    });
    coordinator.request_stop();
  }
  end.wait();
  std::this_thread::sleep_for(5ms);
}

TEST(Coordinator, ThreadThatWaitsForItsOwnCoordinatorIsNoStraggler) {
  Coordinator coordinator;
  const CoordinatedThread straggler = coordinator.register_thread("straggler");
  std::promise<std::vector<std::string>> waited;
  std::promise<std::vector<std::string>> joined;
  coordinator.start_thread("closer", [coordinator, &waited, &joined]() mutable {
    coordinator.request_stop();
    waited.set_value(coordinator.wait_for_threads(0));
    joined.set_value(coordinator.join());
  });
  EXPECT_EQ(waited.get_future().get(), std::vector<std::string>{"straggler"});
  EXPECT_TRUE(joined.get_future().get().empty());
  EXPECT_TRUE(coordinator.join().empty());
  EXPECT_EQ(coordinator.live_threads(), 0U);
}

TEST(Coordinator, StragglerThatFailsAfterJoinIsRecorded) {
  Coordinator coordinator;
  auto gate = std::make_shared<Gate>();
  coordinator.start_thread("late", [gate] {
    gate->pass();
    throw StatusError(StatusCode::internal, "late failure");
  });
  coordinator.request_stop();
  EXPECT_EQ(coordinator.join(0, true), std::vector<std::string>{"late"});
  gate->open();
  while (!coordinator.error()) std::this_thread::yield();
  EXPECT_EQ(coordinator.error().message(), "late failure");
  std::this_thread::sleep_for(5ms);
}

TEST(Coordinator, FinishedThreadsAreJoinedWhenOthersStart) {
  Coordinator coordinator;
  std::atomic<int> ran{0};
  for (int i = 0; i < 200; ++i) coordinator.start_thread("one", [&] { ran.fetch_add(1); });
  coordinator.join();
  EXPECT_EQ(ran.load(), 200);
}

TEST(Coordinator, RegistrationMoves) {
  Coordinator coordinator;
  CoordinatedThread a = coordinator.register_thread("a");
  CoordinatedThread b = std::move(a);
  EXPECT_EQ(coordinator.live_threads(), 1U);
  b = coordinator.register_thread("b");  // the former one is done
  EXPECT_EQ(coordinator.live_threads(), 1U);
  a = std::move(b);
  a.done();
  EXPECT_EQ(coordinator.live_threads(), 0U);
}

TEST(Coordinator, RegistrationMayOutliveTheCoordinator) {
  CoordinatedThread registered;
  {
    Coordinator coordinator;
    registered = coordinator.register_thread("a");
  }
  registered.done();
}

TEST(Coordinator, CopiesShareOneState) {
  Coordinator coordinator;
  const Coordinator copy = coordinator;  // NOLINT(performance-unnecessary-copy-initialization)
  EXPECT_TRUE(copy.same_as(coordinator));
  EXPECT_FALSE(Coordinator().same_as(coordinator));
  coordinator.request_stop();
  EXPECT_TRUE(copy.should_stop());
}

TEST(Coordinator, ConcurrentUseIsSafe) {
  Coordinator coordinator;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&coordinator, t] {
      for (int i = 0; i < 50; ++i) {
        const auto registered = coordinator.register_thread("registered");
        coordinator.start_thread("started", [&coordinator, t] {
          if (t == 1) coordinator.request_stop(error_of(StatusCode::internal, "one of many"));
        });
        coordinator.should_stop();
        coordinator.wait_for_stop(0);
        static_cast<void>(coordinator.error());
        if (t == 2) coordinator.clear_stop();
      }
    });
  }
  coordinator.stop_on_exception([&] { coordinator.join(0, true); });
  for (std::thread& thread : threads) thread.join();
  coordinator.stop_on_exception([&] { coordinator.join(1'000'000'000, true); });
  EXPECT_EQ(coordinator.live_threads(), 0U);
}

TEST(Looper, LT_02_CallbacksAreCalledInOrder) {
  Coordinator coordinator;
  std::vector<std::string> trace;
  start_looper(coordinator, "looper", 0,
               {[&] { trace.emplace_back("start"); },
                [&] {
                  trace.emplace_back("run");
                  if (trace.size() == 4) coordinator.request_stop();
                },
                [&] { trace.emplace_back("stop"); }});
  coordinator.join();
  EXPECT_EQ(trace, (std::vector<std::string>{"start", "run", "run", "run", "stop"}));
}

TEST(Looper, LT_03_IntervalIsKept) {
  Coordinator coordinator;
  std::atomic<int> calls{0};
  const auto start = std::chrono::steady_clock::now();
  start_looper(coordinator, "looper", 5'000'000,
               {{},
                [&] {
                  if (calls.fetch_add(1) == 3) coordinator.request_stop();
                },
                {}});
  coordinator.join();
  EXPECT_EQ(calls.load(), 4);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 15ms);
}

TEST(Looper, MissedTicksAreCaughtUp) {
  Coordinator coordinator;
  std::vector<std::chrono::steady_clock::time_point> times;
  start_looper(coordinator, "looper", 10'000'000,
               {{},
                [&] {
                  times.push_back(std::chrono::steady_clock::now());
                  if (times.size() == 1) std::this_thread::sleep_for(35ms);
                  if (times.size() == 4) coordinator.request_stop();
                },
                {}});
  coordinator.join();
  ASSERT_EQ(times.size(), 4U);
  EXPECT_LT(times[3] - times[1], 20ms);
}

TEST(Looper, StopEndsTheWaitForTheNextTick) {
  Coordinator coordinator;
  std::atomic<int> calls{0};
  start_looper(coordinator, "looper", 3'600'000'000'000, {{}, [&] { calls.fetch_add(1); }, {}});
  while (calls.load() == 0) std::this_thread::yield();
  coordinator.request_stop();
  coordinator.join();
  EXPECT_EQ(calls.load(), 1);
}

TEST(Looper, NothingIsRunOnceStopped) {
  Coordinator coordinator;
  coordinator.request_stop();
  std::vector<std::string> trace;
  start_looper(
      coordinator, "looper", 1,
      {[&] { trace.emplace_back("start"); }, [&] { trace.emplace_back("run"); }, [&] { trace.emplace_back("stop"); }});
  coordinator.join();
  EXPECT_EQ(trace, (std::vector<std::string>{"start", "stop"}));
}

TEST(Looper, LT_04_BadArgumentsAreRefused) {
  Coordinator coordinator;
  EXPECT_EQ(thrown_by([&] { start_looper(coordinator, "x", 0, {}); }).code(), StatusCode::invalid_argument);
  EXPECT_EQ(thrown_by([&] {
              start_looper(coordinator, "x", -1, {{}, [] {}, {}});
            }).code(),
            StatusCode::invalid_argument);
}

TEST(Looper, LT_05_FailureEndsTheLoopAndIsThrownByJoin) {
  Coordinator coordinator;
  int calls = 0;
  int stops = 0;
  start_looper(coordinator, "looper", 0,
               {{},
                [&] {
                  if (++calls == 3) throw StatusError(StatusCode::internal, "third");
                },
                [&] {
                  ++stops;
                  EXPECT_TRUE(coordinator.should_stop());
                  throw StatusError(StatusCode::unknown, "stop_loop");
                }});
  const Error error = thrown_by([&] { coordinator.join(); });
  EXPECT_EQ(error.message(), "third");
  ASSERT_EQ(error.suppressed_count(), 1U);
  EXPECT_EQ(error.suppressed(0).message(), "stop_loop");
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(stops, 1);
}

}  // namespace
}  // namespace runhook
