#include "runhook/clock.h"

#include "clock_handle.hpp"
#include "guard.hpp"
#include "runhook/stop.hpp"
#include "table.hpp"

using runhook::Clock;
using runhook::ManualClock;
using runhook::StatusCode;
using runhook::StatusError;
using runhook::StopState;
using namespace runhook::capi;  // NOLINT: this file implements the C functions in terms of it

namespace {

constexpr std::size_t kClockSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_clock_table, wait_ns);
static_assert(offsetof(runhook_clock_table, user_data) == 8 && offsetof(runhook_clock_table, destroy) == 16 &&
                  offsetof(runhook_clock_table, now_ns) == 24 && offsetof(runhook_clock_table, wait_ns) == 32 &&
                  kClockSizeV1_0 == 40,
              "the 1.0 prefix is frozen");

class CClock final : public Clock {
 public:
  CClock(const runhook_clock_table& table, UserData owner) noexcept
      : now_ns_(table.now_ns), wait_ns_(table.wait_ns), data_(std::move(owner)) {}

  std::int64_t now_ns() override { return now_ns_(data_.get()); }

  bool wait(std::int64_t ns, const StopState* stop) override {
    if (wait_ns_ == nullptr) return runhook::system_clock()->wait(ns, stop);
    if (stop != nullptr && stop->requested()) return true;
    wait_ns_(ns, data_.get());
    return stop != nullptr && stop->requested();
  }

 private:
  int64_t (*const now_ns_)(void*);
  void (*const wait_ns_)(int64_t, void*);
  const UserData data_;
};

}  // namespace

runhook_clock* runhook_clock_create(const runhook_clock_table* table, runhook_error** error) {
  runhook_clock_table copy;
  UserData owner;
  if (accept_table(table, kClockSizeV1_0, copy, owner, error) != RUNHOOK_OK) return nullptr;
  return guarded_handle(error, [&] {
    if (copy.now_ns == nullptr) throw StatusError(StatusCode::invalid_argument, "now_ns is NULL");
    return create<runhook_clock>(std::make_shared<CClock>(copy, std::move(owner)));
  });
}

runhook_clock* runhook_manual_clock_create(int64_t start_ns, runhook_error** error) {
  return guarded_handle(error, [&] { return create<runhook_clock>(std::make_shared<ManualClock>(start_ns)); });
}

runhook_status runhook_manual_clock_advance(runhook_clock* clock, int64_t ns, runhook_error** error) {
  return guarded(error, [&] {
    auto* manual = dynamic_cast<ManualClock*>(require(clock).clock.get());
    if (manual == nullptr) throw StatusError(StatusCode::failed_precondition, "not a manual clock");
    if (ns < 0) throw StatusError(StatusCode::invalid_argument, "ns is negative");
    manual->advance(ns);
  });
}

int64_t runhook_clock_now_ns(const runhook_clock* clock) {
  const auto* box = find(clock);
  if (box == nullptr) return 0;
  const auto kept = box->clock;  // the handle may be destroyed meanwhile
  return guarded_value<int64_t>(0, [&] { return kept->now_ns(); });
}

void runhook_clock_destroy(runhook_clock* clock) { destroy(clock); }
