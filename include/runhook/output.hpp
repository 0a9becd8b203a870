// runhook/output.hpp: files and descriptors that nobody has to wait for.
#ifndef RUNHOOK_OUTPUT_HPP_
#define RUNHOOK_OUTPUT_HPP_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "runhook/error.hpp"

namespace runhook::inline v1 {

class SessionRunContext;
namespace detail {
class Sink;
}

struct OutputOptions {
  std::size_t buffer_bytes = std::size_t{1} << 20;                           // may wait to be written
  std::chrono::nanoseconds flush_interval = std::chrono::milliseconds(200);  // how long a record waits
  std::chrono::nanoseconds close_timeout = std::chrono::seconds(5);          // how long close() waits
  bool fail_run = false;                                                     // whether report_to() fails the run
  std::string header = {};  // of a file: written first if it is empty; if it is not, it has to begin with this
  bool lines = false;       // records are lines: a file that ends within one is continued on a new line
};

// Takes records and has a thread of its own write them, so that no step waits for a disk, a terminal or a pipe.
//
// A record is written as a whole or not at all. What does not fit into the buffer is dropped and counted. When writing
// fails, what waits is tried again, and a record that got into a file in part is taken out of it: what was written
// stays readable. A broken pipe, and a file that cannot be opened, are given up.
//
// All functions may be called by any thread; none throws, and none but sync() and close() waits. Since 1.0.
class Output {
 public:
  // Appends to a file, which is made if need be, with its directories. It is opened by the thread.
  static std::shared_ptr<Output> file(std::string path, OutputOptions options = {});
  // Writes to what a descriptor of somebody else's stands for; the output has one of its own for it. `name` is for
  // messages.
  static std::shared_ptr<Output> descriptor(int fd, std::string name, OutputOptions options = {});
  // Each record replaces the file; whoever reads it sees one record or the other, also if several outputs, threads or
  // processes replace the same file. Of several that wait the last counts. A record is written beside the file, as
  // "<path>.<process>.<number>.new"; what killed runs have left of these goes when the output is made.
  static std::shared_ptr<Output> replaced_file(std::string path, OutputOptions options = {});

  ~Output();  // closes
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // Returns whether the record was taken. Makes no system call, unless the buffer is half full.
  bool write(std::string_view record) noexcept;
  // Asks for everything to be written now.
  void flush() noexcept;
  // Waits until everything has been written that was taken before, for at most close_timeout; returns whether it has.
  // For those who share an output that goes on.
  bool sync() noexcept;
  // Waits until everything has been written, for at most close_timeout; returns whether it has. Records that come later
  // are dropped. Idempotent.
  bool close() noexcept;

  const std::string& name() const noexcept;
  int descriptor() const noexcept;         // that it was made for; -1 for a file
  std::uint64_t dropped() const noexcept;  // records that were not, or will not be, written
  // What has gone wrong and was not told yet: the first failure, and that records were dropped, each once.
  Error take_failure() noexcept;
  // Tells it: as a warning, or by throwing it with OutputOptions::fail_run. For hooks: where they write, and in cleanup
  // after close().
  void report_to(SessionRunContext& context);

 private:
  struct State;
  static std::shared_ptr<Output> start(std::unique_ptr<detail::Sink> sink, int fd, std::string name,
                                       OutputOptions options);
  explicit Output(std::shared_ptr<State> state) noexcept;
  std::shared_ptr<State> state_;  // shared with the thread, which may outlive this if it hangs
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_OUTPUT_HPP_
