#include <optional>
#include <utility>

#include "base/format.hpp"
#include "base/refuse.hpp"
#include "checkpoint/checkpoint_files.hpp"
#include "runhook/checkpoint.hpp"
#include "session/session_variables.hpp"

namespace runhook::inline v1 {

namespace {

class DirectoryCheckpoints final : public CheckpointSource {
 public:
  explicit DirectoryCheckpoints(std::string directory) : directory_(std::move(directory)) {
    if (directory_.empty()) detail::refuse("the directory of the checkpoints is empty");
  }

  std::optional<CheckpointInfo> latest() override {
    std::vector<std::int64_t> steps = detail::steps_in(detail::system_files(), directory_);
    for (; !steps.empty(); steps.pop_back()) {
      try {
        if (!held_ || !is_held(steps.back())) held_ = open_checkpoint(directory_, steps.back());
      } catch (const StatusError& failed) {
        if (failed.code() != StatusCode::not_found && failed.code() != StatusCode::data_loss) throw;
        continue;
      }
      return info_of(held_->summary());
    }
    return std::nullopt;
  }

  void restore(const CheckpointInfo& checkpoint, Session& session) override {
    const bool is_there = held_ && info_of(held_->summary()) == checkpoint;
    const StoredCheckpoint opened = is_there ? *held_ : open_checkpoint(directory_, checkpoint.step);
    detail::restore_all(session, opened.load(), fmt::format("checkpoint '{}'", checkpoint.path));
  }

 private:
  static CheckpointInfo info_of(const CheckpointSummary& one) { return {one.path, one.step, one.saved_unix_ns}; }
  // Whether what has the name of this step now is what is held.
  bool is_held(std::int64_t step) const {
    return held_->step() == step &&
           info_of(detail::summarize(detail::system_files(), directory_, step)) == info_of(held_->summary());
  }

  const std::string directory_;
  std::optional<StoredCheckpoint> held_;
};

}  // namespace

std::shared_ptr<CheckpointSource> directory_checkpoints(std::string directory) {
  return std::make_shared<DirectoryCheckpoints>(std::move(directory));
}

}  // namespace runhook::inline v1
