#include "runhook/loop.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "boundary/exception_guard.hpp"
#include "boundary/option_value.hpp"
#include "boundary/sized_struct.hpp"
#include "boundary/table.hpp"
#include "boundary/text.hpp"
#include "call/hook.hpp"
#include "call/monitored_handle.hpp"
#include "handle/config_handle.hpp"
#include "handle/error_handle.hpp"
#include "hooks/checkpoint.hpp"
#include "runhook/default_hooks.hpp"
#include "runhook/hooks/stop_on_signal.hpp"
#include "runhook/signals.hpp"
#include "src/base/refuse.hpp"
#include "src/base/standard_error.hpp"

namespace runhook::capi {

namespace {

using v1::detail::refuse;

constexpr std::size_t kLoopSizeV1_0 =
    RUNHOOK_CAPI_SIZE_TO(runhook_loop_options, checkpoints);  // NOLINT(bugprone-sizeof-expression)
static_assert(offsetof(runhook_loop_options, dir) == 8 && offsetof(runhook_loop_options, scalars) == 16 &&
                  offsetof(runhook_loop_options, hooks) == 32 && offsetof(runhook_loop_options, max_steps) == 48 &&
                  offsetof(runhook_loop_options, interval_ns) == 56 && kLoopSizeV1_0 == 96,
              "the 1.0 prefix is frozen");

// Takes over all of them before the first is looked at more closely, so that each is destroyed once, whatever comes.
std::vector<std::shared_ptr<CHook>> accept_hooks(const runhook_hook* const* hooks, std::size_t count) {
  if (hooks == nullptr) return {};
  std::vector<std::pair<runhook_hook, UserData>> tables(count);
  Error first;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    runhook_error* refused = nullptr;
    if (accept_hook(hooks[i], tables[i].first, tables[i].second, &refused) == RUNHOOK_OK) continue;
    if (!first) first = error_from_handle(refused);
    runhook_error_destroy(refused);
  }
  if (first) throw StatusError(first);
  std::vector<std::shared_ptr<CHook>> accepted;
  accepted.reserve(count);
  for (auto& [table, owner] : tables) accepted.push_back(std::make_shared<CHook>(table, std::move(owner)));
  return accepted;
}

void check_list(const void* list, std::size_t count, const std::string& name) {
  if (list != nullptr && count == 0) refuse(name + " are given, but their count is 0");
  if (list == nullptr && count != 0) refuse(name + " is NULL, but its count is " + std::to_string(count));
}

void configure(ConfigBox& box, const runhook_loop_options& given, const std::optional<CheckpointRequest>& saved) {
  for (auto& hook : accept_hooks(given.hooks, given.hook_count)) box.add({std::move(hook), {}}, /*chief_only=*/false);
  check_list(given.hooks, given.hook_count, "hooks");
  check_list(given.scalars, given.scalar_count, "scalars");
  if (given.scalars != nullptr && given.dir == nullptr) refuse("scalars are for the hooks of dir: give a dir");
  if (given.parameters != nullptr && given.dir == nullptr) refuse("parameters are for the files in dir: give a dir");
  if (given.interval_ns < 0) refuse("interval_ns is negative");
  InlineOptions loop;
  loop.max_steps = given.max_steps;
  use_creator(box, inline_session_creator(std::move(loop)), /*single=*/false);
  if (saved) {
    const std::string preset = given.dir != nullptr ? std::string(given.dir) + "/checkpoints" : std::string();
    box.add(saved->make(preset), /*chief_only=*/false);
  }
  if (given.dir == nullptr) {
    box.add(StopOnSignalHook::make(), /*chief_only=*/false);
    return;
  }
  DefaultHooks wanted;
  wanted.dir = required_text(given.dir, "dir");
  if (given.scalars != nullptr) wanted.scalars = required_texts(given.scalars, given.scalar_count, "scalars");
  wanted.keep_all = read_flag(given.keep_all, "keep_all");
  if (given.interval_ns > 0) wanted.interval = std::chrono::nanoseconds(given.interval_ns);
  wanted.quiet = read_flag(given.quiet, "quiet");
  wanted.parameters = optional_text(given.parameters, "parameters");
  wanted.max_bytes = size_limit(given.max_bytes);
  wanted.checkpoints = false;  // a loop that stays where it is has no variables
  for (HookRegistration& hook : default_hooks(wanted)) box.add(std::move(hook), /*chief_only=*/false);
}

void say(const std::string& text) { v1::detail::write_to_standard_error("runhook: " + text + "\n"); }

struct LoopEnd {
  Outcome outcome;
  bool quiet;
};
LoopEnd end_of(const runhook_monitored_session* loop) {
  const SessionReading reading(loop);
  const MonitoredBox& box = reading.require();
  return {box.get().outcome(), box.quiet};
}

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_monitored_session* runhook_loop_open(const runhook_loop_options* options, runhook_error** error) {
  return guarded_handle(error, [&] {
    const runhook_loop_options given =
        read_struct(options, kLoopSizeV1_0, runhook_loop_options(RUNHOOK_LOOP_OPTIONS_INIT));
    std::optional<CheckpointRequest> saved;
    runhook_error* refused = nullptr;
    if (given.checkpoints != nullptr) saved.emplace(given.checkpoints, &refused);
    const Error refusal = error_from_handle(refused);
    runhook_error_destroy(refused);
    ConfigBox box;
    configure(box, given, refusal ? std::nullopt : saved);
    if (refusal) throw StatusError(refusal);
    const bool quiet = read_flag(given.quiet, "quiet");
    runhook_monitored_session* const loop = new_session(box);
    require(loop).quiet = quiet;
    return loop;
  });
}

int32_t runhook_loop_finish(runhook_monitored_session* loop, runhook_error* error) {
  return guarded_value<int32_t>(1, [&]() -> int32_t {
    const Error failure = error_from_handle(error);
    if (error != nullptr && !failure) {
      say("error: what is given as the error of the loop is not a valid error");
      return 1;
    }
    runhook_error_destroy(error);
    if (loop == nullptr) {
      say(failure ? "error: " + failure.to_string() : "error: there is no loop to finish");
      return 1;
    }
    const bool ended = end_of(loop).outcome.kind != OutcomeKind::running;  // and its log has said what it had to
    guarded(nullptr, [&] {
      require(loop).get().error_unheard();
      close_session(loop, failure, /*heard=*/false);
    });
    const auto [outcome, quiet] = end_of(loop);
    runhook_monitored_session_destroy(loop);
    if (ended && failure && !is_clean_end(failure.code())) {
      say("error: " + failure.to_string());
      return std::max(exit_status(outcome), 1);
    }
    if (outcome.kind != OutcomeKind::failed && !quiet) say(outcome.to_string());
    return exit_status(outcome);
  });
}
