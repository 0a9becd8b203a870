// runhook/config.hpp: what a MonitoredSession is made from.
#ifndef RUNHOOK_CONFIG_HPP_
#define RUNHOOK_CONFIG_HPP_

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "runhook/clock.hpp"
#include "runhook/coordinator.hpp"
#include "runhook/hook.hpp"
#include "runhook/inline_session.hpp"
#include "runhook/log.hpp"
#include "runhook/recovery.hpp"
#include "runhook/session_creator.hpp"

namespace runhook::inline v1 {

// For language bindings: makes the context that direct callbacks get. Called by the session's constructor, before the
// first callback; `session` is complete only when that constructor has returned.
class DirectContextProvider {
 public:
  virtual ~DirectContextProvider() = default;
  virtual runhook_context* attach(SessionRunContext& context, MonitoredSession& session) = 0;
  virtual void detach(runhook_context* context) noexcept = 0;  // after the last callback
};

// Plain data; copied by the session. It may be used for several sessions one after the other. Two that are open at once
// need a session creator each, and hooks of this library each: the second is refused with ALREADY_EXISTS. Since 1.0.
struct Config {
  std::shared_ptr<SessionCreator> session_creator;  // required; set_session() and set_inline() make one
  std::vector<HookRegistration> hooks;  // the same hook twice is ALREADY_EXISTS, as are two sets of default hooks
  RecoveryPolicy recovery;
  std::shared_ptr<Clock> clock;                                      // NULL: the system clock
  std::int64_t stop_grace_period_ns = Coordinator::kDefaultGraceNs;  // how long close() waits for threads
  // The part of a step's time, e.g. 0.05, that a hook may take on average; the first time that a hook takes more, a
  // warning names it. 0: no limit.
  double hook_budget = 0;
  // Empty: warnings and errors go to standard error, except for an error that the caller gets.
  LogSink log;
  std::shared_ptr<StopState> stop;  // NULL: a new one. Give one to ask for a stop before there is a session

  std::shared_ptr<DirectContextProvider> direct_contexts;  // NULL: no direct callbacks

  Config& add_hook(std::shared_ptr<SessionRunHook> hook, HookOptions options = {});
  Config& add_hook(HookRegistration registration);
  // In their order, e.g. those of default_hooks(). Throws INVALID_ARGUMENT for one that is NULL, and adds none then.
  Config& add_hooks(std::vector<HookRegistration> registrations);
  // The one session there is, so that nothing is recovered: recovery.max_attempts becomes 0. Throws INVALID_ARGUMENT if
  // it is NULL.
  Config& set_session(std::shared_ptr<Session> session);
  Config& set_inline(InlineOptions options = {});  // the loop stays where it is: sessions for MonitoredSession::next()
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_CONFIG_HPP_
