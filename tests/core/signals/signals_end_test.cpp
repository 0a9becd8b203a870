// Signals that end the process, and what it exits with.
#include <optional>

#include "core/loop_rig.hpp"
#include "core/signals/signal_rig.hpp"
#include "runhook/hooks/stop_on_signal.hpp"
#include "runhook/stop_listener.hpp"

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

TEST(SignalsEnd, DeadlineIsWatchedWhileAListenerTakesItsTime) {
  EXPECT_TRUE(has_exited(status_of_child([] {
                           SignalOptions options = on(SIGTERM);
                           options.exit_deadline = 20ms;
                           const StopSource source;
                           const SignalSubscription subscription(source, std::move(options));
                           const StopListener slow(source.state(), [](const StopReason&) {
                             for (;;) pause();
                           });
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

}  // namespace
}  // namespace runhook
