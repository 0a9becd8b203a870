#include "runhook/stop_flag.hpp"

#include "stop/stop_flag_group.hpp"

namespace runhook::inline v1 {

StopFlag::StopFlag() : StopFlag(StopSource()) {}

StopFlag::StopFlag(const StopSource& source) : state_(source.state()), group_(std::make_shared<Group>()) {}

bool StopFlag::raise(std::string_view why, std::string_view who, std::int64_t step) const noexcept {
  StopReason reason;
  reason.origin = StopOrigin::source;
  reason.step = step;
  reason.set_who(who);
  reason.set_text(why);
  return state_->request(reason);
}

}  // namespace runhook::inline v1
