#include "output/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <limits>

#include "runhook/error.hpp"
#include "value/element.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

std::vector<double> make_edges() {
  constexpr double kSmallest = 1e-12;
  constexpr double kLargest = 1e20;
  constexpr double kGrowth = 1.1;
  std::vector<double> positive;
  double next = kSmallest;
  while (next < kLargest) {
    positive.push_back(next);
    next *= kGrowth;
  }
  positive.push_back(std::numeric_limits<double>::max());
  std::vector<double> edges(positive.rbegin(), positive.rend());
  for (double& edge : edges) edge = -edge;
  edges.push_back(0);
  edges.insert(edges.end(), positive.begin(), positive.end());
  return edges;
}

const std::vector<double>& default_edges() {
  static const std::vector<double> edges = make_edges();
  return edges;
}

class Counter {
 public:
  Counter() : edges_(default_edges()), counts_(edges_.size()) {}

  void add(double number) noexcept {
    if (!std::isfinite(number)) return;
    min_ = std::min(min_, number);
    max_ = std::max(max_, number);
    ++count_;
    sum_ += number;
    sum_of_squares_ += number * number;
    const auto above = std::upper_bound(edges_.begin(), edges_.end(), number);
    // The largest number is no less than any edge.
    ++counts_[std::min(static_cast<std::size_t>(above - edges_.begin()), counts_.size() - 1)];
  }

  Histogram histogram() const {
    Histogram made;
    if (count_ == 0) {
      made.limits = {edges_.back()};
      made.counts = {0};
      return made;
    }
    made.min = min_;
    made.max = max_;
    made.count = static_cast<double>(count_);
    made.sum = sum_;
    made.sum_of_squares = sum_of_squares_;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      const bool last_of_empty_ones = i + 1 == counts_.size() || counts_[i + 1] != 0;
      if (counts_[i] == 0 && !last_of_empty_ones) continue;
      made.limits.push_back(edges_[i]);
      made.counts.push_back(static_cast<double>(counts_[i]));
    }
    return made;
  }

 private:
  const std::vector<double>& edges_;
  std::vector<std::uint64_t> counts_;
  double min_ = std::numeric_limits<double>::max();
  double max_ = std::numeric_limits<double>::lowest();
  std::uint64_t count_ = 0;
  double sum_ = 0;
  double sum_of_squares_ = 0;
};

// Adds an element, whatever it is read as.
struct AddTo {
  Counter& counter;
  template <class Number>
  void operator()(Number number) const noexcept {
    counter.add(static_cast<double>(number));
  }
  void operator()(std::complex<double>) const {
    throw StatusError(StatusCode::failed_precondition, "a histogram of numbers that are not real cannot be made");
  }
};

}  // namespace

Histogram make_histogram(std::span<const double> numbers) {
  Counter counter;
  for (const double number : numbers) counter.add(number);
  return counter.histogram();
}

Histogram make_histogram(const Value& tensor) {
  if (tensor.kind() != ValueKind::tensor) {
    throw StatusError(StatusCode::failed_precondition, "a histogram of what is not a tensor cannot be made");
  }
  Counter counter;
  const bool dense = tensor.is_contiguous() && tensor.device().type == Device().type;
  const Value numbers = dense ? tensor : tensor.clone();  // which fails for memory that is not on the CPU
  const auto* const bytes = static_cast<const unsigned char*>(numbers.data());
  const std::size_t size = dtype_size(numbers.dtype());
  for (std::size_t at = 0; at + size <= numbers.byte_size(); at += size) {
    visit_element(numbers.dtype(), bytes + at, AddTo{counter});
  }
  return counter.histogram();
}

}  // namespace detail
}  // namespace runhook::inline v1
