#include <signal.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "checks.hpp"

namespace {

using runhook_test::Caught;
class CStopSource : public runhook_test::NoHandlesLeft {};

runhook_stop_reason reason_at(const runhook_stop_source* source, size_t index) {
  runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
  EXPECT_EQ(runhook_stop_source_reason_at(source, index, &reason, nullptr), RUNHOOK_OK);
  return reason;
}

TEST_F(CStopSource, NewSourceHasNoRequest) {
  runhook_stop_source* source = runhook_stop_source_create(nullptr);
  runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
  EXPECT_EQ(runhook_stop_source_stop_requested(source), 0);
  EXPECT_EQ(runhook_stop_source_wait(source, 0), 0);
  EXPECT_EQ(runhook_stop_source_reason_count(source), 0U);
  EXPECT_EQ(runhook_stop_source_reasons_dropped(source), 0U);
  EXPECT_EQ(runhook_stop_source_reason_at(source, 0, &reason, nullptr), RUNHOOK_ERR_NOT_FOUND);
  runhook_stop_source_destroy(source);
}

TEST_F(CStopSource, FirstRequestIsTheReason) {
  runhook_stop_source* source = runhook_stop_source_create(nullptr);
  runhook_stop_source* other = runhook_stop_source_share(source, nullptr);
  EXPECT_EQ(runhook_stop_source_request_stop(source, 7, "enough", RUNHOOK_STOP_AFTER_STEP), 1);
  EXPECT_EQ(runhook_stop_source_request_stop(other, 8, nullptr, RUNHOOK_STOP_NOW), 0);
  EXPECT_EQ(runhook_stop_source_stop_requested(other), 1);
  EXPECT_EQ(runhook_stop_source_wait(other, -1), 1);
  EXPECT_EQ(runhook_stop_source_reason_count(source), 2U);
  const auto first = reason_at(other, 0);
  EXPECT_EQ(first.origin, RUNHOOK_STOP_BY_SOURCE);
  EXPECT_EQ(first.urgency, RUNHOOK_STOP_AFTER_STEP);
  EXPECT_EQ(first.code, 7);
  EXPECT_STREQ(first.text, "enough");
  EXPECT_GT(first.time_ns, 0);
  const auto second = reason_at(other, 1);
  EXPECT_EQ(second.code, 8);
  EXPECT_EQ(second.urgency, RUNHOOK_STOP_NOW);
  EXPECT_STREQ(second.text, "");
  EXPECT_EQ(reason_at(other, 0).text, first.text) << "borrowed texts stay where they are";
  runhook_stop_source_destroy(source);
  EXPECT_STREQ(first.text, "enough");
  runhook_stop_source_destroy(other);
}

TEST_F(CStopSource, TextThatIsNotUtf8IsCutAndTheRequestStands) {
  // Cut inside a character, not UTF-8 at all, and in the middle.
  const std::pair<const char*, const char*> texts[] = {
      {"caf\xC3", "caf"}, {"\xFF", ""}, {"a\xF0\x9F\x98", "a"}, {"\xC3\xA9\x80z", "\xC3\xA9"}};
  for (const auto& [text, kept] : texts) {
    runhook_stop_source* source = runhook_stop_source_create(nullptr);
    EXPECT_EQ(runhook_stop_source_request_stop(source, 3, text, RUNHOOK_STOP_NOW), 1);
    EXPECT_EQ(runhook_stop_source_stop_requested(source), 1);
    EXPECT_STREQ(reason_at(source, 0).text, kept);
    EXPECT_EQ(reason_at(source, 0).code, 3);
    EXPECT_EQ(reason_at(source, 0).urgency, RUNHOOK_STOP_NOW);
    runhook_stop_source_destroy(source);
  }
}

TEST_F(CStopSource, UnknownUrgencyIsAfterTheStep) {
  for (const int32_t urgency : {2, -1, INT32_MAX, INT32_MIN}) {
    runhook_stop_source* source = runhook_stop_source_create(nullptr);
    EXPECT_EQ(runhook_stop_source_request_stop(source, 0, nullptr, urgency), 1);
    EXPECT_EQ(runhook_stop_source_request_stop_from_signal(source, SIGTERM, urgency), 0) << "the second request";
    for (const std::size_t index : {0U, 1U}) EXPECT_EQ(reason_at(source, index).urgency, RUNHOOK_STOP_AFTER_STEP);
    EXPECT_EQ(reason_at(source, 1).origin, RUNHOOK_STOP_BY_SIGNAL);
    runhook_stop_source_destroy(source);
  }
}

TEST_F(CStopSource, LaterRequestsAreBounded) {
  runhook_stop_source* source = runhook_stop_source_create(nullptr);
  for (int32_t i = 0; i < 20; ++i) runhook_stop_source_request_stop(source, i, nullptr, RUNHOOK_STOP_AFTER_STEP);
  EXPECT_EQ(runhook_stop_source_reason_count(source), 16U);
  EXPECT_EQ(runhook_stop_source_reasons_dropped(source), 4U);
  for (size_t i = 0; i < 16; ++i) EXPECT_EQ(reason_at(source, i).code, static_cast<int32_t>(i));
  runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
  EXPECT_EQ(runhook_stop_source_reason_at(source, 16, &reason, nullptr), RUNHOOK_ERR_NOT_FOUND);
  runhook_stop_source_destroy(source);
}

TEST_F(CStopSource, ReasonHonoursStructSize) {
  runhook_stop_source* source = runhook_stop_source_create(nullptr);
  runhook_stop_source_request_stop(source, 1, nullptr, RUNHOOK_STOP_NOW);
  runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
  reason.struct_size = sizeof reason - 8;
  EXPECT_EQ(runhook_stop_source_reason_at(source, 0, &reason, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(reason.code, 0) << "an out-parameter was touched on failure";
  EXPECT_EQ(runhook_stop_source_reason_at(source, 0, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  struct Newer {
    runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
    int64_t addition = 99;
  } newer;
  newer.reason.struct_size = sizeof newer;
  EXPECT_EQ(runhook_stop_source_reason_at(source, 0, &newer.reason, nullptr), RUNHOOK_OK);
  EXPECT_EQ(newer.reason.code, 1);
  EXPECT_EQ(newer.reason.struct_size, sizeof newer);
  EXPECT_EQ(newer.addition, 99);
  runhook_stop_source_destroy(source);
}

runhook_stop_source* signalled = nullptr;
void on_signal(int number) { runhook_stop_source_request_stop_from_signal(signalled, number, RUNHOOK_STOP_NOW); }

TEST_F(CStopSource, SignalHandlerAsksAndKeepsErrno) {
  signalled = runhook_stop_source_create(nullptr);
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = on_signal;
  ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);
  errno = EDOM;
  raise(SIGUSR1);
  EXPECT_EQ(errno, EDOM);
  sigaction(SIGUSR1, &before, nullptr);
  EXPECT_EQ(runhook_stop_source_stop_requested(signalled), 1);
  const auto reason = reason_at(signalled, 0);
  EXPECT_EQ(reason.origin, RUNHOOK_STOP_BY_SIGNAL);
  EXPECT_EQ(reason.code, SIGUSR1);
  EXPECT_EQ(reason.urgency, RUNHOOK_STOP_NOW);
  runhook_stop_source_destroy(signalled);
}

TEST_F(CStopSource, WaitEndsWithTheRequestOfAnotherThread) {
  runhook_stop_source* source = runhook_stop_source_create(nullptr);
  std::atomic<int32_t> seen{-1};
  std::thread waiter([&] { seen = runhook_stop_source_wait(source, -1); });
  runhook_stop_source_request_stop(source, 0, nullptr, RUNHOOK_STOP_AFTER_STEP);
  waiter.join();
  EXPECT_EQ(seen.load(), 1);
  runhook_stop_source_destroy(source);
}

TEST_F(CStopSource, DestroyedHandleGivesNeutralValues) {
  runhook_test::Caught caught;
  runhook_stop_source* source = runhook_stop_source_create(nullptr);
  runhook_stop_source_destroy(source);
  runhook_stop_source_destroy(source);
  for (auto* gone : {source, static_cast<runhook_stop_source*>(nullptr)}) {
    EXPECT_EQ(runhook_stop_source_request_stop(gone, 0, nullptr, RUNHOOK_STOP_NOW), 0);
    EXPECT_EQ(runhook_stop_source_request_stop_from_signal(gone, 1, RUNHOOK_STOP_NOW), 0);
    EXPECT_EQ(runhook_stop_source_request_save(gone, caught.out()), RUNHOOK_ERR_INVALID_ARGUMENT);
    EXPECT_EQ(caught.message(), gone != nullptr ? "not a valid stop source: it has been destroyed"
                                                : "not a valid stop source: it is NULL");
    EXPECT_EQ(runhook_stop_source_stop_requested(gone), 0);
    EXPECT_EQ(runhook_stop_source_wait(gone, -1), 0);
    EXPECT_EQ(runhook_stop_source_reason_count(gone), 0U);
    EXPECT_EQ(runhook_stop_source_share(gone, nullptr), nullptr);
  }
}

TEST(COutcome, InvalidHandleGivesNeutralValues) {
  auto* outcome = static_cast<runhook_outcome*>(nullptr);
  runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
  EXPECT_EQ(runhook_outcome_kind(outcome), RUNHOOK_OUTCOME_RUNNING);
  EXPECT_EQ(runhook_outcome_stop_reason(outcome, &reason, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_outcome_error(outcome), nullptr);
  EXPECT_EQ(runhook_outcome_step(outcome), 0);
  EXPECT_EQ(runhook_outcome_runs(outcome), 0);
  EXPECT_STREQ(runhook_outcome_to_string(outcome), "");
  runhook_outcome_destroy(outcome);
}

class CStopListener : public runhook_test::NoHandlesLeft {
 protected:
  runhook_stop_listener_table table() {
    runhook_stop_listener_table made = RUNHOOK_STOP_LISTENER_TABLE_INIT;
    made.user_data = this;
    made.destroy = [](void* self) { ++static_cast<CStopListener*>(self)->destroyed_; };
    made.on_stop = [](const runhook_stop_reason* reason, void* self) {
      auto& test = *static_cast<CStopListener*>(self);
      EXPECT_EQ(reason->struct_size, sizeof *reason);
      EXPECT_EQ(test.destroyed_, 0);
      test.heard_ += std::string(reason->text) + (reason->planned != 0 ? " as planned" : "") + ";";
      if (test.ends_itself_) runhook_stop_listener_destroy(test.listener_);
    };
    return made;
  }
  std::string heard_;
  int destroyed_ = 0;
  bool ends_itself_ = false;
  runhook_stop_listener* listener_ = nullptr;
};

TEST_F(CStopListener, IsToldOnceOfTheFirstRequestAndOutlivesTheHandleOfItsSource) {
  runhook_stop_source* const source = runhook_stop_source_create(nullptr);
  runhook_stop_source* const other = runhook_stop_source_share(source, nullptr);
  const auto made = table();
  listener_ = runhook_stop_listener_create(source, &made, nullptr);
  runhook_stop_source_destroy(source);
  EXPECT_EQ(heard_, "");
  runhook_stop_source_request_stop(other, 0, "enough", RUNHOOK_STOP_AFTER_STEP | RUNHOOK_STOP_PLANNED);
  runhook_stop_source_request_stop(other, 0, "later", RUNHOOK_STOP_NOW);
  EXPECT_EQ(heard_, "enough as planned;");
  EXPECT_EQ(destroyed_, 0);
  runhook_stop_listener_destroy(listener_);
  EXPECT_EQ(destroyed_, 1);
  runhook_stop_source_destroy(other);
}

TEST_F(CStopListener, MayBeDestroyedInItsCallAndKeepsItsDataUntilThatIsOver) {
  runhook_stop_source* const source = runhook_stop_source_create(nullptr);
  const auto made = table();
  ends_itself_ = true;
  listener_ = runhook_stop_listener_create(source, &made, nullptr);
  runhook_stop_source_request_stop(source, 0, "enough", RUNHOOK_STOP_AFTER_STEP);
  EXPECT_EQ(heard_, "enough;");
  EXPECT_EQ(destroyed_, 1);
  runhook_stop_source_destroy(source);
}

TEST_F(CStopListener, MayDestroyTheLastHandleOfItsSource) {
  struct Ending {
    runhook_stop_source* source;
    runhook_stop_listener* listener;
  } ending{runhook_stop_source_create(nullptr), nullptr};
  runhook_stop_listener_table made = RUNHOOK_STOP_LISTENER_TABLE_INIT;
  made.user_data = &ending;
  made.on_stop = [](const runhook_stop_reason*, void* data) {
    auto& all = *static_cast<Ending*>(data);
    runhook_stop_listener_destroy(all.listener);
    runhook_stop_source_destroy(all.source);
  };
  ending.listener = runhook_stop_listener_create(ending.source, &made, nullptr);
  EXPECT_EQ(runhook_stop_source_request_stop(ending.source, 0, "enough", RUNHOOK_STOP_NOW), 1);
}

TEST_F(CStopSource, UrgencyThatIsNotKnownIsAfterTheStep) {
  for (const int32_t urgency : {-1, 3, 17 + 2, 32}) {
    runhook_stop_source* const source = runhook_stop_source_create(nullptr);
    runhook_stop_source_request_stop(source, 0, "", urgency);
    EXPECT_EQ(reason_at(source, 0).urgency, RUNHOOK_STOP_AFTER_STEP) << urgency;
    EXPECT_EQ(reason_at(source, 0).planned, urgency == 19 ? 1 : 0) << urgency;
    runhook_stop_source_destroy(source);
  }
}

TEST_F(CStopListener, OfAStopThatHasBeenAskedForIsToldAtOnce) {
  runhook_stop_source* const source = runhook_stop_source_create(nullptr);
  runhook_stop_source_request_stop(source, 0, "early", RUNHOOK_STOP_AFTER_STEP);
  const auto made = table();
  listener_ = runhook_stop_listener_create(source, &made, nullptr);
  EXPECT_EQ(heard_, "early;");
  runhook_stop_listener_destroy(listener_);
  runhook_stop_source_destroy(source);
}

TEST_F(CStopListener, WithoutASourceOrAFunctionIsRefusedAndItsDataDestroyed) {
  Caught error;
  auto made = table();
  EXPECT_EQ(runhook_stop_listener_create(nullptr, &made, error.out()), nullptr);
  EXPECT_EQ(error.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(destroyed_, 1);
  runhook_stop_source* const source = runhook_stop_source_create(nullptr);
  made.on_stop = nullptr;
  EXPECT_EQ(runhook_stop_listener_create(source, &made, error.out()), nullptr);
  EXPECT_EQ(error.message(), "on_stop is NULL");
  EXPECT_EQ(destroyed_, 2);
  EXPECT_EQ(runhook_stop_listener_create(source, nullptr, error.out()), nullptr);
  runhook_stop_listener_destroy(nullptr);
  runhook_stop_source_destroy(source);
}

}  // namespace
