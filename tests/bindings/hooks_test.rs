//! What programs in Rust rely on: what hooks fail with comes back, how a run ended can be read, nothing is freed early
//! or twice.

#[path = "../../examples/rust/runhook.rs"]
mod runhook;
mod runs;

use runhook::*;
use runs::{config, run};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::error::Error as StdError;
use std::rc::Rc;

const CALLBACKS: [&str; 7] = [
    "begin",
    "after_create_session",
    "before_run",
    "after_run",
    "on_error",
    "end",
    "cleanup",
];

/// Calls a closure with the name of each callback.
struct Each<F: FnMut(&str, &mut Context) -> HookResult>(F);

impl<F: FnMut(&str, &mut Context) -> HookResult> Hook for Each<F> {
    fn begin(&mut self, context: &mut Context) -> HookResult {
        (self.0)("begin", context)
    }
    fn after_create_session(&mut self, context: &mut Context) -> HookResult {
        (self.0)("after_create_session", context)
    }
    fn before_run(&mut self, context: &mut Context) -> HookResult {
        (self.0)("before_run", context)
    }
    fn after_run(&mut self, context: &mut Context) -> HookResult {
        (self.0)("after_run", context)
    }
    fn on_error(&mut self, context: &mut Context) -> HookResult {
        (self.0)("on_error", context)
    }
    fn end(&mut self, context: &mut Context) -> HookResult {
        (self.0)("end", context)
    }
    fn cleanup(&mut self, context: &mut Context) -> HookResult {
        (self.0)("cleanup", context)
    }
}

fn config_with(policy: Policy, hook: impl FnMut(&str, &mut Context) -> HookResult + 'static) -> Config {
    let mut config = config();
    let options = HookOptions {
        policy,
        ..Default::default()
    };
    config.add_hook("hook", Each(hook), options).unwrap();
    config
}

/// Of each callback, by itself.
fn failing(fail: impl Fn() -> HookResult + Copy + 'static, code: Code, message: &str, check: impl Fn(&Error)) {
    for callback in CALLBACKS {
        let mut config = config_with(
            Policy::Fail,
            move |name, _| if name == callback { fail() } else { Ok(()) },
        );
        if callback == "on_error" {
            let lost = |_: &mut Context| -> HookResult { Err(Error::new(Code::DataLoss, "lost").into()) };
            config.set_step(&[], lost).unwrap();
        }
        let (outcome, error) = run(&config, 3);
        let error = error.expect(callback);
        let failed = outcome.and_then(|outcome| {
            assert_eq!(outcome.kind, Kind::Failed, "{callback}");
            outcome.error
        });
        for error in failed.iter().chain([&error]) {
            let error = if callback == "on_error" {
                assert_eq!((error.code, error.message.as_str()), (Code::DataLoss, "lost"));
                &error.suppressed[0]
            } else {
                error
            };
            assert_eq!((error.hook.as_str(), error.callback.as_str()), ("hook", callback));
            assert_eq!((error.code, error.message.as_str()), (code, message), "{callback}");
            check(error);
        }
    }
}

#[test]
fn panic_in_every_callback_fails_the_run_with_its_text() {
    let check = |error: &Error| assert_eq!(error.source().unwrap().to_string(), "panic: on purpose, 1");
    failing(
        || panic!("on purpose, {}", 1),
        Code::Unknown,
        "panic: on purpose, 1",
        check,
    );
}

#[test]
fn error_from_every_callback_is_the_source() {
    let fail = || -> HookResult { Err(std::fmt::Error.into()) };
    let text = std::fmt::Error.to_string();
    let check = |error: &Error| assert!(error.source().unwrap().is::<std::fmt::Error>());
    failing(fail, Code::Unknown, &text, check);
}

#[test]
fn text_that_c_cannot_hold_loses_no_source() {
    let fail = || -> HookResult { Err("a\0b".into()) };
    failing(fail, Code::Unknown, "a b", |error| {
        assert_eq!(error.source().unwrap().to_string(), "a\0b")
    });
}

#[test]
fn outputs_that_are_refused_fail_the_creation() {
    let mut config = config();
    config.set_step(&["same", "same"], |_| Ok(())).unwrap();
    let (outcome, error) = run(&config, 1);
    let error = error.unwrap();
    assert!(outcome.is_none() && error.source().is_some());
}

#[test]
fn code_of_a_returned_error_is_the_runs() {
    let fail = || -> HookResult { Err(Error::new(Code::PermissionDenied, "denied").into()) };
    failing(fail, Code::PermissionDenied, "denied", |error| {
        let source = error.source().unwrap().downcast_ref::<Error>().unwrap();
        assert_eq!(source.code, Code::PermissionDenied);
    });
}

#[test]
fn panic_whose_payload_panics_is_contained() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("again");
        }
    }
    let config = config_with(Policy::Fail, |_, _| std::panic::panic_any(Bomb));
    let (_, error) = run(&config, 1);
    assert_eq!(error.unwrap().message, "panic: of an unknown kind");
}

#[test]
fn on_error_and_cleanup_are_told_what_happened() {
    let told = Rc::new(RefCell::new(Vec::new()));
    let tell = told.clone();
    let mut config = config_with(Policy::Fail, move |name, context| {
        let error = context.error().map(|error| error.message);
        let kind = context.outcome().map(|outcome| outcome.kind);
        if error.is_some() || kind.is_some() {
            tell.borrow_mut().push((name.to_string(), error, kind));
        }
        Ok(())
    });
    let lost = |_: &mut Context| -> HookResult { Err("lost".into()) };
    config.set_step(&[], lost).unwrap();
    run(&config, 1);
    let expected = [
        ("on_error".to_string(), Some("lost".to_string()), None),
        ("cleanup".to_string(), None, Some(Kind::Failed)),
    ];
    assert_eq!(*told.borrow(), expected);
}

#[test]
fn fail_makes_the_callback_fail_though_it_returns_ok() {
    let config = config_with(Policy::Fail, |_, context| {
        context.fail(Code::InvalidArgument, "no");
        Ok(())
    });
    let error = run(&config, 1).1.unwrap();
    assert_eq!((error.code, error.message.as_str()), (Code::InvalidArgument, "no"));
}

#[test]
fn error_is_one_of_the_standard_kind() {
    fn all() -> std::result::Result<(), Box<dyn StdError + Send + Sync>> {
        let mut session = MonitoredSession::new(&config())?;
        session.run(&["nothing"])?;
        Ok(())
    }
    let error = all().unwrap_err();
    assert!(error.to_string().contains("NOT_FOUND"), "{error}");
    assert_eq!(error.downcast_ref::<Error>().unwrap().code, Code::NotFound);
}

#[test]
fn policies_let_the_run_go_on() {
    for (policy, warnings) in [(Policy::Warn, 3), (Policy::Disable(2), 2)] {
        let config = config_with(policy, |name, _| if name == "after_run" { panic!("x") } else { Ok(()) });
        let (outcome, error) = run(&config, 3);
        let outcome = outcome.unwrap();
        assert!(error.is_none());
        assert_eq!(
            (outcome.kind, outcome.runs, outcome.warnings),
            (Kind::Completed, 3, warnings)
        );
    }
}

#[test]
fn phase_decides_the_order() {
    let (mut config, order) = (config(), Rc::new(RefCell::new(Vec::new())));
    for phase in [Phase::Saver, Phase::Normal, Phase::Guard] {
        let (order, policy) = (order.clone(), Policy::Fail);
        let hook = Each(move |name, _| {
            if name == "begin" {
                order.borrow_mut().push(phase as i32);
            }
            Ok(())
        });
        let options = HookOptions {
            phase,
            policy,
            ..Default::default()
        };
        config.add_hook("hook", hook, options).unwrap();
    }
    run(&config, 1);
    assert_eq!(*order.borrow(), [0, 1, 2]);
}

#[test]
fn every_steps_calls_it_in_those_steps_only() {
    let (mut config, seen) = (config(), Rc::new(RefCell::new(Vec::new())));
    let steps = seen.clone();
    let hook = Each(move |name, context| {
        if name == "before_run" {
            steps.borrow_mut().push(context.global_step());
        }
        Ok(())
    });
    let options = HookOptions {
        every_steps: Some(4),
        ..Default::default()
    };
    config.add_hook("rare", hook, options).unwrap();
    run(&config, 10);
    assert_eq!(*seen.borrow(), [0, 4, 8]);
}

#[test]
fn recovery_goes_on_unless_there_is_none() {
    let cases = [
        (None, Kind::Completed, 1),
        (Some(5), Kind::Completed, 1),
        (Some(0), Kind::Failed, 0),
    ];
    for (attempts, kind, recoveries) in cases {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let see = seen.clone();
        let mut config = config_with(Policy::Fail, move |name, context| {
            if name == "before_run" {
                see.borrow_mut().push(context.attempt());
            }
            Ok(())
        });
        let mut first = true;
        let step = move |_: &mut Context| -> HookResult {
            match std::mem::take(&mut first) {
                true => Err(Error::new(Code::Unavailable, "gone").into()),
                false => Ok(()),
            }
        };
        config.set_step(&[], step).unwrap();
        if let Some(attempts) = attempts {
            config.set_recovery(attempts).unwrap();
        }
        let outcome = run(&config, 1).0.unwrap();
        assert_eq!((outcome.kind, outcome.recoveries), (kind, recoveries));
        assert_eq!(seen.borrow().len() as i64, 1 + recoveries);
        assert_eq!(seen.borrow().last(), Some(&(1 + recoveries)));
    }
}

#[test]
fn outcome_tells_who_stopped_it_and_why() {
    let config = config_with(Policy::Fail, |name, context| {
        if name == "after_run" && context.global_step() == 2 {
            assert!(!context.stop_requested());
            assert!(context.request_stop(7, "enough"));
            assert!(context.stop_requested());
        }
        Ok(())
    });
    let (outcome, error) = run(&config, 9);
    let outcome = outcome.unwrap();
    let reason = outcome.stop_reason.clone().unwrap();
    assert!(error.is_none() && outcome.error.is_none());
    assert_eq!((outcome.kind, outcome.step, outcome.runs), (Kind::Stopped, 2, 2));
    assert_eq!(
        (reason.origin, reason.who.as_str(), reason.text.as_str()),
        (Origin::Hook, "hook", "enough")
    );
    assert_eq!((reason.code, reason.step), (7, 2));
    assert!(outcome.to_string().contains("stopped by hook 'hook'"), "{outcome}");
}

#[test]
fn end_of_input_is_a_clean_end() {
    let mut config = config();
    let mut batches = 0..2;
    let step = move |_: &mut Context| -> HookResult {
        batches.next().ok_or_else(|| Error::new(Code::OutOfRange, "no more"))?;
        Ok(())
    };
    config.set_step(&[], step).unwrap();
    let (outcome, error) = run(&config, 9);
    assert!(error.is_none());
    assert_eq!(
        outcome.map(|outcome| (outcome.kind, outcome.runs)),
        Some((Kind::EndOfInput, 2))
    );
}

#[test]
fn results_reach_the_hook_and_the_caller() {
    let read = Rc::new(RefCell::new(Vec::new()));
    let reading = read.clone();
    let config = config_with(Policy::Fail, move |name, context| {
        match name {
            "before_run" => {
                context.add_fetch("loss")?;
                context.add_fetch("count")?;
            }
            "after_run" => reading
                .borrow_mut()
                .push((context.get_double("loss")?, context.get_int64("count")?)),
            _ => {}
        }
        Ok(())
    });
    let mut session = MonitoredSession::new(&config).unwrap();
    assert_eq!(session.outcome().unwrap().kind, Kind::Running);
    assert_eq!(
        session.run(&["loss"]).unwrap(),
        HashMap::from([("loss".to_string(), Some(0.25))])
    );
    assert_eq!(*read.borrow(), [(0.25, (1 << 53) + 1)]);
    session.close().unwrap();
    assert_eq!(session.run(&[]).unwrap_err().code, Code::Closed);
}

#[test]
fn another_thread_stops_it() {
    let mut session = MonitoredSession::new(&config()).unwrap();
    let source = session.stop_source().unwrap();
    let thread = std::thread::spawn(move || source.request_stop(1, "from outside"));
    session.run_until_stop(&[], 0).unwrap();
    assert!(thread.join().unwrap());
    assert!(session.should_stop() && !session.request_stop(2, "later"));
    session.close().unwrap();
    let reason = session.outcome().unwrap().stop_reason.unwrap();
    assert_eq!((reason.origin, reason.text.as_str()), (Origin::Source, "from outside"));
}

#[test]
fn hook_is_dropped_once_when_the_last_session_is_gone() {
    struct Counting(Rc<Cell<i32>>);
    impl Hook for Counting {}
    impl Drop for Counting {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let (drops, mut config) = (Rc::new(Cell::new(0)), config());
    config
        .add_hook("counting", Counting(drops.clone()), HookOptions::default())
        .unwrap();
    let policy = Policy::Disable(-1); // is refused
    let refused = HookOptions {
        policy,
        ..Default::default()
    };
    assert!(config.add_hook("refused", Counting(drops.clone()), refused).is_err());
    assert_eq!(drops.get(), 1);
    let session = MonitoredSession::new(&config).unwrap();
    drop(config);
    assert_eq!(drops.get(), 1);
    drop(session);
    assert_eq!(drops.get(), 2);
}

#[test]
fn hooks_without_a_size_are_different_hooks() {
    struct Nothing;
    impl Hook for Nothing {}
    let mut config = config();
    config.add_hook("one", Nothing, HookOptions::default()).unwrap();
    config.add_hook("two", Nothing, HookOptions::default()).unwrap();
}

#[test]
fn hook_that_is_reached_again_through_another_session_fails_there() {
    let config = Rc::new(RefCell::new(None::<Config>));
    let (inside, seen) = (config.clone(), Rc::new(RefCell::new(String::new())));
    let see = seen.clone();
    *config.borrow_mut() = Some(config_with(Policy::Fail, move |name, _| {
        if name == "before_run" {
            let (_, error) = run(inside.borrow().as_ref().unwrap(), 1);
            *see.borrow_mut() = error.unwrap().message;
        }
        Ok(())
    }));
    let (outcome, error) = run(config.borrow().as_ref().unwrap(), 1);
    config.borrow_mut().take();
    assert!(error.is_none());
    assert_eq!(outcome.unwrap().runs, 1);
    assert!(seen.borrow().starts_with("the config, or its session creator, belongs to another session"));
}

fn inline_session(
    options: InlineOptions,
    hook: impl FnMut(&str, &mut Context) -> HookResult + 'static,
) -> MonitoredSession {
    let mut config = Config::new().unwrap();
    config.set_inline(&options).unwrap();
    config.add_hook("hook", Each(hook), HookOptions::default()).unwrap();
    MonitoredSession::new(&config).unwrap()
}

#[test]
fn body_of_a_loop_publishes_what_hooks_fetch_and_ends_it() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let see = seen.clone();
    let options = InlineOptions {
        outputs: Some(&["residual"]),
        initial_step: 10,
        ..Default::default()
    };
    let mut session = inline_session(options, move |name, context| {
        match name {
            "before_run" => context.add_fetch("residual")?,
            "after_run" => see.borrow_mut().push(context.get_double("residual")?),
            _ => (),
        }
        Ok(())
    });
    while let Some(mut step) = session.next().unwrap() {
        let residual = 1.0 / step.global_step() as f64;
        step.set("residual", residual).unwrap();
        step.request_stop(0, "converged");
    }
    session.close().unwrap();
    assert_eq!(*seen.borrow(), [0.1]);
    assert_eq!(
        session.outcome().unwrap().to_string(),
        "stopped by the caller at step 11: converged"
    );
}

#[test]
fn step_that_fails_recoverably_is_given_again_and_one_that_is_given_up_does_not_count() {
    let mut session = inline_session(InlineOptions::default(), |_, _| Ok(()));
    session.next().unwrap().unwrap().fail(Code::Unavailable, "for a while");
    let mut step = session.next().unwrap().unwrap();
    assert_eq!((step.global_step(), step.attempt()), (0, 2));
    step.set_global_step(5).unwrap();
    let step = session.next().unwrap().unwrap();
    assert_eq!((step.global_step(), step.attempt()), (5, 1));
    step.abandon().unwrap();
    session.close().unwrap();
    let outcome = session.outcome().unwrap();
    assert_eq!(
        (outcome.kind, outcome.runs, outcome.recoveries),
        (Kind::Completed, 1, 1)
    );
}

#[test]
fn error_of_a_body_is_that_of_the_next_step() {
    let mut session = inline_session(InlineOptions::default(), |_, _| Ok(()));
    session.next().unwrap().unwrap().fail(Code::DataLoss, "diverged");
    let error = session.next().err().unwrap();
    assert_eq!((error.code, error.message.as_str()), (Code::DataLoss, "diverged"));
    assert_eq!(session.outcome().unwrap().kind, Kind::Running);
}

#[test]
fn panic_in_a_body_cancels_the_step_and_fails_the_run() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let see = seen.clone();
    let body = std::panic::AssertUnwindSafe(|| {
        let mut session = inline_session(InlineOptions::default(), move |name, context| {
            match name {
                "on_error" => see.borrow_mut().push(format!("{:?}", context.error().unwrap().code)),
                "cleanup" => see.borrow_mut().push(format!("{:?}", context.outcome().unwrap().kind)),
                _ => (),
            }
            Ok(())
        });
        let _step = session.next().unwrap();
        panic!("on purpose");
    });
    assert!(std::panic::catch_unwind(body).is_err());
    assert_eq!(*seen.borrow(), ["Cancelled", "Failed"]);
}

#[test]
fn default_hooks_write_into_the_directory() {
    let dir = std::env::temp_dir().join(format!("runhook-rust-{}", std::process::id()));
    let mut config = Config::new().unwrap();
    config
        .set_step(&["loss"], |context| Ok(context.set_double("loss", 0.5)?))
        .unwrap();
    let hooks = DefaultHooks {
        title: Some("a run"),
        scalars: &["loss"],
        left_out: default_hook::PROFILER,
        parameters: Some("{\"rate\": 0.25}"),
        quiet: true,
        ..DefaultHooks::default()
    };
    config.add_default_hooks(dir.to_str().unwrap(), &hooks).unwrap();
    let again = config.add_default_hooks(dir.to_str().unwrap(), &hooks).unwrap_err();
    assert_eq!(again.code, Code::AlreadyExists);
    let mut session = MonitoredSession::new(&config).unwrap();
    session.run_until_stop(&[], 3).unwrap();
    session.close().unwrap();
    assert!(dir.join("metrics.jsonl").exists());
    let report = std::fs::read_to_string(dir.join("report.html")).unwrap();
    assert!(report.contains("a run"));
    let record = std::fs::read_to_string(dir.join("run.json")).unwrap();
    assert!(record.contains("\"parameters\": {\"rate\": 0.25}"), "{record}");
    std::fs::remove_dir_all(dir).unwrap();
}
