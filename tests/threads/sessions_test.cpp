// Many sessions on several threads, which have nothing in common.
#include <array>
#include <atomic>
#include <memory>

#include "thread_group.hpp"

namespace {

using namespace runhook_test;
constexpr int kRunners = 4;

class Sessions : public NoHandlesLeft {};

TEST_F(Sessions, AThousandOnFourThreadsNeverMeet) {
  std::atomic<int> done{0};
  all_at_once(
      [&](int thread) {
        for (int k = 0; k < 250; ++k) {
          const double mine = thread * 1000 + k;
          const int steps = 1 + k % 3;
          ScriptedHook hook;
          hook.name = "hook " + std::to_string(thread) + "/" + std::to_string(k);
          {
            Loop loop;
            loop.step = [&](runhook_context* context) {
              double number = -1;
              EXPECT_EQ(runhook_value_get_double(runhook_step_input(context, "x"), &number, nullptr), RUNHOOK_OK);
              EXPECT_EQ(number, mine);
              runhook_step_set_double(context, "y", number + 0.5, nullptr);
              return kOk;
            };
            hook.on["before_run"] = [&](runhook_context* context) {
              EXPECT_EQ(runhook_context_hook_name(context), hook.name);
              runhook_value* value = runhook_value_create_double(mine, nullptr);
              EXPECT_EQ(runhook_context_add_feed(context, "x", value, nullptr), RUNHOOK_OK);
              runhook_value_destroy(value);
              EXPECT_EQ(runhook_context_add_fetch(context, nullptr, "y", nullptr), RUNHOOK_OK);
              return kOk;
            };
            hook.on["after_run"] = [&](runhook_context* context) {
              double number = -1;
              EXPECT_EQ(runhook_context_get_double(context, nullptr, &number, nullptr), RUNHOOK_OK);
              EXPECT_EQ(number, mine + 0.5);
              if (hook.count("after_run") == steps)
                runhook_context_request_stop(context, thread * 1000 + k, "mine", RUNHOOK_STOP_AFTER_STEP);
              return kOk;
            };
            EXPECT_EQ(loop.add(hook), RUNHOOK_OK);
            if (!loop.start()) break;
            EXPECT_EQ(runhook_monitored_session_run_until_stop(loop.session, nullptr, 0, nullptr, nullptr), RUNHOOK_OK);
            EXPECT_EQ(runhook_monitored_session_global_step(loop.session), steps);
            runhook_stop_source* source = runhook_monitored_session_stop_source(loop.session, nullptr);
            EXPECT_EQ(runhook_stop_source_reason_count(source), 1U);
            EXPECT_EQ(reason_at(source, 0).code, thread * 1000 + k);
            EXPECT_EQ(reason_at(source, 0).who, hook.name);
            runhook_stop_source_destroy(source);
          }
          EXPECT_EQ(hook.count("after_run"), steps);
          EXPECT_EQ(hook.count("cleanup"), 1);
          EXPECT_EQ(hook.destroyed, 1);
          ++done;
        }
      },
      kRunners);
  EXPECT_EQ(done, 1000);
}

TEST_F(Sessions, StopOfOneLeavesTheOthersAlone) {
  std::array<std::unique_ptr<Loop>, kRunners> loops;
  for (auto& loop : loops) {
    loop = std::make_unique<Loop>();
    ASSERT_TRUE(loop->start());
  }
  runhook_stop_source* source = runhook_monitored_session_stop_source(loops[0]->session, nullptr);
  all_at_once(
      [&](int thread) {
        Loop& loop = *loops[static_cast<size_t>(thread)];
        if (thread == 0) {
          EXPECT_EQ(runhook_monitored_session_run_until_stop(loop.session, nullptr, 0, nullptr, nullptr), RUNHOOK_OK);
        } else {
          if (thread == 1) runhook_stop_source_request_stop(source, 0, nullptr, RUNHOOK_STOP_NOW);
          int64_t completed = 0;
          EXPECT_EQ(runhook_monitored_session_run_until_stop(loop.session, nullptr, 300, &completed, nullptr),
                    RUNHOOK_OK);
          EXPECT_EQ(completed, 300);
          EXPECT_EQ(runhook_monitored_session_should_stop(loop.session), 0);
        }
      },
      kRunners);
  EXPECT_EQ(runhook_monitored_session_should_stop(loops[0]->session), 1);
  runhook_stop_source_destroy(source);
}

int32_t add_one(runhook_context* context, void*, int32_t ok) {
  runhook_value* variable = runhook_kernel_variable(context, 0, nullptr);
  auto* number = static_cast<int64_t*>(runhook_value_mutable_data(variable));
  if (number == nullptr) return RUNHOOK_CALLBACK_FAILED;
  ++*number;
  runhook_value* output = runhook_kernel_output(context, 0, RUNHOOK_INT64, nullptr, 0, nullptr);
  *static_cast<int64_t*>(runhook_value_mutable_data(output)) = *number;
  return ok;
}

TEST_F(Sessions, OfOneGraphHaveVariablesOfTheirOwn) {
  runhook_graph* graph = runhook_graph_create(nullptr);
  runhook_value* zero = runhook_value_create_int64(0, nullptr);
  ASSERT_EQ(runhook_graph_add_variable(graph, "count", zero, RUNHOOK_VARIABLES_GLOBAL, nullptr), RUNHOOK_OK);
  runhook_value_destroy(zero);
  const char* const updates[] = {"count"};
  runhook_node node = RUNHOOK_NODE_INIT;
  node.name = "add";
  node.kernel = add_one;
  node.output_count = 1;
  node.updates = updates;
  node.update_count = 1;
  ASSERT_EQ(runhook_graph_add_node(graph, &node, nullptr), RUNHOOK_OK);
  std::array<runhook_session*, kRunners> sessions{};
  for (auto& session : sessions) {
    session = runhook_graph_session_create(graph, nullptr);
    ASSERT_NE(session, nullptr);
  }
  all_at_once(
      [&](int thread) {
        runhook_session* session = sessions[static_cast<size_t>(thread)];
        EXPECT_EQ(runhook_session_initialize(session, RUNHOOK_VARIABLES_GLOBAL, nullptr), RUNHOOK_OK);
        runhook_run_args* args = runhook_run_args_create(nullptr);
        runhook_results* results = runhook_results_create(nullptr);
        EXPECT_EQ(runhook_run_args_add_fetch(args, "n", "add", nullptr), RUNHOOK_OK);
        for (int k = 1; k <= 200 + thread; ++k) {
          EXPECT_EQ(runhook_session_run(session, args, results, nullptr), RUNHOOK_OK);
          double number = -1;
          EXPECT_EQ(runhook_results_get_double(results, "n", &number, nullptr), RUNHOOK_OK);
          EXPECT_EQ(number, k);
        }
        runhook_results_destroy(results);
        runhook_run_args_destroy(args);
      },
      kRunners);
  for (auto* session : sessions) runhook_session_destroy(session);
  runhook_graph_destroy(graph);
}

}  // namespace
