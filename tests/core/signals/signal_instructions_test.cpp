// A signal at the instructions of what a program does with stops and subscriptions: at each one of short pieces of
// code, at every fifth or so of others, since the steps to them add up. Not built with sanitizers, which make the code
// many times longer and, some of them, put handlers off.
#include <cerrno>
#include <optional>
#include <stop_token>

#include "core/signals/instruction_sweep.hpp"
#include "core/signals/signal_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using namespace std::chrono_literals;

constexpr auto kLimit = 30s;

// Its source gets both the signal's request and the body's.
struct Stop {
  std::optional<StopSource> source;
  std::optional<SignalSubscription> subscription;

  void prepare() {
    subscription.reset();
    source.emplace();
    subscription.emplace(*source, on(SIGUSR1, SignalAction::stop_now));
    errno = EXDEV;
  }
  bool is_whole(std::size_t requests) const {
    return errno == EXDEV && source->stop_requested() && source->state()->first().origin != StopOrigin::none &&
           source->state()->later().size() + 1 == requests;
  }
};

Sweep sweep_of_stop(long stride, std::size_t requests, const std::function<void(const StopSource&)>& body) {
  InstructionSweep sweep(SIGUSR1, stride, kLimit);
  return sweep.run([&] {
    auto stop = std::make_shared<Stop>();
    return SweptCode{[stop] { stop->prepare(); }, [stop, body] { body(*stop->source); },
                     [stop, requests] { return stop->is_whole(requests); }};
  });
}

TEST(SignalInstructions, RequestStopTakesASignalAnywhere) {
  const Sweep sweep = sweep_of_stop(5, 2, [](const StopSource& source) { source.request_stop(3, "enough"); });
  EXPECT_EQ(sweep.trouble, "");
  EXPECT_GT(sweep.instructions, 200);
}

TEST(SignalInstructions, UrgentStopTakesASignalAnywhere) {
  const Sweep sweep =
      sweep_of_stop(5, 2, [](const StopSource& source) { source.request_stop(3, "enough", StopUrgency::now); });
  EXPECT_EQ(sweep.trouble, "");
  EXPECT_GT(sweep.instructions, 200);
}

TEST(SignalInstructions, ReadingTheReasonTakesASignalAnywhere) {
  const Sweep sweep = sweep_of_stop(1, 1, [](const StopSource& source) {
    source.request_save();
    if (source.state()->wait(0)) (void)source.state()->first();
  });
  EXPECT_EQ(sweep.trouble, "");
  EXPECT_GT(sweep.instructions, 20);
}

// Another subscription is there all the time, and must see each signal, once.
TEST(SignalInstructions, SubscribingTakesASignalAnywhere) {
  struct Subscriptions {
    StopSource kept;
    SignalSubscription always{kept, on(SIGUSR1, SignalAction::save)};
    std::uint64_t before = 0;
  };
  InstructionSweep sweep(SIGUSR1, 61, kLimit);
  const Sweep swept = sweep.run([] {
    auto all = std::make_shared<Subscriptions>();
    return SweptCode{
        [all] {
          all->kept.state()->take_save_request();
          all->before = all->always.received(SIGUSR1);
        },
        [] { const SignalSubscription subscription(StopSource(), on(SIGUSR1)); },
        [all] { return all->kept.state()->save_requested() && all->always.received(SIGUSR1) == all->before + 1; }};
  });
  EXPECT_EQ(swept.trouble, "");
  EXPECT_GT(swept.instructions, 1000);
}

std::stop_source* naive = nullptr;
void stop_naively(int) {
  if (naive != nullptr) naive->request_stop();
}

// What must not be done, and is found here.
TEST(SignalInstructions, StdStopSourceInAHandlerHangs) {
  InstructionSweep sweep(SIGUSR1, 1, 2s);
  const Sweep swept = sweep.run([] {
    std::signal(SIGUSR1, stop_naively);
    return SweptCode{[] {},
                     [] {
                       std::stop_source source;
                       naive = &source;
                       {
                         const std::stop_callback callback(source.get_token(), [] {});
                       }
                       naive = nullptr;
                     },
                     [] { return true; }};
  });
  EXPECT_EQ(swept.trouble.substr(0, 4), "hung") << swept.trouble;
}

}  // namespace
}  // namespace runhook
