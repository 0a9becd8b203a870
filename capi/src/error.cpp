#include "runhook/error.h"

#include "boundary/exception_guard.hpp"
#include "boundary/text.hpp"
#include "handle/error_handle.hpp"

namespace runhook::capi {

namespace {

// Handles in slot 0 are errors that need no memory: such a handle has the code in place of the generation.
runhook_error* bare_error(StatusCode code) noexcept {
  return handle_from<runhook_error>((static_cast<std::uintptr_t>(code) + 1) << HandleTable::kSlotBits);
}

// Returns the code of such an error; ok if `handle` is none.
StatusCode code_of_bare(const runhook_error* handle) noexcept {
  constexpr std::uintptr_t kHighest = static_cast<std::uintptr_t>(StatusCode::no_memory) + 1;
  const std::uintptr_t number = number_of(handle);
  const std::uintptr_t generation = number >> HandleTable::kSlotBits;
  if (bare_error(static_cast<StatusCode>(generation - 1)) != handle || generation == 0 || generation > kHighest) {
    return StatusCode::ok;
  }
  return static_cast<StatusCode>(generation - 1);
}

const char* message_of_bare(StatusCode code) noexcept {
  if (code == StatusCode::ok) return "";
  return code == StatusCode::no_memory ? "out of memory" : status_name(code).data();
}

// Returns the library's own string with a text of the error, or `missing` if the handle is not valid.
const char* text_of(const runhook_error* handle, const std::string& (Error::*member)() const noexcept,
                    const char* missing) noexcept {
  const auto* box = find(handle);
  return box != nullptr ? (box->error.*member)().c_str() : missing;
}

}  // namespace

ErrorBox::ErrorBox() noexcept = default;
ErrorBox::ErrorBox(const Error& its_error) noexcept : error(its_error) {}
ErrorBox::~ErrorBox() = default;

void ErrorBox::set(const Error& its_error) noexcept {
  // Copies of one error share its message.
  if (error && its_error && &error.message() == &its_error.message()) return;
  suppressed.clear();
  text.clear();
  error = its_error;
}

const runhook_error* LentError::lend(const Error& its_error) noexcept {
  if (!its_error) return nullptr;
  box.set(its_error);
  try {
    return handle.publish(box);
  } catch (...) {
    return bare_error(its_error.code());
  }
}

Error error_from(runhook_status code, const char* message) noexcept {
  StatusCode checked = status_from_number(code);
  if (checked == StatusCode::ok) checked = StatusCode::unknown;
  std::string_view text;
  try {
    text = optional_text(message, "message");
  } catch (...) {
    text = "the message is not UTF-8";
  }
  return Error(checked, text);
}

runhook_error* give_error(const Error& error) noexcept {
  if (!error) return nullptr;
  try {
    return create<runhook_error>(error);
  } catch (...) {
    return bare_error(error.code());
  }
}

Error error_from_handle(const runhook_error* handle) noexcept {
  if (const auto* box = find(handle)) return box->error;
  const StatusCode code = code_of_bare(handle);
  return code == StatusCode::ok ? Error() : Error(code, message_of_bare(code));
}

runhook_status fail(runhook_error** out, const Error& error) noexcept {
  if (out != nullptr) *out = give_error(error);
  return static_cast<runhook_status>(error.code());
}

runhook_status fail(runhook_error** out, StatusCode code, std::string_view message) noexcept {
  if (out != nullptr) {
    const Error error(code, message);
    *out = error.code() == code ? give_error(error) : bare_error(code);  // not even memory for the message
  }
  return static_cast<runhook_status>(code);
}

runhook_status fail_with_current_exception(runhook_error** out) noexcept {
  return fail(out, Error::from_current_exception(StatusCode::internal));
}

}  // namespace runhook::capi

using runhook::Error;
using runhook::StatusCode;
using namespace runhook::capi;  // NOLINT: this file implements the C functions in terms of it

runhook_error* runhook_error_create(runhook_status code, const char* message) {
  return give_error(error_from(code, message));
}

runhook_status runhook_error_code(const runhook_error* error) {
  if (error == nullptr) return RUNHOOK_OK;
  if (const auto* box = find(error)) return static_cast<runhook_status>(box->error.code());
  const StatusCode code = code_of_bare(error);
  return code == StatusCode::ok ? RUNHOOK_ERR_INVALID_ARGUMENT : static_cast<runhook_status>(code);
}

const char* runhook_error_message(const runhook_error* error) {
  return text_of(error, &Error::message, message_of_bare(code_of_bare(error)));
}

const char* runhook_error_hook(const runhook_error* error) { return text_of(error, &Error::hook, ""); }

const char* runhook_error_callback(const runhook_error* error) { return text_of(error, &Error::callback, ""); }

const char* runhook_error_thread(const runhook_error* error) { return text_of(error, &Error::thread, ""); }

int64_t runhook_error_step(const runhook_error* error) {
  const auto* box = find(error);
  return box != nullptr ? box->error.step() : -1;
}

size_t runhook_error_suppressed_count(const runhook_error* error) {
  const auto* box = find(error);
  return box != nullptr ? box->error.suppressed_count() : 0;
}

const runhook_error* runhook_error_suppressed_at(const runhook_error* error, size_t index) {
  auto* box = find(error);
  if (box == nullptr || index >= box->error.suppressed_count()) return nullptr;
  return guarded_value<const runhook_error*>(nullptr, [&] {
    if (box->suppressed.size() <= index) box->suppressed.resize(index + 1);
    auto& lent = box->suppressed[index];
    if (lent == nullptr) {
      auto made = std::make_unique<LentError>();
      made->lend(box->error.suppressed(index));
      lent = std::move(made);
    }
    return static_cast<const runhook_error*>(lent->handle.publish(lent->box));
  });
}

uint64_t runhook_error_suppressed_dropped(const runhook_error* error) {
  const auto* box = find(error);
  return box != nullptr ? box->error.suppressed_dropped() : 0;
}

const char* runhook_error_to_string(const runhook_error* error) {
  auto* box = find(error);
  if (box == nullptr) return message_of_bare(code_of_bare(error));
  if (!box->text.empty()) return box->text.c_str();
  return guarded_value(box->error.message().c_str(), [&] {
    box->text = box->error.to_string();
    return box->text.c_str();
  });
}

void runhook_error_destroy(runhook_error* error) { destroy(error); }
