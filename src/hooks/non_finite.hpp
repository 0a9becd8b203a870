// Search for NaN and infinity in values.
#ifndef RUNHOOK_SRC_HOOKS_NON_FINITE_HPP_
#define RUNHOOK_SRC_HOOKS_NON_FINITE_HPP_

#include "runhook/value.hpp"

namespace runhook::inline v1 {
namespace detail {

struct NonFinite {
  bool nan = false;
  bool infinity = false;
};

// Checks the elements until it has found a NaN. Values of other types, and those that are not on the CPU, have none.
NonFinite find_non_finite(const Value& value);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_HOOKS_NON_FINITE_HPP_
