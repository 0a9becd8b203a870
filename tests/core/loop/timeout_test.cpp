// The time-out of a step, whatever the session makes of it.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "core/expect_error.hpp"
#include "runhook/function_session.hpp"
#include "runhook/graph_session.hpp"
#include "runhook/monitored_session.hpp"

namespace runhook {
namespace {

using namespace std::chrono_literals;
using Step = FunctionSession::Step;
using SteadyClock = std::chrono::steady_clock;

constexpr std::int64_t kMs = 1'000'000;  // in nanoseconds
constexpr auto kLong = 20s;              // what only a step that does not notice takes

SessionRunArgs within(std::int64_t timeout_ns, Fetches fetches = {}) {
  SessionRunArgs args{std::move(fetches), {}, {}};
  args.options.timeout_ns = timeout_ns;
  return args;
}

// What a session does that asks again and again whether it is to give up. Returns whether it was.
bool wait_for_cancel(const std::function<bool()>& cancel_requested) {
  const auto end = SteadyClock::now() + kLong;
  while (!cancel_requested()) {
    if (SteadyClock::now() >= end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

class ErrorWatcher final : public SessionRunHook {
 public:
  void before_run(SessionRunContext& context) override {
    RunOptions options;
    options.timeout_ns = asks_for_ns;
    if (asks_for_ns != 0) context.add_options(options);
  }
  void after_run(SessionRunContext&, const SessionRunValues&) override { ++completed; }
  void on_error(SessionRunContext&, const Error& error) override { errors.push_back(error.code()); }
  std::int64_t asks_for_ns = 0;
  int completed = 0;
  std::vector<StatusCode> errors;
};

class Timeout : public testing::Test {
 protected:
  // A loop over a function session.
  void open(FunctionSession::Function function) {
    open(std::make_shared<FunctionSession>(std::move(function), std::vector<std::string>{"y"}));
  }
  void open(std::shared_ptr<Session> raw) {
    Config config;
    config.session_creator = single_session_creator(std::move(raw));
    config.add_hook(watcher);
    config.log = [](LogLevel, std::string_view) {};
    session = std::make_unique<MonitoredSession>(std::move(config));
  }
  const std::shared_ptr<ErrorWatcher> watcher = std::make_shared<ErrorWatcher>();
  std::unique_ptr<MonitoredSession> session;
};

TEST_F(Timeout, StepThatIgnoresItFailsAtItsEnd) {
  int steps = 0;
  open([&](Step&) {
    ++steps;
    std::this_thread::sleep_for(20ms);
  });
  EXPECT_STATUS(session->run(within(5 * kMs)), deadline_exceeded, "the step has taken more than 5 ms");
  EXPECT_EQ(steps, 1);
  EXPECT_EQ(watcher->errors, (std::vector<StatusCode>{StatusCode::deadline_exceeded}));
  EXPECT_EQ(watcher->completed, 0);
  EXPECT_EQ(session->global_step(), 0);
  EXPECT_NO_THROW(session->run());
}

// Knows nothing of time.
class Sleeper final : public Session {
 public:
  NodeId resolve(std::string_view) override { return 0; }
  void run(SessionStep&) override { std::this_thread::sleep_for(10ms); }
  void close() override {}
};

TEST_F(Timeout, SessionThatKnowsNothingOfItFailsAtItsEnd) {
  open(std::make_shared<Sleeper>());
  EXPECT_STATUS(session->run(within(1 * kMs)), deadline_exceeded, "the step has taken more than 1 ms");
  EXPECT_EQ(watcher->completed, 0);
  Sleeper raw;
  EXPECT_STATUS(run_session(raw, within(1 * kMs)), deadline_exceeded, "the step has taken more than 1 ms");
}

TEST_F(Timeout, StepThatIsInTimeSucceeds) {
  open([](Step& step) { EXPECT_FALSE(step.cancel_requested()); });
  EXPECT_NO_THROW(session->run(within(60'000 * kMs)));
  EXPECT_NO_THROW(session->run(within(INT64_MAX))) << "further off than the clock goes";
}

TEST_F(Timeout, FunctionThatAsksGivesUpEarly) {
  for (const bool says_so : {false, true}) {
    bool noticed = false;
    open([&](Step& step) {
      noticed = wait_for_cancel([&] { return step.cancel_requested(); });
      EXPECT_TRUE(step.step().timed_out());
      if (says_so) throw StatusError(StatusCode::cancelled, "gave up");
    });
    EXPECT_STATUS(session->run(within(5 * kMs)), deadline_exceeded, "more than 5 ms");
    EXPECT_TRUE(noticed);
  }
}

TEST_F(Timeout, KernelThatAsksGivesUpEarlyAndIsTheLastOne) {
  Graph graph;
  bool noticed = false;
  bool next = false;
  graph.function("slow", {.outputs = 0}, [&](KernelContext& context) {
    noticed = wait_for_cancel([&] { return context.cancel_requested(); });
  });
  graph.function("next", {.outputs = 0, .after = {"slow"}}, [&](KernelContext&) { next = true; });
  open(std::make_shared<GraphSession>(graph));
  EXPECT_STATUS(session->run(within(5 * kMs, "next")), deadline_exceeded, "more than 5 ms");
  EXPECT_TRUE(noticed);
  EXPECT_FALSE(next);
}

TEST_F(Timeout, OtherFailureIsNotHiddenByIt) {
  open([](Step&) {
    std::this_thread::sleep_for(10ms);
    throw StatusError(StatusCode::data_loss, "lost");
  });
  EXPECT_STATUS(session->run(within(1 * kMs)), data_loss, "lost");
}

TEST_F(Timeout, UrgentStopIsNotTakenForIt) {
  open([&](Step& step) {
    std::this_thread::sleep_for(10ms);
    session->request_stop(0, "now", StopUrgency::now);
    EXPECT_TRUE(step.cancel_requested());
  });
  EXPECT_STATUS(session->run(within(1 * kMs)), stopped, "urgent");
}

TEST_F(Timeout, LongerOneOfAHookHolds) {
  open([](Step& step) {
    std::this_thread::sleep_for(10ms);
    EXPECT_FALSE(step.cancel_requested());
  });
  watcher->asks_for_ns = 60'000 * kMs;
  EXPECT_NO_THROW(session->run(within(1 * kMs)));
}

TEST_F(Timeout, OneOfAHookAloneHolds) {
  open([](Step&) { std::this_thread::sleep_for(10ms); });
  watcher->asks_for_ns = 1 * kMs;
  EXPECT_STATUS(session->run(), deadline_exceeded, "the step has taken more than 1 ms");
  EXPECT_STATUS(session->run({"y", {}, {}}), deadline_exceeded, "");
}

TEST_F(Timeout, ForEverOfAHookLiftsTheCallers) {
  std::int64_t timeout_ns = 0;
  open([&](Step& step) {
    timeout_ns = step.options().timeout_ns;
    std::this_thread::sleep_for(10ms);
    EXPECT_FALSE(step.cancel_requested());
  });
  watcher->asks_for_ns = -1;
  EXPECT_NO_THROW(session->run(within(1 * kMs)));
  EXPECT_EQ(timeout_ns, -1);
}

TEST_F(Timeout, ForEverOfTheCallerIsNoLimit) {
  open([](Step& step) { EXPECT_FALSE(step.cancel_requested()); });
  EXPECT_NO_THROW(session->run(within(-1)));
  Sleeper raw;
  EXPECT_NO_THROW(run_session(raw, within(INT64_MIN)));
}

TEST_F(Timeout, StepsAfterOneWithItAreNotLimited) {
  std::int64_t deadline = -1;
  int cancelled = 0;
  open([&](Step& step) {
    deadline = step.step().deadline_ns;
    if (step.cancel_requested()) ++cancelled;
  });
  session->run(within(300 * kMs));
  EXPECT_GT(deadline, 0);
  std::this_thread::sleep_for(310ms);  // so that the time of the first step is over
  for (int i = 0; i < 5; ++i) {
    EXPECT_NO_THROW(session->run()) << i;
    EXPECT_EQ(deadline, 0) << i;
  }
  EXPECT_EQ(session->run_until_stop(no_args, 5), 5);
  EXPECT_NO_THROW(session->run({"y", {}, {}}));
  EXPECT_EQ(deadline, 0);
  EXPECT_EQ(cancelled, 0);
}

TEST_F(Timeout, EachStepHasItsOwn) {
  std::vector<std::int64_t> deadlines;
  open([&](Step& step) { deadlines.push_back(step.step().deadline_ns); });
  EXPECT_EQ(session->run_until_stop(within(60'000 * kMs), 3), 3);
  ASSERT_EQ(deadlines.size(), 3U);
  EXPECT_LT(deadlines[0], deadlines[1]);
  EXPECT_LT(deadlines[1], deadlines[2]);
}

TEST_F(Timeout, RawRunHasIt) {
  bool ignores = true;
  FunctionSession raw([&](Step& step) {
    if (ignores) {
      std::this_thread::sleep_for(10ms);
    } else {
      EXPECT_TRUE(wait_for_cancel([&] { return step.cancel_requested(); }));
    }
  });
  EXPECT_STATUS(run_session(raw, within(1 * kMs)), deadline_exceeded, "more than 1 ms");
  ignores = false;
  EXPECT_STATUS(run_session(raw, within(1 * kMs)), deadline_exceeded, "more than 1 ms");
  ignores = true;
  EXPECT_NO_THROW(run_session(raw, {}));
}

TEST_F(Timeout, ContextOutsideALoopHasIt) {
  SessionRunContext context(within(5 * kMs), std::make_shared<FunctionSession>([](Step& step) {
                              EXPECT_TRUE(wait_for_cancel([&] { return step.cancel_requested(); }));
                            }));
  EXPECT_STATUS(context.execute(), deadline_exceeded, "more than 5 ms");
}

}  // namespace
}  // namespace runhook
