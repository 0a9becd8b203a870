//! Just enough of runhook's C ABI to write a hook in Rust, by hand and without crates.
//!
//! Two rules make it safe: no panic may leave a callback, and what runhook lends may not outlive the callback. The first
//! is kept by `guard`, the second by lifetimes.

use std::any::Any;
use std::ffi::{CStr, CString};
use std::marker::PhantomData;
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};

/// The part of the C headers that is needed here. Handles are opaque; callers must not look behind them.
pub mod ffi {
    use super::*;

    pub type Status = i32;
    pub const ERR_UNKNOWN: Status = 2;
    pub const CALLBACK_OK: i32 = 0x600D; // neither 0 nor 1, so that nothing is a success by accident
    pub const CALLBACK_FAILED: i32 = 0x0BAD;
    pub const VERSION: i32 = 10000; // of the headers that these declarations were taken from

    macro_rules! handles { ($($name:ident)*) => { $(#[repr(C)] pub struct $name { _private: [u8; 0] })* } }
    handles!(Context Error Graph Config MonitoredSession Session RunArgs Outcome);

    pub type Callback = Option<unsafe extern "C" fn(*mut Context, *mut c_void) -> i32>;

    /// runhook_hook as of 1.0. A later library knows from `struct_size` that it ends here.
    #[repr(C)]
    pub struct Hook {
        pub struct_size: usize,
        pub user_data: *mut c_void,
        pub destroy: Option<unsafe extern "C" fn(*mut c_void)>,
        pub name: *const c_char,
        pub begin: Callback,
        pub after_create_session: Callback,
        pub before_run: Callback,
        pub after_run: Callback,
        pub on_error: Callback,
        pub end: Callback,
        pub cleanup: Callback,
    }

    extern "C" {
        pub fn runhook_check_version(header_version: i32, error: *mut *mut Error) -> Status;
        pub fn runhook_error_to_string(error: *mut Error) -> *const c_char;
        pub fn runhook_error_destroy(error: *mut Error);

        pub fn runhook_context_fail(context: *mut Context, code: Status, message: *const c_char) -> i32;
        pub fn runhook_context_session(context: *mut Context) -> *mut Session;
        pub fn runhook_context_global_step(context: *mut Context) -> i64;
        pub fn runhook_context_request_stop(context: *mut Context, code: i32, text: *const c_char) -> i32;
        pub fn runhook_context_add_fetch(
            context: *mut Context,
            key: *const c_char,
            name: *const c_char,
            error: *mut *mut Error,
        ) -> Status;
        pub fn runhook_context_get_double(
            context: *mut Context,
            key: *const c_char,
            number: *mut f64,
            error: *mut *mut Error,
        ) -> Status;

        pub fn runhook_graph_destroy(graph: *mut Graph);
        pub fn runhook_config_create(error: *mut *mut Error) -> *mut Config;
        pub fn runhook_config_destroy(config: *mut Config);
        pub fn runhook_config_set_graph(config: *mut Config, graph: *mut Graph, error: *mut *mut Error) -> Status;
        pub fn runhook_config_add_hook(
            config: *mut Config,
            hook: *const Hook,
            options: *const c_void,
            error: *mut *mut Error,
        ) -> Status;
        pub fn runhook_run_args_create(error: *mut *mut Error) -> *mut RunArgs;
        pub fn runhook_run_args_destroy(args: *mut RunArgs);
        pub fn runhook_run_args_add_fetch(
            args: *mut RunArgs,
            key: *const c_char,
            name: *const c_char,
            error: *mut *mut Error,
        ) -> Status;
        pub fn runhook_monitored_session_create(config: *const Config, error: *mut *mut Error)
            -> *mut MonitoredSession;
        pub fn runhook_monitored_session_destroy(session: *mut MonitoredSession);
        pub fn runhook_monitored_session_run_until_stop(
            session: *mut MonitoredSession,
            args: *const RunArgs,
            max_steps: i64,
            completed: *mut i64,
            error: *mut *mut Error,
        ) -> Status;
        pub fn runhook_monitored_session_close(session: *mut MonitoredSession, error: *mut *mut Error) -> Status;
        pub fn runhook_monitored_session_outcome(
            session: *const MonitoredSession,
            error: *mut *mut Error,
        ) -> *mut Outcome;
        pub fn runhook_outcome_to_string(outcome: *mut Outcome) -> *const c_char;
        pub fn runhook_outcome_destroy(outcome: *mut Outcome);
    }
}

pub type Result<T> = std::result::Result<T, String>;

fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', " ")).expect("no NUL is left in it")
}

pub fn owned_text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// Calls a function that takes `runhook_error **error` last, and makes a `Result` of what that says.
pub fn check<T>(call: impl FnOnce(*mut *mut ffi::Error) -> T) -> Result<T> {
    let mut error = std::ptr::null_mut();
    let value = call(&mut error);
    if error.is_null() {
        return Ok(value);
    }
    let text = owned_text(unsafe { ffi::runhook_error_to_string(error) });
    unsafe { ffi::runhook_error_destroy(error) };
    Err(text)
}

/// What a hook sees and asks. Cannot be kept: it is lent for the time of one callback.
pub struct Context<'a>(*mut ffi::Context, PhantomData<&'a mut ffi::Context>);

impl Context<'_> {
    pub fn global_step(&mut self) -> i64 {
        unsafe { ffi::runhook_context_global_step(self.0) }
    }
    pub fn session(&mut self) -> *mut ffi::Session {
        unsafe { ffi::runhook_context_session(self.0) }
    }
    pub fn fetch(&mut self, name: &str) -> Result<()> {
        let name = c_string(name);
        check(|e| unsafe { ffi::runhook_context_add_fetch(self.0, std::ptr::null(), name.as_ptr(), e) }).map(drop)
    }
    pub fn number(&mut self, name: &str) -> Result<f64> {
        let name = c_string(name);
        let mut number = 0.0;
        check(|e| unsafe { ffi::runhook_context_get_double(self.0, name.as_ptr(), &mut number, e) })?;
        Ok(number)
    }
    pub fn request_stop(&mut self, code: i32, why: &str) -> bool {
        let why = c_string(why);
        unsafe { ffi::runhook_context_request_stop(self.0, code, why.as_ptr()) == 1 }
    }
}

/// A hook. `Err` and panics both make the callback fail.
pub trait Hook {
    fn before_run(&mut self, _context: &mut Context) -> Result<()> {
        Ok(())
    }
    fn after_run(&mut self, _context: &mut Context) -> Result<()> {
        Ok(())
    }
}

/// Gives a hook to a config, which owns it from here on.
pub fn add_hook<H: Hook + 'static>(config: *mut ffi::Config, name: &str, hook: H) -> Result<()> {
    let name = c_string(name); // runhook copies it
    let table = ffi::Hook {
        struct_size: std::mem::size_of::<ffi::Hook>(),
        user_data: Box::into_raw(Box::new(hook)) as *mut c_void,
        destroy: Some(destroy::<H>),
        name: name.as_ptr(),
        begin: None,
        after_create_session: None,
        before_run: Some(before_run::<H>),
        after_run: Some(after_run::<H>),
        on_error: None,
        end: None,
        cleanup: None,
    };
    // destroy() runs exactly once, even if the hook is refused: nothing has to be freed here.
    check(|e| unsafe { ffi::runhook_config_add_hook(config, &table, std::ptr::null(), e) }).map(drop)
}

// runhook calls the callbacks of one session one at a time, so a mutable reference to the hook is unique.

unsafe extern "C" fn before_run<H: Hook>(context: *mut ffi::Context, hook: *mut c_void) -> i32 {
    guard(context, |context| (*(hook as *mut H)).before_run(context))
}

unsafe extern "C" fn after_run<H: Hook>(context: *mut ffi::Context, hook: *mut c_void) -> i32 {
    guard(context, |context| (*(hook as *mut H)).after_run(context))
}

unsafe extern "C" fn destroy<H: Hook>(hook: *mut c_void) {
    let _ = catch_unwind(|| drop(Box::from_raw(hook as *mut H)));
}

/// Keeps panics on this side and tells runhook what went wrong.
fn guard(context: *mut ffi::Context, body: impl FnOnce(&mut Context) -> Result<()>) -> i32 {
    let result = catch_unwind(AssertUnwindSafe(|| body(&mut Context(context, PhantomData))));
    let message = match result {
        Ok(Ok(())) => return ffi::CALLBACK_OK,
        Ok(Err(message)) => message,
        Err(panic) => format!("panic: {}", panic_text(panic.as_ref())),
    };
    unsafe { ffi::runhook_context_fail(context, ffi::ERR_UNKNOWN, c_string(&message).as_ptr()) };
    ffi::CALLBACK_FAILED
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<String>() {
        return text;
    }
    panic.downcast_ref::<&str>().copied().unwrap_or("of an unknown kind")
}
