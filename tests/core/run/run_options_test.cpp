#include <gtest/gtest.h>

#include "core/allocation_counter.hpp"
#include "core/expect_error.hpp"
#include "run/run_options_merge.hpp"
#include "runhook/run_args.hpp"

namespace {

using runhook::HookSelection;
using runhook::RunOptions;
using runhook::TraceLevel;
using runhook::detail::OptionsMerge;
using Names = std::vector<std::string>;

RunOptions merged(const RunOptions& caller, const RunOptions& hook) {
  OptionsMerge merge;
  merge.start(caller, "the caller");
  merge.add(hook, "hook 'h'");
  return merge.merged();
}

TEST(RunOptions, DefaultIsRecognised) {
  EXPECT_TRUE(RunOptions().is_default());
  const auto changed = [](auto change) {
    RunOptions options;
    change(options);
    return !options.is_default() && !(options == RunOptions());
  };
  EXPECT_TRUE(changed([](RunOptions& o) { o.trace_level = TraceLevel::full; }));
  EXPECT_TRUE(changed([](RunOptions& o) { o.timeout_ns = 1; }));
  EXPECT_TRUE(changed([](RunOptions& o) { o.watches.push_back("w"); }));
  EXPECT_TRUE(changed([](RunOptions& o) { o.engine.push_back({"k", "v"}); }));
  EXPECT_TRUE(changed([](RunOptions& o) { o.engine_flags.push_back("f"); }));
  EXPECT_TRUE(changed([](RunOptions& o) { o.hooks = HookSelection::none; }));
  EXPECT_TRUE(changed([](RunOptions& o) { o.hook_names.push_back("h"); }));
}

TEST(RunOptions, RO_02_CallerAndHookAreMerged) {
  const RunOptions caller{TraceLevel::full, 30000, {"c"}, {}, {"f"}, HookSelection::named, {"h"}};
  const RunOptions hook{TraceLevel::hardware, 60000, {"h"}, {}, {"g", "f"}, HookSelection::none, {}};
  EXPECT_EQ(merged(caller, hook),
            (RunOptions{TraceLevel::full, 60000, {"c", "h"}, {}, {"f", "g"}, HookSelection::named, {"h"}}));
}

RunOptions within(std::int64_t timeout_ns) {
  RunOptions options;
  options.timeout_ns = timeout_ns;
  return options;
}

TEST(RunOptions, RO_03_LongestTimeoutThatIsSetWins) {
  EXPECT_EQ(merged(within(5), within(60)).timeout_ns, 60);
  EXPECT_EQ(merged(within(60), within(5)).timeout_ns, 60);
}

TEST(RunOptions, RO_03_TimeoutThatIsNotSetIsNeutral) {
  RunOptions tracing;
  tracing.trace_level = TraceLevel::software;
  EXPECT_EQ(merged(within(5), tracing).timeout_ns, 5);
  EXPECT_EQ(merged(tracing, within(5)).timeout_ns, 5);
  EXPECT_EQ(merged(within(5), RunOptions()).timeout_ns, 5);
  EXPECT_EQ(merged(RunOptions(), tracing).timeout_ns, 0);
}

TEST(RunOptions, RO_03_LongerTimeoutOfTwoHooksHoldsWhereTheCallerAsksForNothing) {
  OptionsMerge merge;
  merge.add(within(30'000), "hook 'one'");
  merge.add(within(60'000), "hook 'two'");
  EXPECT_EQ(merge.merged().timeout_ns, 60'000);
}

TEST(RunOptions, RO_03_ForEverBeatsEveryTimeoutAndIsMergedToMinusOne) {
  EXPECT_EQ(merged(within(-1), within(60)).timeout_ns, -1);
  EXPECT_EQ(merged(within(INT64_MAX), within(-7)).timeout_ns, -1);
  EXPECT_EQ(merged(within(INT64_MIN), RunOptions()).timeout_ns, -1);
  EXPECT_EQ(merged(RunOptions(), within(-1)).timeout_ns, -1);
}

TEST(RunOptions, RO_03_EngineOptionsAreUnited) {
  RunOptions caller;
  caller.engine = {{"a", "1"}};
  RunOptions hook;
  hook.engine = {{"b", "2"}, {"a", "1"}};
  EXPECT_EQ(merged(caller, hook).engine, (std::vector<std::pair<std::string, std::string>>{{"a", "1"}, {"b", "2"}}));
}

TEST(RunOptions, ConflictNamesKeyAndWhoeverSetItFirst) {
  OptionsMerge merge;
  merge.start(RunOptions(), "the caller");
  RunOptions first;
  first.engine = {{"threads", "4"}};
  RunOptions second;
  second.engine = {{"other", "x"}};
  RunOptions third;
  third.watches = {"w"};
  third.engine = {{"new", "y"}, {"threads", "8"}};
  third.engine_flags = {"f"};
  merge.add(first, "hook 'one'");
  merge.add(second, "hook 'two'");
  const auto error = runhook_test::error_of([&] { merge.add(third, "hook 'three'"); });
  EXPECT_TRUE(runhook_test::is_error(error, runhook::StatusCode::invalid_argument, "'threads'"));
  EXPECT_TRUE(runhook_test::is_error(error, runhook::StatusCode::invalid_argument, "hook 'one'"));
  EXPECT_TRUE(runhook_test::is_error(error, runhook::StatusCode::invalid_argument, "hook 'three'"));
  EXPECT_EQ(merge.merged().engine.size(), 2u) << "nothing of the failing requester is merged";
  EXPECT_TRUE(merge.merged().watches.empty());
  EXPECT_TRUE(merge.merged().engine_flags.empty());
}

TEST(RunOptions, PartyMayConflictWithItself) {
  RunOptions caller;
  caller.engine = {{"a", "1"}, {"a", "2"}};
  OptionsMerge merge;
  EXPECT_STATUS(merge.start(caller, "the caller"), invalid_argument, "the caller");
}

TEST(OptionsMerge, ClearForgetsEverythingAndKeepsNoParty) {
  OptionsMerge merge;
  RunOptions options{TraceLevel::full, 3, {"c"}, {{"a", "1"}}, {"f"}, HookSelection::named, {"h"}};
  merge.start(options, "x");
  EXPECT_TRUE(merge.started());
  merge.clear();
  EXPECT_FALSE(merge.started());
  EXPECT_TRUE(merge.merged().is_default());
  options.engine = {{"a", "2"}};
  EXPECT_NO_THROW(merge.start(options, "y"));
}

TEST(OptionsMerge, DefaultOptionsAllocateNothing) {
  OptionsMerge merge;
  const RunOptions options;
  const auto before = runhook_test::allocations();
  merge.clear();
  merge.start(options, "the caller");
  merge.add(options, "a hook");
  EXPECT_EQ(runhook_test::allocations(), before);
}

}  // namespace
