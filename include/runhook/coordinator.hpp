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
// All members are thread-safe. Copies share one state, which outlives every straggler. Since 1.0.
class Coordinator {
 public:
  static constexpr std::int64_t kDefaultGraceNs = 120'000'000'000;

  struct Options {
    // Codes that make a plain stop out of an error.
    std::vector<StatusCode> clean_stop_codes = {StatusCode::out_of_range, StatusCode::stopped};
    // The stop state to post to; the coordinator makes one of its own if this is NULL.
    std::shared_ptr<StopState> stop;
    // Errors for which this returns true stop this coordinator only and are not posted to `stop`.
    std::function<bool(const Error&)> is_recoverable;
  };

  Coordinator();
  explicit Coordinator(Options options);

  // Asks all threads to stop. The first error is *the* error, even if a plain stop came before it; one of a clean-stop
  // code counts as none; later ones are suppressed behind it. After join() an error is recorded and also thrown to the
  // caller, since nobody else would see it.
  void request_stop();
  void request_stop(const Error& error);
  void stop_threads() noexcept;  // as request_stop(), but the stop state is not posted to: for the end of a session
  bool should_stop() const noexcept;  // whether this coordinator, or the stop state it posts to, has been asked to stop
  // Blocks until should_stop(), for at most `timeout_ns` (negative: for ever). Returns should_stop().
  bool wait_for_stop(std::int64_t timeout_ns = -1) const;
  // Forgets stop, errors and `joined`; registered threads stay registered. A shared stop state keeps its request.
  // Throws FAILED_PRECONDITION if that state has been asked to stop.
  void clear_stop();

  // Registers the calling thread, or one that is about to be started. `name` is for the list of stragglers.
  CoordinatedThread register_thread(std::string_view name);
  // Starts and registers a thread of the library. What `body` throws is reported as by request_stop(error).
  // The thread starts with all signals blocked.
  void start_thread(std::string_view name, std::function<void()> body);
  // Runs `body` and reports what it throws as by request_stop(error). Never throws.
  void stop_on_exception(const std::function<void()>& body) noexcept;

  // Waits until all threads registered by now have ended or a stop has been asked for; then for at most `grace_ns`
  // more. Throws the recorded error, else FAILED_PRECONDITION naming the threads still running unless these are to be
  // ignored. Stragglers are forgotten. Returns their names if they are ignored. A thread of start_thread() does not
  // wait for itself.
  std::vector<std::string> join(std::int64_t grace_ns = kDefaultGraceNs, bool ignore_live_threads = false);
  // The same for whoever looks at error() by himself: throws neither that nor for stragglers, and returns their names.
  std::vector<std::string> wait_for_threads(std::int64_t grace_ns = kDefaultGraceNs);
  bool joined() const noexcept;
  Error error() const noexcept;            // the recorded error with its suppressed ones; "no error" if there is none
  void raise_requested_exception() const;  // throws error() if there is one; can be called repeatedly
  bool end_of_input() const noexcept;      // whether a thread reported OUT_OF_RANGE as a clean stop
  std::size_t live_threads() const noexcept;

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

// Starts a looper. With interval_ns > 0 run_loop is called at once and then at multiples of the interval counted from
// the start, missed ones back to back; with 0 it is called back to back. Throws INVALID_ARGUMENT without run_loop or
// for a negative interval. Since 1.0.
void start_looper(Coordinator& coordinator, std::string_view name, std::int64_t interval_ns, LooperCallbacks callbacks);

}  // namespace runhook::inline v1

#endif  // RUNHOOK_COORDINATOR_HPP_
