#include "stop/stop_calls.hpp"

#include <algorithm>
#include <utility>

namespace runhook::inline v1 {
namespace detail {

namespace {

// What the calling thread is calling, innermost first.
struct CallFrame {
  const StopCalls* calls;
  CallFrame* outer;
  std::size_t next = 0;  // which function comes next
};
constinit thread_local CallFrame* call_frames = nullptr;

CallFrame* find_frame(const StopCalls* calls) noexcept {
  CallFrame* frame = call_frames;
  while (frame != nullptr && frame->calls != calls) frame = frame->outer;
  return frame;
}

}  // namespace

void StopCalls::call_all() noexcept {
  // A function may ask for a stop itself. The others are being called then, and this thread holds the lock.
  if (find_frame(this) != nullptr) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  CallFrame frame{this, call_frames};
  call_frames = &frame;
  while (frame.next < calls_.size()) {
    const auto function = calls_[frame.next++].function;  // it may take itself or another away
    try {
      (*function)();
    } catch (...) {  // NOLINT(bugprone-empty-catch): the stop stands, whatever a function makes of it
    }
  }
  call_frames = frame.outer;
}

void StopCalls::set(const void* owner, std::function<void()> call) {
  std::shared_ptr<const std::function<void()>> function;
  if (call) function = std::make_shared<const std::function<void()>>(std::move(call));
  // In a function that is being called, the calling thread holds the lock already.
  std::unique_lock<std::mutex> lock(mutex_, std::defer_lock);
  CallFrame* const frame = find_frame(this);
  if (frame == nullptr) lock.lock();
  const auto known = std::find_if(calls_.begin(), calls_.end(), [owner](const Call& x) { return x.owner == owner; });
  if (function == nullptr) {
    if (known == calls_.end()) return;
    function = std::move(known->function);  // goes after the lock
    // Those behind it move up, the one to be called next perhaps among them.
    if (frame != nullptr && static_cast<std::size_t>(known - calls_.begin()) < frame->next) --frame->next;
    calls_.erase(known);
  } else if (known != calls_.end()) {
    known->function.swap(function);
  } else {
    calls_.push_back({owner, std::move(function)});
  }
}

}  // namespace detail
}  // namespace runhook::inline v1
