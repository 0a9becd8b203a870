#include "base/standard_error.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>

#include "base/terminal.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

// As long as it exists the calling thread gets no signal for what it writes: that a pipe has no reader any more, or that
// a file is as large as it may get.
class NoWriteSignals {
 public:
  NoWriteSignals() noexcept {
    sigset_t pending;
    sigpending(&pending);
    sigset_t raised_by_writes;
    sigemptyset(&raised_by_writes);
    sigemptyset(&own_);
    for (const int signal : {SIGPIPE, SIGXFSZ}) {
      sigaddset(&raised_by_writes, signal);
      if (sigismember(&pending, signal) == 0) sigaddset(&own_, signal);
    }
    pthread_sigmask(SIG_BLOCK, &raised_by_writes, &before_);
  }
  ~NoWriteSignals() {
    constexpr struct timespec kNow {};
    while (sigtimedwait(&own_, nullptr, &kNow) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoWriteSignals(const NoWriteSignals&) = delete;
  NoWriteSignals& operator=(const NoWriteSignals&) = delete;

 private:
  sigset_t own_;  // those that only a write of this thread can have made pending
  sigset_t before_;
};

}  // namespace

void write_to_standard_error(std::string_view text) noexcept {
  constexpr std::size_t kAtOnce = 4096;  // so much a pipe accepts without blocking when poll() says that it is ready
  const NoWriteSignals no_signals;
  const auto part = [](std::string_view bytes) { return iovec{const_cast<char*>(bytes.data()), bytes.size()}; };
  std::string_view erase = can_redraw(STDERR_FILENO) ? kEraseRest : std::string_view();
  while (!text.empty()) {
    struct pollfd ready = {STDERR_FILENO, POLLOUT, 0};
    if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) return;
    // In one call, so that nothing is drawn between the two.
    const std::array parts = {part(erase), part(text.substr(0, kAtOnce))};
    const ssize_t written = writev(STDERR_FILENO, parts.data(), parts.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written) - std::min(erase.size(), static_cast<std::size_t>(written)));
    erase = {};
  }
  wake_display(STDERR_FILENO);
}

int write_wholly(int fd, std::string_view text) noexcept {
  const NoWriteSignals no_signals;
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      struct pollfd ready = {fd, POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace detail
}  // namespace runhook::inline v1
