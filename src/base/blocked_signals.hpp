// blocked_signals.hpp: keeps signals from threads of the library.
#ifndef RUNHOOK_SRC_BASE_BLOCKED_SIGNALS_HPP_
#define RUNHOOK_SRC_BASE_BLOCKED_SIGNALS_HPP_

#include <pthread.h>
#include <signal.h>

namespace runhook::inline v1 {
namespace detail {

// Blocks all signals of the calling thread; a thread that it starts meanwhile inherits that.
class BlockedSignals {
 public:
  BlockedSignals() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &previous_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &previous_, nullptr); }

 private:
  sigset_t previous_{};
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_BLOCKED_SIGNALS_HPP_
