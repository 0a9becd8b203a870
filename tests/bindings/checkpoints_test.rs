//! What programs in Rust rely on whose state is saved: they go on where they were, what saving or restoring fails with
//! comes back, and the state is dropped once.

#[path = "../../examples/rust/runhook.rs"]
mod runhook;
mod runs;

use runhook::*;
use runs::{config, run};
use std::cell::RefCell;
use std::error::Error as StdError;
use std::rc::Rc;

/// Is removed in the end.
struct Directory(String);

impl Directory {
    fn new(name: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("runhook-rust-{name}-{}", std::process::id()));
        Directory(path.to_str().unwrap().into())
    }
    /// The steps of the checkpoints in it.
    fn steps(&self) -> Vec<i64> {
        let names = std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name());
        let steps = names.filter_map(|name| name.to_str()?.strip_prefix("step-")?.parse().ok());
        let mut steps: Vec<_> = steps.collect();
        steps.sort();
        steps
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A program that counts its steps, and calls a closure with the name of each function before it does its work.
struct Counting<F: FnMut(&str) -> HookResult>(i64, F);

impl<F: FnMut(&str) -> HookResult> SavedState for Counting<F> {
    fn save(&mut self) -> std::result::Result<Vec<u8>, BoxedError> {
        (self.1)("save")?;
        Ok(self.0.to_string().into())
    }
    fn restore(&mut self, saved: &[u8]) -> HookResult {
        (self.1)("restore")?;
        self.0 = std::str::from_utf8(saved)?.parse()?;
        Ok(())
    }
}

type Shared<F> = Rc<RefCell<Counting<F>>>;

fn counting<F: FnMut(&str) -> HookResult + 'static>(directory: &Directory, call: F) -> (Shared<F>, Config) {
    let (program, mut config) = (Rc::new(RefCell::new(Counting(0, call))), config());
    config
        .add_checkpoints(&directory.0, &CheckpointOptions::default(), program.clone())
        .unwrap();
    let counted = program.clone();
    let step = move |_: &mut Context| -> HookResult {
        counted.borrow_mut().0 += 1;
        Ok(())
    };
    config.set_step(&[], step).unwrap();
    (program, config)
}

#[test]
fn program_that_is_started_anew_goes_on_where_it_was() {
    let directory = Directory::new("anew");
    for begin in [0, 3, 6] {
        let (program, config) = counting(&directory, |_| Ok(()));
        let mut session = MonitoredSession::new(&config).unwrap();
        assert_eq!((session.global_step(), program.borrow().0), (begin, begin));
        session.run_until_stop(&[], 3).unwrap();
        session.close().unwrap();
        assert_eq!(program.borrow().0, begin + 3);
    }
    assert_eq!(directory.steps(), [0, 3, 6, 9]);
}

#[test]
fn what_saving_or_restoring_fails_with_fails_the_run() {
    let panics = || -> HookResult { panic!("on purpose, {}", 1) };
    let denied = || -> HookResult { Err(Error::new(Code::PermissionDenied, "denied").into()) };
    let cases: [(fn() -> HookResult, Code, &str); 2] = [
        (panics, Code::Unknown, "panic: on purpose, 1"),
        (denied, Code::PermissionDenied, "denied"),
    ];
    for (fail, code, message) in cases {
        for (function, during) in [("save", "saved"), ("restore", "restored")] {
            let directory = Directory::new("failing");
            assert!(run(&counting(&directory, |_| Ok(())).1, 1).1.is_none());
            let (program, config) = counting(&directory, move |name| if name == function { fail() } else { Ok(()) });
            let (outcome, error) = run(&config, 1);
            let error = error.expect(function);
            assert_eq!(error.code, code, "{error}");
            assert_eq!(error.message, format!("the state cannot be {during}: {message}"));
            assert_eq!(error.source().map(|source| source.to_string()).as_deref(), Some(message));
            // There is no session yet when its state is restored.
            assert_eq!(outcome.map(|outcome| outcome.kind), (function == "save").then_some(Kind::Failed));
            assert_eq!(program.borrow().0, if function == "save" { 2 } else { 0 });
            assert_eq!(directory.steps(), [0, 1]);
        }
    }
}

#[test]
fn state_that_is_borrowed_fails_the_save_and_the_next_one_succeeds() {
    let directory = Directory::new("borrowed");
    let (program, config) = counting(&directory, |_| Ok(()));
    let borrowed = program.borrow();
    let error = MonitoredSession::new(&config).err().unwrap();
    assert!(error.message.contains("cannot be saved: it is borrowed"), "{error}");
    drop(borrowed);
    assert!(run(&config, 1).1.is_none());
}

#[test]
fn state_is_dropped_once_when_the_last_session_is_gone() {
    let directory = Directory::new("dropped");
    let (program, config) = counting(&directory, |_| Ok(()));
    let mut refused = Config::new().unwrap();
    let both = CheckpointOptions {
        every_steps: 1,
        every: Some(std::time::Duration::from_secs(1)),
        ..Default::default()
    };
    assert!(refused.add_checkpoints(&directory.0, &both, program.clone()).is_err());
    assert_eq!(Rc::strong_count(&program), 3); // here, of the step, and of the checkpoints
    let session = MonitoredSession::new(&config).unwrap();
    drop(config);
    assert_eq!(Rc::strong_count(&program), 3);
    drop(session);
    assert_eq!(Rc::strong_count(&program), 1);
}

/// Counts the steps of a run, however often it is started anew, and calls a closure with the name of each callback that
/// has to do with checkpoints before it does its work.
struct Remembering<F: FnMut(&str) -> HookResult>(Rc<RefCell<Vec<u8>>>, F);

impl<F: FnMut(&str) -> HookResult> Hook for Remembering<F> {
    fn after_run(&mut self, context: &mut Context) -> HookResult {
        self.0.borrow_mut().push(context.global_step() as u8);
        Ok(())
    }
    fn save(&mut self, context: &mut Context) -> HookResult {
        (self.1)("save")?;
        Ok(context.set_state(&self.0.borrow())?)
    }
    fn restore(&mut self, context: &mut Context) -> HookResult {
        (self.1)("restore")?;
        *self.0.borrow_mut() = context.state().to_vec();
        Ok(())
    }
}

fn remembering(directory: &Directory, call: impl FnMut(&str) -> HookResult + 'static) -> (Rc<RefCell<Vec<u8>>>, Config) {
    let (seen, (_, mut config)) = (Rc::default(), counting(directory, |_| Ok(())));
    let hook = Remembering(Rc::clone(&seen), call);
    config.add_hook("remembering", hook, HookOptions::default()).unwrap();
    (seen, config)
}

#[test]
fn hook_has_what_it_saved_when_the_run_goes_on() {
    let directory = Directory::new("hook");
    for (steps, all) in [(3, vec![1, 2, 3]), (2, vec![1, 2, 3, 4, 5])] {
        let (seen, config) = remembering(&directory, |_| Ok(()));
        assert!(run(&config, steps).1.is_none());
        assert_eq!(*seen.borrow(), all);
    }
}

#[test]
fn what_a_hook_fails_to_save_or_to_restore_fails_the_run() {
    for callback in ["save", "restore"] {
        let directory = Directory::new("hook-failing");
        assert!(run(&remembering(&directory, |_| Ok(())).1, 1).1.is_none());
        let panics = move |name: &str| if name == callback { panic!("on purpose") } else { Ok(()) };
        let error = run(&remembering(&directory, panics).1, 1).1.expect(callback);
        assert_eq!((error.hook.as_str(), error.callback.as_str()), ("remembering", callback));
        assert!(error.message.ends_with("panic: on purpose"), "{error}");
    }
}

#[test]
fn best_checkpoint_is_saved_and_kept_and_the_default_hooks_leave_theirs_out() {
    let directory = Directory::new("best");
    let mut config = Config::new().unwrap();
    config.set_inline(&InlineOptions::default()).unwrap();
    let options = CheckpointOptions {
        every_steps: 100,
        keep: 1,
        save_on_best: Some("accuracy"),
        higher_is_better: true,
        ..Default::default()
    };
    let program = Rc::new(RefCell::new(Counting(0, |_: &str| Ok(()))));
    let checkpoints = Directory(format!("{}/own", directory.0));
    config.add_checkpoints(&checkpoints.0, &options, program).unwrap();
    let quiet = DefaultHooks {
        quiet: true,
        ..Default::default()
    };
    config.add_default_hooks(&directory.0, &quiet).unwrap();
    let mut session = MonitoredSession::new(&config).unwrap();
    for accuracy in [0.5, 0.75, 0.25, 0.25] {
        let mut step = session.next().unwrap().unwrap();
        step.log_scalar("accuracy", accuracy).unwrap();
    }
    session.close().unwrap();
    assert_eq!(checkpoints.steps(), [2, 4]);
}
