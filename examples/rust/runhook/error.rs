//! What went wrong, and how C says so.

use super::ffi;
use std::cell::RefCell;
use std::error::Error as StdError;
use std::ffi::{CStr, CString};
use std::fmt;
use std::os::raw::c_char;
use std::ptr::null_mut;
use std::sync::Arc;

numbers!(Code: Ok = 0, Cancelled = 1, Unknown = 2, InvalidArgument = 3, DeadlineExceeded = 4, NotFound = 5,
    AlreadyExists = 6, PermissionDenied = 7, ResourceExhausted = 8, FailedPrecondition = 9, Aborted = 10,
    OutOfRange = 11, Unimplemented = 12, Internal = 13, Unavailable = 14, DataLoss = 15, Unauthenticated = 16,
    Stopped = 100, Closed = 101, Reentrant = 102, Busy = 103, HookFailed = 104, NoMemory = 105);

/// What a function of runhook failed with. A hook or step may return one to give a code: by default, runhook recovers
/// from `Aborted` and `Unavailable`, and `OutOfRange` is the end of input.
#[derive(Clone, Debug)]
pub struct Error {
    pub code: Code,
    pub message: String,
    pub hook: String,
    pub callback: String,
    pub step: i64,
    pub suppressed: Vec<Error>, // what else went wrong after it
    text: String,
    cause: Option<Cause>,
}

pub type Result<T> = std::result::Result<T, Error>;
type Cause = Arc<dyn StdError + Send + Sync>;

impl Error {
    pub fn new(code: Code, message: &str) -> Error {
        let (message, text) = (message.to_string(), message.to_string());
        let (hook, callback) = Default::default();
        Error {
            code,
            message,
            hook,
            callback,
            step: -1,
            suppressed: Vec::new(),
            text,
            cause: None,
        }
    }

    pub(super) unsafe fn from_handle(handle: *const ffi::Error) -> Error {
        let suppressed = 0..ffi::runhook_error_suppressed_count(handle);
        let (hook, message) = (
            text(ffi::runhook_error_hook(handle)),
            text(ffi::runhook_error_message(handle)),
        );
        Error {
            code: ffi::runhook_error_code(handle).into(),
            callback: text(ffi::runhook_error_callback(handle)),
            step: ffi::runhook_error_step(handle),
            suppressed: suppressed
                .map(|i| Error::from_handle(ffi::runhook_error_suppressed_at(handle, i)))
                .collect(),
            text: text(ffi::runhook_error_to_string(handle as *mut _)),
            cause: cause(&hook, &message),
            hook,
            message,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for Error {
    /// What the hook or step returned, or the text that it panicked with.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_ref().map(|cause| &**cause as &(dyn StdError + 'static))
    }
}

/// What callbacks failed with, by hook and message.
pub(super) type Causes = Vec<(String, String, Cause)>;

thread_local! { // of the session at work on this thread
    static CAUSES: RefCell<Option<Causes>> = RefCell::default();
}

fn cause(hook: &str, message: &str) -> Option<Cause> {
    // A step has no name, nor has the state of a program, whose failure is that of the hook that saves it.
    let matches = |known: &&(String, String, Cause)| (known.0 == hook || known.0.is_empty()) && known.1 == message;
    CAUSES.with(|causes| {
        causes
            .borrow()
            .as_ref()?
            .iter()
            .rev()
            .find(matches)
            .map(|known| known.2.clone())
    })
}

pub(super) fn remember(hook: String, message: String, cause: Cause) {
    // Nothing is kept where no session is at work, and not much where Policy::Warn lets a hook fail for ever.
    let _ = CAUSES.try_with(|causes| {
        if let Some(list) = causes.borrow_mut().as_mut() {
            list.drain(..list.len().saturating_sub(63));
            list.push((hook, message, cause));
        }
    });
}

/// Runs what calls callbacks, so that errors get what those failed with as their source.
pub(super) fn at_work<T>(causes: &RefCell<Causes>, body: impl FnOnce() -> T) -> T {
    let outer = CAUSES.with(|current| current.replace(Some(causes.take())));
    let value = body();
    causes.replace(CAUSES.with(|current| current.replace(outer)).unwrap_or_default());
    value
}

pub(super) fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', " ")).expect("no NUL is left in it")
}

pub fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// Calls a function that takes `runhook_error **error` last, and makes a `Result` of what that says.
pub fn check<T>(call: impl FnOnce(*mut *mut ffi::Error) -> T) -> Result<T> {
    let mut error = null_mut();
    let value = call(&mut error);
    if error.is_null() {
        return Ok(value);
    }
    let error = Owned(error, ffi::runhook_error_destroy);
    Err(unsafe { Error::from_handle(error.0) })
}

/// Owns a handle and ends it with the right function, whatever happens.
pub struct Owned<T>(pub *mut T, pub unsafe extern "C" fn(*mut T));

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        unsafe { (self.1)(self.0) }
    }
}
