// What the benchmarks share: the hooks and sessions that are measured, and counting of allocations.
#ifndef RUNHOOK_TESTS_BENCH_HARNESS_HPP_
#define RUNHOOK_TESTS_BENCH_HARNESS_HPP_

#include <runhook/runhook.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "baselines.hpp"

namespace bench {

// Calls of operator new and malloc by this process so far.
std::uint64_t allocations() noexcept;

// As many different hook functions as there are hooks: with one function for all, the branch predictor would flatter
// us.
inline constexpr std::size_t kMaxHooks = 1000;
struct alignas(64) Counter {
  std::uint64_t value = 0;
};
extern Counter counters[kMaxHooks];
runhook_callback before_function(std::size_t index) noexcept;  // 64 different ones, in turn
runhook_callback after_function(std::size_t index) noexcept;

std::vector<BareHook> bare_hooks(std::size_t count);  // the same functions for the baselines

// A session that does nothing, as a table of C functions, and the same call made by hand.
runhook_session* empty_session();
extern runhook_callback volatile empty_step;

// Takes the session over; NULL: the loop stays where it is.
runhook_monitored_session* monitored(std::size_t hook_count, runhook_session* session);

[[noreturn]] void give_up(runhook_error* error);
inline void check(runhook_status status, runhook_error* error) {
  if (status != RUNHOOK_OK) give_up(error);
}

}  // namespace bench

#endif  // RUNHOOK_TESTS_BENCH_HARNESS_HPP_
