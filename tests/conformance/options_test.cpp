// Section 4.7: how run options are merged.
#include "rig.hpp"

namespace conformance {
namespace {

constexpr char kReportOnOom[] = "report_tensor_allocations_upon_oom";

struct Merged {
  std::int32_t trace_level = -1;
  std::int64_t timeout_ns = -1;
  bool partition_graphs = false;
  bool report_on_oom = false;
  std::vector<std::string> watches;
  std::string engine;
};

void keep_merged(Rec& hook, Merged& merged) {
  hook.on("after", [&merged](runhook_context* context) {
    const runhook_run_options* options = runhook_context_options(context);
    merged.trace_level = runhook_run_options_trace_level(options);
    merged.timeout_ns = runhook_run_options_timeout_ns(options);
    merged.partition_graphs = runhook_run_options_engine_flag(options, "output_partition_graphs") != 0;
    merged.report_on_oom = runhook_run_options_engine_flag(options, kReportOnOom) != 0;
    for (std::size_t i = 0; i < runhook_run_options_watch_count(options); ++i) {
      merged.watches.emplace_back(runhook_run_options_watch_at(options, i));
    }
    if (const char* value = runhook_run_options_engine_option(options, "pool")) merged.engine = value;
    return kOk;
  });
}

TEST(RunOptions, RO_02_CallersAndHooksOptionsAreMerged) {
  Rig rig;
  Merged merged;
  keep_merged(rig.hook("A").asks(Ask().with([](runhook_run_options* options) {
    runhook_run_options_set_trace_level(options, RUNHOOK_TRACE_HARDWARE, nullptr);
    runhook_run_options_set_timeout_ns(options, 60 * kSecond, nullptr);
    runhook_run_options_add_watch(options, "h", nullptr);
  })),
              merged);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.run(Ask().fetch("five").with([](runhook_run_options* options) {
                    runhook_run_options_set_trace_level(options, RUNHOOK_TRACE_FULL, nullptr);
                    runhook_run_options_set_timeout_ns(options, 30 * kSecond, nullptr);
                    runhook_run_options_set_engine_flag(options, "output_partition_graphs", nullptr);
                    runhook_run_options_add_watch(options, "c", nullptr);
                    runhook_run_options_set_engine_flag(options, kReportOnOom, nullptr);
                  }))
                   .reply,
               RUNHOOK_OK);
  EXPECT_EQ(merged.trace_level, RUNHOOK_TRACE_FULL);
  EXPECT_EQ(merged.timeout_ns, 60 * kSecond);
  EXPECT_TRUE(merged.partition_graphs);
  EXPECT_EQ(merged.watches, (std::vector<std::string>{"c", "h"}));
  EXPECT_TRUE(merged.report_on_oom);
  EXPECT_EQ(rig.raws[0]->timeout_ns, 60 * kSecond) << "the session gets the merged options";
}

Ask pool(const char* value) {
  return Ask().with([value](runhook_run_options* options) {
    runhook_run_options_set_engine_option(options, "pool", value, nullptr);
  });
}

TEST(RunOptions, RO_03_EngineOptionsOfHooksReachTheSession) {
  Rig rig;
  Merged merged;
  keep_merged(rig.hook("A").asks(pool("2")), merged);
  rig.hook("B").asks(pool("2"));
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.fetch("five").reply, RUNHOOK_OK);
  EXPECT_EQ(merged.engine, "2");
}

TEST(RunOptions, RO_03_ConflictingEngineOptionsNameBothParties) {
  Rig rig;
  rig.hook("left").asks(pool("2"));
  rig.hook("right").asks(pool("3"));
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Reply reply = rig.fetch("five").reply;
  EXPECT_EQ(reply.status, RUNHOOK_ERR_INVALID_ARGUMENT) << reply;
  EXPECT_TRUE(reply.mentions("left") && reply.mentions("right") && reply.mentions("pool")) << reply;
}

TEST(RunOptions, RO_03_ConflictWithTheCallersEngineOptionIsRefused) {
  Rig rig;
  rig.hook("left").asks(pool("2"));
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Reply reply = rig.run(pool("3")).reply;
  EXPECT_EQ(reply.status, RUNHOOK_ERR_INVALID_ARGUMENT) << reply;
  EXPECT_TRUE(reply.mentions("left") && reply.mentions("caller")) << reply;
}

Ask within(int64_t timeout_ns) {
  return Ask().with(
      [timeout_ns](runhook_run_options* options) { runhook_run_options_set_timeout_ns(options, timeout_ns, nullptr); });
}

TEST(RunOptions, RO_03_LongestTimeoutOfHooksHoldsWhereTheCallerSetsNone) {
  Rig rig;
  Merged merged;
  keep_merged(rig.hook("A").asks(within(30 * kSecond)), merged);
  rig.hook("B").asks(within(60 * kSecond));
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.fetch("five").reply, RUNHOOK_OK);
  EXPECT_EQ(merged.timeout_ns, 60 * kSecond);
  EXPECT_EQ(rig.raws[0]->timeout_ns, 60 * kSecond);
}

TEST(RunOptions, RO_03_ForEverOfAHookBeatsTheCallersTimeout) {
  Rig rig;
  Merged merged;
  keep_merged(rig.hook("A").asks(within(-1)), merged);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.run(within(60 * kSecond).fetch("five")).reply, RUNHOOK_OK);
  EXPECT_EQ(merged.timeout_ns, -1);
}

TEST(RunOptions, RO_03_HookThatAsksForATraceLeavesTheCallersTimeout) {
  Rig rig;
  Merged merged;
  keep_merged(rig.hook("A").asks(Ask().with([](runhook_run_options* options) {
    runhook_run_options_set_trace_level(options, RUNHOOK_TRACE_FULL, nullptr);
  })),
              merged);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.run(within(60 * kSecond).fetch("five")).reply, RUNHOOK_OK);
  EXPECT_EQ(merged.timeout_ns, 60 * kSecond);
}

TEST(RunOptions, RO_03_HookWithoutOptionsLeavesTheCallersTimeout) {
  Rig rig;
  Merged merged;
  keep_merged(rig.hook("A").asks(Ask().fetch("ten")), merged);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.run(Ask().fetch("five").with([](runhook_run_options* options) {
                    runhook_run_options_set_timeout_ns(options, 5 * kSecond, nullptr);
                  }))
                   .reply,
               RUNHOOK_OK);
  EXPECT_EQ(merged.timeout_ns, 5 * kSecond);
}

}  // namespace
}  // namespace conformance
