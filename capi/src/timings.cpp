#include "runhook/timings.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "boundary/exception_guard.hpp"
#include "boundary/table.hpp"
#include "call/monitored_handle.hpp"
#include "runhook/timings.hpp"

namespace runhook::capi {

struct TimingsBox final : Boxed {
  explicit TimingsBox(Timings its_timings) noexcept : timings(std::move(its_timings)) {}
  const Timings timings;
};
RUNHOOK_CAPI_BOX(runhook_timings, TimingsBox, timings);

namespace {

constexpr std::size_t kTimingSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_timing, share);
static_assert(offsetof(runhook_timing, samples) == 24 && kTimingSizeV1_0 == 88, "the 1.0 prefix is frozen");

// Fills what all timings have.
runhook_timing told(const Timing& timing, const char* hook, const char* callback) noexcept {
  runhook_timing filled = RUNHOOK_TIMING_INIT;
  filled.hook = hook;
  filled.callback = callback;
  filled.samples = timing.samples;
  filled.mean_ns = timing.mean_ns;
  filled.max_ns = timing.max_ns;
  filled.total_ns = timing.total_ns;
  filled.share = timing.share;
  return filled;
}

void hand_over(runhook_timing filled, runhook_timing* out) {
  check_filled(out, kTimingSizeV1_0);
  const std::size_t size = out->struct_size;
  filled.struct_size = size;
  std::memcpy(out, &filled, std::min(size, sizeof filled));
}

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_timings* runhook_monitored_session_timings(const runhook_monitored_session* session, runhook_error** error) {
  return guarded_handle(error, [&] {
    Timings timings = SessionReading(session).require().get().timings();
    return create<runhook_timings>(std::move(timings));
  });
}

int64_t runhook_timings_runs(const runhook_timings* timings) {
  const auto* box = find(timings);
  return box != nullptr ? box->timings.runs : 0;
}

runhook_status runhook_timings_step(const runhook_timings* timings, runhook_timing* timing, runhook_error** error) {
  return guarded(error, [&] {
    const StepTiming& step = require(timings).timings.step;
    runhook_timing filled = told(step, "", "step");
    filled.p50_ns = step.p50_ns;
    filled.p90_ns = step.p90_ns;
    filled.p99_ns = step.p99_ns;
    hand_over(filled, timing);
  });
}

runhook_status runhook_timings_session_run(const runhook_timings* timings, runhook_timing* timing,
                                           runhook_error** error) {
  return guarded(error, [&] { hand_over(told(require(timings).timings.session_run, "", "run"), timing); });
}

size_t runhook_timings_count(const runhook_timings* timings) {
  const auto* box = find(timings);
  return box != nullptr ? box->timings.callbacks.size() : 0;
}

runhook_status runhook_timings_at(const runhook_timings* timings, size_t index, runhook_timing* timing,
                                  runhook_error** error) {
  return guarded(error, [&] {
    const auto& callbacks = require(timings).timings.callbacks;
    if (index >= callbacks.size()) throw StatusError(StatusCode::not_found, "there is no such callback");
    const CallbackTiming& one = callbacks[index];
    hand_over(told(one, one.hook.c_str(), one.callback.c_str()), timing);
  });
}

void runhook_timings_destroy(runhook_timings* timings) { capi::destroy(timings); }
