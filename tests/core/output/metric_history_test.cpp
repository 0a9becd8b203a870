// Reading event files.
#include "runhook/metric_history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <limits>

#include "event_file.hpp"
#include "output/event.hpp"
#include "output/tfrecord.hpp"
#include "runhook/summary_writer.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using ::testing::HasSubstr;

class History : public testing::Test {
 protected:
  MetricHistory read() {
    return read_eval_metrics(folder.path(), [this](const Error& warning) { warnings.push_back(warning); });
  }
  // Writes a file; returns its path.
  std::string write(const std::vector<std::pair<std::int64_t, double>>& losses) {
    SummaryWriter writer(folder.path());
    for (const auto& [step, loss] : losses) writer.add_scalar("loss", loss, step);
    EXPECT_TRUE(writer.close());
    return writer.path();
  }
  Folder folder;
  std::vector<Error> warnings;
};

TEST_F(History, FilesAreMergedByStep) {
  SummaryWriter first(folder.path()), second(folder.path());
  first.add_scalar("loss", 0.5, 10);
  first.add_scalar("accuracy", 0.75, 10);
  first.add_scalar("loss", 0.25, 20);
  second.add_scalar("accuracy", 0.875, 20);
  second.add_text("note", "no number", 30);
  first.close();
  second.close();
  EXPECT_EQ(read(),
            (MetricHistory{{10, {{"loss", 0.5}, {"accuracy", 0.75}}}, {20, {{"loss", 0.25}, {"accuracy", 0.875}}}}));
  EXPECT_TRUE(warnings.empty());
}

TEST_F(History, OfTwoValuesTheOneInTheLaterFileCounts) {
  write({{10, 1}});
  write({{10, 2}});
  EXPECT_EQ(read(), (MetricHistory{{10, {{"loss", 2}}}}));
}

TEST_F(History, StepsThatARestartHasUndoneAreNotInIt) {
  write({{1, 0.5}, {2, 0.25}, {3, 0.125}, {4, 1}});
  SummaryWriter again(folder.path());
  again.add_session_log(SessionLogStatus::start, 3, {}, {});
  again.add_scalar("loss", 2, 3);
  again.add_session_log(SessionLogStatus::stop, 3, {}, {});
  again.close();
  EXPECT_EQ(read(), (MetricHistory{{1, {{"loss", 0.5}}}, {2, {{"loss", 0.25}}}, {3, {{"loss", 2}}}}));
}

TEST_F(History, OtherFilesAndFoldersArePassedOver) {
  write({{10, 1}});
  put(folder.file("checkpoint"), "no event file");
  std::filesystem::create_directory(folder.file("tfevents"));
  EXPECT_EQ(read().size(), 1u);
  EXPECT_TRUE(warnings.empty());
}

TEST_F(History, DirectoryThatIsEmptyOrMissingHasNone) {
  EXPECT_TRUE(read().empty());
  EXPECT_TRUE(read_eval_metrics(folder.file("missing")).empty());
  EXPECT_TRUE(warnings.empty());
}

TEST_F(History, FileThatIsBeingWrittenIsReadAsFarAsItGoes) {
  const std::string path = write({{10, 1}, {20, 2}});
  put(path, content(path).substr(0, content(path).size() - 3));
  EXPECT_EQ(read(), (MetricHistory{{10, {{"loss", 1}}}}));
  EXPECT_TRUE(warnings.empty());
}

TEST_F(History, RestOfADamagedFileIsSkippedWithAWarning) {
  const std::string path = write({{10, 1}, {20, 2}, {30, 3}});
  std::string bytes = content(path);
  const std::size_t last = bytes.rfind("loss");
  const std::size_t middle = bytes.rfind("loss", last - 1);
  bytes[middle] = 'x';
  put(path, bytes);
  write({{40, 4}});
  EXPECT_EQ(read(), (MetricHistory{{10, {{"loss", 1}}}, {40, {{"loss", 4}}}}));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0].code(), StatusCode::data_loss);
  EXPECT_THAT(warnings[0].message(), HasSubstr(path));
  EXPECT_THAT(warnings[0].message(), HasSubstr("damaged"));
  EXPECT_EQ(read_eval_metrics(folder.path()).size(), 2u) << "nobody need listen";
}

TEST_F(History, RecordThatIsNoEventIsAWarning) {
  std::string record;
  detail::begin_record(record);
  record += "\xff\xff";
  detail::finish_record(record);
  put(folder.file("events.out.tfevents.1"), record);
  EXPECT_TRUE(read().empty());
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0].message(), HasSubstr("not an event"));
}

TEST_F(History, WhatCannotBeReadIsAWarning) {
  put(folder.file("file"), "x");
  EXPECT_TRUE(
      read_eval_metrics(folder.file("file"), [this](const Error& warning) { warnings.push_back(warning); }).empty());
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0].message(), HasSubstr("file"));
}

}  // namespace
}  // namespace runhook
