//! Saying what failed.

use std::error::Error;
use std::time::Duration;

use crate::job::causes::with_causes;
use crate::job::one_line;

/// How long to wait after the queue or the store failed.
pub(crate) const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Logs what failed, and is tried again.
pub(super) fn report(what: &str, error: &dyn Error) {
    tracing::error!(error = describe(error), "could not handle {what}; trying again");
}

/// An error and its causes in one line.
pub(super) fn describe(error: &dyn Error) -> String {
    one_line(with_causes(error))
}
