// How other translation units reach the session behind a handle.
#ifndef RUNHOOK_CAPI_HANDLE_SESSION_LOOKUP_HPP_
#define RUNHOOK_CAPI_HANDLE_SESSION_LOOKUP_HPP_

#include <functional>

#include "runhook/session.hpp"
#include "runhook/types.h"

namespace runhook::capi {

// Calls `use` with the session behind the handle, which is kept alive and marked as in use meanwhile. Throws
// INVALID_ARGUMENT if the handle is not valid, CLOSED, REENTRANT, and what `use` throws.
void with_session(const runhook_session* handle, const std::function<void(Session&)>& use);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_SESSION_LOOKUP_HPP_
