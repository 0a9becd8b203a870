// The handler that signals get, and the handlers of others.
#include <sys/mman.h>

#include <cerrno>
#include <optional>

#include "core/signals/signal_rig.hpp"
#include "runhook/signals.hpp"

namespace runhook {
namespace {

using namespace runhook_test;

int calls = 0;
void count_call(int) { ++calls; }

TEST(SignalHandlers, HandlerThatWasThereIsCalledOnce) {
  const Installed installed(SIGUSR1, count_call);
  calls = 0;
  {
    const SignalSubscription first(StopSource(), on(SIGUSR1));
    const SignalSubscription second(StopSource(), on(SIGUSR1));
    to_this_thread(SIGUSR1);
    EXPECT_EQ(calls, 1);
  }
  to_this_thread(SIGUSR1);
  EXPECT_EQ(calls, 2) << "it was not put back";
}

void spoil_errno(int) { errno = EBADF; }

TEST(SignalHandlers, ErrnoIsKeptWhateverTheHandlerThatWasThereDoes) {
  const Installed installed(SIGUSR1, spoil_errno);
  const SignalSubscription subscription(StopSource(), on(SIGUSR1));
  errno = EXDEV;
  to_this_thread(SIGUSR1);
  EXPECT_EQ(errno, EXDEV);
}

siginfo_t told_info;
void keep_info(int, siginfo_t* info, void*) { told_info = *info; }

TEST(SignalHandlers, HandlerThatWasThereGetsItsInformation) {
  const Installed installed(SIGUSR1, keep_info);
  const SignalSubscription subscription(StopSource(), on(SIGUSR1));
  sigval value;
  value.sival_int = 4711;
  ASSERT_EQ(sigqueue(getpid(), SIGUSR1, value), 0);
  EXPECT_TRUE(eventually([] { return told_info.si_value.sival_int == 4711; }));
  EXPECT_EQ(told_info.si_signo, SIGUSR1);
}

TEST(SignalHandlers, HandlerThatWasThereIsNotCalledIfOneSubscriptionSaysSo) {
  const Installed installed(SIGUSR1, count_call);
  SignalOptions options = on(SIGUSR1);
  options.chain = false;
  calls = 0;
  const SignalSubscription chains(StopSource(), on(SIGUSR1));
  const SignalSubscription does_not(StopSource(), options);
  to_this_thread(SIGUSR1);
  EXPECT_EQ(calls, 0);
}

TEST(SignalHandlers, IgnoredOneStaysIgnored) {
  const Installed installed(SIGHUP, SIG_IGN);
  const StopSource stop;
  const SignalSubscription subscription(stop, on(SIGHUP));
  EXPECT_EQ(action_in_force(SIGHUP).sa_handler, SIG_IGN);
  to_this_thread(SIGHUP);
  EXPECT_FALSE(stop.stop_requested());
  EXPECT_EQ(subscription.received(SIGHUP), 0U);

  const StopSource forced;
  SignalOptions options = on(SIGHUP);
  options.force_ignored = true;
  {
    const SignalSubscription forces(forced, options);
    to_this_thread(SIGHUP);
    EXPECT_TRUE(forced.stop_requested());
    EXPECT_FALSE(stop.stop_requested()) << "this one does not want ignored signals";
  }
  EXPECT_EQ(action_in_force(SIGHUP).sa_handler, SIG_IGN);
}

struct sigaction below {};
void count_and_pass_on(int signal, siginfo_t* info, void* context) {
  ++calls;
  below.sa_sigaction(signal, info, context);
}

TEST(SignalHandlers, HandlerInstalledOverOursStays) {
  const StopSource stop;
  std::optional<SignalSubscription> subscription(std::in_place, stop, on(SIGUSR2));
  const Installed over(SIGUSR2, count_and_pass_on);
  below = over.former;
  calls = 0;
  to_this_thread(SIGUSR2);
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(stop.stop_requested());
  subscription.reset();
  EXPECT_EQ(action_in_force(SIGUSR2).sa_sigaction, count_and_pass_on);
  to_this_thread(SIGUSR2);  // ours is called, and does nothing
  EXPECT_EQ(calls, 2);
}

TEST(SignalHandlers, NewSubscriptionIsReachedOverAHandlerThatCoversOurs) {
  std::vector<std::unique_ptr<Installed>> covers;
  struct sigaction before {};
  for (int round = 0; round < 10; ++round) {
    const StopSource stop;
    const SignalSubscription subscription(stop, on(SIGUSR2));
    calls = 0;
    to_this_thread(SIGUSR2);
    EXPECT_TRUE(stop.stop_requested()) << round;
    EXPECT_EQ(subscription.received(SIGUSR2), 1U) << round;
    // Where layer upon layer would call each other without end, those that cover ours are no longer called.
    EXPECT_TRUE(calls == 1 || (calls == 0 && round != 1)) << round;
    covers.push_back(std::make_unique<Installed>(SIGUSR2, count_and_pass_on));
    below = covers.back()->former;
    if (round == 0) before = below;
    below = before;  // the lowest of ours, so that the chain goes through all
  }
  const struct sigaction fresh = {};
  sigaction(SIGUSR2, &fresh, nullptr);
  covers.front()->former = fresh;
  for (const auto& cover : covers) cover->former = fresh;
}

// The stack of a handler as runtimes such as Go's give it: small, and with no page below it.
constexpr std::size_t kStackBytes = 16 * 1024;
char* stack_low = nullptr;
std::atomic<bool> on_that_stack{false};
void look_at_stack(int) {
  const auto* here =
      static_cast<const char*>(__builtin_frame_address(0));  // AddressSanitizer keeps variables elsewhere
  on_that_stack = here >= stack_low && here < stack_low + kStackBytes;
}

TEST(SignalHandlers, AlternateStackOf16KibIsEnough) {
  const Installed installed(SIGUSR1, look_at_stack, SA_ONSTACK);
  const StopSource stop;
  const SignalSubscription subscription(stop, on(SIGUSR1));
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* const mapped = mmap(nullptr, page + kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  ASSERT_EQ(mprotect(mapped, page, PROT_NONE), 0);
  stack_low = static_cast<char*>(mapped) + page;
  std::thread([] {
    stack_t stack = {};
    stack.ss_sp = stack_low;
    stack.ss_size = kStackBytes;
    ASSERT_EQ(sigaltstack(&stack, nullptr), 0);
    to_this_thread(SIGUSR1);
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, nullptr);
  }).join();
  EXPECT_TRUE(on_that_stack);
  EXPECT_TRUE(stop.stop_requested());
  munmap(mapped, page + kStackBytes);
}

}  // namespace
}  // namespace runhook
