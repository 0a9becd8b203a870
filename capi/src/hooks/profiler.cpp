#include "runhook/profiler.h"

#include "boundary/option_value.hpp"
#include "boundary/table.hpp"
#include "boundary/text.hpp"
#include "hooks/builtin_hook.hpp"
#include "runhook/hooks/profiler.hpp"

namespace runhook::capi {

namespace {

constexpr std::size_t kProfilerSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_profiler_options, reserved);
static_assert(offsetof(runhook_profiler_options, directory) == 24 && kProfilerSizeV1_0 == 56,
              "the 1.0 prefix is frozen");

ProfilerOptions options_from(const runhook_profiler_options* given) {
  const runhook_profiler_options copy = read_struct(given, kProfilerSizeV1_0);
  constexpr std::int32_t kNoTrace = -1;
  if (copy.trace_level < kNoTrace || copy.trace_level > RUNHOOK_TRACE_FULL) {
    throw StatusError(StatusCode::invalid_argument, "the trace level is not a known one");
  }
  ProfilerOptions wanted;
  const Periods periods = periods_from(copy.every_n_steps, copy.every_ns);
  wanted.every_n_steps = periods.count;
  wanted.every_n_secs = periods.seconds;
  if (copy.directory != nullptr) wanted.directory = required_text(copy.directory, "directory");
  wanted.capacity =
      static_cast<std::size_t>(number_or(copy.capacity, static_cast<std::int64_t>(wanted.capacity), "capacity"));
  wanted.record_every_run = read_flag(copy.record_every_run, "record_every_run");
  wanted.record_samples = read_flag(copy.record_samples, "record_samples");
  check_reserved(copy.reserved);
  if (copy.trace_level == kNoTrace) wanted.trace_level = TraceLevel::none;
  if (copy.trace_level > RUNHOOK_TRACE_NONE) wanted.trace_level = static_cast<TraceLevel>(copy.trace_level);
  return wanted;
}

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_builtin_hook* runhook_profiler_hook_create(const runhook_profiler_options* options, runhook_error** error) {
  return made_hook(error, [&] { return ProfilerHook::make(options_from(options)); });
}

runhook_status runhook_profiler_dump(const runhook_builtin_hook* hook, const char* path, runhook_error** error) {
  return guarded(error, [&] {
    const auto profiler = require_hook<ProfilerHook>(hook, "a profiler");
    profiler->dump(std::string(required_text(path, "path")));
  });
}
