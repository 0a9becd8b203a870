/* runhook/builtin_hook.h -- the hooks that the library brings along */
#ifndef RUNHOOK_BUILTIN_HOOK_H_
#define RUNHOOK_BUILTIN_HOOK_H_

#include "runhook/config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Each built-in hook is made by a function of its own, runhook_<what>_hook_create(), and is added to a config or to a
 * session like any other hook. It brings its own phase, trigger and name, unless options are given. It belongs to one
 * session at a time: until that session has ended, or has removed it, making another session with it, or adding it to
 * one, fails with RUNHOOK_ERR_ALREADY_EXISTS. Then another may use it, and it begins anew. */

/**
 * Destroys the handle. Sessions and configs that the hook was added to keep it.
 *
 * \param hook NULL is allowed.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_builtin_hook_destroy(runhook_builtin_hook* hook);

/**
 * Returns the name of a built-in hook, as it is in messages and for runhook_monitored_session_find_hook().
 *
 * \returns borrowed from the hook; NULL for a handle that is not valid.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_builtin_hook_name(const runhook_builtin_hook* hook);

/**
 * Adds a built-in hook to a config, as runhook_config_add_hook() does.
 *
 * \param hook shared.
 * \param options copied; what they do not say is the hook's own. NULL: all is.
 * \returns RUNHOOK_ERR_ALREADY_EXISTS if the config has it already.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_config_add_builtin_hook(runhook_config* config, const runhook_builtin_hook* hook,
                                                           const runhook_hook_options* options, runhook_error** error);

/**
 * Adds a built-in hook to a session, as runhook_monitored_session_add_hook() does.
 *
 * \param hook shared.
 * \param options copied; what they do not say is the hook's own. NULL: all is.
 * \param id set to a number for runhook_monitored_session_remove_hook(); NULL: not wanted.
 * \returns RUNHOOK_ERR_ALREADY_EXISTS if the session, or another that has not ended, has it already; RUNHOOK_ERR_BUSY
 *   on another thread during a run.
 * \threadsafety The thread that uses the session.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_monitored_session_add_builtin_hook(runhook_monitored_session* session,
                                                                      const runhook_builtin_hook* hook,
                                                                      const runhook_hook_options* options, uint64_t* id,
                                                                      runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_BUILTIN_HOOK_H_ */
