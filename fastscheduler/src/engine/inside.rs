//! Knowing that code runs inside an attempt.
//!
//! A thread is marked for as long as it polls an attempt's future, or runs its
//! blocking function. Tasks and threads that the function starts are not.

use std::cell::Cell;

use super::Engine;
use crate::job::RunId;

thread_local! {
    static INSIDE: Cell<Option<Inside>> = const { Cell::new(None) };
}

/// An attempt of an engine, which is known by its address while it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inside {
    engine: usize,
    run: RunId,
}

/// Marks the thread until it is dropped.
struct Mark {
    before: Option<Inside>,
}

impl Drop for Mark {
    fn drop(&mut self) {
        INSIDE.set(self.before);
    }
}

impl Inside {
    /// Runs code of the attempt.
    pub(super) fn enter<T>(self, code: impl FnOnce() -> T) -> T {
        // One scheduler may be used inside a job of another.
        let _mark = Mark { before: INSIDE.replace(Some(self)) };
        code()
    }
}

impl Engine {
    pub(super) fn inside(&self, run: RunId) -> Inside {
        Inside { engine: std::ptr::from_ref(self).addr(), run }
    }

    /// The attempt of this engine whose code calls this.
    pub(crate) fn calling_attempt(&self) -> Option<RunId> {
        let run = INSIDE.get()?.run;
        (INSIDE.get() == Some(self.inside(run))).then_some(run)
    }
}
