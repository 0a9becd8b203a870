// Frames without a name, named by addr2line. The test is linked twice: where it is loaded may be fixed or not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/thread_id.hpp"
#include "folder.hpp"
#include "relay.hpp"
#include "watchdog/thread_stack.hpp"

namespace {

using namespace std::chrono_literals;
using namespace runhook::detail;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::atomic<std::int32_t> waiting{0};  // the thread that waits
std::atomic<bool> enough{false};
std::atomic<int> line_of_call{0};

__attribute__((noinline)) void inner_of_the_test() {
  waiting = thread_id();
  while (!enough) {
  }
  asm volatile("" ::: "memory");  // so that this is no tail call
}

__attribute__((noinline)) void outer_of_the_test() {
  line_of_call = __LINE__ + 1;
  inner_of_the_test();
  asm volatile("" ::: "memory");
}

std::vector<void*> stack_of_a_thread() {
  const ThreadStacks stacks(SIGURG);
  waiting = 0;
  enough = false;
  std::thread thread([] { runhook_test::relayed(&outer_of_the_test); });
  while (waiting == 0) std::this_thread::sleep_for(1ms);
  std::vector<void*> addresses = stacks.of(waiting);
  enough = true;
  thread.join();
  return addresses;
}

std::string said_by(const std::string& command) {
  FILE* const shell = popen(command.c_str(), "r");
  std::string said;
  std::array<char, 256> block;
  while (const std::size_t got = fread(block.data(), 1, block.size(), shell)) said.append(block.data(), got);
  EXPECT_EQ(pclose(shell), 0) << command;
  return said;
}

TEST(StackLookup, TheCommandsNameFunctionsAndLinesThatTheStackDoesNot) {
  const std::vector<void*> addresses = stack_of_a_thread();
  for (const std::string& line : describe_stack(addresses)) EXPECT_THAT(line, Not(HasSubstr("_of_the_")));
  std::string said;
  for (const std::string& command : lookup_commands(addresses)) {
    EXPECT_THAT(command, StartsWith("addr2line -Cfpe "));
    said += said_by(command);
  }
  EXPECT_THAT(said, HasSubstr("inner_of_the_test"));
  EXPECT_THAT(said, HasSubstr("outer_of_the_test"));
  EXPECT_THAT(said, HasSubstr("stack_lookup_test.cpp:" + std::to_string(line_of_call)));
  EXPECT_THAT(said, HasSubstr("hidden_relay_of_the_library"));
}

TEST(StackLookup, AFolderMayHaveAnyName) {
  const runhook_test::Folder folder;
  const std::filesystem::path there = folder.file("it's a folder");
  std::filesystem::create_directory(there);
  std::filesystem::copy_file("/proc/self/exe", there / "program");
  const std::string command = "cd '" + folder.file("it'\\''s a folder") + "' && ./program --gtest_filter='*Commands*'";
  EXPECT_THAT(said_by(command), HasSubstr("1 test.\n"));
}

TEST(StackLookup, WhatIsInNoFileHasNoCommand) {
  int here = 0;
  EXPECT_TRUE(lookup_commands({&here}).empty());
  EXPECT_TRUE(lookup_commands({}).empty());
}

}  // namespace
