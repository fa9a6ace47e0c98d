//! Jobs whose fires begin again, since the clock was set back.
//!
//! While a clock is ahead, the fires of that time are skipped or run too early,
//! and each job gets to a fire that lies far ahead once the clock is right. So
//! each job goes back to the present: what was only skipped comes again, and
//! what ran to an end does not.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Scheduler, SchedulerError};
use crate::engine::{SetBack, entry_set_back};
use crate::job::{
    ClosedSchedule, Entry, Job, JobId, JobRevision, OpenFire, Progress, Rewind, Run, RunId, SkipReason,
    Skipped,
};
use crate::schedule::{ScheduleError, ScheduleSpec};
use crate::storage::{Change, Durability, HistoryQuery, SkippedFires, StorageError};

/// The least there is: to just before an instant.
const TICK: TimeDelta = TimeDelta::microseconds(1);

/// The fires to come that have ended already or are open, by job.
type Ended = HashMap<JobId, Vec<DateTime<Utc>>>;

impl Scheduler {
    /// Looks at the clock now and then, until the scheduler stops.
    pub(super) async fn watch_clock(self) {
        loop {
            self.look_at_clock().await;
            if self.0.engine.clock_may_be_set().await.is_none() {
                return;
            }
        }
    }

    /// Looks whether the clock was set back, and has jobs begin again if so.
    pub(crate) async fn look_at_clock(&self) {
        let engine = &self.0.engine;
        let _alone = engine.look_alone().await;
        // A shared store goes by a clock of its own.
        let back = engine.look_at_clock().filter(|back| back.is_long() && !engine.storage.is_shared());
        if let Some(back) = back {
            tokio::select! {
                jobs = engine.persist("jobs that begin again", || self.set_jobs_back(back)) => {
                    engine.were_set_back(jobs);
                }
                // The next start sees what happened ahead of its time.
                () = engine.stopping() => {}
            }
        }
    }

    /// Has all jobs begin again at the right time, and says how many do.
    async fn set_jobs_back(&self, back: SetBack) -> Result<usize, SchedulerError> {
        let engine = &self.0.engine;
        let _alone = engine.taking_over().await;
        loop {
            let stored = engine.storage.load().await?;
            let ended = self.ended_after(back.to, &stored.jobs, &stored.open).await?;
            let mut changes = Vec::new();
            let mut jobs = Vec::new();
            for mut job in stored.jobs {
                let waiting = engine
                    .table
                    .get(job.id)
                    .map_or_else(|| waiting_of(job.id, &stored.open), |known| known.activity.waiting());
                let of_job = self.set_job_back(&mut job, &ended, &waiting, back)?;
                if !of_job.is_empty() {
                    changes.extend(of_job);
                    jobs.push(job);
                }
            }
            match engine.apply(&changes, Durability::Soon).await {
                // A caller changed one of them meanwhile.
                Err(StorageError::Conflict(_)) => continue,
                applied => applied?,
            }
            engine.announce(&changes);
            engine.set_activities_back(back);
            for job in &jobs {
                self.take_over(job, None).await?;
            }
            return Ok(jobs.len());
        }
    }

    /// The same before a start, of jobs and open fires as they were stored, if
    /// something has happened that lies ahead of now.
    pub(super) async fn set_back_at_start(
        &self,
        jobs: &mut [Job],
        open: &mut [OpenFire],
    ) -> Result<(), SchedulerError> {
        let engine = &self.0.engine;
        // The first look: what is set from now on is noticed.
        engine.look_at_clock();
        let now = engine.clock.now();
        let newest = HistoryQuery { limit: 1, ..HistoryQuery::default() };
        let recorded_at = engine.storage.history(&newest).await?.first().and_then(|run| run.finished_at);
        let of_jobs = jobs.iter().flat_map(|job| {
            [Some(job.created_at), Some(job.scheduled_since), job.last_run_at].into_iter().flatten()
        });
        let of_claims = open.iter().filter(|open| open.is_claimed).map(|open| open.entry.due_at);
        let Some(from) = of_jobs.chain(of_claims).chain(recorded_at).max() else { return Ok(()) };
        let retries = recorded_at.map_or(TimeDelta::zero(), |at| at - now).max(TimeDelta::zero());
        let back = SetBack { from, to: now, since_last_look: TimeDelta::zero(), retries };
        if !back.is_long() || engine.storage.is_shared() {
            return Ok(());
        }
        let ended = self.ended_after(now, jobs, open).await?;
        let mut changes = Vec::new();
        let mut count = 0;
        for job in jobs {
            let of_job = self.set_job_back(job, &ended, &waiting_of(job.id, open), back)?;
            count += usize::from(!of_job.is_empty());
            changes.extend(of_job);
        }
        engine.apply(&changes, Durability::Now).await?;
        for open in open.iter_mut().filter(|open| !open.is_claimed) {
            open.entry = entry_set_back(open.entry.clone(), back.retries, now);
        }
        // That a job was made ahead of now is an old story if nothing begins again.
        if count > 0 || recorded_at.is_some_and(|at| SetBack { from: at, ..back }.is_long()) {
            engine.was_set_back(back);
            engine.were_set_back(count);
        }
        Ok(())
    }

    /// The fires of schedules later than `after` that do not run again.
    async fn ended_after(
        &self,
        after: DateTime<Utc>,
        jobs: &[Job],
        open: &[OpenFire],
    ) -> Result<Ended, SchedulerError> {
        let mut ended = Ended::new();
        let mut add = |job: JobId, fire: DateTime<Utc>| {
            if fire > after {
                ended.entry(job).or_default().push(fire);
            }
        };
        let all = HistoryQuery { limit: usize::MAX, ..HistoryQuery::default() };
        let recorded = self.0.engine.storage.history(&all).await?;
        let attempts = recorded.iter().filter(|run| run.skipped.is_none()).map(|run| run.run_id);
        let begun = attempts.chain(open.iter().map(|open| open.entry.run_id()));
        for RunId { job, scheduled_for, .. } in begun.filter(|run| run.trigger.is_of_schedule()) {
            add(job, scheduled_for);
        }
        for job in jobs {
            // The history may not go back so far.
            let before = job.rewind.iter().flat_map(|rewind| rewind.ended.iter().copied());
            before.chain(job.last_ended).for_each(|fire| add(job.id, fire));
        }
        Ok(ended)
    }

    /// The changes that have a job begin again, and those that keep what waits
    /// from waiting longer.
    fn set_job_back(
        &self,
        job: &mut Job,
        ended: &Ended,
        waiting: &[Entry],
        back: SetBack,
    ) -> Result<Vec<Change>, SchedulerError> {
        let ended = ended.get(&job.id).map_or(&[][..], Vec::as_slice);
        let rewound = self.rewound(job, ended, back)?;
        let waits_ahead =
            waiting.iter().filter(|entry| entry.due_at > back.to && back.retries > TimeDelta::zero());
        let mut changes = Vec::new();
        let revision = JobRevision::of(job);
        if let Some((rewound, skipped)) = rewound {
            let revision = JobRevision {
                scheduled_since: rewound.scheduled_since,
                next_run_at: rewound.next_run_at,
                rewind: rewound.rewind.clone(),
                ..revision
            };
            let run = Run::skipped(job.id, &job.definition, job.skip_trigger(), skipped, back.to);
            let progress =
                Progress { scheduled_since: job.scheduled_since, next_run_at: revision.next_run_at };
            job.revise(&revision);
            changes.push(Change::ReviseJob(Box::new(revision)));
            changes.push(Change::Skip(SkippedFires { run: Arc::new(run), progress }));
        } else if waits_ahead.clone().next().is_some() {
            // The queue takes an entry that is due earlier of a later revision only.
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

    /// The job as it begins again, and the record that says so; `None` if its
    /// next fire stays the same.
    fn rewound(
        &self,
        job: &Job,
        ended: &[DateTime<Utc>],
        back: SetBack,
    ) -> Result<Option<(Job, Skipped)>, ScheduleError> {
        let Some(cursor) = job.next_run_at.filter(|cursor| *cursor > back.to) else { return Ok(None) };
        let count = job.rewind.as_ref().map_or(0, |rewind| rewind.count) + 1;
        // It names the record, so no two are the same.
        let mut since = back.to + TICK * i32::try_from(count).unwrap_or(i32::MAX);
        if since == job.scheduled_since {
            since += TICK;
        }
        let mut ended: Vec<_> = ended.iter().copied().filter(|fire| *fire > since).collect();
        ended.sort_unstable();
        ended.dedup();
        let mut rewound = job.clone();
        let anchor = job.anchor_set_back(back.from, since, back.since_last_look);
        rewound.rewind = Some(Arc::new(Rewind { count, anchor, ended: ended.into() }));
        rewound.scheduled_since = since;
        let schedule = self.timetable_of(&rewound)?;
        rewound.next_run_at = schedule.next_after(since);
        let Some(next) = rewound.next_run_at.filter(|next| *next < cursor) else { return Ok(None) };
        let (definition, mut skipped) = if let ScheduleSpec::Once { .. } = job.definition.schedule.spec {
            let skipped = Skipped {
                reason: SkipReason::Rescheduled,
                first: cursor,
                last: cursor,
                count: 1,
                closed: None,
            };
            (job.whole_schedule(), skipped)
        } else {
            let skipped = Skipped::range(&schedule, SkipReason::Rescheduled, next, cursor - TICK);
            (rewound.whole_schedule(), skipped)
        };
        skipped.closed = Some(ClosedSchedule { definition, since: job.scheduled_since, until: since });
        Ok(Some((rewound, skipped)))
    }
}

fn waiting_of(job: JobId, open: &[OpenFire]) -> Vec<Entry> {
    let of_job =
        open.iter().filter(|open| open.entry.job == job && !open.is_claimed && open.removed.is_none());
    of_job.map(|open| open.entry.clone()).collect()
}
