//! Jobs in the form in which they are executed.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};

use super::SeriesNumber;
use super::activity::Activity;
use crate::job::{Declared, Job, JobDefinition, JobId, Name, Overlap, Progress, Tombstone};
use crate::registry::Function;
use crate::schedule::Timetable;

/// A job whose function is at hand, and whose schedule is compiled, as of one
/// revision.
#[derive(Debug, Clone)]
pub(crate) struct LiveJob {
    pub(crate) id: JobId,
    pub(crate) definition: Arc<JobDefinition>,
    pub(crate) revision: u64,
    pub(crate) scheduled_since: DateTime<Utc>,
    /// The first fire that was not accounted for when this revision began.
    pub(crate) starts_from: Option<DateTime<Utc>>,
    pub(crate) is_paused: bool,
    pub(crate) schedule: Timetable,
    pub(crate) function: Arc<Function>,
    /// Where it is counted by its name, if it repeats.
    pub(crate) series: Option<SeriesNumber>,
    /// Where its function is counted, from its first attempt on.
    pub(super) function_series: OnceLock<SeriesNumber>,
    /// What it is at: the same for all revisions.
    pub(crate) activity: Activity,
    rare: Option<Box<Rare>>,
}

/// What few jobs have.
#[derive(Debug, Clone)]
struct Rare {
    key: Option<Name>,
    /// What an attribute says of it, if one declares it.
    declared: Option<Arc<Declared>>,
    /// How often the job was rewound, which sets apart the records of skips.
    rewinds: u32,
}

impl LiveJob {
    pub(crate) fn new(
        job: &Job,
        declared: Option<Arc<Declared>>,
        schedule: Timetable,
        function: Arc<Function>,
        series: Option<SeriesNumber>,
        activity: Activity,
    ) -> Self {
        let rare = Rare { key: job.key.clone(), declared, rewinds: job.rewinds() };
        let has_any = rare.key.is_some() || rare.declared.is_some() || rare.rewinds > 0;
        Self {
            id: job.id,
            definition: Arc::clone(&job.definition),
            revision: job.revision,
            scheduled_since: job.scheduled_since,
            starts_from: job.next_run_at,
            is_paused: job.is_paused,
            schedule,
            function,
            series,
            function_series: OnceLock::new(),
            activity,
            rare: has_any.then(|| Box::new(rare)),
        }
    }

    /// The key that it was added with, if any.
    pub(crate) fn key(&self) -> Option<&Name> {
        self.rare.as_ref()?.key.as_ref()
    }

    /// How often it was rewound.
    pub(super) fn rewinds(&self) -> u32 {
        self.rare.as_ref().map_or(0, |rare| rare.rewinds)
    }

    pub(crate) fn overlap(&self) -> Overlap {
        self.definition.policy.overlap
    }

    /// Whether an open fire keeps the job's next one waiting. If not, the next
    /// fire is pushed when its predecessor is claimed.
    pub(crate) fn is_exclusive(&self) -> bool {
        match self.overlap() {
            Overlap::Skip | Overlap::Queue => true,
            Overlap::Allow | Overlap::Cancel => false,
        }
    }

    /// What is left when it has run for the last time: the code would make a
    /// job for a date, or until a date, again at each start.
    pub(super) fn tombstone(&self) -> Option<Box<Tombstone>> {
        let schedule = &self.definition.schedule;
        let ends_for_good = schedule.spec.is_dated() || schedule.until.is_some();
        let declared = self.rare.as_ref()?.declared.as_ref().filter(|_| ends_for_good)?;
        Some(Box::new(Tombstone { job: self.id, declared: Declared::clone(declared) }))
    }

    /// How far its fires are accounted for if `next_run_at` is the first that
    /// is not.
    pub(super) fn progress(&self, next_run_at: Option<DateTime<Utc>>) -> Progress {
        Progress { scheduled_since: self.scheduled_since, next_run_at }
    }
}
