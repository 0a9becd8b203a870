// Recovery that begins at an earlier step, because nothing was saved.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/expect_error.hpp"
#include "runhook/graph_session.hpp"
#include "runhook/monitored_session.hpp"

namespace runhook {
namespace {

struct Notice {
  std::int32_t attempt;
  std::int64_t step;
  std::size_t earlier_causes;
  bool operator==(const Notice&) const = default;
};

void PrintTo(const Notice& notice, std::ostream* out) {
  *out << "attempt " << notice.attempt << " at step " << notice.step << " with " << notice.earlier_causes << " before";
}

// Fails after each step with ABORTED, once.
class FirstTimeFails final : public SessionRunHook {
 public:
  void after_run(SessionRunContext& context, const SessionRunValues&) override {
    if (failed.insert(context.global_step()).second) throw StatusError(StatusCode::aborted, "the first time");
  }
  std::set<std::int64_t> failed;
};

class StepsSeen final : public SessionRunHook {
 public:
  explicit StepsSeen(std::vector<std::int64_t>& seen) : seen_(seen) {}
  void after_run(SessionRunContext& context, const SessionRunValues&) override {
    seen_.push_back(context.global_step());
  }

 private:
  std::vector<std::int64_t>& seen_;
};

// A graph that counts its steps, whose sessions fail with UNAVAILABLE at steps that the test names. Sessions are
// numbered from 1.
class Restart : public testing::Test {
 protected:
  Restart() {
    graph_.global_step();
    graph_.variable("done", Value::scalar(0.0));
    graph_.function("work", {.outputs = 0, .updates = {"done"}}, [this](KernelContext& context) {
      auto& done = *static_cast<double*>(context.variable(0).mutable_data());
      if (fails_at(sessions, static_cast<std::int64_t>(done))) {
        throw StatusError(StatusCode::unavailable, "down " + std::to_string(sessions));
      }
      done += 1;
    });
    graph_.increment_global_step("train", {"work"});
    config.session_creator = std::make_shared<ChiefSessionCreator>(factory_);
    config.log = [this](LogLevel level, std::string_view text) {
      if (level == LogLevel::warning && text.starts_with("the new session begins")) begins.emplace_back(text);
    };
    config.recovery.initial_backoff_ns = 0;
    config.recovery.on_recovery = [this](const RecoveryNotice& notice) {
      notices.push_back({notice.attempt, notice.step, notice.cause.suppressed_count()});
    };
  }
  // A step that is completed is saved, so a new session begins with the step that has failed.
  void save_every_step() {
    const auto scaffold = std::make_shared<Scaffold>();
    scaffold->saver = std::make_shared<MemorySaver>();
    config.session_creator = std::make_shared<ChiefSessionCreator>(factory_, scaffold);
    config.add_hook(std::make_shared<SaveRequester>());
  }
  void open() { session = std::make_unique<MonitoredSession>(std::move(config)); }
  // Runs until a step fails; at most `limit` times.
  Error run(int limit, const char* fetch = "train") {
    const SessionRunArgs args{fetch, {}, {}};
    for (completed = 0; completed < limit; ++completed) {
      const Error error = runhook_test::error_of([&] { session->run(args); });
      if (error) return error;
    }
    return {};
  }

  std::function<bool(int session, std::int64_t step)> fails_at = [](int, std::int64_t) { return false; };
  Config config;
  std::unique_ptr<MonitoredSession> session;
  int sessions = 0;
  int completed = 0;
  std::vector<std::string> begins;
  std::vector<Notice> notices;

 private:
  class SaveRequester final : public SessionRunHook {
   public:
    void before_run(SessionRunContext& context) override { context.request_save(); }
  };

  Graph graph_;
  const SessionFactory factory_ = [this] {
    ++sessions;
    return std::make_shared<GraphSession>(graph_);
  };
};

TEST_F(Restart, StepThatAlwaysFailsEndsTheRunThoughEarlierOnesAreCompleted) {
  fails_at = [](int, std::int64_t step) { return step == 3; };
  config.recovery.max_attempts = 3;
  open();
  const Error error = run(100);
  EXPECT_TRUE(runhook_test::is_error(error, StatusCode::unavailable, "down 1"));
  ASSERT_EQ(error.suppressed_count(), 3U);
  EXPECT_TRUE(runhook_test::is_error(error.suppressed(2), StatusCode::unavailable, "down 4"));
  EXPECT_EQ(sessions, 4);
  EXPECT_EQ(completed, 12) << "three steps in each session";
  EXPECT_EQ(notices, (std::vector<Notice>{{1, 3, 0}, {2, 3, 1}, {3, 3, 2}}));
  EXPECT_TRUE(session->should_stop());
}

TEST_F(Restart, CountBeginsAnewOnceTheFailedStepIsPassed) {
  // The first two sessions fail at step 3, the next two at step 6.
  fails_at = [](int number, std::int64_t step) { return number < 3 ? step == 3 : number < 5 && step == 6; };
  config.recovery.max_attempts = 2;
  open();
  EXPECT_FALSE(run(30));
  EXPECT_EQ(notices, (std::vector<Notice>{{1, 3, 0}, {2, 3, 1}, {1, 6, 0}, {2, 6, 1}}));
  EXPECT_EQ(session->outcome().recoveries, 4);
}

TEST_F(Restart, FailureBeforeTheFailedStepIsNoneOfItsOwn) {
  fails_at = [](int number, std::int64_t step) { return step == (number % 2 == 1 ? 5 : 2); };
  config.recovery.max_attempts = 3;
  open();
  EXPECT_TRUE(runhook_test::is_error(run(100), StatusCode::unavailable, "down 1"));
  EXPECT_EQ(notices, (std::vector<Notice>{{1, 5, 0}, {2, 2, 1}, {3, 5, 2}}));
  EXPECT_EQ(completed, 5 + 2 + 5 + 2);
}

TEST_F(Restart, LogTellsWhereTheNewSessionBegins) {
  fails_at = [](int number, std::int64_t step) { return number < 3 && step == (number == 1 ? 3 : 1); };
  open();
  EXPECT_FALSE(run(10));
  EXPECT_EQ(begins, (std::vector<std::string>(2, "the new session begins at step 0, where 3 had been reached")));
}

TEST_F(Restart, SessionThatGoesOnWhereItWasIsProgressAtOnce) {
  fails_at = [](int number, std::int64_t step) { return step == number; };
  save_every_step();
  config.recovery.max_attempts = 1;
  open();
  EXPECT_FALSE(run(5));
  EXPECT_EQ(notices, (std::vector<Notice>{{1, 1, 0}, {1, 2, 0}, {1, 3, 0}, {1, 4, 0}}));
  EXPECT_TRUE(begins.empty()) << "nothing is done again";
}

TEST_F(Restart, StepThatAHookHasFailedIsPassedOnceItIsCompleted) {
  // After each step, the first time that it is made. The session has counted it by then.
  const auto hook = std::make_shared<FirstTimeFails>();
  save_every_step();
  config.add_hook(hook);
  config.recovery.max_attempts = 1;
  open();
  EXPECT_FALSE(run(4)) << "a new session makes the failed step again, and succeeds";
  EXPECT_EQ(session->global_step(), 4);
  EXPECT_EQ(hook->failed.size(), 4U);
  for (const Notice& notice : notices) EXPECT_EQ(notice.attempt, 1);
}

TEST_F(Restart, CallWithALimitMakesTheUndoneStepsAgain) {
  fails_at = [](int number, std::int64_t step) { return number == 1 && step == 7; };
  std::vector<std::int64_t> last;
  const auto seen = std::make_shared<StepsSeen>(last);
  config.add_hook({seen, {.trigger = Trigger::last()}});
  open();
  const SessionRunArgs args{"train", {}, {}};
  EXPECT_EQ(session->run_until_stop(args, 5), 5);
  EXPECT_EQ(session->run_until_stop(args, 5), 5) << "two steps, then ten once more";
  EXPECT_EQ(session->global_step(), 10);
  EXPECT_EQ(last, (std::vector<std::int64_t>{5, 10}));
  EXPECT_EQ(session->outcome().runs, 17);
}

TEST_F(Restart, StepsThatAreNotCountedAreProgressToo) {
  fails_at = [](int number, std::int64_t step) { return number < 5 && step == 2; };
  config.recovery.max_attempts = 1;
  open();
  EXPECT_FALSE(run(20, "work"));
  EXPECT_EQ(notices, (std::vector<Notice>(4, {1, 0, 0})));
  EXPECT_TRUE(begins.empty());
}

}  // namespace
}  // namespace runhook
