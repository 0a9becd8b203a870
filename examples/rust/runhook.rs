//! runhook for Rust: hooks, loops and how they ended, with the standard library only, for rustc 1.63 and newer.
//!
//! To be copied beside the program, with the folder `runhook`. A program hook.rs that says `mod runhook;` is built by
//!
//!     rustc --edition 2021 -O hook.rs -L <libdir> -l runhook
//!
//! where librunhook.so is in <libdir>. It finds the library there if `-C link-arg=-Wl,-rpath,<libdir>` is added, or if
//! LD_LIBRARY_PATH names the folder when it runs.
//!
//!     struct SmallEnough;
//!     impl Hook for SmallEnough {
//!         fn before_run(&mut self, context: &mut Context) -> HookResult {
//!             Ok(context.add_fetch("loss")?)
//!         }
//!         fn after_run(&mut self, context: &mut Context) -> HookResult {
//!             if context.get_double("loss")? < 1e-3 {
//!                 context.request_stop(0, "the loss is small enough");
//!             }
//!             Ok(())
//!         }
//!     }
//!     let mut config = Config::new()?;
//!     config.set_step(&["loss"], |context| Ok(context.set_double("loss", train_one_batch()?)?))?;
//!     config.add_hook("small enough", SmallEnough, HookOptions::default())?;
//!     let mut session = MonitoredSession::new(&config)?;
//!     session.run_until_stop(&[], 1000)?;
//!     session.close()?;
//!     println!("{}", session.outcome()?);
//!
//! Or the loop stays where it is, after `config.set_inline(&InlineOptions::default())?`:
//!
//!     while let Some(mut step) = session.next()? {
//!         step.set("loss", train_one_batch())?;
//!     }
//!
//! Started again, a program goes on where it was, if it has `save` and `restore` (see `SavedState`). Its step, or the
//! body of its loop, shares it with the checkpoints:
//!
//!     let program = Rc::new(RefCell::new(Program::default()));
//!     config.add_checkpoints("checkpoints", &CheckpointOptions::default(), program.clone())?;
//!
//! Three rules make it safe: no panic leaves a callback, so `-C panic=abort` is not for it; what runhook lends cannot
//! outlive the callback, by lifetimes; and one thread does all, because only `StopSource` can be sent to another.
#![allow(dead_code, unused_imports)] // a program needs a part of it

use std::cell::{RefCell, RefMut};
use std::collections::HashMap;
use std::error::Error as StdError;
use std::ffi::CString;
use std::fmt;
use std::mem::size_of;
use std::ops::{Deref, DerefMut};
use std::os::raw::{c_char, c_void};
use std::ptr::{null, null_mut};
use std::rc::Rc;
use std::time::Duration;

macro_rules! numbers {
    ($name:ident: $($variant:ident = $value:expr),*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($variant,)* Other(i32) }
        impl From<i32> for $name {
            fn from(number: i32) -> $name {
                match number { $($value => $name::$variant,)* other => $name::Other(other) }
            }
        }
        impl From<$name> for i32 {
            fn from(name: $name) -> i32 {
                match name { $($name::$variant => $value,)* $name::Other(other) => other }
            }
        }
    };
}

// With their paths, so that this file can be taken from anywhere with a path of its own.
#[path = "runhook/checkpoint.rs"]
pub mod checkpoint;
#[path = "runhook/error.rs"]
pub mod error;
#[path = "runhook/ffi.rs"]
pub mod ffi;
#[path = "runhook/hook.rs"]
pub mod hook;

pub use checkpoint::{CheckpointOptions, SavedState};
pub use error::{check, Code, Error, Owned, Result};
pub use hook::{BoxedError, Context, Hook, HookResult};

use error::{at_work, c_string, text, Causes};
use hook::{callbacks, destroy, function, guard, lend, run_step, Step};

numbers!(Kind: Running = 0, Completed = 1, Stopped = 2, EndOfInput = 3, Failed = 4);
numbers!(Origin: None = 0, Caller = 1, Hook = 2, Source = 3, Coordinator = 4, StepFunction = 5, Signal = 6,
    Session = 7);

/// Makes the session that calls a step; after a recovery another one.
struct Creator {
    step: Rc<RefCell<Step>>,
    outputs: Vec<CString>,
}

unsafe extern "C" fn create_session(context: *mut ffi::Context, creator: *mut c_void, ok: i32) -> i32 {
    guard(context, ok, |context| {
        let creator = lend::<Creator>(creator)?;
        let outputs: Vec<_> = creator.outputs.iter().map(|name| name.as_ptr()).collect();
        let step = function(creator.step.clone(), run_step);
        let made =
            check(|e| ffi::runhook_function_session_create(&step, outputs.as_ptr(), outputs.len(), null(), 0, e))?;
        let session = Owned(made, ffi::runhook_session_destroy);
        check(|e| ffi::runhook_context_set_session(context.0, session.0, e))?;
        Ok(())
    })
}

#[derive(Clone, Copy, Default)]
pub enum Phase {
    Guard,
    #[default]
    Normal,
    Saver,
}

/// What a hook's failure does.
#[derive(Clone, Copy, Default)]
pub enum Policy {
    #[default]
    Fail,
    Warn,
    Disable(i32), // after so many
}

#[derive(Clone, Copy, Default)]
pub struct HookOptions {
    pub phase: Phase,
    pub policy: Policy,
    /// In every so many steps only; the steps between cost nothing then.
    pub every_steps: Option<i64>,
}

/// What is known of a loop that stays where it is.
#[derive(Clone, Copy, Default)]
pub struct InlineOptions<'a> {
    /// The names that the body publishes; `None`: any.
    pub outputs: Option<&'a [&'a str]>,
    /// The global step at which a program that resumes by itself begins.
    pub initial_step: i64,
    /// 0: no limit.
    pub max_steps: i64,
}

/// Hooks of the default set, for `DefaultHooks::left_out`.
pub mod default_hook {
    pub const STOP_ON_SIGNAL: u32 = 1;
    pub const NAN_GUARD: u32 = 2;
    pub const WATCHDOG: u32 = 4;
    pub const REPORT: u32 = 8;
    pub const STEP_COUNTER: u32 = 16;
    pub const LOGGING: u32 = 32;
    pub const PROGRESS: u32 = 64;
    pub const METRICS: u32 = 128;
    pub const SUMMARIES: u32 = 256;
    pub const PROFILER: u32 = 512;
    pub const RUN_RECORD: u32 = 1024;
    pub const CHECKPOINTS: u32 = 2048;
}

/// Which hooks `Config::add_default_hooks` adds. `None` is the default, zero leaves out what the time is for.
#[derive(Clone, Copy, Default)]
pub struct DefaultHooks<'a> {
    /// Of the report; `None`: the name of the directory.
    pub title: Option<&'a str>,
    /// Logged, drawn, written, and checked for NaN.
    pub scalars: &'a [&'a str],
    /// Between two rows.
    pub interval: Option<Duration>,
    /// Until a phase counts as stalled.
    pub stall_timeout: Option<Duration>,
    /// Between two profiled runs.
    pub profile_interval: Option<Duration>,
    /// Of `default_hook`.
    pub left_out: u32,
    /// Of the run, for run.json: the text of a JSON object.
    pub parameters: Option<&'a str>,
    /// Neither log lines nor progress.
    pub quiet: bool,
}

fn nanoseconds(given: Option<Duration>) -> i64 {
    match given {
        None => 0,
        Some(Duration::ZERO) => -1,
        Some(time) => i64::try_from(time.as_nanos()).unwrap_or(i64::MAX),
    }
}

/// What a monitored session is made from. It can be used again; hooks are then shared by the sessions.
pub struct Config {
    owned: Owned<ffi::Config>,
    has_checkpoints: bool, // of its own
}

impl Config {
    pub fn new() -> Result<Config> {
        check(|e| unsafe { ffi::runhook_check_version(ffi::VERSION, e) })?;
        let config = check(|e| unsafe { ffi::runhook_config_create(e) })?;
        Ok(Config {
            owned: Owned(config, ffi::runhook_config_destroy),
            has_checkpoints: false,
        })
    }

    /// For functions that are not here.
    pub fn handle(&self) -> *mut ffi::Config {
        self.owned.0
    }

    /// Makes a function the body of the loop, also after a recovery.
    pub fn set_step(&mut self, outputs: &[&str], step: impl FnMut(&mut Context) -> HookResult + 'static) -> Result<()> {
        let outputs = outputs.iter().map(|name| c_string(name)).collect();
        let creator = Creator {
            step: Rc::new(RefCell::new(Box::new(step))),
            outputs,
        };
        let creator = function(Rc::new(RefCell::new(creator)), create_session);
        let creator = check(|e| unsafe { ffi::runhook_session_creator_create(&creator, e) })?;
        let creator = Owned(creator, ffi::runhook_session_creator_destroy);
        check(|e| unsafe { ffi::runhook_config_set_session_creator(self.handle(), creator.0, e) }).map(drop)
    }

    /// Makes the body of `while let Some(step) = session.next()?` the step.
    pub fn set_inline(&mut self, options: &InlineOptions) -> Result<()> {
        let names: Vec<_> = options
            .outputs
            .unwrap_or(&[])
            .iter()
            .map(|name| c_string(name))
            .collect();
        let outputs: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
        let options = ffi::InlineOptions {
            struct_size: size_of::<ffi::InlineOptions>(),
            outputs: options.outputs.map_or(null(), |_| outputs.as_ptr()),
            output_count: outputs.len(),
            inputs: null(),
            input_count: 0,
            initial_step: options.initial_step,
            max_steps: options.max_steps,
            saver: null(),
        };
        check(|e| unsafe { ffi::runhook_config_set_inline(self.handle(), &options, e) }).map(drop)
    }

    /// Adds the hooks that a training run is expected to have: those that write files into the directory, log, show
    /// progress, stop on SIGINT and SIGTERM, and fail the run on NaN.
    pub fn add_default_hooks(&mut self, dir: &str, hooks: &DefaultHooks) -> Result<()> {
        let (dir, title, parameters) = (c_string(dir), hooks.title.map(c_string), hooks.parameters.map(c_string));
        let names: Vec<_> = hooks.scalars.iter().map(|name| c_string(name)).collect();
        let scalars: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
        let replaced = if self.has_checkpoints {
            default_hook::CHECKPOINTS
        } else {
            0
        };
        let hooks = ffi::DefaultHooks {
            struct_size: size_of::<ffi::DefaultHooks>(),
            dir: dir.as_ptr(),
            title: title.as_ref().map_or(null(), |title| title.as_ptr()),
            scalars: scalars.as_ptr(),
            scalar_count: scalars.len(),
            interval_ns: nanoseconds(hooks.interval),
            stall_timeout_ns: nanoseconds(hooks.stall_timeout),
            profile_interval_ns: nanoseconds(hooks.profile_interval),
            left_out: hooks.left_out | replaced,
            keep_all: 0,
            parameters: parameters.as_ref().map_or(null(), |text| text.as_ptr()),
            max_bytes: 0,
            quiet: i32::from(hooks.quiet),
            reserved: 0,
            checkpoint_interval_ns: 0,
            checkpoint_steps: 0,
        };
        check(|e| unsafe { ffi::runhook_config_add_default_hooks(self.handle(), &hooks, e) }).map(drop)
    }

    /// Says how often in a row a failed session is made anew; 5 by default, 0: never.
    pub fn set_recovery(&mut self, max_attempts: i64) -> Result<()> {
        let policy = ffi::RecoveryPolicy {
            struct_size: size_of::<ffi::RecoveryPolicy>(),
            user_data: null_mut(),
            destroy: None,
            classify: None,
            on_recovery: None,
            max_attempts: if max_attempts == 0 { -1 } else { max_attempts },
            initial_backoff_ns: 0, // the others are the defaults
            max_backoff_ns: 0,
            deadline_ns: 0,
            jitter: 0.0,
        };
        check(|e| unsafe { ffi::runhook_config_set_recovery(self.handle(), &policy, e) }).map(drop)
    }

    /// Gives the config a hook; its name is for messages and reasons.
    pub fn add_hook(&mut self, name: &str, hook: impl Hook + 'static, options: HookOptions) -> Result<()> {
        let trigger = match options.every_steps {
            Some(steps) => Some(check(|e| unsafe { ffi::runhook_trigger_every_steps(steps, e) })?),
            None => None,
        };
        let trigger = trigger.map(|handle| Owned(handle, ffi::runhook_trigger_destroy));
        let name = c_string(name); // runhook copies it
        let hook: Box<dyn Hook> = Box::new(hook);
        let table = ffi::Hook {
            struct_size: size_of::<ffi::Hook>(),
            user_data: Rc::into_raw(Rc::new(RefCell::new(hook))) as *mut c_void,
            destroy: Some(destroy::<Box<dyn Hook>>), // exactly once, also if the hook is refused
            name: name.as_ptr(),
            begin: Some(callbacks::begin),
            after_create_session: Some(callbacks::after_create_session),
            before_run: Some(callbacks::before_run),
            after_run: Some(callbacks::after_run),
            on_error: Some(callbacks::on_error),
            end: Some(callbacks::end),
            cleanup: Some(callbacks::cleanup),
            on_values: None,
            save: Some(callbacks::save),
            restore: Some(callbacks::restore),
        };
        let (failure_policy, max_failures) = match options.policy {
            Policy::Fail => (1, 0),
            Policy::Warn => (2, 0),
            Policy::Disable(failures) => (3, failures),
        };
        let struct_size = size_of::<ffi::HookOptions>();
        let phase = options.phase as i32 + 1; // 0 is the default
        let options = ffi::HookOptions {
            struct_size,
            phase,
            failure_policy,
            max_failures,
            chief_only: 0,
            trigger: trigger.as_ref().map_or(null_mut(), |owned| owned.0),
            name: null(),
            fetches: null(),
            fetch_count: 0,
        };
        check(|e| unsafe { ffi::runhook_config_add_hook(self.handle(), &table, &options, e) }).map(drop)
    }
}

fn run_args(fetches: &[&str]) -> Result<Owned<ffi::RunArgs>> {
    let args = check(|e| unsafe { ffi::runhook_run_args_create(e) })?;
    let args = Owned(args, ffi::runhook_run_args_destroy);
    for name in fetches {
        let name = c_string(name);
        check(|e| unsafe { ffi::runhook_run_args_add_fetch(args.0, null(), name.as_ptr(), e) })?;
    }
    Ok(args)
}

/// The step of a loop that stays where it is, and what else its body may see and ask. It completes with the next one, or
/// when the session is closed; `fail` makes it fail instead.
pub struct InlineStep<'a>(Context<'a>);

impl InlineStep<'_> {
    /// Publishes an output.
    pub fn set(&mut self, name: &str, number: f64) -> Result<()> {
        self.set_double(name, number)
    }
    /// The global step that this one reaches, with which its values are logged: 1 for the first.
    pub fn number(&self) -> i64 {
        unsafe { ffi::runhook_step_number(self.0 .0) }
    }
    /// Says which global step this step reaches, where it is not one more.
    pub fn set_global_step(&mut self, step: i64) -> Result<()> {
        check(|e| unsafe { ffi::runhook_step_set_global_step(self.0 .0, step, e) }).map(drop)
    }
    /// Gives the step up: it does not count, and the run has not failed.
    pub fn abandon(self) -> Result<()> {
        check(|e| unsafe { ffi::runhook_step_abandon(self.0 .0, e) }).map(drop)
    }
}

impl<'a> Deref for InlineStep<'a> {
    type Target = Context<'a>;
    fn deref(&self) -> &Context<'a> {
        &self.0
    }
}

impl<'a> DerefMut for InlineStep<'a> {
    fn deref_mut(&mut self) -> &mut Context<'a> {
        &mut self.0
    }
}

/// The loop. Dropping it closes it, too, but tells nobody what that failed with; a step that is open is cancelled then.
/// A panic that drops it has failed the run.
pub struct MonitoredSession(Owned<ffi::MonitoredSession>, RefCell<Causes>);

impl MonitoredSession {
    pub fn new(config: &Config) -> Result<MonitoredSession> {
        let causes = RefCell::default();
        let session = at_work(&causes, || {
            check(|e| unsafe { ffi::runhook_monitored_session_create(config.handle(), e) })
        })?;
        Ok(MonitoredSession(
            Owned(session, ffi::runhook_monitored_session_destroy),
            causes,
        ))
    }

    fn check<T>(&self, call: impl FnOnce(*mut ffi::MonitoredSession, *mut *mut ffi::Error) -> T) -> Result<T> {
        at_work(&self.1, || check(|e| call(self.0 .0, e)))
    }

    /// Executes one step; returns what was fetched, by name: a number, or `None` for an operation.
    pub fn run(&mut self, fetches: &[&str]) -> Result<HashMap<String, Option<f64>>> {
        let args = run_args(fetches)?;
        let results = Owned(
            check(|e| unsafe { ffi::runhook_results_create(e) })?,
            ffi::runhook_results_destroy,
        );
        self.check(|session, e| unsafe { ffi::runhook_monitored_session_run(session, args.0, results.0, e) })?;
        let mut fetched = HashMap::new();
        for index in 0..unsafe { ffi::runhook_results_count(results.0) } {
            let value = unsafe { ffi::runhook_results_value_at(results.0, index) };
            let mut number = None;
            if !value.is_null() {
                check(|e| unsafe { ffi::runhook_value_get_double(value, number.insert(0.0), e) })?;
            }
            fetched.insert(text(unsafe { ffi::runhook_results_key_at(results.0, index) }), number);
        }
        Ok(fetched)
    }

    /// Executes steps until a stop or the end of input, at most `max_steps` unless that is 0; returns how many.
    pub fn run_until_stop(&mut self, fetches: &[&str], max_steps: i64) -> Result<i64> {
        let (args, mut completed) = (run_args(fetches)?, 0);
        self.check(|session, e| unsafe {
            ffi::runhook_monitored_session_run_until_stop(session, args.0, max_steps, &mut completed, e)
        })?;
        Ok(completed)
    }

    /// Completes the step that is open, if one is, and gives the next one; `None`: a stop, the end of input, `max_steps`.
    #[allow(clippy::should_implement_trait)] // what an iterator gives could be kept
    pub fn next(&mut self) -> Result<Option<InlineStep<'_>>> {
        let step = self.check(|session, e| unsafe { ffi::runhook_monitored_session_next(session, e) })?;
        Ok((!step.is_null()).then(|| InlineStep(Context::of(step))))
    }

    pub fn should_stop(&self) -> bool {
        unsafe { ffi::runhook_monitored_session_should_stop(self.0 .0) == 1 }
    }

    /// The steps that are done, also by earlier runs that this one goes on from.
    pub fn global_step(&self) -> i64 {
        unsafe { ffi::runhook_monitored_session_global_step(self.0 .0) }
    }

    /// Asks for a stop after this step; returns whether this was the first request.
    pub fn request_stop(&self, code: i32, why: &str) -> bool {
        unsafe { ffi::runhook_monitored_session_request_stop(self.0 .0, code, c_string(why).as_ptr(), 0) == 1 }
    }

    /// By this another thread can ask for a stop.
    pub fn stop_source(&self) -> Result<StopSource> {
        let source = self.check(|session, e| unsafe { ffi::runhook_monitored_session_stop_source(session, e) })?;
        Ok(StopSource(Owned(source, ffi::runhook_stop_source_destroy)))
    }

    /// Ends the run: `end` and `cleanup` of every hook. To do so again changes nothing.
    pub fn close(&mut self) -> Result<()> {
        self.check(|session, e| unsafe { ffi::runhook_monitored_session_close(session, e) })
            .map(drop)
    }

    /// Tells how the run ended; of `Kind::Running` until it is closed.
    pub fn outcome(&self) -> Result<Outcome> {
        let outcome = self.check(|session, e| unsafe { ffi::runhook_monitored_session_outcome(session, e) })?;
        let outcome = Owned(outcome, ffi::runhook_outcome_destroy);
        Ok(at_work(&self.1, || unsafe { Outcome::from_handle(outcome.0) }))
    }
}

impl Drop for MonitoredSession {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (code, text) = (
                Code::Unknown.into(),
                c_string("a panic has left the scope of the session"),
            );
            unsafe { ffi::runhook_monitored_session_fail(self.0 .0, code, text.as_ptr(), null_mut()) };
        }
    }
}

pub struct StopSource(Owned<ffi::StopSource>);
unsafe impl Send for StopSource {}
unsafe impl Sync for StopSource {}

impl StopSource {
    pub fn request_stop(&self, code: i32, why: &str) -> bool {
        unsafe { ffi::runhook_stop_source_request_stop(self.0 .0, code, c_string(why).as_ptr(), 0) == 1 }
    }
}

#[derive(Clone, Debug)]
pub struct StopReason {
    pub origin: Origin,
    pub who: String,
    pub text: String,
    pub code: i32,
    pub step: i64,
}

#[derive(Clone, Debug)]
pub struct Outcome {
    pub kind: Kind,
    pub step: i64,
    pub runs: i64,
    pub recoveries: i64,
    pub warnings: i64,
    pub stop_reason: Option<StopReason>, // of the first request, whatever the kind
    pub error: Option<Error>,
    text: String,
}

impl Outcome {
    unsafe fn from_handle(outcome: *mut ffi::Outcome) -> Outcome {
        let mut reason: ffi::StopReason = std::mem::zeroed();
        reason.struct_size = size_of::<ffi::StopReason>();
        let asked = check(|e| ffi::runhook_outcome_stop_reason(outcome, &mut reason, e)).is_ok();
        let error = ffi::runhook_outcome_error(outcome);
        Outcome {
            kind: ffi::runhook_outcome_kind(outcome).into(),
            step: ffi::runhook_outcome_step(outcome),
            runs: ffi::runhook_outcome_runs(outcome),
            recoveries: ffi::runhook_outcome_recoveries(outcome),
            warnings: ffi::runhook_outcome_warnings(outcome),
            stop_reason: asked.then(|| StopReason {
                origin: reason.origin.into(),
                who: text(reason.who),
                text: text(reason.text),
                code: reason.code,
                step: reason.step,
            }),
            error: (!error.is_null()).then(|| Error::from_handle(error)),
            text: text(ffi::runhook_outcome_to_string(outcome)),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.text)
    }
}
