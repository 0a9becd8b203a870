#include "profiler/trace_files.hpp"

#include <algorithm>
#include <utility>

#include "base/background_thread.hpp"
#include "base/monotonic.hpp"
#include "profiler/chrome_trace.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

std::string without(std::string text, const std::string& part) {
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos;) text.erase(at, part.size());
  return text;
}

}  // namespace

Error write_trace(const std::string& path, const Trace& trace, const OutputOptions& options) noexcept {
  try {
    const std::shared_ptr<Output> file = Output::replaced_file(path, options);
    file->write(chrome_trace(trace));
    const bool written = file->close();
    if (Error failure = file->take_failure()) return failure;
    return written ? Error() : Error(StatusCode::deadline_exceeded, "writing " + path + " takes too long");
  } catch (...) {
    return Error::from_current_exception(StatusCode::unknown);
  }
}

TraceFiles::TraceFiles(OutputOptions options) : options_(std::move(options)) {
  thread_ = start_background_thread("rh-profiler", [this] { run(); });
}

TraceFiles::~TraceFiles() { finish(); }

void TraceFiles::failed(const std::string& path, const Error& error) noexcept {
  const std::lock_guard lock(mutex_);
  if (failure_) return;
  try {
    std::string reason = without(error.message(), path);
    if (std::find(reasons_.begin(), reasons_.end(), reason) != reasons_.end()) return;
    reasons_.push_back(std::move(reason));
  } catch (...) {  // NOLINT(bugprone-empty-catch): without memory it is told again
  }
  failure_ = error;
}

Error TraceFiles::take_failure() noexcept {
  const std::lock_guard lock(mutex_);
  return std::exchange(failure_, Error());
}

void TraceFiles::write(std::string path, Trace trace) noexcept {
  try {
    std::unique_lock lock(mutex_);
    if (jobs_.size() >= kMostWaiting || finishing_) {
      lock.unlock();
      failed(path, Error(StatusCode::resource_exhausted, path + " was dropped: writing is too slow"));
      return;
    }
    jobs_.push_back({std::move(path), std::move(trace)});
  } catch (...) {
    failed(path, Error::no_memory());
    return;
  }
  changed_.notify_one();
}

void TraceFiles::run() noexcept {
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return finishing_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
      if (finishing_ && std::chrono::steady_clock::now() >= deadline_) {
        if (!failure_) failure_ = Error(StatusCode::deadline_exceeded, "not all traces could be written in time");
        return;
      }
    }
    if (const Error error = write_trace(job.path, job.trace, options_)) failed(job.path, error);
  }
}

void TraceFiles::finish() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (!finishing_) deadline_ = deadline_after(options_.close_timeout);
    finishing_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

}  // namespace detail
}  // namespace runhook::inline v1
