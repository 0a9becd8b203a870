#include "runhook/logged_value.h"

#include <algorithm>
#include <string_view>

#include "boundary/exception_guard.hpp"
#include "boundary/text.hpp"
#include "call/context_access.hpp"
#include "call/hook_context.hpp"
#include "call/monitored_handle.hpp"
#include "call/step_code.hpp"
#include "handle/logger_handle.hpp"
#include "runhook/context.h"

namespace runhook::capi {

namespace {

static_assert(RUNHOOK_LOGGED_NUMBER == static_cast<int>(LoggedKind::number) &&
              RUNHOOK_LOGGED_INTEGER == static_cast<int>(LoggedKind::integer) &&
              RUNHOOK_LOGGED_TEXT == static_cast<int>(LoggedKind::text));

// Calls `body` with what there is to log to.
template <class Body>
runhook_status log(runhook_context* context, runhook_error** error, Body&& body) {
  return guarded(error, [&] {
    if (Step* const step = find_step(context)) return or_fail_step(context, [&] { body(*step); });
    if (SessionRunContext* const run_context = find_run_context(context)) return body(*run_context);
    // Of an engine, or a kernel's.
    if (const SessionStep* const step = find_session_step(context)) return body(*step);
    require_hook_context(context);  // says what is wrong
  });
}

const LoggedValue* find_logged(const runhook_context* context, std::size_t index) noexcept {
  const auto* hook = find_hook_in_callback(context);
  if (hook == nullptr) return nullptr;
  const auto values = hook->context->logged();
  return index < values.size() ? &values[index] : nullptr;
}

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_status runhook_context_log_scalar(runhook_context* context, const char* name, double number,
                                          runhook_error** error) {
  return log(context, error, [&](auto& to) { to.log_scalar(required_text(name, "name"), number); });
}

runhook_status runhook_context_log_int64(runhook_context* context, const char* name, int64_t number,
                                         runhook_error** error) {
  return log(context, error, [&](auto& to) { to.log_int64(required_text(name, "name"), number); });
}

runhook_status runhook_context_log_text(runhook_context* context, const char* name, const char* text,
                                        runhook_error** error) {
  return log(context, error, [&](auto& to) { to.log_text(required_text(name, "name"), required_text(text, "text")); });
}

size_t runhook_context_logged_count(runhook_context* context) {
  const auto* hook = find_hook_in_callback(context);
  return hook != nullptr ? hook->context->logged().size() : 0;
}

const char* runhook_context_logged_name_at(runhook_context* context, size_t index) {
  const auto* value = find_logged(context, index);
  return value != nullptr ? value->name.data() : nullptr;
}

int32_t runhook_context_logged_kind_at(runhook_context* context, size_t index) {
  const auto* value = find_logged(context, index);
  return value != nullptr ? static_cast<int32_t>(value->kind) : RUNHOOK_LOGGED_NUMBER;
}

double runhook_context_logged_double_at(runhook_context* context, size_t index) {
  const auto* value = find_logged(context, index);
  return value != nullptr && value->kind != LoggedKind::text ? value->number : 0;
}

int32_t runhook_context_logged_double(runhook_context* context, const char* name, double* number) {
  const auto* hook = find_hook_in_callback(context);
  if (hook == nullptr || name == nullptr) return 0;
  const auto values = hook->context->logged();
  const auto named = [name](const LoggedValue& value) { return value.name == name && value.kind != LoggedKind::text; };
  const auto found = std::find_if(values.rbegin(), values.rend(), named);
  if (found == values.rend()) return 0;
  if (number != nullptr) *number = found->number;
  return 1;
}

int64_t runhook_context_logged_int64_at(runhook_context* context, size_t index) {
  const auto* value = find_logged(context, index);
  return value != nullptr && value->kind == LoggedKind::integer ? value->integer : 0;
}

int64_t runhook_context_logged_step_at(runhook_context* context, size_t index) {
  const auto* value = find_logged(context, index);
  return value != nullptr ? value->step : -1;
}

const char* runhook_context_logged_text_at(runhook_context* context, size_t index) {
  const auto* value = find_logged(context, index);
  return value != nullptr && value->kind == LoggedKind::text ? value->text.data() : nullptr;
}

runhook_logger* runhook_logger_create(const runhook_monitored_session* session, runhook_error** error) {
  return guarded_handle(error, [&] {
    const SessionReading reading(session);
    const auto& logger = reading.require().logger;
    if (!logger) throw StatusError(StatusCode::busy, "the session is being created by another thread");
    return create<runhook_logger>(*logger);
  });
}

void runhook_logger_destroy(runhook_logger* logger) { capi::destroy(logger); }

runhook_status runhook_logger_log_scalar(const runhook_logger* logger, const char* name, double number, int64_t step,
                                         runhook_error** error) {
  return guarded(error, [&] { require(logger).logger.log_scalar(required_text(name, "name"), number, step); });
}

runhook_status runhook_logger_log_int64(const runhook_logger* logger, const char* name, int64_t number, int64_t step,
                                        runhook_error** error) {
  return guarded(error, [&] { require(logger).logger.log_int64(required_text(name, "name"), number, step); });
}

runhook_status runhook_logger_log_text(const runhook_logger* logger, const char* name, const char* text, int64_t step,
                                       runhook_error** error) {
  return guarded(error, [&] {
    const ValueLogger& target = require(logger).logger;
    target.log_text(required_text(name, "name"), required_text(text, "text"), step);
  });
}

uint64_t runhook_logger_dropped(const runhook_logger* logger) {
  const auto* box = find(logger);
  return box != nullptr ? box->logger.dropped() : 0;
}
