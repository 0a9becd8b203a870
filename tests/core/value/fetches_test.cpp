#include "runhook/fetches.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/allocation_counter.hpp"
#include "core/expect_error.hpp"

namespace {

using runhook::Fetches;
using runhook::Results;
using runhook::Value;
using Kind = Fetches::Kind;
using Names = std::vector<std::string>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

Names leaves(const Fetches& fetches) { return {fetches.leaves().begin(), fetches.leaves().end()}; }

Fetches nested() {
  return Fetches::map(
      {{"loss", "loss:0"},
       {"metrics", Fetches::list({"accuracy", Fetches::map({{"top5", "t5"}, {"empty", Fetches::list({})}})})},
       {"step", "global_step"}});
}

TEST(Fetches, DefaultIsAbsent) {
  const Fetches none;
  EXPECT_EQ(none.kind(), Kind::absent);
  EXPECT_TRUE(none.leaves().empty());
  EXPECT_EQ(none.find_leaf(""), Fetches::npos);
  EXPECT_EQ(none, Fetches());
  EXPECT_EQ(none.at("").kind(), Kind::absent) << "the whole is absent";
}

TEST(Fetches, FS_02_LeafIsTheWhole) {
  const Fetches leaf("x:0");
  EXPECT_EQ(leaf.kind(), Kind::leaf);
  EXPECT_EQ(leaves(leaf), (Names{"x:0"}));
  EXPECT_EQ(leaf.find_leaf(""), 0u);
  EXPECT_EQ(leaf.find_leaf("x:0"), Fetches::npos);
  EXPECT_EQ(leaf.size(), 0u);
}

TEST(Fetches, FS_01_AbsentInsideIsRefused) {
  EXPECT_STATUS(Fetches::list({Fetches()}), invalid_argument, "absent");
  EXPECT_STATUS(Fetches::map({{"a", "x"}, {"b", Fetches()}}), invalid_argument, "'b'");
  EXPECT_STATUS(Fetches(""), invalid_argument, "empty");
  EXPECT_STATUS(Fetches(static_cast<const char*>(nullptr)), invalid_argument, "empty");
}

TEST(Fetches, BadKeysAreRefused) {
  EXPECT_STATUS(Fetches::map({{"", "x"}}), invalid_argument, "empty");
  EXPECT_STATUS(Fetches::map({{"a/b", "x"}}), invalid_argument, "'a/b'");
  EXPECT_STATUS(Fetches::map({{"a", "x"}, {"a", "y"}}), invalid_argument, "repeated");
  EXPECT_STATUS(Fetches::keyed(Pairs{{"a", "x"}, {"a", "y"}}), already_exists, "'a'");
  EXPECT_STATUS(Fetches::keyed(Pairs{{"", "x"}}), invalid_argument, "empty");
  EXPECT_STATUS(Fetches::keyed(Pairs{{"a", ""}}), invalid_argument, "'a'");
}

TEST(Fetches, FS_05_PathsFindLeavesDepthFirst) {
  const Fetches fetches = nested();
  EXPECT_EQ(leaves(fetches), (Names{"loss:0", "accuracy", "t5", "global_step"}));
  EXPECT_EQ(fetches.find_leaf("loss"), 0u);
  EXPECT_EQ(fetches.find_leaf("metrics/0"), 1u);
  EXPECT_EQ(fetches.find_leaf("metrics/1/top5"), 2u);
  EXPECT_EQ(fetches.find_leaf("step"), 3u);
  for (const char* bad : {"", "lo", "loss/", "loss/x", "metrics", "metrics/", "metrics/2", "metrics/00", "metrics/+0",
                          "/loss", "metrics/1/empty", "metrics//0"}) {
    EXPECT_EQ(fetches.find_leaf(bad), Fetches::npos) << bad;
  }
}

TEST(Fetches, AtGivesSubstructures) {
  const Fetches fetches = nested();
  EXPECT_TRUE(fetches.at("").same_object(fetches));
  EXPECT_EQ(fetches.at("metrics").kind(), Kind::list);
  EXPECT_EQ(fetches.at("metrics/1/empty").kind(), Kind::list);
  EXPECT_EQ(leaves(fetches.at("metrics/1/top5")), (Names{"t5"}));
  EXPECT_STATUS(fetches.at("metrics/7"), not_found, "metrics/7");
  EXPECT_STATUS(fetches.at("loss/"), not_found, "loss/");
  EXPECT_EQ(fetches.key(1), "metrics");
  EXPECT_EQ(leaves(fetches.element(2)), (Names{"global_step"}));
  EXPECT_STATUS(fetches.element(3), invalid_argument, "3");
  EXPECT_STATUS(fetches.key(3), invalid_argument, "3");
  EXPECT_STATUS(fetches.at("metrics").key(0), invalid_argument, "0");
}

TEST(Fetches, KeyedFindsExactKeysWithSlashes) {
  const Fetches flat = Fetches::keyed(Pairs{{"a", "x"}, {"a/b", "y"}, {"a/b/c", "z"}, {"d/", "w"}});
  EXPECT_EQ(flat.kind(), Kind::map);
  EXPECT_EQ(flat.size(), 4u);
  EXPECT_EQ(flat.find_leaf("a"), 0u);
  EXPECT_EQ(flat.find_leaf("a/b"), 1u);
  EXPECT_EQ(flat.find_leaf("a/b/c"), 2u);
  EXPECT_EQ(flat.find_leaf("d/"), 3u);
  EXPECT_EQ(flat.find_leaf("a/c"), Fetches::npos);
  EXPECT_EQ(leaves(flat.at("a/b")), (Names{"y"}));
  EXPECT_EQ(leaves(flat.element(1)), (Names{"y"}));
  EXPECT_EQ(flat.key(1), "a/b");
  EXPECT_EQ(Fetches::list({flat}).find_leaf("0/a/b"), 1u);
  EXPECT_EQ(Fetches::keyed({}).kind(), Kind::map);
}

TEST(Fetches, EqualityIsByStructure) {
  EXPECT_EQ(nested(), nested());
  EXPECT_FALSE(nested().same_object(nested()));
  EXPECT_FALSE(Fetches("a") == Fetches("b"));
  EXPECT_FALSE(Fetches("a") == Fetches::list({"a"}));
  EXPECT_FALSE(Fetches::list({"a", "b"}) == Fetches::list({Fetches::list({"a", "b"})}));
  EXPECT_FALSE(Fetches::list({"a", Fetches::list({"b"})}) == Fetches::list({Fetches::list({"a"}), "b"}));
  EXPECT_FALSE(Fetches::map({{"a", "x"}}) == Fetches::map({{"b", "x"}}));
  EXPECT_FALSE(Fetches() == Fetches("a"));
  EXPECT_EQ(Fetches::keyed(Pairs{{"a", "x"}}), Fetches::map({{"a", "x"}}));
  EXPECT_FALSE(Fetches::keyed(Pairs{{"a", "x"}}) == Fetches::map({{"a", Fetches::list({"x"})}}));
  EXPECT_EQ(Fetches::keyed(Pairs{{"a", "x"}}), Fetches::keyed(Pairs{{"a", "x"}}));
}

TEST(Results, FS_03_MirrorTheStructure) {
  Results results;
  EXPECT_TRUE(results.absent());
  EXPECT_STATUS(results.value(), not_found, "");
  results.reset(nested());
  results.set_leaf(2, Value::scalar(0.5));
  EXPECT_EQ(results.to_double("metrics/1/top5"), 0.5);
  EXPECT_FALSE(results.value("loss"));
  EXPECT_EQ(results.find("nothing"), nullptr);
  EXPECT_STATUS(results.value("nothing"), not_found, "nothing");
  EXPECT_STATUS(results.value(), not_found, "4 results");
}

TEST(Results, FS_11_EmptyContainersGiveEmptyResults) {
  Results results;
  results.reset(Fetches::map({{"foo", Fetches::map({{"baz", Fetches::list({})}})}, {"bar", Fetches::list({})}}));
  EXPECT_FALSE(results.absent());
  EXPECT_TRUE(results.leaves().empty());
  EXPECT_EQ(results.structure().at("foo/baz").kind(), Kind::list);
}

TEST(Results, ResetDropsValuesAndSetsFlags) {
  Results results;
  const Fetches fetches("x");
  results.reset(fetches);
  const Value value = Value::scalar(1.0);
  results.set_leaf(0, value);
  results.reset(fetches, true, false);
  EXPECT_TRUE(value.unique());
  EXPECT_TRUE(results.skipped());
  EXPECT_FALSE(results.discarded());
  EXPECT_FALSE(results.value());
  results.reset(fetches, false, true);
  EXPECT_TRUE(results.discarded());
  EXPECT_FALSE(results.skipped());
}

TEST(Results, ResetAndFindAllocateNothingWhenSteady) {
  Results results;
  const Fetches fetches = nested();
  const Value value = Value::scalar(1.0);
  results.reset(fetches);
  const auto before = runhook_test::allocations();
  for (int i = 0; i < 10; ++i) {
    results.reset(fetches);
    for (std::size_t leaf = 0; leaf < results.leaves().size(); ++leaf) results.set_leaf(leaf, value);
    EXPECT_NE(results.find("metrics/1/top5"), nullptr);
  }
  EXPECT_EQ(runhook_test::allocations(), before);
}

}  // namespace
