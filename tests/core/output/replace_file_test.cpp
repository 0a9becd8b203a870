#include "output/replace_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "folder.hpp"
#include "runhook/output.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The number of a process that is gone.
pid_t dead_process() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  return child;
}

std::string beside(const std::string& path, pid_t process, int number) {
  return path + "." + std::to_string(process) + "." + std::to_string(number) + ".new";
}

// As a run does that writes to the path.
void start_writing(const std::string& path) { EXPECT_TRUE(Output::replaced_file(path)->close()); }

TEST(ReplaceFile, TwoWritersOfOnePathInOneProcessNeverMixWhatTheyWrite) {
  const Folder folder;
  const std::string path = folder.file("page");
  const std::string shorter(1000, 'a');
  const std::string longer(300'000, 'b');
  const auto write = [&](const std::string& page) {
    const auto output = Output::replaced_file(path);
    for (int i = 0; i < 100; ++i) {
      output->write(page);
      output->sync();
    }
    EXPECT_TRUE(output->close());
    EXPECT_FALSE(output->take_failure()) << output->take_failure().to_string();
  };
  start_writing(path);
  EXPECT_FALSE(detail::replace_file(path, shorter));
  std::thread one(write, shorter);
  std::thread other(write, longer);
  for (int i = 0; i < 500; ++i) {
    const std::string page = content(path);
    EXPECT_TRUE(page == shorter || page == longer) << page.size() << " bytes";
  }
  one.join();
  other.join();
  EXPECT_THAT(folder.files(), ElementsAre(path));
}

TEST(ReplaceFile, WhatAKilledRunHasLeftGoesWhenTheNextBegins) {
  const Folder folder;
  const std::string path = folder.file("page");
  const pid_t dead = dead_process();
  put(beside(path, dead, 1), "half a pa");
  put(beside(path, dead, 20), "");
  start_writing(path);
  EXPECT_THAT(folder.files(), IsEmpty());
}

TEST(ReplaceFile, LeftoverOfAnEarlierProcessOfTheSameNumberGoes) {
  const Folder folder;
  const std::string path = folder.file("page");
  put(beside(path, getpid(), 1), "half a pa");
  start_writing(path);
  EXPECT_THAT(folder.files(), IsEmpty());
}

TEST(ReplaceFile, WhatAnotherProcessMayBeWritingStays) {
  const Folder folder;
  const std::string path = folder.file("page");
  put(beside(path, getppid(), 1), "half a pa");
  start_writing(path);
  EXPECT_THAT(folder.files(), ElementsAre(beside(path, getppid(), 1)));
}

TEST(ReplaceFile, WhatIsBeingWrittenUnderTheNumberOfNoProcessHereStays) {
  const Folder folder;
  const std::string path = folder.file("page");
  const std::string written = beside(path, dead_process(), 1);  // by a process in another container
  const int fd = open(written.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  flock(fd, LOCK_EX);
  start_writing(path);
  EXPECT_THAT(folder.files(), ElementsAre(written));
  close(fd);
  start_writing(path);
  EXPECT_THAT(folder.files(), IsEmpty());
}

TEST(ReplaceFile, OnlyWhatWasWrittenForTheSamePathGoes) {
  const Folder folder;
  const std::string path = folder.file("page");
  const std::string dead = std::to_string(dead_process());
  std::filesystem::create_directory(folder.file("within"));
  std::filesystem::create_directory(folder.file("page." + dead + ".9.new"));
  std::filesystem::create_symlink(folder.file("page"), folder.file("page." + dead + ".8.new"));
  for (const char* name : {"page", "page.new", "page..new", "other.D.1.new", "page.D.1.news", "page.D.1",
                           "page.D.x.new", "page.D.-1.new", "page.D.1.1.new", "page.0.1.new", "page.-1.1.new",
                           "my page.D.1.new", "page.99999999999999999999.1.new", "within/page.D.1.new"}) {
    std::string mine = name;
    if (const std::size_t at = mine.find(".D."); at != std::string::npos) mine.replace(at + 1, 1, dead);
    put(folder.file(mine), "mine");
  }
  const std::vector<std::string> before = folder.files();
  start_writing(path);
  EXPECT_EQ(folder.files(), before);
  EXPECT_EQ(content(folder.file("within/page." + dead + ".1.new")), "mine");
}

TEST(ReplaceFile, FileInTheFolderOneIsInIsReplacedAsWell) {
  const Folder folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  put(beside("page", dead_process(), 1), "half a pa");
  start_writing("page");
  EXPECT_FALSE(detail::replace_file("page", "whole"));
  std::filesystem::current_path(before);
  EXPECT_THAT(folder.files(), ElementsAre(folder.file("page")));
  EXPECT_EQ(content(folder.file("page")), "whole");
}

TEST(ReplaceFile, FailureLeavesNothingBeside) {
  const Folder folder;
  const std::string path = folder.file("page");
  std::filesystem::create_directory(path);  // in the way
  EXPECT_TRUE(detail::replace_file(path, "content"));
  EXPECT_THAT(folder.files(), ElementsAre(path));
}

}  // namespace
