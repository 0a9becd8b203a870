#include "summaries.hpp"

#include <cstdlib>
#include <filesystem>

#include "harness.hpp"

namespace bench {

Summaries::Summaries() {
  folder_ = std::filesystem::temp_directory_path() / "runhook-bench-XXXXXX";
  if (mkdtemp(folder_.data()) == nullptr) std::abort();
  runhook_summary_writer_options options = RUNHOOK_SUMMARY_WRITER_OPTIONS_INIT;
  options.flush_interval_ns = INT64_C(3600'000'000'000);  // when it is told to, and not before
  options.close_timeout_ns = INT64_C(60'000'000'000);
  runhook_error* error = nullptr;
  writer_ = runhook_summary_writer_create(folder_.c_str(), &options, &error);
  if (writer_ == nullptr) give_up(error);
  for (int buffers = 0; buffers < 2; ++buffers) {  // they take turns
    add(kAtMost);
    write_out();
  }
}

Summaries::~Summaries() {
  runhook_summary_writer_destroy(writer_);
  std::filesystem::remove_all(folder_);
}

void Summaries::add(std::int64_t scalars) {
  for (std::int64_t i = 0; i < scalars; ++i) {
    ++step_;
    runhook_summary_writer_add_scalar(writer_, "train/loss", static_cast<double>(step_), step_, nullptr);
  }
}

void Summaries::write_out() {
  runhook_error* error = nullptr;
  check(runhook_summary_writer_sync(writer_, &error), error);
}

}  // namespace bench
