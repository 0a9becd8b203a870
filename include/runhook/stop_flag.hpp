// runhook/stop_flag.hpp: StopFlag, by which several sessions stop together.
#ifndef RUNHOOK_STOP_FLAG_HPP_
#define RUNHOOK_STOP_FLAG_HPP_

#include <cstdint>
#include <memory>
#include <string_view>

#include "runhook/stop.hpp"

namespace runhook::inline v1 {

// A flag that stops the sessions of several threads together, one session for each worker. Each session observes it
// with a StopFlagHook, so that a worker may still be stopped alone. Cheap to copy; copies are the same flag. Once
// raised it stays raised: a new run needs a new flag. It is not a variable of a session, so no checkpoint holds it, and
// a restored run does not begin stopped. It reaches the threads of one process only. Since 1.0.
class StopFlag {
 public:
  StopFlag();                                   // not raised
  explicit StopFlag(const StopSource& source);  // also raised by a stop request to that source or its session
  bool raise(std::string_view why = {}, std::string_view who = {},
             std::int64_t step = -1) const noexcept;              // any thread; whether this call was the first
  bool raised() const noexcept { return state_->requested(); }    // any thread; takes no lock
  StopReason reason() const noexcept { return state_->first(); }  // who raised it and why; origin none if nobody has
  const std::shared_ptr<StopState>& state() const noexcept { return state_; }  // to wait for it

 private:
  friend class StopFlagHook;
  struct Group;  // the workers that stop at the same step
  std::shared_ptr<StopState> state_;
  std::shared_ptr<Group> group_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_STOP_FLAG_HPP_
