//! Jobs, fires and their records, made short.
//!
//! A test that writes to a store by hand needs them; times are in seconds
//! after [`START`].

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Map;

use crate::job::{
    AfterFailure, DeadLetter, Entry, EntryKind, FunctionKey, Job, JobDefinition, JobId, Lane, Policy,
    Progress, Run, RunId, RunStatus, SkipReason, Skipped, Source, Trigger,
};
use crate::schedule::{ScheduleDefinition, every};
use crate::storage::{Change, Claimed, EndedAttempt, SkippedFires};

/// When the jobs are made: midnight of a Monday, in UTC.
pub const START: DateTime<Utc> = match DateTime::from_timestamp(1_795_392_000, 0) {
    Some(start) => start,
    None => DateTime::UNIX_EPOCH,
};

/// The interval of the jobs, in seconds.
pub const INTERVAL: i64 = 10;

/// The instant that many seconds after [`START`].
#[must_use]
pub fn at(seconds: i64) -> DateTime<Utc> {
    START + TimeDelta::seconds(seconds)
}

/// What a job is told to do: to run `samples::work` each ten seconds.
///
/// # Panics
///
/// Never: ten seconds are an interval.
#[must_use]
pub fn definition() -> JobDefinition {
    JobDefinition {
        name: "work".into(),
        group: "default".into(),
        function: FunctionKey::new("samples", "work"),
        args: Vec::new(),
        kwargs: Map::new(),
        schedule: every(INTERVAL).seconds().definition().expect("ten seconds are an interval"),
        policy: Policy::default(),
    }
}

/// A job that was made at [`START`] and has not fired yet.
#[must_use]
pub fn job(number: u64) -> Job {
    job_of(number, definition())
}

/// A job on that schedule, in UTC.
#[must_use]
pub fn job_on(number: u64, schedule: ScheduleDefinition) -> Job {
    job_of(number, JobDefinition { schedule, ..definition() })
}

/// A job of that definition, in UTC, made at [`START`].
///
/// # Panics
///
/// If its schedule cannot be compiled.
#[must_use]
pub fn job_of(number: u64, definition: JobDefinition) -> Job {
    let schedule = definition.schedule.clone().placed(START).compile(chrono_tz::UTC);
    let mut job = Job::new(JobId::new(number), Arc::new(definition), Source::Api, START);
    job.next_run_at = schedule.expect("a schedule that can be compiled").next_after(START);
    job
}

/// The addition of a job.
#[must_use]
pub fn add(job: &Job) -> Change {
    Change::AddJob(Box::new(job.clone()))
}

/// The record of the fires of a job from one instant to another, and that they
/// are accounted for. Their number is that of a job of [`definition`].
#[must_use]
pub fn skip(job: &Job, reason: SkipReason, first: i64, last: i64) -> Change {
    let count = u64::try_from((last - first) / INTERVAL + 1).unwrap_or(0);
    let skipped = Skipped::new(reason, at(first), at(last), count);
    record(job, skipped, at(last + INTERVAL))
}

/// A record of skipped fires; `next` is the first that is not accounted for.
#[must_use]
pub fn record(job: &Job, skipped: Skipped, next: DateTime<Utc>) -> Change {
    let progress = Progress { scheduled_since: job.scheduled_since, next_run_at: Some(next) };
    let run = Run::skipped(job.id, &job.definition, job.rewinds(), skipped, next);
    Change::Skip(SkippedFires { run: Arc::new(run), progress })
}

/// A fire of a job, to make changes of: its claim, its end and so on.
#[derive(Debug, Clone)]
pub struct Fire {
    /// The fire, with the attempt that is meant.
    pub entry: Entry,
    /// How far the job's fires are accounted for with it.
    pub progress: Progress,
    /// The job as it was.
    pub definition: Arc<JobDefinition>,
}

impl Fire {
    /// The fire of a job that is due `seconds` after [`START`]; the next one
    /// is due [`INTERVAL`] later.
    #[must_use]
    pub fn of(job: &Job, seconds: i64) -> Self {
        let next_run_at = Some(at(seconds + INTERVAL));
        let entry = Entry {
            kind: EntryKind::Fire,
            job: job.id,
            trigger: Trigger::Schedule,
            scheduled_for: at(seconds),
            due_at: at(seconds),
            attempt: 1,
            crashes: 0,
            covers_until: at(seconds),
            catch_up_until: None,
            is_last_late: false,
            revision: job.revision,
            is_exclusive: true,
            lane: Lane::Async,
            function: job.definition.function.clone(),
        };
        let progress = Progress { scheduled_since: job.scheduled_since, next_run_at };
        Self { entry, progress, definition: Arc::clone(&job.definition) }
    }

    /// The fire for another reason. One that no schedule set off leaves the
    /// job's fires as they are.
    #[must_use]
    pub fn triggered(mut self, trigger: Trigger) -> Self {
        self.entry.trigger = trigger;
        match trigger {
            Trigger::Schedule | Trigger::CatchUp => {}
            Trigger::Manual | Trigger::Retry => self.progress.next_run_at = Some(DateTime::UNIX_EPOCH),
        }
        self
    }

    /// The fire at another attempt.
    #[must_use]
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.entry.attempt = attempt;
        self
    }

    /// The fire, after which none is to come.
    #[must_use]
    pub fn last(mut self) -> Self {
        self.progress.next_run_at = None;
        self
    }

    /// The id of its attempt.
    #[must_use]
    pub fn run_id(&self) -> RunId {
        self.entry.run_id()
    }

    /// It is asked for.
    #[must_use]
    pub fn open(&self) -> Change {
        Change::OpenFire(Box::new(self.entry.clone()))
    }

    /// Its attempt begins.
    #[must_use]
    pub fn claim(&self) -> Change {
        Change::Claim(vec![self.claimed()])
    }

    /// Its attempt, to be claimed with others.
    #[must_use]
    pub fn claimed(&self) -> Claimed {
        Claimed { entry: self.entry.clone(), progress: self.progress }
    }

    /// Its attempt succeeded.
    #[must_use]
    pub fn completed(&self) -> Change {
        Change::EndAttempt(self.ended(RunStatus::Completed))
    }

    /// Its attempt failed, and another one comes.
    #[must_use]
    pub fn retried(&self) -> Change {
        let retry = Some(Box::new(self.clone().attempt(self.entry.attempt + 1).entry));
        Change::EndAttempt(EndedAttempt { retry, ..self.ended(RunStatus::Failed) })
    }

    /// Its attempt failed for good, and leaves a dead letter.
    #[must_use]
    pub fn buried(&self) -> Change {
        let ended = self.ended(RunStatus::Failed);
        Change::EndAttempt(EndedAttempt { dead_letter: Some(Box::new(self.letter())), ..ended })
    }

    /// Its dead letter, as a store has it that counted so many attempts.
    #[must_use]
    pub fn kept_letter(&self, run_count: u64) -> DeadLetter {
        DeadLetter { run: self.kept_run(RunStatus::Failed, run_count), ..self.letter() }
    }

    /// The record of its attempt, as a store has it that counted so many.
    #[must_use]
    pub fn kept_run(&self, status: RunStatus, run_count: u64) -> Run {
        Run { run_count, ..self.run(status) }
    }

    /// Its dead letter.
    #[must_use]
    pub fn letter(&self) -> DeadLetter {
        DeadLetter { run: self.run(RunStatus::Failed), definition: self.definition.as_ref().clone() }
    }

    /// The end of its attempt, and of the fire.
    #[must_use]
    pub fn ended(&self, status: RunStatus) -> EndedAttempt {
        let run = Arc::new(self.run(status));
        EndedAttempt { run, progress: self.progress, retry: None, dead_letter: None }
    }

    /// The record of its attempt, which took a second.
    #[must_use]
    pub fn run(&self, status: RunStatus) -> Run {
        let is_failed = status == RunStatus::Failed;
        Run {
            run_id: self.run_id(),
            job_name: self.definition.name.clone(),
            function: self.definition.function.clone(),
            group: self.definition.group.clone(),
            status,
            run_count: 0,
            started_at: Some(self.entry.due_at),
            finished_at: Some(self.entry.due_at + TimeDelta::seconds(1)),
            result: None,
            error: is_failed.then(|| "out of paper".to_owned()),
            after_failure: is_failed.then_some(AfterFailure::NoRetriesLeft { limit: 1 }),
            instance: None,
            timed_out: false,
            skipped: None,
        }
    }
}
