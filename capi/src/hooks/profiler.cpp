#include "runhook/profiler.h"

#include "boundary/table.hpp"
#include "boundary/text.hpp"
#include "hooks/builtin_hook.hpp"
#include "runhook/hooks/profiler.hpp"

namespace runhook::capi {

namespace {

constexpr std::size_t kProfilerSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_profiler_options, trace_level);
static_assert(offsetof(runhook_profiler_options, directory) == 24 && kProfilerSizeV1_0 == 48,
              "the 1.0 prefix is frozen");

ProfilerOptions options_from(const runhook_profiler_options* given) {
  const runhook_profiler_options copy = read_struct(given, kProfilerSizeV1_0);
  if (copy.every_n_steps < 0 || copy.every_ns < 0 || copy.capacity < 0) {
    throw StatusError(StatusCode::invalid_argument, "an interval or the capacity is negative");
  }
  if (copy.trace_level < RUNHOOK_TRACE_NONE || copy.trace_level > RUNHOOK_TRACE_FULL) {
    throw StatusError(StatusCode::invalid_argument, "the trace level is not a known one");
  }
  constexpr double kNsPerSecond = 1e9;
  ProfilerOptions wanted;
  if (copy.every_n_steps > 0) wanted.every_n_steps = copy.every_n_steps;
  if (copy.every_ns > 0) wanted.every_n_secs = static_cast<double>(copy.every_ns) / kNsPerSecond;
  if (copy.directory != nullptr) wanted.directory = required_text(copy.directory, "directory");
  if (copy.capacity > 0) wanted.capacity = static_cast<std::size_t>(copy.capacity);
  wanted.record_every_run = read_flag(copy.record_every_run, "record_every_run");
  wanted.trace_level = static_cast<TraceLevel>(copy.trace_level);
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
