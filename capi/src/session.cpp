// Sessions as handles: running them raw, and their variables.
#include "runhook/session.h"

#include "boundary/exception_guard.hpp"
#include "boundary/text.hpp"
#include "handle/guarded_session.hpp"
#include "handle/run_args_handle.hpp"
#include "handle/session_handle.hpp"
#include "handle/session_lookup.hpp"
#include "handle/snapshot_handle.hpp"
#include "handle/value_handle.hpp"
#include "runhook/error.hpp"
#include "runhook/value.h"
#include "src/session/session_variables.hpp"

namespace runhook::capi {

void GuardedSession::refuse() const {
  if (closed()) throw StatusError(StatusCode::closed, "the session is closed");
  if (user_.load(std::memory_order_relaxed) == thread_token()) {
    throw StatusError(StatusCode::reentrant, "called from within the session's own engine");
  }
  throw StatusError(StatusCode::busy, "another thread is using the session");
}

runhook_session* LentSession::lend(const std::shared_ptr<Session>& session) {
  if (session == nullptr) return nullptr;
  if (last_ != session.get() || box_.seen.expired()) {
    box_.seen = session;
    last_ = session.get();
  }
  return handle_.publish(box_);
}

runhook_session* LentSession::lend(Session& session) {
  if (last_ == &session && !box_.seen.expired()) return handle_.publish(box_);
  auto* guarded_session = dynamic_cast<GuardedSession*>(&session);
  return guarded_session != nullptr ? lend(guarded_session->weak_from_this().lock()) : nullptr;
}

std::shared_ptr<Session> session_from_handle(const runhook_session* handle) {
  auto session = require(handle).get();
  if (session == nullptr) throw StatusError(StatusCode::invalid_argument, "the session is no more");
  return session;
}

runhook_session* give_session(std::shared_ptr<Session> session) { return create<runhook_session>(std::move(session)); }

VariableScope scope_from_number(std::int32_t number) {
  if (number == RUNHOOK_VARIABLES_GLOBAL) return VariableScope::global;
  if (number == RUNHOOK_VARIABLES_LOCAL) return VariableScope::local;
  throw StatusError(StatusCode::invalid_argument, "not a scope of variables");
}

void with_session(const runhook_session* handle, const std::function<void(Session&)>& use) {
  const auto session = session_from_handle(handle);
  if (const auto* guarded_session = dynamic_cast<const GuardedSession*>(session.get())) {
    guarded_session->check_idle();
    if (guarded_session->closed()) throw StatusError(StatusCode::closed, "the session is closed");
  }
  use(*session);
}

namespace {

template <class Number>
runhook_status read_number(runhook_session* session, const char* name, Number* number, runhook_error** error,
                           Number (Value::*convert)() const) {
  return guarded(error, [&] {
    const auto text = required_text(name, "name");
    if (number == nullptr) throw StatusError(StatusCode::invalid_argument, "number is NULL");
    Value value;
    with_session(session, [&](Session& target) { value = target.read_variable(text); });
    *number = (value.*convert)();
  });
}

void write_value(runhook_session* session, const char* name, const Value& value) {
  const auto text = required_text(name, "name");
  with_session(session, [&](Session& target) { target.write_variable(text, value); });
}

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

void runhook_session_destroy(runhook_session* session) { capi::destroy(session); }

void* runhook_session_user_data(const runhook_session* session) {
  const auto* box = find(session);
  if (box == nullptr) return nullptr;
  const auto target = box->get();
  const auto* guarded_session = dynamic_cast<const GuardedSession*>(target.get());
  return guarded_session != nullptr ? guarded_session->user_data() : nullptr;
}

runhook_status runhook_session_run(runhook_session* session, const runhook_run_args* args, runhook_results* results,
                                   runhook_error** error) {
  return guarded(error, [&] {
    const PinnedArgs what(args);
    const auto place = results_to_fill(results);
    with_session(session, [&](Session& target) {
      if (place.get() != nullptr) {
        run_session(target, *what, place->spare, &place->spare_metadata);
        place->take_spare();
      } else {
        run_session(target, *what);
      }
    });
  });
}

void runhook_session_cancel(runhook_session* session) {
  const auto* box = find(session);
  if (box == nullptr) return;
  if (const auto target = box->get()) target->cancel();
}

runhook_status runhook_session_close(runhook_session* session, runhook_error** error) {
  return guarded(error, [&] { session_from_handle(session)->close(); });
}

size_t runhook_session_variable_count(runhook_session* session, int32_t scope) {
  return guarded_value<size_t>(0, [&] {
    size_t count = 0;
    with_session(session, [&](Session& target) { count = target.variables(scope_from_number(scope)).size(); });
    return count;
  });
}

const char* runhook_session_variable_name_at(runhook_session* session, int32_t scope, size_t index) {
  return guarded_value<const char*>(nullptr, [&]() -> const char* {
    std::vector<std::string> names;
    with_session(session, [&](Session& target) { names = target.variables(scope_from_number(scope)); });
    auto& kept = require(session).names;
    kept = std::move(names);
    return index < kept.size() ? kept[index].c_str() : nullptr;
  });
}

runhook_status runhook_session_initialize(runhook_session* session, int32_t scope, runhook_error** error) {
  return guarded(error, [&] {
    const VariableScope which = scope_from_number(scope);
    with_session(session, [&](Session& target) { target.initialize(which); });
  });
}

runhook_value* runhook_session_read_variable(runhook_session* session, const char* name, runhook_error** error) {
  return guarded_handle(error, [&] {
    const auto text = required_text(name, "name");
    Value value;
    with_session(session, [&](Session& target) { value = target.read_variable(text); });
    return give_value(v1::detail::own_copy(std::move(value)));
  });
}

runhook_status runhook_session_write_variable(runhook_session* session, const char* name, const runhook_value* value,
                                              runhook_error** error) {
  return guarded(error, [&] { write_value(session, name, v1::detail::own_copy(from_handle(value))); });
}

runhook_status runhook_session_read_double(runhook_session* session, const char* name, double* number,
                                           runhook_error** error) {
  return read_number(session, name, number, error, &Value::to_double);
}

runhook_status runhook_session_read_int64(runhook_session* session, const char* name, int64_t* number,
                                          runhook_error** error) {
  return read_number(session, name, number, error, &Value::to_int64);
}

runhook_status runhook_session_write_double(runhook_session* session, const char* name, double number,
                                            runhook_error** error) {
  return guarded(error, [&] { write_value(session, name, Value::scalar(number)); });
}

runhook_status runhook_session_write_int64(runhook_session* session, const char* name, int64_t number,
                                           runhook_error** error) {
  return guarded(error, [&] { write_value(session, name, Value::scalar(std::int64_t{number})); });
}

runhook_snapshot* runhook_session_save(runhook_session* session, runhook_error** error) {
  return guarded_handle(error, [&] {
    auto box = std::make_unique<SnapshotBox>();
    with_session(session, [&](Session& target) { box->snapshot = save_variables(target); });
    return give<runhook_snapshot>(std::move(box));
  });
}

runhook_status runhook_session_restore(runhook_session* session, const runhook_snapshot* snapshot,
                                       runhook_error** error) {
  return guarded(error, [&] {
    const auto from = require_pinned(snapshot);
    with_session(session, [&](Session& target) { restore_variables(target, from->snapshot); });
  });
}
