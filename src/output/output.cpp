#include "runhook/output.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/background_thread.hpp"
#include "base/fork_mark.hpp"
#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "output/sink.hpp"
#include "runhook/run_context.hpp"

namespace runhook::inline v1 {

namespace {

template <typename... Args>
Error formatted_error(StatusCode code, fmt::format_string<const Args&...> text, const Args&... args) noexcept {
  try {
    return Error(code, fmt::format(text, args...));
  } catch (...) {
    return Error::no_memory();
  }
}

}  // namespace

struct Output::State {
  // Held for copying a record or swapping two buffers, never for writing; a mutex would enter the kernel when the writer
  // happens to be at it.
  class SpinLock {
   public:
    void lock() noexcept {
      while (held_.test_and_set(std::memory_order_acquire)) wait();
    }
    void unlock() noexcept { held_.clear(std::memory_order_release); }

   private:
    // Whoever holds it lets go within some loads, unless its thread has lost the processor.
    void wait() const noexcept {
      constexpr int kLoads = 100;
      for (int i = 0; i < kLoads; ++i) {
        if (!held_.test(std::memory_order_relaxed)) return;
      }
      sched_yield();
    }

    std::atomic_flag held_ = ATOMIC_FLAG_INIT;
  };

  State(std::unique_ptr<detail::Sink> its_sink, int its_fd, std::string its_name, OutputOptions its_options)
      : name(std::move(its_name)), options(std::move(its_options)), sink(std::move(its_sink)), fd(its_fd) {}

  bool take(std::string_view record) noexcept;
  void ask(bool State::*what) noexcept;
  bool sync() noexcept;
  bool close() noexcept;
  Error take_failure() noexcept;
  std::string take_notice();
  std::uint64_t taken_so_far() noexcept;
  void stop_taking() noexcept;
  void lose(std::uint64_t records) noexcept;
  // On the thread:
  void run() noexcept;
  void fetch() noexcept;
  void write_out() noexcept;
  void failed(const Error& error) noexcept;
  void drop_rest() noexcept;

  const detail::ForkMark birth;  // in a child the thread is gone, and what it has held is never let go of
  const std::string name;
  const OutputOptions options;
  const std::unique_ptr<detail::Sink> sink;  // used by the thread only, until that is done
  detail::Batch writing;                     // used by the thread only
  std::uint64_t last_writing = 0;            // the same: the number of the last record of `writing`
  std::thread thread;

  // Guarded by pending_lock.
  detail::Batch pending;
  std::uint64_t taken = 0;  // records, which are numbered from 1
  bool taking = true;

  std::atomic<std::size_t> left{0};       // bytes that are with the thread
  std::atomic<std::uint64_t> written{0};  // the number of the record up to which all are written
  std::atomic<std::uint64_t> dropped{0};
  std::atomic<std::size_t> too_large{0};  // the size of a record that is larger than the buffer

  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by the mutex, with the flags below.
  std::uint64_t syncs = 0;   // that were asked for
  std::uint64_t synced = 0;  // up to which everything was tried
  Error failure;
  std::string notice;
  std::optional<std::chrono::steady_clock::time_point> close_deadline;  // once it is closed

  const int fd;
  SpinLock pending_lock;
  std::atomic<bool> hurry{false};  // closing is waited for
  std::atomic<bool> news{false};   // there may be something for take_failure()
  bool flush = false;
  bool closing = false;
  bool given_up = false;  // the sink is hopeless
  bool done = true;       // there is no thread, or none any more
  bool failing = false;   // the last try to write has failed
  bool failure_told = false;
  bool drops_told = false;
};

bool Output::State::take(std::string_view record) noexcept {
  bool accepted = false;
  bool wake = false;
  try {
    const std::lock_guard lock(pending_lock);
    const std::size_t waiting = pending.bytes.size() + left.load(std::memory_order_relaxed);
    const bool fits = record.size() <= options.buffer_bytes - std::min(waiting, options.buffer_bytes);
    if (taking && (fits || sink->replaces())) {
      if (sink->replaces()) pending.clear();
      pending.add(record);
      ++taken;
      accepted = true;
      wake = pending.bytes.size() > options.buffer_bytes / 2 && left.load(std::memory_order_relaxed) == 0;
    }
  } catch (...) {
    accepted = false;
  }
  if (!accepted) {
    if (record.size() > options.buffer_bytes) too_large.store(record.size(), std::memory_order_relaxed);
    lose(1);
  } else if (wake) {
    ask(&State::flush);
  }
  return accepted;
}

std::uint64_t Output::State::taken_so_far() noexcept {
  const std::lock_guard lock(pending_lock);
  return taken;
}

// A record that was taken before is in `pending` or with the thread.
void Output::State::stop_taking() noexcept {
  const std::lock_guard lock(pending_lock);
  taking = false;
}

void Output::State::lose(std::uint64_t records) noexcept {
  if (records == 0) return;
  dropped.fetch_add(records, std::memory_order_relaxed);
  news.store(true, std::memory_order_release);
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
  const bool is_new = sink->replaces() && !failing;  // what was written since is complete
  if (!failure || (failure_told && is_new)) {
    failure = error;
    failure_told = false;
  }
  failing = true;
  given_up = sink->hopeless();
  if (given_up) stop_taking();  // nobody can know of the failure yet, nor of a record that is refused for it
  news.store(true, std::memory_order_release);
}

// Takes over what is pending, once what was taken over before is written.
void Output::State::fetch() noexcept {
  const std::lock_guard lock(pending_lock);
  if (pending.empty() || !(writing.empty() || sink->replaces())) return;
  std::swap(writing, pending);
  pending.clear();
  last_writing = taken;
  left.store(writing.bytes.size(), std::memory_order_relaxed);
}

void Output::State::write_out() noexcept {
  fetch();
  try {
    Error error = writing.empty() ? Error() : sink->write(writing, hurry);
    if (!error && !sink->hopeless()) error = sink->verify();
    if (error) {
      failed(error);
    } else {
      const std::lock_guard lock(mutex);
      failing = false;
    }
    if (std::string told = sink->take_notice(); !told.empty()) {
      const std::lock_guard lock(mutex);
      notice = std::move(told);
      news.store(true, std::memory_order_release);
    }
  } catch (...) {
    failed(Error::from_current_exception(StatusCode::internal));
  }
  if (sink->hopeless()) {
    drop_rest();
  } else if (writing.empty()) {
    written.store(last_writing, std::memory_order_release);
  } else if (!sink->replaces()) {
    written.store(last_writing - writing.ends.size(), std::memory_order_release);
  }
  left.store(writing.bytes.size(), std::memory_order_relaxed);
}

// Drops what waits, and whatever comes.
void Output::State::drop_rest() noexcept {
  std::uint64_t rest = writing.ends.size();
  writing.clear();
  {
    const std::lock_guard lock(pending_lock);
    taking = false;
    rest += pending.ends.size();
    pending.clear();
  }
  lose(rest);
}

void Output::State::run() noexcept {
  sink->begin();
  for (bool last = false; !last;) {
    std::uint64_t sync_wanted = 0;
    {
      std::unique_lock lock(mutex);
      const auto time = detail::deadline_after(options.flush_interval);
      changed.wait_until(lock, time, [this] { return flush || closing; });
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
  drop_rest();
  {
    const std::lock_guard lock(mutex);
    done = true;
  }
  changed.notify_all();
}

bool Output::State::sync() noexcept {
  const std::uint64_t mine = taken_so_far();
  std::unique_lock lock(mutex);
  const std::uint64_t number = ++syncs;
  flush = true;
  changed.notify_all();
  const auto time = detail::deadline_after(options.close_timeout);
  changed.wait_until(lock, time, [&] { return synced >= number || done; });
  return synced >= number && !given_up && !closing && written.load(std::memory_order_acquire) >= mine;
}

bool Output::State::close() noexcept {
  stop_taking();
  hurry.store(true, std::memory_order_relaxed);
  ask(&State::closing);
  std::unique_lock lock(mutex);
  if (!close_deadline) close_deadline = detail::deadline_after(options.close_timeout);
  const bool finished = changed.wait_until(lock, *close_deadline, [this] { return done; });
  if (thread.joinable()) {
    if (finished) {
      thread.join();  // it does not need the lock any more
    } else {
      thread.detach();  // it hangs in a call that nothing can end
    }
  }
  if (!finished && !failure) {
    failure = formatted_error(StatusCode::deadline_exceeded, "'{}' was not written to its end in time", name);
    news.store(true, std::memory_order_release);
  }
  return finished && dropped.load(std::memory_order_relaxed) == 0 && !sink->hopeless();
}

std::string Output::State::take_notice() {
  if (birth.forked() || !news.load(std::memory_order_acquire)) return {};
  const std::lock_guard lock(mutex);
  return std::exchange(notice, std::string());
}

Error Output::State::take_failure() noexcept {
  if (!news.exchange(false, std::memory_order_acq_rel)) return {};
  const std::lock_guard lock(mutex);
  if (failure && !std::exchange(failure_told, true)) {
    drops_told = drops_told || given_up || closing;  // records were dropped because of the failure
    news.store(true, std::memory_order_release);
    return failure;
  }
  if (dropped.load(std::memory_order_relaxed) == 0 || std::exchange(drops_told, true)) return {};
  if (failing && sink->replaces()) return {};  // the failure says already that the file is not the newest
  constexpr StatusCode kCode = StatusCode::resource_exhausted;
  if (const std::size_t size = too_large.load(std::memory_order_relaxed); size > 0) {
    return formatted_error(kCode, "'{}': a record of {} bytes was dropped, for which its buffer of {} has no room",
                           name, size, options.buffer_bytes);
  }
  if (failure) return formatted_error(kCode, "'{}' lacks records that could not be written", name);
  return formatted_error(kCode, "'{}' is written too slowly: records were dropped", name);
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

std::shared_ptr<Output> Output::csv_file(std::string path, OutputOptions options) {
  if (path.empty()) throw StatusError(StatusCode::invalid_argument, "the path of an output is empty");
  if (options.header.empty()) throw StatusError(StatusCode::invalid_argument, "a CSV file has no header");
  auto sink = detail::csv_sink(path, options);
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

bool Output::write(std::string_view record) noexcept { return !state_->birth.forked() && state_->take(record); }
void Output::flush() noexcept {
  if (!state_->birth.forked()) state_->ask(&State::flush);
}
bool Output::sync() noexcept { return !state_->birth.forked() && state_->sync(); }
bool Output::close() noexcept { return !state_->birth.forked() && state_->close(); }
const std::string& Output::name() const noexcept { return state_->name; }
int Output::descriptor() const noexcept { return state_->fd; }
std::uint64_t Output::dropped() const noexcept { return state_->dropped.load(std::memory_order_relaxed); }
Error Output::take_failure() noexcept { return state_->birth.forked() ? Error() : state_->take_failure(); }

void Output::report_to(SessionRunContext& context) {
  if (const std::string notice = state_->take_notice(); !notice.empty()) context.log(LogLevel::warning, notice);
  while (const Error failure = take_failure()) {
    if (state_->options.fail_run) throw StatusError(failure);
    context.warn(failure);
  }
}

}  // namespace runhook::inline v1
