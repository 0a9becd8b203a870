#include "watchdog/thread_stack.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <limits.h>
#include <link.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "base/format.hpp"
#include "output/process_facts.hpp"
#include "runhook/error.hpp"
#include "signals/dispositions.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

constexpr int kMostFrames = 64;
constexpr int kOwnFrames = 2;  // the handler, and what the system calls it through

// A process has one handler for a signal, so all sessions share this. The question is in static memory, since the
// answer may come when nobody waits for it any more.
enum class Stage : int { none, asked, answering, answered };
struct Question {
  std::atomic<Stage> stage{Stage::none};
  std::atomic<std::int32_t> thread{0};
  std::array<void*, kMostFrames> frames{};
  int count = 0;
};
constinit Question question;
constinit std::mutex asking;

struct Handled {
  int users = 0;
  bool installed = false;
  struct sigaction former {};
};
constinit std::mutex installing;
constinit std::array<Handled, kSignalEnd> handled{};

void call_former(int signal, siginfo_t* info, void* context) noexcept {
  const struct sigaction& former = handled[static_cast<std::size_t>(signal)].former;
  if ((former.sa_flags & SA_SIGINFO) != 0) {
    if (former.sa_sigaction != nullptr) former.sa_sigaction(signal, info, context);
  } else if (former.sa_handler != SIG_DFL && former.sa_handler != SIG_IGN) {
    former.sa_handler(signal);
  }
}

void on_signal(int signal, siginfo_t* info, void* context) {
  const int saved = errno;
  Stage expected = Stage::asked;
  const bool ours = question.thread.load(std::memory_order_relaxed) == static_cast<std::int32_t>(syscall(SYS_gettid)) &&
                    question.stage.compare_exchange_strong(expected, Stage::answering, std::memory_order_acquire);
  if (ours) {
    question.count = backtrace(question.frames.data(), kMostFrames);
    question.stage.store(Stage::answered, std::memory_order_release);
  } else {
    call_former(signal, info, context);
  }
  errno = saved;
}

bool is_ours(const struct sigaction& action) noexcept {
  return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == &on_signal;
}

std::string function_name(const Dl_info& info) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> readable(
      abi::__cxa_demangle(info.dli_sname, nullptr, nullptr, &status), &std::free);
  return status == 0 && readable != nullptr ? readable.get() : info.dli_sname;
}

// Where an address lies, if it is in a file that is loaded.
struct LoadedPlace {
  explicit LoadedPlace(const void* address) {
    void* found = nullptr;
    known = dladdr1(address, &info, &found, RTLD_DL_LINKMAP) != 0 && info.dli_fname != nullptr && found != nullptr;
    map = static_cast<const link_map*>(found);
  }
  // As a program finds it that is in another directory.
  std::string file() const {
    std::array<char, PATH_MAX> path{};
    if (*map->l_name == '\0' && readlink("/proc/self/exe", path.data(), path.size() - 1) > 0) return path.data();
    return info.dli_fname;
  }
  Dl_info info{};
  const link_map* map = nullptr;
  bool known = false;
};

std::string describe(const void* address) {
  const LoadedPlace place(address);
  const auto value = reinterpret_cast<std::uintptr_t>(address);
  if (!place.known) return fmt::format("{:#x}", value);
  const Dl_info& info = place.info;
  const char* slash = std::strrchr(info.dli_fname, '/');
  const char* file = slash != nullptr ? slash + 1 : info.dli_fname;
  const std::uintptr_t offset = value - reinterpret_cast<std::uintptr_t>(info.dli_fbase);
  if (info.dli_sname == nullptr) return fmt::format("{}+{:#x}", file, offset);
  return fmt::format("{}+{:#x} ({}+{:#x})", function_name(info),
                     value - reinterpret_cast<std::uintptr_t>(info.dli_saddr), file, offset);
}

}  // namespace

ThreadStacks::ThreadStacks(int signal) : signal_(signal) {
  const auto refuse = [&] {
    throw StatusError(StatusCode::invalid_argument, fmt::format("signal {} cannot be used to ask for a stack", signal));
  };
  if (signal <= 0 || signal >= kSignalEnd || signal == SIGKILL || signal == SIGSTOP) refuse();
  void* frame = nullptr;
  backtrace(&frame, 1);  // loads a library with the first call, which a signal handler may not do
  const std::lock_guard lock(installing);
  Handled& one = handled[static_cast<std::size_t>(signal)];
  if (!one.installed) {
    struct sigaction action {};
    action.sa_sigaction = &on_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    sigfillset(&action.sa_mask);
    // The former action is read first: the handler may be called as soon as it is installed.
    if (sigaction(signal, nullptr, &one.former) != 0 || sigaction(signal, &action, nullptr) != 0) refuse();
    one.installed = true;
  }
  ++one.users;
}

// If somebody has installed a handler since, that one may call ours; so ours stays where it is.
ThreadStacks::~ThreadStacks() {
  const std::lock_guard lock(installing);
  Handled& one = handled[static_cast<std::size_t>(signal_)];
  if (--one.users > 0) return;
  struct sigaction now {};
  if (sigaction(signal_, nullptr, &now) != 0 || !is_ours(now)) return;
  if (sigaction(signal_, &one.former, nullptr) == 0) one.installed = false;
}

std::vector<void*> ThreadStacks::of(std::int32_t thread) const noexcept {
  using namespace std::chrono_literals;
  constexpr auto kPatience = 1s;
  const std::lock_guard lock(asking);
  question.thread.store(thread, std::memory_order_relaxed);
  question.stage.store(Stage::asked, std::memory_order_release);
  const bool sent = thread > 0 && syscall(SYS_tgkill, getpid(), thread, signal_) == 0;
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (sent && question.stage.load(std::memory_order_acquire) != Stage::answered) {
    if (std::chrono::steady_clock::now() >= until) break;
    std::this_thread::sleep_for(1ms);
  }
  Stage expected = Stage::asked;
  if (question.stage.compare_exchange_strong(expected, Stage::none)) return {};
  while (question.stage.load(std::memory_order_acquire) == Stage::answering) std::this_thread::sleep_for(1ms);
  std::vector<void*> addresses;
  try {
    for (int i = kOwnFrames; i < question.count; ++i) addresses.push_back(question.frames[static_cast<std::size_t>(i)]);
  } catch (...) {  // NOLINT(bugprone-empty-catch): what has found room is better than nothing
  }
  question.stage.store(Stage::none);
  return addresses;
}

std::vector<std::string> describe_stack(const std::vector<void*>& addresses) {
  std::vector<std::string> lines;
  lines.reserve(addresses.size());
  for (const void* address : addresses) lines.push_back(describe(address));
  return lines;
}

std::vector<std::string> lookup_commands(const std::vector<void*>& addresses) {
  std::vector<std::string> files;
  std::vector<std::string> commands;  // for each of them
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const LoadedPlace place(addresses[i]);
    if (!place.known || place.info.dli_sname != nullptr) continue;
    std::string file = place.file();
    if (file.empty() || file.front() != '/') continue;  // the system's own code, which is in no file
    const auto known = static_cast<std::size_t>(std::find(files.begin(), files.end(), file) - files.begin());
    if (known == files.size()) {
      commands.push_back("addr2line -Cfpe " + shell_quoted({file}));
      files.push_back(std::move(file));
    }
    // The innermost call was interrupted where it says; others go on after a call, maybe one that ends a function.
    const std::uintptr_t call = reinterpret_cast<std::uintptr_t>(addresses[i]) - (i == 0 ? 0 : 1);
    append_format(commands[known], " {:#x}", call - place.map->l_addr);
  }
  return commands;
}

}  // namespace detail
}  // namespace runhook::inline v1
