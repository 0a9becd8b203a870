#include "boundary/log_table.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace runhook::capi {

namespace {

constexpr std::size_t kLogSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_log, write);
static_assert(offsetof(runhook_log, user_data) == 8 && offsetof(runhook_log, destroy) == 16 &&
                  offsetof(runhook_log, write) == 24 && kLogSizeV1_0 == 32,
              "the 1.0 prefix is frozen");
static_assert(offsetof(runhook_log_record, message) == 8 && offsetof(runhook_log_record, hook) == 16 &&
                  offsetof(runhook_log_record, step) == 24 && offsetof(runhook_log_record, time_ns) == 32 &&
                  offsetof(runhook_log_record, level) == 40 && offsetof(runhook_log_record, reserved) == 44,
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
    sink = [write = table.write, data = std::make_shared<const UserData>(std::move(owner))](const LogRecord& record) {
      const std::string message(record.message);
      const std::string hook(record.hook);
      const auto time = std::chrono::system_clock::now().time_since_epoch();
      runhook_log_record lent{};
      lent.struct_size = sizeof lent;
      lent.message = message.c_str();
      lent.hook = hook.empty() ? nullptr : hook.c_str();
      lent.step = record.step;
      lent.time_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
      lent.level = static_cast<std::int32_t>(record.level);
      write(&lent, data->get());
    };
  });
}

}  // namespace runhook::capi
