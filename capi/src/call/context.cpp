// What every callback may ask of its context.
#include "runhook/context.h"

#include "boundary/exception_guard.hpp"
#include "boundary/text.hpp"
#include "call/context_access.hpp"
#include "call/graph_engine.hpp"
#include "call/hook_context.hpp"
#include "call/inline_step_call.hpp"
#include "call/step_call.hpp"
#include "call/step_function_call.hpp"
#include "handle/clock_handle.hpp"
#include "handle/config_handle.hpp"
#include "handle/coordinator_handle.hpp"
#include "handle/error_handle.hpp"
#include "handle/scaffold_handle.hpp"

namespace runhook::capi {

SessionRunContext* find_run_context(const runhook_context* handle) noexcept {
  auto* context = find_context(handle);
  if (context == nullptr) return nullptr;
  switch (context->role) {
    case Role::hook:
    case Role::detached: {
      auto* hook = static_cast<HookContext*>(context);
      return hook->in_callback() ? hook->context : nullptr;
    }
    case Role::inline_step:
      return &static_cast<InlineStepCall*>(context)->step->context();
    case Role::step_function:
      return context->on_own_thread() ? &static_cast<StepFunctionCall*>(context)->step->run_context() : nullptr;
    default:
      return nullptr;
  }
}

const SessionStep* find_session_step(const runhook_context* handle) noexcept {
  const auto* context = find_context(handle);
  if (context == nullptr || !context->on_own_thread()) return nullptr;
  switch (context->role) {
    case Role::engine: {
      const auto& call = static_cast<const EngineCall&>(*context);
      return call.which == EngineCallback::run ? call.step : nullptr;
    }
    case Role::function_session:
      return &static_cast<const StepCall&>(*context).step->step();
    case Role::inline_step:
      return &static_cast<const InlineStepCall&>(*context).step->step();
    case Role::kernel:
      return &static_cast<const KernelCall&>(*context).kernel->step();
    default:
      return nullptr;
  }
}

HookContext& require_hook_context(const runhook_context* handle) {
  if (auto* hook = find_hook_context(handle)) {
    hook->check_in_callback();
    return *hook;
  }
  refuse_context(handle, "this is for the callbacks of a hook");
}

HookContext* find_hook_in_callback(const runhook_context* handle) noexcept {
  auto* hook = find_hook_context(handle);
  return hook != nullptr && hook->in_callback() ? hook : nullptr;
}

namespace {

// Whether the calling thread is in the callback that the context is for.
bool in_callback(const ContextBase& context) noexcept {
  if (context.role == Role::hook || context.role == Role::detached) {
    return static_cast<const HookContext&>(context).in_callback();
  }
  return context.on_own_thread();
}

int32_t fail_callback(runhook_context* context, const Error& error) noexcept {
  auto* found = find_context(context);
  if (found == nullptr || !in_callback(*found)) return RUNHOOK_CALLBACK_FAILED;
  if (auto* hook = find_hook_context(context)) {
    hook->context->fail(error);
  } else if (auto* call = find_inline_step(context)) {
    call->step->fail(error);
  } else {
    found->record(error);
  }
  return RUNHOOK_CALLBACK_FAILED;
}

runhook_session* lend_session(ContextBase& context) {
  switch (context.role) {
    case Role::hook:
    case Role::detached: {
      auto& hook = static_cast<HookContext&>(context);
      return hook.session.lend(hook.context->shared_session());
    }
    case Role::inline_step: {
      auto& call = static_cast<InlineStepCall&>(context);
      return call.session.lend(call.step->context().shared_session());
    }
    case Role::step_function: {
      auto& call = static_cast<StepFunctionCall&>(context);
      return call.session.lend(call.step->shared_session());
    }
    case Role::scaffold: {
      auto& call = static_cast<ScaffoldCall&>(context);
      return call.lent_session.lend(call.session);
    }
    case Role::saver: {
      struct Extra final : ContextExtra {
        LentSession session;
      };
      Session* const session = static_cast<SaverCall&>(context).session;
      if (session == nullptr) return nullptr;
      if (context.extra == nullptr) context.extra = std::make_unique<Extra>();
      return static_cast<Extra&>(*context.extra).session.lend(*session);
    }
    default:
      return nullptr;
  }
}

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

int32_t runhook_context_fail(runhook_context* context, runhook_status code, const char* message) {
  return fail_callback(context, error_from(code, message));
}

int32_t runhook_context_fail_with(runhook_context* context, runhook_error* error) {
  Error failure = error_from_handle(error);
  if (!failure) failure = Error(StatusCode::unknown, "");
  runhook_error_destroy(error);
  return fail_callback(context, failure);
}

const char* runhook_context_callback_name(runhook_context* context) {
  const auto* found = find_context(context);
  if (found == nullptr || !in_callback(*found)) return nullptr;
  const auto* hook = find_hook_context(context);
  return hook != nullptr ? hook->context->callback_name().data() : found->callback;
}

runhook_session* runhook_context_session(runhook_context* context) {
  auto* found = find_context(context);
  if (found == nullptr || !in_callback(*found)) return nullptr;
  return guarded_value<runhook_session*>(nullptr, [&] { return lend_session(*found); });
}

runhook_coordinator* runhook_context_coordinator(runhook_context* context, runhook_error** error) {
  return guarded_handle(error, [&] {
    if (const auto* call = find_context_as<ThreadCall>(context, Role::thread)) {
      return create<runhook_coordinator>(call->coordinator);
    }
    if (const auto* run_context = find_run_context(context)) {
      return create<runhook_coordinator>(run_context->coordinator());
    }
    require_hook_context(context);  // says what is wrong
    throw StatusError(StatusCode::failed_precondition, "there is no coordinator");
  });
}

int32_t runhook_context_cancel_requested(runhook_context* context) {
  const auto* found = find_context(context);
  if (found == nullptr) return 0;
  switch (found->role) {
    case Role::engine: {
      const auto& call = static_cast<const EngineCall&>(*found);
      if (call.which != EngineCallback::run) return 0;
      return call.cancelled->load(std::memory_order_relaxed) || call.step->cancel_requested() ? 1 : 0;
    }
    case Role::function_session:
      return static_cast<const StepCall&>(*found).step->cancel_requested() ? 1 : 0;
    case Role::inline_step:
      return static_cast<const InlineStepCall&>(*found).step->cancel_requested() ? 1 : 0;
    case Role::kernel:
      return static_cast<const KernelCall&>(*found).kernel->cancel_requested() ? 1 : 0;
    default:
      return 0;
  }
}

const runhook_run_options* runhook_context_options(runhook_context* context) {
  using Options = const runhook_run_options*;
  auto* found = find_context(context);
  if (found == nullptr || !in_callback(*found)) return nullptr;
  return guarded_value<Options>(nullptr, [&]() -> Options {
    switch (found->role) {
      case Role::hook:
      case Role::detached: {
        auto& hook = static_cast<HookContext&>(*found);
        const auto* values = hook.context->values();
        return values != nullptr ? hook.lend_options(values->options()) : nullptr;
      }
      case Role::engine: {
        auto& call = static_cast<EngineCall&>(*found);
        return call.which == EngineCallback::run ? call.options.lend(*call.step->options) : nullptr;
      }
      case Role::inline_step: {
        auto& call = static_cast<InlineStepCall&>(*found);
        return call.options.lend(call.step->options());
      }
      case Role::function_session: {
        auto& call = static_cast<StepCall&>(*found);
        return call.options.lend(call.step->options());
      }
      default:
        return nullptr;
    }
  });
}

// Answers of creators, savers, scaffolds, recovery policies and clocks.

runhook_status runhook_context_set_session(runhook_context* context, runhook_session* session, runhook_error** error) {
  return guarded(error, [&] {
    auto* call = find_context_as<CreatorCall>(context, Role::creator);
    if (call == nullptr) call = find_context_as<CreatorCall>(context, Role::factory);
    check_answerable(context, call, "this is for session creators and factories");
    call->session = session_from_handle(session);
  });
}

runhook_snapshot* runhook_context_snapshot(runhook_context* context) {
  const auto* call = find_context_as<SaverCall>(context, Role::saver);
  return call != nullptr ? call->snapshot : nullptr;
}

runhook_status runhook_context_set_state(runhook_context* context, const void* data, size_t size,
                                         runhook_error** error) {
  return guarded(error, [&] {
    HookContext* const hook = find_hook_context(context);
    if (hook == nullptr || hook->state_answer == nullptr || !hook->in_callback()) {
      refuse_context(context, "this is for a hook's save");
    }
    hook->state_answer->emplace(required_bytes(data, size));
  });
}

const void* runhook_context_state(runhook_context* context, size_t* size) {
  const HookContext* const hook = find_hook_context(context);
  const bool is_there = hook != nullptr && hook->state != nullptr && hook->in_callback();
  if (size != nullptr) *size = is_there ? hook->state->size() : 0;
  return is_there ? hook->state->data() : nullptr;
}

runhook_status runhook_context_set_restored_step(runhook_context* context, int64_t global_step, runhook_error** error) {
  return guarded(error, [&] {
    constexpr const char* kWhere = "this is for session creators and a saver's restore";
    if (auto* call = find_context_as<SaverCall>(context, Role::saver)) {
      check_answerable(context, call->restoring ? call : nullptr, kWhere);
      call->restored_step = global_step;
      return;
    }
    auto* call = find_context_as<CreatorCall>(context, Role::creator);
    check_answerable(context, call, kWhere);
    call->restored_step = global_step;
  });
}

runhook_status runhook_context_add_missing(runhook_context* context, const char* name, runhook_error** error) {
  return guarded(error, [&] {
    auto* call = find_context_as<ScaffoldCall>(context, Role::scaffold);
    check_answerable(context, call != nullptr && call->readiness ? call : nullptr,
                     "this is for the readiness pieces of a scaffold");
    call->missing.emplace_back(required_text(name, "name"));
  });
}

runhook_status runhook_context_set_recoverable(runhook_context* context, int32_t recoverable, runhook_error** error) {
  return guarded(error, [&] {
    auto* call = find_context_as<PolicyCall>(context, Role::policy);
    check_answerable(context, call != nullptr && call->notice == nullptr ? call : nullptr, "this is for classify");
    call->recoverable = recoverable != 0;
  });
}

runhook_status runhook_context_set_now_ns(runhook_context* context, int64_t now_ns, runhook_error** error) {
  return guarded(error, [&] {
    auto* call = find_context_as<ClockCall>(context, Role::clock);
    check_answerable(context, call != nullptr && !call->waiting ? call : nullptr, "this is for now_ns of a clock");
    call->now_ns = now_ns;
  });
}

int64_t runhook_context_wait_ns(runhook_context* context) {
  const auto* call = find_context_as<ClockCall>(context, Role::clock);
  return call != nullptr ? call->wait_ns : 0;
}

int64_t runhook_context_recovery_attempt(runhook_context* context) {
  const auto* call = find_context_as<PolicyCall>(context, Role::policy);
  return call != nullptr && call->notice != nullptr ? call->notice->attempt : 0;
}

int64_t runhook_context_backoff_ns(runhook_context* context) {
  const auto* call = find_context_as<PolicyCall>(context, Role::policy);
  return call != nullptr && call->notice != nullptr ? call->notice->backoff_ns : 0;
}

const runhook_error* runhook_context_error(runhook_context* context) {
  using Handle = const runhook_error*;
  if (auto* call = find_context_as<PolicyCall>(context, Role::policy)) {
    return guarded_value<Handle>(nullptr, [&] { return call->lent_error.lend(call->error); });
  }
  auto* hook = find_hook_in_callback(context);
  if (hook == nullptr) return nullptr;
  return guarded_value<Handle>(nullptr, [&] { return hook->lend_error(); });
}
