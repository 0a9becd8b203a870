// step_stops.hpp: stops that were asked for because of what the step in progress has reached.
#ifndef RUNHOOK_SRC_STOP_STEP_STOPS_HPP_
#define RUNHOOK_SRC_STOP_STEP_STOPS_HPP_

#include <vector>

#include "runhook/stop.hpp"

namespace runhook::inline v1 {
namespace detail {

// They count once the step has been completed, and go with it if it is recovered from.
class StepStops {
 public:
  // `noticed` is set with every request.
  explicit StepStops(bool& noticed) noexcept : noticed_(noticed) {}

  bool empty() const noexcept { return reasons_.empty(); }
  // Returns whether it is the first request, those that `state` has got among them.
  bool add(const StopReason& reason, const StopState& state) {
    reasons_.push_back(reason);
    noticed_ = true;
    return reasons_.size() == 1 && !state.requested();
  }
  void post_to(StopState& state) noexcept {
    for (const StopReason& reason : reasons_) state.request(reason);
    reasons_.clear();
  }
  void drop() noexcept { reasons_.clear(); }

 private:
  bool& noticed_;
  std::vector<StopReason> reasons_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_STOP_STEP_STOPS_HPP_
