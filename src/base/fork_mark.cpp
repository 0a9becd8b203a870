#include "base/fork_mark.hpp"

#include <pthread.h>

#include <new>

namespace runhook::inline v1 {
namespace detail {

constinit std::atomic<std::uint64_t> ForkMark::forks_{0};

ForkMark::ForkMark()
    : forks_before_([] {
        static const int failure = pthread_atfork(nullptr, nullptr, [] { forks_.fetch_add(1); });
        if (failure != 0) throw std::bad_alloc();
        return forks_.load(std::memory_order_relaxed);
      }()) {}

}  // namespace detail
}  // namespace runhook::inline v1
