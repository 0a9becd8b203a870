// Section 4.2: the helper that assembles a training session. What needs checkpoint or summary hooks is in README.md.
#include "runhook/training.hpp"

#include "rig.hpp"

namespace conformance {
namespace {

// Makes a training config with what the rig holds, its hooks included.
Reply configure_training(Rig& rig, const runhook_training_options* options, runhook_scaffold* scaffold) {
  const runhook_function factory = function_of(rig.creator());
  const Reply reply = make(rig.config, runhook_training_config_create, &factory, scaffold, options);
  if (reply.status == RUNHOOK_OK) rig.apply(rig.config.get());
  return reply;
}

TEST(TrainingSession, MT_01_StateIsSavedAndRestored) {
  Rig rig;
  rig.raw();
  rig.raw();
  make(rig.saver, runhook_memory_saver_create);
  OwnScaffold scaffold;
  make(scaffold, runhook_scaffold_create);
  call(runhook_scaffold_set_saver, scaffold.get(), rig.saver.get());
  EXPECT_REPLY(configure_training(rig, nullptr, scaffold.get()), RUNHOOK_OK);

  ASSERT_EQ(rig.open_config().status, RUNHOOK_OK);
  EXPECT_EQ(rig.fetch("global_step").at("global_step"), 0);
  EXPECT_EQ(rig.step().at("STEP"), 1);
  EXPECT_REPLY(call(runhook_monitored_session_request_save, rig.session.get()), RUNHOOK_OK);
  EXPECT_EQ(rig.step().at("STEP"), 2);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(runhook_memory_saver_save_count(rig.saver.get()), 1);

  ASSERT_EQ(rig.open_config().status, RUNHOOK_OK);
  EXPECT_EQ(runhook_monitored_session_global_step(rig.session.get()), 2);
  EXPECT_EQ(rig.fetch("global_step").at("global_step"), 2);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
}

TEST(TrainingSession, MT_06_NothingIsSavedUnasked) {
  Rig rig;
  rig.raw();
  rig.raw();
  make(rig.saver, runhook_memory_saver_create);
  OwnScaffold scaffold;
  make(scaffold, runhook_scaffold_create);
  call(runhook_scaffold_set_saver, scaffold.get(), rig.saver.get());
  Rec& rec = rig.hook("REC");
  rec.options.chief_only = 1;
  EXPECT_REPLY(configure_training(rig, nullptr, scaffold.get()), RUNHOOK_OK);
  ASSERT_EQ(rig.open_config().status, RUNHOOK_OK);
  for (int i = 0; i < 3; ++i) EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(rec.calls["begin"], 1);
  EXPECT_EQ(runhook_memory_saver_save_count(rig.saver.get()), 0);

  ASSERT_EQ(rig.open_config().status, RUNHOOK_OK);
  EXPECT_EQ(rig.fetch("global_step").at("global_step"), 0);
}

TEST(TrainingSession, MT_08_ChiefOnlyHooksComeFirst) {
  Rig rig;
  rig.raw();
  rig.hook("U");
  rig.hook("C").options.chief_only = 1;
  EXPECT_REPLY(configure_training(rig, nullptr, nullptr), RUNHOOK_OK);
  ASSERT_EQ(rig.open_config().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  EXPECT_EQ(only(rig.trace, ".begin"), (Trace{"C.begin", "U.begin"}));
  EXPECT_EQ(only(rig.trace, ".before"), (Trace{"C.before", "U.before"}));
}

TEST(TrainingSession, MT_09_WorkerWaitsAndHasNoChiefHooks) {
  const runhook::TrainingOptions defaults;
  EXPECT_TRUE(defaults.is_chief);
  EXPECT_EQ(defaults.max_wait_ns, 7200 * kSecond);

  Rig rig;
  Raw& unready = rig.raw();
  unready.variable("v", 1, std::nullopt, RUNHOOK_VARIABLES_GLOBAL);
  Raw& ready = rig.raw();  // the chief has initialised it meanwhile
  ready.variable("v", 1, 5.0, RUNHOOK_VARIABLES_GLOBAL);
  rig.hook("U");
  Rec& chief_only = rig.hook("C");
  chief_only.options.chief_only = 1;
  runhook_training_options options = RUNHOOK_TRAINING_OPTIONS_INIT;
  options.is_worker = 1;
  EXPECT_REPLY(configure_training(rig, &options, nullptr), RUNHOOK_OK);
  EXPECT_EQ(chief_only.destroyed, 1);
  const std::int64_t before = runhook_clock_now_ns(rig.clock.get());
  ASSERT_EQ(rig.open_config().status, RUNHOOK_OK);
  EXPECT_GE(runhook_clock_now_ns(rig.clock.get()) - before, defaults.poll_ns);
  EXPECT_EQ(rig.created, 2);
  EXPECT_EQ(unready.closed, 1);
  EXPECT_EQ(rig.fetch("v").at("v"), 5) << "a worker initialises nothing";
  EXPECT_EQ(chief_only.calls["begin"], 0);
  EXPECT_EQ(only(rig.trace, ".begin"), (Trace{"U.begin"}));
}

TEST(TrainingSession, MT_09_WorkerGivesUpAfterItsMaximumWait) {
  Rig rig;
  for (int i = 0; i < 4; ++i) rig.raw().variable("v", 1, std::nullopt, RUNHOOK_VARIABLES_GLOBAL);
  runhook_training_options options = RUNHOOK_TRAINING_OPTIONS_INIT;
  options.is_worker = 1;
  options.max_wait_ns = 3 * kSecond;
  Rec& hook = rig.hook("U");
  EXPECT_REPLY(configure_training(rig, &options, nullptr), RUNHOOK_OK);
  EXPECT_REPLY(rig.open_config(), RUNHOOK_ERR_DEADLINE_EXCEEDED);
  EXPECT_EQ(rig.created, 1) << "the next try would come too late";
  EXPECT_EQ(hook.calls["cleanup"], 1);
}

TEST(TrainingSession, MT_10_OnlyTheGivenHooksTakePart) {
  Rig rig;
  Raw& raw = rig.raw();
  raw.has_global_step = false;
  rig.hook("U");
  EXPECT_REPLY(configure_training(rig, nullptr, nullptr), RUNHOOK_OK);
  ASSERT_EQ(rig.open_config().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.fetch("y").reply, RUNHOOK_OK);
  EXPECT_EQ(raw.fetched, (std::vector<std::string>{"y"}));
  std::uint64_t id = 0;
  EXPECT_REPLY(call(runhook_monitored_session_find_hook, rig.session.get(), "U", &id), RUNHOOK_OK);
}

}  // namespace
}  // namespace conformance
