/* runhook/scaffold.h -- the pieces that make a raw session ready, and the manager that uses them */
#ifndef RUNHOOK_SCAFFOLD_H_
#define RUNHOOK_SCAFFOLD_H_

#include "runhook/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Pieces of a scaffold, with what each does if it is not set. */
enum {
  RUNHOOK_PIECE_INIT_OP = 0,                 /* initialises all global variables */
  RUNHOOK_PIECE_INIT_FN = 1,                 /* nothing; it is called after init_op */
  RUNHOOK_PIECE_READY_OP = 2,                /* names all variables without a value */
  RUNHOOK_PIECE_READY_FOR_LOCAL_INIT_OP = 3, /* names the global variables without a value */
  RUNHOOK_PIECE_LOCAL_INIT_OP = 4            /* initialises all local variables */
};

/* A scaffold: the pieces that make a raw session ready, i.e. give all its variables their values. It is finalized when
 * its missing pieces have been replaced by their defaults; from then on it cannot be changed. */

/**
 * Makes a scaffold without pieces.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_scaffold* runhook_scaffold_create(runhook_error** error);

/**
 * Makes a scaffold with the pieces of another, to be replaced as needed.
 *
 * \returns owned; not finalized.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_scaffold* runhook_scaffold_copy(const runhook_scaffold* source, runhook_error** error);

/**
 * Destroys a handle. Session creators and managers that the scaffold was given to keep it.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_scaffold_destroy(runhook_scaffold* scaffold);

/**
 * Sets a piece.
 *
 * \param piece RUNHOOK_PIECE_*.
 * \param function may call runhook_context_session(); for a readiness piece also runhook_context_add_missing(), with
 *   the name of what is missing. If it fails because a variable has no value, that also means "not ready": with the
 *   error of a graph session, by runhook_context_fail_with(), or with RUNHOOK_ERR_FAILED_PRECONDITION and the word
 *   "uninitialized" in the message.
 * \returns RUNHOOK_ERR_FAILED_PRECONDITION once finalized.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_scaffold_set(runhook_scaffold* scaffold, int32_t piece,
                                                const runhook_function* function, runhook_error** error);

/**
 * Sets a piece that runs the session.
 *
 * \param piece RUNHOOK_PIECE_*.
 * \param args what to run; copied. For a readiness piece they have one fetch: if its result is a text that is not
 *   empty, it names what is missing; an absent, numeric or empty one means ready. A failure that says that a variable
 *   has no value means not ready.
 * \returns RUNHOOK_ERR_FAILED_PRECONDITION once finalized.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_scaffold_set_args(runhook_scaffold* scaffold, int32_t piece,
                                                     const runhook_run_args* args, runhook_error** error);

/**
 * Sets the saver that restores the state of a new session, and saves it when a save is requested.
 *
 * \param saver shared.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_scaffold_set_saver(runhook_scaffold* scaffold, runhook_saver* saver,
                                                      runhook_error** error);

/**
 * Returns 1 if a piece is set. Defaults are set by runhook_scaffold_finalize() only.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_scaffold_has(const runhook_scaffold* scaffold, int32_t piece);

/**
 * Sets every missing piece that has a default. Doing so again changes nothing. A session creator does it, too.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_scaffold_finalize(runhook_scaffold* scaffold, runhook_error** error);

/**
 * Runs a piece on a session.
 *
 * \returns RUNHOOK_ERR_FAILED_PRECONDITION from a readiness piece if something is missing, which the message names;
 *   RUNHOOK_ERR_NOT_FOUND if the piece is not set.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_scaffold_run(runhook_scaffold* scaffold, int32_t piece, runhook_session* session,
                                                runhook_error** error);

/* A session manager creates raw sessions and makes them ready. If that fails, the session is closed. */

/**
 * Makes a session manager that uses the scaffold as it is, without filling in defaults.
 *
 * \param factory makes a raw session and answers with runhook_context_set_session().
 * \param scaffold shared; NULL: an empty one.
 * \param poll_ns time between two tries in runhook_session_manager_wait().
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT if the scaffold has ready_for_local_init_op, but no
 *   local_init_op.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_session_manager* runhook_session_manager_create(const runhook_function* factory,
                                                                    runhook_scaffold* scaffold, int64_t poll_ns,
                                                                    runhook_error** error);

/**
 * Destroys a session manager.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_session_manager_destroy(runhook_session_manager* manager);

/**
 * Makes a session as a chief does: restores saved state or, if there is none, runs init_op and init_fn; then runs
 * local_init_op and checks readiness. The scaffold is used as it is: it gets the defaults of missing pieces only from
 * runhook_scaffold_finalize(), and a piece that is missing is left out.
 *
 * \returns owned; its global step tells where a restored state goes on. NULL with RUNHOOK_ERR_FAILED_PRECONDITION if
 *   nothing was restored and there is none of init_op, init_fn and local_init_op, or the session is not ready in the
 *   end, of which the message says what is missing; else with what the factory, the saver or a piece failed with. In
 *   each case a session that the factory has made is closed.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_session* runhook_session_manager_prepare(runhook_session_manager* manager, runhook_error** error);

/**
 * Makes a session and restores saved state, tries local_init_op and checks readiness.
 *
 * \param ready set to 1 if state was restored and the session is ready, else to 0.
 * \returns owned.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_session* runhook_session_manager_recover(runhook_session_manager* manager, int32_t* ready,
                                                             runhook_error** error);

/**
 * Makes a session as a worker does: makes one after another until one is ready.
 *
 * \param max_wait_ns negative: for ever.
 * \param stop a stop request ends the wait with RUNHOOK_ERR_STOPPED; may be NULL.
 * \param clock NULL: the machine's.
 * \returns owned. NULL with RUNHOOK_ERR_DEADLINE_EXCEEDED once the next try would come after max_wait_ns.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_session* runhook_session_manager_wait(runhook_session_manager* manager, int64_t max_wait_ns,
                                                          const runhook_stop_source* stop, runhook_clock* clock,
                                                          runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_SCAFFOLD_H_ */
