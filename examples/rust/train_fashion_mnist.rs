//! Trains the C model of ../fashion_mnist with a hook in Rust that evaluates it, and asks for a stop at the target.
//!
//! With --fail the hook panics on purpose: the run fails with the panic's message, and the exit status is 2.

mod runhook;

use runhook::{add_hook, check, ffi, owned_text, Context, Hook, Result};
use std::ffi::CString;
use std::os::raw::c_char;
use std::ptr::null_mut;

/// The C model.
mod model {
    use super::*;

    #[repr(C)]
    pub struct Dataset {
        _private: [u8; 0],
    }

    extern "C" {
        pub fn fashion_dataset_load(
            directory: *const c_char,
            part: *const c_char,
            message: *mut c_char,
            message_size: usize,
        ) -> *mut Dataset;
        pub fn fashion_dataset_destroy(data: *mut Dataset);
        pub fn fashion_model_create(
            training_set: *const Dataset,
            batch_size: i64,
            seed: u64,
            learning_rate: f64,
            error: *mut *mut ffi::Error,
        ) -> *mut ffi::Graph;
        pub fn fashion_model_evaluate(
            session: *mut ffi::Session,
            data: *const Dataset,
            accuracy: *mut f64,
            error: *mut *mut ffi::Error,
        ) -> ffi::Status;
    }
}

/// Watches the loss, evaluates every `every` steps and asks for a stop when the target is reached.
struct TargetHook {
    test_set: *const model::Dataset,
    target: f64,
    every: i64,
    fail: bool,
}

impl Hook for TargetHook {
    fn before_run(&mut self, context: &mut Context) -> Result<()> {
        context.fetch("loss")
    }

    fn after_run(&mut self, context: &mut Context) -> Result<()> {
        let step = context.global_step();
        let loss = context.number("loss")?;
        if self.fail && step == 3 {
            panic!("on purpose, at a loss of {:.3}", loss);
        }
        if step % self.every != 0 {
            return Ok(());
        }
        let mut accuracy = 0.0;
        let session = context.session();
        check(|e| unsafe { model::fashion_model_evaluate(session, self.test_set, &mut accuracy, e) })?;
        eprintln!("step {step}  loss {loss:.4}  test accuracy {accuracy:.4}");
        if accuracy >= self.target {
            context.request_stop(
                0,
                &format!("test accuracy {accuracy:.4} has reached {:.4}", self.target),
            );
        }
        Ok(())
    }
}

/// Owns a handle and ends it with the right function, whatever happens.
struct Owned<T>(*mut T, unsafe extern "C" fn(*mut T));

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        unsafe { (self.1)(self.0) }
    }
}

struct Options {
    data: String,
    target: f64,
    max_steps: i64,
    fail: bool,
}

fn parse() -> Result<Options> {
    let mut options = Options {
        data: "/usr/share/datasets/fashion-mnist".into(),
        target: 0.83,
        max_steps: 10000,
        fail: false,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{name} has no value"));
        match name.as_str() {
            "--fail" => options.fail = true,
            "--data" => options.data = value()?,
            "--target" => options.target = value()?.parse().map_err(|e| format!("--target: {e}"))?,
            "--max-steps" => options.max_steps = value()?.parse().map_err(|e| format!("--max-steps: {e}"))?,
            _ => return Err(format!("unknown option {name}")),
        }
    }
    Ok(options)
}

fn load(directory: &str, part: &str) -> Result<Owned<model::Dataset>> {
    let directory = CString::new(directory).map_err(|e| e.to_string())?;
    let part = CString::new(part).map_err(|e| e.to_string())?;
    let mut message = vec![0 as c_char; 4352];
    let data =
        unsafe { model::fashion_dataset_load(directory.as_ptr(), part.as_ptr(), message.as_mut_ptr(), message.len()) };
    if data.is_null() {
        return Err(owned_text(message.as_ptr()));
    }
    Ok(Owned(data, model::fashion_dataset_destroy))
}

/// Returns how the run ended, as one line.
fn train(options: &Options) -> Result<String> {
    check(|e| unsafe { ffi::runhook_check_version(ffi::VERSION, e) })?;
    // Locals are dropped in reverse order: the data sets come first, because the graph and the hook look at them.
    let training_set = load(&options.data, "train")?;
    let test_set = load(&options.data, "t10k")?;
    unsafe {
        let graph = Owned(
            check(|e| model::fashion_model_create(training_set.0, 64, 1, 0.1, e))?,
            ffi::runhook_graph_destroy,
        );
        let config = Owned(check(|e| ffi::runhook_config_create(e))?, ffi::runhook_config_destroy);
        check(|e| ffi::runhook_config_set_graph(config.0, graph.0, e))?;
        let hook = TargetHook {
            test_set: test_set.0,
            target: options.target,
            every: 100,
            fail: options.fail,
        };
        add_hook(config.0, "rust target", hook)?;

        let args = Owned(
            check(|e| ffi::runhook_run_args_create(e))?,
            ffi::runhook_run_args_destroy,
        );
        let train = CString::new("train").map_err(|e| e.to_string())?;
        check(|e| ffi::runhook_run_args_add_fetch(args.0, std::ptr::null(), train.as_ptr(), e))?;

        let session = Owned(
            check(|e| ffi::runhook_monitored_session_create(config.0, e))?,
            ffi::runhook_monitored_session_destroy,
        );
        check(|e| ffi::runhook_monitored_session_run_until_stop(session.0, args.0, options.max_steps, null_mut(), e))?;
        check(|e| ffi::runhook_monitored_session_close(session.0, e))?;
        let outcome = Owned(
            check(|e| ffi::runhook_monitored_session_outcome(session.0, e))?,
            ffi::runhook_outcome_destroy,
        );
        Ok(owned_text(ffi::runhook_outcome_to_string(outcome.0)))
    }
}

fn main() {
    let result = parse().and_then(|options| train(&options));
    match result {
        Ok(outcome) => println!("{outcome}"),
        Err(message) => {
            eprintln!("training failed: {message}");
            std::process::exit(2);
        }
    }
}
