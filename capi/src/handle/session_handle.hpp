// What is behind a runhook_session.
#ifndef RUNHOOK_CAPI_HANDLE_SESSION_HANDLE_HPP_
#define RUNHOOK_CAPI_HANDLE_SESSION_HANDLE_HPP_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "boundary/handle_box.hpp"
#include "runhook/session.hpp"
#include "runhook/types.h"

namespace runhook::capi {

// A shared pointer to a session, or a handle lent for one, which does not keep it alive.
struct SessionBox final : Boxed {
  SessionBox() noexcept = default;
  explicit SessionBox(std::shared_ptr<Session> session) noexcept : held(std::move(session)) {}
  std::shared_ptr<Session> get() const noexcept { return held != nullptr ? held : seen.lock(); }

  std::shared_ptr<Session> held;
  std::weak_ptr<Session> seen;
  std::vector<std::string> names;  // of runhook_session_variable_name_at()
};
RUNHOOK_CAPI_BOX(runhook_session, SessionBox, session);

// A session to be lent to a callback.
class LentSession {
 public:
  // Returns the handle, which now stands for `session`. Throws std::bad_alloc.
  runhook_session* lend(const std::shared_ptr<Session>& session);
  runhook_session* lend(Session& session);

 private:
  SessionBox box_;
  const Session* last_ = nullptr;
  Lent<runhook_session> handle_;
};

// Returns the session behind a handle. Throws INVALID_ARGUMENT if the handle is not valid, or was lent and the session
// does not exist any more.
std::shared_ptr<Session> session_from_handle(const runhook_session* handle);
// Returns an owned handle of a session.
runhook_session* give_session(std::shared_ptr<Session> session);
// Throws INVALID_ARGUMENT for a number that is no scope.
VariableScope scope_from_number(std::int32_t number);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_SESSION_HANDLE_HPP_
