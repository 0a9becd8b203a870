// runhook/session_manager.hpp: creates raw sessions and makes them ready.
#ifndef RUNHOOK_SESSION_MANAGER_HPP_
#define RUNHOOK_SESSION_MANAGER_HPP_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "runhook/clock.hpp"
#include "runhook/scaffold.hpp"
#include "runhook/session.hpp"
#include "runhook/stop.hpp"

namespace runhook::inline v1 {

using SessionFactory = std::function<std::shared_ptr<Session>()>;

struct CreatedSession {
  std::shared_ptr<Session> session;
  std::optional<std::int64_t> restored_step;  // set if the scaffold's saver restored a state
};

// What a creation can look at while it waits.
struct CreationContext {
  const StopState* stop = nullptr;
  Clock* clock = nullptr;  // NULL: the system clock
};

// After tf.train.SessionManager. The session is closed on every failure. Not thread-safe. Since 1.0.
class SessionManager {
 public:
  static constexpr std::int64_t kDefaultPollNs = 30'000'000'000;

  // Throws INVALID_ARGUMENT without a factory, or for ready_for_local_init_op without local_init_op (checked on the
  // scaffold as given, before it is finalised, if `finalize` is false).
  SessionManager(SessionFactory factory, std::shared_ptr<Scaffold> scaffold, std::int64_t poll_ns = kDefaultPollNs,
                 bool finalize = true);

  // Restores, or else runs init_op and then init_fn; then local_init_op; then checks readiness. If a state was restored
  // neither init_op nor init_fn runs. Throws FAILED_PRECONDITION if there is no way to initialise, or not ready after
  // it.
  CreatedSession prepare_session(const CreationContext& context = {});
  // Restores, tries local_init_op and checks readiness. `ready` is false if nothing was restored or it is not ready.
  struct Recovered {
    CreatedSession created;
    bool ready = false;
  };
  Recovered recover_session(const CreationContext& context = {});
  // Makes sessions until one is ready, waiting the poll interval between two tries. Throws DEADLINE_EXCEEDED once the
  // next try would come after max_wait_ns (negative: for ever), STOPPED if a stop is requested meanwhile.
  CreatedSession wait_for_session(std::int64_t max_wait_ns, const CreationContext& context = {});

 private:
  SessionFactory factory_;
  std::shared_ptr<Scaffold> scaffold_;
  std::int64_t poll_ns_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_SESSION_MANAGER_HPP_
