// Whatever built-in hook is among them, the other hooks get what they are due, and the run ends as it should.
#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "builtin/hooks.hpp"
#include "capi/scripted.hpp"

namespace {

using namespace runhook_test;

enum class Act { fail, skip, discard, stop, remove };

// What happens in the fourth step.
struct Situation {
  const char* name;
  runhook_status step;   // what the step fails with
  const char* callback;  // of a neighbour, that does something
  Act act = Act::fail;
  runhook_status fails = RUNHOOK_OK;  // with Act::fail
  bool failed = false;                // the run, for good
};

constexpr Situation kSituations[] = {
    {"Undisturbed", RUNHOOK_OK, nullptr},
    {"RecoverableStep", RUNHOOK_ERR_UNAVAILABLE, nullptr},
    {"FatalStep", RUNHOOK_ERR_INTERNAL, nullptr, Act::fail, RUNHOOK_OK, true},
    {"EndOfInput", RUNHOOK_ERR_OUT_OF_RANGE, nullptr},
    {"FatalBeforeRun", RUNHOOK_OK, "before_run", Act::fail, RUNHOOK_ERR_INTERNAL, true},
    {"RecoverableBeforeRun", RUNHOOK_OK, "before_run", Act::fail, RUNHOOK_ERR_UNAVAILABLE},
    {"FatalAfterRun", RUNHOOK_OK, "after_run", Act::fail, RUNHOOK_ERR_INTERNAL, true},
    {"RecoverableAfterRun", RUNHOOK_OK, "after_run", Act::fail, RUNHOOK_ERR_UNAVAILABLE},
    {"SkippedStep", RUNHOOK_OK, "before_run", Act::skip},
    {"DiscardedResult", RUNHOOK_OK, "after_run", Act::discard},
    {"RequestedStop", RUNHOOK_OK, "after_run", Act::stop},
    {"Removal", RUNHOOK_OK, "after_run", Act::remove},
};

constexpr int kSteps = 10;
constexpr int kSpecial = 4;  // the step of the situation

// What is wrong with the callbacks that a hook has got; empty if nothing is.
std::string fault_of(const std::vector<std::string>& called, bool ended) {
  if (called.empty() || called.front() != "begin") return "begin is not the first";
  if (called.back() != "cleanup") return "cleanup is not the last";
  const auto count = [&](const char* which) { return std::count(called.begin(), called.end(), which); };
  if (count("begin") != 1 || count("cleanup") != 1) return "begin or cleanup more than once";
  if (count("end") != (ended ? 1 : 0)) return "end " + std::to_string(count("end")) + " times";
  if (count("before_run") != count("after_run") + count("on_error")) return "before_run without its answer";
  for (std::size_t i = 0; i + 1 < called.size(); ++i) {
    const bool answered = called[i + 1] == "after_run" || called[i + 1] == "on_error";
    if ((called[i] == "before_run") != answered) return called[i] + " before " + called[i + 1];
  }
  return {};
}

int32_t result_of(runhook_context* context, runhook_status status) {
  return status == RUNHOOK_OK ? kOk : runhook_context_fail(context, status, "on purpose");
}

class EveryBuiltinHook : public testing::TestWithParam<std::tuple<std::size_t, std::size_t, int32_t>> {
 protected:
  const BuiltinHook& hook() const { return kBuiltinHooks[std::get<0>(GetParam())]; }
  const Situation& situation() const { return kSituations[std::get<1>(GetParam())]; }
  int32_t phase() const { return std::get<2>(GetParam()); }

  void SetUp() override {
    loop_.step = [this](runhook_context* context) {
      const bool special = ++step_ == kSpecial;
      if (special && situation().step != RUNHOOK_OK) return result_of(context, situation().step);
      return result_of(context, runhook_step_set_double(context, "text", 1, nullptr));
    };
    loop_.create = [this](runhook_context* context) {
      const char* const names[] = {"text"};
      const runhook_function function = function_of(loop_.step);
      runhook_session* raw = runhook_function_session_create(&function, names, 1, nullptr, 0, nullptr);
      const auto status = runhook_context_set_session(context, raw, nullptr);
      runhook_session_destroy(raw);
      return result_of(context, status);
    };
    if (situation().callback == nullptr) return;
    before_.on[situation().callback] = [this](runhook_context* context) {
      const bool earlier = std::string(situation().callback) == "before_run";
      if (acted_ || step_ < (earlier ? kSpecial - 1 : kSpecial)) return result_of(context, RUNHOOK_OK);
      acted_ = true;
      return act(context);
    };
  }
  int32_t act(runhook_context* context) {
    switch (situation().act) {
      case Act::fail:
        return result_of(context, situation().fails);
      case Act::skip:
        return result_of(context, runhook_context_skip_step(context, nullptr));
      case Act::discard:
        return result_of(context, runhook_context_discard_result(context, nullptr));
      case Act::stop:
        runhook_context_request_stop(context, 0, "enough", RUNHOOK_STOP_AFTER_STEP);
        break;
      case Act::remove:
        return result_of(context, runhook_monitored_session_remove_hook(loop_.session, id_, nullptr));
    }
    return kOk;
  }

  int destroyed_ = 0;
  World world_;
  ScriptedHook before_;
  ScriptedHook after_;
  Loop loop_;
  uint64_t id_ = 0;
  int step_ = 0;
  bool acted_ = false;
};

TEST_P(EveryBuiltinHook, LeavesTheOthersTheirDue) {
  world_.count_destroys_in(&destroyed_);
  hook().prepare(world_, hook().parameters);
  Caught error;
  runhook_builtin_hook* const built = hook().make(error.out());
  ASSERT_NE(built, nullptr) << error.message() << ": what is given to it is said in tests/misuse/fixture.hpp";
  runhook_hook_options options = RUNHOOK_HOOK_OPTIONS_INIT;
  options.phase = phase();
  loop_.add(before_, &options);
  ASSERT_EQ(runhook_config_add_builtin_hook(loop_.config, built, &options, error.out()), RUNHOOK_OK);
  loop_.add(after_, &options);
  ASSERT_TRUE(loop_.start()) << loop_.error.message();
  ASSERT_EQ(runhook_monitored_session_find_hook(loop_.session, runhook_builtin_hook_name(built), &id_, nullptr),
            RUNHOOK_OK);
  runhook_builtin_hook_destroy(built);

  runhook_status status = RUNHOOK_OK;
  while (runhook_monitored_session_should_stop(loop_.session) == 0 && step_ < kSteps && status == RUNHOOK_OK) {
    status = loop_.run();
  }
  const runhook_status closed = loop_.close();
  runhook_outcome* outcome = runhook_monitored_session_outcome(loop_.session, nullptr);
  const std::string how = std::string(runhook_status_name(status)) + ", " + runhook_status_name(closed) + ", " +
                          runhook_outcome_to_string(outcome);
  // One that asks for a stop itself may have done so before.
  const bool happened = situation().step != RUNHOOK_OK ? step_ >= kSpecial : acted_;
  const bool failed = happened && situation().failed;
  EXPECT_EQ(runhook_outcome_kind(outcome) == RUNHOOK_OUTCOME_FAILED, failed) << how;
  EXPECT_EQ(status == RUNHOOK_ERR_INTERNAL, failed) << how;
  EXPECT_EQ(runhook_outcome_warnings(outcome), 0) << how;
  EXPECT_EQ(fault_of(before_.called, !failed), "");
  EXPECT_EQ(fault_of(after_.called, !failed), "");
  runhook_outcome_destroy(outcome);
}

class SharedBuiltinHook : public testing::TestWithParam<std::size_t> {};

TEST_P(SharedBuiltinHook, ServesOneSessionAtATime) {
  const BuiltinHook& hook = kBuiltinHooks[GetParam()];
  int destroyed = 0;
  World world;
  world.count_destroys_in(&destroyed);
  hook.prepare(world, hook.parameters);
  Caught error;
  runhook_builtin_hook* const built = hook.make(error.out());
  ASSERT_NE(built, nullptr) << error.message();
  const std::string name = runhook_builtin_hook_name(built);
  Loop first;
  Loop second;
  Loop third;
  for (Loop* loop : {&first, &second, &third}) {
    loop->create = [loop](runhook_context* context) {
      const char* const names[] = {"text"};
      const runhook_function function = function_of(loop->step);
      runhook_session* raw = runhook_function_session_create(&function, names, 1, nullptr, 0, nullptr);
      const auto status = runhook_context_set_session(context, raw, nullptr);
      runhook_session_destroy(raw);
      return result_of(context, status);
    };
    loop->step = [](runhook_context* context) {
      return result_of(context, runhook_step_set_double(context, "text", 1, nullptr));
    };
    if (loop != &third) runhook_config_add_builtin_hook(loop->config, built, nullptr, nullptr);
  }
  ASSERT_TRUE(first.start()) << first.error.message();
  EXPECT_FALSE(second.start());
  EXPECT_EQ(second.error.code(), RUNHOOK_ERR_ALREADY_EXISTS);
  EXPECT_NE(second.error.message().find("'" + name + "'"), std::string::npos) << second.error.message();
  ASSERT_TRUE(third.start());
  EXPECT_EQ(runhook_monitored_session_add_builtin_hook(third.session, built, nullptr, nullptr, third.error.out()),
            RUNHOOK_ERR_ALREADY_EXISTS);
  first.run();
  first.close();
  ASSERT_TRUE(second.start()) << "the first has ended: " << second.error.message();
  second.run();
  uint64_t id = 0;
  ASSERT_EQ(runhook_monitored_session_find_hook(second.session, name.c_str(), &id, nullptr), RUNHOOK_OK);
  ASSERT_EQ(runhook_monitored_session_remove_hook(second.session, id, nullptr), RUNHOOK_OK);
  second.run();
  if (runhook_monitored_session_should_stop(second.session) == 0) {
    EXPECT_EQ(runhook_monitored_session_add_builtin_hook(third.session, built, nullptr, nullptr, third.error.out()),
              RUNHOOK_OK)
        << "the second has removed it: " << third.error.message();
  }
  third.run();
  runhook_builtin_hook_destroy(built);
}

std::string hook_name(const testing::TestParamInfo<std::size_t>& info) { return kBuiltinHooks[info.param].name(); }

INSTANTIATE_TEST_SUITE_P(All, SharedBuiltinHook, testing::Range<std::size_t>(0, std::size(kBuiltinHooks)), hook_name);

TEST(ProtocolChecker, FindsWhatIsWrong) {
  const std::vector<std::string> good = {"begin", "after_create_session", "before_run", "after_run", "end", "cleanup"};
  EXPECT_EQ(fault_of(good, true), "");
  EXPECT_EQ(fault_of(good, false), "end 1 times");
  for (std::size_t i = 0; i < good.size(); ++i) {
    if (good[i] == "after_create_session") continue;
    std::vector<std::string> without = good;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_NE(fault_of(without, true), "") << good[i];
    std::vector<std::string> twice = good;
    twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), good[i]);
    EXPECT_NE(fault_of(twice, true), "") << good[i];
  }
}

std::string case_name(const testing::TestParamInfo<EveryBuiltinHook::ParamType>& info) {
  const auto [hook, situation, phase] = info.param;
  return kBuiltinHooks[hook].name() + "_" + kSituations[situation].name + "_phase" + std::to_string(phase);
}

INSTANTIATE_TEST_SUITE_P(All, EveryBuiltinHook,
                         testing::Combine(testing::Range<std::size_t>(0, std::size(kBuiltinHooks)),
                                          testing::Range<std::size_t>(0, std::size(kSituations)),
                                          testing::Values(RUNHOOK_PHASE_GUARD, RUNHOOK_PHASE_NORMAL,
                                                          RUNHOOK_PHASE_SAVER)),
                         case_name);

}  // namespace
