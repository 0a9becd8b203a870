/* runhook/default_hooks.h -- the hooks that a training run is expected to have */
#ifndef RUNHOOK_DEFAULT_HOOKS_H_
#define RUNHOOK_DEFAULT_HOOKS_H_

#include "runhook/config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The hooks of the set, for runhook_default_hooks.left_out. */
enum {
  RUNHOOK_DEFAULT_STOP_ON_SIGNAL = 1, /* SIGINT and SIGTERM stop the run after its step */
  RUNHOOK_DEFAULT_NAN_GUARD = 2,      /* NaN or infinity in a scalar fails the run */
  RUNHOOK_DEFAULT_WATCHDOG = 4,       /* a phase that takes longer than stall_timeout_ns is reported */
  RUNHOOK_DEFAULT_REPORT = 8,         /* <dir>/report.html */
  RUNHOOK_DEFAULT_STEP_COUNTER = 16,  /* steps per second, in the log and the event files */
  RUNHOOK_DEFAULT_LOGGING = 32,       /* scalars on standard error */
  RUNHOOK_DEFAULT_PROGRESS = 64,      /* how far the run is, on standard error */
  RUNHOOK_DEFAULT_METRICS = 128,      /* scalars in <dir>/metrics.jsonl */
  RUNHOOK_DEFAULT_SUMMARIES = 256,    /* scalars in event files in <dir>, which TensorBoard shows */
  RUNHOOK_DEFAULT_PROFILER = 512,     /* <dir>/timeline-<step>.json, which Perfetto shows */
  RUNHOOK_DEFAULT_RUN_RECORD = 1024,  /* <dir>/run.json, and what earlier runs have left in <dir>/earlier */
  /* Checkpoints in <dir>/checkpoints, from the newest of which the run goes on. Of sessions that have variables; other
   * programs add a hook of runhook_checkpoint_hook_create(), and leave this one out. */
  RUNHOOK_DEFAULT_CHECKPOINTS = 2048
};

/**
 * Which hooks runhook_config_add_default_hooks() adds. The caller sets struct_size; growth follows the rules of
 * runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_default_hooks {
  size_t struct_size;
  const char* dir;   /* the directory for the run's files; created if it does not exist; copied; required */
  const char* title; /* of the report; copied; NULL: the name of the directory */
  /* E.g. the loss: what every step publishes or logs, to be shown, drawn, written, and checked for NaN; copied. What is
   * logged now and then is shown, drawn and written without this. */
  const char* const* scalars;
  size_t scalar_count;         /* may be 0 */
  int64_t interval_ns;         /* between two rows, points and log lines; 0: 1 s; negative: there are none, and the step
                                  counter, the log lines, the metrics and the summaries are left out */
  int64_t stall_timeout_ns;    /* for RUNHOOK_DEFAULT_WATCHDOG; 0: 5 minutes; negative: it is left out */
  int64_t profile_interval_ns; /* between two profiled runs; 0: a minute; negative: the profiler is left out */
  uint32_t left_out;           /* RUNHOOK_DEFAULT_* of the hooks not to be added */
  int32_t keep_all;            /* 1: every logged value is in the metrics and the event files. 0: the newest of each
                                  name, at the interval */
  const char* parameters;      /* of the run, e.g. hyperparameters, for run.json: the text of a JSON object; copied;
                                  NULL: none */
  int64_t max_bytes; /* how large the metrics, and the event files of a run, may become: then their older half is begun
                        anew; 0 or negative: there is no limit */
  int32_t quiet;     /* 1: no log lines and no progress: nothing on standard error but warnings and errors */
  int32_t reserved;  /* 0 */
  int64_t checkpoint_interval_ns; /* between two checkpoints; 0: 10 minutes; negative: not by time */
  int64_t checkpoint_steps;       /* likewise, whichever comes first; 0 or negative: not by steps */
  /* End of 1.0. Append only, below this line. */
} runhook_default_hooks;
#define RUNHOOK_DEFAULT_HOOKS_INIT \
  { sizeof(runhook_default_hooks), NULL, NULL, NULL, 0, 0, 0, 0, 0, 0, NULL, 0, 0, 0, 0, 0 }

/**
 * Adds the hooks that a training run is expected to have, each in its own phase. Those that write files or show
 * progress are not added to a worker's config.
 *
 * \param hooks which to add.
 * \returns what speaks against writing files in the directory, which is made when the run begins;
 *   RUNHOOK_ERR_INVALID_ARGUMENT without a directory, for an empty or repeated scalar, and for parameters that are no
 *   JSON object;
 *   RUNHOOK_ERR_ALREADY_EXISTS if the config has default hooks already. Then nothing is added.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_config_add_default_hooks(runhook_config* config, const runhook_default_hooks* hooks,
                                                            runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_DEFAULT_HOOKS_H_ */
