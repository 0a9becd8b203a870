// The stall watchdog: a hang is told with the hook and the phase it is in and the stack of its thread, and only a hang.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <mutex>
#include <thread>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "run/run_state.hpp"
#include "runhook/hooks/watchdog.hpp"
#include "watchdog/thread_stack.hpp"

namespace {

using namespace std::chrono_literals;
using namespace runhook_test;
using runhook::HookPhase;
using runhook::Stall;
using runhook::StallAction;
using runhook::StallWatchdogHook;
using runhook::StallWatchdogOptions;
using runhook::StatusCode;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::atomic<bool> hanging{false};

// Longer than whatever is not meant to hang is ever kept waiting, on a busy machine too.
constexpr auto kTimeout = 300ms;
constexpr auto kPatience = 1s;  // where nothing hangs

}  // namespace

// Hangs until somebody says that it is enough. The program exports its name, for the stack.
extern "C" __attribute__((noinline, visibility("default"))) void hang_in_a_function_of_the_test() {
  while (hanging.load()) std::this_thread::sleep_for(1ms);
  asm volatile("" ::: "memory");  // so that this is no tail call
}

namespace {

struct Watchdog : testing::Test {
  Watchdog() {
    hanging = true;
    rig.config.log = [this](runhook::LogLevel, std::string_view text) {
      const std::lock_guard lock(mutex);
      log.emplace_back(text);
    };
  }
  // Ends the hang once it has been told. Phases that are given no time have a long one, so that a busy machine is no hang.
  StallWatchdogHook& watch(StallWatchdogOptions options = {}) {
    options.on_stall = [this](const Stall& stall) {
      {
        const std::lock_guard lock(mutex);
        stalls.push_back(stall);
      }
      hanging = false;
    };
    const runhook::HookRegistration made = StallWatchdogHook::make(std::move(options));
    rig.config.add_hook(made);
    return static_cast<StallWatchdogHook&>(*made.hook);
  }
  void expect_stall(const std::string& hook, const std::string& phase) {
    const std::lock_guard lock(mutex);
    ASSERT_EQ(stalls.size(), 1U);
    EXPECT_EQ(stalls[0].hook, hook);
    EXPECT_EQ(stalls[0].phase, phase);
    EXPECT_GE(stalls[0].duration, kTimeout);
    EXPECT_THAT(stalls[0].stack, Contains(HasSubstr("hang_in_a_function_of_the_test")));
  }
  void run_all() {
    const auto session = rig.start();
    session->run_until_stop(runhook::no_args, 2);
    session->close();
    EXPECT_EQ(session->outcome().warnings, 1);
  }

  LoopRig rig;
  std::mutex mutex;
  std::vector<Stall> stalls;
  std::vector<std::string> log;
};

TEST_F(Watchdog, AHangInBeforeRunIsTheHooks) {
  watch({.before_run = kTimeout});
  rig.hook({.name = "innocent"});
  rig.hook({.name = "culprit"})->on_before = [](auto&) { hang_in_a_function_of_the_test(); };
  run_all();
  expect_stall("culprit", "before_run");
}

TEST_F(Watchdog, AHangInAfterRunIsTheHooks) {
  watch({.after_run = kTimeout});
  rig.hook({.name = "innocent"});
  rig.hook({.name = "culprit"})->on_after = [](auto&) { hang_in_a_function_of_the_test(); };
  run_all();
  expect_stall("culprit", "after_run");
}

TEST_F(Watchdog, AHangOfTheSessionIsNoHooks) {
  watch({.session_run = kTimeout});
  rig.hook({.name = "innocent"});
  rig.step = [](auto&) { hang_in_a_function_of_the_test(); };
  run_all();
  expect_stall("", "session_run");
}

TEST_F(Watchdog, AHangInOnErrorIsTheHooks) {
  watch({.after_run = kTimeout});
  rig.hook({.name = "culprit"})->on_failure = [](auto&, auto&) { hang_in_a_function_of_the_test(); };
  rig.step = [](auto&) { fail(StatusCode::internal); };
  const auto session = rig.start();
  EXPECT_THROW(session->run(), runhook::StatusError);
  expect_stall("culprit", "on_error");
}

TEST_F(Watchdog, AHangInBeginOfALaterHookIsTold) {
  watch({.create_session = kTimeout});
  rig.hook({.name = "culprit"})->on_begin = [](auto&) { hang_in_a_function_of_the_test(); };
  run_all();
  expect_stall("culprit", "begin");
}

TEST_F(Watchdog, AHangWhileTheSessionIsCreatedIsTold) {
  watch({.create_session = kTimeout});
  rig.make = [] {
    hang_in_a_function_of_the_test();
    return std::make_shared<runhook::FunctionSession>([](runhook::FunctionSession::Step&) {});
  };
  run_all();
  expect_stall("", "create_session");
}

TEST_F(Watchdog, AHangInAfterCreateSessionIsTheHooks) {
  watch({.create_session = kTimeout});
  rig.hook({.name = "culprit"})->on_create = [](auto&) { hang_in_a_function_of_the_test(); };
  run_all();
  expect_stall("culprit", "after_create_session");
}

TEST_F(Watchdog, AHangDuringRecoveryIsTold) {
  watch({.create_session = kTimeout});
  rig.step = [&](auto&) {
    if (rig.steps == 1) fail(StatusCode::aborted);
  };
  rig.config.recovery.on_recovery = [](const auto&) { hang_in_a_function_of_the_test(); };
  run_all();
  expect_stall("", "recovery");
}

TEST_F(Watchdog, WaitingBeforeARecoveryIsNoHang) {
  watch({.timeout = kPatience});
  rig.config.recovery.initial_backoff_ns = 2'500'000'000;
  rig.step = [&](auto&) {
    if (rig.steps == 1) fail(StatusCode::aborted);
  };
  const auto session = rig.start();
  session->run();
  EXPECT_EQ(session->outcome().warnings, 0);
  EXPECT_THAT(stalls, IsEmpty());
}

TEST_F(Watchdog, AHangInEndIsTheHooks) {
  watch({.end = kTimeout});
  rig.hook({.name = "culprit"})->on_end = [](auto&) { hang_in_a_function_of_the_test(); };
  run_all();
  expect_stall("culprit", "end");
}

TEST_F(Watchdog, AHangInCleanupIsTheHooks) {
  watch({.end = kTimeout});
  rig.hook({.name = "culprit"})->on_cleanup = [](auto&, auto&) { hang_in_a_function_of_the_test(); };
  run_all();
  expect_stall("culprit", "cleanup");
}

TEST_F(Watchdog, AHangInCleanupDoesNotChangeTheOutcomeThatTheHookReads) {
  watch({.end = kTimeout});
  rig.hook()->on_cleanup = [](auto&, const runhook::Outcome& outcome) {
    const std::int64_t before = outcome.warnings;
    hang_in_a_function_of_the_test();  // until it is a warning
    EXPECT_EQ(outcome.warnings, before);
  };
  run_all();
  EXPECT_EQ(stalls.size(), 1U);
}

TEST_F(Watchdog, AHangOfAStepFunctionIsTold) {
  watch({.session_run = kTimeout});
  const auto session = rig.start();
  session->run_step_fn([](runhook::StepContext&) { hang_in_a_function_of_the_test(); });
  session->close();
  expect_stall("", "step_function");
}

TEST_F(Watchdog, BetweenRunsTheCallerIsWatchedIfThatIsWanted) {
  watch({.between_runs = kTimeout});
  const auto session = rig.start();
  session->run();
  hang_in_a_function_of_the_test();
  session->close();
  expect_stall("", "between_runs");
}

TEST_F(Watchdog, BetweenRunsTheCallerMayTakeAnyTimeOtherwise) {
  watch({.timeout = kPatience});
  const auto session = rig.start();
  session->run();
  std::this_thread::sleep_for(2 * kPatience);
  session->close();
  EXPECT_THAT(stalls, IsEmpty());
}

TEST_F(Watchdog, ASlowRunThatGetsOnIsNoStall) {
  StallWatchdogHook& watchdog = watch({.timeout = kPatience});
  rig.hook()->on_after = [](auto&) { std::this_thread::sleep_for(20ms); };
  rig.step = [](auto&) { std::this_thread::sleep_for(20ms); };
  const auto session = rig.start();
  session->run_until_stop(runhook::no_args, 50);  // for longer than the time-out
  session->close();
  EXPECT_THAT(stalls, IsEmpty());
  EXPECT_EQ(watchdog.stalls(), 0);
  EXPECT_EQ(session->outcome().warnings, 0);
}

TEST_F(Watchdog, FastStepsAreNoStall) {
  watch({.timeout = kPatience});
  rig.hook();
  const auto session = rig.start();
  const auto until = std::chrono::steady_clock::now() + 1500ms;
  while (std::chrono::steady_clock::now() < until) session->run_until_stop(runhook::no_args, 100'000);
  EXPECT_THAT(stalls, IsEmpty());
}

TEST_F(Watchdog, SkippedStepsAreNoStall) {
  watch({.timeout = kPatience});
  rig.hook()->on_before = [](auto& context) {
    std::this_thread::sleep_for(100us);
    context.skip_step();
  };
  const auto session = rig.start();
  const auto until = std::chrono::steady_clock::now() + 1500ms;
  while (std::chrono::steady_clock::now() < until) session->run();
  EXPECT_THAT(stalls, IsEmpty());
}

TEST_F(Watchdog, APhaseMayHaveATimeOfItsOwn) {
  watch({.timeout = kPatience, .session_run = 0ms});
  rig.step = [](auto&) { std::this_thread::sleep_for(2 * kPatience); };
  const auto session = rig.start();
  session->run();
  EXPECT_THAT(stalls, IsEmpty());
}

TEST_F(Watchdog, ASleepThatItsSignalEndsIsReportedAllTheSame) {
  watch({.session_run = kTimeout});
  rig.step = [](auto&) {
    const timespec long_time{20, 0};
    nanosleep(&long_time, nullptr);  // and not again when it is interrupted
  };
  const auto session = rig.start();
  session->run();
  session->close();
  ASSERT_EQ(stalls.size(), 1U);
  EXPECT_EQ(stalls[0].phase, "session_run");
  EXPECT_EQ(session->outcome().warnings, 1);
}

TEST_F(Watchdog, AReportIsInOutcomeAndLogAndSoIsThatItWentOn) {
  watch({.after_run = kTimeout});
  const auto culprit = rig.hook({.name = "culprit"});
  culprit->on_after = [](auto& context) {
    if (context.global_step() == 3) hang_in_a_function_of_the_test();
  };
  const auto session = rig.start();
  session->run_until_stop(runhook::no_args, 3);
  const auto logged = [&](const char* text) {
    const std::lock_guard lock(mutex);
    return ::testing::Value(log, Contains(HasSubstr(text)));
  };
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (!logged("went on after") && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(5ms);
  EXPECT_TRUE(logged("hook 'culprit': after_run has been going on for"));
  EXPECT_TRUE(logged("hang_in_a_function_of_the_test"));
  EXPECT_TRUE(logged("hook 'culprit': after_run went on after"));
  session->close();
  const runhook::Error warning = session->outcome().first_warning;
  EXPECT_EQ(warning.code(), StatusCode::deadline_exceeded);
  EXPECT_EQ(warning.hook(), "culprit");
  EXPECT_EQ(warning.callback(), "after_run");
  EXPECT_EQ(warning.step(), 3);
  EXPECT_EQ(session->outcome().kind, runhook::OutcomeKind::completed);
}

TEST_F(Watchdog, AStallIsAMarkOfTheRunWithItsStackAndItsEnd) {
  watch({.after_run = kTimeout});
  rig.config.clock = std::make_shared<runhook::ManualClock>(1'000'000'000'000);  // which stands still meanwhile
  rig.hook({.name = "culprit"})->on_after = [](auto& context) {
    if (context.global_step() == 2) hang_in_a_function_of_the_test();
  };
  std::vector<runhook::detail::RunMark> marks;
  rig.hook({.phase = HookPhase::saver})->on_end = [&marks](auto& context) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    do {
      std::this_thread::sleep_for(5ms);
      marks = runhook::detail::RunState::of(context).marks.all();
    } while (marks.at(0).end_ns == runhook::detail::RunMark::kGoesOn && std::chrono::steady_clock::now() < until);
  };
  run_all();
  ASSERT_EQ(marks.size(), 1U);
  EXPECT_EQ(marks[0].kind, runhook::detail::MarkKind::stall);
  EXPECT_EQ(marks[0].step, 2);
  EXPECT_EQ(marks[0].end_ns, 1'000'000'000'000);
  EXPECT_LE(marks[0].begin_ns, 1'000'000'000'000 - std::chrono::nanoseconds(kTimeout).count());
  EXPECT_THAT(marks[0].text, HasSubstr("hook 'culprit': after_run has been going on for"));
  EXPECT_THAT(marks[0].details, Contains(HasSubstr("hang_in_a_function_of_the_test")));
  EXPECT_THAT(marks[0].details, Contains(HasSubstr("addr2line")));
}

TEST_F(Watchdog, FunctionsWithoutANameCanBeLookedUpWithWhatIsLogged) {
  watch({.session_run = kTimeout});
  rig.step = [](auto&) { hang_in_a_function_of_the_test(); };  // a function that is not exported
  run_all();
  ASSERT_EQ(stalls.size(), 1U);
  ASSERT_FALSE(stalls[0].lookup.empty());
  EXPECT_THAT(stalls[0].lookup[0], HasSubstr("addr2line -Cfpe /"));
  EXPECT_THAT(log, Contains("  " + stalls[0].lookup[0]));
}

TEST_F(Watchdog, AStopCanBeAskedFor) {
  watch({.session_run = kTimeout, .action = StallAction::stop});
  rig.step = [](auto&) { hang_in_a_function_of_the_test(); };
  const auto session = rig.start();
  session->run_until_stop();
  session->close();
  const runhook::Outcome outcome = session->outcome();
  EXPECT_EQ(outcome.kind, runhook::OutcomeKind::stopped);
  EXPECT_EQ(outcome.stop.who(), "stall watchdog");
  EXPECT_EQ(outcome.stop.urgency, runhook::StopUrgency::after_step);
  EXPECT_THAT(std::string(outcome.stop.text()), HasSubstr("session_run has been going on"));
}

TEST_F(Watchdog, AnUrgentStopEndsAStepThatListens) {
  watch({.session_run = kTimeout, .action = StallAction::stop_now});
  rig.step = [](auto& call) {
    while (!call.cancel_requested()) std::this_thread::sleep_for(1ms);
  };
  const auto session = rig.start();
  session->run_until_stop();
  session->close();
  EXPECT_EQ(session->outcome().kind, runhook::OutcomeKind::stopped);
  EXPECT_EQ(session->outcome().stop.urgency, runhook::StopUrgency::now);
}

TEST_F(Watchdog, AbortEndsTheProcessWithTheReport) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        rig.config.add_hook(StallWatchdogHook::make({.after_run = kTimeout, .action = StallAction::abort}));
        rig.hook({.name = "culprit"})->on_after = [](auto&) { hang_in_a_function_of_the_test(); };
        rig.start()->run();
      },
      testing::KilledBySignal(SIGABRT), "hook 'culprit': after_run.*\n(.*\n)*.*hang_in_a_function_of_the_test");
}

TEST_F(Watchdog, WithoutASignalThereIsNoStack) {
  watch({.session_run = kTimeout, .signal = 0});
  rig.step = [](auto&) { hang_in_a_function_of_the_test(); };
  run_all();
  ASSERT_EQ(stalls.size(), 1U);
  EXPECT_THAT(stalls[0].stack, IsEmpty());
  EXPECT_THAT(log, Not(Contains(HasSubstr("#0"))));
}

TEST_F(Watchdog, AThreadThatBlocksTheSignalIsReportedWithoutAStack) {
  watch({.session_run = kTimeout});
  rig.step = [](auto&) {
    sigset_t urgent;
    sigset_t before;
    sigemptyset(&urgent);
    sigaddset(&urgent, SIGURG);
    pthread_sigmask(SIG_BLOCK, &urgent, &before);
    hang_in_a_function_of_the_test();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  };
  run_all();
  ASSERT_EQ(stalls.size(), 1U);
  EXPECT_THAT(stalls[0].stack, IsEmpty());
  EXPECT_THAT(log, Contains(HasSubstr("does not tell its stack")));
}

TEST_F(Watchdog, FollowsTheSessionFromThreadToThread) {
  watch({.session_run = kTimeout});
  const auto session = rig.start();
  session->run();
  rig.step = [](auto&) { hang_in_a_function_of_the_test(); };
  std::thread([&] { session->run(); }).join();
  expect_stall("", "session_run");
}

TEST_F(Watchdog, AnExceptionOfOnStallChangesNothing) {
  rig.config.add_hook(StallWatchdogHook::make({.timeout = kPatience, .on_stall = [](const Stall&) {
                                                 hanging = false;
                                                 throw 1;
                                               }}));
  rig.step = [](auto&) { hang_in_a_function_of_the_test(); };
  run_all();
  EXPECT_THAT(log, Contains(HasSubstr("session_run has been going on")));
}

TEST_F(Watchdog, ServesASecondSession) {
  StallWatchdogHook& watchdog = watch({.session_run = kTimeout});
  rig.step = [](auto&) { hang_in_a_function_of_the_test(); };
  for (int i = 0; i < 2; ++i) {
    hanging = true;
    rig.start()->run();
  }
  EXPECT_EQ(watchdog.stalls(), 2);
}

int others = 0;
void handler_of_another(int) { ++others; }

TEST_F(Watchdog, TheFormerHandlerIsCalledMeanwhileAndPutBack) {
  struct sigaction mine {};
  struct sigaction before {};
  mine.sa_handler = &handler_of_another;
  sigaction(SIGURG, &mine, &before);
  others = 0;
  watch({.session_run = kTimeout});
  rig.step = [](auto&) { hang_in_a_function_of_the_test(); };
  const auto session = rig.start();
  session->run();
  expect_stall("", "session_run");
  EXPECT_EQ(others, 0) << "what was ours is not passed on";
  raise(SIGURG);
  EXPECT_EQ(others, 1);
  session->close();
  struct sigaction after {};
  sigaction(SIGURG, &before, &after);
  EXPECT_EQ(after.sa_handler, &handler_of_another);
}

TEST_F(Watchdog, BadOptionsAreRefused) {
  EXPECT_STATUS(StallWatchdogHook({.timeout = -1s}), invalid_argument, "negative");
  EXPECT_STATUS(StallWatchdogHook({.end = -1s}), invalid_argument, "negative");
  EXPECT_STATUS(StallWatchdogHook({.signal = SIGKILL}), invalid_argument, "signal");
  EXPECT_STATUS(StallWatchdogHook({.signal = 65}), invalid_argument, "signal");
  EXPECT_STATUS(StallWatchdogHook({.action = static_cast<StallAction>(4)}), invalid_argument, "action");
}

TEST(ThreadStack, OfAThreadThatIsGoneIsEmpty) {
  const runhook::detail::ThreadStacks stacks(SIGURG);
  EXPECT_THAT(stacks.of(0), IsEmpty());
  EXPECT_THAT(stacks.of(0x3ffffff), IsEmpty());
}

}  // namespace
