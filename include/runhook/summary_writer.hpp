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
  // What may wait to be written has to have room for the largest histogram or picture. `header` and `lines` are not
  // used.
  OutputOptions output = {.buffer_bytes = std::size_t{16} << 20};
};

enum class SessionLogStatus : std::int32_t { start = 1, stop = 2, checkpoint = 3 };

// Writes summaries to an event file of its own, `<directory>/events.out.tfevents.<time>.<host>.<pid>.<n>`, which
// TensorBoard and others read. It is made with the first record.
//
// Any number of threads may add. Nothing waits for the disk: records are encoded by whoever adds them and written by a
// thread of the writer's; those that do not fit into what may wait are dropped and counted. Adding returns whether the
// record was taken. The time of a record is that of the wall clock (std::chrono::system_clock), since that is what
// readers show.
//
// Within a tag, steps must not go down: readers would take what was written before for the remains of an earlier run
// and forget it. Such a value is not written; it is counted, and the first is told as a failure. Nor is a value whose
// tag was used for another kind of value. To begin again at an earlier step, say so with add_session_log(). An equal
// step is written: readers keep the later value, or both.
//
// All add functions throw INVALID_ARGUMENT for a tag that is empty or not UTF-8. Since 1.0.
class SummaryWriter {
 public:
  // Throws INVALID_ARGUMENT for an empty directory, a suffix with '/', or bad options of the output.
  explicit SummaryWriter(const std::string& directory, SummaryWriterOptions options = {});
  ~SummaryWriter();  // closes
  SummaryWriter(const SummaryWriter&) = delete;
  SummaryWriter& operator=(const SummaryWriter&) = delete;

  // A number of 32 bits in the file; NaN and infinities are kept. Makes no system call, and no allocation once its tag
  // is known.
  bool add_scalar(std::string_view tag, double value, std::int64_t step);
  // How the elements are distributed, in the buckets of TensorFlow: their edges grow by a tenth from 1e-12 to 1e20.
  // NaN and infinities are left out. Throws FAILED_PRECONDITION for what is not a tensor of real numbers on the CPU.
  bool add_histogram(std::string_view tag, const Value& tensor, std::int64_t step);
  bool add_histogram(std::string_view tag, std::span<const double> numbers, std::int64_t step);
  bool add_text(std::string_view tag, std::string_view text, std::int64_t step);  // Markdown, to TensorBoard
  // A uint8 tensor of height x width x channels, 1 for grey, 3 for RGB, 4 for RGBA; compressed to PNG at once. Throws
  // INVALID_ARGUMENT for any other.
  bool add_image(std::string_view tag, const Value& image, std::int64_t step);
  // An encoded Summary message (of TensorFlow's summary.proto), which is written as it is. Throws INVALID_ARGUMENT if
  // it is none.
  bool add_summary(std::string_view encoded, std::int64_t step);
  // `start` tells readers that a session begins at `step`: what they know of later steps was made in vain, and is
  // dropped. From then on steps count from there.
  bool add_session_log(SessionLogStatus status, std::int64_t step, std::string_view checkpoint_path = {},
                       std::string_view message = {});

  void flush() noexcept;  // asks for everything to be written now
  // Waits until everything has been written that was taken before, for at most OutputOptions::close_timeout; returns
  // whether it has.
  bool sync() noexcept;
  // The same for the last time: what comes later is dropped. Idempotent.
  bool close() noexcept;

  const std::string& path() const noexcept;
  std::uint64_t dropped() const noexcept;  // how many records were not written, for whatever reason
  // What has gone wrong and was not told yet, each kind once.
  Error take_failure() noexcept;
  // Tells it, as Output::report_to() does. For hooks: where they add, and in cleanup after close().
  void report_to(SessionRunContext& context);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_SUMMARY_WRITER_HPP_
