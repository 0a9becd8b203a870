// Contexts for the hooks of an evaluation, which has no runhook_monitored_session.
#ifndef RUNHOOK_CAPI_CALL_EVALUATION_CONTEXTS_HPP_
#define RUNHOOK_CAPI_CALL_EVALUATION_CONTEXTS_HPP_

#include <memory>
#include <optional>

#include "call/hook_context.hpp"
#include "call/monitored_handle.hpp"

namespace runhook::capi {

// Used by one evaluation after the other, each on one thread.
class EvaluationContexts final : public DirectContextProvider {
 public:
  runhook_context* attach(SessionRunContext& context, MonitoredSession& session) override;
  void detach(runhook_context* context) noexcept override;

 private:
  std::unique_ptr<MonitoredBox> box_;  // without a session and a handle
  std::optional<HookContexts> contexts_;
  std::optional<SessionCall> call_;  // an evaluation is one call
};

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_CALL_EVALUATION_CONTEXTS_HPP_
