// runhook/coordinator.hpp: threads that stop together and whose first error is kept.
#ifndef RUNHOOK_COORDINATOR_HPP_
#define RUNHOOK_COORDINATOR_HPP_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/clock.hpp"
#include "runhook/error.hpp"
#include "runhook/stop.hpp"

namespace runhook::inline v1 {

// Stands for one registered thread until it is destroyed or done() is called. Movable. Since 1.0.
class CoordinatedThread {
 public:
  CoordinatedThread() noexcept = default;
  CoordinatedThread(CoordinatedThread&&) noexcept;
  CoordinatedThread& operator=(CoordinatedThread&&) noexcept;
  ~CoordinatedThread() { done(); }
  void done() noexcept;  // the thread is about to end; idempotent

 private:
  friend class Coordinator;
  struct Ticket;
  std::shared_ptr<Ticket> ticket_;
};

// Makes a group of threads stop together. After tf.train.Coordinator, with these differences: errors are passed by
// value, waiting is by notification instead of polling, errors after a clean stop are kept.
//
// All members are thread-safe. Copies share one state, which lives as long as any of its threads. Since 1.0.
class Coordinator {
 public:
  static constexpr std::int64_t kDefaultGraceNs = 120'000'000'000;

  struct Options {
    // An error with one of these codes is a plain stop.
    std::vector<StatusCode> clean_stop_codes = {StatusCode::out_of_range, StatusCode::stopped};
    // Where stops are requested, too, e.g. the stop state of a session; NULL: a stop state of the coordinator's own.
    std::shared_ptr<StopState> stop;
    // Errors for which this returns true stop the threads of this coordinator only, and request no stop of `stop`.
    std::function<bool(const Error&)> is_recoverable;
  };

  Coordinator();
  explicit Coordinator(Options options);

  // Asks all threads to stop. The first error is recorded, even if a plain stop came before it, and later ones are
  // attached to it as suppressed; one with a clean-stop code is a plain stop. After join() an error is recorded and
  // also thrown to the caller, since nobody else would see it. A recorded error says which thread it came from, see
  // Error::thread(), if that was made by start_thread() or has registered itself.
  void request_stop();
  void request_stop(const Error& error);
  void stop_threads() noexcept;  // stops the threads only, and requests no stop of the stop state: for a session's end
  bool should_stop() const noexcept;  // whether this coordinator or its stop state has been asked to stop
  // Blocks until should_stop(), for at most `timeout_ns` (negative: for ever). Returns should_stop().
  bool wait_for_stop(std::int64_t timeout_ns = -1) const;
  // Makes the coordinator usable again: forgets the stop, the errors, and that it was joined. Registered threads stay
  // registered. Throws FAILED_PRECONDITION if the stop state that it was given has been asked to stop: that cannot be
  // withdrawn.
  void clear_stop();

  // Registers the calling thread, or one that is about to be started, for which join() then waits. `name` is for the
  // list of stragglers, the threads that are still running after join(), and for the errors of a thread that registers
  // itself. The thread that has made the coordinator, which is a session's own thread, does not count as registered.
  CoordinatedThread register_thread(std::string_view name);
  // Starts and registers a thread of the library. What `body` throws is reported as by request_stop(error).
  // The thread starts with all signals blocked.
  void start_thread(std::string_view name, std::function<void()> body);
  // Runs `body` and reports what it throws as by request_stop(error). Never throws.
  void stop_on_exception(const std::function<void()>& body) noexcept;

  // Waits until all threads registered so far have ended or a stop is asked for, and after a stop for at most
  // `grace_ns` more. Stragglers are not waited for any more, and a thread of start_thread() does not wait for itself.
  // Throws the recorded error, else FAILED_PRECONDITION with the names of the stragglers or, if these are to be
  // ignored, returns their names.
  std::vector<std::string> join(std::int64_t grace_ns = kDefaultGraceNs, bool ignore_live_threads = false);
  // The same for a caller that checks error() itself: does not throw for it or for stragglers, whose names it returns.
  std::vector<std::string> wait_for_threads(std::int64_t grace_ns = kDefaultGraceNs);
  bool joined() const noexcept;
  Error error() const noexcept;            // the recorded error with its suppressed ones; "no error" if there is none
  void raise_requested_exception() const;  // throws error() if there is one; can be called repeatedly
  bool end_of_input() const noexcept;      // whether a thread reported OUT_OF_RANGE as a clean stop
  std::size_t live_threads() const noexcept;
  // Whether the calling thread is one that is waited for: started here, or registered by itself, and not done.
  bool has_this_thread() const noexcept;

  bool same_as(const Coordinator& other) const noexcept { return state_ == other.state_; }
  const std::shared_ptr<StopState>& stop_state() const noexcept;

 private:
  friend class CoordinatedThread;
  struct State;
  std::shared_ptr<State> state_;
};

// Runs a function again and again on a coordinated thread. After tf.train.LooperThread.
struct LooperCallbacks {
  std::function<void()> start_loop;  // once, first; may be empty
  std::function<void()> run_loop;    // until the coordinator stops; required
  std::function<void()> stop_loop;   // once, last; also after a failure, unlike the reference; may be empty
};

// Starts a looper. interval_ns is the time between two calls of run_loop, counted from the start; calls that come late
// are made up for without a wait. 0: never wait. Throws INVALID_ARGUMENT without run_loop or for a negative interval.
// Since 1.0.
void start_looper(Coordinator& coordinator, std::string_view name, std::int64_t interval_ns, LooperCallbacks callbacks);

}  // namespace runhook::inline v1

#endif  // RUNHOOK_COORDINATOR_HPP_
