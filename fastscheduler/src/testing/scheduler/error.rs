//! What can go wrong in a test of jobs.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::job::Job;
use crate::schedule::text::nearest;
use crate::scheduler::SchedulerError;

/// What can go wrong in a test of jobs.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TestError {
    /// The scheduler refused, or failed.
    #[error(transparent)]
    Scheduler(#[from] SchedulerError),
    /// A text that is no instant.
    #[error("`{0}` is not an instant; write RFC 3339 with an offset, such as `2026-03-28T09:00:00+01:00`")]
    Instant(String),
    /// Time does not run backwards.
    #[error("it is {} already, later than {}; `clock().step(..)` sets the clock on the wall back",
        .now.to_rfc3339(), .to.to_rfc3339())]
    Past {
        /// The instant to advance to.
        to: DateTime<Utc>,
        /// The instant it is.
        now: DateTime<Utc>,
    },
    /// Neither a job nor a function has that name.
    #[error("no job or function is named `{name}`; {hint}")]
    UnknownName {
        /// The name that was asked for.
        name: String,
        /// The name that was probably meant, or those there are.
        hint: String,
    },
    /// Attempts did not end.
    #[error(
        "{jobs} after {patience:?} of real time; let happen what it waits for, \
         or move `clock()` to where it times out"
    )]
    StillRunning {
        /// The jobs that are at it, in a sentence.
        jobs: String,
        /// How long they were waited for.
        patience: Duration,
    },
}

impl TestError {
    pub(super) fn unknown_name(name: &str, known: impl IntoIterator<Item = String>) -> Self {
        const SHOWN: usize = 10;
        let known: BTreeSet<String> = known.into_iter().collect();
        let quoted: Vec<String> = known.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
        let hint = match nearest(name, known.iter().map(String::as_str)) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None if known.is_empty() => "there are none".to_owned(),
            None if known.len() > SHOWN => {
                format!("there are {} and {} more", quoted.join(", "), known.len() - SHOWN)
            }
            None => format!("there are {}", quoted.join(", ")),
        };
        Self::UnknownName { name: name.to_owned(), hint }
    }

    pub(super) fn still_running(running: &[Job], patience: Duration) -> Self {
        let names: Vec<String> =
            running.iter().map(|job| format!("`{}` ({})", job.name(), job.id())).collect();
        let jobs = match names.as_slice() {
            [] => "the scheduler is still at work".to_owned(),
            [one] => format!("job {one} is still running"),
            several => format!("jobs {} are still running", several.join(", ")),
        };
        Self::StillRunning { jobs, patience }
    }
}
