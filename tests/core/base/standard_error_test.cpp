#include "base/standard_error.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "ends.hpp"
#include "folder.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;

// In a process of its own, which a signal may end: with `descriptor` as its standard error.
[[noreturn]] void write_lines_to(int descriptor, rlim_t longest_file = RLIM_INFINITY) {
  const struct rlimit limit = {longest_file, longest_file};
  setrlimit(RLIMIT_FSIZE, &limit);
  dup2(descriptor, STDERR_FILENO);
  for (int i = 0; i < 10; ++i) detail::write_to_standard_error("ten bytes\n");
  sigset_t pending;
  sigpending(&pending);
  _exit(sigismember(&pending, SIGPIPE) == 0 && sigismember(&pending, SIGXFSZ) == 0 ? 0 : 1);
}

TEST(StandardError, FileAtItsLimitIsNoSignal) {
  const Folder folder;
  const int file = open(folder.file("log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  EXPECT_EXIT(write_lines_to(file, 25), testing::ExitedWithCode(0), "");
  EXPECT_EQ(content(folder.file("log")), "ten bytes\nten bytes\nten b");
  close(file);
}

TEST(StandardError, PipeWithoutAReaderIsNoSignal) {
  Pipe pipe;
  pipe.close_reader();
  EXPECT_EXIT(write_lines_to(pipe.writer), testing::ExitedWithCode(0), "");
}

}  // namespace
