// What is behind a runhook_checkpoint_store and a runhook_checkpoint_watcher, and options that several functions share.
#ifndef RUNHOOK_CAPI_HANDLE_CHECKPOINT_HANDLE_HPP_
#define RUNHOOK_CAPI_HANDLE_CHECKPOINT_HANDLE_HPP_

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "boundary/handle_box.hpp"
#include "runhook/checkpoint.h"
#include "runhook/checkpoint.hpp"
#include "runhook/checkpoint_source.hpp"
#include "runhook/stop.hpp"

namespace runhook::capi {

struct CheckpointStoreBox final : Boxed {
  explicit CheckpointStoreBox(std::shared_ptr<CheckpointStore> its_store) noexcept : store(std::move(its_store)) {}
  const std::shared_ptr<CheckpointStore> store;
};
RUNHOOK_CAPI_BOX(runhook_checkpoint_store, CheckpointStoreBox, checkpoint_store);

struct CheckpointWatcherBox final : Boxed {
  CheckpointWatcherBox(std::string its_directory, const CheckpointWatchOptions& options)
      : directory(std::move(its_directory)),
        source(directory_checkpoints(directory)),
        stop(options.wait.stop),
        watcher(source, options) {}
  const std::string directory;
  const std::shared_ptr<CheckpointSource> source;
  const std::shared_ptr<StopState> stop;  // may be NULL
  CheckpointWatcher watcher;
  std::optional<CheckpointInfo> unevaluated;  // found, but its evaluation has failed or was cut short
};
RUNHOOK_CAPI_BOX(runhook_checkpoint_watcher, CheckpointWatcherBox, checkpoint_watcher);

// `stop` ends the wait if the watcher has no stop source; may be NULL. Throws STOPPED and DEADLINE_EXCEEDED.
CheckpointInfo next_checkpoint(CheckpointWatcherBox& box, const std::shared_ptr<StopState>& stop = {});

// NULL is the default. Throws INVALID_ARGUMENT, UNIMPLEMENTED.
CheckpointRetention retention_from(const runhook_retention* given);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_CHECKPOINT_HANDLE_HPP_
