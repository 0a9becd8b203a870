// owner_written.hpp: a value that one thread writes and others may read.
#ifndef RUNHOOK_SRC_BASE_OWNER_WRITTEN_HPP_
#define RUNHOOK_SRC_BASE_OWNER_WRITTEN_HPP_

#include <atomic>

namespace runhook::inline v1 {
namespace detail {

// Only the owner's thread assigns it. Another thread that reads it gets the present value or an earlier one, and cannot
// conclude anything about other memory that the owner has written.
template <typename T>
class OwnerWritten {
 public:
  OwnerWritten(T value) noexcept : value_(value) {}  // NOLINT(google-explicit-constructor): stands for the value
  OwnerWritten& operator=(T value) noexcept {
    value_.store(value, std::memory_order_relaxed);
    return *this;
  }
  operator T() const noexcept { return get(); }  // NOLINT(google-explicit-constructor)
  T get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<T> value_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_OWNER_WRITTEN_HPP_
