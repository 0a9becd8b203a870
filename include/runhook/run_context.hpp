// runhook/run_context.hpp: SessionRunContext, what a hook sees and asks.
#ifndef RUNHOOK_RUN_CONTEXT_HPP_
#define RUNHOOK_RUN_CONTEXT_HPP_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include "runhook/clock.hpp"
#include "runhook/coordinator.hpp"
#include "runhook/log.hpp"
#include "runhook/logged_value.hpp"
#include "runhook/outcome.hpp"
#include "runhook/run_args.hpp"
#include "runhook/session.hpp"
#include "runhook/stop.hpp"

struct runhook_context;  // opaque: what a callback of another language gets in place of a SessionRunContext

namespace runhook::inline v1 {

class MonitoredSession;
namespace detail {
struct RunState;

// A std::chrono::duration that is nanoseconds without rounding, said without <chrono>, for which those who include
// this to write a hook would pay with six thousand lines.
template <typename T>
concept WholeNanoseconds = std::is_integral_v<typename T::rep> && requires(const T& time) {
  time.count();
} && 1'000'000'000 * T::period::num % T::period::den == 0;
}  // namespace detail

// Handed to every callback of a hook. All hooks of an attempt get the same one.
//
// Use it during the callback, on the callback's thread; only request_stop(), request_save(), stop_requested() and
// stop_source() may be called by other threads meanwhile. Since 1.0.
class SessionRunContext {
 public:
  // Makes a context outside a loop, to test a hook: callbacks can be called with it, and requested() tells what they
  // asked. Throws INVALID_ARGUMENT if session is NULL.
  SessionRunContext(SessionRunArgs args, std::shared_ptr<Session> session);
  ~SessionRunContext();
  SessionRunContext(const SessionRunContext&) = delete;
  SessionRunContext& operator=(const SessionRunContext&) = delete;

  const SessionRunArgs& original_args() const noexcept;  // the caller's, without what hooks have added
  // The session of this attempt. Running it bypasses hooks, the stop check and recovery. Throws FAILED_PRECONDITION in
  // begin(), where there is none yet, and when there is none any more.
  Session& session() const;
  std::shared_ptr<Session> shared_session() const noexcept;  // NULL where session() throws
  // The global step: before the run in before_run, after it in after_run.
  std::int64_t global_step() const noexcept;
  std::int64_t attempt() const noexcept;  // 1 for the first attempt of a run, more after recoveries within it
  // The time of the session's clock. The clock is read at most once in an attempt: all callbacks of the attempt get
  // the same time.
  std::int64_t now_ns() const;
  // The session's clock itself, for times within a callback and for threads of the hook. Never NULL.
  std::shared_ptr<Clock> clock() const noexcept;
  // Waits on the session's clock for `time`, or until a stop is asked for, whichever comes first; returns whether a
  // stop has been asked for. The next now_ns() reads the clock again.
  template <detail::WholeNanoseconds Duration>  // of std::chrono
  bool wait_for_stop(Duration time) {
    constexpr std::int64_t kUnit = 1'000'000'000 * Duration::period::num / Duration::period::den;
    std::int64_t ns = 0;
    if (__builtin_mul_overflow(time.count(), kUnit, &ns)) ns = time.count() < 0 ? INT64_MIN : INT64_MAX;
    return wait_ns_for_stop(ns);
  }
  Coordinator coordinator() const;                       // of the present session
  MonitoredSession* monitored_session() const noexcept;  // NULL outside a loop
  // What this monitored session is known by in all that it leaves behind, e.g. "20260131-235959-8f03c2d1": its time in
  // UTC and digits that make it unique. NUL-terminated.
  std::string_view session_id() const noexcept;
  std::string_view hook_name() const noexcept;      // of the hook being called; NUL-terminated
  std::string_view callback_name() const noexcept;  // of the callback in progress, e.g. "before_run"; empty if none is
  const SessionRunValues* values() const noexcept;  // what after_run is given; NULL elsewhere
  const Outcome& outcome() const noexcept;          // kind `running` before cleanup()

  // Asks for a stop of the session after this step. It cannot be withdrawn, and holds through errors and recovery.
  // Returns whether it was the first request. Once the callback is over, use a StopSource. With
  // StopUrgency::if_completed it is a request of this step: the contexts of the step see it, all others once the step
  // has been completed; another request that is made meanwhile comes before it. `planned`: the run has come to where it
  // was to end, which is told as a success.
  bool request_stop(std::int32_t code = 0, std::string_view text = {}, StopUrgency urgency = StopUrgency::after_step,
                    bool planned = false);
  bool stop_requested() const noexcept;  // whether anyone has asked
  StopSource stop_source() const;
  void request_save() noexcept;  // save at the end of this step and go on
  // In after_create_session, after_run and end, for callbacks that take long, e.g. since they evaluate: makes a save
  // now that has been asked for, of the step that was completed last; hooks that come later have not been told of it
  // yet. Returns whether there was such a request; in end also whether a signal has stopped a run whose saver knows a
  // grace. Throws what the save fails with; FAILED_PRECONDITION elsewhere.
  bool save_if_requested();

  // In before_run: asks for more. What the caller and all hooks ask for is merged and run once. A callback may ask for
  // fetches only once. Throws INVALID_ARGUMENT (fetches for the second time; a feed that conflicts with another,
  // naming both requesters), NOT_FOUND (unknown name), FAILED_PRECONDITION (not in before_run). Such a failure fails
  // the callback even if it is caught.
  void request(const SessionRunArgs& args);
  // The same piece by piece. The results are found under the keys of the fetches; an empty key stands for the name.
  void add_fetch(std::string_view key, std::string_view name);
  void add_feed(std::string_view name, Value value);
  void add_options(const RunOptions& options);
  const SessionRunArgs& requested() const noexcept;  // what the hook being called has asked for in this attempt

  // Says that the run is going to be stopped once the global step has reached `step`. Hooks with Trigger::last() are
  // called in the run that reaches it. The lowest step announced counts.
  void announce_last_step(std::int64_t step) noexcept;
  // The lowest step announced so far, or the one at which a call with a limit (max_steps) ends, if that comes before.
  std::optional<std::int64_t> last_step() const noexcept;

  // "This value, at this step", for people to look at: it reaches every output that is there and the hooks that
  // subscribe, once the step has been completed, with the step that it reaches; none is lost because an output was not
  // due. The values of an attempt that is recovered from are dropped; those of one that fails for good are marked. In
  // begin, after_create_session and end it is the present global step. Of a name that is logged twice in a step the
  // last value counts; NaN and infinities are values; `/` in names makes groups. A failing output fails no call.
  // Throws INVALID_ARGUMENT for a name that is empty, longer than 255 bytes, not UTF-8, has control characters, is
  // "step", "wall_time", "elapsed", "session", "attempt" or "event", or was used for another kind; FAILED_PRECONDITION
  // in on_values and cleanup.
  void log_scalar(std::string_view name, double number);
  void log_int64(std::string_view name, std::int64_t number);
  void log_text(std::string_view name, std::string_view text);
  // What on_values is given; in after_run what has been logged in the step so far, valid until more is, if there is
  // anybody who wants logged values: an output, or a hook that subscribes; empty elsewhere.
  std::span<const LoggedValue> logged() const noexcept;

  // Writes a message to the session's log; outside a loop, or if the session was given no log, to standard error.
  void log(LogLevel level, std::string_view text) noexcept;
  // The same log, for threads of the hook. Never empty.
  LogSink log_sink() const;
  // Adds a warning, which does not fail the run: it is logged, and counted in the outcome.
  void warn(const Error& error) noexcept;

  // Has the callback fail with `error` even if it returns normally. Only the first call counts.
  void fail(const Error& error) noexcept;

  // In before_run: has the step not executed. The remaining hooks still get before_run; then all get on_error with
  // CANCELLED. The caller's run() returns Results with skipped(), or throws STOPPED if a stop has been asked for, too.
  // Throws FAILED_PRECONDITION elsewhere.
  void skip_step();
  // In after_run: has the caller not get the step's results. Throws FAILED_PRECONDITION elsewhere.
  void discard_result();

  // Outside a loop: runs the session once with the args of the context and what the hook has requested, and returns
  // what after_run is to be given. A request after that begins a new attempt. Throws what the session throws;
  // FAILED_PRECONDITION in a loop.
  const SessionRunValues& execute();

  // For language bindings: the context that callbacks of another language get.
  runhook_context* direct_context() const noexcept;
  void set_direct_context(runhook_context* context) noexcept;

 private:
  bool wait_ns_for_stop(std::int64_t ns);
  friend struct detail::RunState;
  explicit SessionRunContext(detail::RunState* state) noexcept;
  detail::RunState* state_;
  std::unique_ptr<detail::RunState> own_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_RUN_CONTEXT_HPP_
