#include "runhook/status.h"

#include <string>
#include <string_view>
#include <vector>

#include "boundary/exception_guard.hpp"
#include "boundary/text.hpp"
#include "runhook/status.hpp"
#include "src/base/known_names.hpp"

using runhook::StatusCode;

// The numbers of the C ABI are the core's.
#define RUNHOOK_CAPI_SAME(number, code) static_assert((number) == static_cast<int>(StatusCode::code))
RUNHOOK_CAPI_SAME(RUNHOOK_OK, ok);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_CANCELLED, cancelled);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_UNKNOWN, unknown);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_INVALID_ARGUMENT, invalid_argument);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_DEADLINE_EXCEEDED, deadline_exceeded);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_NOT_FOUND, not_found);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_ALREADY_EXISTS, already_exists);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_PERMISSION_DENIED, permission_denied);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_RESOURCE_EXHAUSTED, resource_exhausted);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_FAILED_PRECONDITION, failed_precondition);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_ABORTED, aborted);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_OUT_OF_RANGE, out_of_range);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_UNIMPLEMENTED, unimplemented);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_INTERNAL, internal);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_UNAVAILABLE, unavailable);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_DATA_LOSS, data_loss);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_UNAUTHENTICATED, unauthenticated);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_STOPPED, stopped);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_CLOSED, closed);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_REENTRANT, reentrant);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_BUSY, busy);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_HOOK_FAILED, hook_failed);
RUNHOOK_CAPI_SAME(RUNHOOK_ERR_NO_MEMORY, no_memory);

// The core's names are literals, so that they end with NUL.
const char* runhook_status_name(runhook_status status) {
  return runhook::status_name(static_cast<StatusCode>(status)).data();
}

runhook_status runhook_status_from_name(const char* name, runhook_status* status, runhook_error** error) {
  using namespace runhook::capi;  // NOLINT: this function is implemented in terms of it
  return guarded(error, [&] {
    const std::string_view wanted = required_text(name, "name");
    if (status == nullptr) throw runhook::StatusError(StatusCode::invalid_argument, "status is NULL");
    std::vector<std::string_view> names;
    for (int number = RUNHOOK_OK; number <= RUNHOOK_ERR_NO_MEMORY; ++number) {
      const auto code = static_cast<StatusCode>(number);
      if (number != RUNHOOK_ERR_UNKNOWN && runhook::status_from_number(number) == StatusCode::unknown) continue;
      names.push_back(runhook::status_name(code));
      if (names.back() != wanted) continue;
      *status = number;
      return;
    }
    throw runhook::StatusError(StatusCode::not_found, "there is no code '" + std::string(wanted) + "'" +
                                                          runhook::detail::known_names(wanted, names));
  });
}
