// What the library is measured against, made by hand: the same hooks called from a plain array, and as slots of a
// signal.
//
// A library of its own where runhook is one, so that both call into the program from as far away.
#ifndef RUNHOOK_TESTS_BENCH_BASELINES_HPP_
#define RUNHOOK_TESTS_BENCH_BASELINES_HPP_

#include <runhook/types.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace bench {

struct BareHook {
  runhook_callback before;
  runhook_callback after;
  void* user_data;
};

// An array of hooks. Each call is given a number of its own, which it has to return.
struct BareHooks {
  std::vector<BareHook> list;
  std::uint32_t calls = 0;
};

// before of each hook, `session`, after of each hook; and that `steps` times. Ends with the first call that fails, and
// returns whether there was none.
bool bare_steps(BareHooks& hooks, runhook_callback session, std::int64_t steps);
// The same with eight call sites in the loop, for a multiple of eight hooks: what is left of long lists when the branch
// predictor is dealt with.
bool bare_steps_of_eight(BareHooks& hooks, runhook_callback session, std::int64_t steps);
// One step with a boost::signals2 for each side, which returns whether all went well; empty where Boost is not
// installed.
std::function<bool()> signals_step(const std::vector<BareHook>& hooks, runhook_callback session);

}  // namespace bench

#endif  // RUNHOOK_TESTS_BENCH_BASELINES_HPP_
