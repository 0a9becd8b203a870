#include "runhook/stop.h"

#include <algorithm>
#include <cstring>

#include "boundary/exception_guard.hpp"
#include "boundary/table.hpp"
#include "boundary/text.hpp"
#include "handle/stop_handle.hpp"

namespace runhook::capi {

namespace {

constexpr std::size_t kReasonSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_stop_reason, text);
static_assert(offsetof(runhook_stop_reason, origin) == 8 && offsetof(runhook_stop_reason, urgency) == 12 &&
                  offsetof(runhook_stop_reason, code) == 16 && offsetof(runhook_stop_reason, planned) == 20 &&
                  offsetof(runhook_stop_reason, step) == 24 && offsetof(runhook_stop_reason, time_ns) == 32 &&
                  offsetof(runhook_stop_reason, who) == 40 && offsetof(runhook_stop_reason, text) == 48 &&
                  kReasonSizeV1_0 == 56,
              "the 1.0 prefix is frozen");

static_assert(RUNHOOK_STOP_BY_NONE == static_cast<int>(StopOrigin::none) &&
              RUNHOOK_STOP_BY_CALLER == static_cast<int>(StopOrigin::caller) &&
              RUNHOOK_STOP_BY_HOOK == static_cast<int>(StopOrigin::hook) &&
              RUNHOOK_STOP_BY_SOURCE == static_cast<int>(StopOrigin::source) &&
              RUNHOOK_STOP_BY_COORDINATOR == static_cast<int>(StopOrigin::coordinator) &&
              RUNHOOK_STOP_BY_STEP_FUNCTION == static_cast<int>(StopOrigin::step_function) &&
              RUNHOOK_STOP_BY_SIGNAL == static_cast<int>(StopOrigin::signal) &&
              RUNHOOK_STOP_BY_SESSION == static_cast<int>(StopOrigin::session));
static_assert(RUNHOOK_STOP_AFTER_STEP == static_cast<int>(StopUrgency::after_step) &&
              RUNHOOK_STOP_NOW == static_cast<int>(StopUrgency::now) &&
              RUNHOOK_STOP_IF_COMPLETED == static_cast<int>(StopUrgency::if_completed));

constexpr std::size_t kStopListenerSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_stop_listener_table, on_stop);
static_assert(offsetof(runhook_stop_listener_table, on_stop) == 24 && kStopListenerSizeV1_0 == 32,
              "the 1.0 prefix is frozen");

}  // namespace

HowToStop::HowToStop(int32_t number) noexcept : planned(number >= 0 && (number & RUNHOOK_STOP_PLANNED) != 0) {
  if (planned) number -= RUNHOOK_STOP_PLANNED;
  if (number == RUNHOOK_STOP_NOW || number == RUNHOOK_STOP_IF_COMPLETED) urgency = static_cast<StopUrgency>(number);
}

const StopReason* StopSourceBox::reason(std::size_t index) {
  if (index >= reasons_.size()) return nullptr;
  const std::lock_guard lock(mutex_);
  auto& kept = reasons_[index];
  if (kept != nullptr) return kept.get();
  if (index == 0) {
    const StopReason first = source.state()->first();
    if (first.origin == StopOrigin::none) return nullptr;
    kept = std::make_unique<const StopReason>(first);
  } else {
    const auto later = source.state()->later();
    if (index > later.size()) return nullptr;
    kept = std::make_unique<const StopReason>(later[index - 1]);
  }
  return kept.get();
}

void fill_stop_reason(const StopReason* reason, runhook_stop_reason* out) {
  check_filled(out, kReasonSizeV1_0);
  const std::size_t size = out->struct_size;
  if (reason == nullptr || reason->origin == StopOrigin::none) {
    throw StatusError(StatusCode::not_found, "there is no such stop request");
  }
  runhook_stop_reason filled = RUNHOOK_STOP_REASON_INIT;
  filled.struct_size = size;
  filled.origin = static_cast<int32_t>(reason->origin);
  filled.urgency = static_cast<int32_t>(reason->urgency);
  filled.code = reason->code;
  filled.planned = reason->planned ? 1 : 0;
  filled.step = reason->step;
  filled.time_ns = reason->time_ns;
  filled.who = reason->who_chars.data();
  filled.text = reason->text_chars.data();
  std::memcpy(out, &filled, std::min(size, sizeof filled));
}

}  // namespace runhook::capi

using runhook::StatusCode;
using runhook::StatusError;
using runhook::StopReason;
using runhook::StopSource;
using namespace runhook::capi;  // NOLINT: this file implements the C functions in terms of it

runhook_stop_source* runhook_stop_source_create(runhook_error** error) {
  return guarded_handle(error, [] { return create<runhook_stop_source>(StopSource()); });
}

runhook_stop_source* runhook_stop_source_share(const runhook_stop_source* source, runhook_error** error) {
  return guarded_handle(error, [&] { return create<runhook_stop_source>(require(source).source); });
}

void runhook_stop_source_destroy(runhook_stop_source* source) { destroy(source); }

int32_t runhook_stop_source_request_stop(const runhook_stop_source* source, int32_t code, const char* text,
                                         int32_t urgency) {
  const auto* box = find(source);
  if (box == nullptr) return 0;
  const HowToStop how(urgency);
  return box->source.request_stop(code, readable_text(text), how.urgency, how.planned) ? 1 : 0;
}

int32_t runhook_stop_source_request_stop_from_signal(const runhook_stop_source* source, int32_t signal_number,
                                                     int32_t urgency) {
  const auto* box = find(source);
  if (box == nullptr) return 0;
  return box->source.request_stop_from_signal(signal_number, HowToStop(urgency).urgency) ? 1 : 0;
}

runhook_status runhook_stop_source_request_save(const runhook_stop_source* source, runhook_error** error) {
  return guarded(error, [&] { require(source).source.request_save(); });
}

int32_t runhook_stop_source_stop_requested(const runhook_stop_source* source) {
  const auto* box = find(source);
  return box != nullptr && box->source.stop_requested() ? 1 : 0;
}

int32_t runhook_stop_source_wait(const runhook_stop_source* source, int64_t timeout_ns) {
  const auto* box = find(source);
  if (box == nullptr) return 0;
  return guarded_value<int32_t>(0, [&] {
    const auto state = box->source.state();  // the handle may be destroyed meanwhile
    return state->wait(timeout_ns) ? 1 : 0;
  });
}

size_t runhook_stop_source_reason_count(const runhook_stop_source* source) {
  const auto* box = find(source);
  if (box == nullptr || box->source.state()->first().origin == runhook::StopOrigin::none) return 0;
  return guarded_value<size_t>(1, [&] { return 1 + box->source.state()->later().size(); });
}

runhook_status runhook_stop_source_reason_at(const runhook_stop_source* source, size_t index,
                                             runhook_stop_reason* reason, runhook_error** error) {
  return guarded(error, [&] { fill_stop_reason(require(source).reason(index), reason); });
}

uint64_t runhook_stop_source_reasons_dropped(const runhook_stop_source* source) {
  const auto* box = find(source);
  return box != nullptr ? box->source.state()->dropped() : 0;
}

runhook_stop_listener* runhook_stop_listener_create(const runhook_stop_source* source,
                                                    const runhook_stop_listener_table* table, runhook_error** error) {
  runhook_stop_listener_table copy;
  UserData owner;
  if (accept_table(table, kStopListenerSizeV1_0, copy, owner, error) != RUNHOOK_OK) return nullptr;
  return guarded_handle(error, [&] {
    const auto state = require(source).source.state();
    if (copy.on_stop == nullptr) throw StatusError(StatusCode::invalid_argument, "on_stop is NULL");
    const auto data = std::make_shared<const UserData>(std::move(owner));
    return create<runhook_stop_listener>(state, [call = copy.on_stop, data](const StopReason& first) {
      runhook_stop_reason told = RUNHOOK_STOP_REASON_INIT;
      fill_stop_reason(&first, &told);
      call(&told, data->get());
    });
  });
}

void runhook_stop_listener_destroy(runhook_stop_listener* listener) { destroy(listener); }
