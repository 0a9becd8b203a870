// gate.hpp: which thread is in the loop, and what is put off until none is.
#ifndef RUNHOOK_SRC_LOOP_GATE_HPP_
#define RUNHOOK_SRC_LOOP_GATE_HPP_

#include <atomic>
#include <cstdint>
#include <functional>

#include "runhook/thread_token.hpp"

namespace runhook::inline v1 {
namespace detail {

// One thread at a time. Entering costs a compare-exchange, and leaving an exchange.
class Gate {
 public:
  // Throws REENTRANT for the thread that is inside already, and BUSY for another one.
  void enter() {
    std::uintptr_t nobody = 0;
    if (!occupant_.compare_exchange_strong(nobody, token(), std::memory_order_acquire, std::memory_order_relaxed))
        [[unlikely]]
      refuse_entry();
  }
  // The same, but false for another thread than the one that is inside. Throws REENTRANT.
  bool try_enter() {
    std::uintptr_t nobody = 0;
    if (occupant_.compare_exchange_strong(nobody, token(), std::memory_order_acquire, std::memory_order_relaxed)) {
      return true;
    }
    if (called_back()) refuse_entry();
    return false;
  }
  // What was put off is done as the last act; it may destroy this.
  void leave() {
    if (occupant_.exchange(0, std::memory_order_acq_rel) != token()) [[unlikely]]
      run_deferred();
  }

  bool called_back() const noexcept { return occupant(std::memory_order_relaxed) == token(); }  // by this thread
  bool busy() const noexcept { return occupant(std::memory_order_acquire) != 0; }
  // Has `when_idle` called by the thread that is inside when it leaves, and returns true. False if none is inside: then
  // none can enter before reopen().
  bool defer(std::function<void()> when_idle);
  void reopen() noexcept;
  // Not 0 while a thread is inside: for those who watch.
  const std::atomic<std::uintptr_t>* watched() const noexcept { return &occupant_; }

 private:
  static constexpr std::uintptr_t kDeferred = 1;  // besides the token, which is even
  static std::uintptr_t token() noexcept { return reinterpret_cast<std::uintptr_t>(thread_token()); }
  std::uintptr_t occupant(std::memory_order order) const noexcept { return occupant_.load(order) & ~kDeferred; }
  [[noreturn]] void refuse_entry() const;
  void run_deferred() noexcept;

  std::atomic<std::uintptr_t> occupant_{0};  // token of the thread that is inside; 0: none is
  std::function<void()> when_idle_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_LOOP_GATE_HPP_
