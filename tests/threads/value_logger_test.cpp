// Loggers of many threads while the loop runs, ends and goes away.
#include "runhook/value_logger.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "core/loop_rig.hpp"

namespace runhook {
namespace {

using runhook_test::LoopRig;

struct Counting final : SessionRunHook, ValueListener {
  std::uint64_t count = 0;
  void on_logged(SessionRunContext&, std::span<const LoggedValue> values) override { count += values.size(); }
  ValueListener* value_listener() noexcept override { return this; }
};

TEST(ValueLogger, EachValueOfEachThreadIsDeliveredOrCounted) {
  constexpr std::uint64_t kThreads = 4;
  constexpr std::uint64_t kValues = 3000;
  LoopRig rig;
  const auto counting = std::make_shared<Counting>();
  rig.config.add_hook(counting);
  auto session = rig.start();
  const ValueLogger logger = session->logger();
  std::atomic<std::uint64_t> running{kThreads};
  std::vector<std::thread> threads;
  for (std::uint64_t number = 0; number < kThreads; ++number) {
    threads.emplace_back([&, number] {
      const std::string name = "thread/" + std::to_string(number);
      for (std::uint64_t i = 0; i < kValues; ++i) logger.log_scalar(name, static_cast<double>(i));
      --running;
    });
  }
  while (running > kThreads / 2) session->run();
  session->close();  // while the others go on
  session.reset();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counting->count + logger.dropped(), kThreads * kValues);
  EXPECT_GT(counting->count, 0U);
}

}  // namespace
}  // namespace runhook
