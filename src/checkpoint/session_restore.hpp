// session_restore.hpp: giving a session and the memory of a program what a checkpoint has of them.
#ifndef RUNHOOK_SRC_CHECKPOINT_SESSION_RESTORE_HPP_
#define RUNHOOK_SRC_CHECKPOINT_SESSION_RESTORE_HPP_

#include <string>
#include <string_view>
#include <vector>

#include "runhook/checkpoint_saver.hpp"
#include "runhook/session.hpp"
#include "runhook/snapshot.hpp"

namespace runhook::inline v1 {
namespace detail {

// What is restored: the global variables of a session, and memory. `others`: a snapshot may have more than that.
struct Restored {
  Session& session;
  const std::vector<SavedMemory>& memory;
  bool others = false;
};

// In what these are not those of a snapshot, a line each. What a session does not tell, since the variable has no value
// yet, is found when it is written.
std::vector<std::string> differences(const Restored& here, const Snapshot& snapshot);

// In what a run has come to something else than what was saved at the same step. Of the library's states only those of
// hooks count which both have.
std::vector<std::string> differences(const Snapshot& here, const Snapshot& saved);

// Moves the variables of `snapshot` to where they belong; if `partial`, those that fit, and returns what does not.
// Otherwise nothing may be different: throws FAILED_PRECONDITION with all that is. `name`: of what is restored.
std::vector<std::string> restore(const Restored& here, Snapshot& snapshot, std::string_view name, bool partial);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_CHECKPOINT_SESSION_RESTORE_HPP_
