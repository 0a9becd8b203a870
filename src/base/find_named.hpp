// find_named.hpp: what has a name in a list of pairs.
#ifndef RUNHOOK_SRC_BASE_FIND_NAMED_HPP_
#define RUNHOOK_SRC_BASE_FIND_NAMED_HPP_

#include <algorithm>
#include <string_view>

namespace runhook::inline v1 {
namespace detail {

// What the first pair of this name has besides it; NULL if there is none.
template <typename Pairs>
auto find_named(Pairs& pairs, std::string_view name) noexcept {
  const auto found = std::find_if(pairs.begin(), pairs.end(), [name](const auto& one) { return one.first == name; });
  return found != pairs.end() ? &found->second : nullptr;
}

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_FIND_NAMED_HPP_
