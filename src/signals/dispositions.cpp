#include "signals/dispositions.hpp"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>

#include "base/format.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

// An action that a signal once had. Never freed, since a handler may read it at any time. Equal ones are stored once.
struct Former {
  FormerAction former;
  Former* next;
};

struct Disposition {
  std::atomic<int> top{-1};  // the highest layer in use, even if somebody else's handler is above it; -1: none
  std::array<std::atomic<const FormerAction*>, kSignalLayers> formers{};  // what was there before each layer
  int users = 0;
};

static_assert(std::atomic<const FormerAction*>::is_always_lock_free && std::atomic<int>::is_always_lock_free);
constinit std::array<Disposition, kSignalEnd> dispositions;
constinit Former* all_formers = nullptr;

template <int kLayer>
void handle(int signal, siginfo_t* info, void* context) {
  on_signal(kLayer, signal, info, context);
}

using Handler = void (*)(int, siginfo_t*, void*);
constexpr std::array<Handler, kSignalLayers> kHandlers = {handle<0>, handle<1>, handle<2>, handle<3>};

Disposition& disposition_of(int signal) noexcept { return dispositions[static_cast<std::size_t>(signal)]; }

bool is_ignored(const struct sigaction& action) noexcept {
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_IGN;
}

int layer_of(const struct sigaction& action) noexcept {
  if ((action.sa_flags & SA_SIGINFO) == 0) return -1;
  for (int layer = 0; layer < kSignalLayers; ++layer) {
    if (action.sa_sigaction == kHandlers[static_cast<std::size_t>(layer)]) return layer;
  }
  return -1;
}

struct sigaction action_of(int layer) noexcept {
  struct sigaction action {};
  action.sa_sigaction = kHandlers[static_cast<std::size_t>(layer)];
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigfillset(&action.sa_mask);
  return action;
}

bool is_same(const struct sigaction& a, const struct sigaction& b) noexcept {
  constexpr std::size_t kMaskBytes = 8;  // a bit for each signal; the rest of the C library's mask is undefined
  return a.sa_sigaction == b.sa_sigaction && a.sa_flags == b.sa_flags &&
         std::memcmp(&a.sa_mask, &b.sa_mask, kMaskBytes) == 0;
}

const FormerAction* kept(const struct sigaction& action, bool may_be_called) {
  for (const Former* known = all_formers; known != nullptr; known = known->next) {
    if (is_same(known->former.action, action) && known->former.may_be_called == may_be_called) return &known->former;
  }
  all_formers = new Former{{action, may_be_called}, all_formers};
  return &all_formers->former;
}

struct sigaction present_action(int signal) noexcept {
  struct sigaction present {};
  sigaction(signal, nullptr, &present);
  return present;
}

// Installs our handler above `present`, a handler of somebody else's, which may have been installed above our layer
// `covered` (-1: none) and may call that. So the next layer is used. If there is none left, the last layer is installed
// a second time; it then must not call `present`, which may call the same layer again, without end.
void install_above(int covered, int signal, const struct sigaction& present) {
  const bool is_new = covered + 1 < kSignalLayers;
  const int layer = is_new ? covered + 1 : covered;
  Disposition& disposition = disposition_of(signal);
  std::atomic<const FormerAction*>& former = disposition.formers[static_cast<std::size_t>(layer)];
  const FormerAction* const before = former.exchange(kept(present, is_new));  // first, since the handler reads it
  disposition.top.store(layer);
  const struct sigaction ours = action_of(layer);
  struct sigaction replaced {};
  if (sigaction(signal, &ours, &replaced) != 0) {
    disposition.top.store(covered);
    former.store(before);
    throw StatusError(StatusCode::invalid_argument, fmt::format("signal {} cannot be handled", signal));
  }
  // Somebody has installed another handler since `present` was read.
  if (!is_same(replaced, present) && layer_of(replaced) < 0) former.store(kept(replaced, is_new));
}

// Puts back what was there before. If somebody has installed a handler since, even during this call, that one stays.
void restore(int signal) noexcept {
  Disposition& disposition = disposition_of(signal);
  const int layer = layer_of(present_action(signal));
  if (layer < 0) return;
  const FormerAction& former = former_action(layer, signal);
  struct sigaction replaced {};
  sigaction(signal, &former.action, &replaced);
  if (layer_of(replaced) < 0) {
    sigaction(signal, &replaced, nullptr);
  } else {
    // A layer that was installed a second time is still there once, below the handler that has just been put back.
    disposition.top.store(former.may_be_called ? layer - 1 : layer);
  }
}

}  // namespace

bool install_handler(int signal, bool force_ignored) {
  struct sigaction present {};
  if (signal < 1 || signal >= kSignalEnd || sigaction(signal, nullptr, &present) != 0) {
    throw StatusError(StatusCode::invalid_argument, fmt::format("there is no signal {}", signal));
  }
  Disposition& disposition = disposition_of(signal);
  if (const int layer = layer_of(present); layer >= 0) {
    disposition.top.store(layer);
  } else {
    if (is_ignored(present) && !force_ignored) return false;
    install_above(disposition.top.load(), signal, present);
  }
  ++disposition.users;
  return true;
}

void release_handler(int signal) noexcept {
  Disposition& disposition = disposition_of(signal);
  if (--disposition.users == 0) restore(signal);
}

void release_all_handlers() noexcept {
  for (int signal = 1; signal < kSignalEnd; ++signal) {
    Disposition& disposition = disposition_of(signal);
    if (disposition.users == 0) continue;
    disposition.users = 0;
    restore(signal);
  }
}

bool is_layer_in_force(int layer, int signal) noexcept { return layer_of(present_action(signal)) == layer; }

bool is_layer_active(int layer, int signal) noexcept {
  return disposition_of(signal).top.load() == layer || is_layer_in_force(layer, signal);
}

const FormerAction& former_action(int layer, int signal) noexcept {
  return *disposition_of(signal).formers[static_cast<std::size_t>(layer)].load();
}

bool FormerAction::is_default() const noexcept {
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_DFL;
}

void FormerAction::call(int signal, siginfo_t* info, void* context) const {
  if (!may_be_called) return;
  if ((action.sa_flags & SA_SIGINFO) != 0) {
    action.sa_sigaction(signal, info, context);
  } else if (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN) {
    action.sa_handler(signal);
  }
}

void raise_by_default(int signal) noexcept {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  sigaction(signal, &action, nullptr);
  raise(signal);
  pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
}

void take_default_action(int signal) noexcept {
  raise_by_default(signal);
  _exit(128 + signal);
}

}  // namespace detail
}  // namespace runhook::inline v1
