/* runhook/runhook.h -- the C ABI of runhook, the monitored run loop for native code.
 *
 * A session executes steps. Hooks run before and after each step, ask for extra results and for a stop; the loop stops,
 * saves, recovers and ends cleanly. Include this file; it consists of one header per noun. Only runhook/standalone.h,
 * for tests of hooks and for bindings, is not among them.
 *
 * Conventions (they hold for every function and are not repeated):
 *  - *_create returns an object that the caller owns and ends with *_destroy, which takes NULL. A function whose text
 *    says "owned" returns such an object, too. Any other pointer that runhook returns or passes to a callback is
 *    borrowed.
 *  - A handle is checked in every build: one that is NULL, of another kind or already destroyed gives
 *    RUNHOOK_ERR_INVALID_ARGUMENT, or the neutral value (0, NULL) from a function that returns no status. Handles are
 *    not addresses: never dereference them.
 *  - Strings are UTF-8 and NUL-terminated; other bytes give RUNHOOK_ERR_INVALID_ARGUMENT. They are copied.
 *  - A function that can fail takes `runhook_error **error` last, which may be NULL. It is set to NULL on success and
 *    to an owned error on failure; other out-parameters are left as they were on failure. A function that returns a
 *    handle returns NULL on failure.
 *  - Times are monotonic nanoseconds. A negative time-out means "for ever".
 *  - No C++ exception leaves runhook; none, nor a panic, a longjmp or a thread's cancellation, may leave a callback.
 *  - Unless its text says more, an object may be used by one thread at a time, different objects by different threads.
 *  - A callback may destroy an object that was given to the call that made the callback, e.g. the args of the run: the
 *    handle is not valid from then on, and the object goes when that call returns. Changing such an object gives
 *    RUNHOOK_ERR_BUSY.
 *  - The shared library stays in memory after dlclose(), since a thread that hangs in a write when its file is closed
 *    is left behind in it. What has callbacks or user data in another library has to be gone before that library is
 *    unloaded: sessions, hooks, logs and clocks are destroyed, loopers and threads of coordinators joined, and signal
 *    subscriptions ended. runhook_live_handles() is 0 then.
 *  - A child made by fork() has none of the threads of its parent. It may destroy the objects that it has inherited,
 *    and may close a session or go on with it before: nothing waits for a thread that is not there. What hooks write is
 *    left to the parent, also what was waiting to be written; the callbacks of other hooks are called as ever. Nothing
 *    else may be done with such an object, except by exec() of another program. With objects of its own a child does
 *    as its parent. Fork while no other thread of the program is in a call with an object that the child will destroy.
 *
 * Callbacks have one form, runhook_callback, and get the value that means success from the call: `ok`. It differs from
 * call to call, so that what other languages return to C after an uncaught exception counts as a failure, be it 0,
 * garbage or the value of an earlier call. A callback that fails says why with runhook_context_fail(). Functions that
 * get no context, such as destroy, cancel, and those that write or format a line, have forms of their own; those that
 * return an int32_t get `ok` as well.
 *
 * Callbacks run on the thread that called runhook, one at a time for each session, with no lock held, except where a
 * function says that it starts a thread.
 */
#ifndef RUNHOOK_RUNHOOK_H_
#define RUNHOOK_RUNHOOK_H_

#include "runhook/builtin_hook.h"
#include "runhook/checkpoint.h"
#include "runhook/clock.h"
#include "runhook/config.h"
#include "runhook/context.h"
#include "runhook/coordinator.h"
#include "runhook/default_hooks.h"
#include "runhook/error.h"
#include "runhook/evaluation.h"
#include "runhook/feed_hooks.h"
#include "runhook/graph.h"
#include "runhook/hook.h"
#include "runhook/inline_loop.h"
#include "runhook/logged_value.h"
#include "runhook/logging.h"
#include "runhook/loop.h"
#include "runhook/metric_history.h"
#include "runhook/metric_stop.h"
#include "runhook/monitored_session.h"
#include "runhook/outcome.h"
#include "runhook/profiler.h"
#include "runhook/report.h"
#include "runhook/run_args.h"
#include "runhook/run_record.h"
#include "runhook/scaffold.h"
#include "runhook/session.h"
#include "runhook/signals.h"
#include "runhook/snapshot.h"
#include "runhook/status.h"
#include "runhook/stop.h"
#include "runhook/stop_hooks.h"
#include "runhook/summary.h"
#include "runhook/timings.h"
#include "runhook/trigger.h"
#include "runhook/value.h"
#include "runhook/version.h"
#include "runhook/watchdog.h"
#include "runhook/worker_hooks.h"

#endif /* RUNHOOK_RUNHOOK_H_ */
