/* runhook/summary.h -- summaries that TensorBoard shows */
#ifndef RUNHOOK_SUMMARY_H_
#define RUNHOOK_SUMMARY_H_

#include "runhook/builtin_hook.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A summary writer writes to an event file of its own, `<directory>/events.out.tfevents.<time>.<host>.<pid>.<n>`, which
 * is created with the first record. Any number of threads may add records. They do not wait for the disk: a thread of
 * the writer writes from a buffer, and records that do not fit into it are dropped and counted. The time of a record is
 * that of the wall clock.
 *
 * Within a tag, steps must not go down: readers would take what was written before for the remains of an earlier run
 * and discard it. A value of a lower step is not written, nor is one whose tag was used for another kind of value; both
 * count as dropped, and runhook_summary_writer_take_failure() tells the first. To begin again at an earlier step, call
 * runhook_summary_writer_add_session_log().
 *
 * An empty tag gives RUNHOOK_ERR_INVALID_ARGUMENT. A dropped record is no error: the functions that add one return
 * RUNHOOK_OK all the same. */

/**
 * How a summary writer writes. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_summary_writer_options {
  size_t struct_size;
  const char* suffix;   /* put at the end of the file's name, after a dot; without '/'; copied; NULL: none */
  int64_t buffer_bytes; /* memory for records not written yet; at least that of the largest histogram or picture; 0:
                                16 MiB; not negative */
  int64_t flush_interval_ns; /* how long a record may wait before it is written; 0: 0.2 s; negative: until the writer is
                                flushed or closed */
  int64_t close_timeout_ns;  /* how long closing waits for the last records to be written; 0: 5 s; negative: for ever */
  int32_t fail_run;          /* 1: a failure fails the run of the hook that uses the writer. 0: it is a warning */
  int32_t reserved;          /* 0 */
  int64_t max_bytes;         /* how large the files may become: at half of it another is begun, and of several the last
                                two are kept; 0 or negative: there is no limit */
  /* End of 1.0. Append only, below this line. */
} runhook_summary_writer_options;
#define RUNHOOK_SUMMARY_WRITER_OPTIONS_INIT \
  { sizeof(runhook_summary_writer_options), NULL, 0, 0, 0, 0, 0, 0 }

/**
 * Makes a summary writer.
 *
 * \param directory copied; created with the first record if it does not exist.
 * \param options copied; NULL: the defaults.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_summary_writer* runhook_summary_writer_create(const char* directory,
                                                                  const runhook_summary_writer_options* options,
                                                                  runhook_error** error);

/**
 * Destroys the handle. Hooks that the writer was given to keep it; with its last use it is closed.
 *
 * \param writer NULL is allowed.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_summary_writer_destroy(runhook_summary_writer* writer);

/**
 * Adds a scalar, which is written as a 32-bit float; NaN and infinities are written, too. Makes no system call.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_summary_writer_add_scalar(runhook_summary_writer* writer, const char* tag,
                                                             double number, int64_t step, runhook_error** error);

/**
 * Adds a histogram of the elements of a tensor, in TensorFlow's buckets. NaN and infinities are left out.
 *
 * \param tensor of any shape; read before the function returns.
 * \returns RUNHOOK_ERR_FAILED_PRECONDITION for what is not a tensor of real numbers on the CPU.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_summary_writer_add_histogram(runhook_summary_writer* writer, const char* tag,
                                                                const runhook_value* tensor, int64_t step,
                                                                runhook_error** error);

/**
 * Adds a text, which TensorBoard shows as Markdown.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_summary_writer_add_text(runhook_summary_writer* writer, const char* tag,
                                                           const char* text, int64_t step, runhook_error** error);

/**
 * Adds a picture, compressed to PNG at once.
 *
 * \param image a uint8 tensor of height x width x channels: 1 for grey, 3 for RGB, 4 for RGBA.
 * \returns RUNHOOK_ERR_INVALID_ARGUMENT for any other value.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_summary_writer_add_image(runhook_summary_writer* writer, const char* tag,
                                                            const runhook_value* image, int64_t step,
                                                            runhook_error** error);

/**
 * Adds an encoded Summary message (of TensorFlow's summary.proto), which is written as it is.
 *
 * \param data `size` bytes, which are copied; may be NULL if size is 0.
 * \returns RUNHOOK_ERR_INVALID_ARGUMENT if the bytes are no such message.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_summary_writer_add_summary(runhook_summary_writer* writer, const void* data,
                                                              size_t size, int64_t step, runhook_error** error);

/* What a session log reports. */
enum { RUNHOOK_SESSION_LOG_START = 1, RUNHOOK_SESSION_LOG_STOP = 2, RUNHOOK_SESSION_LOG_CHECKPOINT = 3 };

/**
 * Adds a session log. RUNHOOK_SESSION_LOG_START tells readers that a session begins at `step`, so that they discard
 * what was written for later steps; lower steps than before may then be added. Its record has the step after that,
 * since they discard what has the same step.
 *
 * \param status RUNHOOK_SESSION_LOG_*.
 * \param checkpoint_path NULL: none.
 * \param message NULL: none.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_summary_writer_add_session_log(runhook_summary_writer* writer, int32_t status,
                                                                  int64_t step, const char* checkpoint_path,
                                                                  const char* message, runhook_error** error);

/**
 * Asks for everything to be written now. Does not wait.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_summary_writer_flush(runhook_summary_writer* writer, runhook_error** error);

/**
 * Waits until everything that was added before has been written, for at most close_timeout_ns.
 *
 * \returns the first failure that was not told yet; RUNHOOK_ERR_DATA_LOSS if something was not written because of a
 *   failure that was told before.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_summary_writer_sync(runhook_summary_writer* writer, runhook_error** error);

/**
 * Closes the writer: waits until everything has been written, for at most close_timeout_ns. What is added later is
 * dropped.
 *
 * \returns the first failure that was not told yet; RUNHOOK_ERR_DATA_LOSS if something was not written because of a
 *   failure that was told before.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_summary_writer_close(runhook_summary_writer* writer, runhook_error** error);

/**
 * Returns the path of the file.
 *
 * \returns borrowed from the writer; NULL for a handle that is not valid.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_summary_writer_path(const runhook_summary_writer* writer);

/**
 * Counts the records that were not written, for whatever reason.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API uint64_t runhook_summary_writer_dropped(const runhook_summary_writer* writer);

/**
 * Tells a failure that was not told yet; each kind of failure is told once.
 *
 * \returns RUNHOOK_OK if there is nothing to tell.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_summary_writer_take_failure(runhook_summary_writer* writer, runhook_error** error);

/**
 * What hooks fetch and write as summaries. The caller sets struct_size; growth follows the rules of runhook_function.
 * Names are copied, and are the tags; each list may be NULL if its count is 0.
 *
 * \since 1.0
 */
typedef struct runhook_summary_options {
  size_t struct_size;
  const char* const* scalars;
  size_t scalar_count;
  const char* const* histograms; /* tensors of any shape */
  size_t histogram_count;
  const char* const* texts; /* strings or bytes */
  size_t text_count;
  const char* const* images; /* as for runhook_summary_writer_add_image() */
  size_t image_count;
  const char* const* summaries; /* bytes that are an encoded Summary message, with its own tags */
  size_t summary_count;
  const runhook_summary_writer* writer; /* shared, and not closed by the hook; NULL: directory is used */
  const runhook_summary_writer_options* writer_options; /* for the writers of directory; copied; NULL: the defaults */
  const char* directory; /* for one event file for each session; copied; NULL: writer is used */
  /* Only for runhook_summary_saver_hook_create(). */
  int32_t no_logged; /* 1: logged values (logged_value.h) are not written, e.g. since another hook with the same writer
                        does. 0: they are, the newest of each name when the hook is due */
  int32_t keep_all;  /* 1: every logged value is written */
  /* End of 1.0. Append only, below this line. */
} runhook_summary_options;
#define RUNHOOK_SUMMARY_OPTIONS_INIT \
  { sizeof(runhook_summary_options), NULL, 0, NULL, 0, NULL, 0, NULL, 0, NULL, 0, NULL, NULL, NULL, 0, 0 }

/**
 * Makes a hook that fetches values and writes them as summaries of their step. Unless it is added with another trigger,
 * it is due in the first run and then every 100 steps; in other runs it costs nothing. Whenever a session is created it
 * adds a session log with the step at which that begins. A failure to write is a warning.
 *
 * \param options with either values or encoded summaries, or neither: then only what is logged is written; and with
 *   exactly one of writer and directory.
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT for other options, and for a name that is empty or given
 *   twice.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_summary_saver_hook_create(const runhook_summary_options* options,
                                                                    runhook_error** error);

/**
 * What is fetched and written at the end. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_summary_at_end_options {
  size_t struct_size;
  const runhook_summary_options* summaries; /* required; as for runhook_summary_saver_hook_create(), but with values,
                                               encoded summaries, both or neither; copied */
  const runhook_run_args* args; /* what to feed to that run; what they fetch is ignored; copied; NULL: nothing is fed */
  /* End of 1.0. Append only, below this line. */
} runhook_summary_at_end_options;
#define RUNHOOK_SUMMARY_AT_END_OPTIONS_INIT \
  { sizeof(runhook_summary_at_end_options), NULL, NULL }

/**
 * Makes a hook that fetches values once, at the end of a run that has not failed, by a run of the session without
 * hooks, and writes them as summaries of the last step.
 *
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT without summaries, or without a place for them.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_summary_at_end_hook_create(const runhook_summary_at_end_options* options,
                                                                     runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_SUMMARY_H_ */
