// Copying variables between a session and a snapshot.
#ifndef RUNHOOK_SRC_SESSION_SESSION_VARIABLES_HPP_
#define RUNHOOK_SRC_SESSION_SESSION_VARIABLES_HPP_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runhook/session.hpp"

namespace runhook::inline v1 {
namespace detail {

// A value that changes with nobody else's: what has no other reference is handed on, what a device holds is shared,
// since it cannot be copied here; strings and bytes cannot change.
Value own_copy(Value value);

// The global variables with values of their own, that is, untouched by what the session does next.
std::vector<std::pair<std::string, Value>> copy_variables(Session& session);

// Writes all global variables; what only the state has, e.g. an optimizer's variables in a session that evaluates, is
// passed by. Throws NOT_FOUND, naming the state, if it lacks one.
void restore_all(Session& session, const Snapshot& state, std::string_view name);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_SESSION_SESSION_VARIABLES_HPP_
