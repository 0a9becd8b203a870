// What is behind the context of a hook's callbacks.
#ifndef RUNHOOK_CAPI_CALL_HOOK_CONTEXT_HPP_
#define RUNHOOK_CAPI_CALL_HOOK_CONTEXT_HPP_

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "boundary/context_base.hpp"
#include "handle/error_handle.hpp"
#include "handle/outcome_handle.hpp"
#include "handle/run_args_handle.hpp"
#include "handle/session_handle.hpp"
#include "runhook/config.hpp"
#include "runhook/run_context.hpp"

namespace runhook::capi {

class SessionCall;
struct MonitoredBox;

// The context of all callbacks of all hooks of one monitored session, or a context outside a loop.
struct HookContext final : ContextBase {
  HookContext(SessionRunContext& its_context, MonitoredBox& its_owner);
  explicit HookContext(std::unique_ptr<SessionRunContext> its_context);

  bool detached() const noexcept { return role == Role::detached; }
  // Whether the calling thread is in a callback of one of the session's hooks. Always, outside a loop.
  bool in_callback() const noexcept;
  // Whether a run is in progress, so that there are args of its caller.
  bool in_run() const noexcept;
  // Throws FAILED_PRECONDITION, or BUSY on another thread, unless in_callback().
  void check_in_callback() const;

  // Handles for objects of the library that the callback may read, made on demand and used again.
  const runhook_run_args* lend_args(const SessionRunArgs& args);
  const runhook_run_args* lend_requested(const SessionRunArgs& args);
  const runhook_run_options* lend_options(const RunOptions& options);
  runhook_results* lend_results(const SessionRunValues& values);
  const runhook_metadata* lend_metadata(const RunMetadata& metadata);
  const runhook_error* lend_error();
  const runhook_outcome* lend_outcome();
  // Makes these handles empty, since the objects behind them may be destroyed.
  void withdraw() noexcept;
  // The same at the end of a call of the session, unless something has been lent since by another call: another thread
  // may have begun the next one already.
  void withdraw_for(const SessionCall* call) noexcept;

  SessionRunContext* const context;
  MonitoredBox* const monitored;  // NULL outside a loop
  const StopSource stop;          // for other threads
  // Exists while a predicate is called, and takes its answer, which runhook_context_set_due() gives.
  class Question {
   public:
    explicit Question(HookContext& context) noexcept : context_(context), outer_(context.answer) {
      context.answer = &due_;
    }
    ~Question() { context_.answer = outer_; }
    Question(const Question&) = delete;
    Question& operator=(const Question&) = delete;
    bool due() const noexcept { return due_; }

   private:
    HookContext& context_;
    bool* const outer_;
    bool due_ = false;
  };

  bool* answer = nullptr;                              // of the innermost Question
  const Error* error = nullptr;                        // in on_error
  const Outcome* outcome = nullptr;                    // in cleanup
  std::optional<std::string>* state_answer = nullptr;  // in a hook's save
  const std::string_view* state = nullptr;             // in a hook's restore
  bool* veto = nullptr;                                // in before_save of a listener
  LentSession session;

 private:
  void mark_lent() noexcept;
  void show_nothing() noexcept;

  std::mutex mutex_;  // guards what follows against withdraw_for()
  const SessionCall* lent_by_ = nullptr;
  bool lent_ = false;
  RunArgsBox args_;
  Lent<runhook_run_args> args_handle_;
  RunArgsBox requested_;
  Lent<runhook_run_args> requested_handle_;
  RunOptionsBox options_;
  Lent<runhook_run_options> options_handle_;
  ResultsBox results_;
  Lent<runhook_results> results_handle_;
  MetadataBox metadata_;
  Lent<runhook_metadata> metadata_handle_;
  LentError error_;
  std::optional<OutcomeBox> outcome_;
  Lent<runhook_outcome> outcome_handle_;
  const std::unique_ptr<SessionRunContext> own_;  // outside a loop
};

// Returns the context if it is that of a hook, in a loop or outside, whether or not a callback is in progress.
inline HookContext* find_hook_context(const runhook_context* handle) noexcept {
  auto* context = find(handle);
  const bool of_hook = context != nullptr && (context->role == Role::hook || context->role == Role::detached);
  return of_hook ? static_cast<HookContext*>(context) : nullptr;
}

// What is behind the context that callbacks in C get. Throws FAILED_PRECONDITION if the session has none for them.
HookContext& require_hook_context(SessionRunContext& context);

// Makes the context of a monitored session's hooks.
class HookContexts final : public DirectContextProvider {
 public:
  explicit HookContexts(MonitoredBox& owner) noexcept : owner_(owner) {}
  runhook_context* attach(SessionRunContext& context, MonitoredSession& session) override;
  void detach(runhook_context* context) noexcept override;

 private:
  MonitoredBox& owner_;
  std::unique_ptr<HookContext> context_;
  Lent<runhook_context> handle_;
};

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_CALL_HOOK_CONTEXT_HPP_
