#include "runhook/output.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "ends.hpp"
#include "folder.hpp"
#include "sanitizer.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(Output, RecordsAreInTheFileInTheirOrderOnceItIsClosed) {
  const Folder folder;
  const auto output = Output::file(folder.file("new/folder/log"));
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(output->write(std::to_string(i) + "\n"));
  EXPECT_TRUE(output->close());
  std::string expected;
  for (int i = 0; i < 1000; ++i) expected += std::to_string(i) + "\n";
  EXPECT_EQ(content(folder.file("new/folder/log")), expected);
  EXPECT_FALSE(output->take_failure());
}

TEST(Output, WhatIsWrittenReachesTheFileWithoutBeingAskedFor) {
  const Folder folder;
  const auto output = Output::file(folder.file("log"), {.flush_interval = 1ms});
  output->write("here");
  for (int i = 0; i < 10'000 && content(folder.file("log")) != "here"; ++i) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(content(folder.file("log")), "here");
}

TEST(Output, FlushedRecordReachesTheFileBeforeItsTime) {
  const Folder folder;
  const auto output = Output::file(folder.file("log"), {.flush_interval = 1h});
  output->write("here");
  output->flush();
  for (int i = 0; i < 10'000 && content(folder.file("log")) != "here"; ++i) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(content(folder.file("log")), "here");
}

TEST(Output, SyncedRecordsAreInTheFileAndTheOutputGoesOn) {
  const Folder folder;
  const auto output = Output::file(folder.file("log"), {.flush_interval = 1h});
  std::string expected;
  for (const char* record : {"first", "second"}) {
    output->write(record);
    EXPECT_TRUE(output->sync());
    EXPECT_EQ(content(folder.file("log")), expected += record);
  }
  EXPECT_TRUE(output->close());
  EXPECT_FALSE(output->sync());
}

TEST(Output, SyncedRecordsAreInTheFileWhileOthersGoOnWriting) {
  const Folder folder;
  const auto output = Output::file(folder.file("log"), {.buffer_bytes = std::size_t{1} << 30});
  std::atomic<bool> finished{false};
  std::thread other([&] {
    const std::string record(10'000, 'y');
    while (!finished) {
      output->write(record);
      output->flush();
      std::this_thread::sleep_for(1us);
    }
  });
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    EXPECT_TRUE(output->write("mine"));
    if (!output->sync()) ++refused;
    std::filesystem::resize_file(folder.file("log"), 0);
  }
  finished = true;
  other.join();
  EXPECT_EQ(refused, 0);
  EXPECT_TRUE(output->close());
}

TEST(Output, RecordsTakenWhileItIsClosedAreInTheFile) {
  const Folder folder;
  constexpr std::string_view kRecord = "12345678";
  constexpr int kRounds = kIsAddressSanitized || kIsThreadSanitized ? 100 : 500;
  for (int round = 0; round < kRounds && !HasFailure(); ++round) {
    const std::string path = folder.file(std::to_string(round));
    const auto output = Output::file(path);
    std::atomic<std::uintmax_t> taken{0};
    std::vector<std::thread> writers;
    for (int i = 0; i < 4; ++i) {
      writers.emplace_back([&] {
        while (output->write(kRecord)) {
          ++taken;
          std::this_thread::yield();  // closing needs the same lock
        }
      });
    }
    while (taken == 0) std::this_thread::yield();
    output->close();
    for (std::thread& writer : writers) writer.join();
    EXPECT_EQ(std::filesystem::file_size(path), taken * kRecord.size());
  }
}

TEST(Output, LongestTimesAreWaitedForToTheEnd) {
  constexpr auto kLongest = std::chrono::nanoseconds::max();
  const Folder folder;
  for (int i = 0; i < 20; ++i) {
    const std::string path = folder.file(std::to_string(i));
    const auto output = Output::file(path, {.flush_interval = kLongest, .close_timeout = kLongest});
    EXPECT_TRUE(output->write("text"));
    EXPECT_TRUE(output->sync());
    EXPECT_TRUE(output->write("more"));
    EXPECT_TRUE(output->close());
    EXPECT_FALSE(output->take_failure());
    EXPECT_EQ(content(path), "textmore");
  }
}

TEST(Output, RecordWaitsUntilTheFlushIntervalIsOver) {
  const Folder folder;
  const auto output = Output::file(folder.file("log"), {.flush_interval = std::chrono::nanoseconds::max()});
  output->write("text");
  std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(std::filesystem::exists(folder.file("log")));
}

TEST(Output, ClosingThatHasGivenUpDoesNotWaitAgain) {
  const Folder folder;
  const std::string path = folder.file("fifo");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  constexpr auto kTimeout = 1s;
  const auto output = Output::file(path, {.close_timeout = kTimeout});
  output->write(std::string(std::size_t{1} << 18, 'x'));  // more than fits into it, so that writing hangs
  EXPECT_FALSE(output->close());
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_FALSE(output->close());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kTimeout);
  EXPECT_EQ(output->take_failure().code(), StatusCode::deadline_exceeded);
  EXPECT_FALSE(output->take_failure());
  std::array<char, 4096> part{};
  while (!output->close()) {
    if (read(reader, part.data(), part.size()) <= 0) std::this_thread::yield();
  }
  close(reader);
}

TEST(Output, SyncDoesNotWaitForEverForAReaderThatDoesNotRead) {
  const Pipe pipe;
  const auto output = Output::descriptor(pipe.writer, "the pipe", {.close_timeout = 10ms});
  output->write(std::string(std::size_t{1} << 19, 'x'));
  EXPECT_FALSE(output->sync());
}

TEST(Output, DescriptorMayBeClosedByItsOwner) {
  Pipe pipe;
  const auto output = Output::descriptor(pipe.writer, "the pipe");
  close(std::exchange(pipe.writer, -1));
  output->write("text");
  EXPECT_TRUE(output->close());
  EXPECT_EQ(pipe.read_all(), "text");
}

TEST(Output, DescriptorThatIsNotOpenIsAFailure) {
  const auto output = Output::descriptor(1000000, "nothing");
  output->write("text");
  EXPECT_FALSE(output->close());
  EXPECT_THAT(output->take_failure().message(), HasSubstr("nothing"));
}

TEST(Output, DescriptorThatSaysTryAgainForEverIsGivenUpAtClosing) {
  // Ready for writing, but not for a number as large as eight letters are.
  const int full = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  const std::uint64_t much = std::uint64_t{0xFFFFFFFFFFFFFFF0};
  ASSERT_EQ(write(full, &much, sizeof much), static_cast<ssize_t>(sizeof much));
  const auto output = Output::descriptor(full, "the counter", {.close_timeout = 60s});
  EXPECT_TRUE(output->write("12345678"));
  EXPECT_FALSE(output->close());
  EXPECT_EQ(output->dropped(), 1U);
  EXPECT_EQ(output->take_failure().code(), StatusCode::resource_exhausted);
  close(full);
}

TEST(Output, RecordsThatWaitBehindOthersAtClosingAreCounted) {
  const auto output = Output::file("/dev/full", {.flush_interval = 1h});
  output->write("1");
  EXPECT_FALSE(output->sync());
  output->write("2");
  EXPECT_FALSE(output->close());
  EXPECT_EQ(output->dropped(), 2U);
}

TEST(Output, HeaderIsWrittenOnceHoweverOftenTheFileIsContinued) {
  const Folder folder;
  for (const char* row : {"1,2\n", "3,4\n"}) Output::file(folder.file("csv"), {.header = "a,b\n"})->write(row);
  EXPECT_EQ(content(folder.file("csv")), "a,b\n1,2\n3,4\n");
}

TEST(Output, FileThatBeginsOtherwiseIsLeftAlone) {
  const Folder folder;
  put(folder.file("csv"), "x,y,z\n1,2,3\n");
  const auto output = Output::file(folder.file("csv"), {.header = "a,b\n"});
  output->write("1,2\n");
  EXPECT_FALSE(output->close());
  EXPECT_EQ(output->take_failure().code(), StatusCode::failed_precondition);
  EXPECT_FALSE(output->take_failure());
  EXPECT_EQ(content(folder.file("csv")), "x,y,z\n1,2,3\n");
}

TEST(Output, FileCutWithinALineIsContinuedOnANewOne) {
  const Folder folder;
  put(folder.file("rows"), "{\"a\":1}\n{\"a\":");
  Output::file(folder.file("rows"), {.lines = true})->write("{\"a\":2}\n");
  EXPECT_EQ(content(folder.file("rows")), "{\"a\":1}\n{\"a\":\n{\"a\":2}\n");
}

// No file of the process may become larger while it is there.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    struct rlimit small = before_;
    small.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &small);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  struct rlimit before_ {};
  void (*const handler_)(int);
};

TEST(Output, FullDiskIsToldOnceAndWholeRecordsRemain) {
  const Folder folder;
  const FileSizeLimit limit(25);
  const auto output = Output::file(folder.file("log"));
  for (int i = 0; i < 10; ++i) output->write("ten bytes\n");
  EXPECT_FALSE(output->close());
  EXPECT_EQ(content(folder.file("log")), "ten bytes\nten bytes\n");
  const Error failure = output->take_failure();
  EXPECT_EQ(failure.code(), StatusCode::resource_exhausted);
  EXPECT_THAT(failure.message(), HasSubstr(folder.file("log")));
  EXPECT_EQ(output->dropped(), 8U);
}

TEST(Output, WhatCouldNotBeWrittenIsTriedAgain) {
  const Folder folder;
  const std::string path = folder.file("page");
  std::filesystem::create_directory(path);  // in the way
  const auto output = Output::replaced_file(path, {.flush_interval = 1ms});
  output->write("content");
  Error failure;
  while (!failure) failure = output->take_failure();
  std::filesystem::remove(path);
  for (int i = 0; i < 10'000 && content(path) != "content"; ++i) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(content(path), "content");
  EXPECT_TRUE(output->close());
}

TEST(Output, ReplacedFileThatCanNeverBeWrittenIsToldOnce) {
  const Folder folder;
  std::filesystem::create_directory(folder.file("page"));  // in the way
  const auto output = Output::replaced_file(folder.file("page"));
  output->write("first");
  EXPECT_FALSE(output->sync());
  EXPECT_TRUE(output->take_failure());
  output->write("last");
  EXPECT_FALSE(output->close());
  EXPECT_FALSE(output->take_failure());
  EXPECT_EQ(output->dropped(), 1U);
}

TEST(Output, ReplacedFileThatFailsAgainIsToldAgain) {
  const Folder folder;
  const auto output = Output::replaced_file(folder.file("page"));
  for (int round = 0; round < 2; ++round) {
    std::filesystem::create_directory(folder.file("page"));  // in the way
    output->write("content");
    EXPECT_FALSE(output->sync());
    EXPECT_TRUE(output->take_failure()) << round;
    std::filesystem::remove(folder.file("page"));
    EXPECT_TRUE(output->sync());
    EXPECT_EQ(content(folder.file("page")), "content");
    std::filesystem::remove(folder.file("page"));
  }
  EXPECT_TRUE(output->close());
  EXPECT_FALSE(output->take_failure());
}

TEST(Output, WhatIsDroppedAfterAFailureIsNotCalledSlow) {
  const Folder folder;
  const FileSizeLimit limit(25);
  const auto output = Output::file(folder.file("log"), {.buffer_bytes = 20});
  for (const bool fits : {true, true, false}) {
    output->write("ten bytes\n");
    EXPECT_EQ(output->sync(), fits);
  }
  EXPECT_THAT(output->take_failure().message(), HasSubstr("writing"));
  EXPECT_TRUE(output->write("ten bytes\n"));
  EXPECT_FALSE(output->write("ten bytes\n"));
  EXPECT_THAT(output->take_failure().message(), HasSubstr("lacks records that could not be written"));
  EXPECT_FALSE(output->take_failure());
}

TEST(Output, UnwritableFolderIsToldOnce) {
  const auto output = Output::file("/proc/no/such/file", {.flush_interval = 1ms});
  output->write("1");
  Error failure;
  while (!failure) failure = output->take_failure();
  EXPECT_FALSE(output->write("2"));
  EXPECT_FALSE(output->close());
  EXPECT_FALSE(output->take_failure());
  EXPECT_EQ(output->dropped(), 2U);
}

TEST(Output, WhatIsRefusedAfterAFailureIsExplainedByIt) {
  constexpr int kRounds = 60;
  for (int i = 0; i < kRounds; ++i) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    close(ends[0]);
    OutputOptions options;
    options.buffer_bytes = std::size_t{1} << 30;  // never full
    const auto output = Output::descriptor(ends[1], "the pipe", options);
    const std::jthread other([&](const std::stop_token& stop) {
      for (; !stop.stop_requested(); std::this_thread::yield()) output->flush();
    });
    while (output->write("x\n")) {
    }
    const Error failure = output->take_failure();
    close(ends[1]);
    ASSERT_NE(failure.code(), StatusCode::resource_exhausted) << "round " << i << ": " << failure.to_string();
  }
}

TEST(Output, FileThatIsDeletedIsToldOnceAndGivenUp) {
  const Folder folder;
  const auto output = Output::file(folder.file("run/log"), {.flush_interval = 1h});
  output->write("1");
  EXPECT_TRUE(output->sync());
  std::filesystem::remove_all(folder.file("run"));
  EXPECT_FALSE(output->sync());
  const Error failure = output->take_failure();
  EXPECT_EQ(failure.code(), StatusCode::not_found);
  EXPECT_THAT(failure.message(), HasSubstr(folder.file("run/log")));
  EXPECT_FALSE(output->write("2"));
  EXPECT_FALSE(output->close());
  EXPECT_FALSE(output->take_failure());
  EXPECT_EQ(output->dropped(), 1U);
}

TEST(Output, FileThatIsDeletedIsToldAtClosing) {
  const Folder folder;
  const auto output = Output::file(folder.file("log"), {.flush_interval = 1h});
  output->write("1");
  EXPECT_TRUE(output->sync());
  std::filesystem::remove(folder.file("log"));
  EXPECT_FALSE(output->close());
  EXPECT_EQ(output->take_failure().code(), StatusCode::not_found);
}

TEST(Output, FileWithoutANameFromTheBeginningIsWritten) {
  const Folder folder;
  const int fd = open(folder.file("gone").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  std::filesystem::remove(folder.file("gone"));
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const auto output = Output::file(path);
  output->write("text");
  EXPECT_TRUE(output->close());
  EXPECT_FALSE(output->take_failure());
  EXPECT_EQ(content(path), "text");
  close(fd);
}

TEST(Output, BrokenPipeIsAFailureAndNoSignal) {
  Pipe pipe;
  pipe.close_reader();
  const auto output = Output::descriptor(pipe.writer, "the pipe");
  output->write("text");
  EXPECT_FALSE(output->close());
  EXPECT_THAT(output->take_failure().message(), HasSubstr("the pipe"));
}

TEST(Output, PipeThatNobodyReadsBlocksNobodyAndDropsAreTold) {
  const Pipe pipe;
  const auto output = Output::descriptor(pipe.writer, "the pipe", {.buffer_bytes = 4096, .close_timeout = 60s});
  const std::string record(1000, 'x');
  for (int i = 0; i < 1000; ++i) output->write(record);
  EXPECT_FALSE(output->close());
  EXPECT_GT(output->dropped(), 900U);
  EXPECT_EQ(output->take_failure().code(), StatusCode::resource_exhausted);
  EXPECT_FALSE(output->take_failure());
}

TEST(Output, SlowReaderGetsEverythingThatFits) {
  const Pipe pipe;
  const auto output = Output::descriptor(pipe.writer, "the pipe", {.buffer_bytes = 1 << 20, .close_timeout = 60s});
  std::string sent;
  for (int i = 0; i < 20'000; ++i) {
    const std::string record = std::to_string(i) + ",";
    ASSERT_TRUE(output->write(record));
    sent += record;
  }
  std::string received;
  std::array<char, 700> part{};
  while (received.size() < sent.size()) {
    const ssize_t count = read(pipe.reader, part.data(), part.size());
    ASSERT_GT(count, 0);
    received.append(part.data(), static_cast<std::size_t>(count));
  }
  EXPECT_EQ(received, sent);
  EXPECT_TRUE(output->close());
}

TEST(Output, RecordLargerThanTheBufferIsDropped) {
  const Folder folder;
  const auto output = Output::file(folder.file("log"), {.buffer_bytes = 10});
  EXPECT_FALSE(output->write("more than ten bytes"));
  EXPECT_TRUE(output->write("ten bytes."));
  output->close();
  EXPECT_EQ(content(folder.file("log")), "ten bytes.");
}

TEST(Output, ReplacedFileHasTheLastRecord) {
  const Folder folder;
  const auto output = Output::replaced_file(folder.file("page"));
  for (const char* page : {"first", "second", "third"}) EXPECT_TRUE(output->write(page));
  EXPECT_TRUE(output->close());
  EXPECT_EQ(content(folder.file("page")), "third");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.file("")), {}), 1);
}

TEST(Output, RecordAfterClosingIsDropped) {
  const Folder folder;
  const auto output = Output::file(folder.file("log"));
  EXPECT_TRUE(output->close());
  EXPECT_FALSE(output->write("late"));
  EXPECT_FALSE(output->close());
}

TEST(Output, OptionsThatMakeNoSenseAreRefused) {
  EXPECT_STATUS(Output::file(""), invalid_argument, "path");
  EXPECT_STATUS(Output::replaced_file(""), invalid_argument, "path");
  EXPECT_STATUS(Output::descriptor(-1, "none"), invalid_argument, "descriptor");
  OutputOptions options;
  options.buffer_bytes = 0;
  EXPECT_STATUS(Output::file("x", options), invalid_argument, "room");
  options = {};
  options.flush_interval = 0s;
  EXPECT_STATUS(Output::file("x", options), invalid_argument, "interval");
  options = {};
  options.close_timeout = -1s;
  EXPECT_STATUS(Output::file("x", options), invalid_argument, "time-out");
}

TEST(Output, FailureIsAWarningOfTheRunAndTheRunGoesOn) {
  LoopRig rig;
  const auto output = Output::file("/proc/no/such/file");
  auto hook = rig.hook({.name = "writer"});
  hook->on_after = [&](SessionRunContext& context) {
    output->write("row");
    output->report_to(context);
  };
  hook->on_cleanup = [&](SessionRunContext& context, const Outcome&) {
    output->close();
    output->report_to(context);
  };
  const auto session = rig.start();
  session->run_until_stop(no_args, 10);
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::completed);
  EXPECT_EQ(session->outcome().runs, 10);
  EXPECT_EQ(session->outcome().warnings, 1);
  EXPECT_EQ(session->outcome().first_warning.hook(), "writer");
  EXPECT_EQ(rig.logged("/proc/no/such/file"), 1);
}

TEST(Output, FailureFailsTheRunIfThatIsAskedFor) {
  LoopRig rig;
  const auto output = Output::file("/proc/no/such/file", {.flush_interval = 1ms, .fail_run = true});
  auto hook = rig.hook();
  hook->on_after = [&](SessionRunContext& context) {
    if (context.global_step() == 1) output->write("row");  // more would fill the buffer before the thread looks
    output->report_to(context);
  };
  const auto session = rig.start();
  EXPECT_STATUS(session->run_until_stop(), not_found, "/proc/no/such/file");
}

TEST(Output, WritingThreadHasAllSignalsBlocked) {
  const Folder folder;
  const auto output = Output::file(folder.file("log"), {.flush_interval = 1h});
  std::size_t found = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (content(task.path() / "comm") != "runhook-output\n") continue;
    const std::string status = content(task.path() / "status");
    const std::uint64_t blocked = std::stoull(status.substr(status.find("SigBlk:") + 8, 16), nullptr, 16);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1, SIGALRM, SIGPROF, SIGRTMIN, SIGRTMAX}) {
      EXPECT_EQ(blocked >> (number - 1) & 1, 1U) << number;
    }
    ++found;
  }
  EXPECT_EQ(found, 1U);
}

}  // namespace
