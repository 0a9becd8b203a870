/* runhook/scaffold.h -- the pieces that make a raw session ready, and the manager that uses them */
#ifndef RUNHOOK_SCAFFOLD_H_
#define RUNHOOK_SCAFFOLD_H_

#include "runhook/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {                                            /* pieces of a scaffold, with what they are if they are not set */
       RUNHOOK_PIECE_INIT_OP = 0,                 /* initialises all global variables */
       RUNHOOK_PIECE_INIT_FN = 1,                 /* nothing; called after init_op */
       RUNHOOK_PIECE_READY_OP = 2,                /* names all variables without a value */
       RUNHOOK_PIECE_READY_FOR_LOCAL_INIT_OP = 3, /* names the global variables without a value */
       RUNHOOK_PIECE_LOCAL_INIT_OP = 4            /* initialises all local variables */
};

/* The pieces that make a raw session ready. */

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
 * Destroys a handle. Whoever was given the scaffold keeps it.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_scaffold_destroy(runhook_scaffold* scaffold);

/**
 * Sets a piece. The function may call runhook_context_session(), and in a readiness piece
 * runhook_context_add_missing(), which names what is missing.
 *
 * \param piece RUNHOOK_PIECE_*.
 * \returns RUNHOOK_ERR_FAILED_PRECONDITION once finalized.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_scaffold_set(runhook_scaffold* scaffold, int32_t piece,
                                                const runhook_function* function, runhook_error** error);

/**
 * Makes running `args` on the session a piece. For a readiness piece args has one fetch: absent, numeric or empty
 * means ready, a text is what is missing.
 *
 * \param args copied.
 * \returns RUNHOOK_ERR_FAILED_PRECONDITION once finalized.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_scaffold_set_args(runhook_scaffold* scaffold, int32_t piece,
                                                     const runhook_run_args* args, runhook_error** error);

/**
 * Sets what restores the state of a new session, and serves save requests.
 *
 * \param saver shared.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_scaffold_set_saver(runhook_scaffold* scaffold, runhook_saver* saver,
                                                      runhook_error** error);

/**
 * Returns 1 if a piece is there. Nothing is created before runhook_scaffold_finalize().
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_scaffold_has(const runhook_scaffold* scaffold, int32_t piece);

/**
 * Fills every missing piece that has a default. Idempotent. A session creator does it, too.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_scaffold_finalize(runhook_scaffold* scaffold, runhook_error** error);

/**
 * Runs a piece on a session.
 *
 * \returns RUNHOOK_ERR_FAILED_PRECONDITION naming what is missing, from a readiness piece; RUNHOOK_ERR_NOT_FOUND if
 *   the piece is not there.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_scaffold_run(runhook_scaffold* scaffold, int32_t piece, runhook_session* session,
                                                runhook_error** error);

/* Creates raw sessions and makes them ready. The session is closed on every failure. */

/**
 * Makes a session manager that uses the scaffold as it is, without filling in defaults.
 *
 * \param factory makes a raw session and answers with runhook_context_set_session().
 * \param scaffold shared; NULL: an empty one.
 * \param poll_ns time between two tries of waiting.
 * \returns owned. RUNHOOK_ERR_INVALID_ARGUMENT for ready_for_local_init_op without local_init_op.
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
 * Restores, or else runs init_op and then init_fn; then local_init_op; then checks readiness. If a state was restored
 * neither init_op nor init_fn runs.
 *
 * \returns owned. RUNHOOK_ERR_FAILED_PRECONDITION if there is no way to initialise, or not ready after it.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_session* runhook_session_manager_prepare(runhook_session_manager* manager, runhook_error** error);

/**
 * Restores, tries local_init_op and checks readiness.
 *
 * \param ready set to 0 if nothing was restored or it is not ready, else to 1.
 * \returns owned.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_session* runhook_session_manager_recover(runhook_session_manager* manager, int32_t* ready,
                                                             runhook_error** error);

/**
 * Makes sessions until one is ready.
 *
 * \param stop ends the wait with RUNHOOK_ERR_STOPPED; may be NULL.
 * \param clock NULL: the machine's.
 * \returns owned. RUNHOOK_ERR_DEADLINE_EXCEEDED once the next try would come too late.
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
