// A monitored session that other threads and callbacks use, close and destroy.
#include <atomic>

#include "thread_group.hpp"

namespace {

using namespace runhook_test;

class Destroy : public NoHandlesLeft {};

TEST_F(Destroy, DuringARunTakesEffectWhenItReturns) {
  for (int i = 0; i < 50; ++i) {
    ScriptedHook hook;
    {
      Loop loop;
      std::latch running(1), destroyed(1);
      std::thread::id cleaned_by;
      loop.step = [&](runhook_context*) {
        running.count_down();
        destroyed.wait();
        return kOk;
      };
      hook.on["after_run"] = [&](runhook_context*) {
        EXPECT_EQ(hook.count("cleanup"), 0);
        return kOk;
      };
      hook.on["cleanup"] = [&](runhook_context*) {
        cleaned_by = std::this_thread::get_id();
        return kOk;
      };
      ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
      ASSERT_TRUE(loop.start());
      std::thread runner([&] {
        int64_t completed = 0;
        EXPECT_EQ(runhook_monitored_session_run_until_stop(loop.session, nullptr, 0, &completed, nullptr), RUNHOOK_OK);
        EXPECT_EQ(completed, 1);
        EXPECT_EQ(hook.count("end"), 1);
        EXPECT_EQ(hook.count("cleanup"), 1) << "the call has returned";
        EXPECT_EQ(cleaned_by, std::this_thread::get_id());
      });
      running.wait();
      runhook_monitored_session_destroy(loop.session);
      EXPECT_EQ(runhook_monitored_session_closed(loop.session), 1) << "the handle is not valid any more";
      EXPECT_EQ(runhook_monitored_session_run(loop.session, nullptr, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
      destroyed.count_down();
      runner.join();
    }
    EXPECT_EQ(hook.destroyed, 1);
    if (HasFailure()) break;
  }
}

TEST_F(Destroy, AsACallReturnsHappensOnce) {
  for (int i = 0; i < 200; ++i) {
    ScriptedHook hook;
    {
      Loop loop;
      std::latch running(1);
      hook.on["before_run"] = [&](runhook_context*) {
        if (hook.count("before_run") == 1) running.count_down();
        return kOk;
      };
      ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
      ASSERT_TRUE(loop.start());
      runhook_monitored_session* const session = loop.session;
      std::thread runner([session, i] {
        EXPECT_EQ(runhook_monitored_session_run_until_stop(session, nullptr, 1 + i % 20, nullptr, nullptr), RUNHOOK_OK);
      });
      running.wait();
      for (int k = 0; k < i % 7; ++k) std::this_thread::yield();
      runhook_monitored_session_destroy(session);
      runner.join();
    }
    EXPECT_EQ(hook.count("end"), 1);
    EXPECT_EQ(hook.count("cleanup"), 1);
    EXPECT_EQ(hook.destroyed, 1);
    if (HasFailure()) break;
  }
}

TEST_F(Destroy, BetweenTwoStepsIsNoFailureOfTheCall) {
  runhook_run_args* const args = runhook_run_args_create(nullptr);
  ASSERT_EQ(runhook_run_args_add_fetch(args, nullptr, "y", nullptr), RUNHOOK_OK);  // so that each step is looked at
  for (int i = 0; i < 500; ++i) {
    Loop loop;
    std::atomic<bool> running{false};
    const Callback step = loop.step;
    loop.step = [&](runhook_context* context) {
      running = true;
      return step(context);
    };
    ASSERT_TRUE(loop.start());
    std::thread runner([session = loop.session, args] {
      EXPECT_EQ(runhook_monitored_session_run_until_stop(session, args, 0, nullptr, nullptr), RUNHOOK_OK);
    });
    while (!running) std::this_thread::yield();
    runhook_monitored_session_destroy(loop.session);
    runner.join();
    if (HasFailure()) break;
  }
  runhook_run_args_destroy(args);
}

TEST_F(Destroy, DuringARunThatLendsThings) {
  for (int i = 0; i < 100; ++i) {
    ScriptedHook hook;
    {
      Loop loop;
      std::latch running(1);
      hook.on["after_run"] = [&](runhook_context* context) {
        EXPECT_NE(runhook_context_results(context), nullptr);
        EXPECT_NE(runhook_context_original_args(context), nullptr);
        if (hook.count("after_run") == 1) running.count_down();
        return kOk;
      };
      ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
      ASSERT_TRUE(loop.start());
      runhook_monitored_session* const session = loop.session;
      std::thread runner([session, i] {
        EXPECT_EQ(runhook_monitored_session_run_until_stop(session, nullptr, 1 + i % 4, nullptr, nullptr), RUNHOOK_OK);
      });
      running.wait();
      runhook_monitored_session_destroy(session);
      runner.join();
    }
    EXPECT_EQ(hook.count("cleanup"), 1);
    EXPECT_EQ(hook.destroyed, 1);
    if (HasFailure()) break;
  }
}

TEST_F(Destroy, FromEveryCallbackEndsTheSessionOnce) {
  for (const char* const callback : {"before_run", "after_run", "on_error", "end", "cleanup"}) {
    ScriptedHook hook;
    {
      Loop loop;
      const bool fails = std::string(callback) == "on_error";
      if (fails) {
        loop.step = [](runhook_context* context) {
          return runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "lost");
        };
      }
      hook.on[callback] = [&](runhook_context*) {
        runhook_monitored_session_destroy(loop.session);
        return kOk;
      };
      ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
      ASSERT_TRUE(loop.start());
      std::thread([&] {
        EXPECT_EQ(loop.run(), fails ? RUNHOOK_ERR_DATA_LOSS : RUNHOOK_OK) << callback;
        runhook_monitored_session_close(loop.session, nullptr);
      }).join();
    }
    EXPECT_EQ(hook.count("end"), std::string(callback) == "on_error" ? 0 : 1) << callback;
    EXPECT_EQ(hook.count("cleanup"), 1) << callback;
    EXPECT_EQ(hook.destroyed, 1) << callback;
  }
}

TEST_F(Destroy, DuringARunThatFailsKeepsTheErrorOfTheRun) {
  ScriptedHook hook;
  Loop loop;
  loop.step = [&](runhook_context* context) {
    std::thread([&] { runhook_monitored_session_destroy(loop.session); }).join();
    return runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "lost");
  };
  hook.on["cleanup"] = [](runhook_context* context) {
    runhook_outcome* outcome = const_cast<runhook_outcome*>(runhook_context_outcome(context));
    EXPECT_EQ(runhook_outcome_kind(outcome), RUNHOOK_OUTCOME_FAILED);
    EXPECT_EQ(runhook_error_code(runhook_outcome_error(outcome)), RUNHOOK_ERR_DATA_LOSS)
        << runhook_outcome_to_string(outcome);
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_DATA_LOSS);
  EXPECT_EQ(hook.count("end"), 0);
  EXPECT_EQ(hook.count("cleanup"), 1);
}

TEST_F(Destroy, ByAnotherThreadDuringCreationUnwinds) {
  for (int i = 0; i < 60; ++i) {
    ScriptedHook hook;
    std::atomic<runhook_monitored_session*> session{nullptr};
    std::thread destroyer;
    {
      Loop loop;
      const bool fails = i % 2 != 0;
      const Callback create = loop.create;
      loop.create = [&](runhook_context* context) {
        return fails ? runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "lost") : create(context);
      };
      std::latch known(1);
      destroyer = std::thread([&] {
        known.wait();
        for (int k = 0; k < i / 4; ++k) std::this_thread::yield();
        runhook_monitored_session_destroy(session);
      });
      hook.on["begin"] = [&](runhook_context* context) {
        session = runhook_context_monitored_session(context);
        known.count_down();
        return kOk;
      };
      ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
      // Whether the session was there already when it was destroyed, nobody can tell.
      if (!loop.start()) {
        EXPECT_EQ(loop.error.code(), fails ? RUNHOOK_ERR_DATA_LOSS : RUNHOOK_ERR_CLOSED);
      }
      EXPECT_FALSE(fails && loop.session != nullptr);
      destroyer.join();
      EXPECT_EQ(hook.count("cleanup"), 1);
    }
    EXPECT_EQ(hook.destroyed, 1);
    if (HasFailure()) break;
  }
}

// Whatever any thread may ask of a session, and what one may hold of it.
void ask_everything(const runhook_monitored_session* session) {
  runhook_monitored_session_should_stop(session);
  runhook_monitored_session_closed(session);
  runhook_monitored_session_global_step(session);
  runhook_monitored_session_request_save(session, nullptr);
  runhook_monitored_session_request_stop(session, 1, "enough", RUNHOOK_STOP_NOW);
  runhook_outcome_destroy(runhook_monitored_session_outcome(session, nullptr));
  runhook_timings_destroy(runhook_monitored_session_timings(session, nullptr));
  runhook_stop_source_destroy(runhook_monitored_session_stop_source(session, nullptr));
  runhook_session_destroy(runhook_monitored_session_session(session, nullptr));
  runhook_coordinator_destroy(runhook_monitored_session_coordinator(session, nullptr));
}

TEST_F(Destroy, WhileOthersReadWaitsForThem) {
  constexpr int kReaders = 2;
  for (int i = 0; i < 40; ++i) {
    ScriptedHook hook;
    std::thread::id cleaned_by;
    hook.on["cleanup"] = [&](runhook_context*) {
      cleaned_by = std::this_thread::get_id();
      return kOk;
    };
    {
      Loop loop;
      ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
      ASSERT_TRUE(loop.start());
      std::atomic<bool> over{false};
      std::latch reading(kReaders);
      ThreadGroup readers(kReaders, [&](int) {
        for (bool told = false; !over; told = true) {
          ask_everything(loop.session);
          if (!told) reading.count_down();
        }
      });
      readers.go();
      reading.wait();
      for (int k = 0; k < i % 7; ++k) std::this_thread::yield();
      runhook_monitored_session_destroy(loop.session);
      EXPECT_EQ(hook.count("cleanup"), 1) << "the session is gone when the call has returned";
      EXPECT_EQ(cleaned_by, std::this_thread::get_id());
      over = true;
    }
    if (HasFailure()) break;
  }
}

TEST_F(Destroy, SecondThreadIsBusy) {
  Loop loop;
  std::latch running(1), done(1);
  loop.step = [&](runhook_context*) {
    running.count_down();
    done.wait();
    return kOk;
  };
  ASSERT_EQ(runhook_config_set_stop_grace_period_ns(loop.config, 1, nullptr), RUNHOOK_OK);  // closing waits so long
  ASSERT_TRUE(loop.start());
  runhook_monitored_session* const session = loop.session;
  std::thread runner(
      [session] { EXPECT_EQ(runhook_monitored_session_run(session, nullptr, nullptr, nullptr), RUNHOOK_OK); });
  running.wait();
  all_at_once([session](int) {
    Callback body = [](runhook_context*) { return kOk; };
    const auto function = function_of(body);
    ScriptedHook hook;
    const auto table = hook.table();
    EXPECT_EQ(runhook_monitored_session_run(session, nullptr, nullptr, nullptr), RUNHOOK_ERR_BUSY);
    EXPECT_EQ(runhook_monitored_session_run_until_stop(session, nullptr, 1, nullptr, nullptr), RUNHOOK_ERR_BUSY);
    EXPECT_EQ(runhook_monitored_session_run_step_fn(session, &function, nullptr), RUNHOOK_ERR_BUSY);
    EXPECT_EQ(runhook_monitored_session_close(session, nullptr), RUNHOOK_ERR_BUSY);
    EXPECT_EQ(runhook_monitored_session_fail(session, RUNHOOK_ERR_INTERNAL, nullptr, nullptr), RUNHOOK_ERR_BUSY);
    EXPECT_EQ(runhook_monitored_session_clear_end_of_input(session, nullptr), RUNHOOK_ERR_BUSY);
    EXPECT_EQ(runhook_monitored_session_remove_hook(session, 1, nullptr), RUNHOOK_ERR_BUSY);
    EXPECT_EQ(runhook_monitored_session_add_hook(session, &table, nullptr, nullptr, nullptr), RUNHOOK_ERR_BUSY);
    EXPECT_EQ(hook.destroyed, 1);
    EXPECT_EQ(runhook_monitored_session_should_stop(session), 0);
    EXPECT_EQ(runhook_monitored_session_closed(session), 0);
    EXPECT_EQ(runhook_monitored_session_global_step(session), 0);
    runhook_outcome* outcome = runhook_monitored_session_outcome(session, nullptr);
    EXPECT_EQ(runhook_outcome_kind(outcome), RUNHOOK_OUTCOME_RUNNING);
    runhook_outcome_destroy(outcome);
  });
  done.count_down();
  runner.join();
  EXPECT_EQ(loop.close(), RUNHOOK_OK);
}

TEST_F(Destroy, CallsOfManyThreadsRunOneAtATime) {
  ScriptedHook hook;
  Loop loop;
  std::atomic<int> inside{0};
  loop.step = [&](runhook_context*) {
    EXPECT_EQ(inside.fetch_add(1), 0);
    std::this_thread::yield();
    inside.fetch_sub(1);
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  runhook_monitored_session* const session = loop.session;
  std::atomic<int> completed{0};
  all_at_once([&](int) {
    for (int k = 0; k < 200; ++k) {
      const auto status = runhook_monitored_session_run(session, nullptr, nullptr, nullptr);
      if (status == RUNHOOK_OK) {
        ++completed;
      } else {
        EXPECT_EQ(status, RUNHOOK_ERR_BUSY);
      }
    }
  });
  EXPECT_GT(completed, 0);
  EXPECT_EQ(hook.count("after_run"), completed);
  EXPECT_EQ(runhook_monitored_session_global_step(session), completed);
}

TEST_F(Destroy, CallbackMayNotComeBackWhateverThreadRuns) {
  ScriptedHook hook;
  Loop loop;
  hook.on["after_run"] = [&](runhook_context* context) {
    runhook_monitored_session* session = runhook_context_monitored_session(context);
    EXPECT_EQ(runhook_monitored_session_run(session, nullptr, nullptr, nullptr), RUNHOOK_ERR_REENTRANT);
    EXPECT_EQ(runhook_monitored_session_run_until_stop(session, nullptr, 1, nullptr, nullptr), RUNHOOK_ERR_REENTRANT);
    EXPECT_EQ(runhook_monitored_session_close(session, nullptr), RUNHOOK_ERR_REENTRANT);
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  for (int i = 0; i < 4; ++i) {
    std::thread([&] { EXPECT_EQ(loop.run(), RUNHOOK_OK); }).join();
  }
  std::thread([&] { EXPECT_EQ(loop.close(), RUNHOOK_OK); }).join();
  EXPECT_EQ(hook.count("after_run"), 4);
}

TEST_F(Destroy, QueriesOfOtherThreadsAreTrueWhileItRuns) {
  ScriptedHook hook;
  Loop loop;
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  runhook_monitored_session* const session = loop.session;
  std::atomic<bool> over{false};
  ThreadGroup group(3, [&](int) {
    int64_t last = 0;
    do {
      const int64_t step = runhook_monitored_session_global_step(session);
      EXPECT_GE(step, last);
      last = step;
      runhook_outcome* outcome = runhook_monitored_session_outcome(session, nullptr);
      EXPECT_GE(runhook_outcome_step(outcome), last);
      const int32_t kind = runhook_outcome_kind(outcome);
      EXPECT_TRUE(kind == RUNHOOK_OUTCOME_RUNNING || kind == RUNHOOK_OUTCOME_COMPLETED) << kind;
      runhook_outcome_destroy(outcome);
      EXPECT_EQ(runhook_monitored_session_request_save(session, nullptr), RUNHOOK_OK);
      runhook_monitored_session_closed(session);
    } while (!over);
  });
  group.go();
  EXPECT_EQ(runhook_monitored_session_run_until_stop(session, nullptr, 500, nullptr, nullptr), RUNHOOK_OK);
  EXPECT_EQ(loop.close(), RUNHOOK_OK);
  over = true;
  group.join();
  EXPECT_EQ(runhook_monitored_session_global_step(session), 500);
}

}  // namespace
