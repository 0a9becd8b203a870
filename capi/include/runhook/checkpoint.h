/* runhook/checkpoint.h -- checkpoints in a directory, and the hook that saves a run and has it go on from there */
#ifndef RUNHOOK_CHECKPOINT_H_
#define RUNHOOK_CHECKPOINT_H_

#include "runhook/builtin_hook.h"
#include "runhook/config.h"
#include "runhook/snapshot.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Which checkpoints are kept: those that any of these wants. Whatever it says, what a process is reading is kept, what
 * is pinned, the newest, and the one from which the run has gone on until it has saved another. One that is damaged is
 * not counted, and never deleted. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_retention {
  size_t struct_size;
  int64_t last;             /* so many of the newest; 0: 5; negative: all */
  int64_t best;             /* so many of those with the best value of `metric`; 0 or negative: none */
  const char* metric;       /* copied; required for `best` and for save_on_best */
  int64_t every_steps;      /* each whose step is a multiple of this; 0 or negative: none */
  int64_t every_ns;         /* the first of each span of this length; 0 or negative: none */
  int32_t higher_is_better; /* 1: of the metric */
  int32_t reserved;         /* 0 */
  /* End of 1.0. Append only, below this line. */
} runhook_retention;
#define RUNHOOK_RETENTION_INIT \
  { sizeof(runhook_retention), 0, 0, NULL, 0, 0, 0, 0 }

/**
 * Memory of the program that is saved as it lies, and written into when a run goes on: no callback is needed for it. It
 * is read and written on the thread that runs the loop, at its safe points only, and has to be there as long as the
 * hook. What is restored is looked at as a whole before any of it is written into. None may have the name of a variable
 * of the session.
 *
 * \since 1.0
 */
typedef struct runhook_memory {
  const char* name; /* of the variable in the checkpoint; copied; required */
  void* data;       /* aligned as its elements are; required unless count is 0 */
  int64_t count;    /* of elements; not negative */
  int32_t dtype;    /* RUNHOOK_FLOAT64 etc.; RUNHOOK_UINT8 for a struct, whose count is its size */
  int32_t reserved; /* 0 */
} runhook_memory;

/**
 * Is told of the saves of a checkpoint hook. A table; see runhook_function for the rules. The callbacks get the context
 * of the hook.
 *
 * \since 1.0
 */
typedef struct runhook_checkpoint_listener {
  size_t struct_size;
  void* user_data;
  void (*destroy)(void* user_data);
  runhook_callback before_save; /* may call runhook_context_veto_save(); NULL: none */
  runhook_callback after_save;  /* when it is committed; may ask for a stop; NULL: none */
  /* End of 1.0. Append only, below this line. */
} runhook_checkpoint_listener;
#define RUNHOOK_CHECKPOINT_LISTENER_INIT \
  { sizeof(runhook_checkpoint_listener), NULL, NULL, NULL, NULL }

/**
 * How a run is saved. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_checkpoint_options {
  size_t struct_size;
  const char* directory;         /* made if it does not exist; copied; required */
  int64_t every_steps;           /* between two saves; 0: by time; negative: off */
  int64_t every_ns;              /* likewise; 0: 10 minutes; negative: off */
  const runhook_retention* keep; /* which are kept; copied; NULL: the newest 5 */
  const runhook_memory* memory;  /* the program's own state, as it lies; copied, but for what it points to; NULL:
                                          none */
  size_t memory_count;
  const runhook_saver_table* state; /* the same by functions: `save` adds to runhook_context_snapshot(), `restore`
                                          reads from it, after memory and session have been restored; consumed; NULL:
                                          none */
  const runhook_checkpoint_listener* listener; /* consumed; NULL: none */
  int64_t grace_ns; /* how long the process has from a signal that stops it until it is killed: then what is to be
                       saved at the end is saved, or begun to be, before other hooks end, and warnings say when saves
                       take longer than that, or than is left of it; 0 or negative: unknown */
  int64_t drain_timeout_ns; /* how long the end of a run, and a recovery, wait for a save that is being written; 0: 20
                               minutes; negative: for ever */
  int64_t restore_step;     /* with restore_one */
  int32_t restore_one;      /* 1: the run goes on from the checkpoint of restore_step, and newer ones are set aside. 0:
                               from the newest that is whole */
  int32_t asynchronous;     /* 1: the loop pauses for a copy only, and a thread writes */
  int32_t skip_if_busy;     /* 1: a save that comes while another is being written is left out, but for that at the end.
                           0: it waits */
  int32_t process_crash_only; /* 1: checkpoints outlive the process, but perhaps not the power; saves the waits for the
                                 disk */
  int32_t partial;            /* 1: if variables of the session, or `memory`, are missing, extra, or of another dtype or
                                 size than what was saved, the others are restored, and the log lists these. 0: that is
                                 an error that lists them, and nothing is restored. What is extra may be of `state`, if
                                 there is one, and is for that to judge */
  int32_t begin_anew_if_damaged; /* 1: if there are checkpoints but none is whole, the run begins anew. 0: an error */
  int32_t not_at_start;          /* 1: no save before the first step */
  int32_t not_at_end;            /* 1: no save at the end */
  int32_t optional;     /* 1: where there is nothing of the program to save, the hook does nothing. 0: that is an
                           error */
  int32_t save_on_best; /* 1: also saves after each step of which the metric of `keep` is logged with a better value
                           than any checkpoint of the run has */
  int32_t verify;       /* 1: nothing is saved: the run goes on from the oldest checkpoint, or with restore_one from
                           restore_step, and what it would save is compared with each checkpoint that it comes to. That
                           it differs fails the hook, with all differences; so does a run in which none was compared.
                           The log says how many were, as information: see runhook_config_set_log() */
  int32_t warn_only;    /* 1: a save that fails is a warning, and is tried again after the next step. 0: it fails the
                           run. A policy that the hook is registered with goes before this */
  /* End of 1.0. Append only, below this line. */
} runhook_checkpoint_options;
#define RUNHOOK_CHECKPOINT_OPTIONS_INIT                                                                               \
  {                                                                                                                   \
    sizeof(runhook_checkpoint_options), NULL, 0, 0, NULL, NULL, 0, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
        0, 0                                                                                                          \
  }

/**
 * Makes a hook that saves its session when it is due, whenever a save is asked for, at the start and at the end, always
 * after a step that is complete, with what it has logged and what all hooks have to say. The session goes on from the
 * newest checkpoint that is whole, unless it was restored when it was made; a recovery does likewise.
 *
 * A save that fails fails the hook, is reported, and is tried again after the next step, if there is one: with
 * warn_only, or RUNHOOK_POLICY_WARN, the run goes on. A session has one such hook.
 *
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT without a directory, for both periods, for save_on_best
 *   without a metric, and for what else the options say.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_checkpoint_hook_create(const runhook_checkpoint_options* options,
                                                                 runhook_error** error);

/**
 * In before_save of a runhook_checkpoint_listener: has this save not be made. Others may be made later.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_veto_save(runhook_context* context, runhook_error** error);

/**
 * How a store works. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_checkpoint_store_options {
  size_t struct_size;
  const runhook_retention* keep; /* which are kept; copied; NULL: the newest 5 */
  const runhook_log* log;     /* what is passed over, set aside, or cannot be deleted; consumed; NULL: standard error */
  const char* session;        /* of the run that saves, for those who look at the checkpoints; copied; NULL: unknown */
  int32_t process_crash_only; /* 1: checkpoints outlive the process, but perhaps not the power */
  int32_t reserved;           /* 0 */
  /* End of 1.0. Append only, below this line. */
} runhook_checkpoint_store_options;
#define RUNHOOK_CHECKPOINT_STORE_OPTIONS_INIT \
  { sizeof(runhook_checkpoint_store_options), NULL, NULL, NULL, 0, 0 }

/**
 * Becomes the owner of a directory of checkpoints: for programs without a session, and for tools. Others may read it
 * meanwhile. Removes what a killed owner has left unfinished.
 *
 * \param directory made if it does not exist.
 * \param options NULL: the defaults.
 * \returns owned. NULL with RUNHOOK_ERR_ALREADY_EXISTS if it has an owner, which is named.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_checkpoint_store* runhook_checkpoint_store_create(const char* directory,
                                                                      const runhook_checkpoint_store_options* options,
                                                                      runhook_error** error);

/**
 * Lets go of the directory.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_checkpoint_store_destroy(runhook_checkpoint_store* store);

/**
 * Saves a snapshot; when it returns, the checkpoint is committed. Then what need not be kept is deleted. If it fails
 * nothing is lost, and the save can be tried again.
 *
 * \param written set to 1, or to 0 if the step has been saved or restored by this store already; may be NULL.
 * \returns RUNHOOK_ERR_ALREADY_EXISTS if the directory has a checkpoint of this step or of a later one from which the
 *   program has not gone on; RUNHOOK_ERR_RESOURCE_EXHAUSTED, before anything is written, if there is no room;
 *   RUNHOOK_ERR_INVALID_ARGUMENT for a negative step; RUNHOOK_ERR_FAILED_PRECONDITION for memory that is not on the
 *   CPU.
 * \threadsafety Any thread, while the handle is not destroyed.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_checkpoint_store_save(runhook_checkpoint_store* store,
                                                         const runhook_snapshot* snapshot, int32_t* written,
                                                         runhook_error** error);

/**
 * Restores the newest checkpoint that is whole; which ones were passed over is said in the log.
 *
 * \returns owned. NULL with RUNHOOK_ERR_NOT_FOUND if there is none at all, and with RUNHOOK_ERR_DATA_LOSS if there are
 *   some, but none is whole: that is no fresh start.
 * \threadsafety Any thread, while the handle is not destroyed.
 * \since 1.0
 */
RUNHOOK_API runhook_snapshot* runhook_checkpoint_store_restore(runhook_checkpoint_store* store, runhook_error** error);

/**
 * Restores the checkpoint of a step. Newer ones are set aside, so that the program that goes on from here can save its
 * own.
 *
 * \returns owned. NULL with RUNHOOK_ERR_NOT_FOUND or RUNHOOK_ERR_DATA_LOSS; then nothing is set aside.
 * \threadsafety Any thread, while the handle is not destroyed.
 * \since 1.0
 */
RUNHOOK_API runhook_snapshot* runhook_checkpoint_store_restore_step(runhook_checkpoint_store* store, int64_t step,
                                                                    runhook_error** error);

/**
 * Reads the checkpoint of a step, or the newest that is whole, without owning the directory: e.g. to evaluate it while
 * another process trains.
 *
 * \param step negative: the newest.
 * \returns owned. NULL with RUNHOOK_ERR_NOT_FOUND if there is none, RUNHOOK_ERR_DATA_LOSS if it is damaged.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_snapshot* runhook_checkpoint_read(const char* directory, int64_t step, runhook_error** error);

/**
 * How checkpoints are waited for. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_checkpoint_watcher_options {
  size_t struct_size;
  const char* directory;           /* copied; required; need not exist yet */
  const runhook_stop_source* stop; /* a stop request ends a wait at once; copied; NULL: none */
  int64_t poll_ns;                 /* time between two looks; 0: a second; negative is refused */
  int64_t timeout_ns;              /* how long to wait for each checkpoint; no look is taken after that, so that less
                                      than poll_ns is one look; 0 or negative: for ever */
  int64_t min_interval_ns; /* the shortest time from one checkpoint to the next; others that come in between are left
                              out; 0 or negative: none is */
  /* End of 1.0. Append only, below this line. */
} runhook_checkpoint_watcher_options;
#define RUNHOOK_CHECKPOINT_WATCHER_OPTIONS_INIT \
  { sizeof(runhook_checkpoint_watcher_options), NULL, NULL, 0, 0, 0 }

/**
 * Looks out for checkpoints that another process saves, or another thread, e.g. to evaluate each with
 * runhook_evaluate_next(). They are looked for by manifests alone.
 *
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT without a directory, and for a negative poll_ns.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_checkpoint_watcher* runhook_checkpoint_watcher_create(
    const runhook_checkpoint_watcher_options* options, runhook_error** error);

/**
 * Lets go of the checkpoint that was found last: until then it is not deleted.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_checkpoint_watcher_destroy(runhook_checkpoint_watcher* watcher);

/**
 * Waits until the newest checkpoint is another one than this has found last: also an older one, if a run goes back.
 *
 * \param step set to its step, for runhook_checkpoint_read(); may be NULL.
 * \returns RUNHOOK_ERR_DEADLINE_EXCEEDED if none came in time, RUNHOOK_ERR_STOPPED if a stop has been asked for.
 *   RUNHOOK_ERR_BUSY in a callback of an evaluation that the watcher is used for.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_checkpoint_watcher_next(runhook_checkpoint_watcher* watcher, int64_t* step,
                                                           runhook_error** error);

/**
 * When a worker stops whose chief saves. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_stop_at_checkpoint_step_options {
  size_t struct_size;
  const char* directory; /* of the chief's checkpoints; copied; required */
  int64_t last_step;     /* 0 is a step like any other; not negative */
  int64_t wait_ns;       /* how long to wait after each run that has reached last_step; 0: 30 s; negative is refused */
  /* End of 1.0. Append only, below this line. */
} runhook_stop_at_checkpoint_step_options;
#define RUNHOOK_STOP_AT_CHECKPOINT_STEP_OPTIONS_INIT \
  { sizeof(runhook_stop_at_checkpoint_step_options), NULL, 0, 0 }

/**
 * Makes a hook that asks for a stop once its step has been reached and there is a checkpoint of that step or of a
 * later one; until then each run is followed by a wait, which a stop request ends. A worker that is restarted after
 * that makes no run.
 *
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT without a directory, and for negative numbers.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_stop_at_checkpoint_step_hook_create(
    const runhook_stop_at_checkpoint_step_options* options, runhook_error** error);

/**
 * Has a checkpoint kept whatever the retention says, or no longer. The directory may be another process's.
 *
 * \param pinned 1 or 0.
 * \returns RUNHOOK_ERR_NOT_FOUND if there is none.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_checkpoint_pin(const char* directory, int64_t step, int32_t pinned,
                                                  runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_CHECKPOINT_H_ */
