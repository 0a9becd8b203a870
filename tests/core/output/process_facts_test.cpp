#include "output/process_facts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace runhook::detail {
namespace {

using testing::HasSubstr;

// What a shell makes of a line, each word in brackets.
std::string words_of(const std::string& line) {
  FILE* const shell = popen(("printf '[%s]' " + line).c_str(), "r");
  std::string said;
  std::array<char, 256> block;
  while (const std::size_t got = fread(block.data(), 1, block.size(), shell)) said.append(block.data(), got);
  EXPECT_EQ(pclose(shell), 0);
  return said;
}

TEST(ProcessFacts, AreThoseOfThisProcess) {
  const ProcessFacts facts = process_facts();
  ASSERT_FALSE(facts.command.empty());
  EXPECT_THAT(facts.command.front(), HasSubstr("process_facts_test"));
  EXPECT_EQ(facts.pid, getpid());
  EXPECT_EQ(facts.working_directory, std::filesystem::current_path().string());
  std::array<char, 256> host{};
  ASSERT_EQ(gethostname(host.data(), host.size()), 0);
  EXPECT_EQ(facts.host, host.data());
}

TEST(ProcessFacts, PlainWordsOfACommandStayAsTheyAre) {
  EXPECT_EQ(shell_quoted({"./train", "--rate=1e-3", "a/b_c.txt", "x@host:22,+%"}),
            "./train --rate=1e-3 a/b_c.txt x@host:22,+%");
  EXPECT_EQ(shell_quoted({}), "");
}

TEST(ProcessFacts, AShellReadsBackEveryWord) {
  const std::vector<std::string> words = {"",
                                          " ",
                                          "it's",
                                          "$HOME",
                                          "`id`",
                                          "a\nb",
                                          "\\",
                                          "\"",
                                          "~",
                                          "*",
                                          "''",
                                          "#",
                                          "Gr\xC3\xB6\xC3\x9F"
                                          "e"};
  std::string expected;
  for (const std::string& word : words) expected += "[" + word + "]";
  EXPECT_EQ(words_of(shell_quoted(words)), expected);
}

}  // namespace
}  // namespace runhook::detail
