// result_number.hpp: a result as a number, and what is said when it is none.
#ifndef RUNHOOK_SRC_VALUE_RESULT_NUMBER_HPP_
#define RUNHOOK_SRC_VALUE_RESULT_NUMBER_HPP_

#include <cstdint>
#include <string_view>

#include "runhook/fetches.hpp"

namespace runhook::inline v1 {
namespace detail {

// Of one of these results, `name`. Throws FAILED_PRECONDITION, naming it, if there is no value or if it is no number.
double result_double(const Results& results, const Value& value, std::string_view name);
std::int64_t result_int64(const Results& results, const Value& value, std::string_view name);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_VALUE_RESULT_NUMBER_HPP_
