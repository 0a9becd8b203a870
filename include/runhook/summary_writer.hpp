// runhook/summary_writer.hpp: SummaryWriter, which writes what TensorBoard shows.
#ifndef RUNHOOK_SUMMARY_WRITER_HPP_
#define RUNHOOK_SUMMARY_WRITER_HPP_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runhook/output.hpp"
#include "runhook/value.hpp"

namespace runhook::inline v1 {

struct SummaryWriterOptions {
  std::string suffix = {};  // put at the end of the file's name, after a dot
  // The buffer must have room for the largest histogram or picture. `header` and `lines` are not used.
  OutputOptions output = {.buffer_bytes = std::size_t{16} << 20};
};

enum class SessionLogStatus : std::int32_t { start = 1, stop = 2, checkpoint = 3 };

// Writes summaries to an event file of its own, `<directory>/events.out.tfevents.<time>.<host>.<pid>.<n>`, which
// TensorBoard and others read. The file is created with the first record.
//
// Any number of threads may add records. They do not wait for the disk: a record is encoded on the thread that adds it,
// and written by a thread of the writer; records that do not fit into the buffer are dropped and counted. The add
// functions return whether the record was accepted. The time of a record is that of the wall clock
// (std::chrono::system_clock), since that is what readers show.
//
// Within a tag, steps must not go down: readers would take what was written before for the remains of an earlier run
// and discard it. A value of a lower step is not written, nor is one whose tag was used for another kind of value; both
// count as dropped, and take_failure() tells the first. To begin again at an earlier step, call add_session_log(). A
// second value for the same step is written: readers keep the later one, or both.
//
// All add functions throw INVALID_ARGUMENT for a tag that is empty or not UTF-8. Since 1.0.
class SummaryWriter {
 public:
  // Throws INVALID_ARGUMENT for an empty directory, a suffix with '/', or bad options of the output.
  explicit SummaryWriter(const std::string& directory, SummaryWriterOptions options = {});
  ~SummaryWriter();  // closes
  SummaryWriter(const SummaryWriter&) = delete;
  SummaryWriter& operator=(const SummaryWriter&) = delete;

  // Written as a 32-bit float; NaN and infinities are written, too. Makes no system call, and no allocation once its
  // tag is known.
  bool add_scalar(std::string_view tag, double value, std::int64_t step);
  // A histogram of the elements, in TensorFlow's buckets, whose edges grow by a tenth from 1e-12 to 1e20. NaN and
  // infinities are left out. Throws FAILED_PRECONDITION for what is not a tensor of real numbers on the CPU.
  bool add_histogram(std::string_view tag, const Value& tensor, std::int64_t step);
  bool add_histogram(std::string_view tag, std::span<const double> numbers, std::int64_t step);
  bool add_text(std::string_view tag, std::string_view text, std::int64_t step);  // TensorBoard shows it as Markdown
  // A uint8 tensor of height x width x channels, 1 for grey, 3 for RGB, 4 for RGBA; compressed to PNG at once. Throws
  // INVALID_ARGUMENT for any other value.
  bool add_image(std::string_view tag, const Value& image, std::int64_t step);
  // An encoded Summary message (of TensorFlow's summary.proto), which is written as it is. Throws INVALID_ARGUMENT if
  // the bytes are no such message.
  bool add_summary(std::string_view encoded, std::int64_t step);
  // `start` tells readers that a session begins at `step`, so that they discard what was written for later steps; lower
  // steps than before may then be added. Its record has the step after that, since they discard what has the same step.
  bool add_session_log(SessionLogStatus status, std::int64_t step, std::string_view checkpoint_path = {},
                       std::string_view message = {});

  void flush() noexcept;  // asks for everything to be written now
  // Waits until everything that was accepted before has been written, for at most OutputOptions::close_timeout; returns
  // whether it has.
  bool sync() noexcept;
  // The same, and closes the writer: later records are dropped.
  bool close() noexcept;

  const std::string& path() const noexcept;
  std::uint64_t dropped() const noexcept;  // how many records were not written, for whatever reason
  // Returns a failure that was not told yet; each kind of failure is told once.
  Error take_failure() noexcept;
  // Reports that failure, as Output::report_to() does. For hooks: to be called where they add records, and in cleanup
  // after close().
  void report_to(SessionRunContext& context);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_SUMMARY_WRITER_HPP_
