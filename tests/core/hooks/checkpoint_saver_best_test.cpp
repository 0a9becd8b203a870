// A saver's hook that also saves whenever a metric has improved.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <thread>
#include <vector>

#include "core/hooks/checkpoint_saver_rig.hpp"
#include "eventually.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;
using testing::ElementsAre;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Step N logs the Nth of these.
class BestCheckpoint : public CheckpointSaverHookTest {
 protected:
  BestCheckpoint() {
    options.checkpoints.keep.last = 0;
    options.checkpoints.keep.metric = "accuracy";
    options.checkpoints.keep.higher_is_better = true;
    options.save_at_start = false;
    options.save_at_end = false;
    options.save_on_best = true;
  }
  std::unique_ptr<MonitoredSession> start_logging(std::vector<double> values) {
    rig.config.hooks.clear();
    add_hook();
    rig.hook()->on_after = [values = std::move(values)](SessionRunContext& context) {
      context.log_scalar("accuracy", values[static_cast<std::size_t>(context.global_step() - 1)]);
      context.log_scalar("another", static_cast<double>(context.global_step()));
    };
    return rig.start();
  }
  void run_all(std::vector<double> values) {
    const auto steps = static_cast<std::int64_t>(values.size());
    const auto session = start_logging(std::move(values));
    session->run_until_stop(train, steps - session->global_step());
    session->close();
  }
};

TEST_F(BestCheckpoint, IsSavedWhenTheMetricHasABetterValueThanEverBefore) {
  run_all({0.5, 0.4, kNaN, 0.5, 0.7, 0.6, 0.8});
  EXPECT_THAT(saved(), ElementsAre(1, 5, 7));
  EXPECT_DOUBLE_EQ(list_checkpoints(folder.file("checkpoints"))[1].metrics[0].second, 0.7);
}

TEST_F(BestCheckpoint, MetricThatIsNeverLoggedIsAWarning) {
  options.checkpoints.keep.metric = "acuracy";
  const auto session = start_logging({0.5, 0.6});
  session->run_until_stop(train, 2);
  session->close();
  EXPECT_THAT(saved(), ElementsAre());
  EXPECT_EQ(session->outcome().warnings, 1);
  EXPECT_THAT(session->outcome().first_warning.message(),
              testing::HasSubstr("'acuracy' was never logged; did you mean 'accuracy'?"));
}

TEST_F(BestCheckpoint, MayHaveTheLowestValue) {
  options.checkpoints.keep.higher_is_better = false;
  run_all({kNaN, 3, 4, 2, 2, -INFINITY, 1});
  EXPECT_THAT(saved(), ElementsAre(2, 4, 6));
}

TEST_F(BestCheckpoint, IsKeptWhateverIsSavedAfterIt) {
  options.checkpoints.keep.last = 1;
  options.checkpoints.keep.best = 1;
  options.save_at_end = true;
  run_all({0.5, 0.7, 0.6, 0.6, 0.6});
  EXPECT_THAT(saved(), ElementsAre(2, 5));
}

TEST_F(BestCheckpoint, IsRememberedByARunThatGoesOn) {
  run_all({0.5, 0.9, 0.1});
  EXPECT_THAT(saved(), ElementsAre(1, 2));
  run_all({0.5, 0.9, 0.8, 0.7, 0.95});  // goes on from step 2
  EXPECT_THAT(saved(), ElementsAre(1, 2, 5));
}

TEST_F(BestCheckpoint, OfAnUndoneStepIsForgotten) {
  options.save_at_start = true;
  options.save_on_best = true;
  options.checkpoints.asynchronous = false;
  bool fails = true;
  rig.config.hooks.clear();
  add_hook();
  const auto hook = rig.hook();
  hook->on_after = [&](SessionRunContext& context) {
    context.log_scalar("accuracy", context.global_step() == 2 && fails ? 0.9 : 0.5);
    if (context.global_step() == 2 && fails) {
      fails = false;
      fail(StatusCode::unavailable, "gone");
    }
  };
  const auto session = rig.start();
  session->run_until_stop(train, 3);
  session->close();
  EXPECT_THAT(saved(), ElementsAre(0, 1));  // neither 0.9, which is gone, nor 0.5 again
}

// As in tf.estimator.
struct EvaluatingListener final : CheckpointSaverListener {
  bool after_save(SessionRunContext& context, std::int64_t step) override {
    context.log_scalar("accuracy", static_cast<double>(step));
    return false;
  }
};

TEST_F(BestCheckpoint, EvaluationOfWhatIsSavedHasNothingElseSaved) {
  options.listeners = {std::make_shared<EvaluatingListener>()};
  add_hook(Trigger::every_steps(5));
  const auto session = rig.start();
  session->run_until_stop(train, 12);
  session->close();
  EXPECT_THAT(saved(), ElementsAre(1, 6, 11));
}

TEST_F(BestCheckpoint, ValueOfTheStartIsNotThatOfTheFirstStep) {
  options.save_at_start = true;
  rig.hook()->on_create = [](SessionRunContext& context) { context.log_scalar("accuracy", 0.5); };
  add_hook();
  const auto session = rig.start();
  session->run_until_stop(train, 3);
  session->close();
  EXPECT_THAT(saved(), ElementsAre(0));
}

TEST_F(BestCheckpoint, ValueOfTheEndIsInTheLastCheckpoint) {
  for (const bool at_end : {false, true}) {
    options.save_at_end = at_end;
    options.checkpoints.directory = folder.file(at_end ? "other" : "checkpoints");
    rig.config.hooks.clear();
    const auto hook = rig.hook();
    hook->on_after = [](SessionRunContext& context) {
      if (context.global_step() == 1) context.log_scalar("accuracy", 0.5);
    };
    hook->on_end = [](SessionRunContext& context) { context.log_scalar("accuracy", 0.9); };
    rig.config.stop = std::make_shared<StopState>();
    add_hook();
    const auto session = rig.start();
    session->run_until_stop(train, 3);
    session->close();
    const std::vector<CheckpointSummary> all = list_checkpoints(options.checkpoints.directory);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all.back().step, 3);
    EXPECT_DOUBLE_EQ(all.back().metrics[0].second, 0.9);
    EXPECT_FALSE(rig.config.stop->save_requested()) << "it would be the next session's";
  }
}

TEST_F(BestCheckpoint, ValueThatAThreadLogsBeforeTheEndIsSaved) {
  add_hook();
  const auto session = rig.start();
  auto logger = session->logger();
  session->run_until_stop(train, 2);
  std::jthread([&] { logger.log_scalar("accuracy", 0.5, 2); }).join();
  session->close();
  EXPECT_THAT(saved(), ElementsAre(2));
}

TEST_F(BestCheckpoint, ThatIsVetoedIsNotTheBest) {
  const auto listener = std::make_shared<Listener>();
  listener->vetoed = 2;
  options.listeners = {listener};
  run_all({0.5, 0.9, 0.7, 0.6});
  EXPECT_THAT(saved(), ElementsAre(1, 3));
}

TEST_F(BestCheckpoint, ThatCannotBeWrittenIsNotTheBest) {
  const auto disk = std::make_shared<FullDisk>();
  options.checkpoints.file_system = disk;
  add_hook(Trigger::never(), FailurePolicy::warn);
  rig.hook()->on_after = [&](SessionRunContext& context) {
    const std::int64_t step = context.global_step();
    disk->full = step == 1;
    context.log_scalar("accuracy", step == 1 ? 0.9 : step == 2 ? 0.1 : 0.8);
  };
  const auto session = rig.start();
  session->run_until_stop(train, 3);
  session->close();
  EXPECT_THAT(saved(), ElementsAre(2, 3)) << "the save that has failed is made after the next step; 0.8 is better then";
}

TEST_F(BestCheckpoint, ThatComesWhileAnotherIsWrittenIsNotForgotten) {
  const auto disk = shut_disk();
  options.checkpoints.overlap = SaveOverlap::skip;
  const auto saver = give_saver();
  rig.hook()->on_after = [&](SessionRunContext& context) {
    const std::int64_t step = context.global_step();
    context.log_scalar("accuracy", step == 1 ? 0.5 : step < 4 ? 0.9 : 0.6);
    if (step == 3) {
      disk->shut = false;
      EXPECT_TRUE(eventually([&] { return !saver->saving(); }));
    }
  };
  add_hook();
  const auto session = rig.start();
  session->run_until_stop(train, 5);
  session->close();
  EXPECT_EQ(saved().size(), 2U);
}

TEST_F(BestCheckpoint, IsThatOfTheMetricAndTheDirectionThatAreAskedFor) {
  run_all({0.5, 0.9});
  options.checkpoints.keep.higher_is_better = false;
  run_all({0, 0, 5.0, 6.0});
  EXPECT_THAT(saved(), ElementsAre(1, 2, 3));
  options.checkpoints.keep.metric = "another";
  run_all({0, 0, 0, 0});
  EXPECT_THAT(saved(), ElementsAre(1, 2, 3, 4));
}

TEST_F(BestCheckpoint, NothingIsAskedForWhereThereIsNothingToSave) {
  options.optional = true;
  rig.make = nullptr;  // a function has no variables
  rig.hook()->on_after = [](SessionRunContext& context) {
    context.log_scalar("accuracy", static_cast<double>(context.global_step()));
  };
  add_hook();
  const auto session = rig.start();
  session->run_until_stop({}, 3);
  session->close();
  EXPECT_EQ(rig.logged("a save was requested"), 0);
}

TEST_F(BestCheckpoint, NeedsAMetric) {
  options.checkpoints.keep.metric.clear();
  EXPECT_STATUS(CheckpointSaverHook::make(options), invalid_argument, "save_on_best needs the metric of the retention");
  CheckpointSaverHookOptions other;
  other.saver = std::make_shared<MemorySaver>();
  other.save_on_best = true;
  EXPECT_STATUS(CheckpointSaverHook::make(other), invalid_argument, "save_on_best needs the metric of the retention");
}

TEST_F(BestCheckpoint, IsThatOfTheSaverThatIsGiven) {
  CheckpointSaverHookOptions other;
  other.saver = std::make_shared<CheckpointSaver>(options.checkpoints);
  other.save_at_start = other.save_at_end = false;
  other.save_on_best = true;
  options = other;
  run_all({0.5, 0.4, 0.6});
  EXPECT_THAT(saved(), ElementsAre(1, 3));
}

}  // namespace
