#include "runhook/summary.h"

#include <string_view>

#include "boundary/exception_guard.hpp"
#include "boundary/option_value.hpp"
#include "boundary/table.hpp"
#include "boundary/text.hpp"
#include "handle/run_args_handle.hpp"
#include "handle/summary_handle.hpp"
#include "handle/value_handle.hpp"
#include "hooks/builtin_hook.hpp"
#include "runhook/hooks/summary_saver.hpp"

namespace runhook::capi {

namespace {

constexpr std::size_t kWriterSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_summary_writer_options, max_bytes);
static_assert(offsetof(runhook_summary_writer_options, suffix) == 8 && kWriterSizeV1_0 == 56,
              "the 1.0 prefix is frozen");
// NOLINTNEXTLINE(bugprone-sizeof-expression): the size of the pointer is meant
constexpr std::size_t kAtEndSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_summary_at_end_options, args);
static_assert(kAtEndSizeV1_0 == 24, "the 1.0 prefix is frozen");
constexpr std::size_t kSummarySizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_summary_options, keep_all);
static_assert(offsetof(runhook_summary_options, scalars) == 8 && kSummarySizeV1_0 == 120, "the 1.0 prefix is frozen");

SummaryWriterOptions writer_options_from(const runhook_summary_writer_options* given) {
  static constexpr runhook_summary_writer_options kDefaults = RUNHOOK_SUMMARY_WRITER_OPTIONS_INIT;
  const runhook_summary_writer_options copy = read_struct(given, kWriterSizeV1_0, kDefaults);
  check_reserved(copy.reserved);
  SummaryWriterOptions wanted;
  wanted.suffix = optional_text(copy.suffix, "suffix");
  wanted.output.buffer_bytes = static_cast<std::size_t>(
      number_or(copy.buffer_bytes, static_cast<std::int64_t>(wanted.output.buffer_bytes), "buffer_bytes"));
  wanted.output.flush_interval = period_or(copy.flush_interval_ns, wanted.output.flush_interval);
  wanted.output.close_timeout = limit_or(copy.close_timeout_ns, wanted.output.close_timeout);
  wanted.output.fail_run = read_flag(copy.fail_run, "fail_run");
  wanted.output.max_bytes = size_limit(copy.max_bytes);
  return wanted;
}

// For the options of either hook.
template <class Options>
Options summary_options_from(const runhook_summary_options& copy) {
  Options wanted;
  wanted.scalars = required_texts(copy.scalars, copy.scalar_count, "scalars");
  wanted.histograms = required_texts(copy.histograms, copy.histogram_count, "histograms");
  wanted.texts = required_texts(copy.texts, copy.text_count, "texts");
  wanted.images = required_texts(copy.images, copy.image_count, "images");
  wanted.summaries = required_texts(copy.summaries, copy.summary_count, "summaries");
  if (copy.writer != nullptr) wanted.writer = require(copy.writer).writer;
  wanted.directory = optional_text(copy.directory, "directory");
  wanted.writer_options = writer_options_from(copy.writer_options);
  return wanted;
}

// Throws if something was not written: a failure that was not told yet, or else DATA_LOSS.
void check_written(SummaryWriter& writer, bool all) {
  if (const Error failure = writer.take_failure()) throw StatusError(failure);
  if (!all) throw StatusError(StatusCode::data_loss, "some summaries were not written");
}

SummaryWriter& writer_of(runhook_summary_writer* handle) { return *require(handle).writer; }

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_summary_writer* runhook_summary_writer_create(const char* directory,
                                                      const runhook_summary_writer_options* options,
                                                      runhook_error** error) {
  return guarded_handle(error, [&] {
    return create<runhook_summary_writer>(std::make_shared<SummaryWriter>(
        std::string(required_text(directory, "directory")), writer_options_from(options)));
  });
}

void runhook_summary_writer_destroy(runhook_summary_writer* writer) { capi::destroy(writer); }

runhook_status runhook_summary_writer_add_scalar(runhook_summary_writer* writer, const char* tag, double number,
                                                 int64_t step, runhook_error** error) {
  return guarded(error, [&] { writer_of(writer).add_scalar(required_text(tag, "tag"), number, step); });
}

runhook_status runhook_summary_writer_add_histogram(runhook_summary_writer* writer, const char* tag,
                                                    const runhook_value* tensor, int64_t step, runhook_error** error) {
  return guarded(error, [&] {
    SummaryWriter& target = writer_of(writer);
    target.add_histogram(required_text(tag, "tag"), from_handle(tensor), step);
  });
}

runhook_status runhook_summary_writer_add_text(runhook_summary_writer* writer, const char* tag, const char* text,
                                               int64_t step, runhook_error** error) {
  return guarded(error, [&] {
    SummaryWriter& target = writer_of(writer);
    target.add_text(required_text(tag, "tag"), required_text(text, "text"), step);
  });
}

runhook_status runhook_summary_writer_add_image(runhook_summary_writer* writer, const char* tag,
                                                const runhook_value* image, int64_t step, runhook_error** error) {
  return guarded(error, [&] {
    SummaryWriter& target = writer_of(writer);
    target.add_image(required_text(tag, "tag"), from_handle(image), step);
  });
}

runhook_status runhook_summary_writer_add_summary(runhook_summary_writer* writer, const void* data, size_t size,
                                                  int64_t step, runhook_error** error) {
  return guarded(error, [&] {
    SummaryWriter& target = writer_of(writer);
    target.add_summary(required_bytes(data, size), step);
  });
}

runhook_status runhook_summary_writer_add_session_log(runhook_summary_writer* writer, int32_t status, int64_t step,
                                                      const char* checkpoint_path, const char* message,
                                                      runhook_error** error) {
  return guarded(error, [&] {
    SummaryWriter& target = writer_of(writer);
    if (status < RUNHOOK_SESSION_LOG_START || status > RUNHOOK_SESSION_LOG_CHECKPOINT) {
      throw StatusError(StatusCode::invalid_argument, "status is not one of a session log");
    }
    target.add_session_log(static_cast<SessionLogStatus>(status), step, optional_text(checkpoint_path, "the path"),
                           optional_text(message, "the message"));
  });
}

runhook_status runhook_summary_writer_flush(runhook_summary_writer* writer, runhook_error** error) {
  return guarded(error, [&] { writer_of(writer).flush(); });
}

runhook_status runhook_summary_writer_sync(runhook_summary_writer* writer, runhook_error** error) {
  return guarded(error, [&] {
    SummaryWriter& target = writer_of(writer);
    check_written(target, target.sync());
  });
}

runhook_status runhook_summary_writer_close(runhook_summary_writer* writer, runhook_error** error) {
  return guarded(error, [&] {
    SummaryWriter& target = writer_of(writer);
    check_written(target, target.close());
  });
}

const char* runhook_summary_writer_path(const runhook_summary_writer* writer) {
  const auto* box = find(writer);
  return box != nullptr ? box->writer->path().c_str() : nullptr;
}

uint64_t runhook_summary_writer_dropped(const runhook_summary_writer* writer) {
  const auto* box = find(writer);
  return box != nullptr ? box->writer->dropped() : 0;
}

runhook_status runhook_summary_writer_take_failure(runhook_summary_writer* writer, runhook_error** error) {
  return guarded(error, [&] {
    if (const Error failure = writer_of(writer).take_failure()) throw StatusError(failure);
  });
}

runhook_builtin_hook* runhook_summary_saver_hook_create(const runhook_summary_options* options, runhook_error** error) {
  return made_hook(error, [&] {
    const runhook_summary_options given = read_struct(options, kSummarySizeV1_0);
    auto wanted = summary_options_from<SummarySaverOptions>(given);
    wanted.logged = !read_flag(given.no_logged, "no_logged");
    wanted.keep_all = read_flag(given.keep_all, "keep_all");
    const std::size_t count =
        given.scalar_count + given.histogram_count + given.text_count + given.image_count + given.summary_count;
    wanted.only_logged = wanted.logged && count == 0;
    return SummarySaverHook::make(std::move(wanted));
  });
}

runhook_builtin_hook* runhook_summary_at_end_hook_create(const runhook_summary_at_end_options* options,
                                                         runhook_error** error) {
  return made_hook(error, [&] {
    const runhook_summary_at_end_options given = read_struct(options, kAtEndSizeV1_0);
    auto wanted = summary_options_from<SummaryAtEndOptions>(read_struct(given.summaries, kSummarySizeV1_0));
    if (given.args != nullptr) wanted.feeds = require(given.args).get().feeds;
    return plain_hook<SummaryAtEndHook>(std::move(wanted));
  });
}
