//! Which jobs want attention, and what did not run and has no record yet.
//!
//! Each job gets a [`Verdict`], from what the store says of it and from what it is doing.
//! [`Standing`] puts the verdicts of all jobs together.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::LiveJob;
use super::late::LateReason;
use super::open::OpenState;
use crate::job::{
    Attention, Attentions, Job, JobId, JobMap, JobStatus, Lane, Name, Overlap, RunStatus, SkipReason,
    Skipped, Trigger,
};

/// A fire that has been due for no longer than this is not late.
pub(super) const IN_TIME: TimeDelta = TimeDelta::seconds(2);

/// The most jobs of each list.
const SHOWN: usize = 5;

/// The most fires of calendar schedules that are counted in one look: counting takes a
/// step for each.
const MOST_COUNTED: u64 = 10_000;

/// All jobs at one moment.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    pub(crate) total: usize,
    pub(crate) paused: usize,
    pub(crate) by_status: BTreeMap<JobStatus, usize>,
    /// What jobs want attention for.
    pub(crate) attention: Arc<JobMap<Attentions>>,
    /// The jobs that failed last.
    pub(crate) failing: Vec<Failing>,
    /// The jobs that have been late for longest.
    pub(crate) late: Vec<Late>,
    /// The jobs that are furthest behind.
    pub(crate) behind: Vec<Behind>,
    /// What is due soonest.
    pub(crate) next: Vec<Upcoming>,
    /// Fires of the last hour that do not run, whether they have a record or not yet.
    pub(crate) not_run: BTreeMap<SkipReason, u64>,
    /// Whether there are more of those than were counted.
    pub(crate) is_partial: bool,
}

/// A job whose newest attempt failed for good.
#[derive(Debug, Clone)]
pub(crate) struct Failing {
    pub(crate) id: JobId,
    pub(crate) name: Name,
    pub(crate) run_count: u64,
    pub(crate) last_run_at: Option<DateTime<Utc>>,
    /// When that attempt ended, and what went wrong, if its record is there.
    pub(crate) record: Option<(DateTime<Utc>, Option<String>)>,
}

/// A job with a fire that is late.
#[derive(Debug, Clone)]
pub(crate) struct Late {
    pub(crate) id: JobId,
    pub(crate) name: Name,
    pub(crate) since: DateTime<Utc>,
    pub(crate) why: LateReason,
}

/// A job with fires that wait for an earlier one.
#[derive(Debug, Clone)]
pub(crate) struct Behind {
    pub(crate) id: JobId,
    pub(crate) name: Name,
    pub(crate) due: u64,
}

/// A job that is due.
#[derive(Debug, Clone)]
pub(crate) struct Upcoming {
    pub(crate) id: JobId,
    pub(crate) name: Name,
    pub(crate) at: DateTime<Utc>,
}

/// By how much a clock that was set back keeps fires waiting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeldBack {
    pub(crate) by: TimeDelta,
    /// Fires that are due later are in time.
    pub(crate) until: DateTime<Utc>,
}

/// When a look is taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: DateTime<Utc>,
    pub(super) held_back: Option<HeldBack>,
    /// What did not run since then counts.
    pub(super) hour_began_at: DateTime<Utc>,
}

impl Moment {
    /// Since when a fire is due; the second value is by how much the clock was
    /// set back, if only that keeps it.
    fn due_since(self, due_at: DateTime<Utc>) -> Option<(DateTime<Utc>, Option<TimeDelta>)> {
        if due_at <= self.now {
            return Some((due_at, None));
        }
        let held = self.held_back.filter(|held| due_at <= held.until)?;
        Some((due_at - held.by, Some(held.by))).filter(|(since, _)| *since <= self.now)
    }

    /// The same of a fire that is late.
    fn late_since(self, due_at: DateTime<Utc>) -> Option<(DateTime<Utc>, Option<TimeDelta>)> {
        self.due_since(due_at).filter(|(since, _)| self.now - *since > IN_TIME)
    }
}

/// What the store says of a job that may want attention.
#[derive(Debug)]
pub(super) struct Suspect {
    pub(super) id: JobId,
    name: Name,
    run_count: u64,
    last_run_at: Option<DateTime<Utc>>,
    /// Whether its newest attempt failed, and no retry is counted.
    has_failed: bool,
    next_run_at: Option<DateTime<Utc>>,
}

/// What its open fires say of a job.
#[derive(Debug, Default)]
pub(super) struct OpenNow {
    /// Attempts that were claimed and have not ended.
    pub(super) claimed: u32,
    /// The newest of them: since when, and when it was due.
    newest: Option<(DateTime<Utc>, DateTime<Utc>)>,
    is_waiting: bool,
    is_retrying: bool,
    /// Whether the job's next fire must wait for one of them.
    keeps_next: bool,
    /// When the first of those is due that may begin.
    due_at: Option<DateTime<Utc>>,
}

impl OpenNow {
    /// Whether a fire waits, or is tried again.
    pub(super) fn is_unbegun(&self) -> bool {
        self.is_waiting || self.is_retrying
    }
}

impl LiveJob {
    /// What its open fires say.
    pub(super) fn open_now(&self) -> OpenNow {
        let mut now = OpenNow::default();
        self.activity.visit(|open| match &open.state {
            OpenState::Running(context, since) => {
                let is_first = context.run_id().attempt == 1 && open.trigger == Trigger::Schedule;
                let due_at = if is_first { self.due_at(open.scheduled_for) } else { *since };
                now.claimed += 1;
                now.newest = now.newest.max(Some((*since, due_at)));
                // While its thread outlives it, its retry is held.
                now.is_retrying |= context.run_id().attempt > 1 || open.retry.is_some();
                // Fires that are made up for come one after another.
                let is_in_a_row = open.trigger == Trigger::CatchUp && self.overlap() != Overlap::Allow;
                now.keeps_next |= self.is_exclusive() || is_in_a_row;
            }
            OpenState::Waiting(entry) => {
                now.is_waiting = true;
                now.is_retrying |= entry.attempt > 1;
                now.keeps_next |= self.is_exclusive() && open.places_successor;
                let is_held = self.is_paused && (entry.trigger.is_of_schedule() || entry.attempt > 1);
                if !is_held {
                    now.due_at = now.due_at.map_or(Some(entry.due_at), |known| Some(known.min(entry.due_at)));
                }
            }
        });
        if now.claimed > 0 && self.is_exclusive() {
            now.due_at = None;
        }
        now
    }
}

/// Puts together what is seen of all jobs.
pub(super) struct Judge {
    moment: Moment,
    standing: Standing,
    attention: JobMap<Attentions>,
    /// Calendar fires that may be counted still.
    countable: u64,
}

impl Judge {
    pub(super) fn new(moment: Moment) -> Self {
        Self { moment, standing: Standing::default(), attention: JobMap::default(), countable: MOST_COUNTED }
    }

    /// Looks at a job of the store, and returns what may want attention.
    pub(super) fn look_at(&mut self, job: &Job, status: JobStatus) -> Option<Suspect> {
        let is_orphaned = status == JobStatus::Orphaned;
        self.standing.total += 1;
        *self.standing.by_status.entry(status).or_default() += 1;
        self.standing.paused += usize::from(job.is_paused);
        if is_orphaned {
            self.add(job.id, Attention::Orphaned);
        }
        let due_at = job.next_run_at.filter(|_| !is_orphaned);
        if let Some(at) = due_at.filter(|at| !job.is_paused && self.moment.now - *at <= IN_TIME) {
            let is_sooner = |last: &Upcoming| (at, job.id) < (last.at, last.id);
            if self.standing.next.len() < SHOWN || self.standing.next.last().is_some_and(is_sooner) {
                let upcoming = Upcoming { id: job.id, name: job.definition.name.clone(), at };
                insert(&mut self.standing.next, upcoming, |other| (other.at, other.id));
            }
        }
        let has_failed = job.recent.newest() == Some(RunStatus::Failed) && job.retry_count == 0;
        let is_due = due_at.is_some_and(|at| self.moment.due_since(at).is_some());
        (has_failed || is_due).then(|| Suspect {
            id: job.id,
            name: job.definition.name.clone(),
            run_count: job.run_count,
            last_run_at: job.last_run_at,
            has_failed,
            next_run_at: due_at.filter(|_| is_due),
        })
    }

    /// An orphan has no more than its record.
    pub(super) fn judge_orphan(&mut self, suspect: Suspect) {
        if suspect.has_failed {
            self.add_failing(suspect);
        }
    }

    /// Judges a job. `begun` is how many of its claimed attempts the store knows, and
    /// `why` says why a fire is late in a lane.
    pub(super) fn judge(
        &mut self,
        suspect: Option<Suspect>,
        job: &LiveJob,
        open: &OpenNow,
        begun: u32,
        why: impl Fn(Lane) -> LateReason,
    ) {
        if open.is_retrying {
            self.add(job.id, Attention::Retrying);
        }
        let mut late = open.due_at.and_then(|due_at| self.moment.late_since(due_at));
        // What is claimed begins once the store has it.
        let unstored = open.newest.filter(|_| open.claimed > begun);
        if let Some((_, due_at)) = unstored {
            late = late.or_else(|| self.moment.late_since(due_at));
        } else if let Some(first) = suspect.as_ref().and_then(|suspect| suspect.next_run_at) {
            if job.is_paused {
                self.count_unrecorded(SkipReason::Paused, job, first);
            } else if open.keeps_next {
                self.add_behind(job, first);
            } else {
                late = late.or_else(|| self.moment.late_since(job.due_at(first)));
            }
        }
        if let Some((since, set_back_by)) = late {
            let why = match (set_back_by, why(job.function.lane())) {
                (Some(by), _) => LateReason::Clock { by: -by },
                (None, LateReason::Busy) if unstored.is_some() => LateReason::Store { error: None },
                (None, why) => why,
            };
            self.add_late(job, since, why);
        }
        // Of jobs whose fires may overlap, another one may be tried again.
        let is_tried_again = job.is_exclusive() && open.is_retrying;
        if let Some(suspect) = suspect.filter(|suspect| suspect.has_failed && !is_tried_again) {
            self.add_failing(suspect);
        }
    }

    fn add(&mut self, job: JobId, why: Attention) {
        self.attention.entry(job).or_default().add(why);
    }

    fn add_failing(&mut self, suspect: Suspect) {
        let Suspect { id, name, run_count, last_run_at, .. } = suspect;
        self.add(id, Attention::Failing);
        let failing = Failing { id, name, run_count, last_run_at, record: None };
        insert(&mut self.standing.failing, failing, |other| (std::cmp::Reverse(other.last_run_at), other.id));
    }

    /// Adds a job that is late, unless it is known to be for longer.
    pub(super) fn add_late(&mut self, job: &LiveJob, since: DateTime<Utc>, why: LateReason) {
        if self.moment.now - since <= IN_TIME {
            return;
        }
        self.add(job.id, Attention::Late);
        self.standing.late.retain(|known| known.id != job.id || known.since <= since);
        if self.standing.late.iter().all(|known| known.id != job.id) {
            let late = Late { id: job.id, name: job.definition.name.clone(), since, why };
            insert(&mut self.standing.late, late, |other| (other.since, other.id));
        }
    }

    fn add_behind(&mut self, job: &LiveJob, first: DateTime<Utc>) {
        if job.due_at(first) > self.moment.now {
            return;
        }
        self.add(job.id, Attention::Behind);
        let due = self.count(job, first).max(1);
        let behind = Behind { id: job.id, name: job.definition.name.clone(), due };
        insert(&mut self.standing.behind, behind, |other| (std::cmp::Reverse(other.due), other.id));
        // With `queue` the first of them runs, and stands for the others.
        let first =
            if job.overlap() == Overlap::Queue { job.schedule.next_after(first) } else { Some(first) };
        if let Some(first) = first {
            self.count_unrecorded(SkipReason::Overlap, job, first);
        }
    }

    fn count_unrecorded(&mut self, reason: SkipReason, job: &LiveJob, first: DateTime<Utc>) {
        let count = self.count(job, first.max(self.moment.hour_began_at));
        if count > 0 {
            *self.standing.not_run.entry(reason).or_default() += count;
        }
    }

    /// How many fires are due from that instant on.
    fn count(&mut self, job: &LiveJob, first: DateTime<Utc>) -> u64 {
        let takes_steps = job.definition.schedule.spec.is_of_calendar();
        let most = if takes_steps { self.countable.min(Skipped::COUNTED) } else { u64::MAX };
        if most == 0 {
            self.standing.is_partial = true;
            return 0;
        }
        let count = job.due_from(first, self.moment.now, most);
        if takes_steps {
            self.countable = self.countable.saturating_sub(count + 1);
            self.standing.is_partial |= count == most;
        }
        count
    }

    pub(super) fn finish(self) -> Standing {
        Standing { attention: Arc::new(self.attention), ..self.standing }
    }
}

/// Puts something where it belongs in a short list; the last one may fall out.
fn insert<T, K: Ord>(list: &mut Vec<T>, item: T, key: impl Fn(&T) -> K) {
    let place = list.partition_point(|other| key(other) <= key(&item));
    if place < SHOWN {
        list.insert(place, item);
        list.truncate(SHOWN);
    }
}
