// Values that are logged through the C ABI, and on_values.
#include "runhook/logged_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "scripted.hpp"

namespace {

using runhook_test::Caught;
using runhook_test::kOk;
using testing::ElementsAre;

class LoggedValue : public runhook_test::NoHandlesLeft {
 protected:
  LoggedValue() {
    runhook_test::quieten(config_);
    runhook_hook hook = RUNHOOK_HOOK_INIT;
    hook.name = "subscriber";
    hook.user_data = this;
    hook.on_values = [](runhook_context* context, void* self, int32_t ok) {
      return static_cast<LoggedValue*>(self)->told(context) ? ok : RUNHOOK_CALLBACK_FAILED;
    };
    runhook_config_add_hook(config_, &hook, nullptr, nullptr);
    runhook_config_set_inline(config_, nullptr, nullptr);
    loop_ = runhook_monitored_session_create(config_, nullptr);
  }
  void TearDown() override {
    runhook_monitored_session_destroy(loop_);
    runhook_config_destroy(config_);
    (void)error_.out();
    NoHandlesLeft::TearDown();
  }
  bool told(runhook_context* context) {
    const size_t count = runhook_context_logged_count(context);
    for (size_t i = 0; i < count; ++i) {
      std::string text = runhook_context_logged_name_at(context, i);
      switch (runhook_context_logged_kind_at(context, i)) {
        case RUNHOOK_LOGGED_NUMBER:
          text += "=" + std::to_string(runhook_context_logged_double_at(context, i));
          break;
        case RUNHOOK_LOGGED_INTEGER:
          text += "=" + std::to_string(runhook_context_logged_int64_at(context, i));
          break;
        default:
          text += std::string("='") + runhook_context_logged_text_at(context, i) + "'";
      }
      steps_.push_back(runhook_context_logged_step_at(context, i));
      told_.push_back(text + "@" + std::to_string(runhook_context_global_step(context)));
    }
    EXPECT_EQ(runhook_context_logged_name_at(context, count), nullptr);
    EXPECT_EQ(runhook_context_logged_step_at(context, count), -1);
    EXPECT_EQ(runhook_context_logged_text_at(context, count), nullptr);
    EXPECT_EQ(runhook_context_logged_kind_at(context, count), RUNHOOK_LOGGED_NUMBER);
    Caught error;
    EXPECT_EQ(runhook_context_log_scalar(context, "late", 1, error.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
    return succeed_;
  }
  runhook_context* next() { return runhook_monitored_session_next(loop_, error_.out()); }

  Caught error_;
  std::vector<std::string> told_;
  std::vector<std::int64_t> steps_;
  bool succeed_ = true;
  runhook_config* config_ = runhook_config_create(nullptr);
  runhook_monitored_session* loop_ = nullptr;
};

TEST_F(LoggedValue, ReachesOnValuesWithItsStep) {
  runhook_context* const step = next();
  EXPECT_EQ(runhook_context_log_scalar(step, "loss", 0.5, error_.out()), RUNHOOK_OK);
  EXPECT_EQ(runhook_context_log_int64(step, "batch", 32, error_.out()), RUNHOOK_OK);
  EXPECT_EQ(runhook_context_log_text(step, "phase", "warm-up", error_.out()), RUNHOOK_OK);
  EXPECT_EQ(runhook_context_logged_count(step), 0U);
  ASSERT_NE(next(), nullptr);
  EXPECT_THAT(told_, ElementsAre("loss=0.500000@1", "batch=32@1", "phase='warm-up'@1"));
  next();
  EXPECT_EQ(told_.size(), 3U);
}

TEST_F(LoggedValue, ThatCannotBeIsRefusedAndFailsTheStep) {
  runhook_context* const step = next();
  EXPECT_EQ(runhook_context_log_int64(step, "n", 1, error_.out()), RUNHOOK_OK);
  EXPECT_EQ(runhook_context_log_scalar(step, "n", 1, error_.out()), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_context_log_scalar(step, "step", 1, error_.out()), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_context_log_scalar(step, nullptr, 1, error_.out()), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_context_log_text(step, "note", nullptr, error_.out()), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_monitored_session_end_step(loop_, error_.out()), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(error_.message(), "'n' has been logged as an integer before and cannot be a number");
  EXPECT_EQ(runhook_context_log_int64(step, "n", 1, error_.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
}

TEST_F(LoggedValue, FailureOfOnValuesIsTheHooks) {
  succeed_ = false;
  runhook_context_log_int64(next(), "n", 1, nullptr);
  EXPECT_EQ(runhook_monitored_session_end_step(loop_, error_.out()), RUNHOOK_ERR_HOOK_FAILED);
  EXPECT_STREQ(runhook_error_callback(error_.get()), "on_values");
  EXPECT_STREQ(runhook_error_hook(error_.get()), "subscriber");
}

TEST_F(LoggedValue, MayBeLoggedByTheFunctionOfASession) {
  runhook_test::Loop loop;
  loop.step = [](runhook_context* context) {
    return runhook_context_log_scalar(context, "y", 2, nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  runhook_test::ScriptedHook reader;
  double seen = 0;
  reader.on["before_run"] = [](runhook_context* context) {
    return runhook_context_add_fetch(context, nullptr, "y", nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  reader.on["after_run"] = [&](runhook_context* context) {
    return runhook_context_get_double(context, "y", &seen, nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  ASSERT_EQ(loop.add(reader), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  ASSERT_EQ(loop.run(), RUNHOOK_OK) << loop.error.message();
  EXPECT_EQ(seen, 2);
  ASSERT_EQ(loop.close(), RUNHOOK_OK);
  runhook_monitored_session_destroy(std::exchange(loop.session, nullptr));
  runhook_config_destroy(std::exchange(loop.config, nullptr));
}

TEST_F(LoggedValue, OfAnotherThreadHasTheStepItWasGivenAndTheLoggerOutlivesTheSession) {
  runhook_logger* const logger = runhook_logger_create(loop_, error_.out());
  ASSERT_NE(logger, nullptr) << error_.message();
  next();
  std::thread([&] {
    EXPECT_EQ(runhook_logger_log_scalar(logger, "val/loss", 0.5, 9, nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_logger_log_int64(logger, "samples", 32, RUNHOOK_LAST_COMPLETED, nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_logger_log_text(logger, "phase", "late", 3, nullptr), RUNHOOK_OK);
  }).join();
  next();
  EXPECT_THAT(told_, ElementsAre("val/loss=0.500000@1", "samples=32@1", "phase='late'@1"));
  EXPECT_THAT(steps_, ElementsAre(9, 0, 3));
  runhook_monitored_session_destroy(std::exchange(loop_, nullptr));
  EXPECT_EQ(runhook_logger_log_scalar(logger, "late", 1, 0, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_logger_dropped(logger), 1U);
  runhook_logger_destroy(logger);
}

TEST_F(LoggedValue, LoggerRefusesWhatCannotBeLogged) {
  runhook_logger* const logger = runhook_logger_create(loop_, nullptr);
  EXPECT_EQ(runhook_logger_log_scalar(logger, "step", 1, 0, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_logger_log_int64(logger, nullptr, 1, 0, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_logger_log_text(logger, "note", nullptr, 0, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_logger_log_scalar(logger, "loss", 1, -2, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_logger_log_scalar(nullptr, "loss", 1, 0, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_logger_create(nullptr, error_.out()), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_logger_dropped(nullptr), 0U);
  runhook_logger_destroy(nullptr);
  runhook_logger_destroy(logger);
}

TEST_F(LoggedValue, LoggerIsThereFromBeginOn) {
  runhook_test::ScriptedHook hook;
  runhook_test::Loop loop;
  runhook_logger* logger = nullptr;
  hook.on["begin"] = [&](runhook_context* context) {
    logger = runhook_logger_create(runhook_context_monitored_session(context), nullptr);
    return runhook_logger_log_scalar(logger, "early", 1, 0, nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  EXPECT_TRUE(loop.start()) << loop.error.message();
  EXPECT_EQ(runhook_logger_dropped(logger), 0U);
  runhook_logger_destroy(logger);
}

TEST_F(LoggedValue, IsFoundByItsNameIfItIsANumber) {
  runhook_test::ScriptedHook hook;
  runhook_test::Loop loop;
  loop.step = [](runhook_context* context) {
    runhook_context_log_scalar(context, "rate", 0.5, nullptr);
    runhook_context_log_int64(context, "count", 3, nullptr);
    return runhook_context_log_text(context, "phase", "late", nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  std::vector<std::string> found;
  runhook_hook table = hook.table();
  table.user_data = &found;
  table.destroy = nullptr;
  table.on_values = [](runhook_context* context, void* data, int32_t ok) {
    for (const char* const name : {"rate", "count", "phase", "loss", static_cast<const char*>(nullptr)}) {
      double number = -1;
      const int32_t is_there = runhook_context_logged_double(context, name, &number);
      static_cast<std::vector<std::string>*>(data)->push_back(std::to_string(is_there) + " " + std::to_string(number));
    }
    return runhook_context_logged_double(context, "rate", nullptr) == 1 ? ok : RUNHOOK_CALLBACK_FAILED;
  };
  table.begin = table.after_create_session = table.before_run = table.after_run = nullptr;
  table.on_error = table.end = table.cleanup = nullptr;
  ASSERT_EQ(runhook_config_add_hook(loop.config, &table, nullptr, nullptr), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  ASSERT_EQ(loop.run(), RUNHOOK_OK) << loop.error.message();
  EXPECT_THAT(found, ElementsAre("1 0.500000", "1 3.000000", "0 -1.000000", "0 -1.000000", "0 -1.000000"));
  EXPECT_EQ(runhook_context_logged_double(nullptr, "rate", nullptr), 0);
}

TEST_F(LoggedValue, OfTheStepSoFarIsSeenInAfterRun) {
  runhook_test::ScriptedHook early, late;
  runhook_test::Loop loop;
  std::vector<std::size_t> seen;
  const auto look = [&](runhook_context* context) {
    seen.push_back(runhook_context_logged_count(context));
    return runhook_context_log_scalar(context, seen.size() % 2 == 1 ? "a" : "b", 1, nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  early.on["after_run"] = late.on["after_run"] = look;
  ASSERT_EQ(loop.add(early), RUNHOOK_OK);
  ASSERT_EQ(loop.add(late), RUNHOOK_OK);
  runhook_hook subscriber = RUNHOOK_HOOK_INIT;
  subscriber.on_values = [](runhook_context*, void*, int32_t ok) { return ok; };
  runhook_config_add_hook(loop.config, &subscriber, nullptr, nullptr);
  ASSERT_TRUE(loop.start());
  ASSERT_EQ(loop.run(), RUNHOOK_OK);
  ASSERT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_THAT(seen, ElementsAre(0U, 1U, 0U, 1U));
}

}  // namespace
