// elements.hpp: what is in the memory of a tensor.
#ifndef RUNHOOK_SRC_PROGRAM_ELEMENTS_HPP_
#define RUNHOOK_SRC_PROGRAM_ELEMENTS_HPP_

#include <cstdint>

#include "program/json.hpp"
#include "runhook/value.hpp"

namespace runhook::program {

// One element: a number, a truth value, a list of two for a complex one.
Json element_at(const Value& tensor, std::int64_t index);

// Facts about all elements. Of complex numbers there are no smallest and no largest one, and no mean.
struct ElementFacts {
  Json min, max;  // of those that are not NaN; null if there are none
  Json mean;      // likewise
  std::int64_t nan_count = 0;
  std::int64_t infinite_count = 0;
};
ElementFacts facts_of(const Value& tensor);

// How two tensors of one type and shape differ. NaN is as good as NaN.
struct Difference {
  std::int64_t count = 0;   // of elements whose bytes differ
  double max_absolute = 0;  // NaN if one is NaN and the other is not
  double max_relative = 0;  // to the larger of the two
  std::int64_t at = 0;      // where the absolute one is largest
  bool is_close = true;     // each within `absolute` + `relative` times the magnitude of the second
};
struct Tolerance {
  double absolute = 0;
  double relative = 0;
};
Difference difference_of(const Value& a, const Value& b, Tolerance tolerance);

}  // namespace runhook::program

#endif  // RUNHOOK_SRC_PROGRAM_ELEMENTS_HPP_
