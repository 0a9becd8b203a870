//! A config and a run of it, as the tests of the binding for Rust have them.

use crate::runhook::*;

/// Its steps have two values.
pub fn config() -> Config {
    let mut config = Config::new().unwrap();
    let step = |context: &mut Context| -> HookResult {
        context.set_double("loss", 0.25)?;
        Ok(context.set_int64("count", (1 << 53) + 1)?)
    };
    config.set_step(&["loss", "count"], step).unwrap();
    config
}

/// Runs and closes. Returns the outcome, and what the first of these calls that failed has failed with.
pub fn run(config: &Config, steps: i64) -> (Option<Outcome>, Option<Error>) {
    let mut session = match MonitoredSession::new(config) {
        Ok(session) => session,
        Err(error) => return (None, Some(error)),
    };
    let ran = session.run_until_stop(&[], steps).err();
    let closed = session.close().err();
    (Some(session.outcome().unwrap()), ran.or(closed))
}
