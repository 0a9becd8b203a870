// session_id.hpp: what a monitored session is known by in all that it leaves behind.
#ifndef RUNHOOK_SRC_RUN_SESSION_ID_HPP_
#define RUNHOOK_SRC_RUN_SESSION_ID_HPP_

#include <string>

namespace runhook::inline v1 {
namespace detail {

// The present time in UTC and eight digits that no other process happens upon, e.g. "20260131-235959-8f03c2d1": in the
// order of time, and fit for the name of a file.
std::string new_session_id();

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_RUN_SESSION_ID_HPP_
