#include "runhook/hooks/progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "core/expect_error.hpp"
#include "core/hooks/terminal_rig.hpp"
#include "core/value_rig.hpp"
#include "hooks/progress_text.hpp"
#include "hooks/terminal.hpp"
#include "runhook/hooks/logging.hpp"
#include "runhook/hooks/stop_at_step.hpp"
#include "standard_error.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t kMs = 1'000'000;

class Progress : public testing::Test {
 protected:
  Progress() {
    setenv("TERM", "xterm", 1);
    rig.values = {{"loss", Value::scalar(0.25)}};
    rig.before_step = [this](int) { rig.clock->advance(100 * kMs); };
  }
  // Shows the progress at every opportunity.
  void add(const Ends& ends, ProgressOptions options = {}) {
    output = Output::descriptor(ends.writer, "the display", {.flush_interval = 1ms});
    options.output = output;
    options.terminal_interval = options.line_interval = 2ms;
    rig.config.add_hook(ProgressHook::make(std::move(options)));
  }
  // All that was shown, once the session and the output are closed.
  std::string shown(Ends& ends) {
    EXPECT_TRUE(output->close());
    return ends.read_all();
  }
  ValueRig rig;
  std::shared_ptr<Output> output;
};

TEST_F(Progress, TerminalShowsOneLineThatChanges) {
  Terminal terminal;
  add(terminal, {.last_step = 10});
  const auto session = rig.start();
  session->run_until_stop({}, 3);
  EXPECT_TRUE(terminal.await("step 3/10 (30%)  10 steps/s  0:00 so far  0:01 left"));
  session->run_until_stop({}, 7);
  EXPECT_TRUE(terminal.await("step 10/10 (100%)"));
  EXPECT_THAT(screen(terminal.seen), ElementsAre(HasSubstr("step 10/10 (100%)")));
  session->close();
  EXPECT_THAT(screen(shown(terminal)), ElementsAre("step 10/10 (100%)  10 steps/s  0:01 in all", ""));
}

TEST_F(Progress, PipeGetsWholeLinesWithoutControlCharacters) {
  Pipe pipe;
  add(pipe, {.last_step = 4});
  const auto session = rig.start();
  session->run_until_stop({}, 2);
  EXPECT_TRUE(pipe.await("step 2/4 (50%)  10 steps/s  0:00 so far  0:00 left\n"));
  session->run_until_stop({}, 2);
  session->close();
  const std::string text = shown(pipe);
  EXPECT_EQ(text.back(), '\n');
  EXPECT_THAT(text, HasSubstr("\nstep 4/4 (100%)  10 steps/s  0:00 in all\n"));
  for (const char c : text) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << static_cast<int>(c);
}

TEST_F(Progress, FileGetsALineAtTheEndIfTheRunIsShort) {
  const Folder folder;
  output = Output::file(folder.file("progress"));
  rig.config.add_hook(ProgressHook::make({.output = output}));
  rig.run(3);
  output->close();
  EXPECT_EQ(content(folder.file("progress")), "step 3/3 (100%)  10 steps/s  0:00 in all\n");
}

TEST_F(Progress, LongestIntervalLeavesTheLastLine) {
  const Folder folder;
  output = Output::file(folder.file("progress"));
  rig.config.add_hook(ProgressHook::make({.output = output, .line_interval = std::chrono::nanoseconds::max()}));
  rig.before_step = [](int) { std::this_thread::sleep_for(2ms); };
  rig.run(10);
  output->close();
  const std::string text = content(folder.file("progress"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST_F(Progress, DumbTerminalGetsLinesWithoutControlCharacters) {
  setenv("TERM", "dumb", 1);
  Terminal terminal;
  add(terminal, {.names = {"loss"}});
  EXPECT_EQ(rig.run(5).warnings, 0U);
  const std::string text = shown(terminal);
  EXPECT_THAT(text, HasSubstr("step 5/5 (100%)"));
  EXPECT_THAT(text, Not(HasSubstr("\033")));
}

TEST_F(Progress, PipeGetsItsLinesWhateverTheTerminalIs) {
  setenv("TERM", "dumb", 1);
  Pipe pipe;
  add(pipe);
  rig.run(5);
  EXPECT_THAT(shown(pipe), HasSubstr("step 5/5 (100%)"));
}

TEST_F(Progress, StepAtWhichTheRunIsStoppedIsKnownFromTheHookThatDoesIt) {
  Terminal terminal;
  add(terminal);
  rig.config.add_hook(std::make_shared<StopAtStepHook>(StopAtStepOptions{.last_step = 8}));
  const auto session = rig.start();
  session->run_until_stop();
  session->close();
  EXPECT_THAT(shown(terminal), HasSubstr("step 8/8 (100%)"));
}

TEST_F(Progress, LastStepOfACallWithALimitIsKnownForThatCall) {
  Terminal terminal;
  add(terminal);
  const auto session = rig.start();
  session->run_until_stop(no_args, 4);
  EXPECT_EQ(session->run_until_stop(no_args, 6), 6) << "it is no last step of the run";
  session->close();
  EXPECT_THAT(shown(terminal), HasSubstr("step 10/10 (100%)"));
}

TEST_F(Progress, LastStepThatIsAnnouncedIsKnownAgainAfterACallWithALimit) {
  Terminal terminal;
  add(terminal);
  rig.config.add_hook(std::make_shared<StopAtStepHook>(StopAtStepOptions{.last_step = 9}));
  std::vector<std::int64_t> known;
  rig.hook()->on_before = [&](SessionRunContext& context) { known.push_back(context.last_step().value_or(-1)); };
  const auto session = rig.start();
  session->run_until_stop(no_args, 2);
  session->run();
  session->close();
  EXPECT_THAT(known, testing::ElementsAre(2, 2, 9));
  EXPECT_THAT(shown(terminal), HasSubstr("step 3/9"));
}

TEST_F(Progress, LastStepThatIsBehindIsNotShown) {
  Terminal terminal;
  add(terminal);
  const auto session = rig.start();
  session->run_until_stop(no_args, 4);
  session->run();
  session->close();
  EXPECT_THAT(shown(terminal), Not(HasSubstr("/4")));
}

TEST_F(Progress, ValuesAreShownAndFetchedOnlyNowAndThen) {
  Terminal terminal;
  rig.values["say"] = Value::string("\033[2J\n");
  add(terminal, {.names = {"loss", "say"}, .every_n_secs = 1});
  rig.run(21);  // at 100 ms each
  EXPECT_THAT(shown(terminal), HasSubstr("  loss = 0.25, say = \\x1b[2J\\n"));
  EXPECT_EQ(rig.fetched["loss"], 3);
}

TEST_F(Progress, LineIsCutToTheTerminal) {
  Terminal terminal(20);
  add(terminal, {.last_step = 1000});
  const auto session = rig.start();
  session->run_until_stop({}, 5);
  EXPECT_TRUE(terminal.await("\rstep 5/1000 (0%)\033[K\r"));
  session->close();
  EXPECT_THAT(screen(shown(terminal)), Each(testing::SizeIs(testing::Le(19U))));
}

TEST_F(Progress, LogLinesOfTheSameOutputAreNotMixedWithIt) {
  Terminal terminal;
  add(terminal, {.last_step = 1'000'000'000});
  rig.config.add_hook(LoggingHook::make({.names = {"loss"}, .every_n_iter = 5, .output = output}));
  const auto session = rig.start();
  session->run_until_stop({}, 3);
  EXPECT_TRUE(terminal.await("step 3/"));
  session->run_until_stop({}, 3);
  EXPECT_TRUE(terminal.await("step 6/"));
  session->close();
  const auto rows = screen(shown(terminal));
  EXPECT_THAT(rows, ElementsAre("step 1: loss = 0.25", "step 6: loss = 0.25 (0.500 sec)",
                                HasSubstr("step 6/1000000000 (0%)"), ""));
}

TEST_F(Progress, WarningsAndPrintedLinesOnTheSameTerminalStandAboveIt) {
  Terminal terminal;
  rig.config.log = nullptr;
  rig.hook()->on_after = [&](SessionRunContext& context) {
    const std::int64_t step = context.global_step();
    if (step == 2) context.log(LogLevel::warning, "it is late");
    if (step == 4) print_line("from the program", terminal.writer);
  };
  add(terminal, {.last_step = 1'000'000'000});
  const StandardError replaced(terminal.writer);
  const auto session = rig.start();
  for (const char* const shown_step : {"step 1/", "step 2/", "step 3/", "step 4/", "step 5/"}) {
    session->run();
    EXPECT_TRUE(terminal.await(shown_step));
  }
  session->close();
  EXPECT_THAT(screen(shown(terminal)), ElementsAre("runhook: warning: step 2: it is late", "from the program",
                                                   HasSubstr("step 5/1000000000 (0%)"), ""));
}

TEST_F(Progress, LineIsDrawnAgainAsSoonAsAnotherStandsAboveIt) {
  Terminal terminal;
  output = Output::descriptor(terminal.writer, "the display");
  rig.config.add_hook(ProgressHook::make({.output = output, .terminal_interval = 3s}));
  const StandardError replaced(terminal.writer);
  const auto session = rig.start();
  session->run();
  EXPECT_TRUE(terminal.await("step 1"));
  for (const bool log : {false, true}) {
    terminal.seen.clear();
    const auto begin = std::chrono::steady_clock::now();
    if (log) {
      detail::log_to_stderr({.level = LogLevel::warning, .message = "above"});
    } else {
      print_line("above");
    }
    EXPECT_TRUE(terminal.await("\rstep 1"));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s) << "not first when the next one is due";
  }
  session->close();
  output->close();
}

TEST_F(Progress, LineThatWasNotDrawnYetIsNotDrawnForAnother) {
  Terminal terminal;
  output = Output::descriptor(terminal.writer, "the display");
  rig.config.add_hook(ProgressHook::make({.output = output, .terminal_interval = std::chrono::nanoseconds::max()}));
  const auto session = rig.start();
  session->run();
  std::this_thread::sleep_for(30ms);
  print_line("above", terminal.writer);
  std::this_thread::sleep_for(30ms);
  session->close();
  output->close();
  EXPECT_THAT(screen(terminal.read_all()), ElementsAre("above", HasSubstr("step 1"), ""));
  EXPECT_EQ(terminal.seen.find("step 1"), terminal.seen.rfind("step 1")) << "the last line alone";
}

TEST_F(Progress, DumbTerminalGetsWarningsAndPrintedLinesWithoutControlCharacters) {
  setenv("TERM", "dumb", 1);
  Terminal terminal;
  const StandardError replaced(terminal.writer);
  detail::log_to_stderr({.level = LogLevel::warning, .message = "one"});
  print_line("two");
  EXPECT_EQ(terminal.read_all(), "runhook: warning: one\r\ntwo\r\n");
}

TEST_F(Progress, LabelStandsInFrontOfEveryLine) {
  Terminal terminal;
  add(terminal, {.last_step = 10, .label = "train\n"});
  const auto session = rig.start();
  session->run_until_stop({}, 3);
  EXPECT_TRUE(terminal.await("\rtrain : step 3/10 (30%)"));
  session->close();
  EXPECT_THAT(screen(shown(terminal)), ElementsAre(HasSubstr("train : step 3/10"), ""));
}

TEST_F(Progress, LinesInAFileBeginWithTheTimeOfDayOnRequest) {
  const Folder folder;
  output = Output::file(folder.file("progress"));
  rig.config.add_hook(ProgressHook::make({.label = "train", .time_of_day = true, .output = output}));
  rig.run(3);
  output->close();
  EXPECT_THAT(content(folder.file("progress")),
              testing::MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9:]+[+-][0-9][0-9]:[0-9][0-9] train: step 3.*\n"));
}

TEST_F(Progress, OfTwoDisplaysOnATerminalTheSecondWritesLinesAboveTheFirst) {
  Terminal terminal;
  add(terminal, {.label = "first"});
  ValueRig second;
  second.config.add_hook(ProgressHook::make({.label = "second", .output = output, .line_interval = 2ms}));
  const auto first_session = rig.start();
  const auto second_session = second.start();
  first_session->run_until_stop({}, 2);
  EXPECT_TRUE(terminal.await("\rfirst: step 2"));
  second_session->run();
  EXPECT_TRUE(terminal.await("\033[Ksecond: step 1"));
  second_session->close();
  first_session->run();
  EXPECT_TRUE(terminal.await("\rfirst: step 3"));
  first_session->close();
  const auto rows = screen(shown(terminal));
  ASSERT_GE(rows.size(), 3U);
  EXPECT_EQ(std::count_if(rows.begin(), rows.end(), [](auto& row) { return row.starts_with("first"); }), 1);
  EXPECT_THAT(rows[rows.size() - 2], testing::StartsWith("first: step 3"));
  for (const std::string& row : rows) EXPECT_EQ(row.find("step "), row.rfind("step ")) << row;
}

TEST_F(Progress, DisplayGetsTheLineOfATerminalWhenTheOneThatHadItHasEnded) {
  Terminal terminal;
  add(terminal, {.label = "first"});
  ValueRig second;
  second.config.add_hook(
      ProgressHook::make({.label = "second", .output = output, .terminal_interval = 2ms, .line_interval = 2ms}));
  const auto first_session = rig.start();
  const auto second_session = second.start();
  first_session->run();
  first_session->close();
  second_session->run();
  EXPECT_TRUE(terminal.await("\rsecond: step 1"));
  second_session->close();
  EXPECT_THAT(screen(shown(terminal)).back(), "");
}

TEST_F(Progress, LastLineStaysAfterAFailure) {
  Terminal terminal;
  add(terminal);
  rig.before_step = [](int step) {
    if (step == 4) fail(StatusCode::internal);
  };
  EXPECT_STATUS(rig.run(9), internal, "");
  EXPECT_THAT(screen(shown(terminal)), ElementsAre(HasSubstr("step 3"), ""));
}

TEST_F(Progress, SessionThatIsNeverMadeShowsNothing) {
  Terminal terminal;
  add(terminal);
  rig.make = []() -> std::shared_ptr<Session> { fail(StatusCode::internal); };
  EXPECT_STATUS(rig.start(), internal, "");
  EXPECT_EQ(shown(terminal), "");
}

TEST_F(Progress, IsNotCalledAfterTheFirstRunUnlessItShowsValues) {
  Trigger trigger = ProgressHook::make().options.trigger;
  trigger.fired({.step = 0});
  EXPECT_EQ(trigger.next(0).step, Trigger::kNever);
  EXPECT_EQ(trigger.next(0).time_ns, Trigger::kNever);
  EXPECT_FALSE(trigger.uses_time());
}

TEST_F(Progress, BadOptionsAreRefused) {
  EXPECT_STATUS(ProgressHook({.names = {"a"}, .every_n_secs = 0}), invalid_argument, "every_n_secs");
  EXPECT_STATUS(ProgressHook({.names = {"a", "a"}}), invalid_argument, "twice");
  EXPECT_STATUS(ProgressHook({.terminal_interval = 0ns}), invalid_argument, "interval");
  EXPECT_STATUS(ProgressHook({.descriptor = -1}), invalid_argument, "descriptor");
  EXPECT_STATUS(ProgressHook({.line_interval = -1ns}), invalid_argument, "interval");
  rig.config.add_hook(ProgressHook::make({.names = {"typo"}}));
  EXPECT_STATUS(rig.start(), not_found, "typo");
}

std::string progress_text(std::int64_t step, std::optional<std::int64_t> last_step, std::optional<double> rate,
                          const std::string& values) {
  return detail::progress_text({0, 1'000'000'000}, {step, 3'000'000'000}, last_step, rate, values);
}

TEST(ProgressText, SaysWhatIsKnown) {
  EXPECT_EQ(progress_text(0, {}, {}, ""), "step 0  0:02 so far");
  EXPECT_EQ(progress_text(5, {}, 2.5, "a = 1"), "step 5  2.5 steps/s  0:02 so far  a = 1");
  EXPECT_EQ(progress_text(999, 1000, 0.25, ""), "step 999/1000 (99%)  4 s/step  0:02 so far  0:04 left");
  EXPECT_EQ(progress_text(1200, 1000, 10, ""), "step 1200/1000 (100%)  10 steps/s  0:02 so far");
  EXPECT_EQ(progress_text(0, INT64_MAX, 1, ""),
            "step 0/9223372036854775807 (0%)  1 steps/s  0:02 so far  very long left");
}

TEST(ProgressText, LeavesOutWholePartsWhereThereIsNoRoom) {
  const std::string text = "step 999/1000 (99%)  4 s/step  a = 1.25, b = 3";
  EXPECT_EQ(detail::fit_progress(text, text.size()), text);
  EXPECT_EQ(detail::fit_progress(text, text.size() - 1), "step 999/1000 (99%)  4 s/step  a = 1.25");
  EXPECT_EQ(detail::fit_progress(text, 38), "step 999/1000 (99%)  4 s/step");
  EXPECT_EQ(detail::fit_progress(text, 28), "step 999/1000 (99%)");
  EXPECT_EQ(detail::fit_progress(text, 18), "step 999/1000");
  EXPECT_EQ(detail::fit_progress(text, 12), "step");
  EXPECT_EQ(detail::fit_progress(text, 3), "");
}

TEST(ProgressText, RatesAndTimesAreReadable) {
  EXPECT_EQ(detail::rate_text(1234567.8), "1234568 steps/s");
  EXPECT_EQ(detail::rate_text(12.345), "12.3 steps/s");
  EXPECT_EQ(detail::rate_text(0.08), "12.5 s/step");
  EXPECT_EQ(detail::time_text(59.6), "1:00");
  EXPECT_EQ(detail::time_text(3723), "1:02:03");
  EXPECT_EQ(detail::time_text(2 * 86400 + 3723), "2 d 01:02:03");
}

TEST(RecentRate, ForgetsWhatIsLongerAgoThanItsWindow) {
  detail::RecentRate rate;
  EXPECT_FALSE(rate.rate());
  constexpr std::int64_t kSecond = 1'000'000'000;
  std::int64_t step = 0;
  for (std::int64_t second = 0; second <= 40; ++second) {
    rate.add({step, second * kSecond});
    step += second < 20 ? 100 : 1;
  }
  EXPECT_DOUBLE_EQ(*rate.rate(), 1.0);
}

TEST(RecentRate, LooksFartherBackIfItIsSeldomAsked) {
  detail::RecentRate rate;
  rate.add({0, 0});
  rate.add({60, 60'000'000'000});
  EXPECT_DOUBLE_EQ(*rate.rate(), 1.0);
  rate.add({180, 120'000'000'000});
  EXPECT_DOUBLE_EQ(*rate.rate(), 2.0);
}

TEST(RecentRate, EarlierStepBeginsAnew) {
  detail::RecentRate rate;
  rate.add({100, 0});
  rate.add({50, 1'000'000'000});
  EXPECT_FALSE(rate.rate());
  rate.add({54, 2'000'000'000});
  EXPECT_DOUBLE_EQ(*rate.rate(), 4.0);
}

TEST(TerminalText, IsCutByColumnsAndNotByBytes) {
  EXPECT_EQ(detail::cut_to_columns("caf\xC3\xA9!", 4), "caf\xC3\xA9");
  const std::string wide = "\xE6\x90\x8D\xE5\xA4\xB1=1";  // two characters of two columns each
  EXPECT_EQ(detail::columns_of(wide), 6U);
  EXPECT_EQ(detail::cut_to_columns(wide, 3), wide.substr(0, 3));
  EXPECT_EQ(detail::columns_of("e\xCC\x81"), 1U) << "a combining mark takes no column";
  EXPECT_EQ(detail::cut_to_columns("e\xCC\x81x", 1), "e\xCC\x81") << "and stays with its letter";
  EXPECT_EQ(detail::columns_of("\xF0\x9F\x98\x80"), 2U);
}

}  // namespace
}  // namespace runhook
