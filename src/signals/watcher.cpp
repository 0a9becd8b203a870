#include "signals/watcher.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <system_error>

#include "base/background_thread.hpp"
#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "base/standard_error.hpp"
#include "runhook/error.hpp"
#include "signals/registry.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

constexpr char kNoThread[] = "no thread can be started for signals";

// For poll(): rounded up, so that the time has come when it returns.
int milliseconds_until(std::int64_t time_ns) noexcept {
  if (time_ns == SignalSubscriber::kNever) return -1;
  const std::int64_t rest_ns = std::max<std::int64_t>(time_ns - monotonic_ns(), 0);
  return static_cast<int>(std::min<std::int64_t>(rest_ns / kNsPerMillisecond + 1, INT_MAX));
}

[[noreturn]] void end_process(int signal) noexcept {
  constexpr char kText[] = "runhook: the run has not ended in time after a signal: the process is ended\n";
  write_to_standard_error(kText);
  _exit(128 + signal);
}

}  // namespace

struct SignalWatcher::Shared {
  Shared() : descriptor(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (descriptor < 0) {
      throw StatusError(StatusCode::resource_exhausted, fmt::format("{}: {}", kNoThread, std::strerror(errno)));
    }
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { close(descriptor); }

  void run() noexcept {
    while (!ending.load()) {
      const SignalSubscriber::Deadline deadline = serve_signal_subscribers();
      if (deadline.time_ns <= monotonic_ns()) end_process(deadline.signal);
      struct pollfd ready = {descriptor, POLLIN, 0};
      if (poll(&ready, 1, milliseconds_until(deadline.time_ns)) != 1) continue;
      // Read before the subscribers are served, so that a request during that makes the descriptor ready again.
      std::uint64_t count = 0;
      [[maybe_unused]] const ssize_t taken = read(descriptor, &count, sizeof count);
    }
  }

  const int descriptor;
  std::atomic<bool> ending{false};
};

SignalWatcher::SignalWatcher() : shared_(std::make_shared<Shared>()) {
  try {
    thread_ = start_background_thread("runhook-signals", [shared = shared_] { shared->run(); });
  } catch (const std::system_error& error) {
    throw StatusError(StatusCode::resource_exhausted, fmt::format("{}: {}", kNoThread, error.what()));
  }
}

SignalWatcher::~SignalWatcher() {
  shared_->ending.store(true);
  wake_watcher(shared_->descriptor);
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

int SignalWatcher::descriptor() const noexcept { return shared_->descriptor; }

void wake_watcher(int descriptor) noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(descriptor, &one, sizeof one);  // if it is full, it is ready
}

}  // namespace detail
}  // namespace runhook::inline v1
