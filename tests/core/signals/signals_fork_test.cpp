// What children of a process that has subscribed to signals have of it. Not built with ThreadSanitizer, which lets no
// child of a process of several threads start a thread.
#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>

#include <atomic>
#include <cstddef>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/signals/signal_rig.hpp"
#include "sanitizer.hpp"

extern char** environ;

namespace runhook {
namespace {

using namespace runhook_test;

TEST(SignalsFork, ChildHasNoSubscription) {
  const StopSource stop;
  const SignalSubscription subscription(stop, on(SIGTERM));
  EXPECT_TRUE(was_killed_by(status_of_child([] {
                              if (!is_default(SIGTERM)) _exit(1);
                              to_this_thread(SIGTERM);
                            }),
                            SIGTERM));
  EXPECT_FALSE(stop.stop_requested());
  to_this_thread(SIGTERM);
  EXPECT_TRUE(stop.stop_requested()) << "the parent lost its own";
}

// One that is made without the C library's knowledge, as some runtimes do, and is not told that it is a child.
int status_of_bare_child(const StopSource& stop) {
  const auto child = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  if (child == 0) {
    kill(static_cast<pid_t>(syscall(SYS_getpid)), SIGTERM);
    _exit(stop.stop_requested() ? 1 : 99);
  }
  return status_of(child);
}

TEST(SignalsFork, ChildOfTheBareSystemCallHasNoSubscription) {
  const StopSource stop;
  const SignalSubscription subscription(stop, on(SIGTERM));
  EXPECT_TRUE(was_killed_by(status_of_bare_child(stop), SIGTERM));
}

// Whatever lock of an allocator another thread of the parent held stays locked in such a child.
TEST(SignalsFork, ChildOfTheBareSystemCallIsEndedWhileAnotherThreadAllocates) {
  const StopSource stop;
  const SignalSubscription subscription(stop, on(SIGTERM));
  std::atomic<bool> over{false};
  std::thread other([&] {
    for (std::size_t size = 0; !over; ++size) {
      const std::vector<std::string> texts(1000, std::string(size % 500, 'x'));
    }
  });
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(was_killed_by(status_of_bare_child(stop), SIGTERM)) << i;
    if (HasFailure()) break;
  }
  over = true;
  other.join();
}

void exit_7(int) { _exit(7); }

TEST(SignalsFork, ChildHasTheHandlerThatWasThere) {
  const Installed installed(SIGTERM, exit_7);
  const SignalSubscription subscription(StopSource(), on(SIGTERM));
  EXPECT_TRUE(has_exited(status_of_child([] { to_this_thread(SIGTERM); }), 7));
}

TEST(SignalsFork, DescriptorIsClosedInTheChild) {
  const int before = open("/dev/null", O_RDONLY | O_CLOEXEC);  // the next number is the registration's
  const SignalSubscription subscription{StopSource()};
  EXPECT_TRUE(has_exited(status_of_child([before] {
                           if (fcntl(before + 1, F_GETFD) == -1) _exit(0);
                         }),
                         0));
  EXPECT_NE(fcntl(before + 1, F_GETFD), -1);
  close(before);
}

TEST(SignalsFork, ChildMaySubscribeItself) {
  const StopSource stop;
  std::optional<SignalSubscription> subscription(std::in_place, stop, on(SIGTERM));
  EXPECT_TRUE(has_exited(status_of_child([&] {
                           const StopSource own;
                           Lines lines;
                           SignalOptions options = on(SIGTERM);
                           options.log = lines.sink();
                           const SignalSubscription again(own, std::move(options));
                           subscription.reset();  // the parent's: not the child's to end
                           to_this_thread(SIGTERM);
                           if (!own.stop_requested() || stop.stop_requested()) _exit(1);
                           if (!eventually([&] { return !lines.all().empty(); })) _exit(2);  // it has a thread
                         }),
                         99));
}

// While other threads subscribe, are sent signals and end it again.
TEST(SignalsFork, ChildrenAreNeverStuck) {
  if (kIsAddressSanitized) GTEST_SKIP() << "another thread may have locked its allocator at the time of the fork";
  std::atomic<bool> over{false};
  std::vector<std::thread> others;
  for (int i = 0; i < 2; ++i) {
    others.emplace_back([&] {
      while (!over) {
        const SignalSubscription subscription(StopSource(), on(SIGUSR1, SignalAction::save));
        to_this_thread(SIGUSR1);
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    const int status = status_of_child([] {
      const StopSource stop;
      const SignalSubscription subscription(stop, on(SIGUSR1));
      to_this_thread(SIGUSR1);
      _exit(stop.stop_requested() ? 0 : 1);
    });
    EXPECT_TRUE(has_exited(status, 0)) << i;
    if (HasFailure()) break;
  }
  over = true;
  for (std::thread& other : others) other.join();
}

int status_of_shell(const char* script) {
  const char* const arguments[] = {"sh", "-c", script, nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, "/bin/sh", nullptr, nullptr, const_cast<char* const*>(arguments), environ) != 0) return -1;
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

TEST(SignalsExec, OtherProgramHasNothingOfIt) {
  const int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const StopSource stop;
  const SignalSubscription subscription(stop, on(SIGTERM));
  EXPECT_TRUE(was_killed_by(status_of_shell("kill -TERM $$; exit 5"), SIGTERM)) << "handled, ignored or blocked there";
  const std::string script = "test ! -e /proc/self/fd/" + std::to_string(before + 1);
  EXPECT_TRUE(has_exited(status_of_shell(script.c_str()), 0)) << "the descriptor was inherited";
  EXPECT_FALSE(stop.stop_requested());
  close(before);
}

}  // namespace
}  // namespace runhook
