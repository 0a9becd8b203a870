#include "profiler/trace_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace {

using namespace runhook;
using namespace std::chrono_literals;
using detail::TraceFiles;
using ::testing::HasSubstr;

// Waits for it.
Error next_failure(TraceFiles& files) {
  Error failure;
  while (!failure) failure = files.take_failure();
  return failure;
}

TEST(TraceFiles, EachReasonForWhichFilesAreNotWrittenIsToldOnce) {
  TraceFiles files({});
  files.write("/proc/none/1.json", {});
  EXPECT_THAT(next_failure(files).message(), HasSubstr("/proc/none/1.json"));
  files.write("/proc/none/2.json", {});
  files.write("/dev/null/3.json", {});
  EXPECT_THAT(next_failure(files).message(), HasSubstr("/dev/null/3.json"));
  files.write("/proc/none/4.json", {});
  files.write("/dev/null/5.json", {});
  files.finish();
  EXPECT_FALSE(files.take_failure());
}

TEST(TraceFiles, LongestTimeIsWaitedForUntilAllAreWritten) {
  TraceFiles files({.close_timeout = std::chrono::nanoseconds::max()});
  for (int i = 0; i < 3; ++i) files.write("/dev/null/" + std::to_string(i), {});
  files.finish();
  EXPECT_EQ(files.take_failure().code(), StatusCode::not_found);
}

}  // namespace
