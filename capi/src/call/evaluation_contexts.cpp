#include "call/evaluation_contexts.hpp"

namespace runhook::capi {

runhook_context* EvaluationContexts::attach(SessionRunContext& context, MonitoredSession& session) {
  contexts_.reset();
  box_ = std::make_unique<MonitoredBox>();
  box_->stop = context.stop_source().state();
  contexts_.emplace(*box_);
  runhook_context* const handle = contexts_->attach(context, session);
  call_.emplace(*box_, /*keeps=*/false);
  return handle;
}

void EvaluationContexts::detach(runhook_context* context) noexcept {
  contexts_->detach(context);
  call_.reset();
  contexts_.reset();
  box_.reset();
}

}  // namespace runhook::capi
