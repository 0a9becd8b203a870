// Those who stop at one step because of a StopFlag, and how they agree on it.
#ifndef RUNHOOK_SRC_STOP_STOP_FLAG_GROUP_HPP_
#define RUNHOOK_SRC_STOP_STOP_FLAG_GROUP_HPP_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "runhook/stop_flag.hpp"

namespace runhook::inline v1 {

// Each member says, under the lock, which step it is certain to reach, and begins a run only if the flag was not raised
// at that moment. So whoever finds the flag raised knows how far any run that is under way will get.
struct StopFlag::Group {
  std::mutex mutex;
  std::vector<std::shared_ptr<std::int64_t>> members;
  std::optional<std::int64_t> target;  // at which all stop, once it is decided
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_STOP_STOP_FLAG_GROUP_HPP_
