// runhook/session_manager.hpp: creates raw sessions and makes them ready.
#ifndef RUNHOOK_SESSION_MANAGER_HPP_
#define RUNHOOK_SESSION_MANAGER_HPP_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "runhook/clock.hpp"
#include "runhook/scaffold.hpp"
#include "runhook/session.hpp"
#include "runhook/snapshot.hpp"
#include "runhook/stop.hpp"

namespace runhook::inline v1 {

using SessionFactory = std::function<std::shared_ptr<Session>()>;

struct CreatedSession {
  std::shared_ptr<Session> session;
  std::optional<std::int64_t> restored_step = {};  // set if the scaffold's saver restored a state
  // What was saved with it that is no variable.
  NamedBytes restored_state = {};
};

// What ends a wait in the creation of a session, and its clock.
struct CreationContext {
  const StopState* stop = nullptr;
  Clock* clock = nullptr;  // NULL: the system clock
};

// Creates raw sessions and makes them ready. If that fails, the session is closed. Not thread-safe. After
// tf.train.SessionManager. Since 1.0.
class SessionManager {
 public:
  static constexpr std::int64_t kDefaultPollNs = 30'000'000'000;

  // `finalize`: whether the scaffold gets the defaults of its missing pieces; otherwise it is used as it is. Throws
  // INVALID_ARGUMENT without a factory, for a negative poll interval, and, if `finalize` is false, for
  // ready_for_local_init_op without local_init_op.
  SessionManager(SessionFactory factory, std::shared_ptr<Scaffold> scaffold, std::int64_t poll_ns = kDefaultPollNs,
                 bool finalize = true);

  // Makes a session as a chief does: restores saved state or, if there is none, runs init_op and init_fn; then runs
  // local_init_op and checks readiness. A piece that is missing is left out. Throws FAILED_PRECONDITION if nothing was
  // restored and there is none of init_op, init_fn and local_init_op, or the session is not ready in the end, of which
  // the message says what is missing; else what the factory, the saver or a piece has thrown.
  CreatedSession prepare_session(const CreationContext& context = {});
  // Makes a session and restores saved state, tries local_init_op and checks readiness. `ready` says whether state was
  // restored and the session is ready.
  struct Recovered {
    CreatedSession created;
    bool ready = false;
  };
  Recovered recover_session(const CreationContext& context = {});
  // Makes a session as a worker does: makes one after another, at the poll interval, until one is ready. Throws
  // DEADLINE_EXCEEDED once the next try would come after max_wait_ns (negative: for ever), STOPPED if a stop is
  // requested meanwhile.
  CreatedSession wait_for_session(std::int64_t max_wait_ns, const CreationContext& context = {});

 private:
  SessionFactory factory_;
  std::shared_ptr<Scaffold> scaffold_;
  std::int64_t poll_ns_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_SESSION_MANAGER_HPP_
