// Where an Output's thread writes.
#ifndef RUNHOOK_SRC_OUTPUT_SINK_HPP_
#define RUNHOOK_SRC_OUTPUT_SINK_HPP_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/error.hpp"
#include "runhook/output.hpp"

namespace runhook::inline v1 {
namespace detail {

// Records one after the other, and where each ends.
struct Batch {
  std::string bytes;
  std::vector<std::size_t> ends;

  bool empty() const noexcept { return ends.empty(); }
  void clear() noexcept {
    bytes.clear();
    ends.clear();
  }
  void add(std::string_view record);  // if it throws nothing has been added
  void drop_first(std::size_t records);
  std::size_t whole_records(std::size_t size) const noexcept;  // how many lie within so many bytes
};

// Used by one thread. Failures are returned, not thrown.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void begin() noexcept {}  // before anything is written, as soon as there is a thread
  // Writes as many records as it can and removes them from the batch. May give up early, without an error, when `hurry`
  // is set.
  virtual Error write(Batch& batch, const std::atomic<bool>& hurry) = 0;
  // Whether what was written is still where it was written to.
  virtual Error verify() { return {}; }
  virtual std::string take_notice() { return {}; }          // what has to be said, and is no failure; once
  virtual bool replaces() const noexcept { return false; }  // whether of several records the last alone counts
  bool hopeless() const noexcept { return hopeless_; }      // nothing will ever be written any more

 protected:
  bool hopeless_ = false;
};

std::unique_ptr<Sink> file_sink(std::string path, const OutputOptions& options);
std::unique_ptr<Sink> csv_sink(std::string path, const OutputOptions& options);
std::unique_ptr<Sink> descriptor_sink(int fd, std::string name);
std::unique_ptr<Sink> replacing_sink(std::string path);

// Writes as much as it can; returns how much, and sets errno unless that is all.
std::size_t write_all(int fd, std::string_view bytes) noexcept;
std::filesystem::path folder_of(const std::filesystem::path& file);  // "." for a name alone
Error make_directory(const std::filesystem::path& directory);        // with those above it
Error make_directories(const std::filesystem::path& file);           // those that the file is to be in
// Returns what speaks against writing files in this directory, which may have to be made, so far as it can be told
// without making it.
Error check_directory(const std::filesystem::path& directory);

// Makes an Error of the errno of a system call.
Error system_error(int number, std::string_view what, std::string_view name);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_OUTPUT_SINK_HPP_
