// Signals that end the process, and what children of the process have of it.
#include <fcntl.h>
#include <spawn.h>

#include <optional>

#include "loop_rig.hpp"
#include "runhook/hooks/stop_on_signal.hpp"
#include "signal_rig.hpp"

extern char** environ;

namespace runhook {
namespace {

using namespace runhook_test;
using namespace std::chrono_literals;

TEST(SignalsEnd, ThirdSigintEndsTheProcess) {
  EXPECT_TRUE(was_killed_by(status_of_child([] {
                              const SignalSubscription subscription(StopSource(), on(SIGINT));
                              to_this_thread(SIGINT, 3);
                            }),
                            SIGINT));
  EXPECT_TRUE(has_exited(status_of_child([] {
                           const SignalSubscription subscription(StopSource(), on(SIGINT));
                           to_this_thread(SIGINT, 2);
                         }),
                         99));
}

TEST(SignalsEnd, SecondEndsTheProcessWhereTheRuleSaysSo) {
  EXPECT_TRUE(was_killed_by(status_of_child([] {
                              const SignalSubscription subscription(
                                  StopSource(), on(SIGTERM, SignalAction::stop, SignalRepeat::default_action));
                              to_this_thread(SIGTERM, 2);
                            }),
                            SIGTERM));
  EXPECT_TRUE(was_killed_by(status_of_child([] {
                              const SignalSubscription subscription(StopSource(), on(SIGINT, SignalAction::stop_now));
                              to_this_thread(SIGINT, 2);
                            }),
                            SIGINT));
}

TEST(SignalsEnd, CountBeginsAnewWithASubscription) {
  EXPECT_TRUE(has_exited(status_of_child([] {
                           for (int i = 0; i < 3; ++i) {
                             const SignalSubscription subscription(StopSource(), on(SIGINT));
                             to_this_thread(SIGINT, 2);
                           }
                         }),
                         99));
}

TEST(SignalsEnd, ProcessEndsWhenTheDeadlineHasPassed) {
  EXPECT_TRUE(has_exited(status_of_child([] {
                           SignalOptions options = on(SIGTERM);
                           options.exit_deadline = 20ms;
                           const SignalSubscription subscription(StopSource(), std::move(options));
                           to_this_thread(SIGTERM);
                           for (;;) pause();
                         }),
                         128 + SIGTERM));
}

TEST(SignalsEnd, DeadlineIsOverWithTheSubscription) {
  EXPECT_TRUE(has_exited(status_of_child([] {
                           const SignalSubscription other(StopSource(), on(SIGTERM));
                           {
                             SignalOptions options = on(SIGTERM);
                             options.exit_deadline = 200ms;
                             const SignalSubscription subscription(StopSource(), std::move(options));
                             to_this_thread(SIGTERM);
                           }
                           std::this_thread::sleep_for(400ms);
                         }),
                         99));
}

TEST(SignalsEnd, SignalIsAsWithoutUsWhenOursIsPutBackByOthers) {
  EXPECT_TRUE(was_killed_by(status_of_child([] {
                              std::optional<SignalSubscription> subscription(std::in_place, StopSource(), on(SIGTERM));
                              {
                                const Installed over(SIGTERM, SIG_IGN);
                                subscription.reset();
                              }  // puts back ours, which has no subscription any more
                              to_this_thread(SIGTERM);
                            }),
                            SIGTERM));
}

Outcome outcome_of(OutcomeKind kind, StopOrigin origin = StopOrigin::none, std::int32_t code = 0) {
  Outcome outcome;
  outcome.kind = kind;
  outcome.stop.origin = origin;
  outcome.stop.code = code;
  return outcome;
}

TEST(ExitStatus, SaysHowTheRunEnded) {
  EXPECT_EQ(exit_status(outcome_of(OutcomeKind::completed)), 0);
  EXPECT_EQ(exit_status(outcome_of(OutcomeKind::end_of_input)), 0);
  EXPECT_EQ(exit_status(outcome_of(OutcomeKind::stopped, StopOrigin::hook, 15)), 0);
  EXPECT_EQ(exit_status(outcome_of(OutcomeKind::stopped, StopOrigin::signal, SIGTERM)), 143);
  EXPECT_EQ(exit_status(outcome_of(OutcomeKind::stopped, StopOrigin::signal, SIGINT)), 130);
  EXPECT_EQ(exit_status(outcome_of(OutcomeKind::end_of_input, StopOrigin::signal, SIGTERM)), 0);
  EXPECT_EQ(exit_status(outcome_of(OutcomeKind::failed)), 1);
  EXPECT_EQ(exit_status(outcome_of(OutcomeKind::failed, StopOrigin::signal, SIGTERM)), 1);
  EXPECT_EQ(exit_status(outcome_of(OutcomeKind::running)), 1);
  EXPECT_EQ(exit_status(outcome_of(OutcomeKind::stopped, StopOrigin::signal, 400)), 0) << "no signal of that number";
}

TEST(RaiseAgain, EndsTheProcessByTheSignalThatStoppedTheRun) {
  EXPECT_TRUE(was_killed_by(status_of_child([] {
                              LoopRig rig;
                              rig.config.add_hook(StopOnSignalHook::make(on(SIGTERM)));
                              rig.step = [](auto&) { to_this_thread(SIGTERM); };
                              const auto session = rig.start();
                              session->run_until_stop();
                              session->close();
                              raise_again(session->outcome());
                            }),
                            SIGTERM));
}

TEST(RaiseAgain, BlockedSignalEndsTheProcessToo) {
  EXPECT_TRUE(was_killed_by(status_of_child([] {
                              sigset_t all;
                              sigfillset(&all);
                              pthread_sigmask(SIG_SETMASK, &all, nullptr);
                              raise_again(outcome_of(OutcomeKind::stopped, StopOrigin::signal, SIGINT));
                            }),
                            SIGINT));
}

TEST(RaiseAgain, ReturnsIfNoSignalStoppedTheRun) {
  raise_again(outcome_of(OutcomeKind::stopped, StopOrigin::hook, SIGTERM));
  raise_again(outcome_of(OutcomeKind::completed, StopOrigin::signal, SIGTERM));
  raise_again(outcome_of(OutcomeKind::stopped, StopOrigin::signal, 400));
  raise_again(outcome_of(OutcomeKind::stopped, StopOrigin::signal, -1));
}

TEST(SignalsFork, ChildHasNoSubscription) {
  const StopSource stop;
  const SignalSubscription subscription(stop, on(SIGTERM));
  EXPECT_TRUE(was_killed_by(status_of_child([] { to_this_thread(SIGTERM); }), SIGTERM));
  EXPECT_FALSE(stop.stop_requested());
  to_this_thread(SIGTERM);
  EXPECT_TRUE(stop.stop_requested()) << "the parent lost its own";
}

void exit_7(int) { _exit(7); }

TEST(SignalsFork, ChildHasTheHandlerThatWasThere) {
  const Installed installed(SIGTERM, exit_7);
  const SignalSubscription subscription(StopSource(), on(SIGTERM));
  EXPECT_TRUE(has_exited(status_of_child([] { to_this_thread(SIGTERM); }), 7));
}

TEST(SignalsFork, DescriptorIsClosedInTheChild) {
  const int before = open("/dev/null", O_RDONLY | O_CLOEXEC);  // the next number is the registration's
  const SignalSubscription subscription{StopSource()};
  EXPECT_TRUE(has_exited(status_of_child([before] {
                           if (fcntl(before + 1, F_GETFD) == -1) _exit(0);
                         }),
                         0));
  EXPECT_NE(fcntl(before + 1, F_GETFD), -1);
  close(before);
}

TEST(SignalsFork, ChildMaySubscribeItself) {
  const StopSource stop;
  std::optional<SignalSubscription> subscription(std::in_place, stop, on(SIGTERM));
  EXPECT_TRUE(has_exited(status_of_child([&] {
                           const StopSource own;
                           Lines lines;
                           SignalOptions options = on(SIGTERM);
                           options.log = lines.sink();
                           const SignalSubscription again(own, std::move(options));
                           subscription.reset();  // the parent's: not the child's to end
                           to_this_thread(SIGTERM);
                           if (!own.stop_requested() || stop.stop_requested()) _exit(1);
                           if (!eventually([&] { return !lines.all().empty(); })) _exit(2);  // it has a thread
                         }),
                         99));
}

// While other threads subscribe, are sent signals and end it again.
TEST(SignalsFork, ChildrenAreNeverStuck) {
  std::atomic<bool> over{false};
  std::vector<std::thread> others;
  for (int i = 0; i < 2; ++i) {
    others.emplace_back([&] {
      while (!over) {
        const SignalSubscription subscription(StopSource(), on(SIGUSR1, SignalAction::save));
        to_this_thread(SIGUSR1);
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    const int status = status_of_child([] {
      const StopSource stop;
      const SignalSubscription subscription(stop, on(SIGUSR1));
      to_this_thread(SIGUSR1);
      _exit(stop.stop_requested() ? 0 : 1);
    });
    ASSERT_TRUE(has_exited(status, 0)) << i;
  }
  over = true;
  for (std::thread& other : others) other.join();
}

int status_of_shell(const char* script) {
  const char* const arguments[] = {"sh", "-c", script, nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, "/bin/sh", nullptr, nullptr, const_cast<char* const*>(arguments), environ) != 0) return -1;
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

TEST(SignalsExec, OtherProgramHasNothingOfIt) {
  const int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const StopSource stop;
  const SignalSubscription subscription(stop, on(SIGTERM));
  EXPECT_TRUE(was_killed_by(status_of_shell("kill -TERM $$; exit 5"), SIGTERM)) << "handled, ignored or blocked there";
  const std::string script = "test ! -e /proc/self/fd/" + std::to_string(before + 1);
  EXPECT_TRUE(has_exited(status_of_shell(script.c_str()), 0)) << "the descriptor was inherited";
  EXPECT_FALSE(stop.stop_requested());
  close(before);
}

}  // namespace
}  // namespace runhook
