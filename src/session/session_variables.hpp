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

// Returns a value that later changes of `value` do not reach. A CPU tensor is copied, unless this is the only reference
// to it. Strings and bytes cannot change, and tensors on other devices cannot be copied here: both are shared.
Value own_copy(Value value);

// The global variables of a session, as copies that its next steps do not change.
std::vector<std::pair<std::string, Value>> copy_variables(Session& session);

// Writes all global variables of a session. Other variables of the state are ignored, e.g. those of an optimizer, which
// a session that evaluates does not have. Throws NOT_FOUND, with `name`, if the state lacks one.
void restore_all(Session& session, const Snapshot& state, std::string_view name);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_SESSION_SESSION_VARIABLES_HPP_
