#include "runhook/monitored_session.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "boundary/c_call.hpp"
#include "boundary/exception_guard.hpp"
#include "boundary/table.hpp"
#include "boundary/text.hpp"
#include "call/hook_context.hpp"
#include "call/inline_step_call.hpp"
#include "call/monitored_handle.hpp"
#include "call/step_function_call.hpp"
#include "handle/config_handle.hpp"
#include "handle/coordinator_handle.hpp"
#include "handle/error_handle.hpp"
#include "handle/outcome_handle.hpp"
#include "handle/run_args_handle.hpp"
#include "handle/session_handle.hpp"
#include "handle/stop_handle.hpp"
#include "src/base/monotonic.hpp"

namespace runhook::capi {

void SessionCall::lent() noexcept {
  if (lent_ || !keeps_) return;
  lent_ = true;
  box_->retain();
}

// Runs when the session may have been destroyed already, but not its box; this is then the last use of the box.
void SessionCall::withdraw_lent() noexcept {
  if (box_->context != nullptr) box_->context->withdraw_for(this);
  box_->release();
}

MonitoredBox::MonitoredBox() = default;

MonitoredBox::~MonitoredBox() {
  const std::unique_ptr<InlineStepCall> step(inline_step.load());
  if (step != nullptr) step->hide();
  const SessionCall call(*this, /*keeps=*/false);
  session.reset();
}

MonitoredSession& MonitoredBox::usable() const {
  MonitoredSession& target = get();
  if (SessionCall::find(*this) == nullptr && target.running()) {
    throw StatusError(StatusCode::busy, "another thread is using the session");
  }
  return target;
}

void MonitoredBox::refuse() const {
  const bool called_back = std::this_thread::get_id() == creator;
  throw StatusError(called_back ? StatusCode::reentrant : StatusCode::busy, "the session is still being created");
}

namespace {

// Destroys a box whose handle is no longer valid.
void end_box(MonitoredBox* box) noexcept {
  MonitoredSession* const session = box->session.get();  // NULL if it could not be created
  try {
    if (session != nullptr && session->defer_until_idle([box] { box->release(); })) return;
  } catch (...) {  // NOLINT(bugprone-empty-catch): a function of one pointer needs no memory, so this does not happen
  }
  box->release();
}

// For what is possible at any time and on any thread. Throws INVALID_ARGUMENT.
StopSource source_of(const runhook_monitored_session* session) {
  return StopSource(SessionReading(session).require().stop, StopOrigin::caller);
}

}  // namespace

void destroy_session(runhook_monitored_session* handle) noexcept {
  auto* box = static_cast<MonitoredBox*>(HandleTable::retire(number_of(handle), HandleKind::monitored_session));
  if (box == nullptr) return;
  if (!box->decided.exchange(true)) return;  // it is still being created; the thread that creates it destroys the box
  end_box(box);
}

runhook_monitored_session* new_session(const ConfigBox& from) {
  Config config = session_config(from);
  if (config.session_creator == nullptr) {
    throw StatusError(StatusCode::failed_precondition,
                      "the config has no session: call runhook_config_set_inline() for a loop that stays where it is, "
                      "or runhook_config_set_session(), _set_graph() or _set_session_creator()");
  }
  if (config.stop == nullptr) config.stop = std::make_shared<StopState>();

  auto box = std::make_unique<MonitoredBox>();
  box->owned = true;
  box->stop = config.stop;
  box->grace_ns = config.stop_grace_period_ns;
  box->hooks.reserve(config.hooks.size());
  for (const HookRegistration& registration : config.hooks) {
    if (auto hook = std::dynamic_pointer_cast<CHook>(registration.hook)) box->hooks.push_back(hook);
  }
  config.direct_contexts = std::make_shared<HookContexts>(*box);
  const auto number = HandleTable::create(HandleKind::monitored_session, box.get());
  auto* const handle = handle_from<runhook_monitored_session>(number);
  box->handle = handle;
  try {
    const SessionCall call(*box, /*keeps=*/false);
    box->session = std::make_unique<MonitoredSession>(std::move(config));
  } catch (...) {
    // Another thread may have destroyed the handle meanwhile. The second of the two to come here destroys the box.
    const bool destroyed = HandleTable::retire(number, HandleKind::monitored_session) == nullptr;
    if (destroyed && !box->decided.exchange(true)) (void)box.release();
    throw;
  }
  box->ready.store(box->session.get(), std::memory_order_release);
  if (box->decided.exchange(true)) {
    box.reset();  // before the exception is thrown: a session that is destroyed by one counts as failed
    throw StatusError(StatusCode::closed, "the session was destroyed while it was created");
  }
  (void)box.release();
  return handle;
}

namespace {

// Marks the run as failed, as far as it has not ended: then it is too late to fail.
void fail_unless_ended(MonitoredSession& target, const Error& failure) {
  try {
    target.fail(failure);
  } catch (const StatusError& refused) {
    if (refused.code() != StatusCode::closed) throw;
  }
}

// Closes, unless another thread is in the session: then it throws BUSY, and nothing has been done.
void try_to_close(runhook_monitored_session* session, MonitoredBox& box, MonitoredSession& target, Error& failure,
                  bool heard) {
  const bool called_back = SessionCall::find(box) != nullptr;
  if (failure && !called_back) {
    target.error_unheard();  // it is the caller's no more
    fail_unless_ended(target, failure);
    failure = Error();
  }
  if (InlineStepCall* const step = box.inline_step; step != nullptr && !target.running()) step->hide();
  const SessionCall call(box);
  const auto let_go = [&] {
    if (find(session) == &box && !target.running() && box.step_owner.let_go()) destroy_session(session);
  };
  try {
    target.close_within(0, heard);
  } catch (...) {
    let_go();
    throw;
  }
  let_go();
}

}  // namespace

// The session is looked up again after each pause, since it may be destroyed meanwhile.
void close_session(runhook_monitored_session* session, const Error& failure, bool heard) {
  constexpr std::int64_t kLongestPauseNs = 2'000'000;
  std::int64_t pause_ns = 20'000;
  const std::int64_t begin = v1::detail::monotonic_ns();
  for (Error untold = failure;;) {
    MonitoredBox& box = require(session);
    MonitoredSession& target = box.get();
    const std::int64_t grace_ns = box.grace_ns;
    end_if_abandoned(box);
    if (box.step_owner.is_elsewhere()) {
      throw StatusError(StatusCode::busy, "a step is open that another thread has begun");
    }
    try {
      try_to_close(session, box, target, untold, heard);
      return;
    } catch (const StatusError& refused) {
      if (refused.code() != StatusCode::busy) throw;
      const SessionReading reading(session);
      const MonitoredSession* const there = reading.find_session();
      if (there != nullptr && there->closed()) throw;  // that is what ending it has failed with
      const std::int64_t waited = v1::detail::monotonic_ns() - begin;
      if (grace_ns >= 0 && waited >= grace_ns) throw;
      if (grace_ns >= 0) pause_ns = std::min(pause_ns, grace_ns - waited);
    }
    std::this_thread::sleep_for(std::chrono::nanoseconds(pause_ns));
    pause_ns = std::min(2 * pause_ns, kLongestPauseNs);
  }
}

runhook_status noted(const runhook_monitored_session* session, const void* error, runhook_status status) noexcept {
  if (status == RUNHOOK_OK || error != nullptr) [[likely]]
    return status;
  const SessionReading reading(session);
  const auto* box = reading.find();
  if (MonitoredSession* const target = box != nullptr ? box->ready.load(std::memory_order_acquire) : nullptr) {
    target->error_unheard();
  }
  return status;
}

void end_if_abandoned(MonitoredBox& box) {
  if (!box.step_owner.abandoned()) [[likely]]
    return;
  destroy_session(box.handle);
  throw StatusError(StatusCode::closed, "another thread has destroyed the session");
}

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_monitored_session* runhook_monitored_session_create(const runhook_config* config, runhook_error** error) {
  return guarded_handle(error, [&] { return new_session(require(config)); });
}

void runhook_monitored_session_destroy(runhook_monitored_session* session) {
  {
    const SessionReading reading(session);
    auto* const box = const_cast<MonitoredBox*>(reading.find());  // NOLINT: it is the caller's, and destroyed in here
    if (box != nullptr && box->step_owner.abandon()) return;
  }
  destroy_session(session);
}

runhook_status runhook_monitored_session_run(runhook_monitored_session* session, const runhook_run_args* args,
                                             runhook_results* results, runhook_error** error) {
  const runhook_status status = guarded(error, [&] {
    MonitoredBox& box = require(session);
    MonitoredSession& target = box.get();
    const PinnedArgs what(args);
    const auto place = results_to_fill(results);
    const SessionCall call(box);
    if (place.get() != nullptr) {
      target.run(*what, &place->spare, &place->spare_metadata);
      place->take_spare();
    } else {
      target.run(*what, nullptr, nullptr);
    }
  });
  return noted(session, error, status);
}

runhook_status runhook_monitored_session_run_until_stop(runhook_monitored_session* session,
                                                        const runhook_run_args* args, int64_t max_steps,
                                                        int64_t* completed, runhook_error** error) {
  const runhook_status status = guarded(error, [&] {
    MonitoredBox& box = require(session);
    MonitoredSession& target = box.get();
    if (max_steps < 0) throw StatusError(StatusCode::invalid_argument, "max_steps is negative");
    const PinnedArgs what(args);
    const SessionCall call(box);
    target.run_until_stop(*what, max_steps, completed);
  });
  return noted(session, error, status);
}

runhook_status runhook_monitored_session_run_step_fn(runhook_monitored_session* session,
                                                     const runhook_function* step_fn, runhook_error** error) {
  std::shared_ptr<CFunction> function;
  if (const auto status = accept_function(step_fn, function, error); status != RUNHOOK_OK) return status;
  const runhook_status made = guarded(error, [&] {
    MonitoredBox& box = require(session);
    MonitoredSession& target = box.get();
    StepFunctionCall step_call(box);
    Lent<runhook_context> handle;
    handle.publish(step_call);
    const SessionCall call(box);
    target.run_step_fn([&](StepContext& step) { step_call.run(step, handle.get(), *function); });
  });
  return noted(session, error, made);
}

int32_t runhook_monitored_session_should_stop(const runhook_monitored_session* session) {
  const SessionReading reading(session);
  const auto* box = reading.find();
  if (box == nullptr) return 1;
  const auto* target = reading.find_session();
  return (target != nullptr ? target->should_stop() : box->stop->requested()) ? 1 : 0;
}

int32_t runhook_monitored_session_request_stop(const runhook_monitored_session* session, int32_t code, const char* text,
                                               int32_t urgency) {
  return guarded_value<int32_t>(0, [&] {
    const StopSource source = source_of(session);
    const HowToStop how(urgency);
    return source.request_stop(code, readable_text(text), how.urgency, how.planned) ? 1 : 0;
  });
}

runhook_status runhook_monitored_session_request_save(const runhook_monitored_session* session, runhook_error** error) {
  return guarded(error, [&] { source_of(session).request_save(); });
}

runhook_stop_source* runhook_monitored_session_stop_source(const runhook_monitored_session* session,
                                                           runhook_error** error) {
  return guarded_handle(error, [&] {
    std::shared_ptr<StopState> stop = SessionReading(session).require().stop;
    return create<runhook_stop_source>(StopSource(std::move(stop)));
  });
}

runhook_status runhook_monitored_session_clear_end_of_input(runhook_monitored_session* session, runhook_error** error) {
  return guarded(error, [&] { require(session).get().clear_end_of_input(); });
}

runhook_status runhook_monitored_session_add_hook(runhook_monitored_session* session, const runhook_hook* hook,
                                                  const runhook_hook_options* options, uint64_t* id,
                                                  runhook_error** error) {
  runhook_hook table;
  UserData owner;
  if (const auto status = accept_hook(hook, table, owner, error); status != RUNHOOK_OK) return status;
  return guarded(error, [&] {
    MonitoredBox& box = require(session);
    MonitoredSession& target = box.usable();
    std::erase_if(box.hooks, [](const auto& known) { return known.expired(); });
    // A config or another session may keep a hook that this session has dropped. Its user_data must not get a second
    // owner, so the same hook is added again; the session refuses it if it still has it.
    std::shared_ptr<CHook> added;
    for (const auto& known : box.hooks) {
      added = known.lock();
      if (added != nullptr && added->same_as(table)) break;
      added = nullptr;
    }
    const bool is_known = added != nullptr;
    if (is_known) owner.release();
    HookRequestOptions registration = hook_options_from(options);
    if (!is_known) {
      box.hooks.reserve(box.hooks.size() + 1);
      added = std::make_shared<CHook>(table, std::move(owner));
    }
    const std::uint64_t number = target.add_hook(added, std::move(registration.options));
    if (!is_known) box.hooks.push_back(added);
    if (id != nullptr) *id = number;
  });
}

runhook_status runhook_monitored_session_remove_hook(runhook_monitored_session* session, uint64_t id,
                                                     runhook_error** error) {
  return guarded(error, [&] { require(session).get().remove_hook(id); });
}

runhook_status runhook_monitored_session_find_hook(const runhook_monitored_session* session, const char* name,
                                                   uint64_t* id, runhook_error** error) {
  return guarded(error, [&] {
    const MonitoredSession& target = require(session).get();
    if (id == nullptr) throw StatusError(StatusCode::invalid_argument, "id is NULL");
    *id = target.hook_id(required_text(name, "name"));
  });
}

runhook_status runhook_monitored_session_fail(runhook_monitored_session* session, runhook_status code,
                                              const char* message, runhook_error** error) {
  return guarded(error, [&] {
    MonitoredSession& target = require(session).get();
    if (code == RUNHOOK_OK) throw StatusError(StatusCode::invalid_argument, "the code is RUNHOOK_OK");
    target.fail(Error(status_from_number(code), optional_text(message, "message")));
  });
}

runhook_status runhook_monitored_session_close(runhook_monitored_session* session, runhook_error** error) {
  return guarded(error, [&] { close_session(session, Error(), /*heard=*/error != nullptr); });
}

runhook_status runhook_monitored_session_close_after(runhook_monitored_session* session, runhook_error* failure,
                                                     runhook_error** error) {
  const Error given = error_from_handle(failure);
  runhook_error_destroy(failure);
  return guarded(error, [&] {
    if (failure != nullptr && !given) capi::detail::refuse_handle(number_of(failure), HandleKind::error);
    close_session(session, given, /*heard=*/error != nullptr);
  });
}

int32_t runhook_monitored_session_closed(const runhook_monitored_session* session) {
  const SessionReading reading(session);
  if (reading.find() == nullptr) return 1;
  const auto* target = reading.find_session();
  return target != nullptr && target->closed() ? 1 : 0;
}

runhook_outcome* runhook_monitored_session_outcome(const runhook_monitored_session* session, runhook_error** error) {
  return guarded_handle(error, [&] {
    Outcome outcome = SessionReading(session).require().get().outcome();
    return create<runhook_outcome>(std::move(outcome));
  });
}

runhook_session* runhook_monitored_session_session(const runhook_monitored_session* session, runhook_error** error) {
  return guarded_handle(error, [&] {
    auto raw = SessionReading(session).require().get().session();
    if (raw == nullptr) throw StatusError(StatusCode::closed, "there is no session any more");
    return give_session(std::move(raw));
  });
}

runhook_coordinator* runhook_monitored_session_coordinator(const runhook_monitored_session* session,
                                                           runhook_error** error) {
  return guarded_handle(error, [&] {
    Coordinator coordinator = SessionReading(session).require().get().coordinator();
    return create<runhook_coordinator>(std::move(coordinator));
  });
}

int64_t runhook_monitored_session_global_step(const runhook_monitored_session* session) {
  const SessionReading reading(session);
  const auto* target = reading.find_session();
  return target != nullptr ? target->global_step() : -1;
}
