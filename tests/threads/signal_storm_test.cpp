// A million signals at two threads whose runs allocate, write, save, are stopped and begin again. And handlers with the
// faults that such a storm is to find. Not built with sanitizers: ThreadSanitizer puts handlers off, and makes one
// signal of several; AddressSanitizer loses track of the stacks that handlers interrupt. signal_subscriptions_test.cpp
// is for them.
#include "signal_storm.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <stop_token>
#include <vector>

#include "core/loop_rig.hpp"
#include "runhook/hooks/stop_on_signal.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;
using namespace std::chrono_literals;

constexpr std::uint64_t kSignals = 1'000'000;

const int kQueued = SIGRTMIN;
const std::vector<int> kOthers = {SIGUSR1, SIGTERM, SIGINT};

StormBoard* board = nullptr;  // for handlers

void count_signal(int signal) { board->handled[static_cast<std::size_t>(signal)].fetch_add(1); }

void set_handler(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
}

void set_handlers(void (*handler)(int)) {
  for (const int signal : kOthers) set_handler(signal, handler);
  set_handler(kQueued, handler);
}

// What a step does. Nothing in the second half sets errno.
void work(std::FILE* out) {
  std::vector<std::string> strings;
  for (std::size_t i = 0; i < 20; ++i) strings.emplace_back(100 + i, 'x');
  std::fprintf(out, "%s\n", strings.back().c_str());
  errno = EXDEV;
  std::atomic<int> spent{0};
  while (spent.fetch_add(1) < 200) {
  }
  if (errno != EXDEV) ++board->clobbered;
}

// The threads of the process under the storm call `body`, which is to make one step, until it is over.
void run_threads(StormBoard& shared, const std::function<void(std::size_t, std::FILE*)>& body) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen("/dev/null", "w"), std::fclose);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kStormThreads; ++i) {
    threads.emplace_back([&, i] {
      shared.threads[i] = static_cast<pid_t>(syscall(SYS_gettid));
      while (!shared.over) body(i, out.get());
      sigset_t all;
      sigfillset(&all);
      pthread_sigmask(SIG_SETMASK, &all, nullptr);  // what is still under way goes with the thread
    });
  }
  for (std::thread& thread : threads) thread.join();
}

SignalOptions storm_options(std::FILE* out) {
  SignalOptions options;
  options.rules = {{.signal = kQueued, .action = SignalAction::save},
                   {.signal = SIGUSR1, .action = SignalAction::save},
                   {.signal = SIGTERM},
                   {.signal = SIGINT, .action = SignalAction::stop_now, .repeat = SignalRepeat::ignore}};
  options.log = [out](LogLevel, std::string_view line) {
    std::fprintf(out, "%.*s\n", static_cast<int>(line.size()), line.data());
  };
  return options;
}

// One run after another, each till a signal stops it.
void run_sessions(StormBoard& shared) {
  board = &shared;
  set_handlers(count_signal);  // ours calls it
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen("/dev/null", "w"), std::fclose);
  const SignalSubscription always(StopSource(), storm_options(out.get()));
  run_threads(shared, [&](std::size_t thread, std::FILE* log) {
    LoopRig rig;
    rig.config.log = [log](LogLevel, std::string_view line) {
      std::fprintf(log, "%.*s\n", static_cast<int>(line.size()), line.data());
    };
    rig.config.add_hook(StopOnSignalHook::make(storm_options(log)));
    rig.config.stop = std::make_shared<StopState>();
    rig.step = [&](auto&) {
      work(log);
      ++shared.steps[thread];
      if (rig.config.stop->take_save_request()) ++shared.saves;
    };
    const auto session = rig.start();
    while (!session->should_stop() && !shared.over) {
      try {
        session->run();
      } catch (const StatusError&) {  // stopped before or in its step
      }
    }
    session->close();
    if (session->outcome().stop.origin == StopOrigin::signal) ++shared.stops;
    ++shared.steps[thread];
  });
  for (std::size_t signal = 0; signal < shared.told.size(); ++signal) {
    shared.told[signal] = always.received(static_cast<int>(signal));
  }
}

TEST(SignalStorm, LosesNothingAndHangsNowhere) {
  SignalStorm storm;
  const StormReport report = storm.run(run_sessions, kSignals, kQueued, kOthers, 20s);
  EXPECT_EQ(report.trouble, "");
  const StormBoard& found = storm.board;
  const auto sent = [&](int signal) { return report.sent[static_cast<std::size_t>(signal)]; };
  const auto handled = [&](int signal) { return found.handled[static_cast<std::size_t>(signal)].load(); };
  EXPECT_EQ(handled(kQueued), sent(kQueued));
  for (const int signal : {kQueued, SIGUSR1, SIGTERM, SIGINT}) {
    EXPECT_EQ(found.told[static_cast<std::size_t>(signal)], handled(signal)) << signal;
    EXPECT_GT(handled(signal), 0U) << signal;
    EXPECT_LE(handled(signal), sent(signal)) << signal;
  }
  EXPECT_EQ(found.clobbered, 0U);
  EXPECT_GT(found.stops, 0U);
  EXPECT_GT(found.saves, 0U);
  std::printf("%lu runs stopped, %lu saves, %lu steps\n", static_cast<unsigned long>(found.stops),
              static_cast<unsigned long>(found.saves), static_cast<unsigned long>(found.progress()));
}

// The handlers with faults run without the library, in steps that are as short as can be.

StormReport storm_on(SignalStorm& storm, void (*handler)(int), std::chrono::seconds limit,
                     const std::function<void(std::size_t)>& extra = {}) {
  const auto subject = [&](StormBoard& shared) {
    board = &shared;
    set_handlers(handler);
    run_threads(shared, [&](std::size_t thread, std::FILE* out) {
      if (extra) extra(thread);
      work(out);
      ++shared.steps[thread];
    });
  };
  return storm.run(subject, kSignals / 10, kQueued, kOthers, limit);
}

TEST(SignalStorm, FindsNothingWhereNothingIsWrong) {
  SignalStorm storm;
  EXPECT_EQ(storm_on(storm, count_signal, 20s).trouble, "");
  EXPECT_EQ(storm.board.clobbered, 0U);
}

void clobber_errno(int signal) {
  count_signal(signal);
  errno = EBADF;
}

TEST(SignalStorm, FindsAHandlerThatDoesNotKeepErrno) {
  SignalStorm storm;
  EXPECT_EQ(storm_on(storm, clobber_errno, 20s).trouble, "");
  EXPECT_GT(storm.board.clobbered, 0U);
}

std::atomic<int> seen{0};
void lose_some(int signal) {
  if (++seen % 1000 != 0) count_signal(signal);
}

TEST(SignalStorm, FindsAHandlerThatLosesASignal) {
  SignalStorm storm;
  EXPECT_EQ(storm_on(storm, lose_some, 4s).trouble, "lost a signal");
}

std::array<std::atomic<std::stop_source*>, kStormThreads> sources{};
void stop_naively(int signal) {
  count_signal(signal);
  const auto self = static_cast<pid_t>(syscall(SYS_gettid));
  for (std::size_t i = 0; i < kStormThreads; ++i) {
    std::stop_source* const source = board->threads[i] == self ? sources[i].load() : nullptr;
    if (source != nullptr) source->request_stop();
  }
}

TEST(SignalStorm, FindsThatStdStopSourceHangsInAHandler) {
  SignalStorm storm;
  const StormReport report = storm_on(storm, stop_naively, 3s, [](std::size_t thread) {
    for (int i = 0; i < 100; ++i) {
      std::stop_source source;
      sources[thread] = &source;
      for (int k = 0; k < 100 && !source.stop_requested(); ++k) {
        const std::stop_callback callback(source.get_token(), [] {});
      }
      sources[thread] = nullptr;
    }
  });
  EXPECT_EQ(report.trouble, "hung");
}

}  // namespace
