#include "loop/outcome_record.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/loop_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using detail::OutcomeRecord;

TEST(OutcomeRecord, CopyStaysAsItWasWhenAWarningIsAdded) {
  OutcomeRecord record;
  record.note_warning(Error(StatusCode::internal, "first"));
  const Outcome copy = record.copy();
  record.note_warning(Error(StatusCode::internal, "second"));
  EXPECT_EQ(copy.warnings, 1);
  EXPECT_EQ(record.copy().warnings, 2);
  EXPECT_EQ(record.copy().first_warnings[1].message(), "second");
}

TEST(OutcomeRecord, EqualWarningsAreOneWithItsCountAndLeaveRoomForOthers) {
  OutcomeRecord record;
  for (int step = 1; step <= 1000; ++step) {
    Error error(StatusCode::unavailable, "disk full");
    error.locate("logger", "after_run", step);
    record.note_warning(error);
  }
  Error of_another(StatusCode::unavailable, "disk full");
  of_another.locate("saver", "after_run", 7);
  record.note_warning(of_another);
  const std::vector<detail::CountedWarning> warnings = record.warnings();
  ASSERT_EQ(warnings.size(), 2U);
  EXPECT_EQ(warnings[0].count, 1000U);
  EXPECT_EQ(warnings[0].error.step(), 1);
  EXPECT_EQ(warnings[0].last_step, 1000);
  EXPECT_EQ(warnings[1].count, 1U);
  for (int i = 0; i < 100; ++i) record.note_warning(Error(StatusCode::internal, std::to_string(i)));
  EXPECT_EQ(record.warnings().size(), Outcome::kMaxWarnings);
}

TEST(OutcomeRecord, ErrorOfTheCallerComesBeforeThoseOfRunsAndThreads) {
  OutcomeRecord record;
  record.run_failed(Error(StatusCode::internal, "run"));
  record.caller_failed(Error(StatusCode::data_loss, "caller"));
  OutcomeRecord::Ending ending;
  ending.lost_session = Error(StatusCode::unavailable, "lost");
  ending.past_threads = Error(StatusCode::aborted, "past");
  ending.threads = Error(StatusCode::aborted, "present");
  record.decide(ending);
  const Error error = record.copy().error;
  EXPECT_EQ(error.message(), "caller");
  ASSERT_EQ(error.suppressed_count(), 4u);
  EXPECT_EQ(error.suppressed(0).message(), "run");
  EXPECT_EQ(error.suppressed(1).message(), "lost");
  EXPECT_EQ(error.suppressed(2).message(), "past");
  EXPECT_EQ(error.suppressed(3).message(), "present");
}

TEST(OutcomeRecord, RunThatFailedBecomesAWarningWhenTheCallerGoesOn) {
  OutcomeRecord record;
  record.run_failed(Error(StatusCode::internal, "run"));
  record.went_on_after_failure();
  record.decide({});
  EXPECT_EQ(record.copy().kind, OutcomeKind::completed);
  EXPECT_EQ(record.copy().first_warning.message(), "run");
}

TEST(OutcomeRecord, FailureAtTheEndMakesACleanRunFailed) {
  OutcomeRecord record;
  record.decide({});
  record.end_failed(Error(StatusCode::internal, "closing"), Error());
  EXPECT_TRUE(record.failed());
  EXPECT_EQ(record.copy().error.message(), "closing");
}

TEST(OutcomeRecord, FailureAtTheEndOfAFailedRunIsAttachedIfItIsNotKnownYet) {
  OutcomeRecord record;
  record.run_failed(Error(StatusCode::internal, "run"));
  record.decide({});
  record.end_failed(Error(StatusCode::internal, "all"), Error(StatusCode::internal, "new"));
  EXPECT_EQ(record.copy().error.message(), "run");
  ASSERT_EQ(record.copy().error.suppressed_count(), 1u);
  EXPECT_EQ(record.copy().error.suppressed(0).message(), "new");
}

TEST(OutcomeRecord, OutcomeThatCleanupGetsStaysAsItWasWhenTheHookWarns) {
  LoopRig rig;
  const auto hook = rig.hook();
  std::int64_t given = -1;
  std::int64_t told = -1;
  hook->on_cleanup = [&](auto& context, const Outcome& outcome) {
    context.warn(Error(StatusCode::internal, "late"));
    given = outcome.warnings;
    told = context.outcome().warnings;
  };
  const auto session = rig.start();
  session->run();
  session->close();
  EXPECT_EQ(given, 0);
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace runhook
