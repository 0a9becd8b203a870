#include "runhook/stop.hpp"

#include <gtest/gtest.h>
#include <sys/types.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace runhook {
namespace {

using namespace std::chrono_literals;

StopReason reason_of(std::int32_t code, StopUrgency urgency = StopUrgency::after_step) {
  StopReason reason;
  reason.origin = StopOrigin::caller;
  reason.urgency = urgency;
  reason.code = code;
  return reason;
}

TEST(StopReason, LongTextIsCut) {
  StopReason reason;
  reason.set_who(std::string(100, 'w'));
  reason.set_text(std::string(1000, 't'));
  EXPECT_EQ(reason.who(), std::string(StopReason::kMaxWho, 'w'));
  EXPECT_EQ(reason.text(), std::string(StopReason::kMaxText, 't'));
}

TEST(StopReason, CutKeepsUtf8SequencesWhole) {
  StopReason reason;
  reason.set_who(std::string(62, 'x') + "\xE2\x82\xAC");  // would be split after its first byte
  EXPECT_EQ(reason.who(), std::string(62, 'x'));
  reason.set_who(std::string(61, 'x') + "\xC3\xA4y");  // ends exactly at the limit
  EXPECT_EQ(reason.who(), std::string(61, 'x') + "\xC3\xA4");
  reason.set_who(std::string(60, 'x') + "\xF0\x9F\x98\x80");
  EXPECT_EQ(reason.who(), std::string(60, 'x'));
}

TEST(StopReason, TextThatIsNotUtf8IsCutAtTheLimit) {
  StopReason reason;
  reason.set_who(std::string(100, '\x80'));
  EXPECT_EQ(reason.who().size(), StopReason::kMaxWho);
}

TEST(StopReason, ShorterTextReplacesLongerOne) {
  StopReason reason;
  reason.set_text("a long text");
  reason.set_text("short");
  EXPECT_EQ(reason.text(), "short");
  reason.set_text({});
  EXPECT_EQ(reason.text(), "");
}

TEST(StopState, FreshStateAsksForNothing) {
  const StopState state;
  EXPECT_FALSE(state.requested());
  EXPECT_FALSE(state.urgent());
  EXPECT_FALSE(state.anything());
  EXPECT_EQ(state.first().origin, StopOrigin::none);
  EXPECT_TRUE(state.later().empty());
  EXPECT_EQ(state.dropped(), 0U);
}

TEST(StopState, RequestIsStickyAndFirstOneIsTheReason) {
  StopState state;
  StopReason reason = reason_of(7);
  reason.set_who("accuracy");
  reason.set_text("reached 0.83");
  EXPECT_TRUE(state.request(reason));
  EXPECT_FALSE(state.request(reason_of(8)));
  EXPECT_TRUE(state.requested());
  EXPECT_FALSE(state.urgent());
  EXPECT_EQ(state.first().code, 7);
  EXPECT_EQ(state.first().who(), "accuracy");
  EXPECT_EQ(state.first().text(), "reached 0.83");
  ASSERT_EQ(state.later().size(), 1U);
  EXPECT_EQ(state.later()[0].code, 8);
}

TEST(StopState, StepAndTimeAreFilledInUnlessGiven) {
  StopState state;
  state.set_step(41);
  state.request(reason_of(1));
  StopReason given = reason_of(2);
  given.step = 5;
  given.time_ns = 6;
  state.request(given);
  EXPECT_EQ(state.first().step, 41);
  EXPECT_GT(state.first().time_ns, 0);
  EXPECT_EQ(state.later()[0].step, 5);
  EXPECT_EQ(state.later()[0].time_ns, 6);
}

TEST(StopState, KeepsSixteenReasonsAndCountsTheRest) {
  StopState state;
  for (std::int32_t i = 0; i < 20; ++i) EXPECT_EQ(state.request(reason_of(i)), i == 0);
  EXPECT_EQ(state.first().code, 0);
  const std::vector<StopReason> later = state.later();
  ASSERT_EQ(later.size(), StopState::kMaxReasons - 1);
  for (std::size_t i = 0; i < later.size(); ++i) EXPECT_EQ(later[i].code, static_cast<std::int32_t>(i) + 1);
  EXPECT_EQ(state.dropped(), 4U);
}

TEST(StopState, UrgencyOfADroppedRequestStillCounts) {
  StopState state;
  for (std::int32_t i = 0; i < 16; ++i) state.request(reason_of(i));
  EXPECT_FALSE(state.urgent());
  state.request(reason_of(99, StopUrgency::now));
  EXPECT_TRUE(state.urgent());
}

TEST(StopState, SaveRequestIsTakenOnce) {
  StopState state;
  state.request_save();
  EXPECT_TRUE(state.anything());
  EXPECT_FALSE(state.requested());
  EXPECT_TRUE(state.take_save_request());
  EXPECT_FALSE(state.take_save_request());
  EXPECT_FALSE(state.anything());
}

TEST(StopState, ConcurrentRequestsHaveExactlyOneFirst) {
  for (int round = 0; round < 200; ++round) {
    StopState state;
    std::atomic<int> firsts{0};
    std::atomic<int> winner{-1};
    std::atomic<bool> go{false};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        while (!go.load()) std::this_thread::yield();
        if (state.request(reason_of(t))) {
          firsts.fetch_add(1);
          winner.store(t);
        }
        EXPECT_EQ(state.first().origin, StopOrigin::caller);  // whoever sees the stop finds its reason
      });
    }
    std::thread reader([&] {
      state.wait(-1);
      EXPECT_EQ(state.first().origin, StopOrigin::caller);
      EXPECT_LE(state.later().size(), 7U);
    });
    go.store(true);
    for (std::thread& thread : threads) thread.join();
    reader.join();
    EXPECT_EQ(firsts.load(), 1);
    EXPECT_EQ(state.first().code, winner.load());
    EXPECT_EQ(state.later().size(), 7U);
  }
}

TEST(StopState, ConcurrentOverflowLosesNoCount) {
  StopState state;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) state.request(reason_of(i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(state.later().size(), StopState::kMaxReasons - 1);
  EXPECT_EQ(state.dropped(), 800 - StopState::kMaxReasons);
}

TEST(StopState, WaitEndsWithTheTimeout) {
  const StopState state;
  EXPECT_FALSE(state.wait(0));
  EXPECT_FALSE(state.wait(1'000'000));
}

TEST(StopState, WaitForTheLongestTimeIsEndedByARequest) {
  StopState state;
  std::thread poster([&] {
    std::this_thread::sleep_for(5ms);
    state.request(reason_of(1));
  });
  EXPECT_TRUE(state.wait(std::numeric_limits<std::int64_t>::max()));
  poster.join();
}

TEST(StopState, WaitIsNotDelayedByAStopThatIsThere) {
  StopState state;
  state.request(reason_of(1));
  EXPECT_TRUE(state.wait(-1));
}

TEST(StopState, WaitEndsWhenExtraHoldsAfterAWake) {
  const StopState state;
  std::atomic<bool> extra{false};
  std::thread poster([&] {
    std::this_thread::sleep_for(5ms);
    extra.store(true);
    state.wake();
  });
  EXPECT_FALSE(state.wait(-1, [&] { return extra.load(); }));
  poster.join();
}

TEST(StopState, WaitThatThrowsLeavesTheStateUsable) {
  StopState state;
  int calls = 0;
  EXPECT_THROW(state.wait(-1,
                          [&]() -> bool {
                            if (++calls == 2) throw std::runtime_error("extra");
                            return false;
                          }),
               std::runtime_error);
  state.request(reason_of(1));
  EXPECT_TRUE(state.wait(-1));
}

TEST(StopState, NoWakeUpIsLost) {
  for (int round = 0; round < 2000; ++round) {
    StopState state;
    std::thread waiter([&] { EXPECT_TRUE(state.wait(-1)); });
    state.request(reason_of(round));
    waiter.join();
  }
}

TEST(StopState, NoWakeForExtraIsLost) {
  const StopState state;
  std::atomic<int> turn{0};
  constexpr int kTurns = 2000;
  const auto play = [&](int parity) {
    for (int i = parity; i < kTurns; i += 2) {
      state.wait(-1, [&] { return turn.load() == i; });
      turn.store(i + 1);
      state.wake();
    }
  };
  std::thread other([&] { play(1); });
  play(0);
  other.join();
  EXPECT_EQ(turn.load(), kTurns);
}

TEST(StopState, UrgentRequestCallsTheCancellerEveryTime) {
  StopState state;
  int calls = 0;
  state.set_canceller(&state, [&] { ++calls; });
  state.request(reason_of(1));
  EXPECT_EQ(calls, 0);
  state.request(reason_of(2, StopUrgency::now));
  state.request(reason_of(3, StopUrgency::now));
  EXPECT_EQ(calls, 2);
  EXPECT_TRUE(state.urgent());
  state.set_canceller(&state, {});
  state.request(reason_of(4, StopUrgency::now));
  EXPECT_EQ(calls, 2);
}

TEST(StopState, CancellerMayRequestAStop) {
  StopState state;
  int calls = 0;
  state.set_canceller(&state, [&] {
    ++calls;
    EXPECT_FALSE(state.request(reason_of(2, StopUrgency::now)));
  });
  EXPECT_TRUE(state.request(reason_of(1, StopUrgency::now)));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(state.later().size(), 1U);
}

TEST(StopState, CancellersOfTwoStatesMayRequestCrosswise) {
  StopState a;
  StopState b;
  a.set_canceller(&a, [&] { b.request(reason_of(2, StopUrgency::now)); });
  b.set_canceller(&b, [&] { a.request(reason_of(3, StopUrgency::now)); });
  a.request(reason_of(1, StopUrgency::now));
  EXPECT_TRUE(a.urgent());
  EXPECT_TRUE(b.urgent());
}

TEST(StopState, CancellerMayTakeItselfAway) {
  StopState state;
  int calls = 0;
  state.set_canceller(&state, [&calls, &state, text = std::string(100, 'x')] {
    ++calls;
    state.set_canceller(&state, {});
    EXPECT_EQ(text.size(), 100U);  // it lives until it returns
  });
  state.request(reason_of(1, StopUrgency::now));
  state.request(reason_of(2, StopUrgency::now));
  EXPECT_EQ(calls, 1);
}

TEST(StopState, CancellersThatChangeTheListLeaveNoneOutAndCallNoneTwice) {
  using Calls = std::array<int, 3>;
  for (std::size_t caller = 0; caller < 3; ++caller) {
    for (std::size_t target = 0; target < 3; ++target) {
      for (const bool replaces : {false, true}) {
        SCOPED_TRACE(testing::Message() << caller << (replaces ? " replaces " : " takes away ") << target);
        StopState state;
        Calls calls{};
        for (std::size_t i = 0; i < calls.size(); ++i) {
          state.set_canceller(&calls[i], [&, i] {
            ++calls[i];
            if (i != caller) return;
            state.set_canceller(&calls[target],
                                replaces ? [&calls, target] { ++calls[target]; } : std::function<void()>());
          });
        }
        Calls expected{1, 1, 1};
        if (!replaces && target > caller) expected[target] = 0;
        state.request(reason_of(1, StopUrgency::now));
        EXPECT_EQ(calls, expected);
      }
    }
  }
}

TEST(StopState, CancellerThatThrowsDoesNotUndoTheStop) {
  StopState state;
  int calls = 0;
  state.set_canceller(&state, [&] {
    ++calls;
    throw std::runtime_error("cancel");
  });
  EXPECT_TRUE(state.request(reason_of(1, StopUrgency::now)));
  EXPECT_FALSE(state.request(reason_of(2, StopUrgency::now)));
  EXPECT_EQ(calls, 2);
}

TEST(StopState, TakingTheCancellerAwayWaitsForACallUnderWay) {
  StopState state;
  std::atomic<bool> inside{false};
  std::atomic<bool> left{false};
  state.set_canceller(&state, [&] {
    inside.store(true);
    std::this_thread::sleep_for(20ms);
    left.store(true);
  });
  std::thread poster([&] { state.request(reason_of(1, StopUrgency::now)); });
  while (!inside.load()) std::this_thread::yield();
  state.set_canceller(&state, {});
  EXPECT_TRUE(left.load());
  poster.join();
}

TEST(StopState, SignalRequestTellsItsNumberAndKeepsErrno) {
  StopState state;
  int calls = 0;
  state.set_canceller(&state, [&] { ++calls; });
  state.set_step(12);
  errno = EDOM;
  EXPECT_TRUE(state.request_from_signal(15, StopUrgency::now));
  EXPECT_EQ(errno, EDOM);
  EXPECT_FALSE(state.request_from_signal(0, StopUrgency::after_step));
  state.request_from_signal(std::numeric_limits<std::int32_t>::min(), StopUrgency::after_step);
  const StopReason first = state.first();
  EXPECT_EQ(first.origin, StopOrigin::signal);
  EXPECT_EQ(first.who(), "signal");
  EXPECT_EQ(first.text(), "signal 15");
  EXPECT_EQ(first.code, 15);
  EXPECT_EQ(first.step, 12);
  EXPECT_GT(first.time_ns, 0);
  EXPECT_EQ(state.later()[0].text(), "signal 0");
  EXPECT_EQ(state.later()[1].text(), "signal -2147483648");
  EXPECT_TRUE(state.urgent());
  EXPECT_EQ(calls, 0);  // a handler takes no lock
}

StopState* handled_state = nullptr;
void handle(int number) { handled_state->request_from_signal(number, StopUrgency::after_step); }

TEST(StopState, SignalHandlerWakesAWaiter) {
  StopState state;
  handled_state = &state;
  struct sigaction action {};
  struct sigaction former {};
  action.sa_handler = handle;
  ASSERT_EQ(sigaction(SIGUSR1, &action, &former), 0);
  std::thread waiter([&] { EXPECT_TRUE(state.wait(-1)); });
  std::this_thread::sleep_for(5ms);
  std::raise(SIGUSR1);
  waiter.join();
  ASSERT_EQ(sigaction(SIGUSR1, &former, nullptr), 0);
  EXPECT_EQ(state.first().code, SIGUSR1);
}

TEST(StopSource, CopiesShareOneState) {
  const StopSource source;
  const StopSource copy = source;
  EXPECT_TRUE(copy.request_stop(3, "enough"));
  EXPECT_FALSE(source.request_stop());
  EXPECT_TRUE(source.stop_requested());
  EXPECT_EQ(source.state()->first().origin, StopOrigin::source);
  EXPECT_EQ(source.state()->first().code, 3);
  EXPECT_EQ(source.state()->first().text(), "enough");
}

TEST(StopSource, OriginIsThatOfItsMaker) {
  const StopSource source(std::make_shared<StopState>(), StopOrigin::hook);
  source.request_stop();
  EXPECT_EQ(source.state()->first().origin, StopOrigin::hook);
}

TEST(StopSource, SignalRequestAndSaveRequestReachTheState) {
  const StopSource source;
  source.request_save();
  EXPECT_TRUE(source.state()->save_requested());
  EXPECT_FALSE(source.stop_requested());
  EXPECT_TRUE(source.request_stop_from_signal(2));
  EXPECT_EQ(source.state()->first().text(), "signal 2");
}

}  // namespace
}  // namespace runhook
