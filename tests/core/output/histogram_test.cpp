// Distributions of numbers.
#include "output/histogram.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "core/expect_error.hpp"

namespace runhook {
namespace {

using detail::Histogram;
using detail::make_histogram;
using ::testing::ElementsAre;

constexpr double kMax = std::numeric_limits<double>::max();

Histogram of(std::vector<double> numbers) { return make_histogram(numbers); }

TEST(Histogram, SumsUpTheNumbers) {
  const Histogram made = of({1, -2, 4, 4});
  EXPECT_EQ(made.min, -2);
  EXPECT_EQ(made.max, 4);
  EXPECT_EQ(made.count, 4);
  EXPECT_EQ(made.sum, 7);
  EXPECT_EQ(made.sum_of_squares, 37);
  EXPECT_EQ(std::accumulate(made.counts.begin(), made.counts.end(), 0.0), 4);
}

TEST(Histogram, EachNumberIsBelowTheEdgeOfItsBucketAndNotBelowTheOneBefore) {
  for (const double number : {-kMax, -1e30, -3.7, -1e-12, -1e-13, 0.0, 1e-13, 1e-12, 0.1, 1.0, 2.5, 1e19, 1e30}) {
    const Histogram made = of({number});
    for (std::size_t i = 0; i < made.counts.size(); ++i) {
      if (made.counts[i] == 0) continue;
      EXPECT_LT(number, made.limits[i]);
      if (i > 0) {
        EXPECT_GE(number, made.limits[i - 1]);
      }
    }
  }
}

TEST(Histogram, EdgesGrowByATenth) {
  const Histogram made = of({1.0});
  ASSERT_EQ(made.counts, (std::vector<double>{0, 1, 0}));
  EXPECT_NEAR(made.limits[1] / made.limits[0], 1.1, 1e-9);
  EXPECT_EQ(made.limits[2], kMax);
  double edge = 1e-12;  // that of TensorFlow
  while (edge <= 1.0) edge *= 1.1;
  EXPECT_EQ(made.limits[1], edge);
}

TEST(Histogram, ZeroHasABucketBetweenTheSmallestNumbers) {
  EXPECT_THAT(of({0}).limits, ElementsAre(0, 1e-12, kMax));
  EXPECT_THAT(of({0}).counts, ElementsAre(0, 1, 0));
  EXPECT_THAT(of({-1e-13}).limits, ElementsAre(-1e-12, 0, kMax));
}

TEST(Histogram, LargestNumbersAreInTheBucketsAtTheEnds) {
  EXPECT_EQ(of({kMax}).counts.back(), 1);
  EXPECT_EQ(of({-kMax}).counts, (std::vector<double>{0, 1, 0}));
}

TEST(Histogram, EmptyBucketsSideBySideAreOne) {
  const Histogram made = of({-1, 1, 1000});
  EXPECT_EQ(made.counts, (std::vector<double>{0, 1, 0, 1, 0, 1, 0}));
}

TEST(Histogram, NumbersThatAreNotFiniteAreLeftOut) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Histogram made = of({std::nan(""), infinity, -infinity, 2});
  EXPECT_EQ(made.count, 1);
  EXPECT_EQ(made.max, 2);
}

TEST(Histogram, OfNoNumberHasOneEmptyBucket) {
  const Histogram made = of({});
  EXPECT_EQ(made.count, 0);
  EXPECT_EQ(made.min, 0);
  EXPECT_THAT(made.limits, ElementsAre(kMax));
  EXPECT_THAT(made.counts, ElementsAre(0));
}

template <class T>
Value tensor(DType dtype, std::vector<T> elements) {
  const std::int64_t shape[] = {static_cast<std::int64_t>(elements.size())};
  return Value::copy_of(dtype, shape, elements.data());
}

TEST(Histogram, OfEveryKindOfNumber) {
  const std::vector<Value> tensors = {
      tensor<std::int8_t>(DType::int8, {1, 3}),
      tensor<std::int16_t>(DType::int16, {1, 3}),
      tensor<std::int32_t>(DType::int32, {1, 3}),
      tensor<std::int64_t>(DType::int64, {1, 3}),
      tensor<std::uint8_t>(DType::uint8, {1, 3}),
      tensor<std::uint16_t>(DType::uint16, {1, 3}),
      tensor<std::uint32_t>(DType::uint32, {1, 3}),
      tensor<std::uint64_t>(DType::uint64, {1, 3}),
      tensor<std::uint16_t>(DType::float16, {0x3C00, 0x4200}),
      tensor<std::uint16_t>(DType::bfloat16, {0x3F80, 0x4040}),
      tensor<float>(DType::float32, {1, 3}),
      tensor<double>(DType::float64, {1, 3}),
  };
  for (const Value& value : tensors) {
    const Histogram made = make_histogram(value);
    EXPECT_EQ(made.sum, 4) << static_cast<int>(value.dtype());
    EXPECT_EQ(made.max, 3);
  }
  EXPECT_EQ(make_histogram(tensor<std::uint8_t>(DType::boolean, {1, 0, 1})).sum, 2);
}

TEST(Histogram, OfATensorWithGapsHasItsElementsOnly) {
  float numbers[] = {1, 100, 2, 100};
  const std::int64_t shape[] = {2};
  const std::int64_t strides[] = {2};
  EXPECT_EQ(make_histogram(Value::adopt(DType::float32, shape, strides, Device(), numbers, {})).sum, 3);
}

TEST(Histogram, OfWhatHasNoRealNumbersIsRefused) {
  EXPECT_STATUS(make_histogram(Value()), failed_precondition, "not a tensor");
  EXPECT_STATUS(make_histogram(Value::string("1")), failed_precondition, "not a tensor");
  const Value complex = Value::tensor(DType::complex64, {});
  EXPECT_STATUS(make_histogram(complex), failed_precondition, "not real");
}

}  // namespace
}  // namespace runhook
