// Who may ask for the state to be saved, and when it is.
#include <thread>

#include "rig.hpp"

namespace conformance {
namespace {

TEST(SaveRequest, HooksThreadsAndTheCallerMayAskAndTheRunGoesOn) {
  Rig rig;
  make(rig.saver, runhook_memory_saver_create);
  rig.hook("A").on("after", 1, [](runhook_context* context) {
    EXPECT_REPLY(call(runhook_context_request_save, context), RUNHOOK_OK);
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const auto saves = [&rig] { return runhook_memory_saver_save_count(rig.saver.get()); };
  rig.step();
  EXPECT_EQ(saves(), 1);
  rig.step();
  EXPECT_EQ(saves(), 1) << "a request is honoured once";
  EXPECT_REPLY(call(runhook_monitored_session_request_save, rig.session.get()), RUNHOOK_OK);
  rig.step();
  EXPECT_EQ(saves(), 2);
  const OwnSource source = rig.stop_source();
  std::thread([&source] { runhook_stop_source_request_save(source.get(), nullptr); }).join();
  EXPECT_EQ(saves(), 2);
  rig.step();
  EXPECT_EQ(saves(), 3);
  EXPECT_FALSE(rig.should_stop());
  OwnSnapshot latest;
  EXPECT_REPLY(make(latest, runhook_memory_saver_latest, rig.saver.get()), RUNHOOK_OK);
  EXPECT_EQ(runhook_snapshot_global_step(latest.get()), 4);
}

TEST(SaveRequest, TogetherWithAStopTheLastStepIsSaved) {
  Rig rig;
  make(rig.saver, runhook_memory_saver_create);
  rig.hook("A").on("after", 2, [](runhook_context* context) {
    runhook_context_request_save(context, nullptr);
    runhook_context_request_stop(context, 0, "preempted", RUNHOOK_STOP_AFTER_STEP);
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  while (!rig.should_stop()) rig.step();
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  OwnSnapshot latest;
  EXPECT_REPLY(make(latest, runhook_memory_saver_latest, rig.saver.get()), RUNHOOK_OK);
  EXPECT_EQ(runhook_snapshot_global_step(latest.get()), 2);
}

}  // namespace
}  // namespace conformance
