#include "runhook/default_hooks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/expect_error.hpp"
#include "core/value_rig.hpp"
#include "folder.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;
using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> names(const DefaultHooks& wanted, bool is_chief = true) {
  std::vector<std::string> found;
  for (const HookRegistration& hook : default_hooks(wanted, is_chief)) found.emplace_back(hook.hook->name());
  return found;
}

TEST(DefaultHooks, ChiefGetsAllOfThem) {
  EXPECT_THAT(names({.dir = "run", .scalars = {"loss"}}),
              ElementsAre("run record", "report", "stop on signal", "stall watchdog", "NaN guard", "profiler",
                          "summary saver", "step counter", "metrics", "progress", "logging", "checkpoint saver"));
}

TEST(DefaultHooks, WorkerLeavesNoFilesAndDrawsNoProgress) {
  EXPECT_THAT(names({.dir = "run", .scalars = {"loss"}}, /*is_chief=*/false),
              ElementsAre("stop on signal", "stall watchdog", "NaN guard", "step counter", "logging"));
}

TEST(DefaultHooks, DirectoryIsCheckedAtOnceAndMadeLater) {
  const Folder folder;
  put(folder.file("file"), "");
  EXPECT_STATUS(names({.dir = folder.file("file")}), failed_precondition, "is no directory");
  EXPECT_STATUS(names({.dir = folder.file("file/below/it")}), failed_precondition, "file' is no directory");
  EXPECT_EQ(names({.dir = folder.file("file")}, /*is_chief=*/false).size(), 4U) << "a worker writes no files";
  names({.dir = folder.file("to be made/below")});
  EXPECT_FALSE(std::filesystem::exists(folder.file("to be made")));
}

TEST(DefaultHooks, WithoutScalarsWhatIsLoggedIsWrittenAndNothingIsChecked) {
  EXPECT_THAT(names({.dir = "run"}),
              ElementsAre("run record", "report", "stop on signal", "stall watchdog", "profiler", "summary saver",
                          "step counter", "metrics", "progress", "logging", "checkpoint saver"));
}

TEST(DefaultHooks, EachCanBeLeftOut) {
  const std::vector<std::pair<bool DefaultHooks::*, const char*>> parts = {
      {&DefaultHooks::run_record, "run record"},
      {&DefaultHooks::report, "report"},
      {&DefaultHooks::stop_on_signal, "stop on signal"},
      {&DefaultHooks::watchdog, "stall watchdog"},
      {&DefaultHooks::nan_guard, "NaN guard"},
      {&DefaultHooks::profiler, "profiler"},
      {&DefaultHooks::summaries, "summary saver"},
      {&DefaultHooks::step_counter, "step counter"},
      {&DefaultHooks::metrics, "metrics"},
      {&DefaultHooks::logging, "logging"},
      {&DefaultHooks::progress, "progress"},
      {&DefaultHooks::checkpoints, "checkpoint saver"}};
  for (const auto& [part, name] : parts) {
    DefaultHooks wanted{.dir = "run", .scalars = {"loss"}};
    EXPECT_THAT(names(wanted), Contains(name));
    wanted.*part = false;
    EXPECT_THAT(names(wanted), Not(Contains(name)));
    EXPECT_EQ(names(wanted).size(), 11U) << name;
  }
}

TEST(DefaultHooks, QuietOnesWriteTheirFilesAndNothingOnTheTerminal) {
  EXPECT_THAT(names({.dir = "run", .quiet = true}),
              ElementsAre("run record", "report", "stop on signal", "stall watchdog", "profiler", "summary saver",
                          "step counter", "metrics", "checkpoint saver"));
}

TEST(DefaultHooks, GuardIsInThePhaseOfGuardsAndSaverInThatOfSavers) {
  for (const HookRegistration& hook : default_hooks({.dir = "run", .scalars = {"loss"}})) {
    if (hook.hook->name() == "NaN guard") {
      EXPECT_EQ(hook.options.phase, HookPhase::guard);
    }
    EXPECT_EQ(hook.options.phase == HookPhase::saver, hook.hook->name() == "checkpoint saver");
  }
}

TEST(DefaultHooks, SecondSetIsRefused) {
  const Folder folder;
  const DefaultHooks wanted{
      .dir = folder.path(), .report = false, .step_counter = false, .progress = false, .profiler = false};
  LoopRig rig;
  for (HookRegistration& hook : default_hooks(wanted)) rig.config.add_hook(std::move(hook));
  std::vector<HookRegistration> second = default_hooks(wanted);
  const auto session = rig.start();
  session->run();
  EXPECT_STATUS(session->add_hook(second[0].hook, second[0].options), already_exists,
                "default hooks have been added already");
  session->close();
  for (HookRegistration& hook : second) rig.config.add_hook(std::move(hook));
  EXPECT_STATUS(rig.start(), already_exists, "default hooks have been added already");
}

TEST(DefaultHooks, OptionsThatMakeNoSenseAreRefused) {
  EXPECT_STATUS(default_hooks({}), invalid_argument, "directory");
  DefaultHooks wanted{.dir = "run", .scalars = {"loss", "accuracy", "loss"}};
  EXPECT_STATUS(default_hooks(wanted), invalid_argument, "twice");
  wanted.scalars = {""};
  EXPECT_STATUS(default_hooks(wanted), invalid_argument, "empty");
  wanted = {.dir = "run", .interval = 0s};
  EXPECT_STATUS(default_hooks(wanted), invalid_argument, "interval");
  wanted = {.dir = "run", .parameters = "lr=1"};
  EXPECT_STATUS(default_hooks(wanted), invalid_argument, "lr=1");
  wanted = {.dir = "run", .stall_timeout = -1s};
  EXPECT_STATUS(default_hooks(wanted), invalid_argument, "");
  wanted = {.dir = "run", .profile_interval = 0s};
  EXPECT_STATUS(default_hooks(wanted), invalid_argument, "");
}

class DefaultRun : public testing::Test {
 protected:
  // Makes 40 steps, of a second each, with all hooks but those for the terminal.
  Outcome run() {
    DefaultHooks wanted{.dir = folder_.path(), .title = "A run", .scalars = {"loss"}};
    wanted.parameters = R"({"rate": 0.25})";
    wanted.quiet = true;
    rig_.config.hooks.clear();
    for (HookRegistration& hook : default_hooks(wanted)) rig_.config.add_hook(std::move(hook));
    rig_.before_step = [this](int) { rig_.clock->advance(1'000'000'000); };
    const auto session = rig_.start();
    try {
      session->run_until_stop(no_args, 40);
      session->close();
    } catch (const StatusError&) {
      try {
        session->close();
      } catch (const StatusError&) {  // the same again
      }
    }
    return session->outcome();
  }
  ValueRig rig_;
  Folder folder_;
};

TEST_F(DefaultRun, LeavesItsFilesBehind) {
  rig_.values["loss"] = Value::scalar(0.5);
  const Outcome outcome = run();
  EXPECT_EQ(outcome.kind, OutcomeKind::completed);
  EXPECT_EQ(outcome.warnings, 0) << outcome.first_warning.to_string();
  EXPECT_THAT(content(folder_.file("report.html")), HasSubstr("A run"));
  EXPECT_THAT(content(folder_.file("metrics.jsonl")), HasSubstr("\"loss\":0.5"));
  const auto record = nlohmann::json::parse(content(folder_.file("run.json")));
  EXPECT_EQ(record["parameters"]["rate"], 0.25);
  EXPECT_EQ(record["values"]["loss"]["value"], 0.5);
  EXPECT_THAT(record["files"].dump(), HasSubstr("\"report.html\",\"timeline-11.json\""));
  EXPECT_THAT(folder_.files(), Contains(HasSubstr("events.out.tfevents.")));
  EXPECT_THAT(folder_.files(), Contains(EndsWith("timeline-11.json")));
  for (const std::string& file : folder_.files()) {
    if (file.find("tfevents") != std::string::npos) {
      EXPECT_THAT(content(file), HasSubstr("global_step/sec"));
    }
  }
}

TEST_F(DefaultRun, NextOneKeepsItsReport) {
  rig_.values["loss"] = Value::scalar(0.5);
  run();
  const std::string session = nlohmann::json::parse(content(folder_.file("run.json")))["session"];
  run();
  EXPECT_THAT(content(folder_.file("earlier/" + session + "/report.html")), HasSubstr("\"../../metrics.jsonl\""));
  EXPECT_THAT(content(folder_.file("report.html")), HasSubstr("\"metrics.jsonl\""));
}

TEST_F(DefaultRun, NanFailsItAndTheReportSaysSo) {
  rig_.values["loss"] = Value::scalar(std::nan(""));
  const Outcome outcome = run();
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
  EXPECT_EQ(outcome.error.code(), StatusCode::data_loss);
  EXPECT_THAT(content(folder_.file("report.html")), HasSubstr("NaN"));
  EXPECT_THAT(content(folder_.file("metrics.jsonl")), HasSubstr("\"event\":\"failed\",\"loss\":\"NaN\"}"));
}

TEST_F(DefaultRun, DirectoryThatCannotBeMadeIsAWarningOfEachAndTheRunGoesOn) {
  rig_.values["loss"] = Value::scalar(0.5);
  DefaultHooks wanted{.dir = folder_.file("run"), .scalars = {"loss"}};
  wanted.logging = wanted.progress = wanted.checkpoints = false;
  for (HookRegistration& hook : default_hooks(wanted)) rig_.config.add_hook(std::move(hook));
  put(folder_.file("run"), "in the way since then");
  rig_.before_step = [this](int) { rig_.clock->advance(1'000'000'000); };
  const auto session = rig_.start();
  EXPECT_EQ(session->run_until_stop(no_args, 40), 40);
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::completed);
  EXPECT_EQ(session->outcome().warnings, 5);  // record, report, metrics, event file, trace
}

TEST_F(DefaultRun, DirectoryThatCannotHaveCheckpointsFailsTheRunBeforeAnythingIsComputed) {
  for (HookRegistration& hook : default_hooks({.dir = folder_.file("run")})) rig_.config.add_hook(std::move(hook));
  put(folder_.file("run"), "in the way since then");
  EXPECT_STATUS(rig_.start(), not_found, "run/checkpoints");
}

}  // namespace
