#include "runhook/output.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "base/background_thread.hpp"
#include "base/format.hpp"
#include "output/sink.hpp"
#include "runhook/run_context.hpp"

namespace runhook::inline v1 {

namespace {

// Held for copying a record or swapping two buffers, never for writing. A mutex would enter the kernel whenever the
// writer's thread holds it.
class SpinLock {
 public:
  void lock() noexcept {
    while (held_.test_and_set(std::memory_order_acquire)) sched_yield();
  }
  void unlock() noexcept { held_.clear(std::memory_order_release); }

 private:
  std::atomic_flag held_ = ATOMIC_FLAG_INIT;
};

Error error_about(StatusCode code, const char* text, const std::string& name) noexcept {
  try {
    return Error(code, fmt::format(fmt::runtime(text), name));
  } catch (...) {
    return Error::no_memory();
  }
}

}  // namespace

struct Output::State {
  State(std::unique_ptr<detail::Sink> its_sink, int its_fd, std::string its_name, OutputOptions its_options)
      : name(std::move(its_name)), options(std::move(its_options)), sink(std::move(its_sink)), fd(its_fd) {}

  bool take(std::string_view record) noexcept;
  void ask(bool State::*what) noexcept;
  bool sync() noexcept;
  bool close() noexcept;
  Error take_failure() noexcept;
  void run() noexcept;  // on the thread
  void write_out() noexcept;
  void failed(const Error& error) noexcept;

  const std::string name;
  const OutputOptions options;
  const std::unique_ptr<detail::Sink> sink;  // used by the thread only
  detail::Batch writing;                     // likewise
  std::thread thread;

  detail::Batch pending;             // guarded by pending_lock
  std::atomic<std::size_t> left{0};  // bytes that the thread has taken and not yet written
  std::atomic<std::uint64_t> dropped{0};

  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by the mutex, with the flags below.
  std::uint64_t syncs = 0;   // that were asked for
  std::uint64_t synced = 0;  // up to which everything was tried
  Error failure;

  const int fd;
  SpinLock pending_lock;
  std::atomic<bool> taking{true};
  std::atomic<bool> hurry{false};  // closing is waited for
  std::atomic<bool> news{false};   // there may be something for take_failure()
  bool flush = false;
  bool closing = false;
  bool done = true;  // there is no thread, or none any more
  bool failure_told = false;
  bool drops_told = false;
};

bool Output::State::take(std::string_view record) noexcept {
  bool taken = false;
  bool wake = false;
  if (taking.load(std::memory_order_acquire)) {
    const std::lock_guard lock(pending_lock);
    try {
      if (sink->replaces()) pending.clear();
      const std::size_t waiting = pending.bytes.size() + left.load(std::memory_order_relaxed);
      if (sink->replaces() || record.size() <= options.buffer_bytes - std::min(waiting, options.buffer_bytes)) {
        pending.add(record);
        taken = true;
        wake = pending.bytes.size() > options.buffer_bytes / 2 && left.load(std::memory_order_relaxed) == 0;
      }
    } catch (...) {
      taken = false;
    }
  }
  if (!taken) {
    dropped.fetch_add(1, std::memory_order_relaxed);
    news.store(true, std::memory_order_release);
  } else if (wake) {
    ask(&State::flush);
  }
  return taken;
}

void Output::State::ask(bool State::*what) noexcept {
  {
    const std::lock_guard lock(mutex);
    this->*what = true;
  }
  changed.notify_all();
}

void Output::State::failed(const Error& error) noexcept {
  const std::lock_guard lock(mutex);
  if (!failure) failure = error;
  news.store(true, std::memory_order_release);
}

void Output::State::write_out() noexcept {
  if (writing.empty()) {
    const std::lock_guard lock(pending_lock);
    std::swap(writing, pending);
    left.store(writing.bytes.size(), std::memory_order_relaxed);
  } else if (sink->replaces()) {
    const std::lock_guard lock(pending_lock);
    if (!pending.empty()) std::swap(writing, pending);
    pending.clear();
  }
  if (writing.empty()) return;
  try {
    const Error error = sink->write(writing, hurry);
    if (error) failed(error);
  } catch (...) {
    failed(Error::from_current_exception(StatusCode::internal));
  }
  if (sink->hopeless()) {
    taking.store(false, std::memory_order_release);
    const std::lock_guard lock(pending_lock);
    dropped.fetch_add(writing.ends.size() + pending.ends.size(), std::memory_order_relaxed);
    writing.clear();
    pending.clear();
  }
  left.store(writing.bytes.size(), std::memory_order_relaxed);
}

void Output::State::run() noexcept {
  sink->begin();
  for (bool last = false; !last;) {
    std::uint64_t sync_wanted = 0;
    {
      std::unique_lock lock(mutex);
      changed.wait_for(lock, options.flush_interval, [this] { return flush || closing; });
      flush = false;
      last = closing;
      sync_wanted = syncs;
    }
    write_out();
    if ((last || sync_wanted != synced) && writing.empty()) write_out();  // what came while the first were written
    if (sync_wanted == synced) continue;
    {
      const std::lock_guard lock(mutex);
      synced = sync_wanted;
    }
    changed.notify_all();
  }
  if (!writing.empty()) {
    dropped.fetch_add(writing.ends.size(), std::memory_order_relaxed);
    news.store(true, std::memory_order_release);
  }
  {
    const std::lock_guard lock(mutex);
    done = true;
  }
  changed.notify_all();
}

bool Output::State::sync() noexcept {
  std::unique_lock lock(mutex);
  const std::uint64_t mine = ++syncs;
  flush = true;
  changed.notify_all();
  changed.wait_for(lock, options.close_timeout, [&] { return synced >= mine || done; });
  return synced >= mine && left.load(std::memory_order_relaxed) == 0 && taking.load(std::memory_order_relaxed);
}

bool Output::State::close() noexcept {
  taking.store(false, std::memory_order_release);
  hurry.store(true, std::memory_order_relaxed);
  ask(&State::closing);
  std::unique_lock lock(mutex);
  const bool finished = changed.wait_for(lock, options.close_timeout, [this] { return done; });
  if (thread.joinable()) {
    if (finished) {
      thread.join();  // it does not need the lock any more
    } else {
      thread.detach();  // it hangs in a call that nothing can end
    }
  }
  if (!finished && !failure) {
    failure = error_about(StatusCode::deadline_exceeded, "'{}' was not written to its end in time", name);
    news.store(true, std::memory_order_release);
  }
  return finished && dropped.load(std::memory_order_relaxed) == 0;
}

Error Output::State::take_failure() noexcept {
  if (!news.exchange(false, std::memory_order_acq_rel)) return {};
  const std::lock_guard lock(mutex);
  if (failure && !std::exchange(failure_told, true)) {
    drops_told = drops_told || !taking.load(std::memory_order_relaxed);  // records were dropped because of the failure
    news.store(true, std::memory_order_release);
    return failure;
  }
  if (dropped.load(std::memory_order_relaxed) == 0 || std::exchange(drops_told, true)) return {};
  return error_about(StatusCode::resource_exhausted, "'{}' is written too slowly: records were dropped", name);
}

Output::Output(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}

std::shared_ptr<Output> Output::start(std::unique_ptr<detail::Sink> sink, int fd, std::string name,
                                      OutputOptions options) {
  const auto refuse = [](std::string_view what) { throw StatusError(StatusCode::invalid_argument, what); };
  if (options.buffer_bytes == 0) refuse("the buffer of an output has no room");
  if (options.flush_interval.count() <= 0) refuse("the flush interval of an output is not positive");
  if (options.close_timeout.count() < 0) refuse("the close time-out of an output is negative");
  const auto state = std::make_shared<State>(std::move(sink), fd, std::move(name), std::move(options));
  std::shared_ptr<Output> output(new Output(state));
  state->done = false;
  try {
    state->thread = detail::start_background_thread("runhook-output", [state] { state->run(); });
  } catch (...) {
    state->done = true;
    throw;
  }
  return output;
}

std::shared_ptr<Output> Output::file(std::string path, OutputOptions options) {
  if (path.empty()) throw StatusError(StatusCode::invalid_argument, "the path of an output is empty");
  auto sink = detail::file_sink(path, options);
  return start(std::move(sink), -1, std::move(path), std::move(options));
}

std::shared_ptr<Output> Output::descriptor(int fd, std::string name, OutputOptions options) {
  if (fd < 0) throw StatusError(StatusCode::invalid_argument, "the descriptor of an output is negative");
  auto sink = detail::descriptor_sink(fd, name);
  return start(std::move(sink), fd, std::move(name), std::move(options));
}

std::shared_ptr<Output> Output::replaced_file(std::string path, OutputOptions options) {
  if (path.empty()) throw StatusError(StatusCode::invalid_argument, "the path of an output is empty");
  auto sink = detail::replacing_sink(path);
  return start(std::move(sink), -1, std::move(path), std::move(options));
}

Output::~Output() { close(); }

bool Output::write(std::string_view record) noexcept { return state_->take(record); }
void Output::flush() noexcept { state_->ask(&State::flush); }
bool Output::sync() noexcept { return state_->sync(); }
bool Output::close() noexcept { return state_->close(); }
const std::string& Output::name() const noexcept { return state_->name; }
int Output::descriptor() const noexcept { return state_->fd; }
std::uint64_t Output::dropped() const noexcept { return state_->dropped.load(std::memory_order_relaxed); }
Error Output::take_failure() noexcept { return state_->take_failure(); }

void Output::report_to(SessionRunContext& context) {
  while (const Error failure = take_failure()) {
    if (state_->options.fail_run) throw StatusError(failure);
    context.warn(failure);
  }
}

}  // namespace runhook::inline v1
