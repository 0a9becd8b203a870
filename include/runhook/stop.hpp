// runhook/stop.hpp: stopping a session, also from other threads and from signal handlers.
#ifndef RUNHOOK_STOP_HPP_
#define RUNHOOK_STOP_HPP_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace runhook::inline v1 {

// Who asked for the stop.
enum class StopOrigin : std::int32_t {
  none = 0,
  caller = 1,         // through the MonitoredSession
  hook = 2,           // by SessionRunContext::request_stop
  source = 3,         // through a StopSource
  coordinator = 4,    // through a Coordinator
  step_function = 5,  // by StepContext::request_stop
  signal = 6,         // from a signal handler
  session = 7,        // by the session itself, during its step
};

// How soon. after_step lets the step in progress complete; now also cancels it, where the engine can be cancelled.
// if_completed is for those who ask because of what a step has reached or computed: the request counts once the step
// has been completed, and goes with the step if that is recovered from. Outside of steps it is after_step.
enum class StopUrgency : std::int32_t { after_step = 0, now = 1, if_completed = 2 };

// One request to stop. `who` and `text` are cut to kMaxWho and kMaxText bytes, at a UTF-8 boundary.
struct StopReason {
  static constexpr std::size_t kMaxWho = 63;
  static constexpr std::size_t kMaxText = 255;
  StopOrigin origin = StopOrigin::none;
  StopUrgency urgency = StopUrgency::after_step;  // or now
  bool planned = false;                           // the run was to end here, which is told as a success
  std::int32_t code = 0;     // the requester's own number; the signal's number for StopOrigin::signal
  std::int64_t step = -1;    // global step when the request was made; -1 if unknown
  std::int64_t time_ns = 0;  // monotonic time when the request was made
  std::array<char, kMaxWho + 1> who_chars{};
  std::array<char, kMaxText + 1> text_chars{};

  // Returns whether it is to count only if the step in progress is completed.
  bool set_urgency(StopUrgency urgency) noexcept;
  std::string_view who() const noexcept { return who_chars.data(); }
  std::string_view text() const noexcept { return text_chars.data(); }
  void set_who(std::string_view who) noexcept;
  void set_text(std::string_view text) noexcept;
};

// The stop state of one session. A stop cannot be withdrawn. A request takes no lock and needs no memory. Since 1.0.
class StopState {
 public:
  static constexpr std::size_t kMaxReasons = 16;

  StopState();
  ~StopState();
  StopState(const StopState&) = delete;
  StopState& operator=(const StopState&) = delete;

  // Asks for a stop; returns whether this was the first request. Any thread. With StopUrgency::now it also calls the
  // cancellers, under a lock, so that none is called after its session has ended. Calls listeners, if there are any.
  bool request(const StopReason& reason) noexcept;
  // The only request that a signal handler may make: a lock-free store and a wake-up that does not block. Keeps errno.
  bool request_from_signal(std::int32_t signal_number, StopUrgency urgency) noexcept;
  bool requested() const noexcept { return (flags() & kStop) != 0; }
  bool urgent() const noexcept { return (flags() & kUrgent) != 0; }

  // Asks for the state to be saved, and for the run to go on. Any thread; lock-free.
  void request_save() noexcept { __atomic_fetch_or(&flags_, kSave, __ATOMIC_ACQ_REL); }
  bool save_requested() const noexcept { return (flags() & kSave) != 0; }
  bool take_save_request() noexcept { return (__atomic_fetch_and(&flags_, ~kSave, __ATOMIC_ACQ_REL) & kSave) != 0; }
  // Tells the loop that a save which has gone on behind it has ended. Any thread; lock-free.
  void tell_save_ended() noexcept { __atomic_fetch_or(&flags_, kSaveEnded, __ATOMIC_ACQ_REL); }
  bool save_ended() const noexcept { return (flags() & kSaveEnded) != 0; }
  void take_save_ended() noexcept { __atomic_fetch_and(&flags_, ~kSaveEnded, __ATOMIC_ACQ_REL); }
  // How many sessions have values that their loggers have left for them: see ValueLogger.
  void add_waiting_values() noexcept { __atomic_fetch_add(&flags_, kWaitingValues, __ATOMIC_ACQ_REL); }
  void remove_waiting_values() noexcept { __atomic_fetch_sub(&flags_, kWaitingValues, __ATOMIC_ACQ_REL); }
  bool values_wait() const noexcept { return flags() >= kWaitingValues; }
  // Whether there is any of this: one load for the loop.
  bool anything() const noexcept { return flags() != 0; }

  StopReason first() const noexcept;       // origin none if there was no request
  std::vector<StopReason> later() const;   // the other kept requests, in the order in which they were made
  std::uint64_t dropped() const noexcept;  // requests that were not kept
  // For posters that do not know it.
  void set_step(std::int64_t step) noexcept { __atomic_store_n(&step_, step, __ATOMIC_RELAXED); }
  std::int64_t step() const noexcept { return __atomic_load_n(&step_, __ATOMIC_RELAXED); }

  // Blocks until a stop is requested or `extra` (if set) returns true, for at most `timeout_ns` (negative: for ever).
  // Woken by every request and by wake(). Returns requested().
  bool wait(std::int64_t timeout_ns, const std::function<bool()>& extra = {}) const;
  void wake() const noexcept;

  // Sets the function that an urgent request calls to cancel the step in progress of `owner`; several owners may have
  // one. An empty function removes it, after a call in progress has returned. Throws std::bad_alloc, except when it
  // removes.
  void set_canceller(const void* owner, std::function<void()> canceller);
  // A function that is called once, as soon as a stop has been asked for: see StopListener. Removing it waits for its
  // call in progress on another thread.
  void add_listener(const void* owner, std::function<void(const StopReason&)> listener);
  void remove_listener(const void* owner) noexcept;
  bool has_untold_listeners() const noexcept;
  // Calls the listeners that have not been called, if a stop has been asked for: for a thread that finds one that a
  // signal handler has asked for. Any thread.
  void tell_listeners() noexcept;
  // Calls all cancellers: for the thread that does what an urgent request from a signal handler may not do. Any
  // thread.
  void cancel_steps() noexcept;

 private:
  static constexpr std::uint32_t kStop = 1;
  static constexpr std::uint32_t kUrgent = 2;
  static constexpr std::uint32_t kSave = 4;
  static constexpr std::uint32_t kSaveEnded = 8;
  static constexpr std::uint32_t kWaitingValues = 16;  // for each session
  struct Requests;

  std::uint32_t flags() const noexcept { return __atomic_load_n(&flags_, __ATOMIC_ACQUIRE); }
  bool publish(const StopReason& reason) noexcept;

  // What every step looks at. Read and written by the compilers' atomic operations only: with <atomic> whoever
  // includes a header of runhook would compile a thousand lines more.
  std::uint32_t flags_ = 0;
  std::int64_t step_ = -1;
  std::unique_ptr<Requests> requests_;  // all the rest; never NULL
};

// Asks a session to stop, from any thread; it may outlive the session. Cheap to copy. Since 1.0.
class StopSource {
 public:
  StopSource();  // belongs to no session yet: give state() to a Config
  explicit StopSource(std::shared_ptr<StopState> state, StopOrigin origin = StopOrigin::source) noexcept;
  // Returns whether this call was the first to ask.
  bool request_stop(std::int32_t code = 0, std::string_view text = {}, StopUrgency urgency = StopUrgency::after_step,
                    bool planned = false) const noexcept;
  bool request_stop_from_signal(std::int32_t signal_number,
                                StopUrgency urgency = StopUrgency::after_step) const noexcept;
  void request_save() const noexcept { state_->request_save(); }
  bool stop_requested() const noexcept { return state_->requested(); }
  const std::shared_ptr<StopState>& state() const noexcept { return state_; }

 private:
  std::shared_ptr<StopState> state_;
  StopOrigin origin_ = StopOrigin::source;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_STOP_HPP_
