#include <algorithm>

#include "boundary/exception_guard.hpp"
#include "boundary/text.hpp"
#include "handle/run_args_handle.hpp"
#include "runhook/run_args.h"
#include "src/base/find_named.hpp"

using runhook::HookSelection;
using runhook::RunOptions;
using runhook::StatusCode;
using runhook::StatusError;
using runhook::TraceLevel;
using namespace runhook::capi;  // NOLINT: this file implements the C functions in terms of it

namespace {

static_assert(RUNHOOK_TRACE_NONE == static_cast<int>(TraceLevel::none) &&
              RUNHOOK_TRACE_SOFTWARE == static_cast<int>(TraceLevel::software) &&
              RUNHOOK_TRACE_HARDWARE == static_cast<int>(TraceLevel::hardware) &&
              RUNHOOK_TRACE_FULL == static_cast<int>(TraceLevel::full));
static_assert(RUNHOOK_HOOKS_ALL == static_cast<int>(HookSelection::all) &&
              RUNHOOK_HOOKS_NONE == static_cast<int>(HookSelection::none) &&
              RUNHOOK_HOOKS_NAMED == static_cast<int>(HookSelection::named));

template <class Change>
runhook_status change(runhook_run_options* options, runhook_error** error, Change&& make) noexcept {
  return guarded(error, [&] {
    const RunOptionsBox& box = require(options);
    if (box.changeable == nullptr) throw StatusError(StatusCode::failed_precondition, "the run options are borrowed");
    if (box.part_of != nullptr && box.part_of->pins != 0) runhook::capi::detail::refuse_change(HandleKind::run_options);
    make(*box.changeable);
  });
}

template <class T, class Get>
T read(const runhook_run_options* options, T neutral, Get&& get) noexcept {
  const auto* box = find(options);
  return box != nullptr ? get(*box->shown) : neutral;
}

}  // namespace

runhook_run_options* runhook_run_options_create(runhook_error** error) {
  return guarded_handle(error, [] { return create<runhook_run_options>(); });
}

void runhook_run_options_destroy(runhook_run_options* options) { destroy(options); }

runhook_status runhook_run_options_set_trace_level(runhook_run_options* options, int32_t level, runhook_error** error) {
  return change(options, error, [&](RunOptions& target) {
    if (level < RUNHOOK_TRACE_NONE || level > RUNHOOK_TRACE_FULL) {
      throw StatusError(StatusCode::invalid_argument, "not a trace level");
    }
    target.trace_level = static_cast<TraceLevel>(level);
  });
}

runhook_status runhook_run_options_set_timeout_ns(runhook_run_options* options, int64_t timeout_ns,
                                                  runhook_error** error) {
  return change(options, error, [&](RunOptions& target) { target.timeout_ns = timeout_ns; });
}

runhook_status runhook_run_options_add_watch(runhook_run_options* options, const char* watch, runhook_error** error) {
  return change(options, error,
                [&](RunOptions& target) { target.watches.emplace_back(required_text(watch, "the watch")); });
}

runhook_status runhook_run_options_set_engine_option(runhook_run_options* options, const char* key, const char* value,
                                                     runhook_error** error) {
  return change(options, error, [&](RunOptions& target) {
    const auto wanted = required_text(key, "the key");
    const auto text = required_text(value, "the value");
    if (wanted.empty()) throw StatusError(StatusCode::invalid_argument, "the key is empty");
    if (auto* const found = runhook::v1::detail::find_named(target.engine, wanted)) {
      *found = text;
    } else {
      target.engine.emplace_back(wanted, text);
    }
  });
}

runhook_status runhook_run_options_set_engine_flag(runhook_run_options* options, const char* flag,
                                                   runhook_error** error) {
  return change(options, error, [&](RunOptions& target) {
    const auto wanted = required_text(flag, "the flag");
    if (wanted.empty()) throw StatusError(StatusCode::invalid_argument, "the flag is empty");
    auto& flags = target.engine_flags;
    if (std::find(flags.begin(), flags.end(), wanted) == flags.end()) flags.emplace_back(wanted);
  });
}

runhook_status runhook_run_options_set_hooks(runhook_run_options* options, int32_t selection, runhook_error** error) {
  return change(options, error, [&](RunOptions& target) {
    if (selection < RUNHOOK_HOOKS_ALL || selection > RUNHOOK_HOOKS_NAMED) {
      throw StatusError(StatusCode::invalid_argument, "not a selection of hooks");
    }
    target.hooks = static_cast<HookSelection>(selection);
  });
}

runhook_status runhook_run_options_add_hook_name(runhook_run_options* options, const char* name,
                                                 runhook_error** error) {
  return change(options, error,
                [&](RunOptions& target) { target.hook_names.emplace_back(required_text(name, "the name")); });
}

int32_t runhook_run_options_trace_level(const runhook_run_options* options) {
  return read<int32_t>(options, RUNHOOK_TRACE_NONE,
                       [](const RunOptions& shown) { return static_cast<int32_t>(shown.trace_level); });
}

int64_t runhook_run_options_timeout_ns(const runhook_run_options* options) {
  return read<int64_t>(options, 0, [](const RunOptions& shown) { return shown.timeout_ns; });
}

size_t runhook_run_options_watch_count(const runhook_run_options* options) {
  return read<size_t>(options, 0, [](const RunOptions& shown) { return shown.watches.size(); });
}

const char* runhook_run_options_watch_at(const runhook_run_options* options, size_t index) {
  return read<const char*>(options, nullptr, [&](const RunOptions& shown) {
    return index < shown.watches.size() ? shown.watches[index].c_str() : nullptr;
  });
}

const char* runhook_run_options_engine_option(const runhook_run_options* options, const char* key) {
  if (key == nullptr) return nullptr;
  return read<const char*>(options, nullptr, [&](const RunOptions& shown) -> const char* {
    for (const auto& [name, value] : shown.engine) {
      if (name == key) return value.c_str();
    }
    return nullptr;
  });
}

int32_t runhook_run_options_engine_flag(const runhook_run_options* options, const char* flag) {
  if (flag == nullptr) return 0;
  return read<int32_t>(options, 0, [&](const RunOptions& shown) {
    const auto& flags = shown.engine_flags;
    return std::find(flags.begin(), flags.end(), flag) != flags.end() ? 1 : 0;
  });
}
