//! Putting jobs' fires into the queue: at the start, and after each change.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::attempt::end_without_job;
use super::plan::FollowUp;
use super::store::Next;
use super::{Engine, LiveJob, ProblemCode};
use crate::job::{Entry, JobDefinition, JobId, OpenFire, SkipReason};
use crate::registry::Cancellation;
use crate::storage::{Change, Durability, StorageError};

impl Engine {
    /// Begins: what came due before was missed.
    pub(crate) async fn place_all(&self) -> Result<(), StorageError> {
        let _held = self.hold_batches().await;
        let now = self.clock.now();
        let mut changes = Vec::new();
        let mut entries = Vec::new();
        self.lifecycle.begin_to_place();
        for job in self.table.all() {
            self.plan(&job, Some(now), &mut changes, &mut entries);
        }
        if let Err(error) = self.apply(&changes, Durability::Now).await {
            self.lifecycle.stop_placing();
            return Err(error);
        }
        self.let_go_of_ended(&changes);
        self.follow(&changes, &Next::entries(entries)).await;
        Ok(())
    }

    /// Adopts a new job or a later revision of one: from here on its fires come as
    /// it says. Unless the job is new, the caller [holds](Self::hold_batches) all
    /// batches.
    pub(crate) async fn adopt_revision(&self, job: LiveJob) {
        let job = Arc::new(job);
        let known = self.table.get(job.id);
        let is_renewed = known.is_some_and(|known| known.scheduled_since != job.scheduled_since);
        let is_accounted_for = |fire| is_renewed || job.starts_from.is_none_or(|first| fire < first);
        job.activity.hand_over(is_accounted_for);
        // What came due while its function was absent was missed, as before a start.
        let missed_until = self.table.is_orphan(job.id).then(|| self.clock.now());
        let is_news = self.table.insert(Arc::clone(&job));
        if !is_news || !self.lifecycle.is_placing() {
            // The start places all jobs.
            return;
        }
        if job.revision > 1 {
            let (id, revision) = (job.id, job.revision);
            self.persist("a revision", || self.queue.remove(id, revision)).await;
        }
        let mut changes = Vec::new();
        let mut entries = Vec::new();
        self.plan(&job, missed_until, &mut changes, &mut entries);
        self.commit("a job's first fire", &changes, &Next::entries(entries)).await;
        self.let_go_of_ended(&changes);
    }

    /// Does what waited for changes of jobs to be over: places the successor of a fire
    /// that ended meanwhile, if the change has placed none, and removes a job whose last
    /// fire that was. Does nothing with a job of which another change is under way.
    pub(super) async fn after_edits(&self, jobs: &[JobId]) {
        // A batch that is under way may have seen the changes, and leave something.
        let _held = self.hold_batches().await;
        let mut changes = Vec::new();
        let mut entries = Vec::new();
        for job in self.table.get_all(jobs.iter().copied()).into_iter().flatten() {
            if !self.table.gate.is_edited(job.id) {
                let ended = job.activity.without_successor();
                entries.extend(ended.and_then(|ended| self.succeed(&job, &ended, &mut changes)));
                self.remove_if_ended(&job, &mut changes);
            }
        }
        self.commit("what waited for a change", &changes, &Next::entries(entries)).await;
    }

    /// Only now that it is stored: a start that fails is made again.
    fn let_go_of_ended(&self, changes: &[Change]) {
        for change in changes {
            if let Change::RemoveJob { job, .. } = change {
                self.table.remove(*job);
            }
        }
    }

    /// Whether it was started, and fires are put into the queue.
    pub(crate) fn is_placing(&self) -> bool {
        self.lifecycle.is_placing()
    }

    /// The records of a job's attempts, including retries, that do not begin
    /// because the job is cancelled.
    pub(crate) fn cancelled_fires(&self, id: JobId) -> Vec<Change> {
        let Some(job) = self.table.get(id) else { return Vec::new() };
        let open: Vec<OpenFire> = job.activity.not_begun().into_iter().map(OpenFire::waiting).collect();
        self.ends_without_job(&job.definition, &open, SkipReason::Cancelled)
    }

    /// The records of the open fires of a job that is gone, or about to be, for
    /// that reason.
    pub(crate) fn ends_without_job(
        &self,
        definition: &JobDefinition,
        open: &[OpenFire],
        reason: SkipReason,
    ) -> Vec<Change> {
        let now = self.clock.now();
        open.iter().map(|open| end_without_job(definition, open, reason, &self.setup.instance, now)).collect()
    }

    /// Records the fires that were asked for while `removal` was on its way to
    /// the store.
    pub(crate) async fn cancel_late(&self, id: JobId, removal: &[Change]) {
        let run_id = |change: &Change| match change {
            Change::EndAttempt(ended) => Some(ended.run.run_id),
            _ => None,
        };
        let mut late = self.cancelled_fires(id);
        late.retain(|change| !removal.iter().any(|known| run_id(known) == run_id(change)));
        self.commit("fires of a cancelled job", &late, &Next::NOTHING).await;
    }

    /// Forgets a job that is gone from the store, and cancels its attempts.
    pub(crate) async fn forget(&self, id: JobId) {
        self.table.note_removal();
        let job = self.table.remove(id);
        self.end_problem(ProblemCode::OutdatedSchedule, Some(id));
        self.persist("a removal", || self.queue.remove(id, u64::MAX)).await;
        for context in job.iter().flat_map(|job| job.activity.running()) {
            context.cancel(Cancellation::Job);
        }
    }

    /// The entries of a job: its next fire, and those of its open ones that
    /// wait. What came due before `started_at`, when the scheduler started or
    /// got the job's function, was missed. Later fires are judged when they are
    /// claimed.
    fn plan(
        &self,
        job: &Arc<LiveJob>,
        started_at: Option<DateTime<Utc>>,
        changes: &mut Vec<Change>,
        entries: &mut Vec<Entry>,
    ) {
        // What a caller asked for runs also while the job is paused.
        let is_own = |entry: &Entry| !entry.trigger.is_of_schedule();
        let may_run = |entry: &Entry| !job.is_paused || (is_own(entry) && entry.attempt == 1);
        let waiting = job.activity.waiting().into_iter().filter(may_run);
        entries.extend(waiting.map(|entry| Entry { revision: job.revision, ..entry }));
        // Also while it is paused: what is under way may end before it is resumed.
        job.activity.set_over(job.starts_from.is_none());
        if job.is_paused {
            return;
        }
        let Some(first) = job.starts_from else { return self.end_job(job, changes) };
        let Some(now) = started_at else { return entries.push(job.fire(first)) };
        if self.is_new_and_at_once(job) {
            // It waited for the start, and was not missed.
            return entries.push(Entry { due_at: now.max(first), ..job.fire(first) });
        }
        let FollowUp { next, skipped } = job.place(first, now);
        changes.extend(skipped.map(|skipped| job.skipped(skipped, next.as_ref(), now)));
        if next.is_none() {
            job.activity.set_over(true);
            self.end_job(job, changes);
        }
        entries.extend(next);
    }

    /// Whether a job is due at once and was added by this process.
    fn is_new_and_at_once(&self, job: &LiveJob) -> bool {
        let schedule = &job.definition.schedule;
        schedule.spec.is_at_once() && job.scheduled_since >= schedule.counted_from(self.lifecycle.built_at)
    }

    /// Reopens a fire that was open when the last process ended. If it was under
    /// way then, it has crashed, and counts as an attempt.
    pub(crate) fn reopen(&self, job: &LiveJob, open: OpenFire, changes: &mut Vec<Change>) {
        let now = self.clock.now();
        let OpenFire { mut entry, is_claimed, .. } = open;
        if !is_claimed {
            self.unbegun.add(job.id);
            return job.activity.wait(entry, now);
        }
        entry.attempt += 1;
        entry.crashes += 1;
        entry.due_at = now;
        let ended = job.crashed(&entry, &self.setup.instance, now);
        if let Some(retry) = &ended.retry {
            job.activity.wait(Entry::clone(retry), now);
        }
        changes.push(Change::EndAttempt(ended));
    }

    /// Adds the change that removes a job whose last fire is over.
    fn end_job(&self, job: &LiveJob, changes: &mut Vec<Change>) {
        if !self.table.gate.is_edited(job.id) && job.activity.ends() {
            changes.push(Change::RemoveJob { job: job.id, tombstone: job.tombstone() });
        }
    }
}
