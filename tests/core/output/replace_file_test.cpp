#include "output/replace_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "core/loop_rig.hpp"
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

TEST(ReplaceFile, FileThatAnotherReplacesMeanwhileIsNotWrittenInPlace) {
  const Folder folder;
  const std::string path = folder.file("page");
  EXPECT_FALSE(detail::replace_file(path, "first"));
  std::atomic<bool> done{false};
  std::thread other([&] {
    for (const std::string theirs = folder.file("theirs"); !done;) {
      put(theirs, "theirs");
      ASSERT_EQ(std::rename(theirs.c_str(), path.c_str()), 0);
    }
  });
  for (int i = 0; i < 500; ++i) {
    std::string notice;
    EXPECT_FALSE(detail::replace_file(path, "ours", &notice));
    EXPECT_EQ(notice, "");
  }
  done = true;
  other.join();
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

struct stat about(const std::string& path) {
  struct stat result {};
  EXPECT_EQ(lstat(path.c_str(), &result), 0) << path;
  return result;
}

// What reading from a descriptor to its end gives.
std::string all_of(int fd) {
  std::string text;
  char buffer[256];
  for (ssize_t count = 0; (count = read(fd, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(count));
  close(fd);
  return text;
}

TEST(ReplaceFile, LinkIsFollowedAndStaysOne) {
  const Folder folder;
  std::filesystem::create_directory(folder.file("elsewhere"));
  put(folder.file("elsewhere/page"), "old");
  std::filesystem::create_symlink("elsewhere/page", folder.file("page"));
  start_writing(folder.file("page"));
  EXPECT_FALSE(detail::replace_file(folder.file("page"), "new"));
  EXPECT_TRUE(S_ISLNK(about(folder.file("page")).st_mode));
  EXPECT_TRUE(S_ISREG(about(folder.file("elsewhere/page")).st_mode));
  EXPECT_EQ(content(folder.file("elsewhere/page")), "new");
}

TEST(ReplaceFile, LinkThatLeadsToNoFileYetHasItMade) {
  const Folder folder;
  std::filesystem::create_symlink("later", folder.file("link"));
  std::filesystem::create_symlink("link", folder.file("page"));
  EXPECT_FALSE(detail::replace_file(folder.file("page"), "new"));
  EXPECT_TRUE(S_ISLNK(about(folder.file("page")).st_mode));
  EXPECT_EQ(content(folder.file("later")), "new");
}

TEST(ReplaceFile, LinksThatGoRoundAreAnError) {
  const Folder folder;
  std::filesystem::create_symlink("b", folder.file("a"));
  std::filesystem::create_symlink("a", folder.file("b"));
  EXPECT_TRUE(detail::replace_file(folder.file("a"), "new"));
  EXPECT_TRUE(S_ISLNK(about(folder.file("a")).st_mode));
}

TEST(ReplaceFile, ModeIsKept) {
  const Folder folder;
  const std::string path = folder.file("page");
  put(path, "old");
  chmod(path.c_str(), 0640);
  EXPECT_FALSE(detail::replace_file(path, "new"));
  EXPECT_EQ(about(path).st_mode & 07777, 0640U);
  EXPECT_EQ(content(path), "new");
}

TEST(ReplaceFile, OwnerIsKept) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const Folder folder;
  const std::string path = folder.file("page");
  put(path, "old");
  ASSERT_EQ(chown(path.c_str(), 12345, 54321), 0);
  EXPECT_FALSE(detail::replace_file(path, "new"));
  EXPECT_EQ(about(path).st_uid, 12345U);
  EXPECT_EQ(about(path).st_gid, 54321U);
  EXPECT_EQ(content(path), "new");
}

TEST(ReplaceFile, FileWithOtherNamesIsWrittenInPlaceWhichIsSaid) {
  const Folder folder;
  const std::string path = folder.file("page");
  put(path, "the old one, which is longer");
  std::filesystem::create_hard_link(path, folder.file("other"));
  std::string notice;
  EXPECT_FALSE(detail::replace_file(path, "new", &notice));
  EXPECT_EQ(content(folder.file("other")), "new");
  EXPECT_NE(notice.find("written in place"), std::string::npos) << notice;
}

TEST(ReplaceFile, PipeThatSomebodyReadsIsWrittenInto) {
  const Folder folder;
  const std::string path = folder.file("pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  EXPECT_FALSE(detail::replace_file(path, "new"));
  EXPECT_EQ(all_of(reader), "new");
  EXPECT_TRUE(S_ISFIFO(about(path).st_mode));
  EXPECT_TRUE(detail::replace_file(path, "newer")) << "nobody reads it any more";
}

TEST(ReplaceFile, SocketOnWhichSomebodyListensIsWrittenInto) {
  const Folder folder;
  const std::string path = folder.file("socket");
  struct sockaddr_un address {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  EXPECT_FALSE(detail::replace_file(path, "new"));
  EXPECT_EQ(all_of(accept(listener, nullptr, nullptr)), "new");
  close(listener);
  EXPECT_TRUE(S_ISSOCK(about(path).st_mode));
}

TEST(ReplaceFile, DeviceStaysOne) {
  const Folder folder;
  const std::string path = folder.file("null");
  if (mknod(path.c_str(), S_IFCHR | 0666, makedev(1, 3)) != 0) GTEST_SKIP() << "only root can make devices";
  if (FILE* const device = std::fopen(path.c_str(), "w")) {
    std::fclose(device);
  } else {
    GTEST_SKIP() << "no devices can be opened here";
  }
  EXPECT_FALSE(detail::replace_file(path, "new"));
  EXPECT_TRUE(S_ISCHR(about(path).st_mode));
  EXPECT_THAT(folder.files(), ElementsAre(path));
}

TEST(ReplaceFile, FileThatHasNoNameAnyMoreIsWrittenInPlace) {
  const Folder folder;
  const std::string path = folder.file("page");
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  unlink(path.c_str());
  EXPECT_FALSE(detail::replace_file("/proc/self/fd/" + std::to_string(fd), "new"));
  lseek(fd, 0, SEEK_SET);
  EXPECT_EQ(all_of(fd), "new");
  EXPECT_THAT(folder.files(), IsEmpty());
}

TEST(ReplaceFile, ThatItIsWrittenInPlaceIsSaidOnce) {
  const Folder folder;
  const std::string path = folder.file("page");
  put(path, "old");
  std::filesystem::create_hard_link(path, folder.file("other"));
  std::vector<std::string> said;
  LoopRig rig;
  const auto output = Output::replaced_file(path);
  rig.hook()->on_after = [&](SessionRunContext& context) {
    output->write("new");
    output->sync();
    output->report_to(context);
  };
  const auto session = rig.start();
  session->run_until_stop(no_args, 3);
  session->close();
  EXPECT_EQ(rig.logged("written in place"), 1);
  EXPECT_EQ(session->outcome().warnings, 0);
}

}  // namespace
