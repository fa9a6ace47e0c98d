//! A job with its state.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::is_default::is_default;
use super::recent::Recent;
use super::{
    Declared, FunctionKey, JobDefinition, JobId, JobRevision, Name, Progress, Rewind, Run, RunStatus, Source,
};
use crate::schedule::ScheduleDefinition;

/// What a job is doing now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// It waits for its next fire.
    Scheduled,
    /// An attempt is under way.
    Running,
    /// It does not fire until it is resumed.
    Paused,
    /// It has run for the last time.
    Completed,
    /// Its last run failed; it still runs at its next fire.
    Failed,
    /// Its function is not linked into this program.
    Orphaned,
}

impl fmt::Display for JobStatus {
    /// The word that it is stored as.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// What a job does at the moment, which its process knows.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    #[default]
    Nothing,
    /// A fire waits that has come due: for a slot, or to run again.
    Waiting,
    Running,
}

/// A job and its state at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    pub(crate) id: JobId,
    pub(crate) definition: Arc<JobDefinition>,
    pub(crate) source: Source,
    pub(crate) created_at: DateTime<Utc>,
    /// When the program last added it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) added_at: Option<DateTime<Utc>>,
    pub(crate) revision: u64,
    pub(crate) is_paused: bool,
    /// When it was paused. In a box, since few jobs are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) paused_at: Option<Box<DateTime<Utc>>>,
    /// The instant from which the job has its present schedule.
    pub(crate) scheduled_since: DateTime<Utc>,
    /// The first fire that is not accounted for: neither begun nor skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next_run_at: Option<DateTime<Utc>>,
    /// The key that `add` finds it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) declared: Option<Arc<Declared>>,
    /// The zone of its times, if its schedule has some and names none: that of
    /// the scheduler which placed its fires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) zone: Option<Tz>,
    /// What it remembers of a time when the clock was ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rewind: Option<Arc<Rewind>>,
    /// The fire of its schedule that ended most recently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_ended: Option<DateTime<Utc>>,
    pub(crate) run_count: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) failure_count: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) retry_count: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_run_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) recent: Recent,
    #[serde(skip)]
    pub(crate) doing: Doing,
    #[serde(skip)]
    pub(crate) is_orphaned: bool,
}

impl Job {
    pub(crate) fn new(
        id: JobId,
        definition: Arc<JobDefinition>,
        source: Source,
        created_at: DateTime<Utc>,
    ) -> Self {
        let scheduled_since = definition.schedule.counted_from(created_at);
        Self {
            id,
            definition,
            source,
            created_at,
            added_at: (source == Source::Added).then_some(created_at),
            revision: 1,
            is_paused: false,
            paused_at: None,
            scheduled_since,
            next_run_at: None,
            key: None,
            declared: None,
            zone: None,
            rewind: None,
            last_ended: None,
            run_count: 0,
            failure_count: 0,
            retry_count: 0,
            last_run_at: None,
            recent: Recent::default(),
            doing: Doing::Nothing,
            is_orphaned: false,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Its name: what it was given, or else the function's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// Its group.
    #[must_use]
    pub fn group(&self) -> &str {
        &self.definition.group
    }

    /// The function it runs.
    #[must_use]
    pub fn function(&self) -> &FunctionKey {
        &self.definition.function
    }

    /// Everything it was told to do.
    #[must_use]
    pub fn definition(&self) -> &JobDefinition {
        &self.definition
    }

    /// Its schedule with everything that decides its fires: the zone of its times,
    /// and what it counts from if that is not `scheduled_since`.
    pub(crate) fn whole_schedule(&self) -> ScheduleDefinition {
        let schedule = &self.definition.schedule;
        let schedule = ScheduleDefinition { zone: schedule.zone.or(self.zone), ..schedule.clone() };
        match self.rewind.as_ref().and_then(|rewind| rewind.anchor) {
            Some(anchor) => schedule.placed(anchor),
            None => schedule,
        }
    }

    /// Who made it.
    #[must_use]
    pub fn source(&self) -> Source {
        self.source
    }

    /// When it was made.
    #[must_use]
    pub fn created_at(&self) -> DateTime<Utc> {
        self.created_at
    }

    /// When the program last added it with [`Scheduler::add`], in this process or
    /// an earlier one. `None` if it never did, since an attribute declares the job or
    /// a client made it, and for jobs with `always_new`.
    ///
    /// [`Scheduler::add`]: crate::Scheduler::add
    #[must_use]
    pub fn added_at(&self) -> Option<DateTime<Utc>> {
        self.added_at
    }

    /// A number that grows with each change of the definition, from 1.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What it is doing now.
    #[must_use]
    pub fn status(&self) -> JobStatus {
        self.status_as(self.doing, self.is_orphaned)
    }

    /// What it is at if that is so of it.
    pub(crate) fn status_as(&self, doing: Doing, is_orphaned: bool) -> JobStatus {
        if is_orphaned {
            JobStatus::Orphaned
        } else if doing == Doing::Running {
            JobStatus::Running
        } else if self.is_paused {
            JobStatus::Paused
        } else if self.next_run_at.is_none() && self.retry_count == 0 && doing == Doing::Nothing {
            JobStatus::Completed
        } else if self.recent.newest() == Some(RunStatus::Failed) {
            JobStatus::Failed
        } else {
            JobStatus::Scheduled
        }
    }

    /// Whether it is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// When it was paused; `None` if it is not, or if an earlier version paused it,
    /// which did not record when.
    #[must_use]
    pub fn paused_at(&self) -> Option<DateTime<Utc>> {
        self.paused_at.as_deref().copied()
    }

    /// Has it be paused from the start, or not.
    pub(crate) fn begin_paused(&mut self, is_paused: bool) {
        self.is_paused = is_paused;
        self.paused_at = is_paused.then(|| Box::new(self.created_at));
    }

    /// When its next fire is due by the schedule; `None` when none is to come,
    /// or while it is paused or orphaned.
    #[must_use]
    pub fn next_run_at(&self) -> Option<DateTime<Utc>> {
        self.next_run_at.filter(|_| !self.is_paused && !self.is_orphaned)
    }

    /// The instant from which it has its present schedule: when it was made,
    /// or when its schedule was last changed. Intervals count from then.
    #[must_use]
    pub fn scheduled_since(&self) -> DateTime<Utc> {
        self.scheduled_since
    }

    /// The first fire that is accounted for by nothing yet: neither by an
    /// attempt nor by the record of a skip. `None` when none is to come.
    #[must_use]
    pub fn unaccounted_from(&self) -> Option<DateTime<Utc>> {
        self.next_run_at
    }

    /// The key that it was added with, if any.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// What the code says of it, if an attribute declares it. Of a job that the
    /// program added, only if the job is something else by now.
    #[must_use]
    pub fn declared(&self) -> Option<&Declared> {
        self.declared.as_deref()
    }

    /// What the code last said of it, if an attribute declares it or the program
    /// added it.
    pub(crate) fn last_declared(&self) -> Option<Arc<Declared>> {
        let as_it_is = || Arc::new(Declared::added(&self.definition, true));
        self.declared.clone().or_else(|| (self.source == Source::Added).then(as_it_is))
    }

    /// When its last attempt started.
    #[must_use]
    pub fn last_run_at(&self) -> Option<DateTime<Utc>> {
        self.last_run_at
    }

    /// How many attempts have ended.
    #[must_use]
    pub fn run_count(&self) -> u64 {
        self.run_count
    }

    /// How many of them failed.
    #[must_use]
    pub fn failure_count(&self) -> u64 {
        self.failure_count
    }

    /// How many retries the current fire has had; 0 when it is not being retried.
    #[must_use]
    pub fn retry_count(&self) -> u32 {
        self.retry_count
    }

    /// Attempts after the first that failed.
    #[must_use]
    pub fn max_retries(&self) -> u32 {
        self.definition.policy.max_retries
    }

    /// The longest an attempt may take.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.definition.policy.timeout
    }

    /// The outcomes of its last attempts, at most five, the newest last.
    pub fn recent(&self) -> impl Iterator<Item = RunStatus> {
        self.recent.iter()
    }

    /// Counts an attempt that ended. Stores call this once for each run.
    pub fn count_attempt(&mut self, run: &Run, retry_count: u32) {
        // A count that was taken over may be anything.
        self.run_count = self.run_count.saturating_add(1);
        self.failure_count = self.failure_count.saturating_add((run.status == RunStatus::Failed).into());
        // When an attempt started that crashed is not known any more.
        self.last_run_at = run.started_at.or(self.last_run_at);
        self.recent.push(run.status);
        self.retry_count = retry_count;
        if retry_count == 0 && run.run_id.trigger.is_of_schedule() {
            self.last_ended = Some(run.scheduled_for());
        }
    }

    /// Records that the program added it again. Stores call this for
    /// [`Change::AddAgain`](crate::storage::Change::AddAgain).
    pub fn add_again(&mut self, at: DateTime<Utc>) {
        self.source = Source::Added;
        self.added_at = Some(at);
    }

    /// Applies a change. Stores call this when its revision is the one that
    /// the change expects.
    pub fn revise(&mut self, change: &JobRevision) {
        self.definition = Arc::clone(&change.definition);
        self.revision = change.expected_revision + 1;
        self.is_paused = change.is_paused;
        self.paused_at = change.paused_at.map(Box::new);
        self.scheduled_since = change.scheduled_since;
        self.next_run_at = change.next_run_at;
        self.declared.clone_from(&change.declared);
        self.zone = change.zone;
        self.rewind.clone_from(&change.rewind);
    }

    /// Moves the first fire that is not accounted for on, never back, and not
    /// at all if the schedule was changed meanwhile.
    pub fn advance(&mut self, progress: Progress) {
        if progress.scheduled_since != self.scheduled_since {
            return;
        }
        self.next_run_at = match (self.next_run_at, progress.next_run_at) {
            (Some(known), Some(new)) => Some(known.max(new)),
            (None, _) | (_, None) => None,
        };
    }
}
