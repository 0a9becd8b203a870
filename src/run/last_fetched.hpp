// last_fetched.hpp: what the last step has fetched, for outputs that were not due in it.
#ifndef RUNHOOK_SRC_RUN_LAST_FETCHED_HPP_
#define RUNHOOK_SRC_RUN_LAST_FETCHED_HPP_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/find_named.hpp"
#include "runhook/value.hpp"

namespace runhook::inline v1 {
namespace detail {

// Whoever has asked: the caller and all hooks. Empty if nobody has asked for anything in the last step.
struct LastFetched {
  std::int64_t step = 0;                              // which it has reached, or would have
  bool failed = false;                                // a hook has rejected it
  std::vector<std::pair<std::string, Value>> values;  // by name

  const Value* find(std::string_view name) const noexcept { return find_named(values, name); }
  // Those of these names, in their order; none unless all are there.
  std::vector<Value> all_of(std::span<const std::string> names) const {
    std::vector<Value> found;
    for (const std::string& name : names) {
      const Value* const value = find(name);
      if (value == nullptr) return {};
      found.push_back(*value);
    }
    return found;
  }
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_RUN_LAST_FETCHED_HPP_
