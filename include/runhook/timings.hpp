// runhook/timings.hpp: where the time of a session's steps goes.
#ifndef RUNHOOK_TIMINGS_HPP_
#define RUNHOOK_TIMINGS_HPP_

#include <cstdint>
#include <string>
#include <vector>

namespace runhook::inline v1 {

// The time that one thing takes, in nanoseconds. The estimated time of reading the clock is subtracted.
struct Timing {
  std::int64_t samples = 0;   // how many were measured
  std::int64_t mean_ns = 0;   // estimate for all runs: samples are weighted by how many runs each stands for
  std::int64_t max_ns = 0;    // of the samples
  std::int64_t total_ns = 0;  // estimate for all runs, measured or not
  double share = 0;           // of the time of all steps, estimated; 0 outside of steps
};

// Time in one callback of one hook.
struct CallbackTiming : Timing {
  std::string hook;
  std::string callback;  // e.g. "before_run"
};

// How many steps took at least from_ns, and less than to_ns.
struct TimingBucket {
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0;
  std::int64_t steps = 0;  // estimate for all of them, measured or not
};

// Duration of steps, from the first callback to the last. Percentiles are exact to within 7 %.
struct StepTiming : Timing {
  std::int64_t p50_ns = 0;
  std::int64_t p90_ns = 0;
  std::int64_t p99_ns = 0;
  // From the shortest steps to the longest; each begins where the one before ends.
  std::vector<TimingBucket> buckets;
};

// What MonitoredSession::timings() returns: a copy.
//
// A session measures its first runs, and later as many as it can without slowing the loop down by more than about half
// a percent: all of them, if they are long. Runs in which a hook's trigger is due and runs in which none is are sampled
// separately, so that rare and expensive callbacks are not missed. Callbacks outside of runs are all measured. Runs
// that fail or are skipped are not counted. Since 1.0.
struct Timings {
  std::int64_t runs = 0;                  // completed runs that the estimates stand for
  StepTiming step;                        // one per run
  Timing session_run;                     // the session executing the step
  std::vector<CallbackTiming> callbacks;  // that have been measured, in the order of the hooks
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_TIMINGS_HPP_
