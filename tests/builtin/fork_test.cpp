// What a child made by fork() in the middle of a run may do with what it has inherited: go on, and destroy it. It has
// none of the threads of the hooks. Not built with sanitizers, whose allocators another thread may hold at the time.
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <string>

#include "builtin/hooks.hpp"
#include "capi/scripted.hpp"

namespace {

using namespace runhook_test;

constexpr int kSteps = 6;
constexpr unsigned kPatience = 60;  // seconds, after which a child hangs

// A session whose third step makes a child.
class Forking {
 public:
  Forking() {
    loop.step = [this](runhook_context* context) {
      if (++step_ == 3) child = fork();
      if (child == 0) alarm(kPatience);
      return runhook_step_set_double(context, "text", 1, nullptr) == RUNHOOK_OK ? kOk : RUNHOOK_CALLBACK_FAILED;
    };
    loop.create = [this](runhook_context* context) {
      const char* const names[] = {"text"};
      const runhook_function function = function_of(loop.step);
      runhook_session* raw = runhook_function_session_create(&function, names, 1, nullptr, 0, nullptr);
      const auto status = runhook_context_set_session(context, raw, nullptr);
      runhook_session_destroy(raw);
      return status == RUNHOOK_OK ? kOk : RUNHOOK_CALLBACK_FAILED;
    };
    runhook_config_set_stop_grace_period_ns(loop.config, int64_t{3600} * 1'000'000'000, nullptr);
  }
  // Makes the steps. The child goes on with them, too, and then destroys the session; it does not return.
  void run() {
    EXPECT_EQ(runhook_monitored_session_run_until_stop(loop.session, nullptr, kSteps, nullptr, loop.error.out()),
              RUNHOOK_OK)
        << loop.error.message();
    if (child != 0) return;
    runhook_monitored_session_destroy(loop.session);
    runhook_config_destroy(loop.config);
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  void expect_end_of_child() const {
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }

  Loop loop;
  pid_t child = -1;

 private:
  int step_ = 0;
};

class EveryBuiltinHook : public testing::TestWithParam<std::size_t> {};

TEST_P(EveryBuiltinHook, MayBeDestroyedByAChild) {
  World world;
  int destroyed = 0;
  world.count_destroys_in(&destroyed);
  const BuiltinHook& hook = kBuiltinHooks[GetParam()];
  hook.prepare(world, hook.parameters);
  Forking forking;
  runhook_builtin_hook* made = hook.make(forking.loop.error.out());
  ASSERT_NE(made, nullptr) << forking.loop.error.message();
  EXPECT_EQ(runhook_config_add_builtin_hook(forking.loop.config, made, nullptr, nullptr), RUNHOOK_OK);
  runhook_builtin_hook_destroy(made);
  ASSERT_TRUE(forking.loop.start()) << forking.loop.error.message();
  forking.run();
  if (forking.child > 0) forking.expect_end_of_child();  // some hooks end the run before
}

INSTANTIATE_TEST_SUITE_P(All, EveryBuiltinHook, testing::Range<std::size_t>(0, std::size(kBuiltinHooks)),
                         [](const auto& test) { return kBuiltinHooks[test.param].name(); });

TEST(Child, MayDestroyASessionWhoseThreadsItDoesNotHave) {
  Forking forking;
  ASSERT_TRUE(forking.loop.start()) << forking.loop.error.message();
  runhook_coordinator* threads = runhook_monitored_session_coordinator(forking.loop.session, nullptr);
  runhook_function body = RUNHOOK_FUNCTION_INIT;
  body.user_data = threads;
  body.call = [](runhook_context*, void* coordinator, int32_t ok) {
    runhook_coordinator_wait_for_stop(static_cast<runhook_coordinator*>(coordinator), -1);
    return ok;
  };
  EXPECT_EQ(runhook_coordinator_start_thread(threads, "thread", &body, nullptr), RUNHOOK_OK);
  forking.run();
  forking.expect_end_of_child();
  runhook_monitored_session_close(forking.loop.session, nullptr);
  runhook_coordinator_destroy(threads);
}

}  // namespace
