#include "run/counted_warning.hpp"

#include <algorithm>

namespace runhook::inline v1 {
namespace detail {

void add_counted(std::vector<CountedWarning>& warnings, const Error& error, std::size_t most) noexcept {
  const auto same = std::find_if(warnings.begin(), warnings.end(), [&error](const CountedWarning& one) {
    return one.error.code() == error.code() && one.error.message() == error.message() &&
           one.error.hook() == error.hook() && one.error.callback() == error.callback();
  });
  if (same != warnings.end()) {
    ++same->count;
    same->last_step = error.step();
  } else if (warnings.size() < most) {
    try {
      warnings.push_back({error, 1, error.step()});
    } catch (...) {  // NOLINT(bugprone-empty-catch): the outcome has counted it
    }
  }
}

}  // namespace detail
}  // namespace runhook::inline v1
