// runhook/checkpoint_source.hpp: where saved states are found, and waiting for new ones.
#ifndef RUNHOOK_CHECKPOINT_SOURCE_HPP_
#define RUNHOOK_CHECKPOINT_SOURCE_HPP_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "runhook/clock.hpp"
#include "runhook/session.hpp"
#include "runhook/snapshot.hpp"
#include "runhook/stop.hpp"

namespace runhook::inline v1 {

// A saved state: what its source calls it, the global step it belongs to, and when it was saved, if the source knows:
// a run that goes back may save another one in the same place.
struct CheckpointInfo {
  std::string path;
  std::int64_t step = 0;
  std::int64_t saved_unix_ns = 0;
  bool operator==(const CheckpointInfo&) const = default;
};

// Finds saved states and restores them. Used by one thread at a time: give each thread its own source. Since 1.0.
class CheckpointSource {
 public:
  virtual ~CheckpointSource() = default;
  virtual std::optional<CheckpointInfo> latest() = 0;  // nullopt if there is none, or none that can be read
  // Writes all global variables of the session; other variables of the state are ignored. Throws NOT_FOUND if the state
  // lacks one of them, or no longer exists.
  virtual void restore(const CheckpointInfo& checkpoint, Session& session) = 0;
};

// The newest state that a MemorySaver keeps. The last state that latest() has returned can be restored even after the
// saver has saved another. Throws INVALID_ARGUMENT for NULL. Since 1.0.
std::shared_ptr<CheckpointSource> memory_checkpoints(std::shared_ptr<const MemorySaver> saver);

struct CheckpointWaitOptions {
  std::chrono::nanoseconds poll{1'000'000'000};          // time between two calls of the source's latest()
  std::optional<std::chrono::nanoseconds> timeout = {};  // empty: for ever; 0: latest() is called once
  std::shared_ptr<Clock> clock = {};                     // NULL: the system clock
  std::shared_ptr<StopState> stop = {};                  // a stop request ends the wait at once; may be NULL
};

// Waits for a checkpoint other than `seen`. Returns nullopt if none came in time, or a stop has been asked for; it does
// not wait for a poll that would come after the time-out. Throws what the source throws, and INVALID_ARGUMENT for a
// poll interval that is not positive or a negative time-out. Since 1.0.
std::optional<CheckpointInfo> wait_for_new_checkpoint(CheckpointSource& source,
                                                      const std::optional<CheckpointInfo>& seen,
                                                      const CheckpointWaitOptions& options = {});

struct CheckpointWatchOptions {
  CheckpointWaitOptions wait = {};
  // The shortest time from one checkpoint to the next; others that come in between are left out.
  std::chrono::nanoseconds min_interval{0};
  // Called when a wait has timed out; returns whether to give up. Empty: gives up.
  std::function<bool()> on_timeout = {};
};

// Gives one new checkpoint after the other. After tf.train.checkpoints_iterator. Since 1.0.
class CheckpointWatcher {
 public:
  // Throws INVALID_ARGUMENT as wait_for_new_checkpoint() does, and for a NULL source or a negative interval.
  explicit CheckpointWatcher(std::shared_ptr<CheckpointSource> source, CheckpointWatchOptions options = {});
  // nullopt: it gave up after a time-out, or a stop has been asked for; of `stop`, if that is not NULL, in place of the
  // one of the options.
  std::optional<CheckpointInfo> next(const std::shared_ptr<StopState>& stop = {});

 private:
  std::shared_ptr<CheckpointSource> source_;
  CheckpointWatchOptions options_;
  std::optional<CheckpointInfo> seen_;
  std::int64_t seen_ns_ = 0;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_CHECKPOINT_SOURCE_HPP_
