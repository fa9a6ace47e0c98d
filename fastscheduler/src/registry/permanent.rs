//! Errors that are for good.

use std::cell::Cell;
use std::error::Error;
use std::fmt::{self, Display};

/// An error that is not worth a retry: the job goes to the dead letters at once.
///
/// It may stand anywhere in the chain of an error's sources, also in a variant
/// with `#[error(transparent)]`. If it depends on the error whether a retry
/// could help, use `retry_if` instead.
///
/// # Examples
///
/// ```
/// use fastscheduler::prelude::*;
///
/// #[job]
/// async fn import(path: String) -> anyhow::Result<()> {
///     if path.is_empty() {
///         return Err(Permanent::new(anyhow::anyhow!("no path was given")).into());
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Permanent(pub anyhow::Error);

impl Permanent {
    /// Marks an error as permanent.
    #[must_use]
    pub fn new(error: impl Into<anyhow::Error>) -> Self {
        Self(error.into())
    }
}

impl Display for Permanent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The causes are printed by whoever prints the chain.
        Display::fmt(&self.0, f)
    }
}

impl Error for Permanent {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        WAS_ASKED.set(true);
        self.0.source()
    }
}

thread_local! {
    /// Whether a [`Permanent`] was asked for its source on this thread.
    static WAS_ASKED: Cell<bool> = const { Cell::new(false) };
}

/// Whether an error is [`Permanent`], or what caused it is.
///
/// An error that only passes another one on (`#[error(transparent)]`, a `Box`,
/// an `Arc`) never shows the type of the one inside, but it asks that one for
/// its source.
pub(super) fn is_permanent(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source()).any(|error| {
        WAS_ASKED.set(false);
        // Only to see whether it asks.
        let _ = error.source();
        WAS_ASKED.get()
    })
}
