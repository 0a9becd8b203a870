// Telling a child made by fork() from its parent.
#ifndef RUNHOOK_SRC_BASE_FORK_MARK_HPP_
#define RUNHOOK_SRC_BASE_FORK_MARK_HPP_

#include <atomic>
#include <cstdint>
#include <memory>

namespace runhook::inline v1 {
namespace detail {

// Remembers the process in which it was made.
class ForkMark {
 public:
  ForkMark();  // throws std::bad_alloc
  // Whether this is a child of that process. It has none of the threads that were there: whoever waits for one waits
  // for ever, and what one held at the time stays held.
  bool forked() const noexcept { return forks_before_ != forks_.load(std::memory_order_relaxed); }

 private:
  static std::atomic<std::uint64_t> forks_;
  const std::uint64_t forks_before_;
};

// What an object shares with its thread: a lock, what one waits for, the thread itself. In a child made by fork() it is
// not here(), and is left alone: it can neither be locked nor waited for, nor even destroyed.
template <class T>
class SharedWithThread {
 public:
  SharedWithThread() = default;
  SharedWithThread(const SharedWithThread&) = delete;
  SharedWithThread& operator=(const SharedWithThread&) = delete;
  ~SharedWithThread() {
    if (!here()) (void)shared_.release();
  }
  bool here() const noexcept { return !mark_.forked(); }
  T* operator->() noexcept { return shared_.get(); }
  const T* operator->() const noexcept { return shared_.get(); }

 private:
  const ForkMark mark_;
  std::unique_ptr<T> shared_ = std::make_unique<T>();
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_FORK_MARK_HPP_
