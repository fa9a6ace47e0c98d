//! Tells whether the calling code runs inside an attempt.
//!
//! A thread is marked while it polls an attempt's future or runs its blocking
//! function. Tasks and threads that the function starts are not marked.

use std::cell::Cell;

use crate::job::RunId;

thread_local! {
    static INSIDE: Cell<Option<Inside>> = const { Cell::new(None) };
}

/// An attempt, and the address of its engine, which tells engines apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inside {
    engine: usize,
    run: RunId,
}

/// Restores the thread's previous mark when it is dropped.
struct Mark {
    before: Option<Inside>,
}

impl Drop for Mark {
    fn drop(&mut self) {
        INSIDE.set(self.before);
    }
}

impl Inside {
    pub(super) fn new<E>(engine: &E, run: RunId) -> Self {
        Self { engine: std::ptr::from_ref(engine).addr(), run }
    }

    /// Runs code of the attempt, with the thread marked.
    pub(super) fn enter<T>(self, code: impl FnOnce() -> T) -> T {
        // A job of one scheduler may drive jobs of another.
        let _mark = Mark { before: INSIDE.replace(Some(self)) };
        code()
    }
}

/// The attempt of an engine whose code calls this, if any.
pub(super) fn calling_attempt<E>(engine: &E) -> Option<RunId> {
    let inside = INSIDE.get()?;
    (inside.engine == std::ptr::from_ref(engine).addr()).then_some(inside.run)
}
