#include "runhook/hooks/run_record.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/expect_error.hpp"
#include "core/value_rig.hpp"
#include "eventually.hpp"
#include "runhook/hooks/checkpoint_saver.hpp"
#include "runhook/hooks/profiler.hpp"
#include "runhook/hooks/report.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RunRecord : public testing::Test {
 protected:
  RunRecord() { rig.values = {{"loss", Value::scalar(0.5)}}; }
  // A run has hooks of its own, as another process would.
  std::unique_ptr<MonitoredSession> start(RunRecordOptions options = {}) {
    options.directory = dir;
    rig.config.hooks.clear();
    rig.config.add_hook(RunRecordHook::make(std::move(options)));
    observer = rig.hook();
    observer->on_begin = [this](SessionRunContext& context) { id = context.session_id(); };
    return rig.start();
  }
  json record() const { return json::parse(content(dir + "/run.json")); }
  std::string earlier(const std::string& session, const std::string& name) const {
    return dir + "/earlier/" + session + "/" + name;
  }

  ValueRig rig;
  Folder folder;
  std::string dir = folder.file("runs/first");
  std::shared_ptr<LambdaHook> observer;
  std::string id;
};

TEST_F(RunRecord, IsThereWhenTheRunBeginsAndSaysThatItHasNotEnded) {
  auto session = start({.title = "A title", .parameters = R"({"lr": 0.1, "layers": [3, 4]})"});
  const json seen = record();
  EXPECT_EQ(seen["schema"], "runhook/run");
  EXPECT_EQ(seen["schema_version"], 1);
  EXPECT_EQ(seen["session"], id);
  EXPECT_EQ(seen["title"], "A title");
  EXPECT_EQ(seen["parameters"], json::parse(R"({"lr": 0.1, "layers": [3, 4]})"));
  EXPECT_THAT(seen["command"][0].get<std::string>(), HasSubstr("run_record_test"));
  EXPECT_EQ(seen["pid"], getpid());
  EXPECT_FALSE(seen["host"].get<std::string>().empty());
  EXPECT_FALSE(seen["versions"]["runhook"].get<std::string>().empty());
  EXPECT_EQ(seen["outcome"]["kind"], "running");
  EXPECT_TRUE(seen["end"].is_null());
  EXPECT_TRUE(seen["exit_status"].is_null());
}

TEST_F(RunRecord, SaysHowThePlannedRunHasEnded) {
  auto session = start();
  for (int i = 0; i < 3; ++i) session->run();
  session->request_stop();
  session->close();
  const json seen = record();
  EXPECT_EQ(seen["outcome"]["kind"], "stopped");
  EXPECT_EQ(seen["outcome"]["stop"]["origin"], "caller");
  EXPECT_EQ(seen["exit_status"], 0);
  EXPECT_EQ(seen["first_step"], 0);
  EXPECT_EQ(seen["step"], 3);
  EXPECT_EQ(seen["runs"], 3);
  EXPECT_GE(seen["end"].get<std::string>(), seen["begin"].get<std::string>());
  EXPECT_THAT(seen["end"].get<std::string>(), testing::MatchesRegex("[0-9-]+T[0-9:]+\\.[0-9]{3}Z"));
}

TEST_F(RunRecord, HasTheErrorOfARunThatHasFailed) {
  auto session = start();
  observer->on_after = [](SessionRunContext&) { fail(StatusCode::data_loss, "no \"luck\""); };
  EXPECT_STATUS(session->run(), data_loss, "");
  session->close();
  const json seen = record();
  EXPECT_EQ(seen["outcome"]["kind"], "failed");
  EXPECT_EQ(seen["outcome"]["error"]["code"], "DATA_LOSS");
  EXPECT_EQ(seen["outcome"]["error"]["message"], "no \"luck\"");
  EXPECT_EQ(seen["exit_status"], 1);
}

TEST_F(RunRecord, HasTheNewestValueOfEachName) {
  auto session = start();
  rig.hook();
  observer->on_after = [](SessionRunContext& context) {
    if (context.global_step() == 2) context.log_scalar("rare", 0.25);
    context.log_int64("count", context.global_step());
    context.log_text("phase", "two\nlines");
  };
  SessionRunArgs args;
  args.fetches = Fetches("loss");
  for (int i = 0; i < 4; ++i) session->run(args);
  session->close();
  const json values = record()["values"];
  EXPECT_EQ(values["rare"], json::parse(R"({"step": 2, "value": 0.25})"));
  EXPECT_EQ(values["count"], json::parse(R"({"step": 4, "value": 4})"));
  EXPECT_EQ(values["phase"]["value"], "two\nlines");
  EXPECT_EQ(values["loss"], json::parse(R"({"step": 4, "value": 0.5})")) << "the caller has fetched it";
}

TEST_F(RunRecord, HasTheValueThatAHookHasRejected) {
  auto session = start();
  rig.before_step = [this](int n) { rig.values["loss"] = Value::scalar(n == 3 ? std::nan("") : 0.5); };
  observer->on_after = [](SessionRunContext& context) {
    if (context.global_step() == 3) fail(StatusCode::failed_precondition, "NaN");
  };
  SessionRunArgs args;
  args.fetches = Fetches("loss");
  session->run(args);
  session->run(args);
  EXPECT_STATUS(session->run(args), failed_precondition, "NaN");
  session->close();
  EXPECT_EQ(record()["values"]["loss"], json::parse(R"({"failed": true, "step": 3, "value": "NaN"})"));
}

TEST_F(RunRecord, IsBroughtUpToDateDuringTheRun) {
  auto session = start({.refresh = std::chrono::seconds(10)});
  session->run();
  rig.clock->advance(11'000'000'000);
  session->run();
  session->run();
  EXPECT_TRUE(eventually([&] { return record()["step"] == 2; }));
  EXPECT_EQ(record()["outcome"]["kind"], "running");
}

TEST_F(RunRecord, IsBroughtUpToDateMoreOftenInTheBeginning) {
  auto session = start({.refresh = std::chrono::seconds(1000)});
  session->run();
  const auto run_after_a_second = [&] {
    rig.clock->advance(1'000'000'000);
    session->run();
  };
  const auto comes_to_tell_of = [&](int step) { return eventually([&] { return record()["step"] == step; }); };
  run_after_a_second();
  EXPECT_TRUE(comes_to_tell_of(2));
  run_after_a_second();
  EXPECT_TRUE(comes_to_tell_of(3)) << "it is a second old, as was the run";
  run_after_a_second();
  usleep(600'000);  // what is written is mostly written within 0.2 s
  EXPECT_EQ(record()["step"], 3);
  run_after_a_second();
  EXPECT_TRUE(comes_to_tell_of(5)) << "two seconds old";
}

TEST_F(RunRecord, NamesTheFilesOfTheRun) {
  auto session = start();
  for (const char* const name : {"metrics.jsonl", "report.html", "notes.txt", "timeline-10.json"})
    put(dir + "/" + name, "x");
  session->close();
  EXPECT_EQ(record()["files"], json::parse(R"(["metrics.jsonl", "report.html", "timeline-10.json"])"));
}

TEST_F(RunRecord, NextRunKeepsWhatTheFirstHasLeft) {
  start()->close();
  const std::string first = id;
  const std::string first_record = content(dir + "/run.json");
  for (const char* const name : {"metrics.jsonl", "report.html", "notes.txt", "timeline-10.json"})
    put(dir + "/" + name, name);
  auto session = start();
  EXPECT_NE(id, first);
  EXPECT_EQ(record()["session"], id);
  EXPECT_EQ(content(earlier(first, "run.json")), first_record);
  EXPECT_EQ(content(earlier(first, "report.html")), "report.html");
  EXPECT_EQ(content(earlier(first, "timeline-10.json")), "timeline-10.json");
  EXPECT_EQ(content(dir + "/metrics.jsonl"), "metrics.jsonl") << "is appended to";
  EXPECT_EQ(content(dir + "/notes.txt"), "notes.txt");
  EXPECT_FALSE(std::filesystem::exists(dir + "/report.html"));
}

TEST_F(RunRecord, RunThatWasKilledIsLostOnceTheNextOneHasCome) {
  start()->close();
  const std::string first = id;
  std::string text = content(dir + "/run.json");
  const std::size_t begin = text.find("{\"kind\": ");
  text.replace(begin, text.find('}', begin) - begin, R"({"kind": "running", "text": "running at step 7")");
  put(dir + "/run.json", text);
  start()->close();
  const json moved = json::parse(content(earlier(first, "run.json")));
  EXPECT_EQ(moved["outcome"]["kind"], "lost");
  EXPECT_EQ(moved["outcome"]["text"], "ended without a word; last heard of running at step 7");
  EXPECT_EQ(moved["session"], first);
}

TEST_F(RunRecord, LinksOfAReportThatIsMovedLeadToWhatStays) {
  start()->close();
  const std::string first = id;
  put(dir + "/report.html",
      "<a href=\"metrics.jsonl\">m</a> <a href=\"run.json\">r</a> <a href=\"timeline-1.json\">t</a> "
      "<a href=\"earlier/\">e</a> <a href=\"#top\">x</a>");
  start()->close();
  EXPECT_EQ(content(earlier(first, "report.html")),
            "<a href=\"../../metrics.jsonl\">m</a> <a href=\"run.json\">r</a> <a href=\"timeline-1.json\">t</a> "
            "<a href=\"../../earlier/\">e</a> <a href=\"#top\">x</a>");
  EXPECT_FALSE(std::filesystem::exists(dir + "/report.html"));
}

TEST_F(RunRecord, OnlyRegularFilesAreMoved) {
  start()->close();
  const std::string first = id;
  std::filesystem::create_symlink("/dev/null", dir + "/report.html");
  start()->close();
  EXPECT_TRUE(std::filesystem::is_symlink(dir + "/report.html"));
  EXPECT_FALSE(std::filesystem::exists(earlier(first, "report.html")));
}

TEST_F(RunRecord, FileOfAnotherKindIsLeftAloneWithAWarning) {
  for (const std::string text :
       {"{\"name\": \"my own\"}", "{", "{\"schema\":\"runhook/run\",\"session\":\"../../x\"}"}) {
    std::filesystem::create_directories(dir);
    put(dir + "/run.json", text);
    auto session = start();
    session->run();
    session->close();
    EXPECT_EQ(session->outcome().warnings, 1);
    EXPECT_EQ(session->outcome().first_warning.code(), StatusCode::failed_precondition);
    EXPECT_EQ(content(dir + "/run.json"), text);
    EXPECT_EQ(json::parse(content(earlier(id, "run.json")))["outcome"]["kind"], "completed");
  }
}

TEST_F(RunRecord, WhatARunWithoutARecordHasLeftIsKeptToo) {
  std::filesystem::create_directories(dir);
  put(dir + "/report.html", "old");
  start()->close();
  EXPECT_EQ(content(earlier("before-" + id, "report.html")), "old");
}

TEST_F(RunRecord, NoRegularFileIsNoRecord) {
  std::filesystem::create_directories(dir);
  ASSERT_EQ(mkfifo((dir + "/run.json").c_str(), 0600), 0);
  auto session = start();
  session->close();
  EXPECT_EQ(session->outcome().first_warning.code(), StatusCode::failed_precondition);
}

TEST_F(RunRecord, HasTheErrorOfACleanupThatHasFailed) {
  auto session = start();
  observer->on_cleanup = [](SessionRunContext&, const Outcome&) { fail(StatusCode::data_loss, "nothing is kept"); };
  EXPECT_STATUS(session->close(), data_loss, "nothing is kept");
  EXPECT_EQ(record()["outcome"]["kind"], "failed");
  EXPECT_EQ(record()["exit_status"], 1);
}

// Where there are no locks one run may take the place of another.
TEST_F(RunRecord, OfARunThatHasComeMeanwhileIsNotReplaced) {
  auto session = start({.refresh = std::chrono::seconds(10)});
  const std::string other = R"({"schema": "runhook/run", "schema_version": 1, "session": "another"})";
  std::filesystem::remove(dir + "/run.json");
  put(dir + "/run.json", other);
  rig.clock->advance(11'000'000'000);
  session->run();
  session->close();
  EXPECT_EQ(content(dir + "/run.json"), other);
  const json own = json::parse(content(earlier(id, "run.json")));
  EXPECT_EQ(own["session"], id);
  EXPECT_EQ(own["step"], 1);
}

TEST_F(RunRecord, SaysWhereARunGoesOnThatIsKilledAtOnce) {
  Config config;
  config.set_inline({.initial_step = 246});
  config.add_hook(RunRecordHook::make({.directory = dir}));
  const MonitoredSession session(config);
  EXPECT_TRUE(eventually([this] { return record()["step"] == 246; }));
  EXPECT_EQ(record()["first_step"], 246);
}

TEST_F(RunRecord, IsWrittenAnewWithACheckpoint) {
  CheckpointSaverHookOptions options;
  options.checkpoints.directory = folder.file("checkpoints");
  options.checkpoints.save_state = [](Snapshot&) {};
  rig.config.add_hook(RunRecordHook::make({.directory = dir}));
  rig.config.add_hook(CheckpointSaverHook::make(options, Trigger::never()));
  const auto session = rig.start();
  session->run_until_stop({}, 3);
  rig.clock->advance(200'000'000);
  session->request_save();
  session->run();
  EXPECT_TRUE(eventually([this] { return record()["step"] == 4; }));
  session->close();
}

TEST_F(RunRecord, LockIsNotLeftToAChildThatLivesOn) {
  auto session = start();
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // if what follows throws, nobody else ends it
    pause();
    _exit(0);
  }
  session->close();
  session = start();
  EXPECT_EQ(session->outcome().warnings, 0) << session->outcome().first_warning.to_string();
  session->close();
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST_F(RunRecord, RunThatComesWhileAnotherIsThereTakesNothingOfItsPlace) {
  const auto start_run = [this](const char* title) {
    rig.config.hooks.clear();
    rig.config.add_hook(RunRecordHook::make({.directory = dir}));
    rig.config.add_hook(ReportHook::make({.path = dir + "/./report.html", .title = title}));
    rig.config.add_hook(ProfilerHook::make({.every_n_steps = 1, .directory = dir}));
    rig.hook()->on_begin = [this](SessionRunContext& context) { id = context.session_id(); };
    return rig.start();
  };
  auto first = start_run("run 1");
  const std::string first_id = id;
  auto second = start_run("run 2");
  const std::string second_id = id;
  EXPECT_EQ(second->outcome().warnings, 1);
  EXPECT_EQ(second->outcome().first_warning.code(), StatusCode::already_exists);
  EXPECT_THAT(second->outcome().first_warning.message(), HasSubstr("in '" + dir + "/earlier/" + second_id + "'"));
  second->run_until_stop({}, 2);
  second->close();
  EXPECT_EQ(record()["session"], first_id);
  EXPECT_EQ(record()["outcome"]["kind"], "running");
  first->run_until_stop({}, 3);
  first->close();
  EXPECT_EQ(record()["session"], first_id);
  EXPECT_EQ(record()["step"], 3);
  EXPECT_THAT(content(dir + "/report.html"), HasSubstr("run 1"));
  EXPECT_TRUE(std::filesystem::exists(dir + "/timeline-3.json"));

  const json own = json::parse(content(earlier(second_id, "run.json")));
  EXPECT_EQ(own["session"], second_id);
  EXPECT_EQ(own["step"], 2);
  EXPECT_EQ(own["outcome"]["kind"], "completed");
  EXPECT_THAT(content(earlier(second_id, "report.html")), HasSubstr("run 2"));
  EXPECT_TRUE(std::filesystem::exists(earlier(second_id, "timeline-2.json")));
  EXPECT_FALSE(std::filesystem::exists(earlier(second_id, "timeline-3.json")));
}

TEST_F(RunRecord, DirectoryThatCannotBeUsedIsAWarningAndTheRunGoesOn) {
  put(folder.file("file"), "x");
  dir = folder.file("file");
  auto session = start();
  session->run();
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::completed);
  EXPECT_EQ(session->outcome().warnings, 1);
  EXPECT_THAT(session->outcome().first_warning.message(), HasSubstr(dir));
}

TEST_F(RunRecord, BadOptionsAreRefused) {
  const auto make = [](RunRecordOptions options) { RunRecordHook hook(std::move(options)); };
  EXPECT_STATUS(make({}), invalid_argument, "directory");
  EXPECT_STATUS(make({.directory = "x", .parameters = "[1]"}), invalid_argument, "but no object: [1]");
  EXPECT_STATUS(make({.directory = "x", .parameters = "{lr: 1}"}), invalid_argument, "no JSON from byte 2 on: {lr: 1}");
  EXPECT_STATUS(make({.directory = "x", .parameters = "{} x"}), invalid_argument, "byte 4");
  EXPECT_STATUS(make({.directory = "x", .parameters = "\xEF\xBB\xBF{}"}), invalid_argument, "byte order mark");
  EXPECT_STATUS(make({.directory = "x", .parameters = std::string("{}\0", 3)}), invalid_argument, "null character");
  EXPECT_STATUS(make({.directory = "x", .parameters = "{\"a\":" + std::string(200, '[')}), invalid_argument, "deeply");
  EXPECT_STATUS(make({.directory = "x", .refresh = std::chrono::seconds(-1)}), invalid_argument, "negative");
}

}  // namespace
}  // namespace runhook
