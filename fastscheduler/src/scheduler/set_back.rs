//! Rewinds jobs after the clock was set back.
//!
//! While a clock is ahead, fires are skipped or run too early, and each job's next
//! fire lies far in the future once the clock is right. So each job is rewound to
//! the present: fires that were only skipped come again, and fires that ended do
//! not.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Scheduler, SchedulerError};
use crate::engine::{SetBack, SkippedOnce, entry_set_back};
use crate::job::{
    ClosedSchedule, Entry, Job, JobId, JobRevision, OpenFire, Overlap, Progress, RescheduleCause, Rewind,
    Run, RunId, SkipReason, Skipped,
};
use crate::schedule::{LeftOut, ScheduleError};
use crate::storage::{Change, Durability, HistoryQuery, SkippedFires, StorageError};

/// The smallest step between two instants.
const TICK: TimeDelta = TimeDelta::microseconds(1);

/// The most fires that are remembered one by one.
const ONE_BY_ONE: usize = 10_000;

/// The future fires that have already ended or are open, by job.
type Ended = HashMap<JobId, Vec<(DateTime<Utc>, DateTime<Utc>)>>;

impl Scheduler {
    /// Checks the clock now and then, until the scheduler stops.
    pub(super) async fn watch_clock(self) {
        loop {
            self.check_clock().await;
            if self.0.engine.clock_may_be_set().await.is_none() {
                return;
            }
        }
    }

    /// Checks whether the clock was set back, and rewinds jobs if so.
    pub(crate) async fn check_clock(&self) {
        let engine = &self.0.engine;
        let _alone = engine.lock_clock_check().await;
        // A shared store has its own clock.
        let back = engine.check_clock().filter(|back| back.is_long() && !engine.storage.is_shared());
        if let Some(back) = back {
            tokio::select! {
                jobs = engine.persist("rewound jobs", || self.rewind_jobs(back)) => {
                    engine.report_rewound(jobs);
                }
                // The next start sees that records lie in the future.
                () = engine.stopping() => {}
            }
        }
    }

    /// Rewinds all jobs that are ahead, and returns how many there were.
    async fn rewind_jobs(&self, back: SetBack) -> Result<usize, SchedulerError> {
        let engine = &self.0.engine;
        let _held = engine.hold_batches().await;
        loop {
            let stored = engine.storage.load().await?;
            let ended = self.ended_after(back.to - TICK, &stored.jobs, &stored.open).await?;
            let mut waiting = waiting_by_job(&stored.open);
            let mut changes = Vec::new();
            let mut jobs = Vec::new();
            for SkippedOnce { job, function } in engine.skipped_once_after(back.to) {
                if stored.jobs.iter().any(|still| still.id == job.id) {
                    continue;
                }
                if let Some((job, of_job)) = self.bring_back(job, back)? {
                    changes.extend(of_job);
                    jobs.push((job, Some(function)));
                }
            }
            for mut job in stored.jobs {
                let waits = engine.table.get(job.id).map_or_else(
                    || waiting.remove(&job.id).unwrap_or_default(),
                    |known| known.activity.waiting(),
                );
                let of_job = self.rewind_job(&mut job, &ended, &waits, back)?;
                if !of_job.is_empty() {
                    changes.extend(of_job);
                    jobs.push((job, None));
                }
            }
            match engine.apply(&changes, Durability::Soon).await {
                // A caller has changed one of them in the meantime.
                Err(StorageError::Conflict(_)) => continue,
                applied => applied?,
            }
            engine.announce(&changes);
            engine.set_activities_back(back);
            engine.forget_skipped_once(back.to);
            for (job, function) in &jobs {
                self.adopt_revision(job, function.as_ref()).await?;
            }
            return Ok(jobs.len());
        }
    }

    /// The same before a start, for jobs and open fires as they were stored, if
    /// anything stored lies in the future.
    pub(super) async fn rewind_at_start(
        &self,
        jobs: &mut [Job],
        open: &mut [OpenFire],
    ) -> Result<(), SchedulerError> {
        let engine = &self.0.engine;
        // The first check: steps from now on are noticed.
        engine.check_clock();
        let now = engine.clock.now();
        let newest = HistoryQuery { limit: 1, ..HistoryQuery::default() };
        let recorded_at = engine.storage.history(&newest).await?.first().and_then(|run| run.finished_at);
        let of_jobs = jobs.iter().flat_map(|job| {
            [Some(job.created_at), Some(job.scheduled_since), job.last_run_at].into_iter().flatten()
        });
        let of_claims = open.iter().filter(|open| open.is_claimed).map(|open| open.entry.due_at);
        let Some(from) = of_jobs.chain(of_claims).chain(recorded_at).max() else { return Ok(()) };
        let retries = recorded_at.map_or(TimeDelta::zero(), |at| at - now).max(TimeDelta::zero());
        let back = SetBack { from, to: now, steps: TimeDelta::zero(), retries };
        if !back.is_long() || engine.storage.is_shared() {
            return Ok(());
        }
        let ended = self.ended_after(now - TICK, jobs, open).await?;
        let waiting = waiting_by_job(open);
        let mut changes = Vec::new();
        let mut count = 0;
        for job in jobs {
            let of_job = waiting.get(&job.id).map_or(&[][..], Vec::as_slice);
            let of_job = self.rewind_job(job, &ended, of_job, back)?;
            count += usize::from(!of_job.is_empty());
            changes.extend(of_job);
        }
        self.store_if_any(&changes).await?;
        for open in open.iter_mut().filter(|open| !open.is_claimed) {
            open.entry = entry_set_back(open.entry.clone(), back.retries, now);
        }
        // If no job is rewound, it does not matter that one was made in the future.
        if count > 0 || recorded_at.is_some_and(|at| SetBack { from: at, ..back }.is_long()) {
            engine.report_set_back(back, count);
        }
        Ok(())
    }

    /// The fires of schedules after `after` that do not run again.
    async fn ended_after(
        &self,
        after: DateTime<Utc>,
        jobs: &[Job],
        open: &[OpenFire],
    ) -> Result<Ended, SchedulerError> {
        let mut ended = Ended::new();
        let mut add = |job: JobId, first: DateTime<Utc>, last: DateTime<Utc>| {
            if last > after {
                ended.entry(job).or_default().push((first, last));
            }
        };
        let all = HistoryQuery { limit: usize::MAX, ..HistoryQuery::default() };
        let recorded = self.0.engine.storage.history(&all).await?;
        let attempts = recorded.iter().filter(|run| run.skipped.is_none()).map(|run| run.run_id);
        let begun = attempts.chain(open.iter().map(|open| open.entry.run_id()));
        for RunId { job, scheduled_for, .. } in begun.filter(|run| run.trigger.is_of_schedule()) {
            add(job, scheduled_for, scheduled_for);
        }
        for job in jobs {
            // The history may not go back that far.
            let before = job.rewind.iter().flat_map(|rewind| rewind.ended.iter());
            let last = job.last_ended.map(|fire| (fire, fire));
            before.chain(last).for_each(|(first, last)| add(job.id, first, last));
            let row = self.0.engine.table.get(job.id).and_then(|known| known.activity.in_a_row());
            if let Some((first, last)) = row.filter(|(_, last)| *last > after) {
                // One by one, if they are not too many: another schedule of the job may have
                // fires in between.
                let schedule = self.compile(&job.whole_schedule(), job.counts_from())?;
                let fires = schedule.upcoming(first.max(after) - TICK).take_while(|fire| *fire <= last);
                let fires: Vec<_> = fires.take(ONE_BY_ONE + 1).collect();
                if fires.len() > ONE_BY_ONE {
                    add(job.id, first, last);
                } else {
                    for fire in fires {
                        add(job.id, fire, fire);
                    }
                }
            }
        }
        Ok(ended)
    }

    /// The changes that rewind a job, and those that keep its waiting attempts from
    /// waiting longer.
    fn rewind_job(
        &self,
        job: &mut Job,
        ended: &Ended,
        waiting: &[Entry],
        back: SetBack,
    ) -> Result<Vec<Change>, SchedulerError> {
        let ended = ended.get(&job.id).map_or(&[][..], Vec::as_slice);
        let rewound =
            job.next_run_at.map(|cursor| self.rewound(job, cursor, ended, back)).transpose()?.flatten();
        let waits_ahead =
            waiting.iter().filter(|entry| entry.due_at > back.to && back.retries > TimeDelta::zero());
        let mut changes = Vec::new();
        let revision = JobRevision::of(job);
        if let Some((rewound, skipped)) = rewound {
            changes.extend(rewind(job, &rewound, skipped, back));
        } else if waits_ahead.clone().next().is_some() || may_wait_ahead(job) {
            // The queue accepts an earlier due time only with a later revision.
            job.revise(&revision);
            changes.push(Change::ReviseJob(Box::new(revision)));
        }
        changes.extend(
            waits_ahead
                .map(|entry| entry_set_back(entry.clone(), back.retries, back.to))
                .map(|entry| Change::OpenFire(Box::new(entry))),
        );
        Ok(changes)
    }

    /// A one-time job that ended because its fire was skipped ahead of its time, and
    /// the changes that bring it back.
    fn bring_back(&self, job: Job, back: SetBack) -> Result<Option<(Job, Vec<Change>)>, ScheduleError> {
        let Some((rewound, skipped)) = self.rewound(&job, DateTime::<Utc>::MAX_UTC, &[], back)? else {
            return Ok(None);
        };
        let mut back_again = job;
        let added = Change::AddJob(Box::new(back_again.clone()));
        let mut changes = vec![Change::RemoveTombstone(back_again.id), added];
        changes.extend(rewind(&mut back_again, &rewound, skipped, back));
        Ok(Some((back_again, changes)))
    }

    /// The rewound job, and the record that says so; `None` if its next fire would
    /// not come earlier.
    fn rewound(
        &self,
        job: &Job,
        cursor: DateTime<Utc>,
        ended: &[(DateTime<Utc>, DateTime<Utc>)],
        back: SetBack,
    ) -> Result<Option<(Job, Skipped)>, ScheduleError> {
        if cursor <= back.to {
            return Ok(None);
        }
        let count = job.rewind.as_ref().map_or(0, |rewind| rewind.count) + 1;
        // It becomes part of the record's id, so it must differ each time.
        // It is earlier than `to`, since a fire may be due at that very instant.
        let mut since = back.to - TICK * i32::try_from(count).unwrap_or(i32::MAX);
        if since == job.scheduled_since {
            since -= TICK;
        }
        let ended = LeftOut::new(ended.to_vec()).after(since);
        let mut rewound = job.clone();
        let anchor = job.anchor_set_back(back.from, back.to, back.steps);
        rewound.rewind = Some(Arc::new(Rewind { count, anchor, ended }));
        rewound.scheduled_since = since;
        let schedule = self.timetable_of(&rewound)?;
        rewound.next_run_at = schedule.next_after(since);
        let Some(next) = rewound.next_run_at.filter(|next| *next < cursor) else { return Ok(None) };
        let (definition, mut skipped) = if job.definition.schedule.spec.is_counted_once() {
            let fire = job.next_run_at.unwrap_or(cursor);
            let reason = SkipReason::Rescheduled;
            let skipped = Skipped::new(reason, fire, fire, 1);
            (job.whole_schedule(), skipped)
        } else {
            let skipped = Skipped::range(&schedule, SkipReason::Rescheduled, next, cursor - TICK);
            (rewound.whole_schedule(), skipped)
        };
        skipped.cause = Some(RescheduleCause::Clock);
        skipped.closed = Some(ClosedSchedule { definition, since: job.scheduled_since, until: since });
        Ok(Some((rewound, skipped)))
    }
}

/// The changes that make a job the rewound one, with the record that says so.
fn rewind(job: &mut Job, rewound: &Job, skipped: Skipped, back: SetBack) -> [Change; 2] {
    let revision = JobRevision {
        scheduled_since: rewound.scheduled_since,
        next_run_at: rewound.next_run_at,
        rewind: rewound.rewind.clone(),
        ..JobRevision::of(job)
    };
    let run = Arc::new(Run::skipped(job.id, &job.definition, job.rewinds(), skipped, back.to));
    let progress = Progress { scheduled_since: job.scheduled_since, next_run_at: revision.next_run_at };
    job.revise(&revision);
    [Change::ReviseJob(Box::new(revision)), Change::Skip(SkippedFires { run, progress })]
}

/// Whether its next fire may wait in the queue together with fires to come, for
/// which it stands after an overlap.
fn may_wait_ahead(job: &Job) -> bool {
    job.next_run_at.is_some() && job.definition.policy.overlap == Overlap::Queue
}

fn waiting_by_job(open: &[OpenFire]) -> HashMap<JobId, Vec<Entry>> {
    let mut waiting: HashMap<JobId, Vec<Entry>> = HashMap::new();
    for open in open.iter().filter(|open| !open.is_claimed && open.removed.is_none()) {
        waiting.entry(open.entry.job).or_default().push(open.entry.clone());
    }
    waiting
}
