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
  shared_->thread = start_background_thread("rh-profiler", [this] { run(); });
}

TraceFiles::~TraceFiles() { finish(); }

void TraceFiles::failed(const std::string& path, const Error& error) noexcept {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->failure) return;
  try {
    std::string reason = without(error.message(), path);
    if (std::find(shared_->reasons.begin(), shared_->reasons.end(), reason) != shared_->reasons.end()) return;
    shared_->reasons.push_back(std::move(reason));
  } catch (...) {  // NOLINT(bugprone-empty-catch): without memory it is told again
  }
  shared_->failure = error;
}

Error TraceFiles::take_failure() noexcept {
  if (!shared_.here()) return {};
  const std::lock_guard lock(shared_->mutex);
  return std::exchange(shared_->failure, Error());
}

void TraceFiles::write(std::string path, Trace trace) noexcept {
  if (!shared_.here()) return;
  try {
    std::unique_lock lock(shared_->mutex);
    if (shared_->jobs.size() >= kMostWaiting || shared_->finishing) {
      lock.unlock();
      failed(path, Error(StatusCode::resource_exhausted, path + " was dropped: writing is too slow"));
      return;
    }
    shared_->jobs.push_back({std::move(path), std::move(trace)});
  } catch (...) {
    failed(path, Error::no_memory());
    return;
  }
  shared_->changed.notify_one();
}

void TraceFiles::run() noexcept {
  for (;;) {
    Job job;
    {
      std::unique_lock lock(shared_->mutex);
      shared_->changed.wait(lock, [&] { return shared_->finishing || !shared_->jobs.empty(); });
      if (shared_->jobs.empty()) return;
      job = std::move(shared_->jobs.front());
      shared_->jobs.pop_front();
      if (shared_->finishing && std::chrono::steady_clock::now() >= shared_->deadline) {
        if (!shared_->failure)
          shared_->failure = Error(StatusCode::deadline_exceeded, "not all traces could be written in time");
        return;
      }
    }
    if (const Error error = write_trace(job.path, job.trace, options_)) failed(job.path, error);
  }
}

void TraceFiles::finish() noexcept {
  if (!shared_.here()) return;
  {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->finishing) shared_->deadline = deadline_after(options_.close_timeout);
    shared_->finishing = true;
  }
  shared_->changed.notify_one();
  if (shared_->thread.joinable()) shared_->thread.join();
}

}  // namespace detail
}  // namespace runhook::inline v1
