// The same hooks behind boost::signals2, if that is there.
#ifndef RUNHOOK_TESTS_BENCH_SIGNALS_HPP_
#define RUNHOOK_TESTS_BENCH_SIGNALS_HPP_

#include <cstddef>
#include <functional>

namespace bench {

// Returns a function that makes one step with `hooks` hooks; empty if boost::signals2 is not there.
std::function<void()> signals_step(std::size_t hooks);

}  // namespace bench

#endif  // RUNHOOK_TESTS_BENCH_SIGNALS_HPP_
