// Urgent stops, which cancel the step in progress.
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "quiet_config.hpp"
#include "thread_group.hpp"

namespace {

using namespace runhook_test;

class Cancel : public NoHandlesLeft {};

// An engine whose step lasts until it is cancelled.
class Blocking {
 public:
  std::latch running{1};
  std::atomic<int> cancelled{0};
  std::atomic<int> cancelled_too_late{0};
  std::atomic<int> closed{0};
  std::atomic<int> destroyed{0};
  bool blocks = true;

  runhook_session_table table() {
    runhook_session_table table = RUNHOOK_SESSION_TABLE_INIT;
    table.user_data = this;
    table.destroy = [](void* user_data) { ++self(user_data).destroyed; };
    table.resolve = [](runhook_context* context, void*, int32_t) -> int32_t {
      return runhook_context_fail(context, RUNHOOK_ERR_NOT_FOUND, nullptr);
    };
    table.run = [](runhook_context* context, void* user_data, int32_t ok) -> int32_t {
      return answer(self(user_data).run(context), ok);
    };
    table.cancel = [](void* user_data) { self(user_data).cancel(); };
    table.close = [](runhook_context*, void* user_data, int32_t ok) -> int32_t {
      ++self(user_data).closed;
      return ok;
    };
    return table;
  }

 private:
  static Blocking& self(void* user_data) { return *static_cast<Blocking*>(user_data); }
  int32_t run(runhook_context* context) {
    if (!blocks) return kOk;
    std::unique_lock lock(mutex_);
    if (!std::exchange(told_, true)) running.count_down();
    changed_.wait(lock, [&] { return runhook_context_cancel_requested(context) == 1; });
    return runhook_context_fail(context, RUNHOOK_ERR_CANCELLED, "cancelled");
  }
  void cancel() {
    const std::lock_guard lock(mutex_);
    ++cancelled;
    if (closed != 0 || destroyed != 0) ++cancelled_too_late;
    changed_.notify_all();
  }

  bool told_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
};

// A monitored session over one engine.
struct EngineLoop {
  explicit EngineLoop(Blocking& engine) {
    const auto table = engine.table();
    raw = runhook_session_create(&table, nullptr);
    runhook_config_set_session(config, raw, nullptr);
    runhook_test::quieten(config);
    session = runhook_monitored_session_create(config, nullptr);
    source = runhook_monitored_session_stop_source(session, nullptr);
  }
  EngineLoop(const EngineLoop&) = delete;
  EngineLoop& operator=(const EngineLoop&) = delete;
  ~EngineLoop() {
    runhook_monitored_session_destroy(session);
    runhook_config_destroy(config);
    runhook_session_destroy(raw);
    runhook_stop_source_destroy(source);
  }
  runhook_config* config = runhook_config_create(nullptr);
  runhook_session* raw = nullptr;
  runhook_monitored_session* session = nullptr;
  runhook_stop_source* source = nullptr;
};

TEST_F(Cancel, UrgentStopEndsTheStepOfAnEngine) {
  for (int i = 0; i < 50; ++i) {
    Blocking engine;
    {
      EngineLoop loop(engine);
      ASSERT_NE(loop.session, nullptr);
      std::thread poster([&] {
        engine.running.wait();
        EXPECT_EQ(runhook_stop_source_request_stop(loop.source, 3, "now", RUNHOOK_STOP_NOW), 1);
      });
      Caught error;
      EXPECT_EQ(runhook_monitored_session_run(loop.session, nullptr, nullptr, error.out()), RUNHOOK_ERR_STOPPED)
          << error.message();
      poster.join();
      EXPECT_EQ(engine.cancelled, 1);
      EXPECT_EQ(runhook_monitored_session_close(loop.session, nullptr), RUNHOOK_OK);
      runhook_outcome* outcome = runhook_monitored_session_outcome(loop.session, nullptr);
      EXPECT_EQ(runhook_outcome_kind(outcome), RUNHOOK_OUTCOME_STOPPED);
      runhook_outcome_destroy(outcome);
    }
    EXPECT_EQ(engine.closed, 1);
    EXPECT_EQ(engine.destroyed, 1);
    if (HasFailure()) break;
  }
}

TEST_F(Cancel, UrgentStopIsNotLostBetweenSteps) {
  for (int i = 0; i < 100; ++i) {
    Blocking engine;
    EngineLoop loop(engine);
    ThreadGroup group(1, [&](int) {
      for (int k = 0; k < i % 5; ++k) std::this_thread::yield();
      runhook_stop_source_request_stop(loop.source, 0, nullptr, RUNHOOK_STOP_NOW);
    });
    group.go();
    // Whether it comes before, at the start of or in the step: it must not be waited for ever.
    EXPECT_EQ(runhook_monitored_session_run(loop.session, nullptr, nullptr, nullptr), RUNHOOK_ERR_STOPPED);
    group.join();
    if (HasFailure()) break;
  }
}

TEST_F(Cancel, StopAfterTheStepDoesNotCancelButALaterUrgentOneDoes) {
  Blocking engine;
  EngineLoop loop(engine);
  std::thread poster([&] {
    engine.running.wait();
    EXPECT_EQ(runhook_stop_source_request_stop(loop.source, 1, nullptr, RUNHOOK_STOP_AFTER_STEP), 1);
    EXPECT_EQ(engine.cancelled, 0);
    EXPECT_EQ(runhook_stop_source_request_stop(loop.source, 2, nullptr, RUNHOOK_STOP_NOW), 0);
  });
  EXPECT_EQ(runhook_monitored_session_run(loop.session, nullptr, nullptr, nullptr), RUNHOOK_ERR_STOPPED);
  poster.join();
  EXPECT_EQ(engine.cancelled, 1);
  EXPECT_EQ(reason_at(loop.source, 0).code, 1);
}

TEST_F(Cancel, UrgentStopsThatMeetCloseNeverReachAnEngineThatIsGone) {
  for (int i = 0; i < 60; ++i) {
    Blocking engine;
    engine.blocks = false;
    {
      EngineLoop loop(engine);
      EXPECT_EQ(runhook_monitored_session_run(loop.session, nullptr, nullptr, nullptr), RUNHOOK_OK);
      ThreadGroup group(3, [&](int thread) {
        for (int k = 0; k < 3 + thread; ++k) {
          runhook_stop_source_request_stop(loop.source, thread, nullptr, RUNHOOK_STOP_NOW);
          std::this_thread::yield();
        }
      });
      group.go();
      for (int k = 0; k < i % 5; ++k) std::this_thread::yield();
      if (i % 2 == 0) {
        EXPECT_EQ(runhook_monitored_session_close(loop.session, nullptr), RUNHOOK_OK);
      } else {
        runhook_monitored_session_destroy(std::exchange(loop.session, nullptr));
        runhook_config_destroy(std::exchange(loop.config, nullptr));
        runhook_session_destroy(std::exchange(loop.raw, nullptr));
        EXPECT_EQ(engine.destroyed, 1);
      }
      group.join();
    }
    EXPECT_EQ(engine.cancelled_too_late, 0);
    EXPECT_EQ(engine.closed, 1);
    EXPECT_EQ(engine.destroyed, 1);
    if (HasFailure()) break;
  }
}

TEST_F(Cancel, SessionMayBeCancelledDirectly) {
  Blocking engine;
  EngineLoop loop(engine);
  std::thread canceller([&] {
    engine.running.wait();
    runhook_session_cancel(loop.raw);
  });
  EXPECT_EQ(runhook_monitored_session_run(loop.session, nullptr, nullptr, nullptr), RUNHOOK_ERR_CANCELLED);
  canceller.join();
  EXPECT_EQ(runhook_stop_source_stop_requested(loop.source), 0);
}

// A kernel that works until it is cancelled.
struct Endless {
  std::atomic<int> calls{0};
};

int32_t endless(runhook_context* context, void* user_data, int32_t ok) {
  ++static_cast<Endless*>(user_data)->calls;
  while (runhook_context_cancel_requested(context) == 0) std::this_thread::yield();
  return ok;  // a kernel that notices may simply return
}

int32_t count_call(runhook_context*, void* user_data, int32_t ok) {
  ++*static_cast<std::atomic<int>*>(user_data);
  return ok;
}

TEST_F(Cancel, UrgentStopEndsTheStepOfAGraph) {
  for (int i = 0; i < 25; ++i) {
    Endless work;
    std::atomic<int> after{0};
    runhook_graph* graph = runhook_graph_create(nullptr);
    runhook_node node = RUNHOOK_NODE_INIT;
    node.user_data = &work;
    node.name = "work";
    node.kernel = endless;
    ASSERT_EQ(runhook_graph_add_node(graph, &node, nullptr), RUNHOOK_OK);
    const char* const first[] = {"work"};
    runhook_node last = RUNHOOK_NODE_INIT;
    last.user_data = &after;
    last.name = "last";
    last.kernel = count_call;
    last.after = first;
    last.after_count = 1;
    ASSERT_EQ(runhook_graph_add_node(graph, &last, nullptr), RUNHOOK_OK);
    const char* const both[] = {"work", "last"};
    ASSERT_EQ(runhook_graph_add_global_step(graph, "global_step", nullptr), RUNHOOK_OK);
    ASSERT_EQ(runhook_graph_add_increment(graph, "train", both, 2, 1, nullptr), RUNHOOK_OK);

    runhook_config* config = runhook_config_create(nullptr);
    ASSERT_EQ(runhook_config_set_graph(config, graph, nullptr), RUNHOOK_OK);
    runhook_test::quieten(config);
    runhook_monitored_session* session = runhook_monitored_session_create(config, nullptr);
    ASSERT_NE(session, nullptr);
    runhook_stop_source* source = runhook_monitored_session_stop_source(session, nullptr);
    runhook_run_args* args = runhook_run_args_create(nullptr);
    ASSERT_EQ(runhook_run_args_add_fetch(args, nullptr, "train", nullptr), RUNHOOK_OK);

    std::thread poster([&] {
      while (work.calls == 0) std::this_thread::yield();
      EXPECT_EQ(runhook_stop_source_request_stop(source, 0, nullptr, RUNHOOK_STOP_NOW), 1);
    });
    EXPECT_EQ(runhook_monitored_session_run(session, args, nullptr, nullptr), RUNHOOK_ERR_STOPPED);
    poster.join();
    EXPECT_EQ(work.calls, 1);
    EXPECT_EQ(after, 0) << "nodes after the cancelled one ran";
    EXPECT_EQ(runhook_monitored_session_global_step(session), 0);

    runhook_run_args_destroy(args);
    runhook_stop_source_destroy(source);
    runhook_monitored_session_destroy(session);
    runhook_config_destroy(config);
    runhook_graph_destroy(graph);
    if (HasFailure()) break;
  }
}

TEST_F(Cancel, UrgentStopEndsARecoveryThatGoesOnAndOn) {
  Loop loop;
  runhook_recovery_policy policy = RUNHOOK_RECOVERY_POLICY_INIT;
  policy.max_attempts = 1'000'000'000;
  policy.initial_backoff_ns = 60 * kSecond;
  policy.max_backoff_ns = 60 * kSecond;
  policy.jitter = -1;
  ASSERT_EQ(runhook_config_set_recovery(loop.config, &policy, nullptr), RUNHOOK_OK);
  std::latch failed(1);
  loop.step = [&](runhook_context* context) {
    failed.count_down();
    return runhook_context_fail(context, RUNHOOK_ERR_UNAVAILABLE, "never there");
  };
  ASSERT_TRUE(loop.start());
  runhook_stop_source* source = runhook_monitored_session_stop_source(loop.session, nullptr);
  std::thread poster([&] {
    failed.wait();
    sleep_ms(20);
    runhook_stop_source_request_stop(source, 0, nullptr, RUNHOOK_STOP_NOW);
  });
  const Stopwatch watch;
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_STOPPED) << loop.error.message();
  EXPECT_LT(watch.ns(), 10 * kSecond) << "the wait between attempts went on";
  poster.join();
  runhook_stop_source_destroy(source);
}

}  // namespace
