//! Trains the C model of ../fashion_mnist with a hook in Rust that evaluates it, and asks for a stop at the target.
//!
//! With --fail the hook panics on purpose: the run fails with the panic's message, and the exit status is 2.

mod runhook;

use runhook::{
    check, ffi, BoxedError, Config, Context, Hook, HookOptions, HookResult, MonitoredSession, Outcome, Owned,
};
use std::ffi::{CStr, CString};
use std::os::raw::c_char;

type Result<T> = std::result::Result<T, BoxedError>;

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
    fn before_run(&mut self, context: &mut Context) -> HookResult {
        context.add_fetch("loss")?;
        Ok(())
    }

    fn after_run(&mut self, context: &mut Context) -> HookResult {
        let step = context.global_step();
        let loss = context.get_double("loss")?;
        if self.fail && step == 3 {
            panic!("on purpose, at a loss of {:.3}", loss);
        }
        if step % self.every != 0 {
            return Ok(());
        }
        let mut accuracy = 0.0;
        let session = context.session();
        check(|e| unsafe { model::fashion_model_evaluate(session, self.test_set, &mut accuracy, e) })?;
        context.log_scalar("test accuracy", accuracy)?; // for every output that the run has
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
            _ => return Err(format!("unknown option {name}").into()),
        }
    }
    Ok(options)
}

fn load(directory: &str, part: &str) -> Result<Owned<model::Dataset>> {
    let (directory, part) = (CString::new(directory)?, CString::new(part)?);
    let mut message = vec![0 as c_char; 4352];
    let data =
        unsafe { model::fashion_dataset_load(directory.as_ptr(), part.as_ptr(), message.as_mut_ptr(), message.len()) };
    if data.is_null() {
        return Err(unsafe { CStr::from_ptr(message.as_ptr()) }.to_string_lossy().into());
    }
    Ok(Owned(data, model::fashion_dataset_destroy))
}

fn train(options: &Options) -> Result<Outcome> {
    // Locals are dropped in reverse order: the data sets come first, because the graph and the hook look at them.
    let training_set = load(&options.data, "train")?;
    let test_set = load(&options.data, "t10k")?;
    let graph = check(|e| unsafe { model::fashion_model_create(training_set.0, 64, 1, 0.1, e) })?;
    let graph = Owned(graph, ffi::runhook_graph_destroy);

    let mut config = Config::new()?;
    check(|e| unsafe { ffi::runhook_config_set_graph(config.handle(), graph.0, e) })?;
    let hook = TargetHook {
        test_set: test_set.0,
        target: options.target,
        every: 100,
        fail: options.fail,
    };
    config.add_hook("rust target", hook, HookOptions::default())?;

    let mut session = MonitoredSession::new(&config)?;
    session.run_until_stop(&["train"], options.max_steps)?;
    session.close()?;
    Ok(session.outcome()?)
}

fn main() {
    match parse().and_then(|options| train(&options)) {
        Ok(outcome) => println!("{outcome}"),
        Err(error) => {
            eprintln!("training failed: {error}");
            if let Some(cause) = error.source() {
                eprintln!("because of {cause}");
            }
            std::process::exit(2);
        }
    }
}
