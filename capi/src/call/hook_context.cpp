#include "call/hook_context.hpp"

#include "call/monitored_handle.hpp"

namespace runhook::capi {

namespace {

const RunOptions kNoOptions;
const Results kNoResults;
const RunMetadata kNoMetadata;

}  // namespace

HookContext::HookContext(SessionRunContext& its_context, MonitoredBox& its_owner)
    : ContextBase(Role::hook),
      context(&its_context),
      monitored(&its_owner),
      stop(its_context.stop_source().state(), StopOrigin::hook),
      args_(no_args),
      requested_(no_args),
      options_(kNoOptions),
      results_(kNoResults, kNoMetadata),
      metadata_(kNoMetadata) {
  thread = thread_token();  // found at any time; in_callback() tells whether a callback is in progress
}

HookContext::HookContext(std::unique_ptr<SessionRunContext> its_context)
    : ContextBase(Role::detached),
      context(its_context.get()),
      monitored(nullptr),
      stop(its_context->stop_source().state(), StopOrigin::hook),
      args_(no_args),
      requested_(no_args),
      options_(kNoOptions),
      results_(kNoResults, kNoMetadata),
      metadata_(kNoMetadata),
      own_(std::move(its_context)) {
  thread = thread_token();  // found at any time; in_callback() tells whether a callback is in progress
}

bool HookContext::in_callback() const noexcept {
  if (detached()) return true;
  if (SessionCall::find(*monitored) == nullptr) return false;
  const std::string_view name = context->callback_name();
  return !name.empty() && name != "step_function";
}

bool HookContext::in_run() const noexcept {
  if (detached()) return true;
  const std::string_view name = context->callback_name();
  return name == "before_run" || name == "after_run" || name == "on_error";
}

void HookContext::check_in_callback() const {
  if (in_callback()) [[likely]]
    return;
  if (SessionCall::find(*monitored) == nullptr && monitored->running()) {
    throw StatusError(StatusCode::busy, "the callback runs on another thread");
  }
  throw StatusError(StatusCode::failed_precondition, "no callback is under way");
}

void HookContext::mark_lent() noexcept {
  lent_ = true;
  if (monitored == nullptr) return;
  lent_by_ = SessionCall::find(*monitored);
  if (lent_by_ != nullptr) SessionCall::find(*monitored)->lent();
}

const runhook_run_args* HookContext::lend_args(const SessionRunArgs& args) {
  const std::lock_guard lock(mutex_);
  mark_lent();
  args_.show(args);
  return args_handle_.publish(args_);
}

const runhook_run_args* HookContext::lend_requested(const SessionRunArgs& args) {
  const std::lock_guard lock(mutex_);
  mark_lent();
  requested_.show(args);
  return requested_handle_.publish(requested_);
}

const runhook_run_options* HookContext::lend_options(const RunOptions& options) {
  const std::lock_guard lock(mutex_);
  mark_lent();
  options_.show(options);
  return options_handle_.publish(options_);
}

runhook_results* HookContext::lend_results(const SessionRunValues& values) {
  const std::lock_guard lock(mutex_);
  mark_lent();
  results_.show(values.results(), values.metadata());
  return results_handle_.publish(results_);
}

const runhook_metadata* HookContext::lend_metadata(const RunMetadata& metadata) {
  const std::lock_guard lock(mutex_);
  mark_lent();
  metadata_.show(metadata);
  return metadata_handle_.publish(metadata_);
}

const runhook_error* HookContext::lend_error() {
  const std::lock_guard lock(mutex_);
  if (error == nullptr) return nullptr;
  mark_lent();
  return error_.lend(*error);
}

const runhook_outcome* HookContext::lend_outcome() {
  const std::lock_guard lock(mutex_);
  if (outcome == nullptr) return nullptr;
  mark_lent();
  if (!outcome_) outcome_.emplace(*outcome);
  return outcome_handle_.publish(*outcome_);
}

void HookContext::show_nothing() noexcept {
  lent_ = false;
  lent_by_ = nullptr;
  args_.show(no_args);
  requested_.show(no_args);
  options_.show(kNoOptions);
  results_.show(kNoResults, kNoMetadata);
  metadata_.show(kNoMetadata);
  error_.handle.retire();
  error_.box.set(Error());
  outcome_handle_.retire();
  outcome_.reset();
}

void HookContext::withdraw() noexcept {
  const std::lock_guard lock(mutex_);
  if (lent_) show_nothing();
}

void HookContext::withdraw_for(const SessionCall* call) noexcept {
  const std::lock_guard lock(mutex_);
  if (lent_by_ == call) show_nothing();
}

HookContext& require_hook_context(SessionRunContext& context) {
  HookContext* const found = find_hook_context(context.direct_context());
  if (found == nullptr) throw StatusError(StatusCode::failed_precondition, "the session has no contexts for functions");
  return *found;
}

runhook_context* HookContexts::attach(SessionRunContext& context, MonitoredSession& session) {
  owner_.logger = session.logger();
  context_ = std::make_unique<HookContext>(context, owner_);
  auto* const handle = handle_.publish(*context_);
  owner_.context = context_.get();
  return handle;
}

void HookContexts::detach(runhook_context*) noexcept {
  owner_.context = nullptr;
  handle_.retire();
  context_.reset();
}

}  // namespace runhook::capi
