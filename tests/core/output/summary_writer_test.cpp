// The writer of event files.
#include "runhook/summary_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <thread>
#include <vector>

#include "core/allocation_counter.hpp"
#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "event_file.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

using Points = std::vector<std::pair<std::int64_t, float>>;

std::vector<EventRead> close_and_read(SummaryWriter& writer) {
  EXPECT_TRUE(writer.close());
  return read_events(writer.path());
}

Value image_of(std::int64_t height, std::int64_t width, std::int64_t channels) {
  const std::int64_t shape[] = {height, width, channels};
  Value image = Value::tensor(DType::uint8, shape);
  auto* bytes = static_cast<std::uint8_t*>(image.mutable_data());
  for (std::size_t i = 0; i < image.byte_size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
  return image;
}

TEST(SummaryWriter, FileHasTheNameAndTheVersionThatReadersLookFor) {
  const Folder folder;
  SummaryWriter writer(folder.file("not/yet/there"), {.suffix = "eval"});
  const auto before = std::chrono::system_clock::now() - 1s;
  EXPECT_TRUE(writer.add_scalar("loss", 1, 1));
  const auto events = close_and_read(writer);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].version, "brain.Event:2");
  EXPECT_GE(events[1].wall_time, std::chrono::duration<double>(before.time_since_epoch()).count());
  EXPECT_LT(events[1].wall_time, std::chrono::duration<double>(before.time_since_epoch()).count() + 600);
  const std::string name = std::filesystem::path(writer.path()).filename();
  EXPECT_THAT(name, MatchesRegex("events\\.out\\.tfevents\\.[0-9]+\\..*\\.[0-9]+\\.[0-9]+\\.eval"));
  EXPECT_EQ(name.find('.', 20), 30u) << "ten digits of seconds: " << name;
  EXPECT_THAT(name, HasSubstr("." + std::to_string(getpid()) + "."));
}

TEST(SummaryWriter, WritersOfOneDirectoryHaveFilesOfTheirOwn) {
  const Folder folder;
  for (int i = 0; i < 20; ++i) SummaryWriter(folder.path()).add_scalar("loss", i, i);
  EXPECT_EQ(folder.files().size(), 20u);
}

TEST(SummaryWriter, ScalarsAreWrittenInOrderWithMetadataOnce) {
  const Folder folder;
  SummaryWriter writer(folder.path());
  for (int step = 1; step <= 3; ++step) {
    EXPECT_TRUE(writer.add_scalar("loss", 1.0 / step, step));
    EXPECT_TRUE(writer.add_scalar("a/b", step, step));
  }
  const auto events = close_and_read(writer);
  EXPECT_EQ(scalars_of(events, "loss"), (Points{{1, 1.0F}, {2, 0.5F}, {3, static_cast<float>(1.0 / 3)}}));
  std::map<std::string, int> described;
  for (const EventRead& event : events) {
    for (const ValueRead& value : event.values) described[value.tag] += value.plugin.empty() ? 0 : 1;
  }
  EXPECT_EQ(described, (std::map<std::string, int>{{"loss", 1}, {"a/b", 1}}));
  EXPECT_EQ(writer.dropped(), 0u);
  EXPECT_FALSE(writer.take_failure());
}

TEST(SummaryWriter, NumbersThatAreNotFiniteAreKept) {
  const Folder folder;
  SummaryWriter writer(folder.path());
  writer.add_scalar("x", std::nan(""), 1);
  writer.add_scalar("x", -std::numeric_limits<double>::infinity(), 2);
  writer.add_scalar("x", 1e300, 3);
  const auto points = scalars_of(close_and_read(writer), "x");
  ASSERT_EQ(points.size(), 3u);
  EXPECT_TRUE(std::isnan(points[0].second));
  EXPECT_EQ(points[1].second, -std::numeric_limits<float>::infinity());
  EXPECT_EQ(points[2].second, std::numeric_limits<float>::infinity());
}

TEST(SummaryWriter, HistogramTextAndImageHaveTheirContent) {
  const Folder folder;
  SummaryWriter writer(folder.path());
  EXPECT_TRUE(writer.add_histogram("h", std::vector<double>{1, 2, 3}, 5));
  EXPECT_TRUE(writer.add_histogram("h", Value::scalar(4.0), 6));
  EXPECT_TRUE(writer.add_text("t", "**bold**", 5));
  EXPECT_TRUE(writer.add_image("i", image_of(2, 3, 4), 5));
  const auto events = close_and_read(writer);
  ASSERT_EQ(events.size(), 5u);
  const ValueRead& histogram = events[1].values.at(0);
  EXPECT_EQ(histogram.plugin, "histograms");
  EXPECT_EQ(histogram.histogram->sum, 6);
  EXPECT_EQ(histogram.histogram->limits.size(), histogram.histogram->counts.size());
  EXPECT_EQ(events[2].values.at(0).histogram->sum_of_squares, 16);
  EXPECT_EQ(events[3].values.at(0).plugin, "text");
  EXPECT_EQ(events[3].values.at(0).text, "**bold**");
  const ValueRead& image = events[4].values.at(0);
  EXPECT_EQ(image.plugin, "images");
  EXPECT_EQ(image.image->height, 2);
  EXPECT_EQ(image.image->width, 3);
  EXPECT_EQ(image.image->colorspace, 4);
  EXPECT_EQ(image.image->png.substr(1, 3), "PNG");
}

TEST(SummaryWriter, EncodedSummaryIsWrittenAsItIs) {
  const Folder folder;
  SummaryWriter writer(folder.path());
  const std::string summary("\x0a\x0b\x0a\x04loss\x15\0\0\0\x3f", 13);
  EXPECT_TRUE(writer.add_summary(summary, 4));
  EXPECT_STATUS(writer.add_summary("no summary", 5), invalid_argument, "not an encoded Summary");
  EXPECT_EQ(scalars_of(close_and_read(writer), "loss"), (Points{{4, 0.5F}}));
}

TEST(SummaryWriter, StepThatGoesDownIsNotWrittenAndToldOnce) {
  const Folder folder;
  SummaryWriter writer(folder.path());
  EXPECT_TRUE(writer.add_scalar("loss", 1, 10));
  EXPECT_TRUE(writer.add_scalar("loss", 2, 10));
  EXPECT_FALSE(writer.add_scalar("loss", 3, 9));
  EXPECT_FALSE(writer.add_scalar("loss", 4, 8));
  EXPECT_TRUE(writer.add_scalar("other", 5, 8));
  EXPECT_EQ(writer.dropped(), 2u);
  EXPECT_TRUE(is_error(writer.take_failure(), StatusCode::failed_precondition, "'loss' of step 9"));
  EXPECT_FALSE(writer.take_failure());
  EXPECT_EQ(scalars_of(close_and_read(writer), "loss"), (Points{{10, 1}, {10, 2}}));
}

TEST(SummaryWriter, SessionThatBeginsEarlierMayWriteItsStepsAgain) {
  const Folder folder;
  SummaryWriter writer(folder.path());
  writer.add_scalar("loss", 1, 10);
  writer.add_scalar("early", 1, 2);
  EXPECT_TRUE(writer.add_session_log(SessionLogStatus::start, 5));
  EXPECT_FALSE(writer.add_scalar("loss", 2, 4));
  EXPECT_TRUE(writer.add_scalar("loss", 2, 6));
  EXPECT_FALSE(writer.add_scalar("early", 2, 1));
  EXPECT_TRUE(writer.add_session_log(SessionLogStatus::checkpoint, 3, "model-3", "saved"));
  EXPECT_FALSE(writer.add_scalar("loss", 3, 3)) << "only a start begins anew";
  const auto events = close_and_read(writer);
  EXPECT_EQ(events[3].session_log, 1);
  EXPECT_EQ(events[3].step, 6) << "readers discard what has this step, too, and step 5 was made";
  EXPECT_EQ(events[5].session_log, 3);
  EXPECT_EQ(events[5].checkpoint_path, "model-3");
}

TEST(SummaryWriter, TagKeepsItsKind) {
  const Folder folder;
  SummaryWriter writer(folder.path());
  EXPECT_TRUE(writer.add_scalar("x", 1, 1));
  EXPECT_FALSE(writer.add_text("x", "one", 2));
  EXPECT_TRUE(writer.add_scalar("x", 2, 2));
  EXPECT_TRUE(is_error(writer.take_failure(), StatusCode::failed_precondition, "another kind"));
}

TEST(SummaryWriter, BadArgumentsAreRefused) {
  const Folder folder;
  EXPECT_STATUS(SummaryWriter(""), invalid_argument, "directory");
  EXPECT_STATUS(SummaryWriter(folder.path(), {.suffix = "a/b"}), invalid_argument, "suffix");
  SummaryWriter writer(folder.path());
  EXPECT_STATUS(writer.add_scalar("", 1, 1), invalid_argument, "empty");
  EXPECT_STATUS(writer.add_scalar("\xff", 1, 1), invalid_argument, "UTF-8");
  EXPECT_STATUS(writer.add_text("", "text", 1), invalid_argument, "empty");
  EXPECT_STATUS(writer.add_session_log(SessionLogStatus::start, 1, "\xff"), invalid_argument, "UTF-8");
  EXPECT_STATUS(writer.add_histogram("h", Value::string("x"), 1), failed_precondition, "not a tensor");
  EXPECT_STATUS(writer.add_image("i", Value::scalar(1.0), 1), invalid_argument, "uint8");
  EXPECT_STATUS(writer.add_image("i", image_of(2, 2, 2), 1), invalid_argument, "1, 3 or 4 channels");
  EXPECT_STATUS(writer.add_image("i", image_of(0, 2, 3), 1), invalid_argument, "uint8");
  EXPECT_STATUS(writer.add_image("i", Value(), 1), invalid_argument, "uint8");
  EXPECT_TRUE(writer.close());
  EXPECT_TRUE(folder.files().empty()) << "there was nothing to write";
}

TEST(SummaryWriter, DropsAndTellsWhatDoesNotFit) {
  const Folder folder;
  SummaryWriter writer(folder.path(), {.output = {.buffer_bytes = 200, .flush_interval = 1h}});
  EXPECT_TRUE(writer.add_scalar("loss", 1, 1));
  EXPECT_FALSE(writer.add_text("text", std::string(500, 'x'), 1));
  EXPECT_EQ(writer.dropped(), 1u);
  EXPECT_TRUE(is_error(writer.take_failure(), StatusCode::resource_exhausted,
                       "bytes was dropped, for which its buffer of 200 has no room"));
  EXPECT_TRUE(writer.add_text("text", "short", 1)) << "the one before did not count";
  EXPECT_FALSE(writer.close());
  const auto events = read_events(writer.path());
  EXPECT_EQ(events.at(2).values.at(0).plugin, "text") << "the first that was written";
}

TEST(SummaryWriter, DirectoryThatCannotBeMadeIsAFailureToTell) {
  const Folder folder;
  std::ofstream(folder.file("file")) << "x";
  SummaryWriter writer(folder.file("file"));
  writer.add_scalar("loss", 1, 1);
  EXPECT_FALSE(writer.close());
  EXPECT_THAT(writer.take_failure().message(), HasSubstr("tfevents"));
}

TEST(SummaryWriter, HookTellsTheSession) {
  const Folder folder;
  SummaryWriter writer(folder.path());
  LoopRig rig;
  rig.hook()->on_after = [&](auto& context) {
    writer.add_scalar("loss", 1, -context.global_step());
    writer.report_to(context);
  };
  const auto session = rig.start();
  session->run_until_stop({}, 3);
  session->close();
  EXPECT_EQ(session->outcome().warnings, 1u);
  EXPECT_EQ(rig.logged("'loss' of step -2"), 1);
}

TEST(SummaryWriter, SyncWaitsForWhatWasAdded) {
  const Folder folder;
  SummaryWriter writer(folder.path(), {.output = {.flush_interval = 1h}});
  writer.add_scalar("loss", 1, 1);
  EXPECT_TRUE(writer.sync());
  EXPECT_EQ(read_events(writer.path()).size(), 2u);
  EXPECT_TRUE(writer.add_scalar("loss", 2, 2));
}

TEST(SummaryWriter, ThreadsMayAddAtTheSameTime) {
  const Folder folder;
  SummaryWriter writer(folder.path());
  constexpr int kThreads = 4;
  constexpr int kSteps = 500;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&writer, t] {
      const std::string tag = "tag" + std::to_string(t);
      for (int step = 0; step < kSteps; ++step) {
        writer.add_scalar(tag, t, step);
        if (step % 100 == 0) writer.add_histogram(tag + "/h", std::vector<double>{1.0 * step}, step);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto events = close_and_read(writer);
  for (int t = 0; t < kThreads; ++t) {
    const auto points = scalars_of(events, "tag" + std::to_string(t));
    ASSERT_EQ(points.size(), static_cast<std::size_t>(kSteps));
    for (int step = 0; step < kSteps; ++step) ASSERT_EQ(points[static_cast<std::size_t>(step)].first, step);
  }
}

TEST(SummaryWriter, ScalarOfAKnownTagAllocatesNothing) {
  const Folder folder;
  SummaryWriter writer(folder.path(), {.output = {.flush_interval = 1h}});
  std::int64_t step = 0;
  const auto round = [&] {
    const auto before = allocations();
    for (int i = 0; i < 1000; ++i) writer.add_scalar("loss", i, ++step);
    const auto made = allocations() - before;
    writer.sync();  // the two buffers of the output take turns
    return made;
  };
  round();
  round();
  EXPECT_EQ(round(), 0u);
  EXPECT_EQ(scalars_of(close_and_read(writer), "loss").size(), 3000u);
}

}  // namespace
}  // namespace runhook
