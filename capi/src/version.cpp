#include "runhook/version.h"

#include <string>

#include "boundary/exception_guard.hpp"
#include "boundary/handle_table.hpp"

namespace {

#define RUNHOOK_CAPI_TEXT_OF(number) #number
#define RUNHOOK_CAPI_DOTTED(major, minor, patch) \
  RUNHOOK_CAPI_TEXT_OF(major) "." RUNHOOK_CAPI_TEXT_OF(minor) "." RUNHOOK_CAPI_TEXT_OF(patch)

constexpr std::int32_t major_of(std::int32_t version) { return version / 10000; }
constexpr std::int32_t minor_of(std::int32_t version) { return version / 100 % 100; }

std::string dotted(std::int32_t version) {
  return std::to_string(major_of(version)) + "." + std::to_string(minor_of(version)) + "." +
         std::to_string(version % 100);
}

}  // namespace

int32_t runhook_version(void) { return RUNHOOK_VERSION; }

const char* runhook_version_string(void) {
  return RUNHOOK_CAPI_DOTTED(RUNHOOK_VERSION_MAJOR, RUNHOOK_VERSION_MINOR, RUNHOOK_VERSION_PATCH);
}

runhook_status runhook_check_version(int32_t header_version, runhook_error** error) {
  return runhook::capi::guarded(error, [&] {
    // Within a major version functions are only added, so that an older header is served; patches add none.
    const bool served = minor_of(header_version) <= RUNHOOK_VERSION_MINOR;
    if (major_of(header_version) == RUNHOOK_VERSION_MAJOR && served) return;
    throw runhook::StatusError(
        runhook::StatusCode::unimplemented,
        "the caller was built with runhook " + dotted(header_version) + ", the library is " + runhook_version_string());
  });
}

uint64_t runhook_live_handles(void) { return runhook::capi::HandleTable::live(); }
