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
      if (!held_ || held_->step() != steps.back()) {
        try {
          held_ = open_checkpoint(directory_, steps.back());
        } catch (const StatusError& failed) {
          if (failed.code() != StatusCode::not_found && failed.code() != StatusCode::data_loss) throw;
          continue;
        }
      }
      return CheckpointInfo{held_->summary().path, held_->step()};
    }
    return std::nullopt;
  }

  void restore(const CheckpointInfo& checkpoint, Session& session) override {
    const bool is_held = held_ && held_->summary().path == checkpoint.path;
    const StoredCheckpoint opened = is_held ? *held_ : open_checkpoint(directory_, checkpoint.step);
    detail::restore_all(session, opened.load(), fmt::format("checkpoint '{}'", checkpoint.path));
  }

 private:
  const std::string directory_;
  std::optional<StoredCheckpoint> held_;
};

}  // namespace

std::shared_ptr<CheckpointSource> directory_checkpoints(std::string directory) {
  return std::make_shared<DirectoryCheckpoints>(std::move(directory));
}

}  // namespace runhook::inline v1
