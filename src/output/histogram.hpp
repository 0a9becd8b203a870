// How numbers are distributed, in the buckets that TensorFlow uses: each a tenth wider than the one nearer to zero.
#ifndef RUNHOOK_SRC_OUTPUT_HISTOGRAM_HPP_
#define RUNHOOK_SRC_OUTPUT_HISTOGRAM_HPP_

#include <cstdint>
#include <span>
#include <vector>

#include "runhook/value.hpp"

namespace runhook::inline v1 {
namespace detail {

// Of no number: all zero, with one empty bucket.
struct Histogram {
  double min = 0;
  double max = 0;
  double count = 0;
  double sum = 0;
  double sum_of_squares = 0;
  // For each bucket its upper edge, which is not in the bucket, and how many numbers are in it. Adjacent empty buckets
  // are merged.
  std::vector<double> limits;
  std::vector<double> counts;
};

// NaN and infinite numbers are left out.
Histogram make_histogram(std::span<const double> numbers);
// Throws FAILED_PRECONDITION unless it is a tensor of real numbers on the CPU.
Histogram make_histogram(const Value& tensor);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_OUTPUT_HISTOGRAM_HPP_
