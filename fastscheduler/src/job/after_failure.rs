//! What follows an attempt that failed.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The error of an attempt that was cut off with its process.
pub(crate) const CRASHED: &str = "its process ended before it did";

/// What follows an attempt that failed: a retry, or the reason why there is none.
///
/// It prints as a sentence without a full stop.
///
/// # Examples
///
/// ```
/// use fastscheduler::AfterFailure;
///
/// let follows = AfterFailure::Retry { number: 1, limit: 3 };
/// assert!(follows.will_retry());
/// assert_eq!(follows.to_string(), "retry 1 of 3 follows");
/// assert_eq!(AfterFailure::NextRunFirst.to_string(), "no retry, the next run came first");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AfterFailure {
    /// The function is tried again.
    Retry {
        /// Which retry of the fire comes next, from 1.
        number: u32,
        /// The most retries that the fire may have.
        limit: u32,
    },
    /// The attempt's process ended first. The fire runs again, which uses up no
    /// retry.
    RunAgain,
    /// All retries are used up.
    NoRetriesLeft {
        /// The most retries that the fire may have.
        limit: u32,
    },
    /// A retry would fail the same way.
    Permanent,
    /// The job was cancelled while the attempt ran.
    JobCancelled,
    /// The job's next run comes before the retry, and would cancel it.
    NextRunFirst,
    /// The attempt was cancelled.
    Cancelled,
    /// The attempt's process ended first, for the third time.
    Crashed,
    /// The attempt's process ended first, and its job is gone.
    JobGone,
}

impl AfterFailure {
    /// Whether another attempt at the fire follows.
    #[must_use]
    pub const fn will_retry(self) -> bool {
        match self {
            Self::Retry { .. } | Self::RunAgain => true,
            Self::NoRetriesLeft { .. }
            | Self::Permanent
            | Self::JobCancelled
            | Self::NextRunFirst
            | Self::Cancelled
            | Self::Crashed
            | Self::JobGone => false,
        }
    }

    /// Whether the fire is a dead letter from now on.
    pub(crate) const fn leaves_dead_letter(self) -> bool {
        match self {
            Self::NoRetriesLeft { .. }
            | Self::Permanent
            | Self::JobCancelled
            | Self::NextRunFirst
            | Self::Crashed => true,
            Self::Retry { .. } | Self::RunAgain | Self::Cancelled | Self::JobGone => false,
        }
    }

    /// Returns the attempt's error as the Python program wrote it, and as REST and
    /// the file of dead letters still show it.
    pub(super) fn annotate(self, error: &str) -> Cow<'_, str> {
        match self {
            Self::Retry { number, limit } => format!("Retry {number}/{limit}: {error}").into(),
            Self::NoRetriesLeft { .. } => format!("Max retries: {error}").into(),
            Self::JobCancelled | Self::NextRunFirst => format!("{error}; {self}").into(),
            Self::RunAgain | Self::Permanent | Self::Cancelled | Self::Crashed | Self::JobGone => {
                error.into()
            }
        }
    }
}

/// Whether an error says that another attempt follows, in a record from before
/// this was data.
pub(super) fn was_retried(error: &str) -> bool {
    let number_and_limit = error.strip_prefix("Retry ").and_then(|rest| rest.split_once(": "));
    let is_retry = number_and_limit
        .and_then(|(numbers, _)| numbers.split_once('/'))
        .is_some_and(|(number, limit)| number.parse::<u32>().is_ok() && limit.parse::<u32>().is_ok());
    is_retry || error == CRASHED
}

impl fmt::Display for AfterFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry { number, limit } => write!(f, "retry {number} of {limit} follows"),
            Self::RunAgain => f.write_str("it runs again"),
            Self::NoRetriesLeft { limit: 0 } => f.write_str("no retry, the job has none"),
            Self::NoRetriesLeft { limit: 1 } => f.write_str("no retry, the only one is used up"),
            Self::NoRetriesLeft { limit } => write!(f, "no retry, all {limit} are used up"),
            Self::Permanent => f.write_str("no retry, the error is permanent"),
            Self::JobCancelled => f.write_str("no retry, the job was cancelled"),
            Self::NextRunFirst => f.write_str("no retry, the next run came first"),
            Self::Cancelled => f.write_str("no retry, the attempt was cancelled"),
            Self::Crashed => f.write_str("it does not run again"),
            Self::JobGone => f.write_str("it does not run again, its job is gone"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_annotated_by_what_follows_it() {
        for (follows, annotated, printed) in [
            (AfterFailure::Retry { number: 2, limit: 3 }, "Retry 2/3: boom", "retry 2 of 3 follows"),
            (AfterFailure::RunAgain, "boom", "it runs again"),
            (AfterFailure::NoRetriesLeft { limit: 0 }, "Max retries: boom", "no retry, the job has none"),
            (
                AfterFailure::NoRetriesLeft { limit: 1 },
                "Max retries: boom",
                "no retry, the only one is used up",
            ),
            (AfterFailure::NoRetriesLeft { limit: 3 }, "Max retries: boom", "no retry, all 3 are used up"),
            (AfterFailure::Permanent, "boom", "no retry, the error is permanent"),
            (
                AfterFailure::JobCancelled,
                "boom; no retry, the job was cancelled",
                "no retry, the job was cancelled",
            ),
            (
                AfterFailure::NextRunFirst,
                "boom; no retry, the next run came first",
                "no retry, the next run came first",
            ),
            (AfterFailure::Cancelled, "boom", "no retry, the attempt was cancelled"),
            (AfterFailure::Crashed, "boom", "it does not run again"),
            (AfterFailure::JobGone, "boom", "it does not run again, its job is gone"),
        ] {
            assert_eq!((&*follows.annotate("boom"), &*follows.to_string()), (annotated, printed));
            let stored = serde_json::to_string(&follows).unwrap();
            assert_eq!(serde_json::from_str::<AfterFailure>(&stored).unwrap(), follows, "{stored}");
        }
    }

    #[test]
    fn the_text_of_earlier_versions_says_whether_a_retry_follows() {
        for (error, expected) in [
            ("Retry 1/3: boom", true),
            ("Retry 12/100: boom", true),
            ("Retry 1/3: ", true),
            ("its process ended before it did", true),
            ("its process ended before it did, for the 3rd time", false),
            ("its process ended before it did, and its job is gone", false),
            ("Max retries: boom", false),
            ("boom; no retry, the next run came first", false),
            ("cancelled: the job was cancelled", false),
            ("Retry later", false),
            ("Retry a/b: boom", false),
            ("Retry 1: boom", false),
            ("", false),
        ] {
            assert_eq!(was_retried(error), expected, "{error:?}");
        }
    }
}
