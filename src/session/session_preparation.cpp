#include "session/session_preparation.hpp"

#include "session/readiness.hpp"

namespace runhook::inline v1 {
namespace detail {

std::shared_ptr<Session> new_session(const SessionFactory& factory) {
  std::shared_ptr<Session> session = factory();
  if (session == nullptr) throw StatusError(StatusCode::failed_precondition, "the session factory made no session");
  return session;
}

void restore_from(Saver* saver, CreatedSession& created) {
  std::optional<Snapshot> state;
  if (saver != nullptr) state = saver->restore(*created.session);
  if (!state) return;
  created.restored_step = state->global_step;
  created.restored_state = std::move(state->state);
}

Missing missing_for(const Scaffold::Probe& probe, Session& session) {
  if (!probe) return {};
  try {
    return probe(session);
  } catch (const StatusError& e) {
    if (!means_not_ready(e.error())) throw;
    return {e.error().message()};
  }
}

Missing try_local_init(const Scaffold& scaffold, Session& session) {
  if (!scaffold.local_init_op) return {};
  Missing missing = missing_for(scaffold.ready_for_local_init_op, session);
  if (missing.empty()) scaffold.local_init_op(session);
  return missing;
}

}  // namespace detail
}  // namespace runhook::inline v1
