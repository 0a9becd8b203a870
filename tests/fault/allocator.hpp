// Counts all allocations of the process and makes them fail. Replaces operator new, so it is for the one source file of
// a test program. An exception itself is not made with operator new, so throwing one is always possible.
#ifndef RUNHOOK_TESTS_FAULT_ALLOCATOR_HPP_
#define RUNHOOK_TESTS_FAULT_ALLOCATOR_HPP_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <new>

namespace runhook_test {

class Allocator {
 public:
  // From now on the allocation of this number fails (0 is the next one), and with `for_good` all after it.
  static void fail(std::uint64_t number, bool for_good) noexcept {
    count_ = 0;
    failures_ = 0;
    until_ = for_good ? kNever : number + 1;
    from_ = number;
  }
  static void succeed() noexcept { from_ = kNever; }
  static std::uint64_t failures() noexcept { return failures_; }
  // How many pieces of memory have not been given back.
  static std::int64_t outstanding() noexcept { return outstanding_; }

  // Not inlined, or the compiler takes new and free for a mismatch.
  [[gnu::noinline]] static void* allocate(std::size_t size, std::size_t alignment) noexcept {
    const std::uint64_t number = count_.fetch_add(1);
    if (number >= from_ && number < until_) {
      ++failures_;
      return nullptr;
    }
    if (size == 0) size = 1;
    void* const memory = alignment <= alignof(std::max_align_t)
                             ? std::malloc(size)
                             : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (memory != nullptr) ++outstanding_;
    return memory;
  }
  static void* allocate_or_throw(std::size_t size, std::size_t alignment) {
    if (void* memory = allocate(size, alignment)) return memory;
    throw std::bad_alloc();
  }
  [[gnu::noinline]] static void release(void* memory) noexcept {
    if (memory == nullptr) return;
    --outstanding_;
    std::free(memory);
  }

 private:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
  static inline std::atomic<std::uint64_t> count_{0};
  static inline std::atomic<std::uint64_t> from_{kNever};
  static inline std::atomic<std::uint64_t> until_{kNever};
  static inline std::atomic<std::uint64_t> failures_{0};
  static inline std::atomic<std::int64_t> outstanding_{0};
};

}  // namespace runhook_test

using AllocatorOfTest = runhook_test::Allocator;
using Alignment = std::align_val_t;

void* operator new(std::size_t size) { return AllocatorOfTest::allocate_or_throw(size, 1); }
void* operator new[](std::size_t size) { return AllocatorOfTest::allocate_or_throw(size, 1); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return AllocatorOfTest::allocate(size, 1); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return AllocatorOfTest::allocate(size, 1); }
void* operator new(std::size_t size, Alignment alignment) {
  return AllocatorOfTest::allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, Alignment alignment) {
  return AllocatorOfTest::allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, Alignment alignment, const std::nothrow_t&) noexcept {
  return AllocatorOfTest::allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, Alignment alignment, const std::nothrow_t&) noexcept {
  return AllocatorOfTest::allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { AllocatorOfTest::release(memory); }
void operator delete[](void* memory) noexcept { AllocatorOfTest::release(memory); }
void operator delete(void* memory, std::size_t) noexcept { AllocatorOfTest::release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { AllocatorOfTest::release(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { AllocatorOfTest::release(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { AllocatorOfTest::release(memory); }
void operator delete(void* memory, Alignment) noexcept { AllocatorOfTest::release(memory); }
void operator delete[](void* memory, Alignment) noexcept { AllocatorOfTest::release(memory); }
void operator delete(void* memory, std::size_t, Alignment) noexcept { AllocatorOfTest::release(memory); }
void operator delete[](void* memory, std::size_t, Alignment) noexcept { AllocatorOfTest::release(memory); }
void operator delete(void* memory, Alignment, const std::nothrow_t&) noexcept { AllocatorOfTest::release(memory); }
void operator delete[](void* memory, Alignment, const std::nothrow_t&) noexcept { AllocatorOfTest::release(memory); }

#endif  // RUNHOOK_TESTS_FAULT_ALLOCATOR_HPP_
