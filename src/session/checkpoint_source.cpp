#include "runhook/checkpoint_source.hpp"

#include <utility>

#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "runhook/error.hpp"
#include "session/session_variables.hpp"

namespace runhook::inline v1 {

namespace {

class MemoryCheckpoints final : public CheckpointSource {
 public:
  explicit MemoryCheckpoints(std::shared_ptr<const MemorySaver> saver) : saver_(std::move(saver)) {
    if (saver_ == nullptr)
      throw StatusError(StatusCode::invalid_argument, "there is no saver to take checkpoints from");
  }

  std::optional<CheckpointInfo> latest() override {
    std::optional<Snapshot> state = saver_->latest();
    if (!state) return std::nullopt;
    told_ = std::move(state);
    return CheckpointInfo{name_of(*told_), told_->global_step};
  }

  void restore(const CheckpointInfo& checkpoint, Session& session) override {
    if (!told_ || name_of(*told_) != checkpoint.path) {
      throw StatusError(StatusCode::not_found, fmt::format("there is no checkpoint '{}' any more", checkpoint.path));
    }
    detail::restore_all(session, *told_, fmt::format("checkpoint '{}'", checkpoint.path));
  }

 private:
  static std::string name_of(const Snapshot& state) { return fmt::format("memory-{}", state.global_step); }
  const std::shared_ptr<const MemorySaver> saver_;
  std::optional<Snapshot> told_;
};

void check(const CheckpointWaitOptions& options) {
  if (options.poll.count() <= 0) throw StatusError(StatusCode::invalid_argument, "the poll interval is not positive");
  if (options.timeout && options.timeout->count() < 0) {
    throw StatusError(StatusCode::invalid_argument, "the time-out is negative");
  }
}

bool stop_requested(const CheckpointWaitOptions& options) {
  return options.stop != nullptr && options.stop->requested();
}

}  // namespace

std::shared_ptr<CheckpointSource> memory_checkpoints(std::shared_ptr<const MemorySaver> saver) {
  return std::make_shared<MemoryCheckpoints>(std::move(saver));
}

std::optional<CheckpointInfo> wait_for_new_checkpoint(CheckpointSource& source,
                                                      const std::optional<CheckpointInfo>& seen,
                                                      const CheckpointWaitOptions& options) {
  check(options);
  const std::shared_ptr<Clock> clock = options.clock != nullptr ? options.clock : system_clock();
  const std::int64_t begun_ns = clock->now_ns();
  while (!stop_requested(options)) {
    std::optional<CheckpointInfo> found = source.latest();
    if (found && found != seen) return found;
    if (options.timeout) {
      const std::int64_t passed_ns = detail::saturating_distance(begun_ns, clock->now_ns());
      if (detail::saturating_distance(passed_ns, options.timeout->count()) < options.poll.count()) break;
    }
    clock->wait(options.poll.count(), options.stop.get());
  }
  return std::nullopt;
}

CheckpointWatcher::CheckpointWatcher(std::shared_ptr<CheckpointSource> source, CheckpointWatchOptions options)
    : source_(std::move(source)), options_(std::move(options)) {
  if (source_ == nullptr) throw StatusError(StatusCode::invalid_argument, "there is no source of checkpoints");
  check(options_.wait);
  if (options_.min_interval.count() < 0) throw StatusError(StatusCode::invalid_argument, "the interval is negative");
  if (options_.wait.clock == nullptr) options_.wait.clock = system_clock();
}

std::optional<CheckpointInfo> CheckpointWatcher::next(const std::shared_ptr<StopState>& stop) {
  Clock& clock = *options_.wait.clock;
  CheckpointWaitOptions wait = options_.wait;
  if (stop != nullptr) wait.stop = stop;
  if (seen_) {
    const std::int64_t passed_ns = detail::saturating_distance(seen_ns_, clock.now_ns());
    const std::int64_t left = detail::saturating_distance(passed_ns, options_.min_interval.count());
    if (left > 0) clock.wait(left, wait.stop.get());
  }
  for (;;) {
    std::optional<CheckpointInfo> found = wait_for_new_checkpoint(*source_, seen_, wait);
    if (found) {
      seen_ = found;
      seen_ns_ = clock.now_ns();
      return found;
    }
    if (stop_requested(wait) || !options_.on_timeout || options_.on_timeout()) return std::nullopt;
  }
}

}  // namespace runhook::inline v1
