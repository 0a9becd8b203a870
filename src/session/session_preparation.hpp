// session_preparation.hpp: making a session ready with a scaffold, for whoever initialises one or waits for one.
#ifndef RUNHOOK_SRC_SESSION_SESSION_PREPARATION_HPP_
#define RUNHOOK_SRC_SESSION_SESSION_PREPARATION_HPP_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runhook/error.hpp"
#include "runhook/session_manager.hpp"

namespace runhook::inline v1 {
namespace detail {

void restore_from(Saver* saver, CreatedSession& created);  // if there is one

using Missing = std::vector<std::string>;  // what a session is not ready without; empty: it is ready

std::shared_ptr<Session> new_session(const SessionFactory& factory);  // throws FAILED_PRECONDITION if it makes none

// What `probe` names as missing; nothing if there is no probe.
Missing missing_for(const Scaffold::Probe& probe, Session& session);

// Runs local_init_op if the session is ready for it. Returns what is missing for that.
Missing try_local_init(const Scaffold& scaffold, Session& session);

// Runs `make_ready` on a session; if that throws, closes the session and throws on.
template <typename Body>
void close_on_failure(const std::shared_ptr<Session>& session, Body&& make_ready) {
  try {
    std::forward<Body>(make_ready)();
  } catch (...) {
    Error error = Error::from_current_exception(StatusCode::unknown);
    Error close_error;
    try {
      session->close();
    } catch (...) {
      close_error = Error::from_current_exception(StatusCode::unknown);
    }
    if (!close_error) throw;
    error.merge(close_error);
    throw StatusError(error);
  }
}

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_SESSION_SESSION_PREPARATION_HPP_
