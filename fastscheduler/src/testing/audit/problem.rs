//! What an audit may find.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::job::{JobId, RunId};

/// Something in a store that should not be. It prints as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Fires neither ran, nor are open, nor were recorded as skipped.
    Lost {
        /// The job.
        job: JobId,
        /// The first of them.
        first: DateTime<Utc>,
        /// The last of them.
        last: DateTime<Utc>,
        /// How many they are; those of a calendar schedule are counted up to
        /// 10,000.
        count: u64,
    },
    /// A job that is not paused is behind.
    Behind {
        /// The job.
        job: JobId,
        /// The fire that it should have got to.
        unaccounted_from: DateTime<Utc>,
    },
    /// A fire ran to its end more than once.
    EndedTwice {
        /// The job.
        job: JobId,
        /// When the fire was due.
        scheduled_for: DateTime<Utc>,
    },
    /// A fire ran, or is open, and was recorded as skipped too.
    SkippedAndRun {
        /// The job.
        job: JobId,
        /// When the fire was due.
        scheduled_for: DateTime<Utc>,
    },
    /// Two records of skipped fires overlap.
    SkippedTwice {
        /// The job.
        job: JobId,
        /// The first fire in both.
        scheduled_for: DateTime<Utc>,
    },
    /// A fire had more attempts than it may have.
    TooManyAttempts {
        /// The last attempt.
        run: RunId,
        /// How many there may be.
        allowed: u32,
    },
    /// An attempt was not recorded, though a later one of the fire was.
    MissingAttempt {
        /// The attempt that is missing.
        run: RunId,
    },
    /// There is more than one record of an attempt or a skip.
    RecordedTwice {
        /// The attempt.
        run: RunId,
    },
    /// A record of skipped fires does not say what its schedule says.
    WrongSkip {
        /// The record.
        run: RunId,
        /// The first fire, the last and their number, as recorded.
        recorded: (DateTime<Utc>, DateTime<Utc>, u64),
        /// The same by the schedule; `None` if it has no fire there.
        expected: Option<(DateTime<Utc>, DateTime<Utc>, u64)>,
    },
    /// There is a dead letter, but no record that the attempt failed.
    LetterWithoutRun {
        /// The attempt.
        run: RunId,
    },
    /// A job's counter is not the number of the records.
    WrongCounter {
        /// The job.
        job: JobId,
        /// Which counter, as in `run_count`.
        counter: &'static str,
        /// What it says.
        says: u64,
        /// How many records there are.
        records: u64,
    },
    /// A schedule cannot be compiled, so that its fires are not known.
    Unreadable {
        /// The job.
        job: JobId,
        /// Why it cannot.
        error: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost { job, first, count: 1, .. } => {
                write!(f, "{job}: the fire of {} neither ran nor is open nor was skipped", text(*first))
            }
            Self::Lost { job, first, last, count } => write!(
                f,
                "{job}: {count} fires from {} to {} neither ran nor are open nor were skipped",
                text(*first),
                text(*last)
            ),
            Self::Behind { job, unaccounted_from } => {
                write!(
                    f,
                    "{job}: it is not paused, and has not got to its fire of {}",
                    text(*unaccounted_from)
                )
            }
            Self::EndedTwice { job, scheduled_for } => {
                write!(f, "{job}: the fire of {} ran to an end more than once", text(*scheduled_for))
            }
            Self::SkippedAndRun { job, scheduled_for } => {
                write!(f, "{job}: the fire of {} was skipped, and ran or is open", text(*scheduled_for))
            }
            Self::SkippedTwice { job, scheduled_for } => {
                write!(f, "{job}: the fire of {} is in two records of skipped fires", text(*scheduled_for))
            }
            Self::TooManyAttempts { run, allowed } => write!(
                f,
                "{}: the fire of {} got to attempt {}, of {allowed} that it may have",
                run.job,
                text(run.scheduled_for),
                run.attempt
            ),
            Self::MissingAttempt { run } => write!(
                f,
                "{}: attempt {} of the fire of {} is not recorded, though a later one is",
                run.job,
                run.attempt,
                text(run.scheduled_for)
            ),
            Self::RecordedTwice { run } => write!(f, "{}: `{run}` is recorded more than once", run.job),
            Self::WrongSkip { run, recorded, expected: Some(expected) } => write!(
                f,
                "{}: `{run}` records {} as skipped, where the schedule has {}",
                run.job,
                range(*recorded),
                range(*expected)
            ),
            Self::WrongSkip { run, recorded, expected: None } => {
                let recorded = range(*recorded);
                write!(f, "{}: `{run}` records {recorded} as skipped, where the schedule has none", run.job)
            }
            Self::LetterWithoutRun { run } => {
                write!(f, "{}: `{run}` left a dead letter, but is not recorded as failed", run.job)
            }
            Self::WrongCounter { job, counter, says, records } => {
                write!(f, "{job}: its `{counter}` is {says}, the records are {records}")
            }
            Self::Unreadable { job, error } => write!(f, "{job}: its schedule cannot be read: {error}"),
        }
    }
}

fn range((first, last, count): (DateTime<Utc>, DateTime<Utc>, u64)) -> String {
    format!("{count} from {} to {}", text(first), text(last))
}

fn text(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
