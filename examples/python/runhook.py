"""Just enough of runhook's C ABI to write a hook in Python, with nothing but the standard library.

An exception must not leave a callback: ctypes would print it and give 0 to C. So the trampoline catches it, tells runhook
that the hook has failed, and keeps it, to be raised again where the loop was called.
"""

import ctypes
from ctypes import POINTER, byref, c_char_p, c_double, c_int32, c_int64, c_size_t, c_void_p

CALLBACK_OK = 0x600D  # neither 0 nor 1, so that nothing is a success by accident
CALLBACK_FAILED = 0x0BAD
ERR_UNKNOWN = 2
VERSION = 10000  # of the headers that these declarations were taken from

CALLBACK = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p)
DESTROY = ctypes.CFUNCTYPE(None, c_void_p)


class _HookTable(ctypes.Structure):
    """runhook_hook as of 1.0. A later library knows from struct_size that it ends here."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("user_data", c_void_p),
        ("destroy", DESTROY),
        ("name", c_char_p),
        ("begin", CALLBACK),
        ("after_create_session", CALLBACK),
        ("before_run", CALLBACK),
        ("after_run", CALLBACK),
        ("on_error", CALLBACK),
        ("end", CALLBACK),
        ("cleanup", CALLBACK),
    ]


_CALLBACK_NAMES = [name for name, kind in _HookTable._fields_ if kind is CALLBACK]

# Name, result, arguments. With a trailing ERROR the function takes `runhook_error **error` last.
ERROR = POINTER(c_void_p)
_FUNCTIONS = [
    ("runhook_check_version", c_int32, [c_int32, ERROR]),
    ("runhook_error_to_string", c_char_p, [c_void_p]),
    ("runhook_error_destroy", None, [c_void_p]),
    ("runhook_context_fail", c_int32, [c_void_p, c_int32, c_char_p]),
    ("runhook_context_session", c_void_p, [c_void_p]),
    ("runhook_context_global_step", c_int64, [c_void_p]),
    ("runhook_context_request_stop", c_int32, [c_void_p, c_int32, c_char_p]),
    ("runhook_context_add_fetch", c_int32, [c_void_p, c_char_p, c_char_p, ERROR]),
    ("runhook_context_get_double", c_int32, [c_void_p, c_char_p, POINTER(c_double), ERROR]),
    ("runhook_graph_destroy", None, [c_void_p]),
    ("runhook_config_create", c_void_p, [ERROR]),
    ("runhook_config_destroy", None, [c_void_p]),
    ("runhook_config_set_graph", c_int32, [c_void_p, c_void_p, ERROR]),
    ("runhook_config_add_hook", c_int32, [c_void_p, POINTER(_HookTable), c_void_p, ERROR]),
    ("runhook_run_args_create", c_void_p, [ERROR]),
    ("runhook_run_args_destroy", None, [c_void_p]),
    ("runhook_run_args_add_fetch", c_int32, [c_void_p, c_char_p, c_char_p, ERROR]),
    ("runhook_monitored_session_create", c_void_p, [c_void_p, ERROR]),
    ("runhook_monitored_session_destroy", None, [c_void_p]),
    ("runhook_monitored_session_run_until_stop", c_int32, [c_void_p, c_void_p, c_int64, POINTER(c_int64), ERROR]),
    ("runhook_monitored_session_close", c_int32, [c_void_p, ERROR]),
    ("runhook_monitored_session_outcome", c_void_p, [c_void_p, ERROR]),
    ("runhook_outcome_to_string", c_char_p, [c_void_p]),
    ("runhook_outcome_destroy", None, [c_void_p]),
]


class RunhookError(Exception):
    """What a function of runhook failed with."""


class Hook:
    """A hook. Define the callbacks that you need, each as `def after_run(self, context)`; exceptions may leave them."""

    name = None


class Context:
    """What a hook sees and asks, for the time of one callback."""

    def __init__(self, runhook, handle):
        self._runhook = runhook
        self.handle = handle

    @property
    def session(self):
        return self._runhook.lib.runhook_context_session(self.handle)

    @property
    def global_step(self):
        return self._runhook.lib.runhook_context_global_step(self.handle)

    def fetch(self, name):
        self._runhook.call("runhook_context_add_fetch", self.handle, None, name.encode())

    def number(self, name):
        number = c_double()
        self._runhook.call("runhook_context_get_double", self.handle, name.encode(), byref(number))
        return number.value

    def request_stop(self, why, code=0):
        return self._runhook.lib.runhook_context_request_stop(self.handle, code, why.encode()) == 1


class Runhook:
    """The loaded library."""

    def __init__(self, path):
        # Global, so that a model's library finds the same runhook.
        self.lib = ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
        for name, result, arguments in _FUNCTIONS:
            function = getattr(self.lib, name)
            function.restype = result
            function.argtypes = arguments
        self._hooks = {}  # what C holds on to, until it calls destroy
        self._next_number = 1
        self._destroy = DESTROY(self._forget)
        self._exception = None  # of the first callback that failed, until it is raised again
        self.call("runhook_check_version", VERSION)

    def call(self, function, *arguments):
        """Calls a function that takes `runhook_error **error` last, by its name or as it is; raises what it fails with."""
        if isinstance(function, str):
            function = getattr(self.lib, function)
        error = c_void_p()
        value = function(*arguments, byref(error))
        if error:
            text = self.lib.runhook_error_to_string(error).decode()
            self.lib.runhook_error_destroy(error)
            raise RunhookError(text)
        return value

    def add_hook(self, config, hook):
        table = _HookTable(struct_size=ctypes.sizeof(_HookTable), destroy=self._destroy)
        # A number in place of a pointer: Python's objects may not be kept alive by C.
        table.user_data = self._next_number
        self._next_number += 1
        table.name = hook.name.encode() if hook.name else None
        for name in _CALLBACK_NAMES:
            method = getattr(hook, name, None)
            if method is not None:
                setattr(table, name, CALLBACK(self._trampoline(method)))
        self._hooks[table.user_data] = (hook, table)  # the table keeps its trampolines
        self.call("runhook_config_add_hook", config, byref(table), None)

    def call_with_hooks(self, function, *arguments):
        """As call(), for what calls hooks: what one of them raised is raised again, with runhook's error as its cause."""
        self._exception = None
        try:
            return self.call(function, *arguments)
        except RunhookError as error:
            if self._exception is not None:
                raise self._exception from error
            raise

    def _trampoline(self, method):
        def callback(handle, _user_data):
            try:
                method(Context(self, handle))
                return CALLBACK_OK
            except BaseException as exception:  # Ctrl-C and sys.exit(), too: nothing may pass through C
                if self._exception is None:
                    self._exception = exception
                text = f"{type(exception).__name__}: {exception}"
                return self.lib.runhook_context_fail(handle, ERR_UNKNOWN, text.encode(errors="replace"))

        return callback

    def _forget(self, number):
        self._hooks.pop(number, None)
