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

// A saved state: what its source calls it, and the global step it belongs to.
struct CheckpointInfo {
  std::string path;
  std::int64_t step = 0;
  bool operator==(const CheckpointInfo&) const = default;
};

// Finds saved states and restores them. Used by one thread at a time: threads have sources of their own. Since 1.0.
class CheckpointSource {
 public:
  virtual ~CheckpointSource() = default;
  virtual std::optional<CheckpointInfo> latest() = 0;  // nullopt if there is none, or none that can be read
  // Writes all global variables of the session. What only the state has is passed by. Throws NOT_FOUND if the state
  // lacks one of them, or is no longer there.
  virtual void restore(const CheckpointInfo& checkpoint, Session& session) = 0;
};

// The newest state that a MemorySaver keeps. What latest() has told last can be restored also after the saver has gone
// on. Throws INVALID_ARGUMENT for NULL. Since 1.0.
std::shared_ptr<CheckpointSource> memory_checkpoints(std::shared_ptr<const MemorySaver> saver);

struct CheckpointWaitOptions {
  std::chrono::nanoseconds poll{1'000'000'000};          // between two looks at the source
  std::optional<std::chrono::nanoseconds> timeout = {};  // empty: for ever; 0: one look
  std::shared_ptr<Clock> clock = {};                     // NULL: the system clock
  std::shared_ptr<StopState> stop = {};                  // a stop request ends the wait at once; NULL: none can
};

// Waits for a checkpoint other than `seen`. nullopt: none came in time, or a stop has been asked for; it gives up as
// soon as the next look would come too late. Throws what the source throws, and INVALID_ARGUMENT for a poll interval
// that is not positive or a negative time-out. Since 1.0.
std::optional<CheckpointInfo> wait_for_new_checkpoint(CheckpointSource& source,
                                                      const std::optional<CheckpointInfo>& seen,
                                                      const CheckpointWaitOptions& options = {});

struct CheckpointWatchOptions {
  CheckpointWaitOptions wait = {};
  std::chrono::nanoseconds min_interval{
      0};  // from one checkpoint to the next, at least; what comes between is passed by
  // Asked when a wait has timed out: whether to give up. Empty: gives up.
  std::function<bool()> on_timeout = {};
};

// Gives one new checkpoint after the other. After tf.train.checkpoints_iterator. Since 1.0.
class CheckpointWatcher {
 public:
  // Throws INVALID_ARGUMENT as wait_for_new_checkpoint() does, and for a NULL source or a negative interval.
  explicit CheckpointWatcher(std::shared_ptr<CheckpointSource> source, CheckpointWatchOptions options = {});
  std::optional<CheckpointInfo> next();  // nullopt: no more is expected, or a stop has been asked for

 private:
  std::shared_ptr<CheckpointSource> source_;
  CheckpointWatchOptions options_;
  std::optional<CheckpointInfo> seen_;
  std::int64_t seen_ns_ = 0;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_CHECKPOINT_SOURCE_HPP_
