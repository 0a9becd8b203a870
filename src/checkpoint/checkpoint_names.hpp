// checkpoint_names.hpp: what stands in a directory of checkpoints.
#ifndef RUNHOOK_SRC_CHECKPOINT_CHECKPOINT_NAMES_HPP_
#define RUNHOOK_SRC_CHECKPOINT_CHECKPOINT_NAMES_HPP_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace runhook::inline v1 {
namespace detail {

inline constexpr const char* kLockName = ".lock";
inline constexpr const char* kPinName = "pinned";  // in the directory of a checkpoint: it is kept
inline constexpr const char* kVariablesName = "variables.safetensors";
inline constexpr const char* kStateName = "state.safetensors";

// What is being written, and what is being deleted: both are rubbish once nobody is at it any more.
inline constexpr std::string_view kUnfinished = ".tmp-";
inline constexpr std::string_view kGone = ".gone-";
inline constexpr std::string_view kUndone = "undone-";    // of steps that a run has gone back behind
inline constexpr std::string_view kDamaged = "damaged-";  // in whose place a whole one was saved

std::string step_name(std::int64_t step);  // "step-0000001200"
std::string checkpoint_path(std::string_view directory, std::int64_t step);
// The step of such a name, which may stand behind `prefix`; nullopt: it is no such name.
std::optional<std::int64_t> step_of(std::string_view name, std::string_view prefix = {});
// A name for the same that nobody else has, e.g. "undone-step-0000001200.1f03c9a2".
std::string unique_name(std::string_view prefix, std::int64_t step);
// The step in a name that unique_name() has made.
std::optional<std::int64_t> step_of_unique(std::string_view name, std::string_view prefix);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_CHECKPOINT_CHECKPOINT_NAMES_HPP_
