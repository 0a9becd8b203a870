// What is behind a runhook_error.
#ifndef RUNHOOK_CAPI_HANDLE_ERROR_HANDLE_HPP_
#define RUNHOOK_CAPI_HANDLE_ERROR_HANDLE_HPP_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "boundary/handle_box.hpp"
#include "runhook/error.hpp"
#include "runhook/types.h"

namespace runhook::capi {

struct ErrorBox;
struct LentError;
RUNHOOK_CAPI_BOX(runhook_error, ErrorBox, error);

// An error with the handles lent for its suppressed errors. Change `error` only by set(), which makes these handles
// invalid unless it is given the same error.
struct ErrorBox final : Boxed {
  ErrorBox() noexcept;
  explicit ErrorBox(const Error& its_error) noexcept;
  ~ErrorBox();
  void set(const Error& its_error) noexcept;
  Error error;
  std::string text;                                    // of runhook_error_to_string()
  std::vector<std::unique_ptr<LentError>> suppressed;  // made on demand
};

// Returns an owned handle of an error; NULL for "no error". Without memory it gives one that needs none.
runhook_error* give_error(const Error& error) noexcept;
// Makes an error from a caller's code and message. Never "no error".
Error error_from(runhook_status code, const char* message) noexcept;
// Returns the error behind a handle; "no error" if the handle is not valid.
Error error_from_handle(const runhook_error* handle) noexcept;

// An error to be lent to a callback or by another object.
struct LentError {
  // Returns the handle of `its_error`; NULL for "no error" and without memory.
  const runhook_error* lend(const Error& its_error) noexcept;
  ErrorBox box;
  Lent<runhook_error> handle;
};

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_ERROR_HANDLE_HPP_
