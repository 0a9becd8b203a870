"""runhook for Python: hooks, loops and how they ended, with ctypes and the rest of the standard library only.

To be copied beside the program, with runhook_abi.py, which finds the library: the file that the environment variable
RUNHOOK_LIBRARY names or, without it, librunhook.so.1 where the dynamic linker looks, e.g. in LD_LIBRARY_PATH.

    class SmallEnough(runhook.Hook):
        def before_run(self, context):
            context.add_fetch("loss")
        def after_run(self, context):
            if context.get_double("loss") < 1e-3:
                context.request_stop("the loss is small enough")

    config = runhook.Config()
    config.set_step(lambda context: context.set_double("loss", train_one_batch()), outputs=["loss"])
    config.add_hook(SmallEnough())
    with runhook.MonitoredSession(config) as session:
        session.run_until_stop(max_steps=1000)
    print(session.outcome())

Or the loop stays where it is:

    config = runhook.Config()
    config.set_inline(outputs=["loss"])
    with runhook.MonitoredSession(config) as session:
        for step in session:
            step["loss"] = train_one_batch()

Ctrl-C stops the loop after its step, as Origin.SIGNAL in the outcome, and raises nothing while a session is open. The
second one asks the step to give up, where it can, and the third one ends the process. A handler of SIGINT that the
program has installed is called as well; it should not raise. See MonitoredSession for the details.

What is not here can be called through `lib`, after restype and argtypes are set, with call() and the objects' handles.
"""

import contextlib
import ctypes
import itertools
import json
import numbers
import os
import signal
import threading
import weakref
from ctypes import addressof, byref, c_char_p, c_double, c_int64, c_size_t, c_void_p
from typing import NamedTuple, Optional

import runhook_abi as abi
from runhook_abi import Code, DefaultHook, Kind, Origin, Phase, Policy, lib


def _bytes(text):
    return None if text is None else text.encode(errors="replace").replace(b"\0", b" ")


class RunhookError(Exception):
    """What a function of runhook failed with. What a hook or step has raised is its __cause__.

    A hook or step may raise one, too, to give a code: by default, runhook recovers from ABORTED and UNAVAILABLE.
    """

    def __init__(self, message, code=Code.UNKNOWN, hook="", callback="", step=-1, suppressed=(), text=None):
        super().__init__(message if text is None else text)
        self.message, self.code, self.hook, self.callback, self.step = message, Code(code), hook, callback, step
        self.suppressed = list(suppressed)  # what else went wrong after it


def _error_from(handle):
    if not handle:
        return None
    indices = range(lib.runhook_error_suppressed_count(handle))
    suppressed = [_error_from(lib.runhook_error_suppressed_at(handle, index)) for index in indices]
    texts = (getattr(lib, "runhook_error_" + name)(handle) for name in ["message", "hook", "callback", "to_string"])
    message, hook, callback, text = (text.decode() for text in texts)
    code, step = lib.runhook_error_code(handle), lib.runhook_error_step(handle)
    error = RunhookError(message, code, hook, callback, step, suppressed, text)
    error.__cause__ = _raised().get((hook, message))
    return error


def call(function, *arguments):
    """Calls a function that takes `runhook_error **error` last, by its name or as it is; raises what it fails with."""
    if isinstance(function, str):
        function = getattr(lib, "runhook_" + function)
    error = c_void_p()
    value = function(*arguments, byref(error))
    if error:
        with _owned(error, "error") as handle:
            raise _error_from(handle)
    return value


@contextlib.contextmanager
def _owned(handle, noun):
    try:
        yield handle
    finally:
        getattr(lib, f"runhook_{noun}_destroy")(handle)


# C knows a Python object by a number, and this keeps the object until C calls destroy, on whatever thread.
_alive = {}
_numbers = itertools.count(1)
_destroy = abi.DESTROY(_alive.pop)  # no function in Python: KeyboardInterrupt could strike at its entry and be lost
_working = threading.local()  # .session: whose callbacks are called on this thread


def _keep(target, number=None):
    number = number or next(_numbers)
    _alive[number] = target
    return {"user_data": number, "destroy": _destroy}


def _raised():
    """What callbacks have raised, by hook and message; nothing is kept where no session is at work."""
    session = getattr(_working, "session", None)
    return {} if session is None else session._raised


def _explained(exception):
    if isinstance(exception, RunhookError):
        return exception.code, exception.message
    code = Code.OUT_OF_RANGE if isinstance(exception, StopIteration) else Code.UNKNOWN
    return code, f"{type(exception).__name__}: {exception}"


_listeners = set()  # of the sessions that are open
os.register_at_fork(after_in_child=_listeners.clear)  # which has no subscriptions either


def _on_sigint(number, frame):
    """Takes the place of Python's own handler while a session of the main thread is open. That one raises wherever
    Python happens to be: on the way into a callback, where ctypes prints the exception and nobody gets it."""
    muted = [listener for listener in tuple(_listeners) if listener.mutes]
    if not muted:
        signal.default_int_handler(number, frame)
    for listener in muted:
        listener.heard = True


def _signal_options(number, repeat=0):
    rule = abi.SignalRule(signal=number, repeat=repeat)
    options = abi.SignalOptions(rules=(c_void_p * 1)(addressof(rule)), rule_count=1)
    options.rule = rule  # to live as long
    return options


class _Listener:
    """Has SIGINT stop a session, from before it is created until it is closed. That is done by a handler in C, because
    Python's are not called while C goes from step to step."""

    def __init__(self, listens):
        self.heard = self.mutes = False
        self._source = self._subscription = None
        if not listens:
            return
        if threading.current_thread() is threading.main_thread():  # on no other one a handler is called, or raises
            if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
                with contextlib.suppress(ValueError):  # another interpreter than the main one
                    signal.signal(signal.SIGINT, _on_sigint)
            self.mutes = signal.getsignal(signal.SIGINT) is _on_sigint
        _listeners.add(self)  # only now: what was pending before has been raised, and from here on nothing is
        try:
            # There is no session to be stopped yet, but whoever is tired of waiting for one can end the process.
            self._source = call("stop_source_create")
            self._subscribe(abi.REPEAT_DEFAULT_ACTION)
        except BaseException:
            self.leave()
            raise

    def _subscribe(self, repeat=0):
        options = _signal_options(signal.SIGINT, repeat)
        self._subscription = call("signal_subscription_create", self._source, byref(options))

    def attach(self, session):
        """Has it stop this session, also if the signal has come already."""
        if self not in _listeners:
            return
        early, source = self._subscription, self._source
        try:
            self._source = call("monitored_session_stop_source", session)
            self._subscribe()
            if self.heard or lib.runhook_signal_subscription_received(early, signal.SIGINT):
                lib.runhook_stop_source_request_stop_from_signal(self._source, signal.SIGINT, 0)
        finally:
            if self._subscription != early:
                lib.runhook_signal_subscription_destroy(early)
            if self._source != source:
                lib.runhook_stop_source_destroy(source)

    def leave(self):
        """Leaves SIGINT as it was; on any thread, and again."""
        subscription, self._subscription = self._subscription, None
        source, self._source = self._source, None
        lib.runhook_signal_subscription_destroy(subscription)
        lib.runhook_stop_source_destroy(source)
        _listeners.discard(self)
        # Not before the last one: it would take the handler in C away from the others. Where it cannot be put back,
        # _on_sigint does the same.
        if not _listeners and threading.current_thread() is threading.main_thread():
            if signal.getsignal(signal.SIGINT) is _on_sigint:
                with contextlib.suppress(ValueError):
                    signal.signal(signal.SIGINT, signal.default_int_handler)


def _destroy_session(handle, listener):
    lib.runhook_monitored_session_destroy(handle)  # may call cleanup
    listener.leave()


def _trampoline(method):
    """Makes the C callback that calls a method. Lives as long as the module, so that no table has to keep it."""

    def callback(handle, number, ok):
        context = Context(handle)
        try:
            getattr(_alive[number], method)(context)
        except BaseException as exception:  # none may pass through C: ctypes would print it, and nobody would get it
            return _fail(handle, exception)
        finally:
            context.handle = None  # the context may have been kept, but what it stands for ends here
        return ok  # only here: nothing else means success

    return abi.CALLBACK(callback)


def _fail(handle, exception):
    code, message = _explained(exception)
    raised = _raised()
    raised[lib.runhook_context_hook_name(handle).decode(), _bytes(message).decode()] = exception
    if len(raised) > 64:  # with Policy.WARN a hook can fail for ever
        del raised[next(iter(raised))]
    session = getattr(_working, "session", None)
    if session is not None and not isinstance(exception, Exception):
        # Ctrl-C and sys.exit() are meant for the program, whatever the policy makes of the hook's failure.
        session._interrupt = exception
        lib.runhook_context_request_stop(handle, 0, _bytes(message), 0)
    return lib.runhook_context_fail(handle, code, _bytes(message))


_TRAMPOLINES = {name: _trampoline(name) for name in [*abi.CALLBACKS.split(), "__call__"]}


def _bytes_at(function, *arguments):
    """Bytes that C lends, with their size."""
    size = c_size_t()
    data = function(*arguments, byref(size))
    return ctypes.string_at(data, size.value) if data else None


class _State:
    """State of a program, which its functions make bytes of and take back from bytes."""

    NAME = b"python"

    def __init__(self, save, restore):
        self._save, self._restore = save, restore

    def save(self, context):
        state = bytes(self._save())
        call("snapshot_set_state", lib.runhook_context_snapshot(context.handle), self.NAME, state, len(state))

    def restore(self, context):
        state = _bytes_at(lib.runhook_snapshot_state, lib.runhook_context_snapshot(context.handle), self.NAME)
        if state is None:
            raise LookupError("the checkpoint was not saved by such a program")
        self._restore(state)


class Context:
    """What a callback sees and asks, until it returns."""

    def __init__(self, handle):
        self.handle = handle

    session = property(lambda self: lib.runhook_context_session(self.handle), doc="The handle of the raw session.")
    global_step = property(lambda self: lib.runhook_context_global_step(self.handle))
    attempt = property(lambda self: lib.runhook_context_attempt(self.handle), doc="1, or more after a recovery.")
    stop_requested = property(lambda self: lib.runhook_context_stop_requested(self.handle) == 1)
    error = property(lambda self: _error_from(lib.runhook_context_error(self.handle)), doc="In on_error.")
    outcome = property(lambda self: _outcome_from(lib.runhook_context_outcome(self.handle)), doc="In cleanup.")

    def request_stop(self, why, code=0, planned=False):
        """Asks for a stop after this step; `planned`: the run has come to where it was to end, which is told as a
        success. Returns whether this was the first request."""
        return lib.runhook_context_request_stop(self.handle, code, _bytes(why), abi.STOP_PLANNED if planned else 0) == 1

    @property
    def state(self):
        """In restore: the bytes that a hook of this name has saved."""
        return _bytes_at(lib.runhook_context_state, self.handle)

    def set_state(self, state):
        """In save: what the hook has to remember of the run, in bytes."""
        state = bytes(state)  # of an array, whose length counts elements
        call("context_set_state", self.handle, state, len(state))

    def fail(self, message, code=Code.UNKNOWN):
        """Makes the callback fail, as raising does, but goes on in it."""
        lib.runhook_context_fail(self.handle, code, _bytes(message))

    def add_fetch(self, name):
        """In before_run: asks for a result, to be found in after_run."""
        call("context_add_fetch", self.handle, None, _bytes(name))

    def get_double(self, name):
        """In after_run: returns a result that this hook asked for."""
        number = c_double()
        call("context_get_double", self.handle, _bytes(name), byref(number))
        return number.value

    def get_int64(self, name):
        number = c_int64()
        call("value_get_int64", lib.runhook_context_result(self.handle, _bytes(name)), byref(number))
        return number.value

    def log(self, name, value):
        """Says "this value, at this step": a number or a text, for every output that is there and for on_values."""
        if not isinstance(value, (numbers.Real, str)):
            raise TypeError(f"{name!r}: a number or a text can be logged, not {type(value).__name__}")
        kind = "int64" if isinstance(value, numbers.Integral) else "scalar" if isinstance(value, numbers.Real) else "text"
        call("context_log_" + kind, self.handle, _bytes(name), _bytes(value) if kind == "text" else value)

    @property
    def logged(self):
        """In on_values: what was logged in the step, by name. In after_run: what has been so far."""
        readers = [lib.runhook_context_logged_double_at, lib.runhook_context_logged_int64_at,
                   lambda handle, i: lib.runhook_context_logged_text_at(handle, i).decode()]
        return {
            lib.runhook_context_logged_name_at(self.handle, i).decode():
                readers[lib.runhook_context_logged_kind_at(self.handle, i)](self.handle, i)
            for i in range(lib.runhook_context_logged_count(self.handle))
        }

    def set_double(self, name, number):
        """In a step: publishes an output."""
        call("step_set_double", self.handle, _bytes(name), number)

    def set_int64(self, name, number):
        with _owned(call("value_create_int64", number), "value") as value:
            call("step_set_output", self.handle, _bytes(name), value)


class Step(Context):
    """A step of a loop that stays where it is, until the loop's next one.

    `with` it an exception fails the step and not the program: the loop then raises it as a RunhookError or, if runhook
    recovers from it, gives the step again. Ctrl-C and sys.exit() leave it as they are. Without `with` an exception that
    leaves the block of the session fails the run.
    """

    def __init__(self, handle, session):
        super().__init__(handle)
        self._raised = session._raised

    def __setitem__(self, name, number):
        """Publishes an output."""
        (self.set_int64 if isinstance(number, numbers.Integral) else self.set_double)(name, number)

    number = property(lambda self: lib.runhook_step_number(self.handle),
                      doc="The global step that this one reaches, with which its values are logged: 1 for the first.")

    def set_global_step(self, step):
        """Says which global step this step reaches, where it is not one more."""
        call("step_set_global_step", self.handle, step)

    def abandon(self):
        """Gives the step up: it does not count, and the run has not failed."""
        call("step_abandon", self.handle)
        self.handle = None

    def __enter__(self):
        return self

    def __exit__(self, _kind, exception, _traceback):
        if not isinstance(exception, Exception):
            return False
        code, message = _explained(exception)
        self._raised["", _bytes(message).decode()] = exception
        self.fail(message, code)
        return True


class Hook:
    """A hook. Override the callbacks that you need; an exception that leaves one makes the hook fail."""

    name = None  # for messages and reasons

    def begin(self, context): ...  # once, before there is a session
    def after_create_session(self, context): ...  # after each creation of a session, so again after every recovery
    def before_run(self, context): ...  # before each attempt at a step
    def after_run(self, context): ...  # after the step, with the results that this hook asked for
    def on_error(self, context): ...  # instead of after_run, if the attempt did not get there
    def end(self, context): ...  # once, when the run has ended and did not fail
    def cleanup(self, context): ...  # once, always, last
    def on_values(self, context): ...  # after a step in which values were logged: context.logged
    def save(self, context): ...  # when the run is saved: context.set_state()
    def restore(self, context): ...  # if the run goes on from what a hook of this name has saved: context.state


class StopReason(NamedTuple):
    origin: Origin
    who: str
    text: str
    code: int
    step: int
    planned: bool  # the run was to end so


class Outcome(NamedTuple):
    kind: Kind
    step: int
    runs: int
    recoveries: int
    warnings: int
    stop_reason: Optional[StopReason]  # of the first request, whatever the kind
    error: Optional[RunhookError]
    text: str
    exit_status: int  # for sys.exit()

    def __str__(self):
        return self.text


def _outcome_from(handle):
    if not handle:
        return None
    stop_reason, found = None, abi.StopReason()
    with contextlib.suppress(RunhookError):  # nobody has asked for a stop
        call("outcome_stop_reason", handle, byref(found))
        stop_reason = StopReason(Origin(found.origin), found.who.decode(), found.text.decode(), found.code, found.step,
                                 found.planned != 0)
    numbers = (getattr(lib, "runhook_outcome_" + name)(handle) for name in ["step", "runs", "recoveries", "warnings"])
    error, text = _error_from(lib.runhook_outcome_error(handle)), lib.runhook_outcome_to_string(handle).decode()
    return Outcome(Kind(lib.runhook_outcome_kind(handle)), *numbers, stop_reason, error, text,
                   lib.runhook_outcome_exit_status(handle))


class Config:
    """What a monitored session is made from. It can be used again; hooks are then shared by the sessions.

    destroy() of it and of a session is for those who cannot wait for the garbage collector.
    """

    def __init__(self):
        self.handle = call("config_create")
        self.destroy = weakref.finalize(self, lib.runhook_config_destroy, self.handle)
        self._hook_numbers = {}

    def set_graph(self, graph):
        """Uses sessions of a graph, given by its handle."""
        call("config_set_graph", self.handle, graph)

    def set_step(self, step, outputs=()):
        """Makes step(context) the body of the loop, also after a recovery. StopIteration is the end of input."""
        names = (c_char_p * len(outputs))(*map(_bytes, outputs))

        def create(context):
            function = abi.Function(call=_TRAMPOLINES["__call__"], **_keep(step))
            session = call("function_session_create", byref(function), names, len(outputs), None, 0)
            with _owned(session, "session"):
                call("context_set_session", context.handle, session)

        function = abi.Function(call=_TRAMPOLINES["__call__"], **_keep(create))
        with _owned(call("session_creator_create", byref(function)), "session_creator") as creator:
            call("config_set_session_creator", self.handle, creator)

    def set_inline(self, outputs=None, inputs=None, initial_step=0, max_steps=0):
        """Makes the body of `for step in session` the step. Without `outputs` any name can be published."""
        options = abi.InlineOptions(initial_step=initial_step, max_steps=max_steps)
        for use, names in [("output", outputs), ("input", inputs)]:
            if names is not None:
                setattr(options, use + "s", (c_char_p * max(len(names), 1))(*map(_bytes, names)))
                setattr(options, use + "_count", len(names))
        call("config_set_inline", self.handle, byref(options))

    def add_hook(self, hook, phase=Phase.NORMAL, policy=Policy.FAIL, max_failures=1, every_steps=None):
        """Adds a hook; `policy` says what its failures do, `max_failures` how many it takes until DISABLE does so. With
        `every_steps` it is called in every so many steps only, which costs nothing in the steps between."""
        with contextlib.ExitStack() as owned:
            options = abi.HookOptions(phase=phase, failure_policy=policy, max_failures=max_failures)
            if every_steps is not None:
                trigger = call("trigger_every_steps", every_steps)
                options.trigger = owned.enter_context(_owned(trigger, "trigger"))
            # The same hook has the same number here, by which runhook finds out that it is added twice.
            number = self._hook_numbers.setdefault(id(hook), next(_numbers))
            known = number in _alive
            callbacks = (name for name in abi.CALLBACKS.split() if getattr(type(hook), name) is not getattr(Hook, name))
            table = {name: _TRAMPOLINES[name] for name in callbacks}
            table = abi.Hook(name=_bytes(hook.name), **_keep(hook, number), **table)
            try:
                call("config_add_hook", self.handle, byref(table), byref(options))
            except RunhookError:
                if known:  # C has called destroy for the table that it refused, but has the other one still
                    _alive[number] = hook
                raise

    def add_checkpoints(self, directory, save, restore, every_steps=0, every=0, keep=0):
        """Saves the program in the directory, and has it go on from the newest checkpoint. `save()` returns its state as
        bytes, e.g. by pickle.dumps(); `restore(bytes)` takes it back before the first step, if there is a checkpoint.
        Saves are made after a step: every so many, or so many seconds (0: ten minutes), at the start and at the end.
        `keep`: how many of the newest are kept; 0: five."""
        table = abi.SaverTable(save=_TRAMPOLINES["save"], restore=_TRAMPOLINES["restore"], **_keep(_State(save, restore)))
        retention = abi.Retention(last=keep)
        options = abi.CheckpointOptions(
            directory=os.fsencode(directory), every_steps=every_steps, every_ns=round(every * 1e9),
            keep=addressof(retention), state=addressof(table))
        with _owned(call("checkpoint_hook_create", byref(options)), "builtin_hook") as hook:
            call("config_add_builtin_hook", self.handle, hook, None)

    def add_default_hooks(self, directory, scalars=(), title=None, left_out=0, interval=0, stall=0, profile=0,
                          parameters=None, quiet=False, keep_all=False, max_bytes=0):
        """Adds the hooks that a training run is expected to have, which write into the directory: a record of the run,
        which has the dictionary `parameters`, a report, the scalars in metrics.jsonl and event files, a timeline; and
        those that log, show progress, stop on SIGTERM (any session does on SIGINT) and fail the run on NaN in a scalar.
        `left_out` is of DefaultHook; `interval` is in seconds between two rows, `stall` until a phase counts as
        stalled, `profile` between two profiled runs. 0 of these means the default, a negative one leaves out what it is
        for. `quiet`: neither log lines nor progress; `keep_all`: every logged value is written, not only the newest at
        the interval; `max_bytes`: how large the metrics, and the event files of a run, may become."""
        if isinstance(scalars, str):
            raise TypeError("scalars is a list of names, not a single one")
        seconds = {"interval_ns": interval, "stall_timeout_ns": stall, "profile_interval_ns": profile}
        hooks = abi.DefaultHooks(
            dir=os.fsencode(directory), title=_bytes(title), left_out=left_out | DefaultHook.STOP_ON_SIGNAL,
            scalars=(c_char_p * max(len(scalars), 1))(*map(_bytes, scalars)), scalar_count=len(scalars),
            parameters=None if parameters is None else json.dumps(parameters).encode(), quiet=int(quiet),
            keep_all=int(keep_all), max_bytes=max_bytes,
            **{name: round(value * 1e9) for name, value in seconds.items()})
        call("config_add_default_hooks", self.handle, byref(hooks))
        if not left_out & DefaultHook.STOP_ON_SIGNAL:
            hook = call("stop_on_signal_hook_create", byref(_signal_options(signal.SIGTERM)))
            with _owned(hook, "builtin_hook"):
                call("config_add_builtin_hook", self.handle, hook, None)

    def set_recovery(self, max_attempts=5):
        """Says how often in a row a failed session is made anew; 0: never."""
        call("config_set_recovery", self.handle, byref(abi.RecoveryPolicy(max_attempts=max_attempts or -1)))


@contextlib.contextmanager
def _run_args(fetches):
    with _owned(call("run_args_create"), "run_args") as args:
        for name in fetches:
            call("run_args_add_fetch", args, None, _bytes(name))
        yield args


class MonitoredSession:
    """The loop. `with` closes it; an exception that leaves the block fails the run, unless it is a clean end.

    `for step in session` gives the steps of a config with set_inline(). The one that is open completes when the next one
    is given, or when the session is closed: leave the loop by `break` if you like.

    Ctrl-C, which is SIGINT, stops the loop after its step, and the outcome says so. KeyboardInterrupt is raised by close
    only, if the loop had ended otherwise before the signal could stop it. Once the session is closed, Ctrl-C is Python's
    again. A session that is made on another thread than the main one is stopped as well, but the main thread gets its
    KeyboardInterrupt as ever, unless it has a session, too: so make a session on the thread that runs it. With
    `interruptible=False` SIGINT is left alone.
    """

    def __init__(self, config, interruptible=True):
        self._raised, self._interrupt, self._error = {}, None, lambda: None
        self._step = None  # that was given last
        self._listener = listener = _Listener(interruptible)
        try:
            with self._at_work():
                self.handle = call("monitored_session_create", config.handle)
                self.destroy = weakref.finalize(self, _destroy_session, self.handle, listener)
            listener.attach(self.handle)
        except BaseException as error:
            listener.leave()
            if listener.heard and isinstance(error, Exception):
                raise KeyboardInterrupt from error
            raise

    @contextlib.contextmanager
    def _at_work(self):
        """Around what calls callbacks, to bring home what they raise."""
        outer, _working.session = getattr(_working, "session", None), self
        try:
            yield
        except RunhookError as error:
            interrupt = self._interrupt
            self._error = weakref.ref(error) if interrupt is None else lambda: interrupt
            if interrupt is None:
                raise
        finally:
            _working.session = outer
        interrupt, self._interrupt = self._interrupt, None
        if interrupt is not None:
            raise interrupt

    should_stop = property(lambda self: lib.runhook_monitored_session_should_stop(self.handle) == 1)
    global_step = property(lambda self: lib.runhook_monitored_session_global_step(self.handle))

    def run(self, fetches=()):
        """Executes one step; returns what was fetched, by name: a number, or None for an operation."""
        fetched, number = {}, c_double()
        with self._at_work(), _run_args(fetches) as args, _owned(call("results_create"), "results") as results:
            call("monitored_session_run", self.handle, args, results)
            for index in range(lib.runhook_results_count(results)):
                value = lib.runhook_results_value_at(results, index)
                if value:
                    call("value_get_double", value, byref(number))
                name = lib.runhook_results_key_at(results, index).decode()
                fetched[name] = number.value if value else None
        return fetched

    def run_until_stop(self, fetches=(), max_steps=0):
        """Executes steps until a stop or the end of input, at most `max_steps` unless that is 0; returns how many."""
        completed = c_int64()
        with self._at_work(), _run_args(fetches) as args:
            call("monitored_session_run_until_stop", self.handle, args, max_steps, byref(completed))
        return completed.value

    def __iter__(self):
        return self

    def __next__(self):
        self._leave_step()
        with self._at_work():
            handle = call("monitored_session_next", self.handle)
        if not handle:
            raise StopIteration
        self._step = Step(handle, self)
        return self._step

    def over(self, data):
        """Gives steps, each with an item of `data`: that is the same one if the step is given again after a recovery.
        The end of the data is the end of input."""
        items, item, given = iter(data), None, None
        for step in self:
            now = step.global_step
            if step.attempt == 1 or now != given:
                try:
                    item = next(items)
                except StopIteration:
                    step.fail("the data has ended", Code.OUT_OF_RANGE)
                    continue
            given = now
            yield step, item

    def _leave_step(self):
        if self._step is not None:
            self._step.handle = None
            self._step = None

    def request_stop(self, why, code=0, now=False):
        """Asks for a stop, on any thread; `now` also cancels the step. Returns whether this was the first request."""
        return lib.runhook_monitored_session_request_stop(self.handle, code, _bytes(why), int(now)) == 1

    def close(self):
        """Ends the run: end and cleanup of every hook. To do so again changes nothing."""
        self._leave_step()
        try:
            with self._at_work():
                call("monitored_session_close", self.handle)
        except BaseException:
            self._end_listening()
            raise
        if self._end_listening():
            raise KeyboardInterrupt

    def _end_listening(self):
        """Returns whether a signal has come that did not stop the run, once that has ended."""
        with _owned(call("monitored_session_outcome", self.handle), "outcome") as handle:
            outcome = _outcome_from(handle)
        if outcome.kind == Kind.RUNNING:
            return False
        self._listener.leave()
        heard, self._listener.heard = self._listener.heard, False
        stopped = outcome.kind == Kind.STOPPED and outcome.stop_reason.origin == Origin.SIGNAL
        return heard and not stopped and outcome.kind != Kind.FAILED

    def outcome(self):
        """Tells how the run ended; of Kind.RUNNING until it is closed."""
        with self._at_work(), _owned(call("monitored_session_outcome", self.handle), "outcome") as outcome:
            return _outcome_from(outcome)

    def __enter__(self):
        return self

    def __exit__(self, _kind, exception, _traceback):
        if exception is None:
            return self.close()
        code, message = _explained(exception)
        with contextlib.suppress(RunhookError):  # what fails after the exception is in the outcome
            if exception is not self._error():
                call("monitored_session_fail", self.handle, code, _bytes(message))
            self.close()
        return code in (Code.STOPPED, Code.OUT_OF_RANGE)
