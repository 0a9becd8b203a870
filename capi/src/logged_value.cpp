#include "runhook/logged_value.h"

#include <string_view>

#include "boundary/exception_guard.hpp"
#include "boundary/text.hpp"
#include "call/context_access.hpp"
#include "call/hook_context.hpp"
#include "call/inline_step_call.hpp"
#include "call/step_call.hpp"
#include "handle/error_handle.hpp"
#include "runhook/context.h"
#include "src/value/value_log.hpp"

namespace runhook::capi {

namespace {

static_assert(RUNHOOK_LOGGED_NUMBER == static_cast<int>(LoggedKind::number) &&
              RUNHOOK_LOGGED_INTEGER == static_cast<int>(LoggedKind::integer) &&
              RUNHOOK_LOGGED_TEXT == static_cast<int>(LoggedKind::text));

void log_to(SessionRunContext& to, std::string_view name, double number) { to.log_scalar(name, number); }
void log_to(SessionRunContext& to, std::string_view name, std::int64_t number) { to.log_int64(name, number); }
void log_to(SessionRunContext& to, std::string_view name, std::string_view text) { to.log_text(name, text); }
void log_to(Step& to, std::string_view name, double number) { to.log_scalar(name, number); }
void log_to(Step& to, std::string_view name, std::int64_t number) { to.log_int64(name, number); }
void log_to(Step& to, std::string_view name, std::string_view text) { to.log_text(name, text); }

// What a step's own code is refused fails the step, even if it goes on: nobody else would hear of it.
template <typename T>
void log(runhook_context* context, std::string_view name, T value) {
  Step* step_code = nullptr;
  if (const auto* call = find_inline_step(context)) {
    step_code = call->step;
  } else if (const auto* function = find_context_as<StepCall>(context, Role::function_session)) {
    step_code = function->step;
  }
  if (step_code != nullptr) {
    try {
      return log_to(*step_code, name, value);
    } catch (const StatusError& refused) {
      runhook_context_fail_with(context, give_error(refused.error()));
      throw;
    }
  }
  if (SessionRunContext* const run_context = find_run_context(context)) return log_to(*run_context, name, value);
  if (const SessionStep* const step = find_session_step(context)) {  // of an engine, or a kernel's
    if (step->values != nullptr) step->values->log(name, value);
    return;
  }
  require_hook_context(context);  // says what is wrong
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
  return guarded(error, [&] { log(context, required_text(name, "name"), number); });
}

runhook_status runhook_context_log_int64(runhook_context* context, const char* name, int64_t number,
                                         runhook_error** error) {
  return guarded(error, [&] { log(context, required_text(name, "name"), number); });
}

runhook_status runhook_context_log_text(runhook_context* context, const char* name, const char* text,
                                        runhook_error** error) {
  return guarded(error, [&] { log(context, required_text(name, "name"), required_text(text, "text")); });
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

int64_t runhook_context_logged_int64_at(runhook_context* context, size_t index) {
  const auto* value = find_logged(context, index);
  return value != nullptr && value->kind == LoggedKind::integer ? value->integer : 0;
}

const char* runhook_context_logged_text_at(runhook_context* context, size_t index) {
  const auto* value = find_logged(context, index);
  return value != nullptr && value->kind == LoggedKind::text ? value->text.data() : nullptr;
}
