// The default set of hooks in C.
#include <cstdint>
#include <string>

#include "capi/scripted.hpp"
#include "folder.hpp"

namespace {

using namespace runhook_test;

// The hooks of the set, by their bits.
struct Part {
  uint32_t bit;
  const char* name;
};
constexpr Part kParts[] = {{RUNHOOK_DEFAULT_STOP_ON_SIGNAL, "stop on signal"},
                           {RUNHOOK_DEFAULT_NAN_GUARD, "NaN guard"},
                           {RUNHOOK_DEFAULT_WATCHDOG, "stall watchdog"},
                           {RUNHOOK_DEFAULT_REPORT, "report"},
                           {RUNHOOK_DEFAULT_STEP_COUNTER, "step counter"},
                           {RUNHOOK_DEFAULT_LOGGING, "logging"},
                           {RUNHOOK_DEFAULT_PROGRESS, "progress"},
                           {RUNHOOK_DEFAULT_METRICS, "metrics"},
                           {RUNHOOK_DEFAULT_SUMMARIES, "summary saver"},
                           {RUNHOOK_DEFAULT_PROFILER, "profiler"},
                           {RUNHOOK_DEFAULT_RUN_RECORD, "run record"}};
constexpr uint32_t kOnTerminal = RUNHOOK_DEFAULT_LOGGING | RUNHOOK_DEFAULT_PROGRESS;

class CDefaultHooks : public NoHandlesLeft {
 protected:
  void TearDown() override {
    error_.out();
    NoHandlesLeft::TearDown();
  }
  runhook_default_hooks wanted(uint32_t left_out) {
    static const char* const kScalars[] = {"y"};
    runhook_default_hooks hooks = RUNHOOK_DEFAULT_HOOKS_INIT;
    hooks.dir = folder_.path().c_str();
    hooks.scalars = kScalars;
    hooks.scalar_count = 1;
    hooks.left_out = left_out;
    return hooks;
  }
  runhook_status add(Loop& loop, const runhook_default_hooks& hooks) {
    return runhook_config_add_default_hooks(loop.config, &hooks, error_.out());
  }
  Folder folder_;
  Caught error_;
};

TEST_F(CDefaultHooks, RunLeavesItsFilesBehind) {
  {
    Loop loop;
    ASSERT_EQ(add(loop, wanted(kOnTerminal)), RUNHOOK_OK) << error_.message();
    ASSERT_TRUE(loop.start());
    int64_t completed = 0;
    runhook_monitored_session_run_until_stop(loop.session, nullptr, 20, &completed, nullptr);
    EXPECT_EQ(completed, 20);
    EXPECT_EQ(loop.close(), RUNHOOK_OK);
  }
  EXPECT_NE(content(folder_.file("report.html")).find("<html"), std::string::npos);
  EXPECT_NE(content(folder_.file("metrics.jsonl")).find("\"y\":1.0"), std::string::npos);
}

TEST_F(CDefaultHooks, ParametersAreInTheRecordOfTheRun) {
  Loop loop;
  runhook_default_hooks hooks = wanted(0);
  hooks.parameters = "{\"learning rate\": 0.25}";
  hooks.quiet = 1;
  ASSERT_EQ(add(loop, hooks), RUNHOOK_OK) << error_.message();
  ASSERT_TRUE(loop.start());
  EXPECT_NE(content(folder_.file("run.json")).find("\"learning rate\": 0.25"), std::string::npos);
  uint64_t id = 0;
  EXPECT_EQ(runhook_monitored_session_find_hook(loop.session, "progress", &id, nullptr), RUNHOOK_ERR_NOT_FOUND);
}

TEST_F(CDefaultHooks, SecondSetIsRefused) {
  Loop loop;
  ASSERT_EQ(add(loop, wanted(kOnTerminal)), RUNHOOK_OK) << error_.message();
  EXPECT_EQ(add(loop, wanted(kOnTerminal)), RUNHOOK_ERR_ALREADY_EXISTS);
  EXPECT_EQ(error_.message(), "default hooks have been added already; a session takes one set");
  EXPECT_TRUE(loop.start());
}

TEST_F(CDefaultHooks, EachIsThereUnlessItIsLeftOut) {
  for (const Part& part : kParts) {
    for (const bool left_out : {false, true}) {
      Loop loop;
      ASSERT_EQ(add(loop, wanted(left_out ? part.bit | kOnTerminal : kOnTerminal & ~part.bit)), RUNHOOK_OK);
      ASSERT_TRUE(loop.start());
      uint64_t id = 0;
      EXPECT_EQ(runhook_monitored_session_find_hook(loop.session, part.name, &id, nullptr),
                left_out ? RUNHOOK_ERR_NOT_FOUND : RUNHOOK_OK)
          << part.name;
    }
  }
}

TEST_F(CDefaultHooks, WhatMakesNoSenseIsRefusedAndNothingIsAdded) {
  Loop loop;
  runhook_default_hooks hooks = wanted(kOnTerminal);
  hooks.dir = nullptr;
  EXPECT_EQ(add(loop, hooks), RUNHOOK_ERR_INVALID_ARGUMENT);
  hooks = wanted(kOnTerminal);
  hooks.keep_all = 2;
  EXPECT_EQ(add(loop, hooks), RUNHOOK_ERR_INVALID_ARGUMENT);
  hooks = wanted(kOnTerminal);
  hooks.quiet = 2;
  EXPECT_EQ(add(loop, hooks), RUNHOOK_ERR_INVALID_ARGUMENT);
  hooks = wanted(kOnTerminal);
  hooks.reserved = 1;
  EXPECT_EQ(add(loop, hooks), RUNHOOK_ERR_UNIMPLEMENTED);
  hooks = wanted(kOnTerminal);
  hooks.parameters = "[]";
  EXPECT_EQ(add(loop, hooks), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(add(loop, wanted(1U << 31)), RUNHOOK_ERR_UNIMPLEMENTED);
  ASSERT_TRUE(loop.start());
  uint64_t id = 0;
  EXPECT_EQ(runhook_monitored_session_find_hook(loop.session, "report", &id, nullptr), RUNHOOK_ERR_NOT_FOUND);
}

}  // namespace
