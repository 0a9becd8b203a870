#include "boundary/table.hpp"

#include <algorithm>
#include <string>

namespace runhook::capi {

constexpr std::size_t kFunctionSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_function, call);
static_assert(offsetof(runhook_function, user_data) == 8 && offsetof(runhook_function, destroy) == 16 &&
                  offsetof(runhook_function, call) == 24 && kFunctionSizeV1_0 == 32,
              "the 1.0 prefix is frozen");

void UserData::run_destroy() noexcept {
  const Destroy destroy = std::exchange(destroy_, nullptr);
  if (destroy == nullptr) return;
  try {
    destroy(data_);
  } catch (...) {  // NOLINT: nothing may leave a destroy function, and nobody could be told
  }
}

namespace detail {

Accepted copy_sized(const void* given, std::size_t min_size, void* copy, std::size_t copy_size) noexcept {
  std::size_t size = 0;
  std::memcpy(&size, given, sizeof size);
  if (size < min_size || size > kMaxTableSize) return Accepted::refused;
  std::memset(copy, 0, copy_size);
  std::memcpy(copy, given, std::min(size, copy_size));
  if (size <= copy_size) return Accepted::yes;
  const auto* bytes = static_cast<const unsigned char*>(given);
  const bool zero = std::all_of(bytes + copy_size, bytes + size, [](unsigned char byte) { return byte == 0; });
  return zero ? Accepted::yes : Accepted::unknown;
}

void check_sized(Accepted accepted) {
  switch (accepted) {
    case Accepted::yes:
      return;
    case Accepted::refused:
      throw StatusError(StatusCode::invalid_argument, "struct_size is not valid");
    case Accepted::unknown:
      throw StatusError(StatusCode::unimplemented,
                        "the struct has members that this version of the library does not know");
  }
}

}  // namespace detail

bool read_flag(std::int32_t given, const char* name) {
  if (given != 0 && given != 1) {
    throw StatusError(StatusCode::invalid_argument, std::string(name) + " is neither 0 nor 1");
  }
  return given == 1;
}

void check_reserved(std::int32_t reserved) {
  if (reserved != 0) throw StatusError(StatusCode::unimplemented, "the reserved member is not 0");
}

runhook_status accept_function(const runhook_function* given, std::shared_ptr<CFunction>& function,
                               runhook_error** out) noexcept {
  runhook_function table{};
  UserData owner;
  if (const auto status = accept_table(given, kFunctionSizeV1_0, table, owner, out); status != RUNHOOK_OK) {
    return status;
  }
  if (table.call == nullptr) return invalid_argument(out, "call is NULL");
  return guarded(out, [&] { function = std::make_shared<CFunction>(table.call, std::move(owner)); });
}

}  // namespace runhook::capi
