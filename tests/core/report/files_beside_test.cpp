// What the report finds in its directory.
#include "report/files_beside.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "folder.hpp"

namespace runhook::detail::report {
namespace {

using runhook_test::Folder;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> names_beside(const std::string& page) {
  std::vector<std::string> names;
  for (const FileBeside& file : files_beside(page)) names.push_back(file.name);
  return names;
}

void make(const Folder& folder, const std::vector<std::string>& names) {
  for (const std::string& name : names) std::ofstream(folder.file(name)) << "x";
}

TEST(FilesBeside, AreThoseOfKnownKinds) {
  const Folder folder;
  make(folder, {"report.html", "metrics.jsonl", "metrics.csv", "run.json", "events.out.tfevents.17.node.1.0",
                "timeline-failure.json", "notes.txt", "my.json", "rerun.json", ".jsonl", "timeline-"});
  std::filesystem::create_directory(folder.file("earlier"));
  EXPECT_THAT(names_beside(folder.file("report.html")),
              ElementsAre("run.json", "metrics.jsonl", "metrics.csv", "events.out.tfevents.17.node.1.0",
                          "timeline-failure.json", "earlier/"));
}

TEST(FilesBeside, OfManyTheLatestAreShown) {
  const Folder folder;
  for (int i = 1; i <= 30; ++i) make(folder, {"timeline-" + std::to_string(100 * i) + ".json"});
  EXPECT_THAT(names_beside(folder.file("report.html")),
              ElementsAre("timeline-3000.json", "timeline-2900.json", "timeline-2800.json", "timeline-2700.json"));
}

TEST(FilesBeside, WithoutADirectoryThereAreNone) {
  EXPECT_THAT(names_beside("/no/such/folder/report.html"), IsEmpty());
}

TEST(FilesBeside, APageWithoutADirectoryIsInThePresentOne) {
  const Folder folder;
  make(folder, {"run.json"});
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  EXPECT_THAT(names_beside("report.html"), ElementsAre("run.json"));
  std::filesystem::current_path(before);
}

TEST(FilesBeside, LinksStayInTheDirectoryWhateverTheName) {
  EXPECT_EQ(link_to("metrics-1_a~.csv"), "metrics-1_a~.csv");
  EXPECT_EQ(link_to("javascript:alert(1)?#%.csv"), "javascript%3Aalert%281%29%3F%23%25.csv");
  EXPECT_EQ(link_to("a \"\xff.csv"), "a%20%22%FF.csv");
}

}  // namespace
}  // namespace runhook::detail::report
