#include "runhook/coordinator.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <forward_list>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "base/blocked_signals.hpp"
#include "base/fork_mark.hpp"
#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "base/thread_name.hpp"

namespace runhook::inline v1 {

namespace {

constinit thread_local std::string_view thread_name;

}  // namespace

std::string_view detail::current_thread_name() noexcept { return thread_name; }

// One registered thread. It is in the state's list of live threads, which does not own it, until the thread is done or
// is not waited for any more.
struct CoordinatedThread::Ticket {
  ~Ticket() { finish(); }
  void finish() noexcept;

  std::string name;
  std::uint64_t number = 0;
  std::shared_ptr<Coordinator::State> state;  // NULL once done
  std::thread::id runner;                     // of a thread that the library has started
  std::thread::id registrar;                  // who has registered one that it has not started
  Ticket* previous = nullptr;
  Ticket* next = nullptr;
  bool live = false;  // in the list
  bool finished = false;
  // Only for a thread that the library has started:
  std::function<void()> body;
  std::thread thread;
};

struct Coordinator::State {
  using Ticket = CoordinatedThread::Ticket;
  using Workers = std::list<std::shared_ptr<Ticket>>;
  struct JoinedWorkers;

  explicit State(Options given) : options(std::move(given)), owns_stop(options.stop == nullptr) {
    stops.push_front(owns_stop ? std::make_shared<StopState>() : options.stop);
    current.store(&stops.front());
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Runs on the thread that drops the last reference, which may be one of those listed here: joining it would be wrong.
  ~State() {
    for (const std::shared_ptr<Ticket>& worker : workers) {
      if (worker->thread.joinable()) worker->thread.detach();
    }
  }

  const std::shared_ptr<StopState>& stop() const noexcept { return *current.load(std::memory_order_acquire); }
  bool should_stop() const noexcept { return stopped.load() || stop()->requested(); }

  // If the classifier fails, the error is not recoverable, and the failure is attached to it.
  bool is_recoverable(Error& reported) const noexcept {
    try {
      return options.is_recoverable && options.is_recoverable(reported);
    } catch (...) {
      Error failure = Error::from_current_exception(StatusCode::unknown);
      failure.locate({}, "classify", -1);
      reported.add_suppressed(failure);
      return false;
    }
  }

  // The name of the calling thread, if the library has started it or it has registered itself. Whoever has made the
  // coordinator registers threads that it is about to start, and not itself. Empty without memory for it.
  std::string name_of_caller() noexcept {
    try {
      if (!thread_name.empty()) return std::string(thread_name);
      const std::thread::id caller = std::this_thread::get_id();
      if (caller == maker) return {};
      std::string name;
      const std::lock_guard<std::mutex> lock(mutex);
      // The oldest comes last; those after it are of threads of its own.
      for (const Ticket* ticket = live; ticket != nullptr; ticket = ticket->next) {
        if (ticket->registrar == caller) name = ticket->name;
      }
      return name;
    } catch (const std::bad_alloc&) {
      return {};
    }
  }

  // Records and stops. Returns whether the error is to be thrown to the caller, too.
  bool report(Error reported) noexcept {
    const std::string reporter = name_of_caller();
    reported.locate_thread(reporter);
    const StatusCode code = reported.code();
    const auto& clean = options.clean_stop_codes;
    const bool is_error = reported && std::find(clean.begin(), clean.end(), code) == clean.end();
    const bool posts = !(is_error && is_recoverable(reported));

    StopReason reason;
    reason.origin = StopOrigin::coordinator;
    reason.set_who(reporter.empty() ? std::string_view("coordinator") : reporter);
    if (reported) {
      reason.code = static_cast<std::int32_t>(code);
      reason.set_text(reported.message());
    }

    const std::lock_guard<std::mutex> lock(mutex);
    if (is_error) error.merge(reported);  // before the event, so that whoever sees the stop finds the error
    if (reported && !is_error && code == StatusCode::out_of_range) end_of_input = true;
    stopped.store(true);
    if (posts) {
      stop()->request(reason);
    } else {
      stop()->wake();
    }
    return is_error && joined.load();
  }

  void report_current_exception() noexcept {
    Error caught = Error::from_current_exception(StatusCode::unknown);
    if (!caught) caught = Error(StatusCode::unknown, "an exception that holds no error");
    report(caught);
  }

  // The rest needs the lock.

  void link(Ticket& ticket) noexcept {
    ticket.number = next_number++;
    ticket.live = true;
    ticket.previous = nullptr;
    ticket.next = live;
    if (live != nullptr) live->previous = &ticket;
    live = &ticket;
  }

  void unlink(Ticket& ticket) noexcept {
    if (!ticket.live) return;
    ticket.live = false;
    (ticket.previous != nullptr ? ticket.previous->next : live) = ticket.next;
    if (ticket.next != nullptr) ticket.next->previous = ticket.previous;
  }

  // Whether the calling thread, when it waits for all threads below `bound`, waits for this one. It does not wait for
  // itself, as when a registered thread ends the session.
  static bool is_waited_for(const Ticket& ticket, std::uint64_t bound) noexcept {
    return ticket.number < bound && ticket.runner != std::this_thread::get_id();
  }

  bool any_live_below(std::uint64_t bound) const noexcept {
    for (const Ticket* ticket = live; ticket != nullptr; ticket = ticket->next) {
      if (is_waited_for(*ticket, bound)) return true;
    }
    return false;
  }

  // Takes the threads that have finished out of the list, to be joined without the lock (see JoinedWorkers).
  Workers take_finished() noexcept {
    Workers finished;
    for (auto worker = workers.begin(); worker != workers.end();) {
      const auto next = std::next(worker);
      if ((*worker)->finished) finished.splice(finished.end(), workers, worker);
      worker = next;
    }
    return finished;
  }

  const detail::ForkMark birth;
  const std::thread::id maker = std::this_thread::get_id();
  Options options;
  const bool owns_stop;
  std::mutex mutex;
  std::condition_variable thread_done;
  // The current stop state is in front. A stop state is sticky, so clear_stop() starts another one if it is our own;
  // the former ones stay, since stop_state() has given out references to them.
  std::forward_list<std::shared_ptr<StopState>> stops;
  std::atomic<const std::shared_ptr<StopState>*> current{nullptr};
  std::atomic<bool> stopped{false};
  std::atomic<bool> joined{false};
  bool end_of_input = false;
  Error error;
  Ticket* live = nullptr;
  std::uint64_t next_number = 0;
  Workers workers;
};

// Joins finished threads when it is destroyed, which has to happen without the lock.
struct Coordinator::State::JoinedWorkers {
  JoinedWorkers() = default;
  JoinedWorkers(const JoinedWorkers&) = delete;
  JoinedWorkers& operator=(const JoinedWorkers&) = delete;
  ~JoinedWorkers() { join(); }
  void join() noexcept {
    for (const std::shared_ptr<Ticket>& worker : workers) worker->thread.join();
    workers.clear();
  }
  Workers workers;
};

void CoordinatedThread::Ticket::finish() noexcept {
  const std::shared_ptr<Coordinator::State> kept = std::exchange(state, nullptr);
  if (kept == nullptr) return;
  const std::lock_guard<std::mutex> lock(kept->mutex);
  kept->unlink(*this);
  finished = true;
  kept->thread_done.notify_all();
  kept->stop()->wake();
}

CoordinatedThread::CoordinatedThread(CoordinatedThread&&) noexcept = default;

CoordinatedThread& CoordinatedThread::operator=(CoordinatedThread&& other) noexcept {
  if (this != &other) {
    done();
    ticket_ = std::move(other.ticket_);
  }
  return *this;
}

void CoordinatedThread::done() noexcept {
  if (ticket_ == nullptr) return;
  ticket_->finish();
  ticket_.reset();
}

Coordinator::Coordinator() : Coordinator(Options{}) {}
Coordinator::Coordinator(Options options) : state_(std::make_shared<State>(std::move(options))) {}

void Coordinator::request_stop() { state_->report(Error()); }

void Coordinator::stop_threads() noexcept {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->stopped.store(true);
  state_->stop()->wake();
}

void Coordinator::request_stop(const Error& error) {
  if (state_->report(error)) throw StatusError(error);
}

bool Coordinator::should_stop() const noexcept { return state_->should_stop(); }

bool Coordinator::wait_for_stop(std::int64_t timeout_ns) const {
  bool stopped = false;
  const State& state = *state_;
  const auto own_event = [&stopped, &state] {
    stopped = stopped || state.stopped.load();
    return stopped;
  };
  const std::shared_ptr<StopState> stop = state.stop();
  return stop->wait(timeout_ns, own_event) || stopped;
}

void Coordinator::clear_stop() {
  std::forward_list<std::shared_ptr<StopState>> fresh;
  const std::lock_guard<std::mutex> lock(state_->mutex);
  if (state_->stop()->requested()) {
    if (!state_->owns_stop) {
      throw StatusError(StatusCode::failed_precondition, "the stop state of this coordinator has been asked to stop");
    }
    fresh.push_front(std::make_shared<StopState>());
    state_->stops.splice_after(state_->stops.before_begin(), fresh);
    state_->current.store(&state_->stops.front(), std::memory_order_release);
  }
  state_->stopped.store(false);
  state_->joined.store(false);
  state_->end_of_input = false;
  state_->error = Error();
}

CoordinatedThread Coordinator::register_thread(std::string_view name) {
  CoordinatedThread registered;
  registered.ticket_ = std::make_shared<CoordinatedThread::Ticket>();
  registered.ticket_->name = name;
  registered.ticket_->registrar = std::this_thread::get_id();
  const std::lock_guard<std::mutex> lock(state_->mutex);
  registered.ticket_->state = state_;
  state_->link(*registered.ticket_);
  return registered;
}

void Coordinator::start_thread(std::string_view name, std::function<void()> body) {
  if (!body) throw StatusError(StatusCode::invalid_argument, "a thread needs a function to run");
  const auto ticket = std::make_shared<CoordinatedThread::Ticket>();
  ticket->name = name;
  ticket->body = std::move(body);
  State::Workers entry;
  entry.push_back(ticket);
  State::JoinedWorkers finished;

  const auto main = [ticket]() noexcept {
    thread_name = ticket->name;
    // The kernel keeps 15 bytes, for debuggers; a longer name would be refused.
    pthread_setname_np(pthread_self(), ticket->name.substr(0, 15).c_str());
    try {
      ticket->body();
    } catch (...) {
      ticket->state->report_current_exception();
    }
    ticket->body = nullptr;  // what the function holds is destroyed before the thread counts as done
    ticket->finish();
    thread_name = {};
  };
  ticket->state = state_;
  try {
    // Held until the thread is registered: it needs the lock to report and to finish.
    const std::lock_guard<std::mutex> lock(state_->mutex);
    finished.workers = state_->take_finished();
    {
      const detail::BlockedSignals blocked;
      ticket->thread = std::thread(main);
      ticket->runner = ticket->thread.get_id();
    }
    state_->link(*ticket);
    state_->workers.splice(state_->workers.end(), entry);
  } catch (const std::system_error& e) {
    throw StatusError(StatusCode::resource_exhausted,
                      fmt::format("thread '{}' could not be started: {}", name, e.what()));
  }
}

void Coordinator::stop_on_exception(const std::function<void()>& body) noexcept {
  try {
    body();
  } catch (...) {
    state_->report_current_exception();
  }
}

std::vector<std::string> Coordinator::join(std::int64_t grace_ns, bool ignore_live_threads) {
  const Coordinator kept(*this);  // a body that runs meanwhile may drop this handle
  std::vector<std::string> stragglers = wait_for_threads(grace_ns);
  kept.raise_requested_exception();
  if (!stragglers.empty() && !ignore_live_threads) {
    throw StatusError(StatusCode::failed_precondition,
                      fmt::format("stopped with threads still running: {}", detail::joined(stragglers, ", ")));
  }
  return stragglers;
}

std::vector<std::string> Coordinator::wait_for_threads(std::int64_t grace_ns) {
  State& state = *state_;
  if (state.birth.forked()) {  // the threads are those of the parent
    state.joined.store(true);
    return {};
  }
  const std::shared_ptr<State> kept = state_;  // a body that runs meanwhile may drop this handle
  std::unique_lock<std::mutex> lock(state.mutex);
  const std::uint64_t bound = state.next_number;
  const std::shared_ptr<StopState> stop = state.stop();
  lock.unlock();

  const auto nothing_to_wait_for = [&state, bound] {
    const std::lock_guard<std::mutex> guard(state.mutex);
    return state.stopped.load() || !state.any_live_below(bound);
  };
  stop->wait(-1, nothing_to_wait_for);

  lock.lock();
  const auto deadline = detail::deadline_after(std::chrono::nanoseconds(grace_ns));
  state.thread_done.wait_until(lock, deadline, [&] { return !state.any_live_below(bound); });
  state.joined.store(true);
  std::vector<std::string> stragglers;
  for (auto* ticket = state.live; ticket != nullptr;) {
    auto* const next = ticket->next;
    if (State::is_waited_for(*ticket, bound)) {
      state.unlink(*ticket);
      try {
        stragglers.push_back(ticket->name);
      } catch (const std::bad_alloc&) {
        // Joining must go on without memory; only a name is lost.
      }
    }
    ticket = next;
  }
  std::reverse(stragglers.begin(), stragglers.end());  // the list has the newest first
  for (auto worker = state.workers.begin(); worker != state.workers.end();) {
    const auto next = std::next(worker);
    if (!(*worker)->finished && State::is_waited_for(**worker, bound)) {
      (*worker)->thread.detach();
      state.workers.erase(worker);
    }
    worker = next;
  }
  State::JoinedWorkers finished;
  finished.workers = state.take_finished();
  lock.unlock();
  finished.join();
  return stragglers;
}

bool Coordinator::joined() const noexcept { return state_->joined.load(); }

Error Coordinator::error() const noexcept {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->error;
}

void Coordinator::raise_requested_exception() const {
  const Error recorded = error();
  if (recorded) throw StatusError(recorded);
}

bool Coordinator::end_of_input() const noexcept {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->end_of_input;
}

std::size_t Coordinator::live_threads() const noexcept {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  std::size_t count = 0;
  for (const auto* ticket = state_->live; ticket != nullptr; ticket = ticket->next) ++count;
  return count;
}

bool Coordinator::has_this_thread() const noexcept {
  const std::thread::id caller = std::this_thread::get_id();
  const std::lock_guard<std::mutex> lock(state_->mutex);
  for (const auto* ticket = state_->live; ticket != nullptr; ticket = ticket->next) {
    if (ticket->runner == caller || (ticket->registrar == caller && caller != state_->maker)) return true;
  }
  return false;
}

const std::shared_ptr<StopState>& Coordinator::stop_state() const noexcept { return state_->stop(); }

}  // namespace runhook::inline v1
