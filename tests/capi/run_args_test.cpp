#include "checks.hpp"

namespace {

using runhook_test::Caught;
class CRunOptions : public runhook_test::NoHandlesLeft {};
class CRunArgs : public runhook_test::NoHandlesLeft {};
class CResults : public runhook_test::NoHandlesLeft {};

TEST_F(CRunOptions, NewOptionsHaveNothingSet) {
  runhook_run_options* options = runhook_run_options_create(nullptr);
  ASSERT_NE(options, nullptr);
  EXPECT_EQ(runhook_run_options_trace_level(options), RUNHOOK_TRACE_NONE);
  EXPECT_EQ(runhook_run_options_timeout_ns(options), 0);
  EXPECT_EQ(runhook_run_options_engine_flag(options, "f"), 0);
  EXPECT_EQ(runhook_run_options_watch_count(options), 0U);
  EXPECT_EQ(runhook_run_options_watch_at(options, 0), nullptr);
  EXPECT_EQ(runhook_run_options_engine_option(options, "k"), nullptr);
  runhook_run_options_destroy(options);
}

TEST_F(CRunOptions, WhatIsSetIsRead) {
  runhook_run_options* options = runhook_run_options_create(nullptr);
  EXPECT_EQ(runhook_run_options_set_trace_level(options, RUNHOOK_TRACE_FULL, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_run_options_set_timeout_ns(options, 250, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_run_options_set_engine_flag(options, "f", nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_run_options_set_engine_flag(options, "f", nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_run_options_add_watch(options, "w", nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_run_options_add_watch(options, "w", nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_run_options_set_engine_option(options, "k", "1", nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_run_options_set_engine_option(options, "k", "2", nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_run_options_set_hooks(options, RUNHOOK_HOOKS_NAMED, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_run_options_add_hook_name(options, "h", nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_run_options_trace_level(options), RUNHOOK_TRACE_FULL);
  EXPECT_EQ(runhook_run_options_timeout_ns(options), 250);
  EXPECT_EQ(runhook_run_options_engine_flag(options, "f"), 1);
  EXPECT_EQ(runhook_run_options_engine_flag(options, "g"), 0);
  EXPECT_EQ(runhook_run_options_engine_flag(options, nullptr), 0);
  EXPECT_EQ(runhook_run_options_watch_count(options), 2U);
  EXPECT_STREQ(runhook_run_options_watch_at(options, 1), "w");
  EXPECT_STREQ(runhook_run_options_engine_option(options, "k"), "2");
  runhook_run_options_destroy(options);
}

TEST_F(CRunOptions, NegativeTimeoutIsForEverAndZeroIsNotSet) {
  runhook_run_options* options = runhook_run_options_create(nullptr);
  for (const int64_t timeout_ns : {INT64_C(-1), INT64_C(250), INT64_C(0)}) {
    EXPECT_EQ(runhook_run_options_set_timeout_ns(options, timeout_ns, nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_run_options_timeout_ns(options), timeout_ns);
  }
  runhook_run_options_destroy(options);
}

TEST_F(CRunOptions, BadArgumentsAreRefused) {
  runhook_run_options* options = runhook_run_options_create(nullptr);
  EXPECT_EQ(runhook_run_options_set_trace_level(options, 4, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_run_options_add_watch(options, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_run_options_add_watch(options, "\xFE", nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_run_options_set_engine_option(options, "k", nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_run_options_set_engine_flag(options, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_run_options_set_engine_flag(options, "", nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_run_options_set_hooks(options, 3, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_run_options_set_timeout_ns(nullptr, 1, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_run_options_trace_level(nullptr), RUNHOOK_TRACE_NONE);
  runhook_run_options_destroy(options);
  runhook_run_options_destroy(options);
  EXPECT_EQ(runhook_run_options_set_timeout_ns(options, 1, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(CRunArgs, FetchesKeepKeyNameAndOrder) {
  Caught caught;
  runhook_run_args* args = runhook_run_args_create(nullptr);
  EXPECT_EQ(runhook_run_args_add_fetch(args, "metrics/loss", "loss", nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_run_args_add_fetch(args, nullptr, "loss", nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_run_args_add_fetch(args, "loss", "other", caught.out()), RUNHOOK_ERR_ALREADY_EXISTS);
  EXPECT_EQ(runhook_run_args_add_fetch(args, nullptr, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_run_args_add_fetch(args, nullptr, "", nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_run_args_add_fetch(args, "", "x", nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  ASSERT_EQ(runhook_run_args_fetch_count(args), 2U);
  EXPECT_STREQ(runhook_run_args_fetch_key_at(args, 0), "metrics/loss");
  EXPECT_STREQ(runhook_run_args_fetch_name_at(args, 0), "loss");
  EXPECT_STREQ(runhook_run_args_fetch_key_at(args, 1), "loss");
  EXPECT_EQ(runhook_run_args_fetch_key_at(args, 2), nullptr);
  runhook_run_args_destroy(args);
}

TEST_F(CRunArgs, FeedIsSharedAndReplaced) {
  runhook_run_args* args = runhook_run_args_create(nullptr);
  runhook_value* one = runhook_value_create_double(1, nullptr);
  runhook_value* two = runhook_value_create_double(2, nullptr);
  EXPECT_EQ(runhook_run_args_add_feed(args, "x", one, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_run_args_add_feed(args, "x", two, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_run_args_add_feed(args, "y", nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  runhook_value_destroy(one);
  runhook_value_destroy(two);
  ASSERT_EQ(runhook_run_args_feed_count(args), 1U);
  EXPECT_STREQ(runhook_run_args_feed_name_at(args, 0), "x");
  EXPECT_EQ(runhook_run_args_feed_value_at(args, 0), two);
  EXPECT_EQ(runhook_run_args_feed_value_at(args, 1), nullptr);
  EXPECT_EQ(runhook_value_kind(one), RUNHOOK_VALUE_ABSENT) << "the replaced feed was kept";
  runhook_run_args_destroy(args);
  EXPECT_EQ(runhook_value_kind(two), RUNHOOK_VALUE_ABSENT);
}

TEST_F(CRunArgs, OptionsBelongToTheArgs) {
  runhook_run_args* args = runhook_run_args_create(nullptr);
  runhook_run_options* options = runhook_run_args_options(args);
  ASSERT_NE(options, nullptr);
  EXPECT_EQ(runhook_run_args_options(args), options);
  EXPECT_EQ(runhook_run_options_set_timeout_ns(options, 9, nullptr), RUNHOOK_OK);
  runhook_run_options_destroy(options);
  EXPECT_EQ(runhook_run_options_timeout_ns(options), 9) << "borrowed options were destroyed";
  EXPECT_EQ(runhook_run_args_clear(args, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_run_options_timeout_ns(options), 0);
  runhook_run_args_destroy(args);
  EXPECT_EQ(runhook_run_options_set_timeout_ns(options, 9, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(CRunArgs, ClearTakesEverythingBack) {
  runhook_run_args* args = runhook_run_args_create(nullptr);
  runhook_value* one = runhook_value_create_double(1, nullptr);
  runhook_run_args_add_fetch(args, nullptr, "a", nullptr);
  runhook_run_args_add_feed(args, "x", one, nullptr);
  EXPECT_EQ(runhook_run_args_clear(args, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_run_args_fetch_count(args), 0U);
  EXPECT_EQ(runhook_run_args_feed_count(args), 0U);
  EXPECT_EQ(runhook_run_args_add_fetch(args, nullptr, "a", nullptr), RUNHOOK_OK);
  runhook_value_destroy(one);
  runhook_run_args_destroy(args);
}

TEST_F(CRunArgs, InvalidHandleGivesNeutralValues) {
  auto* wrong = reinterpret_cast<runhook_run_args*>(runhook_results_create(nullptr));
  for (auto* args : {static_cast<runhook_run_args*>(nullptr), wrong}) {
    EXPECT_EQ(runhook_run_args_add_fetch(args, nullptr, "a", nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
    EXPECT_EQ(runhook_run_args_clear(args, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
    EXPECT_EQ(runhook_run_args_options(args), nullptr);
    EXPECT_EQ(runhook_run_args_fetch_count(args), 0U);
    EXPECT_EQ(runhook_run_args_fetch_name_at(args, 0), nullptr);
    EXPECT_EQ(runhook_run_args_feed_count(args), 0U);
    EXPECT_EQ(runhook_run_args_feed_name_at(args, 0), nullptr);
    runhook_run_args_destroy(args);
  }
  runhook_results_destroy(reinterpret_cast<runhook_results*>(wrong));
}

TEST_F(CResults, EmptyResultsHoldNothing) {
  Caught caught;
  runhook_results* results = runhook_results_create(nullptr);
  double number = 3;
  EXPECT_EQ(runhook_results_count(results), 0U);
  EXPECT_EQ(runhook_results_key_at(results, 0), nullptr);
  EXPECT_EQ(runhook_results_value_at(results, 0), nullptr);
  EXPECT_EQ(runhook_results_get(results, "a", caught.out()), nullptr);
  EXPECT_EQ(caught.code(), RUNHOOK_ERR_NOT_FOUND);
  EXPECT_EQ(runhook_results_get(results, nullptr, caught.out()), nullptr);
  EXPECT_EQ(caught.code(), RUNHOOK_ERR_NOT_FOUND);
  EXPECT_EQ(runhook_results_get_double(results, "a", &number, nullptr), RUNHOOK_ERR_NOT_FOUND);
  EXPECT_EQ(number, 3);
  EXPECT_EQ(runhook_results_skipped(results), 0);
  EXPECT_EQ(runhook_results_discarded(results), 0);
  runhook_results_destroy(results);
  EXPECT_EQ(runhook_results_count(results), 0U);
  EXPECT_EQ(runhook_results_get(results, "a", caught.out()), nullptr);
  EXPECT_EQ(caught.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(CResults, MetadataIsLent) {
  runhook_results* results = runhook_results_create(nullptr);
  const runhook_metadata* metadata = runhook_results_metadata(results);
  ASSERT_NE(metadata, nullptr);
  EXPECT_EQ(runhook_metadata_node_count(metadata), 0U);
  EXPECT_EQ(runhook_metadata_node_name_at(metadata, 0), nullptr);
  EXPECT_EQ(runhook_metadata_node_start_ns_at(metadata, 0), 0);
  EXPECT_EQ(runhook_metadata_node_end_ns_at(metadata, 0), 0);
  EXPECT_EQ(runhook_results_metadata(nullptr), nullptr);
  runhook_results_destroy(results);
}

int32_t publish_twice_the_input(runhook_context* context, void*, int32_t ok) {
  double number = 0;
  if (runhook_value_get_double(runhook_step_input(context, "x"), &number, nullptr) != RUNHOOK_OK) return 0;
  runhook_step_set_double(context, "y", 2 * number, nullptr);
  return ok;
}

TEST_F(CResults, RunFillsThemUnderTheirKeys) {
  const char* outputs[] = {"y"};
  const char* inputs[] = {"x"};
  runhook_function step = RUNHOOK_FUNCTION_INIT;
  step.call = publish_twice_the_input;
  runhook_session* session = runhook_function_session_create(&step, outputs, 1, inputs, 1, nullptr);
  ASSERT_NE(session, nullptr);
  runhook_run_args* args = runhook_run_args_create(nullptr);
  runhook_results* results = runhook_results_create(nullptr);
  runhook_value* input = runhook_value_create_double(21, nullptr);
  runhook_run_args_add_fetch(args, "a/b", "y", nullptr);
  runhook_run_args_add_fetch(args, nullptr, "x", nullptr);
  runhook_run_args_add_feed(args, "x", input, nullptr);
  Caught caught;
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(runhook_session_run(session, args, results, caught.out()), RUNHOOK_OK) << caught.message();
    double number = 0;
    EXPECT_EQ(runhook_results_count(results), 2U);
    EXPECT_STREQ(runhook_results_key_at(results, 0), "a/b");
    EXPECT_EQ(runhook_results_get_double(results, "a/b", &number, nullptr), RUNHOOK_OK);
    EXPECT_EQ(number, 42);
    EXPECT_EQ(runhook_results_get(results, "x", nullptr), input);
    EXPECT_EQ(runhook_results_value_at(results, 1), input);
    EXPECT_EQ(runhook_results_get(results, nullptr, caught.out()), nullptr) << "there are two results";
    EXPECT_EQ(caught.code(), RUNHOOK_ERR_NOT_FOUND);
  }
  runhook_run_args_clear(args, nullptr);
  runhook_run_args_add_feed(args, "x", input, nullptr);
  runhook_run_args_add_fetch(args, "only", "y", nullptr);
  ASSERT_EQ(runhook_session_run(session, args, results, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_results_count(results), 1U);
  EXPECT_STREQ(runhook_results_key_at(results, 0), "only");
  EXPECT_NE(runhook_results_get(results, nullptr, nullptr), nullptr);
  runhook_value_destroy(input);
  runhook_results_destroy(results);
  runhook_run_args_destroy(args);
  runhook_session_destroy(session);
}

}  // namespace
