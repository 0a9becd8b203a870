// What a worker does until somebody else has made the model ready.
#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "session/session_preparation.hpp"

namespace runhook::inline v1 {

CreatedSession SessionManager::wait_for_session(std::int64_t max_wait_ns, const CreationContext& context) {
  const std::shared_ptr<Clock> fallback = system_clock();
  Clock& clock = context.clock != nullptr ? *context.clock : *fallback;
  const std::int64_t start_ns = clock.now_ns();
  for (;;) {
    CreatedSession created{detail::new_session(factory_), std::nullopt};
    detail::Missing missing;
    detail::close_on_failure(created.session, [&] {
      missing = detail::try_local_init(*scaffold_, *created.session);
      if (missing.empty()) missing = detail::missing_for(scaffold_->ready_op, *created.session);
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
                                    detail::in_seconds(waited_ns), detail::joined(missing, ", ")));
    }
    if (clock.wait(poll_ns_, context.stop)) {
      throw StatusError(StatusCode::stopped, "a stop was requested while waiting for the session to become ready");
    }
  }
}

}  // namespace runhook::inline v1
