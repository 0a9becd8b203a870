// What is behind a runhook_monitored_session, and the calls of one that are in progress on a thread.
#ifndef RUNHOOK_CAPI_CALL_MONITORED_HANDLE_HPP_
#define RUNHOOK_CAPI_CALL_MONITORED_HANDLE_HPP_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "boundary/handle_box.hpp"
#include "call/hook.hpp"
#include "runhook/monitored_session.hpp"
#include "runhook/thread_token.hpp"
#include "runhook/types.h"

namespace runhook::capi {

struct ConfigBox;
struct HookContext;
struct InlineStepCall;
struct MonitoredBox;

// A call of a monitored session that is in progress on this thread. To be made on the stack.
class SessionCall {
 public:
  // `keeps`: whether the box may be kept alive until the end of this call, so that handles lent to callbacks can be
  // emptied then.
  explicit SessionCall(MonitoredBox& box, bool keeps = true) noexcept : box_(&box), keeps_(keeps), outer_(t_innermost) {
    t_innermost = this;
  }
  ~SessionCall() {
    t_innermost = outer_;
    if (lent_) [[unlikely]]
      withdraw_lent();
  }
  SessionCall(const SessionCall&) = delete;
  SessionCall& operator=(const SessionCall&) = delete;

  // Returns the call of this session on this thread, or NULL if there is none.
  static SessionCall* find(const MonitoredBox& box) noexcept {
    for (SessionCall* call = t_innermost; call != nullptr; call = call->outer_) {
      if (call->box_ == &box) return call;
    }
    return nullptr;
  }
  // Notes that an object was lent to a callback that may not exist any more when this call returns.
  void lent() noexcept;

 private:
  void withdraw_lent() noexcept;

  static inline constinit RUNHOOK_THREAD_LOCAL SessionCall* t_innermost = nullptr;
  MonitoredBox* const box_;
  const bool keeps_;
  bool lent_ = false;
  SessionCall* const outer_;
};

// Which thread has begun the step that is open, or is about to, and whether another thread has asked meanwhile for the
// session to be destroyed: then that of the step does it, with its next call. One word, so that of the two that come
// together one sees the other, and the owner does not look at it again once it has let go.
class StepOwner {
 public:
  // The calling thread becomes the owner. Returns who was it before, for give_back().
  std::uintptr_t take() noexcept {
    const std::uintptr_t mine = token();
    std::uintptr_t word = word_.load(std::memory_order_relaxed);
    while ((word & ~kAbandoned) != mine && !word_.compare_exchange_weak(word, mine | (word & kAbandoned))) {
    }
    return word & ~kAbandoned;
  }
  // Unless another thread has become the owner since.
  void give_back(std::uintptr_t before) noexcept {
    std::uintptr_t word = word_.load(std::memory_order_relaxed);
    while ((word & ~kAbandoned) == token() && !word_.compare_exchange_weak(word, before | (word & kAbandoned))) {
    }
  }
  // Returns whether the session is to be destroyed. If not, another thread may destroy it from now on.
  bool let_go() noexcept { return (word_.exchange(0) & kAbandoned) != 0; }
  bool abandoned() const noexcept { return (word_.load(std::memory_order_relaxed) & kAbandoned) != 0; }
  bool is_elsewhere() const noexcept { return is_elsewhere(word_.load()); }
  // Leaves destroying to the owner and returns true, if that is another thread.
  bool abandon() noexcept {
    std::uintptr_t word = word_.load();
    while (is_elsewhere(word)) {
      if (word_.compare_exchange_weak(word, word | kAbandoned)) return true;
    }
    return false;
  }

 private:
  static constexpr std::uintptr_t kAbandoned = 1;  // besides the token, which is even
  static std::uintptr_t token() noexcept { return reinterpret_cast<std::uintptr_t>(thread_token()); }
  static bool is_elsewhere(std::uintptr_t word) noexcept {
    word &= ~kAbandoned;
    return word != 0 && word != token();
  }

  std::atomic<std::uintptr_t> word_{0};  // the owner's token; 0: no step is open
};

struct MonitoredBox final : Boxed {
  MonitoredBox();
  ~MonitoredBox();

  // Returns the session. Throws REENTRANT while its constructor calls callbacks, and BUSY on another thread.
  MonitoredSession& get() const {
    MonitoredSession* const target = ready.load(std::memory_order_acquire);
    if (target == nullptr) [[unlikely]]
      refuse();
    return *target;
  }
  // The same. Also throws BUSY while another thread is using the session.
  MonitoredSession& usable() const;
  [[noreturn]] void refuse() const;
  bool running() const noexcept {
    const MonitoredSession* target = ready.load(std::memory_order_acquire);
    return target == nullptr || target->running();
  }
  // The box is destroyed with its last use.
  void retain() noexcept { uses.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (uses.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  const std::thread::id creator = std::this_thread::get_id();
  std::unique_ptr<MonitoredSession> session;
  std::atomic<MonitoredSession*> ready{nullptr};  // NULL until the constructor has returned
  std::atomic<bool> decided{false};               // set by the first of two: the constructor's return, and destroying
  std::atomic<std::uint32_t> uses{1};
  std::shared_ptr<StopState> stop;
  std::optional<ValueLogger> logger;  // from before the first callback on
  std::int64_t grace_ns = 0;          // how long closing waits for another thread
  HookContext* context = nullptr;     // of the session's hooks
  // Of a loop that stays where it is; owned, made with its first step.
  std::atomic<InlineStepCall*> inline_step{nullptr};
  StepOwner step_owner;
  runhook_monitored_session* handle = nullptr;
  bool quiet = false;                       // its end is not said, unless it has failed
  std::vector<std::weak_ptr<CHook>> hooks;  // to recognise one that is added again
};
RUNHOOK_CAPI_BOX(runhook_monitored_session, MonitoredBox, monitored_session);

// Closes a session, after `failure` if there is one, which then fails the run and is logged. Waits for another thread
// that is in the session. Throws what closing fails with; `heard`: whether somebody gets that.
void close_session(runhook_monitored_session* session, const Error& failure, bool heard);

// Returns the status of a call of the session. If that has failed, and there is no `error` to say so, the log says at
// the end how the run has failed.
runhook_status noted(const runhook_monitored_session* session, const void* error, runhook_status status) noexcept;

// Makes a session from a config; owned.
runhook_monitored_session* new_session(const ConfigBox& from);
// For functions that begin or end a step. Throws CLOSED, after having destroyed the session, if another thread has asked
// for that while a step was open.
void end_if_abandoned(MonitoredBox& box);
// Destroys the session behind a handle, once.
void destroy_session(runhook_monitored_session* handle) noexcept;
// A session for a function of any thread, which may read while another thread destroys it. Let go of it before anybody
// is called back: destroying waits.
class SessionReading {
 public:
  explicit SessionReading(const runhook_monitored_session* handle) noexcept
      : number_(number_of(handle)), reading_(number_, HandleKind::monitored_session) {}
  const MonitoredBox* find() const noexcept { return static_cast<const MonitoredBox*>(reading_.object()); }
  // Throws INVALID_ARGUMENT if the handle is not valid.
  const MonitoredBox& require() const {
    if (const auto* box = find()) return *box;
    detail::refuse_handle(number_, HandleKind::monitored_session);
  }
  // As of a MonitoredBox: NULL if there is none, or none yet.
  const MonitoredSession* find_session() const noexcept {
    const auto* box = find();
    return box != nullptr ? box->ready.load(std::memory_order_acquire) : nullptr;
  }

 private:
  const std::uintptr_t number_;
  const HandleTable::Reading reading_;
};

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_CALL_MONITORED_HANDLE_HPP_
