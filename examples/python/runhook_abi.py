"""What runhook.py needs of the C headers, and the library itself.

The library is loaded on import: the file that the environment variable RUNHOOK_LIBRARY names or, without it,
librunhook.so.1 from where the dynamic linker looks, e.g. in LD_LIBRARY_PATH.
"""

import ctypes
import enum
import os
from ctypes import POINTER, Structure, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

VERSION = 10000  # of the headers that these declarations were taken from
CALLBACK = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p, c_int32)
DESTROY = ctypes.CFUNCTYPE(None, c_void_p)
ERROR = POINTER(c_void_p)  # `runhook_error **error`, which comes last


class _Number(enum.IntEnum):
    @classmethod
    def _missing_(cls, value):  # one that a later library has added
        number = int.__new__(cls, value)
        number._name_, number._value_ = f"number {value}", value
        return number


class Code(_Number):
    OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED = range(8)
    RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, UNAVAILABLE = range(8, 15)
    DATA_LOSS, UNAUTHENTICATED = 15, 16
    STOPPED, CLOSED, REENTRANT, BUSY, HOOK_FAILED, NO_MEMORY = range(100, 106)


Phase = _Number("Phase", "GUARD NORMAL SAVER", start=1)
Policy = _Number("Policy", "FAIL WARN DISABLE", start=1)
Kind = _Number("Kind", "RUNNING COMPLETED STOPPED END_OF_INPUT FAILED", start=0)
DefaultHook = enum.IntFlag(
    "DefaultHook",
    "STOP_ON_SIGNAL NAN_GUARD WATCHDOG REPORT STEP_COUNTER LOGGING PROGRESS METRICS SUMMARIES PROFILER RUN_RECORD "
    "CHECKPOINTS")
REPEAT_DEFAULT_ACTION = 3
STOP_PLANNED = 16
Origin = _Number("Origin", "NONE CALLER HOOK SOURCE COORDINATOR STEP_FUNCTION SIGNAL SESSION", start=0)


def _struct(*fields):
    """A struct as of 1.0, by its members' types. A later library knows from struct_size that it ends there."""
    members = [("struct_size", c_size_t), *((name, kind) for kind, names in fields for name in names.split())]
    made = type("Struct", (Structure,), {"_fields_": members})
    return lambda **values: made(struct_size=ctypes.sizeof(made), **values)


CALLBACKS = "begin after_create_session before_run after_run on_error end cleanup on_values save restore"
_table = [(c_void_p, "user_data"), (DESTROY, "destroy")]
Hook = _struct(*_table, (c_char_p, "name"), (CALLBACK, CALLBACKS))
Function = _struct(*_table, (CALLBACK, "call"))
HookOptions = _struct((c_int32, "phase failure_policy max_failures chief_only"), (c_void_p, "trigger"), (c_char_p, "name"),
                      (POINTER(c_char_p), "fetches"), (c_size_t, "fetch_count"))
_names = POINTER(c_char_p)
_figures = (c_int64, "initial_step max_steps")
InlineOptions = _struct(
    (_names, "outputs"), (c_size_t, "output_count"), (_names, "inputs"), (c_size_t, "input_count"), _figures,
    (c_void_p, "saver"))
_backoff = "max_attempts initial_backoff_ns max_backoff_ns deadline_ns"
RecoveryPolicy = _struct(*_table, (CALLBACK, "classify on_recovery"), (c_int64, _backoff), (c_double, "jitter"))
SignalRule = _struct((c_int32, "signal action repeat reserved"), (c_int64, "min_interval_ns"))
SignalOptions = _struct(
    (POINTER(c_void_p), "rules"), (c_size_t, "rule_count"), (c_int32, "no_chain force_ignored"),
    (c_int64, "exit_deadline_ns"), (c_void_p, "log"))
DefaultHooks = _struct(
    (c_char_p, "dir title"), (_names, "scalars"), (c_size_t, "scalar_count"),
    (c_int64, "interval_ns stall_timeout_ns profile_interval_ns"), (c_uint32, "left_out"), (c_int32, "keep_all"),
    (c_char_p, "parameters"), (c_int64, "max_bytes"), (c_int32, "quiet reserved"),
    (c_int64, "checkpoint_interval_ns checkpoint_steps"))
SaverTable = _struct(*_table, (CALLBACK, "save restore"))
Retention = _struct(
    (c_int64, "last best"), (c_char_p, "metric"), (c_int64, "every_steps every_ns"), (c_int32, "higher_is_better reserved"))
_choices = "restore_one asynchronous skip_if_busy process_crash_only partial begin_anew_if_damaged not_at_start not_at_end"
CheckpointOptions = _struct(
    (c_char_p, "directory"), (c_int64, "every_steps every_ns"), (c_void_p, "keep memory"), (c_size_t, "memory_count"),
    (c_void_p, "state listener"), (c_int64, "grace_ns drain_timeout_ns restore_step"),
    (c_int32, _choices + " optional save_on_best verify warn_only"))
StopReason = _struct((c_int32, "origin urgency code planned"), (c_int64, "step time_ns"), (c_char_p, "who text"))

# By result and arguments. V is a handle or a pointer, of which Python needs to know no more.
V, S, I, L, U, N, D, E = c_void_p, c_char_p, c_int32, c_int64, c_uint64, c_size_t, c_double, ERROR
_FUNCTIONS = [
    (None, [V], "error_destroy graph_destroy config_destroy session_creator_destroy session_destroy run_args_destroy"),
    (None, [V], "monitored_session_destroy outcome_destroy results_destroy value_destroy trigger_destroy"),
    (None, [V], "stop_source_destroy signal_subscription_destroy builtin_hook_destroy"),
    (V, [L, E], "trigger_every_steps trigger_every_ns"),
    (I, [V], "error_code outcome_kind outcome_exit_status context_stop_requested monitored_session_should_stop"),
    (L, [V], "error_step context_global_step context_attempt monitored_session_global_step step_number"),
    (L, [V], "outcome_step outcome_runs outcome_recoveries outcome_warnings"),
    (N, [V], "error_suppressed_count results_count"),
    (S, [V], "error_message error_hook error_callback error_to_string context_hook_name outcome_to_string"),
    (S, [V, N], "results_key_at"),
    (V, [V], "context_session context_error context_outcome outcome_error"),
    (V, [V, N], "error_suppressed_at results_value_at"),
    (V, [V, S], "context_result"),
    (V, [V], "context_snapshot"),
    (V, [V, POINTER(N)], "context_state"),
    (V, [V, S, POINTER(N)], "snapshot_state"),
    (I, [V, S, N, E], "context_set_state"),
    (I, [V, S, S, N, E], "snapshot_set_state"),
    (V, [E], "config_create run_args_create results_create stop_source_create"),
    (V, [L, E], "value_create_int64"),
    (V, [V, E], "session_creator_create monitored_session_create monitored_session_outcome"),
    (V, [V, POINTER(S), N, POINTER(S), N, E], "function_session_create"),
    (I, [V, I, S], "context_fail"),
    (I, [V, I, S, I], "context_request_stop"),
    (I, [V, I, S, I], "monitored_session_request_stop"),
    (I, [V, E], "monitored_session_close"),
    (I, [V, I, S, E], "monitored_session_fail"),
    (I, [V, V, E], "config_set_graph config_set_session_creator config_set_recovery context_set_session"),
    (V, [V, E], "monitored_session_next monitored_session_stop_source stop_on_signal_hook_create"),
    (V, [V, E], "checkpoint_hook_create"),
    (V, [V, V, E], "signal_subscription_create"),
    (U, [V, I], "signal_subscription_received"),
    (I, [V, I, I], "stop_source_request_stop_from_signal"),
    (I, [V, E], "step_abandon"),
    (I, [V, L, E], "step_set_global_step"),
    (I, [V, V, E], "config_set_inline config_add_default_hooks"),
    (I, [V, V, E], "value_get_double value_get_int64 outcome_stop_reason"),
    (I, [V, V, V, E], "config_add_hook config_add_builtin_hook monitored_session_run"),
    (I, [V, V, L, V, E], "monitored_session_run_until_stop"),
    (I, [V, S, S, E], "context_add_fetch run_args_add_fetch"),
    (I, [V, S, D, E], "step_set_double context_log_scalar"),
    (I, [V, S, L, E], "context_log_int64"),
    (I, [V, S, S, E], "context_log_text"),
    (N, [V], "context_logged_count"),
    (S, [V, N], "context_logged_name_at context_logged_text_at"),
    (I, [V, N], "context_logged_kind_at"),
    (D, [V, N], "context_logged_double_at"),
    (L, [V, N], "context_logged_int64_at"),
    (I, [V, S, V, E], "context_get_double step_set_output"),
]

# Global, so that an engine's library finds the same runhook.
lib = ctypes.CDLL(os.environ.get("RUNHOOK_LIBRARY", "librunhook.so.1"), mode=ctypes.RTLD_GLOBAL)
if lib.runhook_check_version(VERSION, None) != Code.OK:
    raise ImportError(f"runhook {lib.runhook_version()} cannot serve declarations of version {VERSION}")
for _result, _arguments, _names in _FUNCTIONS:
    for _name in _names.split():
        getattr(lib, "runhook_" + _name).restype = _result
        getattr(lib, "runhook_" + _name).argtypes = _arguments
