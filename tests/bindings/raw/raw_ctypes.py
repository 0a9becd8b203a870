"""raw_ctypes.py CARELESS...: callbacks of ctypes that raise or return nonsense never count as a success.

They are raw: nothing catches what they raise, so that C sees whatever the slot of the result holds. RUNHOOK_LIBRARY
names the library; each CARELESS is careless.c as a shared library. It needs CPython 3.8, for sys.unraisablehook, and
nothing but the standard library.
"""

import ctypes
import os
import platform
import re
import sys
from ctypes import POINTER, Structure, byref, c_char_p, c_double, c_int32, c_int64, c_size_t, c_void_p

CALLBACK = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p, c_int32)
DESTROY = ctypes.CFUNCTYPE(None, c_void_p)
LOG_WRITE = ctypes.CFUNCTYPE(None, c_void_p, c_void_p)
SINK_WRITE = ctypes.CFUNCTYPE(c_int32, c_char_p, c_double, c_int64, c_void_p, c_int32)
FORMAT = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p, c_size_t, c_void_p, c_size_t, c_void_p, c_int32)

OK, UNKNOWN, HOOK_FAILED = 0, 2, 104
OUTCOME_FAILED = 4
POLICY_FAIL, PHASE_NORMAL = 1, 2
PIECE_INIT_FN = 1
CONSTANT = 0x600D  # what the dispatcher of careless.c takes for success


def struct(*fields):
    """A struct of the C headers; each field is a type and the names that have it. What is not given is zero."""
    members = [("struct_size", c_size_t), *((name, kind) for kind, names in fields for name in names.split())]
    made = type("Struct", (Structure,), {"_fields_": members})
    return lambda **values: made(struct_size=ctypes.sizeof(made), **values)


TABLE = [(c_void_p, "user_data"), (DESTROY, "destroy")]
Function = struct(*TABLE, (CALLBACK, "call"))
ALL_CALLBACKS = "begin after_create_session before_run after_run on_error end cleanup"
Hook = struct(*TABLE, (c_char_p, "name"), (CALLBACK, ALL_CALLBACKS + " on_values save restore"))
_options = "phase failure_policy max_failures chief_only"
HookOptions = struct((c_int32, _options), (c_void_p, "trigger name fetches"), (c_size_t, "fetch_count"))
_node = [(c_char_p, "name"), (CALLBACK, "kernel"), (c_void_p, "inputs"), (c_size_t, "input_count output_count")]
_lists = [(c_void_p, "updates"), (c_size_t, "update_count"), (c_void_p, "after"), (c_size_t, "after_count")]
Node = struct(*TABLE, *_node, *_lists)
Saver = struct(*TABLE, (CALLBACK, "save restore"))
Log = struct(*TABLE, (LOG_WRITE, "write"))
ScalarSink = struct(*TABLE, (SINK_WRITE, "write"))
LogFormatter = struct(*TABLE, (FORMAT, "format"))
StepCounterOptions = struct((c_int64, "every_n_steps every_ns"), (c_void_p, "global_step_name scalars log"))
_names = [(c_void_p, "names"), (c_size_t, "name_count"), (c_void_p, "tags")]
_when = [(c_int64, "every_n_iter every_ns"), (c_int32, "at_end descriptor")]
LoggingOptions = struct(*_names, *_when, (c_void_p, "log formatter"), (c_int32, "time_of_day reserved"))
FeedFnOptions = struct((c_void_p, "function"))
StopWhenOptions = struct((c_void_p, "predicate reason"))

V, S, I, L, N, E = c_void_p, c_char_p, c_int32, c_int64, c_size_t, POINTER(c_void_p)
FUNCTIONS = [
    (None, [V], "error_destroy config_destroy session_destroy session_creator_destroy monitored_session_destroy"),
    (None, [V], "outcome_destroy graph_destroy run_args_destroy scaffold_destroy saver_destroy builtin_hook_destroy"),
    (ctypes.c_uint64, [], "live_handles"),
    (I, [V], "error_code outcome_kind"),
    (L, [V], "error_step monitored_session_global_step context_global_step"),
    (S, [V], "error_hook error_callback error_message"),
    (V, [V], "outcome_error"),
    (V, [E], "config_create graph_create run_args_create scaffold_create"),
    (V, [V, E], "monitored_session_create monitored_session_outcome saver_create"),
    (V, [V, E], "session_creator_create feed_fn_hook_create stop_when_hook_create"),
    (V, [V, E], "logging_hook_create step_counter_hook_create"),
    (V, [V, V, E], "chief_session_creator_create"),
    (V, [V, V, N, V, N, E], "function_session_create"),
    (I, [V, V, E], "config_set_session config_set_session_creator config_set_log config_set_graph"),
    (I, [V, V, E], "graph_add_node scaffold_set_saver context_set_session monitored_session_run_step_fn"),
    (I, [V, V, V, E], "config_add_hook config_add_builtin_hook monitored_session_run session_run"),
    (I, [V, V, L, POINTER(L), E], "monitored_session_run_until_stop"),
    (I, [V, E], "monitored_session_close monitored_session_request_save"),
    (I, [V, I, V, E], "scaffold_set"),
    (I, [V, V, V, POINTER(ctypes.c_uint64), E], "monitored_session_add_hook"),
    (I, [V, S, E], "graph_add_global_step"),
    (I, [V, S, V, N, L, E], "graph_add_increment"),
    (I, [V, S, S, E], "run_args_add_fetch"),
    (I, [V, S, c_double, E], "step_set_double"),
    (I, [V, V, L, E], "saver_save"),
    (I, [V, V, POINTER(I), POINTER(L), E], "saver_restore"),
]
library = ctypes.CDLL(os.environ["RUNHOOK_LIBRARY"])


class rh:
    """The functions of the library, without their prefix."""


for result, arguments, names in FUNCTIONS:
    for name in names.split():
        function = getattr(library, "runhook_" + name)
        function.restype, function.argtypes = result, arguments
        setattr(rh, name, function)


# What is counted.


class Tally:
    checks = 0
    failures = 0
    false_successes = 0
    bad_calls = 0
    stale = 0  # bad calls of which C got the success of an earlier call
    constant_bad_calls = 0  # with success as a constant, by what was bad: see constant_lets_pass()
    constant_false_successes = {}
    unraisable = 0


case = ""  # for messages


def check(holds, text, *values):
    Tally.checks += 1
    if not holds:
        Tally.failures += 1
        if Tally.failures <= 20:
            print("FAILED: {}: {}".format(case, text), *values, flush=True)


class OnPurpose(Exception):
    pass


def count_unraisable(unraisable):
    Tally.unraisable += 1
    # A TypeError is what ctypes has to say of a result that is no integer.
    check(issubclass(unraisable.exc_type, (OnPurpose, TypeError, SystemExit)), "unexpected", unraisable.exc_value)


sys.unraisablehook = count_unraisable


# What callbacks do.


def raise_exception(_script, _ok):
    raise OnPurpose


def leave(_script, _ok):
    sys.exit(0)


def constant(number):
    return lambda _script, _ok: number


# Each raises, or has ctypes raise, in the midst of the call from C: the slot of the result stays as it was.
RAISING = {
    "raises": raise_exception,
    "exits": leave,
    "returns None": lambda _script, _ok: None,
    "returns a float": lambda _script, ok: float(ok),
    "returns a str": lambda _script, ok: str(ok),
}
# Integers that are not the success of this call.
WRONG = {
    "returns a constant": constant(CONSTANT),
    "returns 0": constant(0),
    "returns 1": constant(1),
    "returns -1": constant(-1),
    "returns the success of the first call": lambda script, ok: script.first if script.first != ok else 0,
    "returns the success of the call before, of whichever callback": lambda script, _ok: script.before,
    "returns one more": lambda _script, ok: ok + 1,
    "returns one less": lambda _script, ok: ok - 1,
}
WHEN = {
    "in the first call": lambda call: call == 1,
    "in the third call": lambda call: call == 3,
    "in every call from the third on": lambda call: call >= 3,
    "in every call": lambda call: True,
}
ATTEMPTS = 5
# A session measures its first steps, for which it calls hooks in another way than later on.
WARM_UP = 24
LONG_WARM_UP = 200


def never(_call):
    return False


def nothing(*_arguments):
    pass


class Script:
    """A raw callback and what it does, call by call."""

    last_ok = 0  # of any script
    given = set()  # successes of all scripts, in the present case

    def __init__(self, when=never, how=None, work=nothing, form=CALLBACK):
        self.when, self.how, self.work, self.does = when, how, work, nothing
        self.calls = self.bad = self.first = self.before = 0
        self.set_form(form)

    def set_form(self, form):
        self.raw = form(self.call)
        return self

    def call(self, *arguments):
        ok = arguments[-1]
        self.calls += 1
        self.first = self.first or ok
        self.before, Script.last_ok = Script.last_ok, ok
        Script.given.add(ok)
        self.does(*arguments)
        self.work(arguments[0])
        if self.when(self.calls):
            self.bad += 1
            return self.how(self, ok)
        return ok


class InC:
    """A callback of careless.c, in the place of a script."""

    def __init__(self, careless, name):
        self.function = getattr(careless, name)
        self.set_form(CALLBACK)

    def set_form(self, form):
        self.raw = ctypes.cast(self.function, form)
        return self


# The subjects: each has one callback that is bad, and something that calls it once.


class Result:
    """How one attempt ended. Destroys the error."""

    def __init__(self, status, error):
        self.status, self.where, self.message = status, None, ""
        if error.value:
            check(status is None or rh.error_code(error) == status, "code of the error", status)
            self.status = rh.error_code(error)
            self.where = (rh.error_hook(error).decode(), rh.error_callback(error).decode(), rh.error_step(error))
            self.message = rh.error_message(error).decode()
            rh.error_destroy(error)


class Owned(list):
    """Handles with the functions that destroy them, and what they need."""

    def take(self, handle, destroy):
        check(handle, "made", destroy.__name__)
        self.append((destroy, handle))
        return handle

    def destroy(self):
        while self:
            destroy, handle = self.pop()
            destroy(handle)


class Subject:
    counts = False  # whether a failed attempt counts as progress
    code = UNKNOWN  # of the error of a callback that has not explained its failure

    def __init__(self, quiet):
        self.owned, self.kept = Owned(), [quiet]
        self.quiet = quiet

    def keep(self, *things):
        self.kept += things
        return things[-1]

    def function_session(self, step):
        outputs = self.keep((c_char_p * 1)(b"loss"))
        table = Function(call=step.raw)
        self.keep(step)
        session = rh.function_session_create(byref(table), outputs, 1, None, 0, None)
        return self.owned.take(session, rh.session_destroy)

    def config(self, session=None):
        config = self.owned.take(rh.config_create(None), rh.config_destroy)
        check(rh.config_set_log(config, byref(Log(write=self.quiet)), None) == OK, "log")
        if session:
            check(rh.config_set_session(config, session, None) == OK, "session")
        return config

    def monitored(self, config):
        error = c_void_p()
        session = rh.monitored_session_create(config, byref(error))
        check(session, "monitored session", Result(None, error).message)
        return self.owned.take(session, rh.monitored_session_destroy)

    def end(self):
        self.owned.destroy()


class Steps(Subject):
    """An attempt is a step of a monitored session."""

    before = 0  # steps made to warm up
    reached = 0  # by how much the global step of the error is beyond the steps that were good

    def begin(self, config, where, says=None, args=None):
        self.where, self.says, self.args = where, says or where[1], args
        self.loop = self.monitored(config)

    def attempt(self, _number):
        error = c_void_p()
        return Result(rh.monitored_session_run(self.loop, self.args, None, byref(error)), error)

    def warm_up(self, script):
        when, script.when = script.when, never
        for number in range(1, WARM_UP + 1):
            check(self.attempt(number).status == OK, "warming up")
        self.before = self.progress() or 0
        script.when = when
        for each in [thing for thing in self.kept if isinstance(thing, Script)]:
            each.calls = each.first = 0

    def until_stop(self):
        error, completed = c_void_p(), c_int64(-1)
        status = rh.monitored_session_run_until_stop(self.loop, self.args, ATTEMPTS, byref(completed), byref(error))
        return Result(status, error), completed.value

    def outcome(self):
        rh.monitored_session_close(self.loop, None)
        outcome = rh.monitored_session_outcome(self.loop, None)
        error = rh.outcome_error(outcome)
        where = error and (rh.error_hook(error).decode(), rh.error_callback(error).decode(), rh.error_step(error))
        kind = rh.outcome_kind(outcome)
        rh.outcome_destroy(outcome)
        return kind, where

    def progress(self):
        return rh.monitored_session_global_step(self.loop) - self.before

    def failure(self, good):
        return (*self.where, good + self.before + self.reached)


class Step(Steps):
    def __init__(self, script, quiet, hook=None):
        super().__init__(quiet)
        config = self.config(self.function_session(script))
        if hook is not None:
            table = Hook(name=b"good", before_run=hook.raw, after_run=hook.raw)
            self.keep(hook)
            check(rh.config_add_hook(config, byref(table), None, None) == OK, "hook")
        self.begin(config, ("", "run"))


class Hooks(Steps):
    """Some hooks, of which the one at `index` has a bad callback."""

    code = HOOK_FAILED

    def __init__(self, script, quiet, bad, only, count, index, step, neighbour):
        super().__init__(quiet)
        self.bad, self.index = bad, index
        self.step = self.keep(step())
        config = self.config(self.function_session(self.step))
        self.neighbours = []
        for i in range(count):
            callbacks = {}
            for name in ["before_run", "after_run"]:
                if name == bad and i == index:
                    callbacks[name] = self.keep(script)
                elif not only or i != index:
                    callbacks[name] = self.keep(neighbour())
                    self.neighbours.append((i, name, callbacks[name]))
            raw = {name: callback.raw for name, callback in callbacks.items()}
            table = Hook(name=b"bad" if i == index else b"good%d" % i, **raw)
            check(rh.config_add_hook(config, byref(table), self.options(), None) == OK, "hook")
        self.reached = 1 if bad == "after_run" else 0
        self.begin(config, ("bad", bad))

    def options(self):
        return None

    def check_others(self, attempts, good):
        """A failure ends the phase of before_run, but keeps no hook from its after_run once the step is made."""
        made = good if self.bad == "before_run" else attempts
        if isinstance(self.step, Script):
            check(self.step.calls == made, "calls of the step", self.step.calls, made)
        for i, name, neighbour in self.neighbours:
            if isinstance(neighbour, Script):
                expected = attempts if name == "before_run" and (self.bad != name or i < self.index) else made
                check(neighbour.calls == expected, "calls of", i, name, neighbour.calls, expected)


class FetchingHooks(Hooks):
    """What they always fetch is asked for between the call from the loop and the callback."""

    def options(self):
        names = self.keep((c_char_p * 1)(b"loss"))
        return byref(self.keep(HookOptions(fetches=ctypes.addressof(names), fetch_count=1)))


class Kernel(Steps):
    def __init__(self, script, quiet):
        super().__init__(quiet)
        graph = self.owned.take(rh.graph_create(None), rh.graph_destroy)
        nodes = [b"first", b"bad", b"last"]
        for name in nodes:
            kernel = self.keep(script if name == b"bad" else Script())
            table = Node(name=name, kernel=kernel.raw)
            check(rh.graph_add_node(graph, byref(table), None) == OK, "node")
        check(rh.graph_add_global_step(graph, b"global_step", None) == OK, "global step")
        after = (c_char_p * len(nodes))(*nodes)
        check(rh.graph_add_increment(graph, b"train", after, len(nodes), 1, None) == OK, "increment")
        args = self.owned.take(rh.run_args_create(None), rh.run_args_destroy)
        check(rh.run_args_add_fetch(args, None, b"train", None) == OK, "fetch")
        config = self.config()
        check(rh.config_set_graph(config, graph, None) == OK, "graph")
        self.begin(config, ("", "run"), "kernel", args)


class Sink(Steps):
    """The first step begins the measurement and writes nothing, and so does the first one after a failure."""

    code, reached = HOOK_FAILED, 1
    silent, measuring = 0, False

    def __init__(self, script, quiet):
        super().__init__(quiet)
        script.set_form(SINK_WRITE)
        self.keep(script)
        sink = ScalarSink(write=script.raw)
        log = Log(write=quiet)
        options = StepCounterOptions(every_n_steps=1, scalars=ctypes.addressof(sink), log=ctypes.addressof(log))
        hook = rh.step_counter_hook_create(byref(options), None)
        self.owned.take(hook, rh.builtin_hook_destroy)
        config = self.config(self.function_session(Script()))
        fail = HookOptions(phase=PHASE_NORMAL, failure_policy=POLICY_FAIL)
        check(rh.config_add_builtin_hook(config, hook, byref(fail), None) == OK, "hook")
        self.begin(config, ("step counter", "after_run"), "write")

    def begin_measurement(self):
        if not self.measuring:
            check(rh.monitored_session_run(self.loop, None, None, None) == OK, "step that begins the measurement")
            self.silent, self.measuring = self.silent + 1, True

    def attempt(self, number):
        self.begin_measurement()
        result = super().attempt(number)
        self.measuring = result.status == OK
        return result

    def until_stop(self):
        self.begin_measurement()
        return super().until_stop()

    def progress(self):
        return super().progress() - self.silent

    def failure(self, good):
        return super().failure(good + self.silent)


class Formatter(Steps):
    code, reached = HOOK_FAILED, 1

    def __init__(self, script, quiet):
        super().__init__(quiet)
        script.set_form(FORMAT)
        script.does = lambda _tags, _values, _count, line, *_: ctypes.memmove(line, b"line", 5)
        self.keep(script)
        formatter = LogFormatter(format=script.raw)
        log = Log(write=quiet)
        names = (c_char_p * 1)(b"loss")
        options = LoggingOptions(names=ctypes.addressof(names), name_count=1, every_n_iter=1)
        options.log, options.formatter = ctypes.addressof(log), ctypes.addressof(formatter)
        hook = rh.logging_hook_create(byref(options), None)
        self.owned.take(hook, rh.builtin_hook_destroy)
        step = Script()
        step.does = lambda context, *_: rh.step_set_double(context, b"loss", 0.5, None)
        config = self.config(self.function_session(step))
        fail = HookOptions(phase=PHASE_NORMAL, failure_policy=POLICY_FAIL)
        check(rh.config_add_builtin_hook(config, hook, byref(fail), None) == OK, "hook")
        self.begin(config, ("logging", "after_run"), "format")


class FeedFunction(Steps):
    code = HOOK_FAILED

    def __init__(self, script, quiet):
        super().__init__(quiet)
        table = Function(call=self.keep(script).raw)
        options = FeedFnOptions(function=ctypes.addressof(table))
        hook = self.owned.take(rh.feed_fn_hook_create(byref(options), None), rh.builtin_hook_destroy)
        config = self.config(self.function_session(Script()))
        check(rh.config_add_builtin_hook(config, hook, None, None) == OK, "hook")
        self.begin(config, ("feed function", "before_run"), "the feed function")


class StopPredicate(Steps):
    code, reached = HOOK_FAILED, 1

    def __init__(self, script, quiet):
        super().__init__(quiet)
        table = Function(call=self.keep(script).raw)
        options = StopWhenOptions(predicate=ctypes.addressof(table))
        hook = self.owned.take(rh.stop_when_hook_create(byref(options), None), rh.builtin_hook_destroy)
        config = self.config(self.function_session(Script()))
        check(rh.config_add_builtin_hook(config, hook, None, None) == OK, "hook")
        self.begin(config, ("stop when", "after_run"), "predicate")


class SaverInSession(Steps):
    """Each step is followed by a save, and has counted before it."""

    reached, counts = 1, True

    def __init__(self, script, quiet):
        super().__init__(quiet)
        table = Saver(save=script.raw, restore=self.keep(script, Script()).raw)
        saver = self.owned.take(rh.saver_create(byref(table), None), rh.saver_destroy)
        scaffold = self.owned.take(rh.scaffold_create(None), rh.scaffold_destroy)
        check(rh.scaffold_set_saver(scaffold, saver, None) == OK, "saver")
        session = self.function_session(Script())
        factory = self.keep(Script())
        factory.does = lambda context, *_: rh.context_set_session(context, session, None)
        table = Function(call=factory.raw)
        creator = rh.chief_session_creator_create(byref(table), scaffold, None)
        self.owned.take(creator, rh.session_creator_destroy)
        config = self.config()
        check(rh.config_set_session_creator(config, creator, None) == OK, "creator")
        self.begin(config, ("", "save"))

    def attempt(self, number):
        check(rh.monitored_session_request_save(self.loop, None) == OK, "request")
        return super().attempt(number)

    until_stop = None


class StepFunction(Steps):
    def __init__(self, script, quiet):
        super().__init__(quiet)
        self.table = Function(call=script.raw)
        self.keep(script)
        self.begin(self.config(self.function_session(Script())), ("", "step_function"))

    def attempt(self, _number):
        error = c_void_p()
        return Result(rh.monitored_session_run_step_fn(self.loop, byref(self.table), byref(error)), error)

    def progress(self):
        return None

    def failure(self, _good):
        return super().failure(0)

    until_stop = None


class Creations(Subject):
    """An attempt is the creation of a monitored session; if it succeeds, the session makes a step."""

    def __init__(self, quiet):
        super().__init__(quiet)
        self.steps = Script()

    def creator(self, script, create, *more):
        script.does = lambda context, *_: check(rh.context_set_session(context, self.session, None) == OK, "session")
        self.keep(script)
        table = Function(call=script.raw)
        return self.owned.take(create(byref(table), *more, None), rh.session_creator_destroy)

    def use(self, creator):
        self.configured = self.config()
        check(rh.config_set_session_creator(self.configured, creator, None) == OK, "creator")

    def attempt(self, number):
        # A monitored session closes its session with itself, so each gets a fresh one.
        handles, error = rh.live_handles(), c_void_p()
        owned = Subject(self.quiet)
        self.session = owned.function_session(self.steps)
        loop = rh.monitored_session_create(self.configured, byref(error))
        result = Result(None, error)
        if loop:
            check(result.status is None, "a session as well as an error")
            result.status = rh.monitored_session_run(loop, None, None, None)
            rh.monitored_session_destroy(loop)
        owned.end()
        check(rh.live_handles() == handles, "handles", rh.live_handles(), handles)
        return result

    def progress(self):
        return self.steps.calls

    where = ("", "", -1)

    def failure(self, _good):
        return self.where

    until_stop = None


class Creator(Creations):
    says = "create"

    def __init__(self, script, quiet):
        super().__init__(quiet)
        self.use(self.creator(script, rh.session_creator_create))


class Factory(Creations):
    says = "factory"

    def __init__(self, script, quiet):
        super().__init__(quiet)
        self.use(self.creator(script, rh.chief_session_creator_create, None))


class InitFn(Creations):
    says = "init_fn"

    def __init__(self, script, quiet):
        super().__init__(quiet)
        scaffold = self.owned.take(rh.scaffold_create(None), rh.scaffold_destroy)
        table = Function(call=self.keep(script).raw)
        check(rh.scaffold_set(scaffold, PIECE_INIT_FN, byref(table), None) == OK, "piece")
        self.use(self.creator(Script(), rh.chief_session_creator_create, scaffold))


class RestoreOfSession(Creations):
    says = "restore"

    def __init__(self, script, quiet):
        super().__init__(quiet)
        table = Saver(save=self.keep(Script()).raw, restore=self.keep(script).raw)
        saver = self.owned.take(rh.saver_create(byref(table), None), rh.saver_destroy)
        scaffold = self.owned.take(rh.scaffold_create(None), rh.scaffold_destroy)
        check(rh.scaffold_set_saver(scaffold, saver, None) == OK, "saver")
        self.use(self.creator(Script(), rh.chief_session_creator_create, scaffold))


class HookOfCreation(Creations):
    """begin or after_create_session of the second of three hooks."""

    code = HOOK_FAILED

    def __init__(self, script, quiet, bad):
        super().__init__(quiet)
        self.where, self.says = ("bad", bad, 0), bad
        self.use(self.creator(Script(), rh.session_creator_create))
        for name in [b"good", b"bad", b"other"]:
            callback = self.keep(script if name == b"bad" else Script())
            table = Hook(name=name, **{bad: callback.raw})
            check(rh.config_add_hook(self.configured, byref(table), None, None) == OK, "hook")


class HookOfEnd(Subject):
    """end or cleanup of the second of three hooks; an attempt is a run from begin to end."""

    code = HOOK_FAILED

    def __init__(self, script, quiet, bad):
        super().__init__(quiet)
        self.where, self.says, self.ended = ("bad", bad, 1), bad, 0
        self.hooks = []
        for name in [b"good", b"bad", b"other"]:
            callback = self.keep(script if name == b"bad" else Script())
            self.hooks.append(Hook(name=name, **{bad: callback.raw}))

    def attempt(self, _number):
        subject = Subject(self.quiet)
        config = subject.config(subject.function_session(Script()))
        for hook in self.hooks:
            check(rh.config_add_hook(config, byref(hook), None, None) == OK, "hook")
        loop, error = subject.monitored(config), c_void_p()
        check(rh.monitored_session_run(loop, None, None, None) == OK, "step")
        result = Result(rh.monitored_session_close(loop, byref(error)), error)
        self.ended += result.status == OK
        subject.end()
        return result

    def progress(self):
        return self.ended

    def failure(self, _good):
        return self.where

    until_stop = None


class Saving(Subject):
    """An attempt is one call of the saver."""

    def __init__(self, script, quiet, bad):
        super().__init__(quiet)
        other = {"save": "restore", "restore": "save"}[bad]
        table = Saver(**{bad: self.keep(script).raw, other: self.keep(Script()).raw})
        self.bad = self.says = bad
        self.saver = self.owned.take(rh.saver_create(byref(table), None), rh.saver_destroy)
        self.session = self.function_session(Script())

    def attempt(self, number):
        error = c_void_p()
        if self.bad == "save":
            return Result(rh.saver_save(self.saver, self.session, number, byref(error)), error)
        return Result(rh.saver_restore(self.saver, self.session, None, None, byref(error)), error)

    def progress(self):
        return None

    def failure(self, _good):
        return ("", "", -1)

    until_stop = None


def hook_shapes():
    """Yields a text and the arguments bad, only, count and index of Hooks."""
    for bad in ["before_run", "after_run"]:
        yield bad + " of a hook that has no other", (bad, True, 1, 0)
        yield bad + " of a hook that has both", (bad, False, 1, 0)
        for index in [0, 3, 7]:
            yield "{} of hook {} of eight".format(bad, index), (bad, False, 8, index)


def subjects(careless):
    """Yields a text, what makes the subject of (script, quiet), and whether a C function can be the callback."""

    def good():
        return InC(careless, "good")

    yield "step", Step, True
    yield "step with a hook", lambda script, quiet: Step(script, quiet, Script()), True
    yield "step with a hook in C", lambda script, quiet: Step(script, quiet, good()), True
    for text, shape in hook_shapes():
        for step, other, around in [(Script, Script, ""), (good, Script, ", step in C"), (good, good, ", rest in C")]:
            rest = (*shape, step, other)
            yield text + around, lambda script, quiet, rest=rest: Hooks(script, quiet, *rest), True
        rest = (*shape, Script, Script)
        yield text + ", fetching", lambda script, quiet, rest=rest: FetchingHooks(script, quiet, *rest), True
    yield "kernel", Kernel, True
    yield "session creator", Creator, False
    yield "factory of a chief's sessions", Factory, False
    yield "init_fn", InitFn, True
    yield "save", lambda script, quiet: Saving(script, quiet, "save"), True
    yield "restore", lambda script, quiet: Saving(script, quiet, "restore"), True
    yield "save in a session", SaverInSession, True
    yield "restore of a session", RestoreOfSession, True
    yield "step function", StepFunction, True
    yield "feed function", FeedFunction, True
    yield "predicate of a stop", StopPredicate, True
    yield "scalar sink", Sink, True
    yield "log formatter", Formatter, True
    for bad in ["begin", "after_create_session"]:
        yield bad, lambda script, quiet, bad=bad: HookOfCreation(script, quiet, bad), True
    for bad in ["end", "cleanup"]:
        yield bad, lambda script, quiet, bad=bad: HookOfEnd(script, quiet, bad), True


# The tests.


def check_failure(result, subject, good):
    if result.status in (OK, None):
        Tally.false_successes += 1
    check(result.status not in (OK, None), "FALSE SUCCESS")
    check(result.status == subject.code, "code", result.status)
    check(result.where == subject.failure(good), "where it failed", result.where, subject.failure(good), result.message)
    said = re.search(r"(?:%s|the \w+)(?: of .+?)? returned (-?\d+)" % subject.says, result.message)
    check(said, "message", result.message)
    Tally.stale += said is not None and int(said.group(1)) in Script.given


def attempts_one_by_one(subject, script):
    """The caller goes on after each failure: each call is judged on its own."""
    good = 0
    for number in range(1, ATTEMPTS + 1):
        result = subject.attempt(number)
        check(script.calls == number, "calls", script.calls, number)
        if script.when(number):
            check_failure(result, subject, number - 1 if subject.counts else good)
        else:
            check(result.status == OK, "a good call failed", number, result.status, result.message)
            good += 1
        if subject.progress() is not None:
            made = number if subject.counts else good
            check(subject.progress() == made, "progress", subject.progress(), made)
        if isinstance(subject, Hooks):
            subject.check_others(number, good)


def attempts_until_one_fails(subject, script):
    """The library goes from step to step: it stops at the bad call, and calls the callback not once more."""
    if subject.until_stop is not None:
        bad = next(number for number in range(1, ATTEMPTS + 1) if script.when(number))
        result, completed = subject.until_stop()
        check_failure(result, subject, bad - 1)
        check(completed == bad - 1, "completed steps", completed, bad - 1)
        check(subject.progress() == bad - 1, "global step", subject.progress(), bad - 1)
        check(script.calls == bad, "calls", script.calls, bad)
        if isinstance(subject, Hooks):
            subject.check_others(bad, bad - 1)
        check(subject.outcome() == (OUTCOME_FAILED, subject.failure(bad - 1)), "outcome", subject.outcome())
        check(script.calls == bad, "calls after the end", script.calls, bad)


def works(inner):
    """Yields what callbacks do first: what C functions leave on the stack and in registers differs by it."""
    session = inner.function_session(Script())

    def run_another(_):
        check(rh.session_run(session, None, None, None) == OK, "inner session")

    yield "", nothing
    yield ", having called a function of the library", lambda _: rh.context_global_step(None)
    yield ", having run another session", run_another


def check_scripts(careless, quiet):
    global case
    inner = Subject(quiet)
    all_works = list(works(inner))
    for subject_text, make, _ in subjects(careless):
        for when_text, when in WHEN.items():
            for how_text, how in {**RAISING, **WRONG}.items():
                for work_text, work in all_works if how_text in RAISING else all_works[:1]:
                    if how_text == "returns the success of the first call" and when(1):
                        continue  # that one would be right
                    for attempts in [attempts_one_by_one, attempts_until_one_fails]:
                        for warm in [False, True]:
                            case = "{} {} {}{}{}".format(
                                subject_text, how_text, when_text, work_text, ", warmed up" if warm else ""
                            )
                            Script.given.clear()
                            script, raised = Script(when, how, work), Tally.unraisable
                            subject = make(script, quiet)
                            if warm and isinstance(subject, Steps):
                                subject.warm_up(script)
                            attempts(subject, script)
                            subject.end()
                            raised, expected = Tally.unraisable - raised, script.bad if how_text in RAISING else 0
                            check(raised == expected, "exceptions", raised, expected)
                            Tally.bad_calls += script.bad
    inner.end()


CARELESS = ["bare_return", "forgotten_return", "left_on_the_stack", "left_deep_on_the_stack"]


def check_careless(careless, quiet):
    """C functions that set no result: each fails in its first call, and in any other."""
    global case
    for subject_text, make, possible in subjects(careless):
        if not possible:
            continue
        for name in CARELESS:
            case = "{} is {}".format(subject_text, name)
            subject = make(InC(careless, name), quiet)
            for number in range(1, ATTEMPTS + 1):
                check_failure(subject.attempt(number), subject, number - 1 if subject.counts else 0)
                if subject.progress() is not None:
                    made = number if subject.counts else 0
                    check(subject.progress() == made, "progress", subject.progress(), made)
                if isinstance(subject, Hooks):
                    subject.check_others(number, 0)
                Tally.bad_calls += 1
            subject.end()
            subject = make(InC(careless, name), quiet)
            if subject.until_stop is not None:
                result, completed = subject.until_stop()
                check_failure(result, subject, 0)
                check(completed == 0, "completed steps", completed)
                if isinstance(subject, Hooks):
                    subject.check_others(1, 0)
                Tally.bad_calls += 1
            subject.end()


def check_careless_latecomers(careless, quiet):
    """The same of hooks that are added when nothing is measured any more, which is so of most of these steps."""
    global case
    good = InC(careless, "good")
    for name in CARELESS:
        for bad in ["before_run", "after_run"]:
            for count in [0, 1, 8]:
                case = "{} of a latecomer after {} hooks is {}".format(bad, count, name)
                subject = Step(good, quiet, None)
                for i in range(count):
                    table = Hook(name=b"good%d" % i, before_run=good.raw, after_run=good.raw)
                    check(rh.monitored_session_add_hook(subject.loop, byref(table), None, None, None) == OK, "hook")
                status = rh.monitored_session_run_until_stop(subject.loop, None, LONG_WARM_UP, None, None)
                check(status == OK, "warming up", status)
                table = Hook(name=b"bad", **{bad: InC(careless, name).raw})
                check(rh.monitored_session_add_hook(subject.loop, byref(table), None, None, None) == OK, "hook")
                subject.where, subject.says, subject.code = ("bad", bad), bad, HOOK_FAILED
                subject.before, subject.reached = LONG_WARM_UP, 1 if bad == "after_run" else 0
                for number in range(1, ATTEMPTS + 1):
                    check_failure(subject.attempt(number), subject, 0)
                    check(subject.progress() == 0, "progress", subject.progress())
                    Tally.bad_calls += 1
                subject.end()


def constant_lets_pass(careless, callbacks, step, calls):
    """Has careless.c's dispatcher, for which success is a constant, make `calls` steps; returns how many it made."""
    careless.constant_clear()
    for callback, add in callbacks:
        add(callback)
    careless.constant_set_step(step)
    careless.constant_run(c_int64(calls))
    return careless.constant_completed()


def check_control(careless):
    """The same callbacks get through where success is a constant: so these tests would see it if they got through."""
    global case
    careless.constant_completed.restype = c_int64
    good_in_c = InC(careless, "good")
    adds = {"before_run": careless.constant_add_before, "after_run": careless.constant_add_after}
    for how_text, how in {**RAISING, "returns a constant": constant(CONSTANT)}.items():
        for when_text in ["in the third call", "in every call from the third on"]:
            for text, (bad, only, count, index) in [*hook_shapes(), ("step", ("step", False, 1, -1))]:
                case = "constant: {} {} {}".format(text, how_text, when_text)
                script, callbacks = Script(WHEN[when_text], how), []
                for i in range(count):
                    for name, add in adds.items():
                        if name == bad and i == index:
                            callbacks.append((script, add))
                        elif not only:
                            callbacks.append((Script(), add))
                step = script if bad == "step" else good_in_c
                made = constant_lets_pass(careless, [(c.raw, add) for c, add in callbacks], step.raw, ATTEMPTS)
                check(script.bad > 0, "bad calls")
                Tally.constant_bad_calls += script.bad
                passed = min(made - 2, script.bad)  # a bad call of a step that was made
                Tally.constant_false_successes[how_text] = Tally.constant_false_successes.get(how_text, 0) + passed
    for name in CARELESS[:2]:
        case = "constant: " + name
        before = careless.constant_add_before
        hooks = [(good_in_c.raw, before), (InC(careless, name).raw, before)]
        made = constant_lets_pass(careless, hooks, good_in_c.raw, ATTEMPTS)
        Tally.constant_bad_calls += max(made, 1)
        Tally.constant_false_successes[name] = Tally.constant_false_successes.get(name, 0) + made


def main():
    global case
    paths = sys.argv[1:]
    if not paths:
        sys.exit(__doc__)
    handles = rh.live_handles()
    for path in paths:
        careless = ctypes.CDLL(path)
        quiet = ctypes.cast(careless.discard, LOG_WRITE)
        check_scripts(careless, quiet)
        check_careless(careless, quiet)
        check_careless_latecomers(careless, quiet)
        check_control(careless)
    case = "control"
    # Not of those in C: whether the register still holds the success when they are called is up to the compiler.
    for how in [*RAISING, "returns a constant"]:
        check(Tally.constant_false_successes[how] > 0, "a constant lets nothing pass that", how)
    case = "handles"
    check(rh.live_handles() == handles, "left", rh.live_handles(), handles)
    case = "stale"
    check(Tally.stale > 0, "no callback that raised left an earlier success: nothing was tested")
    print("bad calls: {}, of which C got an earlier success: {}".format(Tally.bad_calls, Tally.stale))
    print("where success is a constant, bad calls: {}".format(Tally.constant_bad_calls))
    for how, passed in Tally.constant_false_successes.items():
        print("  taken for successes, {}: {}".format(how, passed))
    print(
        "raw ctypes: {} checks with CPython {}, {} failed, false successes: {}".format(
            Tally.checks, platform.python_version(), Tally.failures, Tally.false_successes
        )
    )
    sys.exit(1 if Tally.failures else 0)


if __name__ == "__main__":
    main()
