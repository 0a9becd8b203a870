//! Hooks, what they see and ask, and how C calls them.

use super::error::{c_string, remember, text};
use super::*;
use std::any::Any;
use std::marker::PhantomData;
use std::mem::forget;
use std::os::raw::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};

pub type BoxedError = Box<dyn StdError + Send + Sync>;
/// Of a callback: with `?` or `.into()` any error will do, or a text.
pub type HookResult = std::result::Result<(), BoxedError>;

/// What a callback sees and asks. Cannot be kept: it is lent for the time of one callback.
pub struct Context<'a>(pub(super) *mut ffi::Context, PhantomData<&'a mut ffi::Context>);

impl<'a> Context<'a> {
    pub(super) fn of(context: *mut ffi::Context) -> Context<'a> {
        Context(context, PhantomData)
    }
    pub fn session(&mut self) -> *mut ffi::Session {
        unsafe { ffi::runhook_context_session(self.0) }
    }
    pub fn global_step(&self) -> i64 {
        unsafe { ffi::runhook_context_global_step(self.0) }
    }
    /// 1, or more after a recovery.
    pub fn attempt(&self) -> i64 {
        unsafe { ffi::runhook_context_attempt(self.0) }
    }
    pub fn stop_requested(&self) -> bool {
        unsafe { ffi::runhook_context_stop_requested(self.0) == 1 }
    }
    /// Asks for a stop after this step; returns whether this was the first request.
    pub fn request_stop(&mut self, code: i32, why: &str) -> bool {
        unsafe { ffi::runhook_context_request_stop(self.0, code, c_string(why).as_ptr(), 0) == 1 }
    }
    /// Makes the callback fail, as `Err` does, but goes on in it.
    pub fn fail(&mut self, code: Code, message: &str) {
        unsafe { ffi::runhook_context_fail(self.0, code.into(), c_string(message).as_ptr()) };
    }
    /// In `before_run`: asks for a result, to be found in `after_run`.
    pub fn add_fetch(&mut self, name: &str) -> Result<()> {
        let name = c_string(name);
        check(|e| unsafe { ffi::runhook_context_add_fetch(self.0, null(), name.as_ptr(), e) }).map(drop)
    }
    /// In `after_run`: returns a result that this hook asked for.
    pub fn get_double(&mut self, name: &str) -> Result<f64> {
        let (name, mut number) = (c_string(name), 0.0);
        check(|e| unsafe { ffi::runhook_context_get_double(self.0, name.as_ptr(), &mut number, e) }).map(|_| number)
    }
    pub fn get_int64(&mut self, name: &str) -> Result<i64> {
        let mut number = 0;
        let value = unsafe { ffi::runhook_context_result(self.0, c_string(name).as_ptr()) };
        check(|e| unsafe { ffi::runhook_value_get_int64(value, &mut number, e) }).map(|_| number)
    }
    /// Says "this value, at this step": it reaches every output that is there.
    pub fn log_scalar(&mut self, name: &str, number: f64) -> Result<()> {
        let name = c_string(name);
        check(|e| unsafe { ffi::runhook_context_log_scalar(self.0, name.as_ptr(), number, e) }).map(drop)
    }
    pub fn log_int64(&mut self, name: &str, number: i64) -> Result<()> {
        let name = c_string(name);
        check(|e| unsafe { ffi::runhook_context_log_int64(self.0, name.as_ptr(), number, e) }).map(drop)
    }
    pub fn log_text(&mut self, name: &str, text: &str) -> Result<()> {
        let (name, text) = (c_string(name), c_string(text));
        check(|e| unsafe { ffi::runhook_context_log_text(self.0, name.as_ptr(), text.as_ptr(), e) }).map(drop)
    }
    /// In a step: publishes an output.
    pub fn set_double(&mut self, name: &str, number: f64) -> Result<()> {
        let name = c_string(name);
        check(|e| unsafe { ffi::runhook_step_set_double(self.0, name.as_ptr(), number, e) }).map(drop)
    }
    pub fn set_int64(&mut self, name: &str, number: i64) -> Result<()> {
        let name = c_string(name);
        let value = check(|e| unsafe { ffi::runhook_value_create_int64(number, e) })?;
        let value = Owned(value, ffi::runhook_value_destroy);
        check(|e| unsafe { ffi::runhook_step_set_output(self.0, name.as_ptr(), value.0, e) }).map(drop)
    }
    /// In `save`: what the hook has to remember of the run.
    pub fn set_state(&mut self, state: &[u8]) -> Result<()> {
        let data = state.as_ptr() as *const c_void;
        check(|e| unsafe { ffi::runhook_context_set_state(self.0, data, state.len(), e) }).map(drop)
    }
    /// In `restore`: what a hook of this name has saved.
    pub fn state(&self) -> &[u8] {
        let mut size = 0;
        let state = unsafe { ffi::runhook_context_state(self.0, &mut size) };
        unsafe { bytes(state, size) }.unwrap_or_default()
    }
    /// In `on_error`: what went wrong.
    pub fn error(&self) -> Option<Error> {
        let error = unsafe { ffi::runhook_context_error(self.0) };
        (!error.is_null()).then(|| unsafe { Error::from_handle(error) })
    }
    /// In `cleanup`: how the run ended.
    pub fn outcome(&self) -> Option<Outcome> {
        let outcome = unsafe { ffi::runhook_context_outcome(self.0) };
        (!outcome.is_null()).then(|| unsafe { Outcome::from_handle(outcome as *mut _) })
    }
}

macro_rules! hook {
    ($($(#[$doc:meta])* $name:ident)*) => {
        /// A hook. `Err` and panics both make it fail.
        pub trait Hook {
            $($(#[$doc])* fn $name(&mut self, _context: &mut Context) -> HookResult { Ok(()) })*
        }
        pub(super) mod callbacks {
            use super::*;
            $(pub unsafe extern "C" fn $name(context: *mut ffi::Context, hook: *mut c_void, ok: i32) -> i32 {
                guard(context, ok, |context| lend::<Box<dyn Hook>>(hook)?.$name(context))
            })*
        }
    };
}

hook! {
    /// Once, before there is a session.
    begin
    /// After each creation of a session, so again after every recovery.
    after_create_session
    /// Before each attempt at a step.
    before_run
    /// After the step, with the results that this hook asked for.
    after_run
    /// Instead of `after_run`, if the attempt did not get there.
    on_error
    /// Once, when the run has ended and did not fail.
    end
    /// Once, always, last.
    cleanup
    /// When the run is saved: answers with `Context::set_state`.
    save
    /// If the run goes on from what a hook of this name has saved, before `after_create_session`: `Context::state`.
    restore
}

/// What C lends, for as long as it does.
pub(super) unsafe fn bytes<'a>(data: *const c_void, size: usize) -> Option<&'a [u8]> {
    (!data.is_null()).then(|| std::slice::from_raw_parts(data as *const u8, size))
}

/// Keeps panics on this side and tells runhook what went wrong.
pub(super) fn guard(context: *mut ffi::Context, ok: i32, body: impl FnOnce(&mut Context) -> HookResult) -> i32 {
    guard_as("", context, ok, body)
}

/// Likewise, after a text that says what was being done.
pub(super) fn guard_as(
    what: &str,
    context: *mut ffi::Context,
    ok: i32,
    body: impl FnOnce(&mut Context) -> HookResult,
) -> i32 {
    let body = AssertUnwindSafe(|| {
        body(&mut Context(context, PhantomData)).map_err(|error| match error.downcast_ref::<Error>() {
            Some(known) => (known.code, known.message.clone(), error),
            None => (Code::Unknown, error.to_string(), error),
        })
    });
    let (code, message, cause) = match catch_unwind(body) {
        Ok(Ok(())) => return ok,
        Ok(Err(failure)) => failure,
        Err(panic) => {
            let text = format!("panic: {}", panic_text(panic));
            (Code::Unknown, text.clone(), text.into())
        }
    };
    let message = c_string(&format!("{what}{message}"));
    let returned = unsafe { ffi::runhook_context_fail(context, code.into(), message.as_ptr()) };
    let hook = unsafe { ffi::runhook_context_hook_name(context) };
    remember(text(hook), text(message.as_ptr()), cause.into());
    returned
}

fn panic_text(panic: Box<dyn Any + Send>) -> String {
    let panic = match panic.downcast::<String>() {
        Ok(text) => return *text,
        Err(panic) => panic,
    };
    match panic.downcast::<&str>() {
        Ok(text) => text.to_string(),
        Err(panic) => {
            forget(panic); // it may panic again when it is dropped
            "of an unknown kind".into()
        }
    }
}

// What C holds is a pointer to a RefCell: a hook of two sessions, one of which runs in the other, is not lent twice.

pub(super) unsafe fn lend<'a, T>(data: *mut c_void) -> std::result::Result<RefMut<'a, T>, BoxedError> {
    (*(data as *const RefCell<T>))
        .try_borrow_mut()
        .map_err(|_| "called while it is being called".into())
}

pub(super) unsafe extern "C" fn destroy<T>(data: *mut c_void) {
    let drop_it = AssertUnwindSafe(|| drop(Rc::from_raw(data as *const RefCell<T>)));
    let _ = catch_unwind(drop_it).map_err(panic_text);
}

pub(super) fn function<T>(
    data: Rc<RefCell<T>>,
    call: unsafe extern "C" fn(*mut ffi::Context, *mut c_void, i32) -> i32,
) -> ffi::Function {
    let user_data = Rc::into_raw(data) as *mut c_void;
    ffi::Function {
        struct_size: size_of::<ffi::Function>(),
        user_data,
        destroy: Some(destroy::<T>),
        call: Some(call),
    }
}

pub(super) type Step = Box<dyn FnMut(&mut Context) -> HookResult>;

pub(super) unsafe extern "C" fn run_step(context: *mut ffi::Context, step: *mut c_void, ok: i32) -> i32 {
    guard(context, ok, |context| lend::<Step>(step)?(context))
}
