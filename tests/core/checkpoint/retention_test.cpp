// Which checkpoints a policy keeps.
#include "checkpoint/retention.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/expect_error.hpp"
#include "seed.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;
using detail::unwanted;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

CheckpointSummary one(std::int64_t step, std::optional<double> loss = {}) {
  CheckpointSummary summary;
  summary.step = step;
  summary.saved_unix_ns = step * kSecond;
  if (loss) summary.metrics = {{"other", -*loss}, {"loss", *loss}};
  return summary;
}
CheckpointSummary damaged(std::int64_t step) {
  CheckpointSummary summary = one(step, -kInfinity);
  summary.damage = Error(StatusCode::data_loss, "damaged");
  return summary;
}
CheckpointSummary pinned(std::int64_t step) {
  CheckpointSummary summary = one(step);
  summary.pinned = true;
  return summary;
}

CheckpointRetention last(std::int64_t count) {
  CheckpointRetention keep;
  keep.last = count;
  return keep;
}
CheckpointRetention best(std::int64_t count, bool higher_is_better = false) {
  CheckpointRetention keep = last(1);
  keep.best = count;
  keep.metric = "loss";
  keep.higher_is_better = higher_is_better;
  return keep;
}

TEST(CheckpointRetention, NewestOnesAreKept) {
  const std::vector<CheckpointSummary> all{one(0), one(10), one(20), one(30)};
  EXPECT_THAT(unwanted(all, last(1), {}), ElementsAre(0, 10, 20));
  EXPECT_THAT(unwanted(all, last(3), {}), ElementsAre(0));
  EXPECT_THAT(unwanted(all, last(4), {}), IsEmpty());
  EXPECT_THAT(unwanted(all, last(std::numeric_limits<std::int64_t>::max()), {}), IsEmpty());
  EXPECT_THAT(unwanted({}, last(1), {7}), IsEmpty());
}

TEST(CheckpointRetention, ZeroKeepsAll) { EXPECT_THAT(unwanted({one(1), one(2), one(3)}, last(0), {}), IsEmpty()); }

TEST(CheckpointRetention, NeededAndPinnedOnesAreKeptBesides) {
  EXPECT_THAT(unwanted({one(1), pinned(2), one(3), one(4), one(5)}, last(1), {3, 99}), ElementsAre(1, 4));
}

TEST(CheckpointRetention, DamagedOnesAreNotCountedAndNeverDeleted) {
  EXPECT_THAT(unwanted({damaged(1), one(2), one(3), damaged(4), damaged(5)}, last(1), {}), ElementsAre(2));
  EXPECT_THAT(unwanted({one(2, 1.0), damaged(4), one(5, 3.0), one(6, 2.0)}, best(1), {}), ElementsAre(5));
  EXPECT_THAT(unwanted({damaged(1), damaged(2)}, last(1), {}), IsEmpty());
}

TEST(CheckpointRetention, BestOnesAreKept) {
  const std::vector<CheckpointSummary> all{one(1, 0.5), one(2, 0.1), one(3, 0.9), one(4, 0.2), one(5, 0.7)};
  EXPECT_THAT(unwanted(all, best(2), {}), ElementsAre(1, 3));
  EXPECT_THAT(unwanted(all, best(2, true), {}), ElementsAre(1, 2, 4)) << "3 and 5";
  EXPECT_THAT(unwanted(all, best(9), {}), IsEmpty());
}

TEST(CheckpointRetention, OfEquallyGoodOnesTheNewerIsKept) {
  const std::vector<CheckpointSummary> all{one(1, 0.5), one(2, 0.5), one(3, 0.5), one(4, 0.6)};
  EXPECT_THAT(unwanted(all, best(2), {}), ElementsAre(1));
  EXPECT_THAT(unwanted({one(1, 0.0), one(2, -0.0), one(3, 1.0)}, best(1), {}), ElementsAre(1));
}

TEST(CheckpointRetention, OnesWithoutTheMetricOrWithNaNAreNotAmongTheBest) {
  const std::vector<CheckpointSummary> all{one(1, kNaN), one(2), one(3, kInfinity), one(4, kNaN), one(5)};
  EXPECT_THAT(unwanted(all, best(3), {}), ElementsAre(1, 2, 4));
  EXPECT_THAT(unwanted(all, best(3, true), {}), ElementsAre(1, 2, 4));
}

TEST(CheckpointRetention, EachSoManyStepsOneIsKept) {
  CheckpointRetention keep = last(1);
  keep.every_n_steps = 100;
  EXPECT_THAT(unwanted({one(0), one(50), one(100), one(150), one(299), one(300), one(301)}, keep, {}),
              ElementsAre(50, 150, 299));
}

TEST(CheckpointRetention, FirstOfEachSpanOfTimeIsKept) {
  CheckpointRetention keep = last(1);
  keep.every = seconds(10);
  EXPECT_THAT(unwanted({one(1), one(2), one(9), one(10), one(11), one(35), one(39), one(41), one(42)}, keep, {}),
              ElementsAre(2, 9, 11, 39));
}

// It keeps more then, and never less.
TEST(CheckpointRetention, ClockThatIsSetBackDeletesNothingThatWasTheFirst) {
  CheckpointRetention keep = last(1);
  keep.every = seconds(10);
  std::vector<CheckpointSummary> all{one(1), one(2), one(3), one(4)};
  all[1].saved_unix_ns = 25 * kSecond;
  all[2].saved_unix_ns = 2 * kSecond;
  EXPECT_THAT(unwanted(all, keep, {}), IsEmpty());
}

TEST(CheckpointRetention, CallersOwnWishIsAskedForWholeOnes) {
  CheckpointRetention keep = last(1);
  keep.wanted = [](const CheckpointSummary& summary) {
    EXPECT_FALSE(summary.damage);
    return summary.step % 2 == 1;
  };
  EXPECT_THAT(unwanted({one(1), one(2), damaged(3), one(4), one(5), one(6)}, keep, {}), ElementsAre(2, 4));
}

TEST(CheckpointRetention, SenselessPoliciesAreRefused) {
  const auto changed = [](auto&& change) {
    CheckpointRetention keep;
    change(keep);
    return error_of([&] { detail::check_retention(keep); });
  };
  const auto is_refused = [](const Error& error) { return is_error(error, StatusCode::invalid_argument); };
  EXPECT_TRUE(is_refused(changed([](auto& keep) { keep.last = -1; })));
  EXPECT_TRUE(is_refused(changed([](auto& keep) { keep.best = -1; })));
  EXPECT_TRUE(is_refused(changed([](auto& keep) { keep.best = 1; }))) << "by no metric";
  EXPECT_TRUE(is_refused(changed([](auto& keep) { keep.every_n_steps = -1; })));
  EXPECT_TRUE(is_refused(changed([](auto& keep) { keep.every = seconds(-1); })));
  EXPECT_FALSE(changed([](auto&) {}));
}

// The model: each checkpoint by itself, by counting those that are preferred to it.
bool is_wanted(const std::vector<CheckpointSummary>& all, const CheckpointSummary& it, const CheckpointRetention& keep,
               const std::set<std::int64_t>& needed) {
  const auto count = [&](auto&& is_preferred) {
    return std::count_if(all.begin(), all.end(), [&](const auto& a) { return !a.damage && is_preferred(a); });
  };
  const auto value = [&](const CheckpointSummary& summary) {
    for (const auto& [name, number] : summary.metrics) {
      if (name == keep.metric) return keep.higher_is_better ? -number : number;
    }
    return kNaN;
  };
  const auto span = [&](const CheckpointSummary& summary) { return summary.saved_unix_ns / keep.every.count(); };
  if (it.pinned || needed.count(it.step) > 0) return true;
  if (keep.last == 0 || count([&](const auto& a) { return a.step > it.step; }) < keep.last) return true;
  if (keep.every_n_steps != 0 && it.step % keep.every_n_steps == 0) return true;
  if (keep.every.count() != 0 && count([&](const auto& a) { return a.step < it.step && span(a) == span(it); }) == 0) {
    return true;
  }
  if (keep.wanted && keep.wanted(it)) return true;
  const auto better =
      count([&](const auto& a) { return value(a) < value(it) || (value(a) == value(it) && a.step > it.step); });
  return !std::isnan(value(it)) && better < keep.best;
}

// Of so many random policies, those of which something else is kept than the model keeps, or not all of it at the second
// time. `changed` changes the policy that is not the model's.
int differences(int policies, const std::function<void(CheckpointRetention&)>& changed) {
  std::mt19937_64 random(test_seed());
  const auto below = [&](std::int64_t end) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(end));
  };
  int different = 0;
  for (int i = 0; i < policies; ++i) {
    CheckpointRetention keep = last(below(5));
    if (below(2) == 0) keep.best = below(4);
    keep.metric = below(8) == 0 ? "other" : "loss";
    keep.higher_is_better = below(2) == 0;
    if (below(3) == 0) keep.every_n_steps = below(6);
    if (below(3) == 0) keep.every = seconds(below(9));
    if (below(4) == 0) keep.wanted = [](const CheckpointSummary& summary) { return summary.step % 7 == 3; };
    std::vector<CheckpointSummary> all;
    std::set<std::int64_t> needed;
    std::int64_t time = below(1000) * kSecond;
    for (std::int64_t step = below(3); step < 30; step += 1 + below(4)) {
      const std::array<double, 6> values{0, 0.5, -1, kNaN, kInfinity, -kInfinity};
      CheckpointSummary summary =
          below(6) == 0 ? damaged(step) : one(step, values[static_cast<std::size_t>(below(values.size()))]);
      if (below(8) == 0) summary.metrics.clear();
      summary.pinned = below(10) == 0;
      summary.saved_unix_ns = time += below(4 * kSecond);
      all.push_back(std::move(summary));
      if (below(10) == 0) needed.insert(step);
    }
    std::vector<std::int64_t> expected;
    for (const CheckpointSummary& it : all) {
      if (!it.damage && !is_wanted(all, it, keep, needed)) expected.push_back(it.step);
    }
    changed(keep);
    const std::vector<std::int64_t> found = unwanted(all, keep, needed);
    std::erase_if(all, [&](const auto& it) { return std::find(found.begin(), found.end(), it.step) != found.end(); });
    if (found != expected || !unwanted(all, keep, needed).empty()) ++different;
  }
  return different;
}

TEST(CheckpointRetention, RandomPoliciesKeepWhatTheModelKeeps) {
  EXPECT_EQ(differences(20'000, [](CheckpointRetention&) {}), 0);
}

// Shows that the model would find a policy that is another one in any respect.
TEST(CheckpointRetention, ModelFindsOtherPolicies) {
  constexpr int kPolicies = 500;
  EXPECT_GT(differences(kPolicies, [](CheckpointRetention& keep) { ++keep.last; }), 0);
  EXPECT_GT(differences(kPolicies, [](CheckpointRetention& keep) { ++keep.best; }), 0);
  EXPECT_GT(differences(kPolicies, [](CheckpointRetention& keep) { keep.higher_is_better ^= true; }), 0);
  EXPECT_GT(differences(kPolicies, [](CheckpointRetention& keep) { keep.metric = "loss"; }), 0);
  EXPECT_GT(differences(kPolicies, [](CheckpointRetention& keep) { ++keep.every_n_steps; }), 0);
  EXPECT_GT(differences(kPolicies, [](CheckpointRetention& keep) { keep.every += seconds(1); }), 0);
  EXPECT_GT(differences(kPolicies, [](CheckpointRetention& keep) { keep.wanted = {}; }), 0);
}

}  // namespace
