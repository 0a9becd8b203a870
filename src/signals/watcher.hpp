// watcher.hpp: the thread that does what a signal handler may not.
#ifndef RUNHOOK_SRC_SIGNALS_WATCHER_HPP_
#define RUNHOOK_SRC_SIGNALS_WATCHER_HPP_

#include <atomic>
#include <memory>
#include <thread>

namespace runhook::inline v1 {
namespace detail {

// Serves all subscribers each time that its descriptor is written to. Has all signals blocked.
class SignalWatcher {
 public:
  SignalWatcher();  // throws RESOURCE_EXHAUSTED
  // The thread has ended when this returns, unless it is the calling thread.
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;
  int descriptor() const noexcept;  // to be written to, which never blocks

 private:
  struct Shared;
  const std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

// Makes the descriptor ready. Signal handlers may call it; keeps no errno.
void wake_watcher(int descriptor) noexcept;

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_SIGNALS_WATCHER_HPP_
