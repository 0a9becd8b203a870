#include "signals/registry.hpp"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include "runhook/error.hpp"
#include "signals/dispositions.hpp"
#include "signals/watcher.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

// A place for a subscriber, in a list. Places are used again and never freed, so that a handler can read the list at
// any time.
struct Place {
  std::atomic<SignalSubscriber*> subscriber{nullptr};
  std::shared_ptr<SignalSubscriber> owner;  // under the lock
  Place* next = nullptr;
};

// The subscriptions of the whole process. Constant-initialised and never destroyed, since signals may come before
// main() and after it.
struct Registry {
  std::mutex mutex;
  std::atomic<Place*> places{nullptr};
  std::atomic<std::uint32_t> handlers_inside{0};  // handlers that may be using a subscriber or the descriptor
  std::atomic<int> descriptor{-1};                // of the watcher
  std::atomic<pid_t> process{0};                  // whose subscriptions these are
  // Under the lock:
  SignalWatcher* watcher = nullptr;
  std::size_t count = 0;
  bool watches_forks = false;
};
constinit Registry registry;

static_assert(std::atomic<SignalSubscriber*>::is_always_lock_free && std::atomic<std::uint64_t>::is_always_lock_free &&
                  std::atomic<pid_t>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
              "a signal handler uses these");

// Waits for handlers that began before the subscriber was removed from its place, and may still use it. They are short
// and take no lock, and on the calling thread there is none.
void wait_for_handlers() noexcept {
  for (int round = 0; registry.handlers_inside.load() != 0; ++round) {
    if (round < 100) {
      sched_yield();
    } else {  // the handler may need this processor, which a thread of higher priority would not give up by yielding
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }
}

void before_fork() noexcept { registry.mutex.lock(); }
void after_fork_in_parent() noexcept { registry.mutex.unlock(); }

// In the child of fork(), which has none of the other threads and may call only what signal handlers may. What is left
// in the places is not freed.
void after_fork_in_child() noexcept {
  for (Place* place = registry.places.load(); place != nullptr; place = place->next) place->subscriber.store(nullptr);
  release_all_handlers();
  if (const int descriptor = registry.descriptor.exchange(-1); descriptor >= 0) close(descriptor);
  registry.handlers_inside.store(0);
  registry.watcher = nullptr;
  registry.count = 0;
  registry.mutex.unlock();
}

Place& free_place() {
  for (Place* place = registry.places.load(); place != nullptr; place = place->next) {
    if (place->subscriber.load() == nullptr) return *place;
  }
  Place* const place = new Place;
  place->next = registry.places.load();
  registry.places.store(place);
  return *place;
}

// The caller holds the lock for the rest.

void prepare() {
  if (!registry.watches_forks) {
    if (pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) != 0) throw std::bad_alloc();
    registry.watches_forks = true;
  }
  if (registry.watcher == nullptr) {
    registry.watcher = new SignalWatcher;
    registry.process.store(getpid());
    registry.descriptor.store(registry.watcher->descriptor());
  }
}

void release_rules(SignalSubscriber& subscriber) noexcept {
  for (std::size_t i = 0; i < subscriber.rule_count(); ++i) {
    if (subscriber.is_on(i)) release_handler(subscriber.signal_at(i));
    subscriber.set_on(i, false);
  }
}

// Returns the watcher if nobody needs it any more.
std::unique_ptr<SignalWatcher> take_idle_watcher() noexcept {
  if (registry.count > 0) return nullptr;
  registry.descriptor.store(-1);
  wait_for_handlers();
  return std::unique_ptr<SignalWatcher>(std::exchange(registry.watcher, nullptr));
}

void take_out(Place& place) noexcept {
  SignalSubscriber& subscriber = *place.owner;
  place.subscriber.store(nullptr);
  release_rules(subscriber);
  wait_for_handlers();
}

Place* place_of(const SignalSubscriber& subscriber) noexcept {
  Place* place = registry.places.load();
  while (place != nullptr && place->subscriber.load() != &subscriber) place = place->next;
  return place;
}

// Tells all subscribers.
SignalResponse deliver(int signal) noexcept {
  SignalResponse response;
  for (Place* place = registry.places.load(); place != nullptr; place = place->next) {
    if (SignalSubscriber* const subscriber = place->subscriber.load()) subscriber->receive(signal, response);
  }
  if (const int descriptor = registry.descriptor.load(); descriptor >= 0 && response.handled) wake_watcher(descriptor);
  return response;
}

}  // namespace

void on_signal(int layer, int signal, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  const FormerAction& former = former_action(layer, signal);
  SignalResponse response;
  // A child that shares our memory and has not yet become another program has no subscriptions either.
  if (registry.process.load() == getpid()) {
    registry.handlers_inside.fetch_add(1);
    if (is_layer_active(layer, signal)) response = deliver(signal);
    registry.handlers_inside.fetch_sub(1);
  }
  // Without subscribers it is as if the handler were not there.
  if (!response.handled && former.is_default()) response.default_action = is_layer_in_force(layer, signal);
  if (response.default_action) take_default_action(signal);
  if (response.chain) former.call(signal, info, context);
  errno = saved_errno;
}

void subscribe_to_signals(std::shared_ptr<SignalSubscriber> subscriber) {
  std::unique_ptr<SignalWatcher> idle;
  const std::lock_guard<std::mutex> lock(registry.mutex);
  prepare();
  Place* place = nullptr;
  try {
    place = &free_place();
    place->owner.swap(subscriber);  // what the parent process has left there is destroyed after the lock is released
    SignalSubscriber& added = *place->owner;
    place->subscriber.store(&added);
    for (std::size_t i = 0; i < added.rule_count(); ++i) {
      added.set_on(i, true);  // first, so that the signal finds it
      bool installed = false;
      try {
        installed = install_handler(added.signal_at(i), added.force_ignored());
      } catch (...) {
        added.set_on(i, false);
        throw;
      }
      if (!installed) added.set_on(i, false);
    }
    ++registry.count;
  } catch (...) {
    if (place != nullptr && place->owner != nullptr) {
      take_out(*place);
      place->owner.reset();
    }
    idle = take_idle_watcher();
    throw;
  }
}

void unsubscribe_from_signals(SignalSubscriber& subscriber) noexcept {
  std::shared_ptr<SignalSubscriber> owner;
  std::unique_ptr<SignalWatcher> idle;
  {
    const std::lock_guard<std::mutex> lock(registry.mutex);
    Place* const place = place_of(subscriber);
    if (place == nullptr) return;
    take_out(*place);
    owner = std::move(place->owner);
    --registry.count;
    idle = take_idle_watcher();
  }
  owner->end();
}

SignalSubscriber::Deadline serve_signal_subscribers() noexcept {
  SignalSubscriber::Deadline earliest;
  for (Place* place = registry.places.load(); place != nullptr; place = place->next) {
    std::shared_ptr<SignalSubscriber> subscriber;
    {
      const std::lock_guard<std::mutex> lock(registry.mutex);
      if (place->subscriber.load() != nullptr) subscriber = place->owner;
    }
    if (subscriber == nullptr) continue;
    const SignalSubscriber::Deadline deadline = subscriber->serve();
    if (deadline.time_ns < earliest.time_ns) earliest = deadline;
  }
  return earliest;
}

}  // namespace detail
}  // namespace runhook::inline v1
