// session_restore.hpp: giving a session the variables of a checkpoint.
#ifndef RUNHOOK_SRC_CHECKPOINT_SESSION_RESTORE_HPP_
#define RUNHOOK_SRC_CHECKPOINT_SESSION_RESTORE_HPP_

#include <string>
#include <string_view>
#include <vector>

#include "runhook/session.hpp"
#include "runhook/snapshot.hpp"

namespace runhook::inline v1 {
namespace detail {

// In what the global variables of a session are not those of a snapshot, a line each. What a session does not tell,
// since the variable has no value yet, is found when it is written. `others`: the snapshot may have more.
std::vector<std::string> differences(Session& session, const Snapshot& snapshot, bool others);

// In what a run has come to something else than what was saved at the same step. Of the library's states only those of
// hooks count which both have.
std::vector<std::string> differences(const Snapshot& here, const Snapshot& saved);

// Moves the variables of `snapshot` into the session; if `partial`, those that fit, and returns what does not.
// Otherwise nothing may be different: throws FAILED_PRECONDITION with all that is. `name`: of what is restored.
std::vector<std::string> restore_session(Session& session, Snapshot& snapshot, std::string_view name, bool partial,
                                         bool others);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_CHECKPOINT_SESSION_RESTORE_HPP_
