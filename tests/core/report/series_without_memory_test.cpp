#include <gtest/gtest.h>

#include <new>

#include "core/allocation_counter.hpp"
#include "report/series.hpp"

namespace runhook::detail::report {
namespace {

TEST(ReportSeries, ValueForWhichThereIsNoMemoryIsNotCounted) {
  Series series;
  {
    const runhook_test::AllocationFailure failure(0);
    EXPECT_THROW(series.add(1, 5.0), std::bad_alloc);
  }
  EXPECT_EQ(series.count(), 0U);
  EXPECT_FALSE(series.first() || series.last() || series.lowest());
  series.add(2, 7.0);
  ASSERT_TRUE(series.first() && series.lowest() && series.highest());
  EXPECT_EQ(series.first()->step, 2);
  EXPECT_EQ(series.points().size(), 1U);
}

}  // namespace
}  // namespace runhook::detail::report
