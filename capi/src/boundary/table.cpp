#include "boundary/table.hpp"

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
  } catch (...) {  // NOLINT: nothing may leave a destroy function, and there is nobody who could be told
  }
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
