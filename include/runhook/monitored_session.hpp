// runhook/monitored_session.hpp: MonitoredSession, the loop.
#ifndef RUNHOOK_MONITORED_SESSION_HPP_
#define RUNHOOK_MONITORED_SESSION_HPP_

#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "runhook/config.hpp"
#include "runhook/inline_step.hpp"
#include "runhook/timings.hpp"
#include "runhook/value_logger.hpp"

namespace runhook::inline v1 {

namespace detail {
class Loop;
}

// What a step function gets. Valid during the call.
class StepContext {
 public:
  Session& session() const;  // the raw session: running it bypasses hooks and recovery
  std::shared_ptr<Session> shared_session() const;
  // Makes one run with hooks. Do not catch its recoverable errors: after one, the whole step function is called again
  // with a fresh session. Throws STOPPED, without calling anything, once a stop has been asked for, e.g. by a hook in
  // an earlier run of the same function, or input has ended.
  const Results& run_with_hooks(const SessionRunArgs& args = no_args);
  SessionRunContext& run_context() const noexcept;
  // Asks for a stop and leaves the step function by throwing STOPPED.
  [[noreturn]] void request_stop(std::int32_t code = 0, std::string_view text = {});

 private:
  friend class detail::Loop;
  explicit StepContext(detail::Loop& loop) noexcept : loop_(loop) {}
  detail::Loop& loop_;
};

// Executes steps of a session with hooks around them, recovers, stops and ends cleanly.
// After tf.train.MonitoredSession.
//
// It is used by one thread at a time: a call that comes meanwhile throws BUSY on another thread, and REENTRANT in a
// callback. request_stop(), request_save(), should_stop(), stop_source() and outcome() may be called from any thread.
// All errors are thrown as StatusError.
//
// A child made by fork(), which has none of its parent's threads, may go on with a session that it has inherited, and
// close and destroy it: nothing waits for them. What hooks that come along write is left to the parent. Since 1.0.
class MonitoredSession {
 public:
  // Calls begin of every hook, creates the session, calls after_create_session of every hook. If any of this fails,
  // the hooks that began get cleanup, the session is closed, and the error is thrown. Throws ALREADY_EXISTS, without
  // calling anything, if the config's session creator, or a hook that serves one session at a time, has an open
  // session already.
  explicit MonitoredSession(Config config);
  // Closes; errors go to the log. What a run has thrown before is not repeated on standard error. If an exception is
  // leaving the scope of the session, the outcome is failed, unless a stop has been asked for or input has ended; what
  // the exception says is not in it: see scope().
  ~MonitoredSession();
  MonitoredSession(const MonitoredSession&) = delete;
  MonitoredSession& operator=(const MonitoredSession&) = delete;

  // Executes one step. The results are valid until the next run. Throws STOPPED, without calling anything, once a stop
  // has been asked for or input has ended; CLOSED, REENTRANT, BUSY; or what the step or a hook failed with, of which
  // OUT_OF_RANGE is the end of input.
  const Results& run(const SessionRunArgs& args = no_args);
  // The same; copies the results, and what the session reported about the run.
  void run(const SessionRunArgs& args, Results* results, RunMetadata* metadata = nullptr);
  // Executes steps until should_stop(), or `max_steps` of them (0: no limit). Returns how many were completed. Those
  // that a recovery has undone are made again, and count once. A stop or the end of input is not an error here; every
  // other failure is thrown.
  std::int64_t run_until_stop(const SessionRunArgs& args = no_args, std::int64_t max_steps = 0);
  // The same; `completed` is set on failure, too.
  void run_until_stop(const SessionRunArgs& args, std::int64_t max_steps, std::int64_t* completed);
  // Calls `fn` with a StepContext and returns what it returns. After a recoverable error in it, `fn` is called again
  // from its start with a fresh session. Throws STOPPED, without calling `fn`, once a stop has been asked for or input
  // has ended. If a hook asks for a stop in a run within `fn`, the next run there throws STOPPED without calling
  // anything: if `fn` lets that out it is thrown here, and if it returns all the same, so does this. The stop is the
  // hook's.
  template <typename Fn>
  auto run_step_fn(Fn&& fn) -> std::invoke_result_t<Fn, StepContext&> {
    using R = std::invoke_result_t<Fn, StepContext&>;
    if constexpr (std::is_void_v<R>) {
      run_step_function([&](StepContext& context) { std::forward<Fn>(fn)(context); });
    } else {
      std::optional<R> result;
      run_step_function([&](StepContext& context) { result.emplace(std::forward<Fn>(fn)(context)); });
      return std::move(*result);
    }
  }
  const RunMetadata& metadata() const noexcept;  // of the last run

  // A loop that stays where it is, for a config with set_inline(): `while (InlineStep* step = session.next()) { body
  // }`, or `for (InlineStep& step : session.steps())`. next() completes the step that is open, if one is, and opens
  // the next one; all that holds of a run holds of it, with the body in the place of the session. NULL once a stop has
  // been asked for, input has ended, or max_steps are over. Throws what completing or beginning a step has failed
  // with, CLOSED, REENTRANT, BUSY, and FAILED_PRECONDITION for another config. After a recovery the same step is given
  // again. close() completes the step that is open, which `break` leaves so; a destructor cancels it: hooks get
  // on_error.
  InlineStep* next();
  // The two halves of next(), for event loops and for callbacks of other libraries. REENTRANT if a step is open. The
  // args are copied.
  InlineStep* begin_step(const SessionRunArgs& args = no_args);
  void end_step();                  // returns after a recovery, too: the next step is then this one again
  void abandon_step();              // gives the step up that is open: see InlineStep::abandon()
  bool step_open() const noexcept;  // any thread
  class Steps;
  Steps steps() noexcept;
  // Calls `body` and then closes, as a scope around a loop. If `body` throws STOPPED or OUT_OF_RANGE, the run has
  // ended well and nothing is thrown; any other exception makes the outcome failed and is thrown again, with errors of
  // closing attached as suppressed.
  void scope(const std::function<void(MonitoredSession&)>& body);

  // Whether a stop has been asked for, or input has ended, or the session is closed. Changes nothing. Any thread.
  bool should_stop() const noexcept;
  bool request_stop(std::int32_t code = 0, std::string_view text = {}, StopUrgency urgency = StopUrgency::after_step,
                    bool planned = false) noexcept;
  void request_save() noexcept;  // at the end of the step in progress, or of the next one
  StopSource stop_source() const noexcept;
  ValueLogger logger() const noexcept;  // logs values from any thread
  // Says that the caller has refilled its input: runs are possible again after OUT_OF_RANGE.
  void clear_end_of_input();

  // Adds or removes a hook; also from a callback. begin and after_create_session of an added hook, or cleanup of a
  // removed one, are called before the next step. add_hook() returns a number for remove_hook(). Throws
  // ALREADY_EXISTS, NOT_FOUND, INVALID_ARGUMENT, CLOSED; BUSY from another thread during a run.
  std::uint64_t add_hook(std::shared_ptr<SessionRunHook> hook, HookOptions options = {});
  void remove_hook(std::uint64_t id);
  std::uint64_t hook_id(std::string_view name) const;  // of the first hook of this name; throws NOT_FOUND

  // Marks the run as failed by the caller, so that close() calls no `end`. STOPPED and OUT_OF_RANGE are no failures:
  // they mark a stop and the end of input instead.
  void fail(const Error& error);
  // Ends the run: calls `end` of every hook unless the outcome is failed, joins threads, closes the session, and calls
  // `cleanup` of every hook. All of it is done, whatever fails. Throws the first new error, with the others suppressed:
  // of a thread, of `end`, of closing, of `cleanup`; an error that a run has thrown already is in the outcome only.
  // What the session's own close fails with is logged only, and no failure of the run, if the policy's classifier calls
  // it recoverable, also where nothing is recovered. Closing again does nothing. REENTRANT in a callback.
  //
  // If a thread has reported an error that is not recovered from before this is called, the run has failed, and no
  // `end` is called. One that comes during it, while `end` is called or threads are joined, fails the run, too, but
  // `end` has been called by then: only `cleanup` is told. An error that is recovered from fails nothing; see
  // RecoveryPolicy.
  //
  // How the run has ended is logged: at LogLevel::error if it has failed, else as information, which standard error
  // does not get. It does not get a failure either that was thrown to the caller or given to fail(): whoever has the
  // error reports it, so that it is reported once. A log that was given with the config gets it in any case.
  //
  // While another thread is in a call of the session it is waited for, for as long as the grace period of the config
  // lasts, before this throws BUSY; REENTRANT at once on a thread of the session's coordinator, for which that call
  // may be waiting.
  void close();
  // The same with another time to wait; negative: for ever. `heard`: whether somebody gets what it throws.
  void close_within(std::int64_t wait_ns, bool heard = true);
  bool closed() const noexcept;

  Outcome outcome() const;  // kind `running` until closed
  Timings timings() const;  // where the time has gone so far. Any thread
  // The raw session, replaced by recovery; NULL when closed. Running it bypasses the hooks.
  std::shared_ptr<Session> session() const noexcept;
  Coordinator coordinator() const;  // of the present session; replaced by recovery. Throws CLOSED
  std::int64_t global_step() const noexcept;
  bool running() const noexcept;  // whether a thread is in run() or another member that calls callbacks

  // For language bindings. If a thread is in a member that calls callbacks, every further run fails with CLOSED,
  // `when_idle` is called at the very end of that member, and true is returned. Otherwise nothing is done, and false is
  // returned. `when_idle` may destroy the session.
  bool defer_until_idle(std::function<void()> when_idle);
  // For the same: nobody has got what a member has thrown, or who has got it has given it back. If the run has failed
  // in the end, standard error gets that. Any thread.
  void error_unheard() noexcept;

 private:
  void run_step_function(const std::function<void(StepContext&)>& fn);
  std::unique_ptr<detail::Loop> loop_;
  int uncaught_;
};

// The steps that next() gives, for a range-based `for`.
class MonitoredSession::Steps {
 public:
  class Iterator {
   public:
    explicit Iterator(MonitoredSession& session) : session_(session), step_(session.next()) {}
    InlineStep& operator*() const noexcept { return *step_; }
    Iterator& operator++() {
      step_ = session_.next();
      return *this;
    }
    bool operator==(std::default_sentinel_t) const noexcept { return step_ == nullptr; }

   private:
    MonitoredSession& session_;
    InlineStep* step_;
  };
  explicit Steps(MonitoredSession& session) noexcept : session_(session) {}
  Iterator begin() const { return Iterator(session_); }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  MonitoredSession& session_;
};

inline MonitoredSession::Steps MonitoredSession::steps() noexcept { return Steps(*this); }

// The same without recovery. After tf.train.SingularMonitoredSession.
class SingularMonitoredSession : public MonitoredSession {
 public:
  explicit SingularMonitoredSession(Config config);
  std::shared_ptr<Session> raw_session() const noexcept { return session(); }
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_MONITORED_SESSION_HPP_
