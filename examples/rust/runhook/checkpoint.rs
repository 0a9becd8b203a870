//! Has a program saved, and go on where it was when it is started again.

use super::hook::{bytes, destroy, guard_as};
use super::*;
use std::mem::zeroed;

/// State of a program that its checkpoints have. `Err` and panics make the save, or the restore, fail.
pub trait SavedState {
    /// After a step, at the start and at the end.
    fn save(&mut self) -> std::result::Result<Vec<u8>, BoxedError>;
    /// Before the first step, if there is a checkpoint, and after a recovery: takes back what was saved.
    fn restore(&mut self, saved: &[u8]) -> HookResult;
}

/// When a program is saved, and what is kept.
#[derive(Clone, Copy, Default)]
pub struct CheckpointOptions<'a> {
    /// Between two saves; 0: by time.
    pub every_steps: i64,
    /// Likewise, without `every_steps`; `None`: ten minutes, zero: not by time.
    pub every: Option<Duration>,
    /// How many of the newest are kept; 0: five.
    pub keep: i64,
    /// A metric: saves whenever it is logged with a better value than ever before in the run, too, and keeps the best.
    pub save_on_best: Option<&'a str>,
    /// Of this metric.
    pub higher_is_better: bool,
}

impl Config {
    /// Saves the state, and the variables of a session that has some, in a directory, and has a new session go on from
    /// the newest checkpoint there. The state is shared with the step, which must not keep it borrowed when it ends.
    ///
    /// A session has one such hook: after this, `add_default_hooks` leaves `default_hook::CHECKPOINTS` out.
    pub fn add_checkpoints<S: SavedState + 'static>(
        &mut self,
        dir: &str,
        options: &CheckpointOptions,
        state: Rc<RefCell<S>>,
    ) -> Result<()> {
        let (dir, metric) = (c_string(dir), options.save_on_best.map(c_string));
        let keep = ffi::Retention {
            struct_size: size_of::<ffi::Retention>(),
            last: options.keep,
            best: i64::from(metric.is_some()),
            metric: metric.as_ref().map_or(null(), |metric| metric.as_ptr()),
            every_steps: 0,
            every_ns: 0,
            higher_is_better: i32::from(options.higher_is_better),
            reserved: 0,
        };
        let table = ffi::SaverTable {
            struct_size: size_of::<ffi::SaverTable>(),
            user_data: Rc::into_raw(state) as *mut c_void,
            destroy: Some(destroy::<S>), // exactly once, also if the options are refused
            save: Some(save::<S>),
            restore: Some(restore::<S>),
        };
        let options = ffi::CheckpointOptions {
            struct_size: size_of::<ffi::CheckpointOptions>(),
            directory: dir.as_ptr(),
            every_steps: options.every_steps,
            every_ns: nanoseconds(options.every),
            keep: &keep,
            state: &table,
            save_on_best: i32::from(metric.is_some()),
            ..unsafe { zeroed() } // the others are the defaults; `asynchronous` would drop the state on any thread
        };
        let hook = check(|e| unsafe { ffi::runhook_checkpoint_hook_create(&options, e) })?;
        let hook = Owned(hook, ffi::runhook_builtin_hook_destroy);
        check(|e| unsafe { ffi::runhook_config_add_builtin_hook(self.handle(), hook.0, null(), e) })?;
        self.has_checkpoints = true;
        Ok(())
    }
}

const NAME: *const c_char = b"rust\0".as_ptr() as *const c_char; // of the state in the checkpoint

unsafe fn borrow<'a, S>(state: *mut c_void) -> std::result::Result<RefMut<'a, S>, BoxedError> {
    lend(state).map_err(|_| "it is borrowed by the program".into())
}

unsafe extern "C" fn save<S: SavedState>(context: *mut ffi::Context, state: *mut c_void, ok: i32) -> i32 {
    guard_as("the state cannot be saved: ", context, ok, |context| {
        let saved = borrow::<S>(state)?.save()?;
        let snapshot = ffi::runhook_context_snapshot(context.0);
        check(|e| ffi::runhook_snapshot_set_state(snapshot, NAME, saved.as_ptr() as *const c_void, saved.len(), e))?;
        Ok(())
    })
}

unsafe extern "C" fn restore<S: SavedState>(context: *mut ffi::Context, state: *mut c_void, ok: i32) -> i32 {
    guard_as("the state cannot be restored: ", context, ok, |context| {
        let mut size = 0;
        let saved = ffi::runhook_snapshot_state(ffi::runhook_context_snapshot(context.0), NAME, &mut size);
        let saved = bytes(saved, size).ok_or("the checkpoint is not of a program in Rust")?;
        borrow::<S>(state)?.restore(saved)
    })
}
