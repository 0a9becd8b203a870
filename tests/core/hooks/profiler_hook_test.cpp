// The profiler: what it records, which files it leaves, and that these are traces.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "core/expect_error.hpp"
#include "core/hooks/trace_rig.hpp"
#include "core/loop_rig.hpp"
#include "profiler/chrome_trace.hpp"
#include "profiler/span_ring.hpp"
#include "runhook/graph_session.hpp"
#include "runhook/hooks/profiler.hpp"

namespace {

using namespace runhook_test;
using runhook::ProfilerHook;
using runhook::ProfilerOptions;
using runhook::Span;
using runhook::SpanKind;
using runhook::StatusCode;
using runhook::detail::SpanRing;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

struct Profiler : testing::Test {
  ProfilerHook& add(ProfilerOptions options) {
    options.directory = directory.path();
    const runhook::HookRegistration made = ProfilerHook::make(std::move(options));
    rig.config.add_hook(made);
    return static_cast<ProfilerHook&>(*made.hook);
  }
  TraceDirectory directory;
  LoopRig rig;
};

TEST_F(Profiler, AFileHasTheRunWithItsPartsAndNothingElse) {
  add({.every_n_steps = 2});
  rig.hook({.name = "other"});
  const auto session = rig.start();
  session->run_until_stop(runhook::no_args, 3);
  session->close();
  ASSERT_THAT(directory.files(), ElementsAre("timeline-2.json"));
  const nlohmann::json trace = directory.read("timeline-2.json");
  EXPECT_THAT(titles(trace), ElementsAre("step 1", "before_run profiler", "before_run other", "session_run",
                                         "after_run profiler", "after_run other"));
  expect_nesting(trace);
  for (const nlohmann::json& event : events(trace, "X")) {
    EXPECT_EQ(event.at("args").at("step"), 1) << event;
    EXPECT_FALSE(event.at("args").contains("failed")) << event;
  }
}

TEST_F(Profiler, ThreadsAndProcessHaveNames) {
  add({.every_n_steps = 1});
  std::thread([&] {
    pthread_setname_np(pthread_self(), "the-trainer");
    rig.start()->run_until_stop(runhook::no_args, 2);
  }).join();
  const nlohmann::json trace = directory.read("timeline-2.json");
  std::vector<std::string> names;
  for (const nlohmann::json& event : events(trace, "M")) names.push_back(event.at("args").at("name"));
  EXPECT_THAT(names, ElementsAre("runhook", "the-trainer"));
}

TEST_F(Profiler, ACounterTellsWhatAStepIsSpentOn) {
  add({.every_n_steps = 1});
  rig.step = [](auto&) { std::this_thread::sleep_for(std::chrono::milliseconds(3)); };
  rig.hook()->on_after = [](auto&) { std::this_thread::sleep_for(std::chrono::milliseconds(2)); };
  rig.start()->run_until_stop(runhook::no_args, 2);
  const std::vector<nlohmann::json> counters = events(directory.read("timeline-2.json"), "C");
  ASSERT_EQ(counters.size(), 1U);
  EXPECT_GE(counters[0].at("args").at("session"), 3000);
  EXPECT_GE(counters[0].at("args").at("hooks"), 2000);
  EXPECT_GE(counters[0].at("args").at("loop"), 0);
}

TEST_F(Profiler, NodesOfTheSessionAreThere) {
  add({.every_n_steps = 1});
  runhook::Graph graph;
  graph.function("one", {}, [](runhook::KernelContext& call) { call.set_output(0, runhook::Value::scalar(1.0)); });
  graph.function("two", {.inputs = {"one"}},
                 [](runhook::KernelContext& call) { call.set_output(0, runhook::Value::scalar(2.0)); });
  rig.make = runhook::graph_session_factory(graph);
  const auto session = rig.start();
  for (int i = 0; i < 2; ++i) session->run({"two", {}, {}});
  session->close();
  const nlohmann::json trace = directory.read("timeline-2.json");
  EXPECT_THAT(titles(trace),
              ElementsAre("step 1", "before_run profiler", "session_run", "one", "two", "after_run profiler"));
  expect_nesting(trace);
}

TEST_F(Profiler, NamesThatJsonHasToEscapeDoNotBreakIt) {
  add({.every_n_steps = 1});
  rig.hook({.name = "a \"quoted\"\n\\ name \xff\x01"});
  rig.start()->run_until_stop(runhook::no_args, 2);
  EXPECT_THAT(titles(directory.read("timeline-2.json")), Contains("before_run a \"quoted\"\n\\ name \xEF\xBF\xBD\x01"));
}

TEST_F(Profiler, RunsThatAreNotProfiledAreNotSlowedDown) {
  ProfilerHook& profiler = add({.every_n_steps = 1000});
  const auto session = rig.start();
  session->run_until_stop(runhook::no_args, 999);
  EXPECT_THAT(titles(nlohmann::json::parse(profiler.trace())), Not(Contains("session_run")));
  session->run();
  EXPECT_THAT(titles(nlohmann::json::parse(profiler.trace())), Contains("session_run"));
}

TEST_F(Profiler, TheCallersTimeoutHoldsInAProfiledRun) {
  add({.every_n_steps = 1});
  std::vector<std::int64_t> timeouts;
  rig.step = [&](runhook::FunctionSession::Step& step) { timeouts.push_back(step.options().timeout_ns); };
  const auto session = rig.start();
  runhook::SessionRunArgs args;
  args.options.timeout_ns = 60'000'000'000;
  session->run_until_stop(args, 3);
  session->close();
  EXPECT_THAT(timeouts, ElementsAre(60'000'000'000, 60'000'000'000, 60'000'000'000));
  EXPECT_THAT(directory.files(), ElementsAre("timeline-2.json", "timeline-3.json"));
}

TEST_F(Profiler, AFailedRunLeavesAFileOfWhatCameBefore) {
  add({.every_n_steps = 1});
  rig.step = [&](auto&) {
    if (rig.steps == 4) fail(StatusCode::internal);
  };
  const auto session = rig.start();
  session->run_until_stop(runhook::no_args, 3);
  EXPECT_THROW(session->run(), runhook::StatusError);
  session->close();
  EXPECT_THAT(directory.files(), ElementsAre("timeline-2.json", "timeline-3.json", "timeline-failure.json"));
  EXPECT_THAT(titles(directory.read("timeline-failure.json")), Contains("step 1"));
}

TEST_F(Profiler, AFlightRecorderHasAllRunsOfAFailedSession) {
  add({.record_every_run = true});
  rig.step = [&](auto&) {
    if (rig.steps == 3) fail(StatusCode::internal);
  };
  {
    const auto session = rig.start();
    EXPECT_THROW(session->run_until_stop(), runhook::StatusError);
  }
  ASSERT_THAT(directory.files(), ElementsAre("timeline-failure.json"));
  const nlohmann::json trace = directory.read("timeline-failure.json");
  const std::vector<std::string> all = titles(trace);
  for (const char* step : {"step 0", "step 1", "step 2", "on_error profiler", "close_session", "create_session"}) {
    EXPECT_THAT(all, Contains(step));
  }
  std::vector<std::string> failed;
  for (const nlohmann::json& event : events(trace, "X")) {
    if (event.at("args").value("failed", false)) failed.push_back(event.at("name"));
  }
  EXPECT_THAT(failed, ElementsAre("step 2", "session_run"));
  expect_nesting(trace);
}

// What the trace of a failure says of the error: the only event of its kind.
nlohmann::json error_event(const nlohmann::json& trace) {
  const std::vector<nlohmann::json> found = events(trace, "i");
  EXPECT_EQ(found.size(), 1U);
  return found.empty() ? nlohmann::json() : found.front();
}

nlohmann::json span_named(const nlohmann::json& trace, const std::string& name) {
  const std::vector<nlohmann::json> spans = events(trace, "X");
  const auto found =
      std::find_if(spans.rbegin(), spans.rend(), [&](const nlohmann::json& span) { return span.at("name") == name; });
  return found != spans.rend() ? *found : nlohmann::json();
}

std::int64_t end_ns(const nlohmann::json& span) { return ns_of(span.at("ts")) + ns_of(span.at("dur")); }

TEST_F(Profiler, AFailureLeavesTheLastStepsAndItsErrorThoughNoRunWasProfiled) {
  add({.every_n_steps = 1'000'000, .record_samples = true});
  rig.step = [&](auto&) {
    std::this_thread::sleep_for(std::chrono::microseconds(60));
    if (rig.steps == 200) fail(StatusCode::data_loss, "a \"bad\" disk");
  };
  const auto session = rig.start();
  EXPECT_THROW(session->run_until_stop(), runhook::StatusError);
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  session->close();
  ASSERT_THAT(directory.files(), ElementsAre("timeline-failure.json"));
  const nlohmann::json trace = directory.read("timeline-failure.json");
  expect_nesting(trace);
  const std::vector<std::string> all = titles(trace);
  for (int step = 0; step < 200; ++step) EXPECT_THAT(all, Contains("step " + std::to_string(step)));
  const nlohmann::json error = error_event(trace);
  EXPECT_EQ(error.at("s"), "g");
  EXPECT_EQ(error.at("name"), "DATA_LOSS");
  const nlohmann::json args = {
      {"code", "DATA_LOSS"}, {"message", "a \"bad\" disk"}, {"hook", ""}, {"callback", "run"}, {"step", 199}};
  EXPECT_EQ(error.at("args"), args);
  const nlohmann::json failed = span_named(trace, "session_run");
  EXPECT_EQ(ns_of(error.at("ts")), end_ns(failed));
  EXPECT_EQ(failed.at("cname"), "terrible");
  EXPECT_EQ(failed.at("tid"), error.at("tid"));
  EXPECT_FALSE(span_named(trace, "step 198").contains("cname"));
}

TEST_F(Profiler, AtAnySpeedAFailureLeavesASampleOfTheSteps) {
  add({.record_samples = true});
  rig.step = [&](auto&) {
    if (rig.steps == 5000) fail(StatusCode::internal);
  };
  const auto session = rig.start();
  EXPECT_THROW(session->run_until_stop(), runhook::StatusError);
  session->close();
  const nlohmann::json trace = directory.read("timeline-failure.json");
  EXPECT_GE(events(trace, "C").size(), 8U);
  EXPECT_EQ(error_event(trace).at("args").at("step"), 4999);
}

TEST_F(Profiler, TheErrorOfAHookStandsWhereTheHookHasFailed) {
  add({.record_samples = true});
  rig.hook({.name = "bad"})->on_after = [&](auto&) {
    if (rig.steps == 3) fail(StatusCode::internal, "no more");
  };
  rig.hook({.name = "after it"});
  const auto session = rig.start();
  EXPECT_THROW(session->run_until_stop(), runhook::StatusError);
  session->close();
  const nlohmann::json trace = directory.read("timeline-failure.json");
  const nlohmann::json error = error_event(trace);
  EXPECT_EQ(error.at("args").at("hook"), "bad");
  EXPECT_EQ(error.at("args").at("callback"), "after_run");
  EXPECT_EQ(ns_of(error.at("ts")), end_ns(span_named(trace, "after_run bad")));
}

TEST_F(Profiler, ATraceThatIsNoFailuresTellsOfNoError) {
  ProfilerHook& profiler = add({.every_n_steps = 1, .record_samples = true});
  const auto session = rig.start();
  session->run_until_stop(runhook::no_args, 3);
  EXPECT_THAT(events(nlohmann::json::parse(profiler.trace()), "i"), IsEmpty());
  session->close();
  EXPECT_THAT(events(directory.read("timeline-3.json"), "i"), IsEmpty());
  EXPECT_THAT(titles(directory.read("timeline-3.json")), Not(Contains("step 1")));
}

TEST_F(Profiler, AFailureThatIsRecoveredFromLeavesAFileToo) {
  add({.record_every_run = true});
  rig.step = [&](auto&) {
    if (rig.steps == 2) fail(StatusCode::aborted);
  };
  rig.start()->run_until_stop(runhook::no_args, 3);
  EXPECT_THAT(directory.files(), ElementsAre("timeline-failure.json"));
}

TEST_F(Profiler, TheEndOfInputAndASkippedStepAreNoFailures) {
  add({.record_every_run = true});
  rig.hook()->on_before = [&](auto& context) {
    if (rig.steps == 1) {
      ++rig.steps;
      context.skip_step();
    }
  };
  rig.step = [&](auto&) {
    if (rig.steps > 3) fail(StatusCode::out_of_range);
  };
  rig.start()->run_until_stop();
  EXPECT_THAT(directory.files(), IsEmpty());
}

TEST_F(Profiler, AFlightRecorderProfilesAtItsIntervalAsWell) {
  add({.every_n_steps = 2, .record_every_run = true});
  std::vector<runhook::TraceLevel> levels;
  rig.step = [&](auto& call) { levels.push_back(call.options().trace_level); };
  rig.start()->run_until_stop(runhook::no_args, 5);
  EXPECT_THAT(directory.files(), ElementsAre("timeline-2.json", "timeline-4.json"));
  using enum runhook::TraceLevel;
  EXPECT_THAT(levels, ElementsAre(none, full, none, full, none));
}

TEST_F(Profiler, ARunThatTakesTwoAttemptsIsProfiledInBoth) {
  add({.every_n_steps = 2});
  rig.step = [&](auto&) {
    if (rig.steps == 2) fail(StatusCode::aborted);
  };
  const auto session = rig.start();
  session->run_until_stop(runhook::no_args, 2);
  session->close();
  ASSERT_THAT(directory.files(), ElementsAre("timeline-2.json", "timeline-failure.json"));
  const nlohmann::json trace = directory.read("timeline-2.json");
  EXPECT_THAT(titles(trace), Contains("recovery"));
  EXPECT_THAT(titles(trace), Contains("step 1").Times(2));
  expect_nesting(trace);
}

TEST_F(Profiler, CanBeDumpedAtAnyTimeByAnotherThread) {
  ProfilerHook& profiler = add({.record_every_run = true, .capacity = 1 << 10});
  const auto session = rig.start();
  std::atomic<bool> done{false};
  std::thread runner([&] {
    while (!done) session->run();
  });
  for (int i = 0; i < 5; ++i) {
    profiler.dump(directory.path() + "/dumped.json");
    expect_nesting(directory.read("dumped.json"));
  }
  done = true;
  runner.join();
}

TEST_F(Profiler, ADumpThatCannotBeWrittenThrows) {
  ProfilerHook& profiler = add({.record_every_run = true});
  const auto session = rig.start();
  std::ofstream(directory.path() + "/file") << "x";
  EXPECT_THROW(profiler.dump(directory.path() + "/file/below.json"), runhook::StatusError);
}

TEST_F(Profiler, FilesThatCannotBeWrittenAreAWarning) {
  std::ofstream(directory.path() + "/file") << "x";
  rig.config.add_hook(ProfilerHook::make({.every_n_steps = 1, .directory = directory.path() + "/file/below"}));
  const auto session = rig.start();
  session->run_until_stop(runhook::no_args, 3);
  session->close();
  EXPECT_GE(session->outcome().warnings, 1);
  EXPECT_EQ(session->outcome().first_warning.hook(), "profiler");
}

TEST_F(Profiler, FilesThatCannotBeWrittenForOneReasonAreOneWarning) {
  std::ofstream(directory.path() + "/file") << "x";
  rig.config.add_hook(ProfilerHook::make({.every_n_steps = 1, .directory = directory.path() + "/file/below"}));
  const auto session = rig.start();
  while (session->outcome().warnings == 0) session->run();
  session->run_until_stop(runhook::no_args, 3);
  session->close();
  EXPECT_EQ(rig.logged("making the directory"), 1);
}

TEST_F(Profiler, FilesThatCannotBeWrittenFailTheRunIfThatIsWanted) {
  std::ofstream(directory.path() + "/file") << "x";
  ProfilerOptions options{.every_n_steps = 1, .directory = directory.path() + "/file/below"};
  options.output.fail_run = true;
  rig.config.add_hook(ProfilerHook::make(options));
  const auto session = rig.start();
  const auto run_and_close = [&] {
    session->run_until_stop(runhook::no_args, 3);
    session->close();
  };
  EXPECT_THROW(run_and_close(), runhook::StatusError);
}

TEST_F(Profiler, ServesASecondSessionFromAnew) {
  const runhook::HookRegistration made = ProfilerHook::make({.every_n_steps = 2, .directory = directory.path()});
  for (int i = 0; i < 2; ++i) {
    LoopRig one;
    one.config.add_hook(made);
    one.start()->run_until_stop(runhook::no_args, 2);
    EXPECT_THAT(directory.files(), ElementsAre("timeline-2.json"));
    std::filesystem::remove(directory.path() + "/timeline-2.json");
  }
}

TEST_F(Profiler, EmptyDirectoryIsRefusedAndNotTheRootOfAllFiles) {
  EXPECT_STATUS(ProfilerHook({.every_n_steps = 1, .directory = ""}), invalid_argument,
                "directory of the traces is empty");
}

TEST_F(Profiler, BadOptionsAreRefused) {
  EXPECT_STATUS(ProfilerHook({}), invalid_argument, "must be given");
  EXPECT_STATUS(ProfilerHook({.every_n_steps = 1, .every_n_secs = 1}), invalid_argument, "only one");
  EXPECT_STATUS(ProfilerHook({.every_n_steps = 0}), invalid_argument, "positive");
  EXPECT_STATUS(ProfilerHook({.every_n_secs = -1}), invalid_argument, "positive");
  EXPECT_STATUS(ProfilerHook({.every_n_steps = 1, .capacity = 0}), invalid_argument, "capacity");
  EXPECT_STATUS(ProfilerHook({.every_n_steps = 1, .every_n_secs = 1, .record_samples = true}), invalid_argument,
                "only one");
}

Span span(SpanKind kind, std::int64_t begin, std::int64_t end, std::string_view name = {}) {
  Span made;
  made.kind = kind;
  made.name = name;
  made.begin_ns = begin;
  made.end_ns = end;
  made.thread = 7;
  return made;
}

TEST(ProfilerRing, KeepsTheLastSpansAndSaysHowManyAreGone) {
  SpanRing ring(3);
  for (int i = 0; i < 5; ++i) ring.add(span(SpanKind::attempt, i, i + 1));
  const runhook::detail::Trace trace = ring.copy();
  ASSERT_EQ(trace.spans.size(), 3U);
  EXPECT_EQ(trace.spans.front().begin_ns, 2);
  EXPECT_EQ(trace.spans.back().begin_ns, 4);
  EXPECT_EQ(trace.dropped, 2U);
  EXPECT_EQ(ring.copy(4).spans.size(), 1U);
  EXPECT_EQ(nlohmann::json::parse(chrome_trace(trace)).at("otherData").at("spans_dropped"), 2);
}

TEST(ProfilerTracks, NodesThatOverlapGetTracksOfTheirOwn) {
  SpanRing ring(16);
  ring.add(span(SpanKind::node, 10, 50, "a"));
  ring.add(span(SpanKind::node, 20, 40, "within a"));
  ring.add(span(SpanKind::node, 30, 60, "beside a"));
  ring.add(span(SpanKind::node, 55, 70, "beside both"));
  ring.add(span(SpanKind::node, 90, 120, "past the run"));
  ring.add(span(SpanKind::session_run, 0, 100));
  const nlohmann::json trace = nlohmann::json::parse(chrome_trace(ring.copy()));
  expect_nesting(trace);
  std::map<std::string, std::int64_t> track;
  for (const nlohmann::json& event : events(trace, "X")) track[event.at("name")] = event.at("tid");
  EXPECT_EQ(track["a"], 7);
  EXPECT_EQ(track["within a"], 7);
  EXPECT_GT(track["beside a"], 7);
  EXPECT_EQ(track["beside both"], 7);
  EXPECT_GT(track["past the run"], 7);
}

TEST(ProfilerTracks, WhatLastsLongestComesFirstOfWhatBeginsTogether) {
  SpanRing ring(16);
  ring.add(span(SpanKind::before_run, 10, 20, "first"));
  ring.add(span(SpanKind::session_run, 20, 90));
  ring.add(span(SpanKind::after_run, 90, 100, "first"));
  ring.add(span(SpanKind::attempt, 10, 100));
  EXPECT_THAT(titles(nlohmann::json::parse(chrome_trace(ring.copy()))),
              ElementsAre("step 0", "before_run first", "session_run", "after_run first"));
}

TEST(ProfilerTracks, TimesKeepTheirNanosecondsOnAMachineThatHasBeenUpForYears) {
  constexpr std::int64_t kYears = 123'456'789'012'345'678;  // more than a double can count
  SpanRing ring(2);
  ring.add(span(SpanKind::attempt, kYears, kYears + 7));
  ring.add(span(SpanKind::attempt, kYears + 1'000'001, kYears + 2'000'003));
  const std::string text = chrome_trace(ring.copy());
  EXPECT_THAT(text, ::testing::HasSubstr("\"ts\":0.000,\"dur\":0.007"));
  EXPECT_THAT(text, ::testing::HasSubstr("\"ts\":1000.001,\"dur\":1000.002"));
  EXPECT_THAT(text, ::testing::HasSubstr("\"begin_ns\":123456789012345678"));
}

// Viewers round to what displayTimeUnit says before they nest.
TEST(ProfilerTracks, NanosecondsCountForNesting) {
  EXPECT_EQ(nlohmann::json::parse(runhook::detail::chrome_trace({})).at("displayTimeUnit"), "ns");
}

runhook::detail::Trace failed_trace(const std::vector<Span>& spans) {
  SpanRing ring(16);
  for (const Span& one : spans) ring.add(one);
  runhook::detail::Trace trace = ring.copy();
  trace.error = runhook::Error(StatusCode::aborted, "x");
  trace.error_ns = 1000;
  return trace;
}

Span failing(Span span) {
  span.failed = true;
  return span;
}

std::int64_t error_ns(const std::vector<Span>& spans) {
  return ns_of(error_event(nlohmann::json::parse(chrome_trace(failed_trace(spans)))).at("ts"));
}

TEST(ProfilerErrors, StandAtTheEndOfThePartThatHasFailedLast) {
  const Span good = span(SpanKind::attempt, 0, 20);
  const Span run = failing(span(SpanKind::session_run, 30, 40));
  const Span told = span(SpanKind::on_error, 45, 50, "x");
  const Span attempt = failing(span(SpanKind::attempt, 25, 60));
  EXPECT_EQ(error_ns({good, run, told, attempt, failing(span(SpanKind::close_session, 70, 80)),
                      failing(span(SpanKind::cleanup, 80, 90, "x"))}),
            40);
  EXPECT_EQ(error_ns({good, run, told, attempt, failing(span(SpanKind::create_session, 70, 80)),
                      failing(span(SpanKind::recovery, 65, 85))}),
            80);
}

TEST(ProfilerErrors, OfAStepThatWasNotMeasuredStandWhereTheFirstHookIsToldOrAtTheEnd) {
  const Span good = span(SpanKind::attempt, 0, 20);
  const Span tolerated = failing(span(SpanKind::before_run, 5, 10, "x"));
  const Span told = span(SpanKind::on_error, 45, 50, "x");
  EXPECT_EQ(error_ns({tolerated, good, told, span(SpanKind::on_error, 50, 55, "y")}), 45);
  EXPECT_EQ(error_ns({tolerated, good}), 1000);
  const Span run = failing(span(SpanKind::session_run, 30, 40));
  EXPECT_EQ(error_ns({good, run, failing(span(SpanKind::attempt, 25, 60)), span(SpanKind::recovery, 60, 70)}), 1000);
  EXPECT_EQ(error_ns({}), 0);
}

TEST(ProfilerTracks, NodesMayTellOfAnyTimes) {
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  SpanRing ring(16);
  ring.add(span(SpanKind::node, -1, kMax, "longer than can be counted"));
  ring.add(span(SpanKind::node, kMin, kMax, "as long as can be"));
  ring.add(span(SpanKind::node, kMax, kMin, "backwards"));
  ring.add(span(SpanKind::node, 5, 2, "a little backwards"));
  ring.add(span(SpanKind::session_run, 0, 100));
  const std::string text = chrome_trace(ring.copy());
  EXPECT_EQ(events(nlohmann::json::parse(text), "X").size(), 5U);
  for (const char* event :
       {R"("ts":-0.001,"dur":9223372036854775.807)", R"("ts":-9223372036854775.808,"dur":9223372036854775.807)",
        R"("ts":9223372036854775.807,"dur":-9223372036854775.808)", R"("ts":0.005,"dur":-0.003)"}) {
    EXPECT_THAT(text, ::testing::HasSubstr(event));
  }
}

}  // namespace
