#include "boundary/log_table.hpp"

#include <memory>
#include <string>
#include <utility>

namespace runhook::capi {

namespace {

constexpr std::size_t kLogSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_log, write);
static_assert(offsetof(runhook_log, user_data) == 8 && offsetof(runhook_log, destroy) == 16 &&
                  offsetof(runhook_log, write) == 24 && kLogSizeV1_0 == 32,
              "the 1.0 prefix is frozen");

}  // namespace

runhook_status accept_log(const runhook_log* given, LogSink& sink, runhook_error** out) noexcept {
  sink = nullptr;
  if (given == nullptr) return guarded(out, [] {});
  runhook_log table;
  UserData owner;
  if (const auto status = accept_table(given, kLogSizeV1_0, table, owner, out); status != RUNHOOK_OK) return status;
  return guarded(out, [&] {
    if (table.write == nullptr) throw StatusError(StatusCode::invalid_argument, "write is NULL");
    sink = [write = table.write, data = std::make_shared<const UserData>(std::move(owner))](LogLevel level,
                                                                                            std::string_view message) {
      write(static_cast<std::int32_t>(level), std::string(message).c_str(), data->get());
    };
  });
}

}  // namespace runhook::capi
