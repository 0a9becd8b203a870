#include "base/standard_error.hpp"

#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

namespace runhook::inline v1 {
namespace detail {

namespace {

// As long as it exists the calling thread gets no SIGPIPE.
class NoPipeSignal {
 public:
  NoPipeSignal() noexcept {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoPipeSignal() {
    constexpr struct timespec kNow {};
    if (!was_pending_) sigtimedwait(&pipe_, nullptr, &kNow);  // removes the one that the write has raised
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_;
};

}  // namespace

void write_to_standard_error(std::string_view text) noexcept {
  constexpr std::size_t kAtOnce = 4096;  // so much a pipe accepts without blocking when poll() says that it is ready
  const NoPipeSignal no_signal;
  while (!text.empty()) {
    struct pollfd ready = {STDERR_FILENO, POLLOUT, 0};
    if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) return;
    const ssize_t written = ::write(STDERR_FILENO, text.data(), std::min(text.size(), kAtOnce));
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace detail
}  // namespace runhook::inline v1
