// places.hpp: how directories, checkpoints and runs are named on the command line.
#ifndef RUNHOOK_SRC_PROGRAM_PLACES_HPP_
#define RUNHOOK_SRC_PROGRAM_PLACES_HPP_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "program/json.hpp"
#include "runhook/checkpoint.hpp"

namespace runhook::program {

// The directory of checkpoints that a path names: itself, or, of a directory of a run, its "checkpoints". Throws
// NOT_FOUND if there is no directory, and what the system says.
std::string checkpoint_directory(const std::string& path);
// The same with what is in it. Throws NOT_FOUND if there is nothing.
std::vector<CheckpointSummary> checkpoints_in(const std::string& directory);
[[noreturn]] void fail_no_checkpoints(const std::string& directory);

// A checkpoint; without a step the newest of the directory.
struct CheckpointPlace {
  std::string directory;
  std::optional<std::int64_t> step;
};
// Of DIR with a step beside it, DIR@STEP, or the directory of one checkpoint. Throws INVALID_ARGUMENT for two steps,
// and what checkpoint_directory() throws.
CheckpointPlace checkpoint_place(const std::string& path, std::optional<std::int64_t> step = {});
// Opens it; of the newest ones the first that is whole, and says which others it has passed over. Throws NOT_FOUND,
// DATA_LOSS.
StoredCheckpoint open_place(const CheckpointPlace& place);

// The directory of a run. Throws NOT_FOUND if there is none.
std::string run_directory(const std::string& path);

std::string_view condition_of(const Error& damage) noexcept;  // "whole", "damaged" or "unreadable"
Json json_of(const CheckpointSummary& summary);
Json json_of(const StoredVariable& variable);

}  // namespace runhook::program

#endif  // RUNHOOK_SRC_PROGRAM_PLACES_HPP_
