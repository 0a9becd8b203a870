// What is behind a runhook_context: one class per role of a callback, told apart by a tag.
#ifndef RUNHOOK_CAPI_BOUNDARY_CONTEXT_BASE_HPP_
#define RUNHOOK_CAPI_BOUNDARY_CONTEXT_BASE_HPP_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "boundary/handle_box.hpp"
#include "runhook/coordinator.hpp"
#include "runhook/error.hpp"
#include "runhook/thread_token.hpp"
#include "runhook/types.h"
#include "src/base/success_value.hpp"

namespace runhook::inline v1 {
class Session;
}

namespace runhook::capi {

// Which callback is being called; says to which class a ContextBase may be cast.
enum class Role : std::uint8_t {
  none,
  hook,              // a hook's, in a loop
  detached,          // made by runhook_context_create()
  inline_step,       // the body of a loop that stays where it is
  step_function,     // of runhook_monitored_session_run_step_fn()
  scope,             // the body of a scope
  engine,            // runhook_session_table
  function_session,  // runhook_function_session_create()
  kernel,            // runhook_node
  creator,           // a session creator
  factory,           // a session factory
  scaffold,          // a piece of a scaffold
  policy,            // of a recovery policy
  clock,             // ClockCall
  trigger,           // TriggerCall
  saver,             // SaverCall
  thread,            // ThreadCall
};

// What a context makes on demand and keeps until it is retired, e.g. handles lent to the callback.
struct ContextExtra {
  virtual ~ContextExtra() = default;
};

struct ContextBase : Boxed {
  explicit ContextBase(Role context_role) noexcept : role(context_role) {}
  virtual ~ContextBase() = default;

  // Whether the calling thread is the one that the callback runs on. No thread owns the body of a loop.
  bool on_own_thread() const noexcept {
    return role == Role::inline_step ? active() : thread.load(std::memory_order_relaxed) == thread_token();
  }
  // Whether the callback is in progress; a context that is not active is not found.
  bool active() const noexcept { return thread.load(std::memory_order_relaxed) != nullptr; }
  // Records why the callback fails; only the first call counts.
  void record(const Error& error) noexcept {
    if (!failure) failure = error;
  }

  const Role role;
  const char* callback = "";                 // of static storage duration
  std::atomic<ThreadToken> thread{nullptr};  // the thread that the callback runs on; NULL between callbacks
  v1::detail::SuccessValue success;
  Error failure;  // of the callback in progress; empty between callbacks
  std::unique_ptr<ContextExtra> extra;
};

RUNHOOK_CAPI_BOX(runhook_context, ContextBase, context);

// Returns the context of a callback that is in progress, or NULL.
inline ContextBase* find_context(const runhook_context* handle) noexcept {
  auto* context = find(handle);
  return context != nullptr && context->active() ? context : nullptr;
}

// Throws FAILED_PRECONDITION with `what` for a context of another role, or that of a step that is over; INVALID_ARGUMENT
// for one that is not valid.
[[noreturn]] void refuse_context(const runhook_context* handle, const char* what);

// Returns the context as the class of its role, or NULL if it has another role or is not valid.
template <class Context>
Context* find_context_as(const runhook_context* handle, Role role) noexcept {
  auto* context = find_context(handle);
  return context != nullptr && context->role == role ? static_cast<Context*>(context) : nullptr;
}

// A saver's save or restore.
struct SaverCall final : ContextBase {
  explicit SaverCall(Session* its_session) noexcept : ContextBase(Role::saver), session(its_session) {}
  Session* session;                           // NULL: of no session
  runhook_snapshot* snapshot = nullptr;       // lent to the callback
  std::int64_t global_step = -1;              // in save
  bool restoring = false;                     // whether this is restore
  std::optional<std::int64_t> restored_step;  // answer of restore
};

// The body of a coordinator's thread, or a looper's callback.
struct ThreadCall final : ContextBase {
  explicit ThreadCall(Coordinator its_coordinator) noexcept
      : ContextBase(Role::thread), coordinator(std::move(its_coordinator)) {}
  Coordinator coordinator;
};

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_BOUNDARY_CONTEXT_BASE_HPP_
