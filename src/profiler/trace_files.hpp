// trace_files.hpp: a thread that turns what was recorded into files.
#ifndef RUNHOOK_SRC_PROFILER_TRACE_FILES_HPP_
#define RUNHOOK_SRC_PROFILER_TRACE_FILES_HPP_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fork_mark.hpp"
#include "profiler/span_ring.hpp"
#include "runhook/output.hpp"

namespace runhook::inline v1 {
namespace detail {

// Writes a trace to a file and waits until it is written; returns the failure, if any.
Error write_trace(const std::string& path, const Trace& trace, const OutputOptions& options) noexcept;

class TraceFiles {
 public:
  explicit TraceFiles(OutputOptions options);  // starts the thread
  ~TraceFiles();                               // finishes
  TraceFiles(const TraceFiles&) = delete;
  TraceFiles& operator=(const TraceFiles&) = delete;

  // Does not wait. Dropped if too many are waiting already.
  void write(std::string path, Trace trace) noexcept;
  // Waits until all are written, for about OutputOptions::close_timeout. What comes later is dropped.
  void finish() noexcept;
  // The first one that was not told yet. For one reason, e.g. a full disk, it is told once, however many files there
  // are.
  Error take_failure() noexcept;

 private:
  struct Job {
    std::string path;
    Trace trace;
  };
  static constexpr std::size_t kMostWaiting = 8;
  void run() noexcept;
  void failed(const std::string& path, const Error& error) noexcept;

  struct Shared {
    std::mutex mutex;  // guards what follows
    std::condition_variable changed;
    std::deque<Job> jobs;
    bool finishing = false;
    std::chrono::steady_clock::time_point deadline;  // once it is finishing
    Error failure;
    std::vector<std::string> reasons;  // of all failures so far: what was said, without the file
    std::thread thread;
  };
  const OutputOptions options_;
  SharedWithThread<Shared> shared_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_PROFILER_TRACE_FILES_HPP_
