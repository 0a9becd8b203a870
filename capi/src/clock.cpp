#include "runhook/clock.h"

#include <atomic>
#include <exception>
#include <mutex>
#include <string>

#include "boundary/c_call.hpp"
#include "boundary/exception_guard.hpp"
#include "boundary/table.hpp"
#include "handle/clock_handle.hpp"
#include "handle/error_handle.hpp"
#include "runhook/stop.hpp"

using runhook::Clock;
using runhook::Error;
using runhook::LogLevel;
using runhook::LogSink;
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

// A clock of C. If one of its functions fails, nothing else does: most functions that ask for the time could not report
// it.
class CClock final : public Clock {
 public:
  CClock(const runhook_clock_table& table, UserData owner) noexcept
      : now_ns_(table.now_ns), wait_ns_(table.wait_ns), data_(std::move(owner)) {}

  std::int64_t now_ns() override {
    attempt("now_ns", [this] {
      ClockCall call;
      invoke_once(call, "now_ns", now_ns_, data_.get());
      if (!call.now_ns) {
        throw StatusError(StatusCode::failed_precondition, "now_ns has not called runhook_context_set_now_ns()");
      }
      last_ns_.store(*call.now_ns, std::memory_order_relaxed);
    });
    return last_ns_.load(std::memory_order_relaxed);
  }

  bool wait(std::int64_t ns, const StopState* stop) override {
    if (stop != nullptr && stop->requested()) return true;
    const bool waited = wait_ns_ != nullptr && attempt("wait_ns", [&] {
                          ClockCall call(ns, stop);
                          invoke_once(call, "wait_ns", wait_ns_, data_.get());
                        });
    if (!waited) return runhook::system_clock()->wait(ns, stop);
    return stop != nullptr && stop->requested();
  }

  // The first failure; "no error" if there was none.
  Error error() const noexcept {
    if (!failed_.load(std::memory_order_acquire)) return Error();
    const std::lock_guard lock(mutex_);
    return error_;
  }

 private:
  // Returns whether `call` has succeeded; keeps the first failure.
  template <class Call>
  bool attempt(const char* callback, Call&& call) {
    try {
      call();
      return true;
    } catch (const std::exception&) {  // a thread's cancellation passes
      Error error = Error::from_current_exception(StatusCode::unknown);
      error.locate({}, callback, -1);
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::move(error);
      failed_.store(true, std::memory_order_release);
      return false;
    }
  }

  const runhook_callback now_ns_;
  const runhook_callback wait_ns_;
  const UserData data_;
  std::atomic<std::int64_t> last_ns_{0};
  std::atomic<bool> failed_{false};
  mutable std::mutex mutex_;  // guards error_
  Error error_;
};

// A session's use of a clock of C.
class LoggedClock final : public Clock {
 public:
  LoggedClock(std::shared_ptr<CClock> clock, LogSink log) noexcept
      : clock_(std::move(clock)), log_(log ? std::move(log) : runhook::v1::detail::log_to_stderr) {}

  std::int64_t now_ns() override {
    const std::int64_t now = clock_->now_ns();
    log_failure();
    return now;
  }
  bool wait(std::int64_t ns, const StopState* stop) override {
    const bool stopped = clock_->wait(ns, stop);
    log_failure();
    return stopped;
  }

 private:
  void log_failure() noexcept {
    const Error error = clock_->error();
    if (!error || logged_.exchange(true)) return;
    try {
      const std::string text = "the clock has failed: " + error.to_string();
      log_(LogLevel::warning, text);
    } catch (...) {  // NOLINT(bugprone-empty-catch): a log that fails must not fail the run
    }
  }

  const std::shared_ptr<CClock> clock_;
  const LogSink log_;
  std::atomic<bool> logged_{false};
};

}  // namespace

namespace runhook::capi {

std::shared_ptr<Clock> clock_with_log(std::shared_ptr<Clock> clock, const LogSink& log) {
  if (auto c_clock = std::dynamic_pointer_cast<CClock>(clock)) return std::make_shared<LoggedClock>(c_clock, log);
  return clock;
}

}  // namespace runhook::capi

runhook_clock* runhook_clock_create(const runhook_clock_table* table, runhook_error** error) {
  runhook_clock_table copy{};
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

runhook_error* runhook_clock_error(const runhook_clock* clock) {
  const auto* box = find(clock);
  const auto* c_clock = box != nullptr ? dynamic_cast<const CClock*>(box->clock.get()) : nullptr;
  return c_clock != nullptr ? give_error(c_clock->error()) : nullptr;
}

void runhook_clock_destroy(runhook_clock* clock) { destroy(clock); }
