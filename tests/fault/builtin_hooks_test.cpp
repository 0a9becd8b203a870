// Every built-in hook, from being made until its session is gone.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "builtin/hooks.hpp"
#include "monitored_session.hpp"

namespace runhook_test {
namespace {

const BuiltinHook* hook_under_test = nullptr;
int32_t policy = RUNHOOK_POLICY_FAIL;  // what its own failures do

int32_t step_with_text(runhook_context* context, void*, int32_t ok) {
  return Trial::returned(context, runhook_step_set_double(context, "text", 1, nullptr), ok);
}

int32_t create_text_session(runhook_context* context, void*, int32_t ok) {
  runhook_function step = RUNHOOK_FUNCTION_INIT;
  step.call = step_with_text;
  const char* const outputs[] = {"text"};
  runhook_error* error = nullptr;
  runhook_session* session = runhook_function_session_create(&step, outputs, 1, nullptr, 0, &error);
  runhook_status status = session == nullptr ? runhook_error_code(error) : RUNHOOK_OK;
  if (session != nullptr) status = runhook_context_set_session(context, session, nullptr);
  runhook_session_destroy(session);
  runhook_error_destroy(error);
  return Trial::returned(context, status, ok);
}

void with_hook(Trial& trial) {
  runhook_builtin_hook* hook = trial.made(hook_under_test->make(trial.error()));
  if (hook == nullptr) return;
  runhook_config* config = new_config(trial, create_text_session);
  runhook_hook_options options = RUNHOOK_HOOK_OPTIONS_INIT;
  options.failure_policy = policy;
  if (config != nullptr && trial.ok(runhook_config_add_builtin_hook(config, hook, &options, trial.error()))) {
    runhook_monitored_session* session = trial.made(runhook_monitored_session_create(config, trial.error()));
    for (int i = 0; i < 3 && runhook_monitored_session_should_stop(session) == 0; ++i) {
      trial.ok(runhook_monitored_session_run(session, nullptr, nullptr, trial.error()));
    }
    if (session != nullptr) trial.ok(runhook_monitored_session_close(session, trial.error()));
    runhook_monitored_session_destroy(session);
  }
  runhook_config_destroy(config);
  runhook_builtin_hook_destroy(hook);
}

// Else a run could not delete as many as the next one finds.
void forget_checkpoints() { std::filesystem::remove_all(World::folder() + "/saved"); }

class EveryBuiltinHook : public testing::TestWithParam<std::size_t> {
 protected:
  void sweep_with(int32_t its_policy) {
    World world;
    int destroyed = 0;
    world.count_destroys_in(&destroyed);
    hook_under_test = &kBuiltinHooks[GetParam()];
    hook_under_test->prepare(world, hook_under_test->parameters);
    policy = its_policy;
    const Swept swept = sweep(with_hook, 5000, forget_checkpoints);
    EXPECT_EQ(swept.problems, 0) << swept.first;
    EXPECT_GT(swept.injections, 20);
  }
};

TEST_P(EveryBuiltinHook, SurvivesEveryFailingAllocation) { sweep_with(RUNHOOK_POLICY_FAIL); }
TEST_P(EveryBuiltinHook, GoesOnAfterEveryFailingAllocationIfItsFailuresAreWarnings) { sweep_with(RUNHOOK_POLICY_WARN); }

INSTANTIATE_TEST_SUITE_P(All, EveryBuiltinHook, testing::Range<std::size_t>(0, std::size(kBuiltinHooks)),
                         [](const auto& test) { return kBuiltinHooks[test.param].name(); });

}  // namespace
}  // namespace runhook_test
