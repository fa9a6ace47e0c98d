//! Problems: what an operator should know, as long as it lasts.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::lock;
use crate::job::JobId;
use crate::schedule::text::OneLine;

/// What kind of problem it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ProblemCode {
    /// The clock was set back by more than five seconds.
    ///
    /// Values: `from` and `to`, the time before and after; `seconds`, by how much
    /// it was set back; `jobs`, how many jobs were rescheduled to the right time.
    /// It ends when the clock reads `from` again, but after an hour at the latest.
    ClockSetBack,
    /// The system provides no thread for functions that are not async. Those that
    /// are due wait, and each asks for a thread every second.
    ///
    /// Values: `error`, what the system says.
    NoThreads,
    /// A stored job has a cron expression that is no longer accepted. It keeps
    /// its old meaning until the job gets another schedule.
    ///
    /// Values: `name`, the job's name; `expression`; `error`, what is wrong with it.
    OutdatedSchedule,
    /// The store refuses the record of an attempt for good, such as one that is too
    /// long. A short record takes its place, and if that is refused too, the attempt
    /// has none and runs again at the next start. If the store refuses to record that
    /// an attempt begins, it runs without that; if fires are skipped, they have no
    /// record. The problem ends with the job's next record that is stored whole.
    ///
    /// Values: `run`, the id of the run; `error`, why it is refused.
    RecordRefused,
    /// The store takes and keeps all changes, but something in it fails: a journal
    /// that cannot be folded into its state file grows. That is tried again when it has
    /// grown further.
    ///
    /// Values: `error`, the first failure.
    StoreDegraded,
    /// The store or the queue fails, or a state file cannot be written, as on a full
    /// disk: jobs go on, and what they do is kept in memory. The write is retried.
    ///
    /// Values: `error`, the first failure.
    StoreFailing,
    /// A task of the scheduler panicked, and the scheduler stops.
    ///
    /// Values: `error`, which task it was and what it said.
    TaskFailed,
}

impl ProblemCode {
    /// The code as text, such as `clock_set_back`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClockSetBack => "clock_set_back",
            Self::NoThreads => "no_threads",
            Self::OutdatedSchedule => "outdated_schedule",
            Self::RecordRefused => "record_refused",
            Self::StoreDegraded => "store_degraded",
            Self::StoreFailing => "store_failing",
            Self::TaskFailed => "task_failed",
        }
    }
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for ProblemCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Something that an operator should know, as long as it lasts.
///
/// It displays as a sentence. See [`Scheduler::problems`](crate::Scheduler::problems).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// What kind of problem it is.
    pub code: ProblemCode,
    /// When it began, by the scheduler's clock.
    pub since: DateTime<Utc>,
    /// The job that it is about, if it is about one.
    pub job: Option<JobId>,
    /// The details, under the names that [`ProblemCode`] lists.
    pub values: Map<String, Value>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |name: &str| OneLine(self.values.get(name).and_then(Value::as_str).unwrap_or_default());
        let number = |name: &str| self.values.get(name).and_then(Value::as_u64).unwrap_or_default();
        match self.code {
            ProblemCode::ClockSetBack => {
                let (from, to, seconds) = (text("from"), text("to"), number("seconds"));
                write!(f, "the clock was set back by {seconds} s, from {from} to {to}")?;
                match number("jobs") {
                    0 => Ok(()),
                    1 => f.write_str("; 1 job was rescheduled to the right time"),
                    jobs => write!(f, "; {jobs} jobs were rescheduled to the right time"),
                }
            }
            ProblemCode::NoThreads => write!(
                f,
                "the system provides no thread, which functions that are not async wait for: {}",
                text("error")
            ),
            ProblemCode::OutdatedSchedule => {
                let job = self.job.map_or_else(String::new, |job| job.to_string());
                let (name, error) = (text("name"), text("error"));
                write!(
                    f,
                    "{job} `{name}` keeps its schedule, which is no longer accepted; give it another: {error}"
                )
            }
            ProblemCode::RecordRefused => {
                write!(f, "the store refused the record of {}: {}", text("run"), text("error"))
            }
            ProblemCode::StoreDegraded => {
                write!(f, "the store keeps all changes, but not as it should: {}", text("error"))
            }
            ProblemCode::StoreFailing => write!(f, "the store or the queue fails: {}", text("error")),
            ProblemCode::TaskFailed => write!(f, "{}; the scheduler stops", text("error")),
        }
    }
}

impl Problem {
    /// A problem that begins at `since`.
    pub(crate) fn new<const N: usize>(
        code: ProblemCode,
        since: DateTime<Utc>,
        job: Option<JobId>,
        values: [(&str, Value); N],
    ) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { code, since, job, values }
    }
}

/// How often a kind of problem began, and how many of it are present.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProblemMetrics {
    /// How many of this kind are present now.
    pub present: usize,
    /// How many have begun since the scheduler was created.
    pub begun: u64,
}

/// The problems that are present, and how many have begun.
#[derive(Debug, Default)]
pub(super) struct Problems(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    present: BTreeMap<Key, Problem>,
    begun: BTreeMap<ProblemCode, u64>,
}

/// At most one of each kind, for each job or for none.
type Key = (ProblemCode, Option<JobId>);

impl Problems {
    /// Notes a problem that begins, and logs it. It replaces a present one of the
    /// same kind and job.
    pub(super) fn begin(&self, problem: Problem) {
        let (code, job) = (problem.code, problem.job);
        let text = problem.to_string();
        {
            let mut state = self.state();
            *state.begun.entry(code).or_default() += 1;
            state.present.insert((code, job), problem);
        }
        let job = job.map(tracing::field::display);
        if code == ProblemCode::TaskFailed {
            tracing::error!(problem = code.as_str(), job, "{text}");
        } else {
            tracing::warn!(problem = code.as_str(), job, "{text}");
        }
    }

    /// Adds a detail to a problem, if it is present.
    pub(super) fn set_value(&self, code: ProblemCode, job: Option<JobId>, name: &str, value: Value) {
        if let Some(problem) = self.state().present.get_mut(&(code, job)) {
            problem.values.insert(name.to_owned(), value);
        }
    }

    /// Ends a problem, if it is present, and logs that.
    pub(super) fn end(&self, code: ProblemCode, job: Option<JobId>) -> Option<Problem> {
        let ended = self.state().present.remove(&(code, job));
        if let Some(problem) = &ended {
            let job = job.map(tracing::field::display);
            tracing::info!(problem = code.as_str(), job, "no longer a problem: {problem}");
        }
        ended
    }

    /// Whether a problem of that kind is present.
    pub(super) fn has(&self, code: ProblemCode) -> bool {
        self.state().present.keys().any(|(present, _)| *present == code)
    }

    /// The problems that are present, ordered by kind and job.
    pub(super) fn present(&self) -> Vec<Problem> {
        self.state().present.values().cloned().collect()
    }

    pub(super) fn metrics(&self) -> BTreeMap<ProblemCode, ProblemMetrics> {
        let state = self.state();
        let of = |(code, begun): (&ProblemCode, &u64)| {
            let present = state.present.keys().filter(|(present, _)| present == code).count();
            (*code, ProblemMetrics { present, begun: *begun })
        };
        state.begun.iter().map(of).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

/// An instant as a value of a problem: RFC 3339, in UTC.
pub(super) fn instant(at: DateTime<Utc>) -> Value {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true).into()
}
