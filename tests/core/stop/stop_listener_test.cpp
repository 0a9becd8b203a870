// Functions that are called when a stop is asked for.
#include "runhook/stop_listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"

namespace runhook {
namespace {

using runhook_test::LoopRig;
using testing::ElementsAre;

struct Heard {
  std::vector<std::string> texts;
  std::thread::id thread;
  StopListener::Function function() {
    return [this](const StopReason& first) {
      texts.emplace_back(first.text());
      thread = std::this_thread::get_id();
    };
  }
};

TEST(StopListener, IsCalledOnceWithTheFirstRequest) {
  const StopSource source;
  Heard heard;
  const StopListener listener(source.state(), heard.function());
  EXPECT_TRUE(heard.texts.empty());
  source.request_stop(0, "first");
  source.request_stop(0, "second", StopUrgency::now);
  EXPECT_THAT(heard.texts, ElementsAre("first"));
}

TEST(StopListener, IsCalledOnTheThreadThatAsks) {
  const StopSource source;
  Heard heard;
  const StopListener listener(source.state(), heard.function());
  std::thread poster([&] { source.request_stop(); });
  const std::thread::id asking = poster.get_id();
  poster.join();
  EXPECT_EQ(heard.thread, asking);
}

TEST(StopListener, OfAStopThatHasBeenAskedForIsCalledAtOnce) {
  const StopSource source;
  source.request_stop(0, "early");
  Heard heard;
  const StopListener listener(source.state(), heard.function());
  EXPECT_THAT(heard.texts, ElementsAre("early"));
}

TEST(StopListener, ThatIsGoneIsNotCalled) {
  const StopSource source;
  Heard heard;
  std::optional<StopListener> listener(std::in_place, source.state(), heard.function());
  listener.reset();
  source.request_stop();
  EXPECT_TRUE(heard.texts.empty());
}

TEST(StopListener, MayGoWhileItIsCalled) {
  const StopSource source;
  int calls = 0;
  std::optional<StopListener> listener;
  listener.emplace(source.state(), [&](const StopReason&) {
    ++calls;
    listener.reset();
  });
  source.request_stop();
  EXPECT_EQ(calls, 1);
}

TEST(StopListener, DestroyingItWaitsForItsCallOnAnotherThread) {
  const StopSource source;
  std::atomic<bool> called{false};
  std::atomic<bool> go_on{false};
  std::atomic<bool> over{false};
  auto listener = std::make_unique<StopListener>(source.state(), [&](const StopReason&) {
    called = true;
    while (!go_on) std::this_thread::yield();
    over = true;
  });
  std::thread poster([&] { source.request_stop(); });
  while (!called) std::this_thread::yield();
  std::thread releaser([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    go_on = true;
  });
  listener.reset();
  EXPECT_TRUE(over);
  poster.join();
  releaser.join();
}

TEST(StopListener, ThatThrowsKeepsNobodyElseFromBeingCalled) {
  const StopSource source;
  Heard heard;
  const StopListener careless(source.state(), [](const StopReason&) { throw std::runtime_error("careless"); });
  const StopListener listener(source.state(), heard.function());
  source.request_stop(0, "why");
  EXPECT_THAT(heard.texts, ElementsAre("why"));
}

TEST(StopListener, MayAskForAnotherStop) {
  const StopSource source;
  Heard heard;
  const StopListener asking(source.state(), [&](const StopReason&) { source.request_stop(0, "again"); });
  const StopListener listener(source.state(), heard.function());
  source.request_stop(0, "why");
  EXPECT_THAT(heard.texts, ElementsAre("why"));
  EXPECT_EQ(source.state()->later().size(), 1U);
}

TEST(StopListener, OfASessionIsCalledByItsThreadAfterASignalHandler) {
  LoopRig rig;
  const StopSource source;
  rig.config.stop = source.state();
  Heard heard;
  const StopListener listener(source.state(), heard.function());
  rig.step = [&](Step&) {
    source.request_stop_from_signal(15);
    EXPECT_TRUE(heard.texts.empty()) << "a signal handler calls nobody";
  };
  const auto session = rig.start();
  session->run_until_stop();
  EXPECT_THAT(heard.texts, ElementsAre("signal 15"));
  EXPECT_EQ(heard.thread, std::this_thread::get_id());
}

TEST(StopListener, OfASignalBetweenStepsIsCalledByTheNextRunOrByClose) {
  for (const bool runs : {true, false}) {
    LoopRig rig;
    const StopSource source;
    rig.config.stop = source.state();
    Heard heard;
    const StopListener listener(source.state(), heard.function());
    const auto session = rig.start();
    source.request_stop_from_signal(15);
    if (runs) {
      EXPECT_STATUS(session->run(), stopped, "");
    } else {
      session->close();
    }
    EXPECT_THAT(heard.texts, ElementsAre("signal 15"));
  }
}

TEST(StopListener, HearsOfAStopThatCountsWithItsStep) {
  LoopRig rig;
  const StopSource source;
  rig.config.stop = source.state();
  Heard heard;
  const StopListener listener(source.state(), heard.function());
  rig.hook()->on_after = [&](SessionRunContext& context) {
    context.request_stop(0, "enough", StopUrgency::if_completed);
    EXPECT_TRUE(heard.texts.empty());
  };
  rig.start()->run_until_stop();
  EXPECT_THAT(heard.texts, ElementsAre("enough"));
}

TEST(StopListener, MayWaitForTheLoopToEnd) {
  LoopRig rig;
  const StopSource source;
  rig.config.stop = source.state();
  const auto session = rig.start();
  std::thread loop([&] { session->run_until_stop(); });
  const StopListener listener(source.state(), [&](const StopReason&) { loop.join(); });
  source.request_stop();
  EXPECT_FALSE(loop.joinable());
}

TEST(StopListener, IsCalledByWhoeverAsksThoughTheLoopSeesTheStopFirst) {
  LoopRig rig;
  const StopSource source;
  rig.config.stop = source.state();
  const auto session = rig.start();
  std::thread loop([&] {
    session->run_until_stop();
    session->close();
  });
  // Of a request that is urgent the cancellers are called before the listeners.
  source.state()->set_canceller(&loop, [&] { loop.join(); });
  std::thread::id called_on;
  const StopListener listener(source.state(), [&](const StopReason&) { called_on = std::this_thread::get_id(); });
  source.request_stop(0, {}, StopUrgency::now);
  EXPECT_EQ(called_on, std::this_thread::get_id());
  source.state()->set_canceller(&loop, {});
}

TEST(StopListener, TwoThatForwardToEachOtherDoNotWaitForEachOther) {
  for (int time = 0; time < 50; ++time) {
    const StopSource one, other;
    const StopListener to_other(one.state(), [&](const StopReason&) { other.request_stop(); });
    const StopListener to_one(other.state(), [&](const StopReason&) { one.request_stop(); });
    std::thread first([&] { one.request_stop(); });
    other.request_stop();
    first.join();
    EXPECT_TRUE(one.stop_requested() && other.stop_requested());
  }
}

TEST(StopListener, MayWaitForAThreadThatDestroysAnotherListener) {
  const StopSource source;
  auto other = std::make_unique<StopListener>(source.state(), [](const StopReason&) {});
  const StopListener listener(source.state(), [&](const StopReason&) { std::thread([&] { other.reset(); }).join(); });
  source.request_stop();
  EXPECT_EQ(other, nullptr);
}

TEST(StopListener, ItsFunctionIsGoneWithIt) {
  const StopSource source;
  const auto held = std::make_shared<int>();
  {
    const StopListener listener(source.state(), [held](const StopReason&) {});
    EXPECT_EQ(held.use_count(), 2);
    source.request_stop();
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(StopListener, NeedsAStateAndAFunction) {
  const StopSource source;
  EXPECT_STATUS(StopListener(nullptr, [](const StopReason&) {}), invalid_argument, "no stop to listen for");
  EXPECT_STATUS(StopListener(source.state(), {}), invalid_argument, "no function");
}

}  // namespace
}  // namespace runhook
