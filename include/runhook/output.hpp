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
  std::size_t buffer_bytes = std::size_t{1} << 20;                           // memory for records not written yet
  std::chrono::nanoseconds flush_interval = std::chrono::milliseconds(200);  // how long a record may wait
  std::chrono::nanoseconds close_timeout = std::chrono::seconds(5);          // how long close() waits
  bool fail_run = false;                                                     // whether report_to() fails the run
  std::string header = {};  // of a file: written first if the file is empty; otherwise the file has to begin with it
  bool lines = false;       // records are lines: if a file ends within a line, a new one is begun
  // Records are rows of JSON Lines or CSV: if a file ends within a row, as one of a process that was killed may, that
  // half is cut off.
  bool rows = false;
  // How large a file may become, the older half of it included; 0: there is no limit. One that has reached half of that
  // is begun anew. Of lines and rows the older half is `<name>.1.<ending>`, which replaces the one before; anything
  // else goes on in `<path>.000001` etc., of which the last two are kept.
  std::size_t max_bytes = 0;
};

// Takes records and has a thread of its own write them, so that no step waits for a disk, a terminal or a pipe.
//
// A record is written as a whole or not at all. Records that do not fit into the buffer are dropped and counted. When
// writing fails it is tried again, and a record that was written to a file in part is removed from it, so that the file
// stays readable. After a broken pipe, or if a file cannot be opened or was deleted meanwhile, nothing more is written.
//
// All functions may be called by any thread; none throws, and none but sync() and close() waits. Since 1.0.
class Output {
 public:
  // Appends to a file, which is created if it does not exist, with its directories. It is opened by the thread.
  static std::shared_ptr<Output> file(std::string path, OutputOptions options = {});
  // The same for CSV. `header` is its first line and required. A file that has other columns gets those that it lacks,
  // empty in the rows that are there, and fields are put in the order of the file. A record that begins with the first
  // field of the header is another header, for the records that follow.
  static std::shared_ptr<Output> csv_file(std::string path, OutputOptions options);
  // Writes to a file descriptor, of which the output makes a duplicate of its own. `name` is for messages.
  static std::shared_ptr<Output> descriptor(int fd, std::string name, OutputOptions options = {});
  // Each record replaces the file: a reader sees either the old record or the new one, also if several outputs, threads
  // or processes replace the same file. Of several records that wait, only the last is written. It is written beside
  // the file first, as "<path>.<process>.<number>.new"; such files that killed runs have left are removed when the
  // output is made.
  //
  // Only a regular file is ever replaced: links are followed, and a device, a pipe that somebody reads or a socket on
  // which somebody listens is written into. The new file has the mode and the owner of the old one. Where these, or
  // other names of the file (hard links), cannot be kept it is written in place, which is logged once.
  static std::shared_ptr<Output> replaced_file(std::string path, OutputOptions options = {});

  ~Output();  // closes
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // Returns whether the record was accepted. Makes no system call, unless the buffer is half full.
  bool write(std::string_view record) noexcept;
  // Asks for everything to be written now.
  void flush() noexcept;
  // Waits until everything that was accepted before has been written, for at most close_timeout; returns whether it
  // has. For an output that others go on writing to.
  bool sync() noexcept;
  // Waits until everything has been written, for at most close_timeout from the first call on; returns whether it has.
  // Later records are dropped.
  bool close() noexcept;

  const std::string& name() const noexcept;
  int descriptor() const noexcept;         // the one it was made for; -1 for a file
  std::uint64_t dropped() const noexcept;  // records that were not, or will not be, written
  // Returns a failure that was not told yet: the first one, and that records were dropped, each once. Of a replaced
  // file each one that comes after the file was written again.
  Error take_failure() noexcept;
  // Reports that failure as a warning or, with OutputOptions::fail_run, by throwing it. For hooks: to be called where
  // they write, and in cleanup after close().
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
