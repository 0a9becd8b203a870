#include "base/known_names.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using runhook::detail::edit_distance;
using runhook::detail::known_names;

std::string text(std::string_view wanted, const std::vector<std::string>& names) { return known_names(wanted, names); }

TEST(KnownNames, NearestAndAllAreTold) {
  EXPECT_EQ(text("los", {"accuracy", "loss"}), "; did you mean 'loss'? there are 'accuracy' and 'loss'");
  EXPECT_EQ(text("LOSS", {"accuracy", "loss"}), "; did you mean 'loss'? there are 'accuracy' and 'loss'");
  EXPECT_EQ(text("los", {"loss"}), "; did you mean 'loss'?");
}

TEST(KnownNames, NothingIsGuessedFromAfar) {
  EXPECT_EQ(text("rate", {"loss"}), "; there is only 'loss'");
  EXPECT_EQ(text("x", {"y", "z"}), "; there are 'y' and 'z'");
  EXPECT_EQ(text("x", {}), "; there is none");
  EXPECT_EQ(text("", {"", "y"}), "; there are '' and 'y'");
}

TEST(KnownNames, ListIsBounded) {
  std::vector<std::string> many;
  for (int i = 0; i < 100000; ++i) many.push_back("name" + std::to_string(i));
  EXPECT_EQ(text("other", many),
            "; there are 'name0', 'name1', 'name2', 'name3', 'name4', 'name5', 'name6', 'name7' and 99992 more");
  const std::string shown(60, 'a');
  EXPECT_EQ(text("b", {std::string(5000, 'a')}), "; there is only '" + shown + "...'");
  EXPECT_EQ(text(std::string(5000, 'b'), {"a"}), "; there is only 'a'");
  EXPECT_EQ(text("b", {std::string(59, 'a') + "\u00e9" + "a"}), "; there is only '" + std::string(59, 'a') + "...'");
}

TEST(KnownNames, EditsAreCounted) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("abc", "acb"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("Ab", "aB"), 0U);
}

}  // namespace
