// Section 4.6: what one attempt does with its hooks.
#include <algorithm>

#include "rig.hpp"
#include "runhook/function_session.hpp"
#include "runhook/monitored_session.hpp"

namespace conformance {
namespace {

TEST(HookedLayer, HS_02_HookSeesTheArgsAndEmptyValues) {
  Rig rig;
  Rec& a = rig.hook("A");
  Rec& b = rig.hook("B");
  for (Rec* hook : {&a, &b}) {
    hook->on("after", [](runhook_context* context) {
      const runhook_run_args* args = runhook_context_original_args(context);
      EXPECT_EQ(runhook_run_args_fetch_count(args), 1U);
      EXPECT_STREQ(runhook_run_args_fetch_name_at(args, 0), "five");
      EXPECT_EQ(runhook_run_args_feed_count(args), 0U);
      EXPECT_EQ(session_id(context), 1);
      EXPECT_EQ(runhook_results_count(runhook_context_results(context)), 0U);
      const runhook_run_options* options = runhook_context_options(context);
      EXPECT_NE(options, nullptr);
      EXPECT_EQ(runhook_run_options_trace_level(options), RUNHOOK_TRACE_NONE);
      EXPECT_EQ(runhook_run_options_timeout_ns(options), 0);
      EXPECT_EQ(runhook_run_options_watch_count(options), 0U);
      EXPECT_EQ(runhook_metadata_node_count(runhook_context_metadata(context)), 0U);
      return kOk;
    });
  }
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ(rig.fetch("five").at("five"), 5);
  for (Rec* hook : {&a, &b}) {
    EXPECT_EQ(hook->calls["begin"], 1);
    EXPECT_EQ(hook->calls["created"], 1);
    EXPECT_EQ(hook->calls["before"], 1);
    EXPECT_EQ(hook->calls["after"], 1);
    EXPECT_EQ(hook->calls["end"], 0);
  }
}

TEST(HookedLayer, HS_03_ShouldStopOnceAHookAsked) {
  Rig rig;
  rig.hook("A").stops("after", 2);
  rig.hook("B");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.identity(1).reply, RUNHOOK_OK);
  EXPECT_FALSE(rig.should_stop());
  EXPECT_REPLY(rig.identity(1).reply, RUNHOOK_OK);
  EXPECT_TRUE(rig.should_stop());
}

TEST(HookedLayer, HS_04_EachHookGetsWhatItFetched) {
  Rig rig;
  Rec& first = rig.hook("A").asks(Ask().fetch("k", "five"));
  Rec& second = rig.hook("B").asks(Ask().fetch("k", "ten"));
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Answer answer = rig.run(Ask().fetch("k", "zero"));
  EXPECT_EQ(answer.values, (Values{{"k", 0.0}}));
  EXPECT_EQ(first.results, (Values{{"k", 5.0}}));
  EXPECT_EQ(second.results, (Values{{"k", 10.0}}));
}

TEST(HookedLayer, HS_05_HooksFeed) {
  Rig rig;
  rig.hook("A").asks(Ask().feed("a", 5));
  rig.hook("B").asks(Ask().feed("b", 10));
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ(rig.fetch("sum").at("sum"), 15);
}

TEST(HookedLayer, HS_06_HooksAndCallerFeed) {
  Rig rig;
  rig.hook("A").asks(Ask().feed("a", 5));
  rig.hook("B").asks(Ask().feed("b", 10));
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const OwnArgs args = args_of(Ask().fetch("sum").feed("c", 20));
  EXPECT_EQ(rig.run_args(args.get()).at("sum"), 35);
  EXPECT_EQ(runhook_run_args_feed_count(args.get()), 1U);
  EXPECT_EQ(rig.run_args(args.get()).at("sum"), 35);
}

TEST(HookedLayer, HS_07_ConflictingHookFeedsAreRefused) {
  Rig rig;
  rig.hook("first").asks(Ask().feed("a", 5));
  Rec& second = rig.hook("second").asks(Ask().feed("a", 10));
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Reply reply = rig.fetch("sum").reply;
  EXPECT_EQ(reply.status, RUNHOOK_ERR_INVALID_ARGUMENT) << reply;
  EXPECT_TRUE(reply.mentions("first") && reply.mentions("second")) << reply;
  EXPECT_EQ(second.asked.status, RUNHOOK_ERR_INVALID_ARGUMENT) << "the hook is told at once";
}

TEST(HookedLayer, HS_08_FeedInConflictWithTheCallersIsRefused) {
  Rig rig;
  rig.hook("feeder").asks(Ask().feed("b", 10));
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Reply reply = rig.run(Ask().fetch("sum").feed("b", 20)).reply;
  EXPECT_EQ(reply.status, RUNHOOK_ERR_INVALID_ARGUMENT) << reply;
  EXPECT_TRUE(reply.mentions("feeder") && reply.mentions("caller")) << reply;
}

TEST(HookedLayer, HS_09_ConflictingHookFeedsStopAtTheSecondHook) {
  Rig rig;
  rig.hook("A").asks(Ask().feed("a", 5));
  rig.hook("B").asks(Ask().feed("a", 10));
  rig.hook("C");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.take();
  const Reply reply = rig.fetch("sum").reply;
  EXPECT_TRUE(reply.mentions("'a'")) << reply;
  EXPECT_EQ(rig.take(), (Trace{"A.before", "B.before", "B.error", "A.error"}));
  EXPECT_FALSE(rig.should_stop());
}

TEST(HookedLayer, HS_10_ConflictWithTheCallerIsFoundAfterAllHooks) {
  Rig rig;
  rig.hook("A").asks(Ask().feed("a", 5));
  rig.hook("B").asks(Ask().feed("b", 10));
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.take();
  EXPECT_REPLY(rig.run(Ask().fetch("sum").feed("b", 1)).reply, RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(rig.take(), (Trace{"A.before", "B.before", "B.error", "A.error"}));
}

TEST(HookedLayer, HS_12_StopAskedBeforeTheRunLetsItComplete) {
  Rig rig;
  rig.hook("A").stops("before", 1);
  Rec& b = rig.hook("B");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.take();
  EXPECT_EQ(rig.identity(3).at("identity"), 3);
  EXPECT_TRUE(b.last("before").stop_requested);
  EXPECT_EQ(rig.take(), (Trace{"A.before", "B.before", "raw1.run", "A.after", "B.after"}));
  EXPECT_TRUE(rig.should_stop());
}

TEST(HookedLayer, HS_13_StopSurvivesAFailure) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_INTERNAL);
  rig.hook("A").stops("before", 1);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.identity(1).reply, RUNHOOK_ERR_INTERNAL);
  EXPECT_TRUE(rig.should_stop());
  EXPECT_REPLY(rig.identity(1).reply, RUNHOOK_ERR_STOPPED);
}

TEST(HookedLayer, HS_14_StopSurvivesRecovery) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_ABORTED);
  rig.raw();
  rig.hook("A").stops("before", 1);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Answer answer = rig.identity(4);
  EXPECT_EQ(answer.at("identity"), 4) << answer.reply;
  EXPECT_EQ(rig.created, 2);
  EXPECT_TRUE(rig.should_stop());
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(rig.outcome(), RUNHOOK_OUTCOME_STOPPED);
}

TEST(HookedLayer, HS_17_FailingBeforeRunEndsTheAttempt) {
  Rig rig;
  rig.hook("A");
  rig.hook("B").fails("before", 1, RUNHOOK_ERR_INTERNAL, "no");
  rig.hook("C");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.take();
  const Reply reply = rig.identity(1).reply;
  EXPECT_EQ(reply.status, RUNHOOK_ERR_INTERNAL);
  EXPECT_EQ(reply.hook, "B");
  EXPECT_EQ(reply.callback, "before_run");
  EXPECT_EQ(rig.take(), (Trace{"A.before", "B.before", "B.error", "A.error"}));
  EXPECT_FALSE(rig.should_stop());
  EXPECT_REPLY(rig.identity(1).reply, RUNHOOK_OK);
}

TEST(HookedLayer, HS_18_RunAfterAStopIsRefused) {
  Rig rig;
  rig.hook("A").stops("after", 1);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.identity(1);
  rig.take();
  EXPECT_REPLY(rig.identity(2).reply, RUNHOOK_ERR_STOPPED);
  EXPECT_EQ(rig.take(), Trace{});
}

TEST(HookedLayer, HS_19_ContextIsOfNoUseAfterTheCallback) {
  Rig rig;
  runhook_context* kept = nullptr;
  rig.hook("A").on("after", [&kept](runhook_context* context) {
    kept = context;
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.identity(1);
  EXPECT_EQ(runhook_context_request_stop(kept, 0, "late", RUNHOOK_STOP_AFTER_STEP), 0);
  EXPECT_FALSE(rig.should_stop());
  EXPECT_REPLY(rig.identity(2).reply, RUNHOOK_OK);
}

TEST(HookedLayer, HS_21_SameHookTwiceIsRefused) {
  Rig rig;
  Rec& hook = rig.hook("A");
  rig.configure();
  const runhook_hook table = hook.table();
  EXPECT_REPLY(call(runhook_config_add_hook, rig.config.get(), &table, &hook.options), RUNHOOK_ERR_ALREADY_EXISTS);
  EXPECT_EQ(hook.destroyed, 0);
  ASSERT_EQ(rig.open_config().status, RUNHOOK_OK);
  rig.identity(1);
  EXPECT_EQ(hook.calls["before"], 1);
  EXPECT_EQ(hook.calls["begin"], 1);
}

// Asks for one structure and keeps the results.
class Mirror final : public runhook::SessionRunHook {
 public:
  explicit Mirror(runhook::Fetches wanted) : wanted_(std::move(wanted)) {}
  void before_run(runhook::SessionRunContext& context) override { context.request({wanted_, {}, {}}); }
  void after_run(runhook::SessionRunContext&, const runhook::SessionRunValues& values) override {
    results = values.results();
  }
  runhook::Results results;

 private:
  runhook::Fetches wanted_;
};

TEST(HookedLayer, HS_22_ResultsMirrorTheFetches) {
  using runhook::Fetches;
  const auto session = std::make_shared<runhook::FunctionSession>(
      [](runhook::FunctionSession::Step& step) {
        step.set_output("g", runhook::Value::scalar(7.0));
        step.set_output("x", runhook::Value::scalar(1.0));
        step.set_output("y", runhook::Value::scalar(2.0));
        step.set_output("z", runhook::Value::scalar(3.0));
      },
      std::vector<std::string>{"g", "x", "y", "z"});
  const auto nested = Fetches::map({{"a", Fetches::list({"x", Fetches::list({"y", "z"})})}});
  const std::vector<Fetches> wanted{Fetches::list({}), Fetches::map({}), Fetches("g"), nested, Fetches()};
  std::vector<std::shared_ptr<Mirror>> hooks;
  runhook::Config config;
  config.session_creator = runhook::single_session_creator(session);
  for (const Fetches& fetches : wanted) {
    hooks.push_back(std::make_shared<Mirror>(fetches));
    config.add_hook(hooks.back());
  }
  runhook::MonitoredSession monitored(std::move(config));
  monitored.run();
  for (std::size_t i = 0; i < hooks.size(); ++i) EXPECT_EQ(hooks[i]->results.structure(), wanted[i]) << i;
  EXPECT_EQ(hooks[0]->results.leaves().size(), 0U);
  EXPECT_FALSE(hooks[0]->results.absent());
  EXPECT_FALSE(hooks[1]->results.absent());
  EXPECT_EQ(hooks[2]->results.to_double(), 7);
  EXPECT_EQ(hooks[3]->results.to_double("a/0"), 1);
  EXPECT_EQ(hooks[3]->results.to_double("a/1/0"), 2);
  EXPECT_EQ(hooks[3]->results.to_double("a/1/1"), 3);
  EXPECT_TRUE(hooks[4]->results.absent());
  monitored.close();
}

TEST(HookedLayer, HS_23_OriginalArgsHoldTheOptions) {
  Rig rig;
  std::int32_t level = -1;
  rig.hook("A").on("before", [&level](runhook_context* context) {
    // The accessor of options changes them in place, and so takes no const args: these are borrowed and not to be
    // changed.
    auto* args = const_cast<runhook_run_args*>(runhook_context_original_args(context));
    level = runhook_run_options_trace_level(runhook_run_args_options(args));
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.run(Ask().fetch("five").with([](runhook_run_options* options) {
    runhook_run_options_set_trace_level(options, RUNHOOK_TRACE_HARDWARE, nullptr);
  }));
  EXPECT_EQ(level, RUNHOOK_TRACE_HARDWARE);
}

TEST(HookedLayer, HS_24_AfterRunGetsMergedOptionsAndMetadata) {
  Rig rig;
  std::int32_t level = -1;
  std::size_t nodes = 0;
  rig.hook("A").on("after", [&](runhook_context* context) {
    level = runhook_run_options_trace_level(runhook_context_options(context));
    nodes = runhook_metadata_node_count(runhook_context_metadata(context));
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Answer answer = rig.run(Ask().fetch("five").with(
      [](runhook_run_options* options) { runhook_run_options_set_trace_level(options, RUNHOOK_TRACE_FULL, nullptr); }));
  EXPECT_EQ(level, RUNHOOK_TRACE_FULL);
  EXPECT_EQ(nodes, 1U);
  EXPECT_EQ(answer.timed_nodes, 1U);
}

Ask watching(const char* watch) {
  return Ask().with([watch](runhook_run_options* options) { runhook_run_options_add_watch(options, watch, nullptr); });
}

// Keeps how many watches each after_run saw.
void count_watches(Rec& hook, std::vector<std::size_t>& counts) {
  hook.on("after", [&counts](runhook_context* context) {
    counts.push_back(runhook_run_options_watch_count(runhook_context_options(context)));
    return kOk;
  });
}

TEST(HookedLayer, HS_25_CallersOptionsAreNotChanged) {
  Rig rig;
  std::vector<std::size_t> counts;
  count_watches(rig.hook("A").asks(watching("w")), counts);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const OwnArgs args = args_of(Ask().fetch("five"));
  for (int i = 0; i < 2; ++i) EXPECT_REPLY(rig.run_args(args.get()).reply, RUNHOOK_OK);
  EXPECT_EQ(counts, (std::vector<std::size_t>{1, 1}));
  EXPECT_EQ(runhook_run_options_watch_count(runhook_run_args_options(args.get())), 0U);
}

TEST(HookedLayer, HS_26_RetryMergesOptionsAnew) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_ABORTED);
  rig.raw();
  std::vector<std::size_t> counts;
  count_watches(rig.hook("A").asks(watching("w")), counts);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.run(watching("c")).reply, RUNHOOK_OK);
  EXPECT_EQ(counts, (std::vector<std::size_t>{2}));
}

TEST(HookedLayer, HS_28_GarbageVerdictFailsAndNamesTheHook) {
  for (const std::int32_t garbage : {0, 1, -1, 42, static_cast<std::int32_t>(RUNHOOK_CALLBACK_FAILED)}) {
    Rig rig;
    rig.hook("culprit").on("before", [garbage](runhook_context*) { return garbage; });
    ASSERT_EQ(rig.open().status, RUNHOOK_OK);
    const Reply reply = rig.identity(1).reply;
    EXPECT_EQ(reply.status, RUNHOOK_ERR_HOOK_FAILED) << reply;
    EXPECT_EQ(reply.hook, "culprit");
    EXPECT_EQ(reply.callback, "before_run");
    EXPECT_TRUE(reply.mentions("before_run returned " + std::to_string(garbage))) << reply;
  }
}

TEST(HookedLayer, HS_28_FailedContextFailsEvenWithTheSuccessValue) {
  Rig rig;
  rig.hook("A").on("after", [](runhook_context* context) {
    runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "said so");
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.identity(1).reply, RUNHOOK_ERR_DATA_LOSS);
}

TEST(HookedLayer, HS_29_NestedRunIsReentrant) {
  Rig rig;
  Reply nested_run;
  Reply nested_close;
  rig.hook("A").on("after", [&](runhook_context* context) {
    runhook_monitored_session* session = runhook_context_monitored_session(context);
    nested_run = call(runhook_monitored_session_run, session, nullptr, nullptr);
    nested_close = call(runhook_monitored_session_close, session);
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ(rig.identity(1).at("identity"), 1);
  EXPECT_EQ(nested_run.status, RUNHOOK_ERR_REENTRANT);
  EXPECT_EQ(nested_close.status, RUNHOOK_ERR_REENTRANT);
  EXPECT_EQ(rig.raws[0]->runs, 1);
  EXPECT_FALSE(rig.closed());
}

TEST(HookedLayer, HS_30_FeedsReachTheSessionAsGiven) {
  Rig rig;
  Raw& raw = rig.raw();
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.fetch("five");
  EXPECT_TRUE(raw.fed.empty());
  EXPECT_REPLY(call(runhook_monitored_session_run, rig.session.get(), nullptr, nullptr), RUNHOOK_OK);
  EXPECT_TRUE(raw.fed.empty());
  hook.asks(Ask().feed("h", 3));
  rig.fetch("five");
  EXPECT_EQ(raw.fed, (std::map<std::string, double>{{"h", 3.0}}));
}

TEST(HookedLayer, HS_31_HookListIsCopied) {
  Rig rig;
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.config.reset();
  EXPECT_REPLY(rig.identity(1).reply, RUNHOOK_OK);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(of(rig.trace, "A"), (Trace{"begin", "created", "before", "after", "end", "cleanup"}));
  rig.session.reset();
  EXPECT_EQ(hook.destroyed, 1);
}

TEST(HookedLayer, HS_32_HookAddedToTheConfigLaterIsIgnored) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  Rec& late = rig.spare_hook("late");
  const runhook_hook table = late.table();
  EXPECT_REPLY(call(runhook_config_add_hook, rig.config.get(), &table, &late.options), RUNHOOK_OK);
  EXPECT_REPLY(rig.identity(1).reply, RUNHOOK_OK);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_TRUE(late.calls.empty());
  rig.config.reset();
  EXPECT_EQ(late.destroyed, 1);
}

TEST(HookedLayer, HS_33_SameFetchIsComputedOnce) {
  Rig rig;
  Raw& raw = rig.raw();
  Rec& a = rig.hook("A").asks(Ask().fetch("mine", "g"));
  Rec& b = rig.hook("B").asks(Ask().fetch("yours", "g"));
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ(rig.fetch("g").at("g"), 7);
  EXPECT_EQ(a.results, (Values{{"mine", 7.0}}));
  EXPECT_EQ(b.results, (Values{{"yours", 7.0}}));
  EXPECT_EQ(raw.computations["g"], 1);
  EXPECT_EQ(std::count(raw.fetched.begin(), raw.fetched.end(), "g"), 1);
}

}  // namespace
}  // namespace conformance
