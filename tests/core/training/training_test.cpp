#include "runhook/training.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "core/fake_session.hpp"

namespace runhook {
namespace {

using test::FakeSession;
using test::thrown_by;

class Quiet final : public SessionRunHook {};

SessionFactory fake_factory() {
  return [] { return std::make_shared<FakeSession>(); };
}

TrainingOptions two_hooks() {
  TrainingOptions options;
  options.hooks.push_back({std::make_shared<Quiet>(), {.name = "user"}});
  options.chief_only_hooks.push_back({std::make_shared<Quiet>(), {.name = "chief"}});
  return options;
}

TEST(Config, AddHookKeepsOrderAndOptions) {
  const auto a = std::make_shared<Quiet>();
  const auto b = std::make_shared<Quiet>();
  Config config;
  config.add_hook(a, {.name = "a", .phase = HookPhase::saver}).add_hook(b);
  ASSERT_EQ(config.hooks.size(), 2U);
  EXPECT_EQ(config.hooks[0].hook, a);
  EXPECT_EQ(config.hooks[0].options.name, "a");
  EXPECT_EQ(config.hooks[0].options.phase, HookPhase::saver);
  EXPECT_EQ(config.hooks[1].hook, b);
  EXPECT_EQ(thrown_by([&] { config.add_hook(nullptr); }).code(), StatusCode::invalid_argument);
}

TEST(TrainingConfig, MT_09_WorkerWaitsForTheChiefAndHasNoChiefHooks) {
  TrainingOptions options = two_hooks();
  options.is_chief = false;
  const Config config = training_config(fake_factory(), std::move(options));
  EXPECT_NE(dynamic_cast<WorkerSessionCreator*>(config.session_creator.get()), nullptr);
  ASSERT_EQ(config.hooks.size(), 1U);
  EXPECT_EQ(config.hooks[0].options.name, "user");
  EXPECT_EQ(config.session_creator->saver(), nullptr);

  ManualClock clock;
  EXPECT_EQ(thrown_by([&] {
              config.session_creator->create_session({nullptr, &clock});
            }).code(),
            StatusCode::deadline_exceeded);
  EXPECT_EQ(clock.waited_ns(), 7'200'000'000'000);
}

TEST(TrainingConfig, DefaultHooksComeFirstAndFitTheRole) {
  for (const bool is_chief : {true, false}) {
    TrainingOptions options = two_hooks();
    options.is_chief = is_chief;
    options.default_hooks = {.dir = "run", .scalars = {"loss"}};
    const std::size_t expected = default_hooks(options.default_hooks, is_chief).size();
    const Config config = training_config(fake_factory(), std::move(options));
    ASSERT_EQ(config.hooks.size(), expected + (is_chief ? 2 : 1));
    EXPECT_EQ(config.hooks[0].hook->name(), is_chief ? "run record" : "stop on signal");
    EXPECT_EQ(config.hooks.back().options.name, "user");
  }
}

TEST(TrainingConfig, MT_10_ChiefHasChiefHooksFirstAndNoOthers) {
  TrainingOptions options = two_hooks();
  options.stop_grace_period_ns = 5;
  options.scaffold = std::make_shared<Scaffold>();
  options.scaffold->saver = std::make_shared<MemorySaver>();
  const auto saver = options.scaffold->saver;
  const Config config = training_config(fake_factory(), std::move(options));
  EXPECT_NE(dynamic_cast<ChiefSessionCreator*>(config.session_creator.get()), nullptr);
  ASSERT_EQ(config.hooks.size(), 2U);
  EXPECT_EQ(config.hooks[0].options.name, "chief");
  EXPECT_EQ(config.hooks[1].options.name, "user");
  EXPECT_EQ(config.stop_grace_period_ns, 5);
  EXPECT_EQ(config.session_creator->saver(), saver);
}

TEST(TrainingConfig, DefaultsAreThoseOfAChief) {
  const Config config = training_config(fake_factory());
  EXPECT_TRUE(config.hooks.empty());
  EXPECT_EQ(config.stop_grace_period_ns, Coordinator::kDefaultGraceNs);
  EXPECT_NE(config.session_creator->create_session({}).session, nullptr);
}

TEST(TrainingConfig, MissingFactoryIsRefused) {
  EXPECT_EQ(thrown_by([] { training_config({}); }).code(), StatusCode::invalid_argument);
  TrainingOptions worker;
  worker.is_chief = false;
  EXPECT_EQ(thrown_by([&] { training_config({}, worker); }).code(), StatusCode::invalid_argument);
}

}  // namespace
}  // namespace runhook
