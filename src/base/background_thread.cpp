#include "base/background_thread.hpp"

#include <pthread.h>

#include <utility>

#include "base/blocked_signals.hpp"

namespace runhook::inline v1 {
namespace detail {

std::thread start_background_thread(const char* name, std::function<void()> body) {
  const BlockedSignals blocked;
  std::thread thread(std::move(body));
  pthread_setname_np(thread.native_handle(), name);
  return thread;
}

}  // namespace detail
}  // namespace runhook::inline v1
