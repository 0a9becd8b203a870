#include "runhook/checkpoint.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "boundary/exception_guard.hpp"
#include "boundary/log_table.hpp"
#include "boundary/option_value.hpp"
#include "boundary/options_with_tables.hpp"
#include "boundary/text.hpp"
#include "handle/checkpoint_handle.hpp"
#include "handle/snapshot_handle.hpp"
#include "handle/stop_handle.hpp"
#include "hooks/builtin_hook.hpp"
#include "runhook/hooks/stop_at_checkpoint_step.hpp"

namespace runhook::capi {

namespace {

constexpr std::size_t kRetentionSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_retention, reserved);
constexpr std::size_t kStoreSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_checkpoint_store_options, reserved);
constexpr std::size_t kStopAtCheckpointSizeV1_0 =
    RUNHOOK_CAPI_SIZE_TO(runhook_stop_at_checkpoint_step_options, wait_ns);
constexpr std::size_t kWatcherSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_checkpoint_watcher_options, min_interval_ns);
static_assert(kStopAtCheckpointSizeV1_0 == 32 && kWatcherSizeV1_0 == 48, "the 1.0 prefix is frozen");
static_assert(offsetof(runhook_retention, metric) == 24 && kRetentionSizeV1_0 == 56 && kStoreSizeV1_0 == 40,
              "the 1.0 prefix is frozen");

[[noreturn]] void refuse_none(const std::string& directory) {
  throw StatusError(StatusCode::not_found, "there are no checkpoints in '" + directory + "'");
}

runhook_snapshot* give_snapshot(Snapshot snapshot) { return create<runhook_snapshot>(std::move(snapshot)); }

}  // namespace

CheckpointRetention retention_from(const runhook_retention* given) {
  static constexpr runhook_retention kDefaults = RUNHOOK_RETENTION_INIT;
  const runhook_retention copy = read_struct(given, kRetentionSizeV1_0, kDefaults);
  check_reserved(copy.reserved);
  CheckpointRetention keep;
  keep.last = amount_or(copy.last, keep.last);
  keep.best = amount_or(copy.best, 0);
  keep.metric = optional_text(copy.metric, "metric");
  keep.higher_is_better = read_flag(copy.higher_is_better, "higher_is_better");
  keep.every_n_steps = amount_or(copy.every_steps, 0);
  keep.every = std::chrono::nanoseconds(amount_or(copy.every_ns, 0));
  return keep;
}

CheckpointInfo next_checkpoint(CheckpointWatcherBox& box, const std::shared_ptr<StopState>& stop) {
  const std::shared_ptr<StopState>& stops = box.stop != nullptr ? box.stop : stop;
  if (const std::optional<CheckpointInfo> found = box.watcher.next(stops)) return *found;
  if (stops != nullptr && stops->requested()) throw StatusError(StatusCode::stopped, "a stop has been asked for");
  throw StatusError(StatusCode::deadline_exceeded, "there is no new checkpoint in '" + box.directory + "'");
}

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_checkpoint_store* runhook_checkpoint_store_create(const char* directory,
                                                          const runhook_checkpoint_store_options* options,
                                                          runhook_error** error) {
  OptionsWithTables given(options, kStoreSizeV1_0, error);
  LogSink log;
  given.take(given->log, log, accept_log);
  if (!given.ok()) return nullptr;
  return guarded_handle(error, [&] {
    CheckpointStoreOptions wanted;
    wanted.keep = retention_from(given->keep);
    wanted.log = std::move(log);
    wanted.session = optional_text(given->session, "session");
    if (read_flag(given->process_crash_only, "process_crash_only")) wanted.durability = Durability::process_crash;
    check_reserved(given->reserved);
    return create<runhook_checkpoint_store>(
        std::make_shared<CheckpointStore>(std::string(required_text(directory, "directory")), std::move(wanted)));
  });
}

void runhook_checkpoint_store_destroy(runhook_checkpoint_store* store) { capi::destroy(store); }

runhook_status runhook_checkpoint_store_save(runhook_checkpoint_store* store, const runhook_snapshot* snapshot,
                                             int32_t* written, runhook_error** error) {
  return guarded(error, [&] {
    const auto target = require(store).store;
    const auto box = require_pinned(snapshot);
    const bool is_new = target->save(box->snapshot);
    if (written != nullptr) *written = is_new ? 1 : 0;
  });
}

runhook_snapshot* runhook_checkpoint_store_restore(runhook_checkpoint_store* store, runhook_error** error) {
  return guarded_handle(error, [&] {
    const auto target = require(store).store;
    auto newest = target->restore();
    if (!newest) refuse_none(target->directory());
    return give_snapshot(std::move(*newest));
  });
}

runhook_snapshot* runhook_checkpoint_store_restore_step(runhook_checkpoint_store* store, int64_t step,
                                                        runhook_error** error) {
  return guarded_handle(error, [&] { return give_snapshot(require(store).store->restore(step)); });
}

runhook_snapshot* runhook_checkpoint_read(const char* directory, int64_t step, runhook_error** error) {
  return guarded_handle(error, [&] {
    const std::string where(required_text(directory, "directory"));
    if (step >= 0) return give_snapshot(open_checkpoint(where, step).load());
    const auto newest = open_newest_checkpoint(where);
    if (!newest) refuse_none(where);
    return give_snapshot(newest->load());
  });
}

runhook_checkpoint_watcher* runhook_checkpoint_watcher_create(const runhook_checkpoint_watcher_options* options,
                                                              runhook_error** error) {
  return guarded_handle(error, [&] {
    const runhook_checkpoint_watcher_options given = read_struct(options, kWatcherSizeV1_0);
    CheckpointWatchOptions wanted;
    wanted.wait.poll = std::chrono::nanoseconds(number_or(given.poll_ns, wanted.wait.poll.count(), "poll_ns"));
    if (given.timeout_ns > 0) wanted.wait.timeout = std::chrono::nanoseconds(given.timeout_ns);
    if (given.stop != nullptr) wanted.wait.stop = require(given.stop).source.state();
    wanted.min_interval = std::chrono::nanoseconds(amount_or(given.min_interval_ns, 0));
    return create<runhook_checkpoint_watcher>(std::string(required_text(given.directory, "directory")), wanted);
  });
}

void runhook_checkpoint_watcher_destroy(runhook_checkpoint_watcher* watcher) { capi::destroy(watcher); }

runhook_status runhook_checkpoint_watcher_next(runhook_checkpoint_watcher* watcher, int64_t* step,
                                               runhook_error** error) {
  return guarded(error, [&] {
    CheckpointWatcherBox& box = require_unpinned(watcher);
    const CheckpointInfo found = next_checkpoint(box);
    box.unevaluated.reset();
    if (step != nullptr) *step = found.step;
  });
}

runhook_builtin_hook* runhook_stop_at_checkpoint_step_hook_create(
    const runhook_stop_at_checkpoint_step_options* options, runhook_error** error) {
  return made_hook(error, [&] {
    const runhook_stop_at_checkpoint_step_options given = read_struct(options, kStopAtCheckpointSizeV1_0);
    StopAtCheckpointStepOptions wanted;
    wanted.source = directory_checkpoints(std::string(required_text(given.directory, "directory")));
    if (given.last_step < 0) throw StatusError(StatusCode::invalid_argument, "last_step is negative");
    wanted.last_step = given.last_step;
    wanted.wait = std::chrono::nanoseconds(number_or(given.wait_ns, wanted.wait.count(), "wait_ns"));
    return plain_hook<StopAtCheckpointStepHook>(std::move(wanted));
  });
}

runhook_status runhook_checkpoint_pin(const char* directory, int64_t step, int32_t pinned, runhook_error** error) {
  return guarded(error, [&] {
    pin_checkpoint(std::string(required_text(directory, "directory")), step, read_flag(pinned, "pinned"));
  });
}
