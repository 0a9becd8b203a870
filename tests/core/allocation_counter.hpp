// Counts allocations, and makes them fail, on the calling thread. Replaces operator new, so it is for the one source
// file of a test program.
#ifndef RUNHOOK_TESTS_CORE_ALLOCATION_COUNTER_HPP_
#define RUNHOOK_TESTS_CORE_ALLOCATION_COUNTER_HPP_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <new>

namespace runhook_test {
namespace allocation {

inline constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

inline thread_local std::uint64_t count = 0;
inline thread_local std::uint64_t fail_from = kNever;
inline thread_local std::uint64_t fail_until = kNever;
inline thread_local std::uint64_t failures = 0;

// Not inlined, or the compiler takes new and free for a mismatch.
[[gnu::noinline]] inline void* allocate(std::size_t size, std::size_t alignment) noexcept {
  const std::uint64_t number = count++;
  if (number >= fail_from && number < fail_until) {
    ++failures;
    return nullptr;
  }
  if (size == 0) size = 1;
  if (alignment <= alignof(std::max_align_t)) return std::malloc(size);
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

[[gnu::noinline]] inline void release(void* memory) noexcept { std::free(memory); }

inline void* allocate_or_throw(std::size_t size, std::size_t alignment) {
  if (void* memory = allocate(size, alignment)) return memory;
  throw std::bad_alloc();
}

}  // namespace allocation

// Every operator new of this thread so far.
inline std::uint64_t allocations() noexcept { return allocation::count; }

// While it lives, allocation number `first` from now on (0 is the next one) and all later ones of this thread fail;
// with `once`, only that one.
class AllocationFailure {
 public:
  explicit AllocationFailure(std::uint64_t first, bool once = false) noexcept {
    allocation::failures = 0;
    allocation::fail_from = allocation::count + first;
    allocation::fail_until = once ? allocation::fail_from + 1 : allocation::kNever;
  }
  ~AllocationFailure() { allocation::fail_from = allocation::kNever; }
  AllocationFailure(const AllocationFailure&) = delete;
  AllocationFailure& operator=(const AllocationFailure&) = delete;
  std::uint64_t failed() const noexcept { return allocation::failures; }  // how many have failed so far
};

}  // namespace runhook_test

void* operator new(std::size_t size) { return runhook_test::allocation::allocate_or_throw(size, 1); }
void* operator new[](std::size_t size) { return runhook_test::allocation::allocate_or_throw(size, 1); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return runhook_test::allocation::allocate(size, 1);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return runhook_test::allocation::allocate(size, 1);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return runhook_test::allocation::allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return runhook_test::allocation::allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { runhook_test::allocation::release(memory); }
void operator delete[](void* memory) noexcept { runhook_test::allocation::release(memory); }
void operator delete(void* memory, std::size_t) noexcept { runhook_test::allocation::release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { runhook_test::allocation::release(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { runhook_test::allocation::release(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { runhook_test::allocation::release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { runhook_test::allocation::release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { runhook_test::allocation::release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  runhook_test::allocation::release(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  runhook_test::allocation::release(memory);
}

#endif  // RUNHOOK_TESTS_CORE_ALLOCATION_COUNTER_HPP_
