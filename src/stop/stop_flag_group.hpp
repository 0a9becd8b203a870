// stop_flag_group.hpp: how the workers that share a StopFlag agree on one step at which all of them stop.
#ifndef RUNHOOK_SRC_STOP_STOP_FLAG_GROUP_HPP_
#define RUNHOOK_SRC_STOP_STOP_FLAG_GROUP_HPP_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "runhook/stop_flag.hpp"

namespace runhook::inline v1 {

// Before each run a worker stores, under the lock, the step that the run will reach, and makes the run only if the flag
// is not raised at that moment. So the first worker that finds the flag raised knows, from the numbers that the others
// have stored, how far the runs in progress will get. The highest of these numbers becomes the step at which all stop.
struct StopFlag::Group {
  std::mutex mutex;
  std::vector<std::shared_ptr<std::int64_t>> members;  // for each worker, the step that it is certain to reach
  std::optional<std::int64_t> target;                  // the step at which all stop, once it is decided
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_STOP_STOP_FLAG_GROUP_HPP_
