// Stops posted from eight threads while the loop is created, runs, ends and is destroyed.
#include <array>
#include <atomic>
#include <memory>
#include <set>

#include "thread_group.hpp"

namespace {

using namespace runhook_test;
constexpr int kRounds = 4;  // requests of each thread: more in all than are kept
constexpr size_t kKept = 16;

class StopStorm : public NoHandlesLeft {};

// Every request has a code of its own, and all else about it follows from the code.
int32_t code_of(int thread, int round) { return thread * 100 + round + 1; }
bool has_text(int32_t code) { return code % 3 != 0; }
int32_t urgency_of(int32_t code) { return code % 4 == 0 ? RUNHOOK_STOP_NOW : RUNHOOK_STOP_AFTER_STEP; }
std::string text_of(int32_t code) {
  if (!has_text(code)) return "";
  return std::to_string(code) + std::string(static_cast<size_t>(150 + code % 100), static_cast<char>('a' + code % 26));
}

int32_t post(const runhook_stop_source* source, int32_t code) {
  const std::string text = text_of(code);
  return runhook_stop_source_request_stop(source, code, has_text(code) ? text.c_str() : nullptr, urgency_of(code));
}

void expect_whole(const runhook_stop_reason& reason, const std::string& who = "") {
  EXPECT_EQ(reason.origin, RUNHOOK_STOP_BY_SOURCE);
  EXPECT_GT(reason.code, 0);
  EXPECT_EQ(reason.urgency, urgency_of(reason.code));
  EXPECT_EQ(reason.text, text_of(reason.code));
  EXPECT_EQ(reason.who, who);
  EXPECT_GT(reason.time_ns, 0);
}

// What is true of a source once all threads have posted all their requests.
void expect_settled(const runhook_stop_source* source, int32_t winner) {
  EXPECT_EQ(runhook_stop_source_stop_requested(source), 1);
  EXPECT_EQ(runhook_stop_source_reason_count(source), kKept);
  EXPECT_EQ(runhook_stop_source_reasons_dropped(source), uint64_t{kThreads * kRounds - kKept});
  std::set<int32_t> codes;
  for (size_t i = 0; i < kKept; ++i) {
    const auto reason = reason_at(source, i);
    expect_whole(reason);
    codes.insert(reason.code);
  }
  EXPECT_EQ(codes.size(), kKept) << "a request is told twice";
  EXPECT_EQ(reason_at(source, 0).code, winner);
}

// A handle on one stop state for each thread, and who was the first to ask.
struct Posters {
  explicit Posters(const runhook_stop_source* source) {
    for (auto& handle : handles) handle = runhook_stop_source_share(source, nullptr);
  }
  Posters(const Posters&) = delete;
  Posters& operator=(const Posters&) = delete;
  ~Posters() {
    for (auto* handle : handles) runhook_stop_source_destroy(handle);
  }
  void post_one(int thread, int round) {
    const int32_t code = code_of(thread, round);
    if (post(handles[static_cast<size_t>(thread)], code) != 1) return;
    ++firsts;
    winner = code;
  }
  void post_all(int thread) {
    for (int round = 0; round < kRounds; ++round) post_one(thread, round);
  }
  std::array<runhook_stop_source*, kThreads> handles{};
  std::atomic<int> firsts{0};
  std::atomic<int32_t> winner{0};
};

TEST_F(StopStorm, ExactlyOneIsFirstAndEveryKeptReasonIsWhole) {
  for (int i = 0; i < 200; ++i) {
    runhook_stop_source* source = runhook_stop_source_create(nullptr);
    {
      Posters posters(source);
      std::atomic<int> posting{kThreads};
      ThreadGroup group(kThreads, [&](int thread) {
        posters.post_all(thread);
        --posting;
      });
      group.go();
      // A reader meanwhile: what it has been told once stays so, and is never half of anything.
      size_t count = 0;
      while (posting > 0) {
        if (runhook_stop_source_stop_requested(source) == 1) expect_whole(reason_at(source, 0));
        const size_t now = runhook_stop_source_reason_count(source);
        EXPECT_GE(now, count);
        count = now;
        if (count > 0) expect_whole(reason_at(source, count - 1));
      }
      group.join();
      EXPECT_EQ(posters.firsts, 1);
      expect_settled(source, posters.winner);
      for (auto* handle : posters.handles) EXPECT_EQ(reason_at(handle, 0).code, posters.winner);
    }
    runhook_stop_source_destroy(source);
    if (HasFailure()) break;
  }
}

TEST_F(StopStorm, NameOfThePosterIsWhole) {
  for (int i = 0; i < 25; ++i) {
    runhook_stop_source* source = runhook_stop_source_create(nullptr);
    runhook_coordinator* coordinator = runhook_coordinator_create(nullptr);
    std::array<Callback, kThreads> bodies;
    std::latch start(kThreads);
    const auto name_of = [](int32_t code) {
      return "poster-" + std::to_string(code / 100) + std::string(40, static_cast<char>('A' + code / 100));
    };
    for (int thread = 0; thread < kThreads; ++thread) {
      auto& body = bodies[static_cast<size_t>(thread)];
      body = [source, &start, thread](runhook_context*) {
        start.arrive_and_wait();
        for (int round = 0; round < kRounds; ++round) post(source, code_of(thread, round));
        return kOk;
      };
      const auto function = function_of(body);
      ASSERT_EQ(runhook_coordinator_start_thread(coordinator, name_of(thread * 100).c_str(), &function, nullptr),
                RUNHOOK_OK);
    }
    EXPECT_EQ(runhook_coordinator_join(coordinator, -1, 0, nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_stop_source_reason_count(source), kKept);
    for (size_t k = 0; k < kKept; ++k) {
      const auto reason = reason_at(source, k);
      expect_whole(reason, name_of(reason.code));
    }
    runhook_coordinator_destroy(coordinator);
    runhook_stop_source_destroy(source);
    if (HasFailure()) break;
  }
}

TEST_F(StopStorm, LoopThatRunsEndsAndIsDestroyed) {
  for (int i = 0; i < 60; ++i) {
    runhook_stop_source* source = nullptr;
    std::unique_ptr<Posters> posters;
    {
      ScriptedHook hook;
      Loop loop;
      loop.step = [](runhook_context* context) {
        return runhook_context_cancel_requested(context) == 1
                   ? runhook_context_fail(context, RUNHOOK_ERR_CANCELLED, nullptr)
                   : kOk;
      };
      ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
      ASSERT_TRUE(loop.start());
      source = runhook_monitored_session_stop_source(loop.session, nullptr);
      posters = std::make_unique<Posters>(source);
      ThreadGroup group(kThreads, [&](int thread) {
        for (int round = 0; round < kRounds; ++round) {
          for (int k = 0; k < 20; ++k)
            runhook_stop_source_request_save(posters->handles[static_cast<size_t>(thread)], nullptr);
          posters->post_one(thread, round);
          if ((thread + round + i) % 3 == 0) std::this_thread::yield();
        }
      });
      group.go();
      int64_t completed = -1;
      EXPECT_EQ(runhook_monitored_session_run_until_stop(loop.session, nullptr, 0, &completed, loop.error.out()),
                RUNHOOK_OK)
          << loop.error.message();
      EXPECT_EQ(loop.run(), RUNHOOK_ERR_STOPPED);
      EXPECT_EQ(loop.close(), RUNHOOK_OK);
      runhook_outcome* outcome = runhook_monitored_session_outcome(loop.session, nullptr);
      runhook_monitored_session_destroy(std::exchange(loop.session, nullptr));
      EXPECT_EQ(hook.count("after_run"), completed);
      EXPECT_EQ(hook.count("end"), 1);
      EXPECT_EQ(hook.count("cleanup"), 1);
      group.join();

      EXPECT_EQ(posters->firsts, 1);
      EXPECT_EQ(runhook_outcome_kind(outcome), RUNHOOK_OUTCOME_STOPPED);
      runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
      EXPECT_EQ(runhook_outcome_stop_reason(outcome, &reason, nullptr), RUNHOOK_OK);
      EXPECT_EQ(reason.code, posters->winner);
      expect_whole(reason);
      runhook_outcome_destroy(outcome);
    }
    expect_settled(source, posters->winner);  // after the session's end, too
    posters.reset();
    runhook_stop_source_destroy(source);
    if (HasFailure()) break;
  }
}

TEST_F(StopStorm, LoopThatIsDestroyedInTheMiddleOfIt) {
  for (int i = 0; i < 60; ++i) {
    ScriptedHook hook;
    runhook_stop_source* source = nullptr;
    std::unique_ptr<Posters> posters;
    {
      Loop loop;
      ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
      ASSERT_TRUE(loop.start());
      source = runhook_monitored_session_stop_source(loop.session, nullptr);
      posters = std::make_unique<Posters>(source);
      ThreadGroup group(kThreads, [&](int thread) { posters->post_all(thread); });
      group.go();
      for (int k = 0; k < i; ++k) std::this_thread::yield();
      runhook_monitored_session_destroy(std::exchange(loop.session, nullptr));
      EXPECT_EQ(hook.count("cleanup"), 1);
      group.join();
    }
    EXPECT_EQ(hook.destroyed, 1);
    EXPECT_EQ(posters->firsts, 1);
    expect_settled(source, posters->winner);
    posters.reset();
    runhook_stop_source_destroy(source);
    if (HasFailure()) break;
  }
}

TEST_F(StopStorm, LoopThatIsBeingCreated) {
  for (int i = 0; i < 60; ++i) {
    runhook_stop_source* source = runhook_stop_source_create(nullptr);
    {
      Posters posters(source);
      ScriptedHook hook;
      Loop loop;
      // The first creation fails, so that the stops also meet a recovery. With an urgent one it may be the last.
      const Callback create = loop.create;
      bool failed = i % 2 == 0;
      loop.create = [&](runhook_context* context) {
        return std::exchange(failed, true) ? create(context)
                                           : runhook_context_fail(context, RUNHOOK_ERR_ABORTED, "once");
      };
      ASSERT_EQ(runhook_config_set_stop_source(loop.config, source, nullptr), RUNHOOK_OK);
      ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
      ThreadGroup group(kThreads, [&](int thread) { posters.post_all(thread); });
      group.go();
      const bool created = loop.start();
      EXPECT_EQ(loop.error.code(), created ? RUNHOOK_OK : RUNHOOK_ERR_STOPPED) << loop.error.message();
      EXPECT_TRUE(created || i % 2 != 0);
      group.join();
      if (created) {
        EXPECT_EQ(runhook_monitored_session_should_stop(loop.session), 1);
        EXPECT_EQ(loop.run(), RUNHOOK_ERR_STOPPED);
        EXPECT_EQ(hook.count("before_run"), 0);
        EXPECT_EQ(loop.close(), RUNHOOK_OK);
      }
      EXPECT_EQ(hook.count("cleanup"), 1);
      EXPECT_EQ(posters.firsts, 1);
      expect_settled(source, posters.winner);
    }
    runhook_stop_source_destroy(source);
    if (HasFailure()) break;
  }
}

TEST_F(StopStorm, SaveRequestsAreServedAndTheLoopGoesOn) {
  struct Saves {
    std::atomic<int> count{0};
  } saves;
  runhook_saver_table saver_table = RUNHOOK_SAVER_TABLE_INIT;
  saver_table.user_data = &saves;
  saver_table.save = [](runhook_context*, void* user_data, int32_t ok) -> int32_t {
    ++static_cast<Saves*>(user_data)->count;
    return ok;
  };
  saver_table.restore = [](runhook_context*, void*, int32_t ok) -> int32_t { return ok; };
  runhook_saver* saver = runhook_saver_create(&saver_table, nullptr);
  ASSERT_NE(saver, nullptr);
  runhook_scaffold* scaffold = runhook_scaffold_create(nullptr);
  ASSERT_EQ(runhook_scaffold_set_saver(scaffold, saver, nullptr), RUNHOOK_OK);
  {
    Loop loop;
    const runhook_function factory = function_of(loop.create);
    runhook_session_creator* creator = runhook_chief_session_creator_create(&factory, scaffold, nullptr);
    ASSERT_EQ(runhook_config_set_session_creator(loop.config, creator, nullptr), RUNHOOK_OK);
    runhook_session_creator_destroy(creator);
    ASSERT_TRUE(loop.start()) << loop.error.message();
    runhook_stop_source* source = runhook_monitored_session_stop_source(loop.session, nullptr);
    constexpr int kRequests = 200;
    std::atomic<int> asking{kThreads};
    ThreadGroup group(kThreads, [&](int) {
      for (int k = 0; k < kRequests; ++k) {
        runhook_stop_source_request_save(source, nullptr);
        std::this_thread::yield();
      }
      --asking;
    });
    group.go();
    int runs = 0;
    do {
      EXPECT_EQ(loop.run(), RUNHOOK_OK) << loop.error.message();
      ++runs;
    } while (asking > 0);
    group.join();
    EXPECT_EQ(loop.run(), RUNHOOK_OK);
    EXPECT_GE(saves.count, 1);
    EXPECT_LE(saves.count, std::min(runs + 1, kThreads * kRequests)) << "requests of one step are one save";
    EXPECT_EQ(runhook_stop_source_stop_requested(source), 0);
    const int before = saves.count;
    EXPECT_EQ(loop.run(), RUNHOOK_OK);
    EXPECT_EQ(saves.count, before) << "a request was served twice";
    runhook_stop_source_destroy(source);
  }
  runhook_scaffold_destroy(scaffold);
  runhook_saver_destroy(saver);
}

}  // namespace
