//! What runhook.rs needs of the C headers. Handles are opaque; callers must not look behind them.

use std::os::raw::{c_char, c_void};

pub const VERSION: i32 = 10000; // of the headers that these declarations were taken from
pub const CALLBACK_FAILED: i32 = 0;

pub type Status = i32;
pub type Callback = Option<unsafe extern "C" fn(*mut Context, *mut c_void, i32) -> i32>;
pub type Destroy = Option<unsafe extern "C" fn(*mut c_void)>;

macro_rules! handles { ($($name:ident)*) => { $(#[repr(C)] pub struct $name { _private: [u8; 0] })* } }
handles!(Context Error Graph Config MonitoredSession Session SessionCreator RunArgs Results Value Outcome StopSource
    Trigger BuiltinHook Snapshot);

// Structs as of 1.0. A later library knows from `struct_size` that they end here.

#[repr(C)]
pub struct Hook {
    pub struct_size: usize,
    pub user_data: *mut c_void,
    pub destroy: Destroy,
    pub name: *const c_char,
    pub begin: Callback,
    pub after_create_session: Callback,
    pub before_run: Callback,
    pub after_run: Callback,
    pub on_error: Callback,
    pub end: Callback,
    pub cleanup: Callback,
    pub on_values: Callback,
    pub save: Callback,
    pub restore: Callback,
}

#[repr(C)]
pub struct HookOptions {
    pub struct_size: usize,
    pub phase: i32,
    pub failure_policy: i32,
    pub max_failures: i32,
    pub chief_only: i32,
    pub trigger: *const Trigger,
    pub name: *const c_char,
    pub fetches: *const *const c_char,
    pub fetch_count: usize,
}

#[repr(C)]
pub struct DefaultHooks {
    pub struct_size: usize,
    pub dir: *const c_char,
    pub title: *const c_char,
    pub scalars: *const *const c_char,
    pub scalar_count: usize,
    pub interval_ns: i64,
    pub stall_timeout_ns: i64,
    pub profile_interval_ns: i64,
    pub left_out: u32,
    pub keep_all: i32,
    pub parameters: *const c_char,
    pub max_bytes: i64,
    pub quiet: i32,
    pub reserved: i32,
    pub checkpoint_interval_ns: i64,
    pub checkpoint_steps: i64,
}

#[repr(C)]
pub struct Function {
    pub struct_size: usize,
    pub user_data: *mut c_void,
    pub destroy: Destroy,
    pub call: Callback,
}

#[repr(C)]
pub struct InlineOptions {
    pub struct_size: usize,
    pub outputs: *const *const c_char,
    pub output_count: usize,
    pub inputs: *const *const c_char,
    pub input_count: usize,
    pub initial_step: i64,
    pub max_steps: i64,
    pub saver: *const c_void,
}

#[repr(C)]
pub struct RecoveryPolicy {
    pub struct_size: usize,
    pub user_data: *mut c_void,
    pub destroy: Destroy,
    pub classify: Callback,
    pub on_recovery: Callback,
    pub max_attempts: i64,
    pub initial_backoff_ns: i64,
    pub max_backoff_ns: i64,
    pub deadline_ns: i64,
    pub jitter: f64,
}

#[repr(C)]
pub struct SaverTable {
    pub struct_size: usize,
    pub user_data: *mut c_void,
    pub destroy: Destroy,
    pub save: Callback,
    pub restore: Callback,
}

#[repr(C)]
pub struct Retention {
    pub struct_size: usize,
    pub last: i64,
    pub best: i64,
    pub metric: *const c_char,
    pub every_steps: i64,
    pub every_ns: i64,
    pub higher_is_better: i32,
    pub reserved: i32,
}

#[repr(C)]
pub struct CheckpointOptions {
    pub struct_size: usize,
    pub directory: *const c_char,
    pub every_steps: i64,
    pub every_ns: i64,
    pub keep: *const Retention,
    pub memory: *const c_void,
    pub memory_count: usize,
    pub state: *const SaverTable,
    pub listener: *const c_void,
    pub grace_ns: i64,
    pub drain_timeout_ns: i64,
    pub restore_step: i64,
    pub restore_one: i32,
    pub asynchronous: i32,
    pub skip_if_busy: i32,
    pub process_crash_only: i32,
    pub partial: i32,
    pub begin_anew_if_damaged: i32,
    pub not_at_start: i32,
    pub not_at_end: i32,
    pub optional: i32,
    pub save_on_best: i32,
    pub verify: i32,
    pub warn_only: i32,
}

#[repr(C)]
pub struct StopReason {
    pub struct_size: usize,
    pub origin: i32,
    pub urgency: i32,
    pub code: i32,
    pub planned: i32,
    pub step: i64,
    pub time_ns: i64,
    pub who: *const c_char,
    pub text: *const c_char,
}

type E = *mut *mut Error; // comes last; null for "not interested"
type Text = *const c_char;

#[rustfmt::skip] // one function a line, as in a table
extern "C" {
    pub fn runhook_check_version(header_version: i32, error: E) -> Status;

    pub fn runhook_error_code(error: *const Error) -> Status;
    pub fn runhook_error_message(error: *const Error) -> Text;
    pub fn runhook_error_hook(error: *const Error) -> Text;
    pub fn runhook_error_callback(error: *const Error) -> Text;
    pub fn runhook_error_step(error: *const Error) -> i64;
    pub fn runhook_error_suppressed_count(error: *const Error) -> usize;
    pub fn runhook_error_suppressed_at(error: *const Error, index: usize) -> *const Error;
    pub fn runhook_error_to_string(error: *mut Error) -> Text;
    pub fn runhook_error_destroy(error: *mut Error);

    pub fn runhook_context_fail(context: *mut Context, code: Status, message: Text) -> i32;
    pub fn runhook_context_session(context: *mut Context) -> *mut Session;
    pub fn runhook_context_hook_name(context: *mut Context) -> Text;
    pub fn runhook_context_global_step(context: *mut Context) -> i64;
    pub fn runhook_context_attempt(context: *mut Context) -> i64;
    pub fn runhook_context_request_stop(context: *mut Context, code: i32, text: Text, urgency: i32) -> i32;
    pub fn runhook_context_stop_requested(context: *mut Context) -> i32;
    pub fn runhook_context_add_fetch(context: *mut Context, key: Text, name: Text, error: E) -> Status;
    pub fn runhook_context_result(context: *mut Context, key: Text) -> *mut Value;
    pub fn runhook_context_get_double(context: *mut Context, key: Text, number: *mut f64, error: E) -> Status;
    pub fn runhook_context_log_scalar(context: *mut Context, name: Text, number: f64, error: E) -> Status;
    pub fn runhook_context_log_int64(context: *mut Context, name: Text, number: i64, error: E) -> Status;
    pub fn runhook_context_log_text(context: *mut Context, name: Text, text: Text, error: E) -> Status;
    pub fn runhook_context_error(context: *mut Context) -> *const Error;
    pub fn runhook_context_outcome(context: *mut Context) -> *const Outcome;
    pub fn runhook_context_set_session(context: *mut Context, session: *mut Session, error: E) -> Status;
    pub fn runhook_step_set_double(context: *mut Context, name: Text, number: f64, error: E) -> Status;
    pub fn runhook_step_abandon(step: *mut Context, error: E) -> Status;
    pub fn runhook_step_number(step: *const Context) -> i64;
    pub fn runhook_step_set_global_step(step: *mut Context, global_step: i64, error: E) -> Status;
    pub fn runhook_step_set_output(context: *mut Context, name: Text, value: *mut Value, error: E) -> Status;

    pub fn runhook_value_create_int64(number: i64, error: E) -> *mut Value;
    pub fn runhook_value_get_double(value: *const Value, number: *mut f64, error: E) -> Status;
    pub fn runhook_value_get_int64(value: *const Value, number: *mut i64, error: E) -> Status;
    pub fn runhook_value_destroy(value: *mut Value);

    pub fn runhook_graph_destroy(graph: *mut Graph);
    pub fn runhook_function_session_create(step: *const Function, outputs: *const Text, output_count: usize, inputs: *const Text, input_count: usize, error: E) -> *mut Session;
    pub fn runhook_session_destroy(session: *mut Session);
    pub fn runhook_session_creator_create(create: *const Function, error: E) -> *mut SessionCreator;
    pub fn runhook_session_creator_destroy(creator: *mut SessionCreator);

    pub fn runhook_config_create(error: E) -> *mut Config;
    pub fn runhook_config_destroy(config: *mut Config);
    pub fn runhook_config_set_graph(config: *mut Config, graph: *mut Graph, error: E) -> Status;
    pub fn runhook_config_set_session_creator(config: *mut Config, creator: *mut SessionCreator, error: E) -> Status;
    pub fn runhook_config_set_inline(config: *mut Config, options: *const InlineOptions, error: E) -> Status;
    pub fn runhook_config_set_recovery(config: *mut Config, policy: *const RecoveryPolicy, error: E) -> Status;
    pub fn runhook_config_add_default_hooks(config: *mut Config, hooks: *const DefaultHooks, error: E) -> Status;
    pub fn runhook_trigger_every_steps(steps: i64, error: E) -> *mut Trigger;
    pub fn runhook_trigger_destroy(trigger: *mut Trigger);
    pub fn runhook_config_add_hook(config: *mut Config, hook: *const Hook, options: *const HookOptions, error: E) -> Status;

    pub fn runhook_config_add_builtin_hook(config: *mut Config, hook: *const BuiltinHook, options: *const HookOptions, error: E) -> Status;
    pub fn runhook_checkpoint_hook_create(options: *const CheckpointOptions, error: E) -> *mut BuiltinHook;
    pub fn runhook_builtin_hook_destroy(hook: *mut BuiltinHook);
    pub fn runhook_context_set_state(context: *mut Context, data: *const c_void, size: usize, error: E) -> Status;
    pub fn runhook_context_state(context: *mut Context, size: *mut usize) -> *const c_void;
    pub fn runhook_context_snapshot(context: *mut Context) -> *mut Snapshot;
    pub fn runhook_snapshot_set_state(snapshot: *mut Snapshot, name: Text, data: *const c_void, size: usize, error: E) -> Status;
    pub fn runhook_snapshot_state(snapshot: *const Snapshot, name: Text, size: *mut usize) -> *const c_void;

    pub fn runhook_run_args_create(error: E) -> *mut RunArgs;
    pub fn runhook_run_args_destroy(args: *mut RunArgs);
    pub fn runhook_run_args_add_fetch(args: *mut RunArgs, key: Text, name: Text, error: E) -> Status;
    pub fn runhook_results_create(error: E) -> *mut Results;
    pub fn runhook_results_destroy(results: *mut Results);
    pub fn runhook_results_count(results: *const Results) -> usize;
    pub fn runhook_results_key_at(results: *const Results, index: usize) -> Text;
    pub fn runhook_results_value_at(results: *mut Results, index: usize) -> *mut Value;

    pub fn runhook_monitored_session_create(config: *const Config, error: E) -> *mut MonitoredSession;
    pub fn runhook_monitored_session_destroy(session: *mut MonitoredSession);
    pub fn runhook_monitored_session_next(session: *mut MonitoredSession, error: E) -> *mut Context;
    pub fn runhook_monitored_session_fail(session: *mut MonitoredSession, code: Status, message: Text, error: E) -> Status;
    pub fn runhook_monitored_session_run(session: *mut MonitoredSession, args: *const RunArgs, results: *mut Results, error: E) -> Status;
    pub fn runhook_monitored_session_run_until_stop(session: *mut MonitoredSession, args: *const RunArgs, max_steps: i64, completed: *mut i64, error: E) -> Status;
    pub fn runhook_monitored_session_global_step(session: *const MonitoredSession) -> i64;
    pub fn runhook_monitored_session_should_stop(session: *const MonitoredSession) -> i32;
    pub fn runhook_monitored_session_request_stop(session: *const MonitoredSession, code: i32, text: Text, urgency: i32) -> i32;
    pub fn runhook_monitored_session_stop_source(session: *const MonitoredSession, error: E) -> *mut StopSource;
    pub fn runhook_monitored_session_close(session: *mut MonitoredSession, error: E) -> Status;
    pub fn runhook_monitored_session_outcome(session: *const MonitoredSession, error: E) -> *mut Outcome;
    pub fn runhook_stop_source_request_stop(source: *const StopSource, code: i32, text: Text, urgency: i32) -> i32;
    pub fn runhook_stop_source_destroy(source: *mut StopSource);

    pub fn runhook_outcome_kind(outcome: *const Outcome) -> i32;
    pub fn runhook_outcome_stop_reason(outcome: *const Outcome, reason: *mut StopReason, error: E) -> Status;
    pub fn runhook_outcome_error(outcome: *mut Outcome) -> *const Error;
    pub fn runhook_outcome_step(outcome: *const Outcome) -> i64;
    pub fn runhook_outcome_runs(outcome: *const Outcome) -> i64;
    pub fn runhook_outcome_recoveries(outcome: *const Outcome) -> i64;
    pub fn runhook_outcome_warnings(outcome: *const Outcome) -> i64;
    pub fn runhook_outcome_to_string(outcome: *mut Outcome) -> Text;
    pub fn runhook_outcome_destroy(outcome: *mut Outcome);
}
