#include "runhook/outcome.hpp"

#include <gtest/gtest.h>

namespace runhook {
namespace {

Outcome stopped_by(StopOrigin origin, std::string_view who, std::string_view text, std::int32_t code = 0) {
  Outcome outcome;
  outcome.kind = OutcomeKind::stopped;
  outcome.step = 1200;
  outcome.stop.origin = origin;
  outcome.stop.code = code;
  outcome.stop.set_who(who);
  outcome.stop.set_text(text);
  return outcome;
}

TEST(Outcome, StopTellsWhoAndWhy) {
  EXPECT_EQ(stopped_by(StopOrigin::hook, "accuracy", "reached 0.83").to_string(),
            "stopped by hook 'accuracy' at step 1200: reached 0.83");
  EXPECT_EQ(stopped_by(StopOrigin::hook, "", "").to_string(), "stopped by a hook at step 1200");
  EXPECT_EQ(stopped_by(StopOrigin::caller, "", "", 3).to_string(), "stopped by the caller at step 1200: code 3");
  EXPECT_EQ(stopped_by(StopOrigin::source, "watcher", "").to_string(),
            "stopped by a stop source in 'watcher' at step 1200");
  EXPECT_EQ(stopped_by(StopOrigin::source, "", "").to_string(), "stopped by a stop source at step 1200");
  EXPECT_EQ(stopped_by(StopOrigin::coordinator, "coordinator", "").to_string(),
            "stopped by a coordinator at step 1200");
  EXPECT_EQ(stopped_by(StopOrigin::coordinator, "loader", "x").to_string(),
            "stopped by coordinated thread 'loader' at step 1200: x");
  EXPECT_EQ(stopped_by(StopOrigin::step_function, "", "").to_string(), "stopped by a step function at step 1200");
  EXPECT_EQ(stopped_by(StopOrigin::signal, "signal", "signal 15", 15).to_string(), "stopped by SIGTERM at step 1200");
  EXPECT_EQ(stopped_by(StopOrigin::session, "", "").to_string(), "stopped by the session at step 1200");
}

TEST(Outcome, IsOneLineWithItsCounters) {
  Outcome outcome = stopped_by(StopOrigin::hook, "a", "one\ntwo");
  outcome.recoveries = 1;
  outcome.warnings = 2;
  EXPECT_EQ(outcome.to_string(), "stopped by hook 'a' at step 1200 after 1 recovery with 2 warnings: one two");
}

TEST(Outcome, ControlCharactersOfNamesAndTextsAreEscaped) {
  EXPECT_EQ(stopped_by(StopOrigin::hook, "a\x1B[2J\r", "\x7F").to_string(),
            "stopped by hook 'a\\x1b[2J ' at step 1200: \\x7f");
}

TEST(Outcome, OtherKindsTellTheStep) {
  Outcome outcome;
  outcome.step = 5;
  EXPECT_EQ(outcome.to_string(), "running at step 5");
  outcome.kind = OutcomeKind::completed;
  EXPECT_EQ(outcome.to_string(), "completed at step 5");
  outcome.kind = OutcomeKind::end_of_input;
  EXPECT_EQ(outcome.to_string(), "end of input at step 5");
  outcome.kind = OutcomeKind::failed;
  outcome.error = Error(StatusCode::data_loss, "bad record");
  EXPECT_EQ(outcome.to_string().rfind("failed at step 5: ", 0), 0U);
  EXPECT_NE(outcome.to_string().find("bad record"), std::string::npos);
}

}  // namespace
}  // namespace runhook
