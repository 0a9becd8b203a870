#include "stop/stop_listeners.hpp"

#include <algorithm>
#include <utility>

namespace runhook::inline v1 {
namespace detail {

void StopListeners::add(const void* owner, Function function) {
  auto listener = std::make_shared<Listener>();
  listener->owner = owner;
  listener->function = std::move(function);
  const std::lock_guard lock(mutex_);
  listeners_.push_back(std::move(listener));
  untold_.fetch_add(1);
}

void StopListeners::remove(const void* owner) noexcept {
  Function gone;  // destroyed without the lock
  std::unique_lock lock(mutex_);
  const auto found =
      std::find_if(listeners_.begin(), listeners_.end(), [owner](const auto& x) { return x->owner == owner; });
  if (found == listeners_.end()) return;
  const std::shared_ptr<Listener> listener = std::move(*found);
  listeners_.erase(found);
  listener->removed = true;
  if (!std::exchange(listener->told, true)) untold_.fetch_sub(1);
  if (listener->caller == std::this_thread::get_id()) return;  // whoever calls it destroys it
  called_.wait(lock, [&] { return listener->caller == std::thread::id(); });
  gone.swap(listener->function);
}

std::shared_ptr<StopListeners::Listener> StopListeners::take_untold() noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(listeners_.begin(), listeners_.end(), [](const auto& x) { return !x->told; });
  if (found == listeners_.end()) return nullptr;
  (*found)->told = true;
  (*found)->caller = std::this_thread::get_id();
  untold_.fetch_sub(1);
  return *found;
}

void StopListeners::tell() noexcept {
  while (const std::shared_ptr<Listener> listener = take_untold()) {
    try {
      listener->function();
    } catch (...) {  // NOLINT(bugprone-empty-catch): the stop stands, whatever a function makes of it
    }
    Function gone;
    {
      const std::lock_guard lock(mutex_);
      listener->caller = {};
      if (listener->removed) gone.swap(listener->function);
    }
    called_.notify_all();
  }
}

}  // namespace detail
}  // namespace runhook::inline v1
