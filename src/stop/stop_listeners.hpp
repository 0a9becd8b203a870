// stop_listeners.hpp: functions that are called once, when a stop has been asked for.
#ifndef RUNHOOK_SRC_STOP_STOP_LISTENERS_HPP_
#define RUNHOOK_SRC_STOP_STOP_LISTENERS_HPP_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace runhook::inline v1 {
namespace detail {

// No lock is held during a call, so that a function may do and wait for anything but its own end.
class StopListeners {
 public:
  using Function = std::function<void()>;
  void add(const void* owner, Function function);
  // Waits for its call in progress on another thread.
  void remove(const void* owner) noexcept;
  bool any_untold() const noexcept { return untold_.load() > 0; }
  // Calls those that nobody has called yet.
  void tell() noexcept;

 private:
  struct Listener {
    const void* owner;
    Function function;
    bool told = false;
    bool removed = false;
    std::thread::id caller = {};  // while it is called
  };
  std::shared_ptr<Listener> take_untold() noexcept;

  std::mutex mutex_;
  std::condition_variable called_;
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::atomic<std::size_t> untold_{0};
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_STOP_STOP_LISTENERS_HPP_
