#include "runhook/stop.hpp"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/monotonic.hpp"
#include "base/thread_name.hpp"
#include "stop/stop_calls.hpp"
#include "stop/stop_listeners.hpp"

namespace runhook::inline v1 {

namespace {

static_assert(__atomic_always_lock_free(sizeof(std::uint32_t), nullptr) &&
                  __atomic_always_lock_free(sizeof(std::int64_t), nullptr) &&
                  std::atomic<std::uint32_t>::is_always_lock_free,
              "a signal handler posts to these");
static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t), "the kernel reads the epoch");

// `published` holds, in one word, which slot was published first (its index plus one) and how many were published. One
// exchange of it both decides who is first and makes the reason visible, so that a thread that sees the stop can read
// its reason.
constexpr std::uint32_t kFirstMask = 0xFF;
constexpr std::uint32_t kPublishedOne = 0x100;
// After so many claims the counter is not incremented any more, so that it never wraps back to a used slot.
constexpr std::uint32_t kClaimedCeiling = 0x8000'0000;

// What SYS_futex expects, whatever width the C library gives to time_t.
struct KernelTimespec {
  long seconds;
  long nanoseconds;
};

std::uint32_t* futex_word(std::atomic<std::uint32_t>& word) noexcept { return reinterpret_cast<std::uint32_t*>(&word); }

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected, const KernelTimespec* timeout) noexcept {
  syscall(SYS_futex, futex_word(word), FUTEX_WAIT_PRIVATE, expected, timeout, nullptr, 0);
}

void futex_wake_all(std::atomic<std::uint32_t>& word) noexcept {
  syscall(SYS_futex, futex_word(word), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

// Length of the longest prefix of at most `limit` bytes that does not split a UTF-8 sequence.
std::size_t utf8_prefix(std::string_view text, std::size_t limit) noexcept {
  if (text.size() <= limit) return text.size();
  std::size_t length = limit;
  while (length > 0 && limit - length < 4 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
  const bool is_continuation = (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80;
  return is_continuation ? limit : length;  // no start byte nearby: not UTF-8, so there is no boundary to keep
}

template <std::size_t N>
void assign_cut(std::array<char, N>& target, std::string_view text) noexcept {
  const std::size_t length = utf8_prefix(text, N - 1);
  std::copy_n(text.data(), length, target.data());
  std::fill(target.begin() + static_cast<std::ptrdiff_t>(length), target.end(), '\0');
}

class CountedWaiter {
 public:
  explicit CountedWaiter(std::atomic<std::uint32_t>& waiters) noexcept : waiters_(waiters) { waiters_.fetch_add(1); }
  CountedWaiter(const CountedWaiter&) = delete;
  CountedWaiter& operator=(const CountedWaiter&) = delete;
  ~CountedWaiter() { waiters_.fetch_sub(1); }

 private:
  std::atomic<std::uint32_t>& waiters_;
};

class RestoredErrno {
 public:
  RestoredErrno() noexcept : saved_(errno) {}
  RestoredErrno(const RestoredErrno&) = delete;
  RestoredErrno& operator=(const RestoredErrno&) = delete;
  ~RestoredErrno() { errno = saved_; }

 private:
  int saved_;
};

}  // namespace

bool StopReason::set_urgency(StopUrgency how_soon) noexcept {
  urgency = how_soon == StopUrgency::now ? how_soon : StopUrgency::after_step;
  return how_soon == StopUrgency::if_completed;
}

void StopReason::set_who(std::string_view who) noexcept { assign_cut(who_chars, who); }
void StopReason::set_text(std::string_view text) noexcept { assign_cut(text_chars, text); }

struct StopState::Requests {
  struct Slot {
    StopReason reason;
    std::atomic<std::uint32_t> order{0};  // 0: not published; k: published as the k-th
  };
  std::atomic<std::uint32_t> claimed{0};
  std::atomic<std::uint32_t> published{0};
  std::atomic<std::uint32_t> epoch{0};
  std::atomic<std::uint32_t> waiters{0};
  std::atomic<std::uint32_t> asking{0};  // requests under way, whose threads tell the listeners
  std::array<Slot, kMaxReasons> slots;
  detail::StopCalls cancellers;
  detail::StopListeners listeners;
};

StopState::StopState() : requests_(std::make_unique<Requests>()) {}

StopState::~StopState() = default;

bool StopState::publish(const StopReason& reason) noexcept {
  bool is_first = false;
  const std::uint32_t index = requests_->claimed.load(std::memory_order_relaxed) < kClaimedCeiling
                                  ? requests_->claimed.fetch_add(1, std::memory_order_relaxed)
                                  : kClaimedCeiling;
  if (index < kMaxReasons) {
    Requests::Slot& slot = requests_->slots[index];
    slot.reason = reason;
    slot.reason.who_chars.back() = '\0';
    slot.reason.text_chars.back() = '\0';
    std::uint32_t published = requests_->published.load(std::memory_order_relaxed);
    std::uint32_t next = 0;
    do {
      next = (published == 0 ? index + 1 : published) + kPublishedOne;
    } while (!requests_->published.compare_exchange_weak(published, next, std::memory_order_acq_rel,
                                                         std::memory_order_relaxed));
    is_first = published == 0;
    slot.order.store(next / kPublishedOne, std::memory_order_release);
  }
  // The reason comes before the flag: a thread that sees the flag may read the reason.
  __atomic_fetch_or(&flags_, reason.urgency == StopUrgency::now ? kStop | kUrgent : kStop, __ATOMIC_SEQ_CST);
  wake();
  return is_first;
}

bool StopState::request(const StopReason& reason) noexcept {
  const RestoredErrno restored_errno;
  StopReason filled = reason;
  if (filled.step < 0) filled.step = step();
  if (filled.time_ns == 0) filled.time_ns = detail::monotonic_ns();
  requests_->asking.fetch_add(1);
  const bool is_first = publish(filled);
  if (filled.urgency == StopUrgency::now) cancel_steps();
  requests_->listeners.tell();
  requests_->asking.fetch_sub(1);
  return is_first;
}

void StopState::cancel_steps() noexcept {
  const RestoredErrno restored_errno;
  requests_->cancellers.call_all();
}

void StopState::tell_listeners() noexcept {
  if (!requested() || !has_untold_listeners()) [[likely]]
    return;
  if (requests_->asking.load() > 0) return;  // whoever asks tells them on his own thread
  const RestoredErrno restored_errno;
  requests_->listeners.tell();
}

bool StopState::has_untold_listeners() const noexcept { return requests_->listeners.any_untold(); }

bool StopState::request_from_signal(std::int32_t signal_number, StopUrgency urgency) noexcept {
  const RestoredErrno restored_errno;
  StopReason reason;
  reason.origin = StopOrigin::signal;
  reason.urgency = urgency == StopUrgency::now ? urgency : StopUrgency::after_step;
  reason.code = signal_number;
  reason.step = step();
  reason.time_ns = detail::monotonic_ns();
  reason.set_who("signal");

  // By hand, since no formatting function may be called in a signal handler.
  constexpr std::string_view kPrefix = "signal ";
  char* out = std::copy(kPrefix.begin(), kPrefix.end(), reason.text_chars.data());
  std::uint32_t rest = static_cast<std::uint32_t>(signal_number);
  if (signal_number < 0) {
    *out++ = '-';
    rest = 0U - rest;
  }
  char* const digits = out;
  do {
    *out++ = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  std::reverse(digits, out);
  return publish(reason);
}

StopReason StopState::first() const noexcept {
  // A request that finds all slots claimed sets the flag at once, although the requests that claimed them may not be
  // published yet. They are about to be.
  std::uint32_t index_plus_one = requests_->published.load(std::memory_order_acquire) & kFirstMask;
  while (index_plus_one == 0 && requested()) {
    sched_yield();
    index_plus_one = requests_->published.load(std::memory_order_acquire) & kFirstMask;
  }
  return index_plus_one == 0 ? StopReason{} : requests_->slots[index_plus_one - 1].reason;
}

std::vector<StopReason> StopState::later() const {
  std::array<const Requests::Slot*, kMaxReasons + 1> by_order{};
  std::size_t count = 0;
  for (const Requests::Slot& slot : requests_->slots) {
    const std::uint32_t order = slot.order.load(std::memory_order_acquire);
    if (order < 2) continue;
    by_order[order] = &slot;
    ++count;
  }
  std::vector<StopReason> reasons;
  reasons.reserve(count);
  // Up to the first one that is still being published, so that a reason always keeps its index.
  for (std::size_t order = 2; order < by_order.size() && by_order[order] != nullptr; ++order) {
    reasons.push_back(by_order[order]->reason);
  }
  return reasons;
}

std::uint64_t StopState::dropped() const noexcept {
  const std::uint32_t claimed = requests_->claimed.load(std::memory_order_acquire);
  return claimed > kMaxReasons ? claimed - kMaxReasons : 0;
}

// An event count. A thread that wakes others sets what they wait for, increments the epoch, then reads the number of
// waiters. A waiter increments that number, reads the epoch, then checks what it waits for. By sequential consistency
// at least one of the two sees what the other has done.
bool StopState::wait(std::int64_t timeout_ns, const std::function<bool()>& extra) const {
  const auto is_over = [&] { return requested() || (extra && extra()); };
  if (is_over()) return requested();
  if (timeout_ns == 0) return false;
  const RestoredErrno restored_errno;
  const bool for_ever = timeout_ns < 0;
  const std::int64_t deadline = for_ever ? 0 : detail::saturating_add(detail::monotonic_ns(), timeout_ns);
  const CountedWaiter counted(requests_->waiters);
  for (;;) {
    const std::uint32_t epoch = requests_->epoch.load();
    if (is_over()) break;
    if (for_ever) {
      futex_wait(requests_->epoch, epoch, nullptr);
      continue;
    }
    const std::int64_t remaining = deadline - detail::monotonic_ns();
    if (remaining <= 0) break;
    const KernelTimespec timeout{static_cast<long>(remaining / detail::kNsPerSecond),
                                 static_cast<long>(remaining % detail::kNsPerSecond)};
    futex_wait(requests_->epoch, epoch, &timeout);
  }
  return requested();
}

void StopState::wake() const noexcept {
  requests_->epoch.fetch_add(1);
  if (requests_->waiters.load() > 0) futex_wake_all(requests_->epoch);
}

void StopState::set_canceller(const void* owner, std::function<void()> canceller) {
  requests_->cancellers.set(owner, std::move(canceller));
}

// Whoever asks for a stop sets the flag and then looks for listeners, and here it is the other way round: by sequential
// consistency at least one of the two sees what the other has done.
void StopState::add_listener(const void* owner, std::function<void(const StopReason&)> listener) {
  requests_->listeners.add(owner, [this, listener = std::move(listener)] { listener(first()); });
  if ((__atomic_load_n(&flags_, __ATOMIC_SEQ_CST) & kStop) != 0) requests_->listeners.tell();
}

void StopState::remove_listener(const void* owner) noexcept { requests_->listeners.remove(owner); }

StopSource::StopSource() : state_(std::make_shared<StopState>()) {}

StopSource::StopSource(std::shared_ptr<StopState> state, StopOrigin origin) noexcept
    : state_(std::move(state)), origin_(origin) {}

bool StopSource::request_stop(std::int32_t code, std::string_view text, StopUrgency urgency,
                              bool planned) const noexcept {
  const std::shared_ptr<StopState> state = state_;  // a listener may destroy this source
  StopReason reason;
  reason.planned = planned;
  reason.origin = origin_;
  reason.set_urgency(urgency);
  reason.code = code;
  reason.set_who(detail::current_thread_name());
  reason.set_text(text);
  return state->request(reason);
}

bool StopSource::request_stop_from_signal(std::int32_t signal_number, StopUrgency urgency) const noexcept {
  return state_->request_from_signal(signal_number, urgency);
}

}  // namespace runhook::inline v1
