#include "runhook/session_manager.hpp"

#include <string>
#include <utility>
#include <vector>

#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "runhook/error.hpp"
#include "session/readiness.hpp"

namespace runhook::inline v1 {

namespace {

using Missing = std::vector<std::string>;

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

std::shared_ptr<Session> new_session(const SessionFactory& factory) {
  std::shared_ptr<Session> session = factory();
  if (session == nullptr) throw StatusError(StatusCode::failed_precondition, "the session factory made no session");
  return session;
}

// What `probe` names as missing; nothing if there is no probe.
Missing missing_for(const Scaffold::Probe& probe, Session& session) {
  if (!probe) return {};
  try {
    return probe(session);
  } catch (const StatusError& e) {
    if (!detail::means_not_ready(e.error())) throw;
    return {e.error().message()};
  }
}

// Runs local_init_op if the session is ready for it. Returns what is missing for that.
Missing try_local_init(const Scaffold& scaffold, Session& session) {
  if (!scaffold.local_init_op) return {};
  Missing missing = missing_for(scaffold.ready_for_local_init_op, session);
  if (missing.empty()) scaffold.local_init_op(session);
  return missing;
}

std::optional<std::int64_t> restore(const Scaffold& scaffold, Session& session) {
  return scaffold.saver == nullptr ? std::nullopt : scaffold.saver->restore(session);
}

[[noreturn]] void fail_preparation(std::string_view what, const Missing& missing) {
  throw StatusError(StatusCode::failed_precondition,
                    fmt::format("{}, missing: {}", what, detail::joined(missing, ", ")));
}

}  // namespace

SessionManager::SessionManager(SessionFactory factory, std::shared_ptr<Scaffold> scaffold, std::int64_t poll_ns,
                               bool finalize)
    : factory_(std::move(factory)), scaffold_(std::move(scaffold)), poll_ns_(poll_ns) {
  if (!factory_) throw StatusError(StatusCode::invalid_argument, "a session manager needs a session factory");
  if (poll_ns_ < 0)
    throw StatusError(StatusCode::invalid_argument, "the poll interval of a session manager is negative");
  if (scaffold_ == nullptr) scaffold_ = std::make_shared<Scaffold>();
  if (finalize) {
    scaffold_->finalize();
  } else if (scaffold_->ready_for_local_init_op && !scaffold_->local_init_op) {
    throw StatusError(StatusCode::invalid_argument, "ready_for_local_init_op without local_init_op");
  }
}

CreatedSession SessionManager::prepare_session(const CreationContext&) {
  CreatedSession created{new_session(factory_), std::nullopt};
  close_on_failure(created.session, [&] {
    const Scaffold& scaffold = *scaffold_;
    Session& session = *created.session;
    created.restored_step = restore(scaffold, session);
    if (!created.restored_step) {
      if (!scaffold.init_op && !scaffold.init_fn && !scaffold.local_init_op) {
        throw StatusError(StatusCode::failed_precondition,
                          "nothing was restored and no init_op or init_fn or local_init_op was given");
      }
      if (scaffold.init_op) scaffold.init_op(session);
      if (scaffold.init_fn) scaffold.init_fn(scaffold, session);
    }
    Missing missing = try_local_init(scaffold, session);
    if (!missing.empty()) fail_preparation("initialisation did not make model ready for local_init", missing);
    missing = missing_for(scaffold.ready_op, session);
    if (!missing.empty()) fail_preparation("initialisation did not make model ready", missing);
  });
  return created;
}

SessionManager::Recovered SessionManager::recover_session(const CreationContext&) {
  Recovered recovered{{new_session(factory_), std::nullopt}, false};
  close_on_failure(recovered.created.session, [&] {
    Session& session = *recovered.created.session;
    recovered.created.restored_step = restore(*scaffold_, session);
    const Missing missing = try_local_init(*scaffold_, session);  // tried even if nothing was restored
    recovered.ready = recovered.created.restored_step.has_value() && missing.empty() &&
                      missing_for(scaffold_->ready_op, session).empty();
  });
  return recovered;
}

CreatedSession SessionManager::wait_for_session(std::int64_t max_wait_ns, const CreationContext& context) {
  const std::shared_ptr<Clock> fallback = system_clock();
  Clock& clock = context.clock != nullptr ? *context.clock : *fallback;
  const std::int64_t start_ns = clock.now_ns();
  for (;;) {
    CreatedSession created{new_session(factory_), std::nullopt};
    Missing missing;
    close_on_failure(created.session, [&] {
      missing = try_local_init(*scaffold_, *created.session);
      if (missing.empty()) missing = missing_for(scaffold_->ready_op, *created.session);
    });
    if (missing.empty()) return created;
    try {
      created.session->close();
    } catch (...) {  // NOLINT(bugprone-empty-catch): it was not ready; the next one may be
    }
    created.session.reset();

    const std::int64_t waited_ns = detail::saturating_distance(start_ns, clock.now_ns());
    if (max_wait_ns >= 0 && detail::saturating_distance(waited_ns, max_wait_ns) < poll_ns_) {
      throw StatusError(StatusCode::deadline_exceeded,
                        fmt::format("the session was not ready after waiting {:.3f} s, missing: {}",
                                    static_cast<double>(waited_ns) * 1e-9, detail::joined(missing, ", ")));
    }
    if (clock.wait(poll_ns_, context.stop)) {
      throw StatusError(StatusCode::stopped, "a stop was requested while waiting for the session to become ready");
    }
  }
}

}  // namespace runhook::inline v1
