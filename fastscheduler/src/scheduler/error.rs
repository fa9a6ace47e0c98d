//! What can go wrong when a scheduler is built or told to do something.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::job::settings::SettingError;
use crate::job::{FunctionKey, JobId, Name, RunId};
use crate::queue::QueueError;
use crate::registry::{ArgumentError, RegistryError};
use crate::schedule::ScheduleError;
use crate::schedule::text::OneLine;
use crate::storage::StorageError;

/// What can go wrong when a scheduler is built or told to do something.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SchedulerError {
    /// The schedule is wrong.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// A function is wrong, or a name of one.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The arguments do not fit the function.
    #[error("the arguments do not fit `{}`: {error}", OneLine(.function))]
    Arguments {
        /// The function.
        function: FunctionKey,
        /// What does not fit.
        error: ArgumentError,
    },
    /// The arguments cannot be kept.
    #[error("the {which} cannot be used: {}", OneLine(.reason))]
    ArgumentShape {
        /// `args` or `kwargs`.
        which: &'static str,
        /// Why not, and what would be right.
        reason: String,
    },
    /// A name or group is empty or too long.
    #[error("a {what} of {length} characters; use 1 to 200")]
    NameLength {
        /// `name`, `group` or `key`.
        what: &'static str,
        /// How long it is.
        length: usize,
    },
    /// A length of time, or a number for retries, cannot be read or is out of range.
    #[error("the {setting} is wrong: {error}")]
    Length {
        /// The setting, such as `timeout`.
        setting: &'static str,
        /// What is wrong.
        error: ScheduleError,
    },
    /// `.retry_if(..)` on a job that calls a registered function.
    #[error(
        "`.retry_if(..)` is for closures of the job's own, and `{}` is a registered function; \
         write `retry_if = path` on its attribute, or return a `Permanent`",
        OneLine(.0)
    )]
    RetryIf(FunctionKey),
    /// A job that was not told what to run.
    #[error("the job has nothing to run; add `.call(\"function\")` or `.run(\"name\", closure)`")]
    NothingToRun,
    /// A job with a key that is to be new in any case.
    #[error(
        "the job has the key `{}`, by which it is found again, and `.always_new()`; leave out one of them",
        OneLine(.0)
    )]
    KeyedAlwaysNew(String),
    /// No job has that id.
    #[error("no job `{}`; `jobs()` lists those there are", OneLine(.0))]
    UnknownJob(String),
    /// No job has that key.
    #[error("no job has the key `{}`; a job gets one when it is added with `.key(..)`", OneLine(.0))]
    UnknownKey(String),
    /// The job is running, and does not run twice at once.
    #[error("job `{}` is already running; wait for it, or give it `overlap = \"allow\"`", OneLine(.0))]
    AlreadyRunning(Name),
    /// The job's function is not in this program.
    #[error("the function `{}` is not in this program; link it in, or register it", OneLine(.0))]
    Orphaned(FunctionKey),
    /// The job was changed since the revision that the update is for.
    #[error("job `{job}` is at revision {revision} by now; read it again and repeat the update")]
    Outdated {
        /// The job.
        job: JobId,
        /// The revision that it has.
        revision: u64,
    },
    /// An update that names nothing to change.
    #[error("the update changes nothing; name at least one setting")]
    NothingToUpdate,
    /// No dead letter has that run's id.
    #[error("no dead letter `{}`; `dead_letters(limit)` lists those there are", OneLine(.0))]
    UnknownDeadLetter(String),
    /// No run has that id.
    #[error("no run `{}`; `history(query)` lists those there are", OneLine(.0))]
    UnknownRun(String),
    /// The run is not under way, so that there is nothing to cancel.
    #[error("run `{0}` is not under way; `running()` lists those that are")]
    NotRunning(RunId),
    /// The scheduler stopped before the run's fire had ended.
    #[error("the scheduler stopped before run `{0}` had ended; it goes on at the next start")]
    StoppedFirst(RunId),
    /// A job waits for the fire that it runs for.
    #[error("run `{0}` waits for itself and would never end; wait for it outside the job")]
    WaitsForItself(RunId),
    /// A timeline is not one.
    #[error(
        "a timeline from {from} to {to} is not possible; let it end after it begins, at most 7 days \
         later, and within the years 0 to 9999"
    )]
    TimelineSpan {
        /// When it begins.
        from: DateTime<Utc>,
        /// When it ends.
        to: DateTime<Utc>,
    },
    /// A setting has a value that it cannot have.
    #[error("`{}` is `{}`; {}", OneLine(.name), OneLine(.value), OneLine(.expected))]
    Setting {
        /// The setting, as it was written.
        name: String,
        /// Its value.
        value: String,
        /// What would be right.
        expected: String,
    },
    /// The scheduler cannot do that now.
    #[error("{0}")]
    Phase(&'static str),
    /// The runtime cannot run a scheduler.
    #[error(
        "the scheduler needs a tokio runtime with time and signals: call this inside one with `enable_all()`"
    )]
    Runtime,
    /// `run()` was called inside a runtime.
    #[error(
        "`fastscheduler::run()` starts a runtime of its own, and this is inside one; \
         use `Scheduler::builder().build().await?.run_until_shutdown().await` here"
    )]
    InsideRuntime,
    /// The address cannot be listened at.
    #[error("cannot listen at `{}`", OneLine(.address))]
    Listen {
        /// The address, as it was written.
        address: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The system refuses a thread.
    #[error(
        "cannot start a thread; raise the limit of threads or processes that this user or this container has"
    )]
    Threads(#[source] std::io::Error),
    /// A task of the scheduler panicked, so it stopped. Nothing is lost: attempts that
    /// were cut short run again at the next start.
    #[error("the scheduler stopped: {0}")]
    TaskFailed(String),
    /// The signals that end the program cannot be awaited.
    #[error("cannot wait for signals")]
    Signals(#[source] std::io::Error),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl From<SettingError> for SchedulerError {
    fn from(error: SettingError) -> Self {
        match error {
            SettingError::Schedule(error) => Self::Schedule(error),
            SettingError::Value { setting, error } => Self::Length { setting, error },
            SettingError::ArgumentShape { which, reason } => Self::ArgumentShape { which, reason },
            SettingError::NameLength { what, length } => Self::NameLength { what, length },
        }
    }
}
