//! Writing to the store and the queue, and saying what was written.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::error::Error;

use super::failure::{AFTER_FAILURE, describe, report};
use super::troubles::Turn;
use super::{Engine, Problem, ProblemCode, log, refusal};
use crate::job::{Entry, Run, one_line};
use crate::queue::Settlement;
use crate::storage::{Change, Durability, Limits, StorageError};

/// What changes in the queue once something is stored.
#[derive(Debug, Default)]
pub(crate) struct Next {
    pub(super) entries: Vec<Entry>,
    pub(super) settlements: Vec<Settlement>,
}

impl Next {
    pub(super) const NOTHING: Self = Self { entries: Vec::new(), settlements: Vec::new() };

    pub(crate) fn entries(entries: Vec<Entry>) -> Self {
        Self { entries, ..Self::NOTHING }
    }

    pub(super) fn settlements(settlements: Vec<Settlement>) -> Self {
        Self { settlements, ..Self::NOTHING }
    }
}

impl Engine {
    /// Makes changes in the store, counts them, and logs the failures among them.
    pub(crate) async fn apply(&self, changes: &[Change], durability: Durability) -> Result<(), StorageError> {
        let before = self.clock.now();
        let applied = self.storage.apply(changes, durability).await;
        match &applied {
            Ok(()) if changes.is_empty() => {}
            Ok(()) => {
                self.telemetry.meter.stored(changes, self.clock.now() - before);
                self.count_unstarted(changes);
                log::failures(changes);
            }
            // Somebody else was faster: that is no failure of the store.
            Err(StorageError::Conflict(_)) => {}
            Err(_) => self.telemetry.meter.not_stored(),
        }
        applied
    }

    /// Counts the ends of attempts that did not start in this process, by their
    /// jobs' names. [`record`](Self::record) counts the others, as it has their jobs.
    fn count_unstarted(&self, changes: &[Change]) {
        for change in changes {
            if let Change::EndAttempt(ended) = change
                && ended.run.started_at.is_none()
                && let Some(job) = self.table.get(ended.run.job_id())
                && let Some(series) = job.series
            {
                self.telemetry.meter.ended(std::iter::once((&*ended.run, Some(series))));
            }
        }
    }

    /// Stores what has happened, until that succeeds, and then
    /// [follows](Self::follow) it up. Without the store, it has not happened.
    pub(super) async fn commit(&self, what: &str, changes: &[Change], next: &Next) {
        if changes.is_empty() {
            return self.follow(changes, next).await;
        }
        tokio::select! {
            biased;
            stored = self.store_all(what, changes) => self.follow(&stored, next).await,
            () = self.lifecycle.store_lost() => {
                tracing::error!("left {what} behind when the store was lost");
                self.follow(&[], next).await;
            }
        }
    }

    /// Stores changes, until that succeeds, and returns what is stored. What the
    /// store refuses for good does not hold up the others.
    async fn store_all<'a>(&self, what: &str, changes: &'a [Change]) -> Cow<'a, [Change]> {
        let mut changes = Cow::Borrowed(changes);
        let mut shortened = BTreeSet::new();
        while !changes.is_empty() {
            let attempt = || async {
                match self.apply(&changes, Durability::Soon).await {
                    Ok(()) => Ok(None),
                    Err(StorageError::Invalid { change, reason }) if change < changes.len() => {
                        Ok(Some((change, reason)))
                    }
                    Err(error) => Err(error),
                }
            };
            let Some((place, reason)) = self.persist(what, attempt).await else {
                if shortened.is_empty() {
                    self.end_refusals(&changes);
                }
                break;
            };
            let changes = changes.to_mut();
            self.report_refusal(&changes[place], &reason);
            let short =
                shortened.insert(place).then(|| refusal::shortened(&changes[place], &reason)).flatten();
            if let Some(short) = short {
                changes[place] = short;
            } else {
                changes.remove(place);
                // The places after it are others now.
                shortened.remove(&place);
                shortened = shortened.into_iter().map(|at| at - usize::from(at > place)).collect();
            }
        }
        changes
    }

    fn report_refusal(&self, change: &Change, reason: &str) {
        let run = refusal::run_of(change);
        let job = run.map(Run::job_id);
        let id = run.map(|run| run.run_id.to_string());
        tracing::error!(
            job = job.map(tracing::field::display),
            run = id,
            reason = one_line(reason),
            "the store refused a record"
        );
        let values = [("run", id.unwrap_or_default().into()), ("error", reason.into())];
        self.begin_problem(Problem::new(ProblemCode::RecordRefused, self.clock.now(), job, values));
    }

    /// Ends the problem of a job whose records were refused, now that one is whole.
    fn end_refusals(&self, changes: &[Change]) {
        if self.telemetry.problems.has(ProblemCode::RecordRefused) {
            for run in changes.iter().filter_map(refusal::run_of) {
                self.end_problem(ProblemCode::RecordRefused, Some(run.job_id()));
            }
        }
    }

    /// Tells of changes that are stored, and only then changes the queue: a crash
    /// between the two repeats work and loses none.
    pub(crate) async fn follow(&self, changes: &[Change], next: &Next) {
        let Next { entries, settlements } = next;
        self.announce(changes);
        if !entries.is_empty() {
            self.persist("entries", || self.queue.push(entries)).await;
            self.expect_dispatch();
        }
        if !settlements.is_empty() {
            self.persist("settlements", || self.queue.settle(settlements)).await;
            self.leases.release(settlements);
        }
    }

    /// Drops what is beyond the limits of history and dead letters. What could
    /// not be dropped goes the next time: no job waits for that.
    pub(crate) async fn prune(&self) {
        if let Err(error) = self.storage.prune(self.limits()).await {
            tracing::error!(error = describe(&error), "could not drop old history");
        }
    }

    fn limits(&self) -> Limits {
        let days = self.setup.capacity.history_retention_days;
        let age =
            (days > 0 && self.clock.may_drop_by_age()).then(|| chrono::TimeDelta::days(i64::from(days)));
        Limits {
            max_history: self.setup.capacity.max_history,
            history_since: age.and_then(|age| self.clock.now().checked_sub_signed(age)),
            max_dead_letters: self.setup.capacity.max_dead_letters,
        }
    }

    /// Does something until it succeeds: what has happened must not be forgotten.
    ///
    /// What is left over when the store is closed, since it failed for the
    /// whole of a stop, stays undone: those fires run again at the next start.
    pub(crate) async fn persist<T, E: Error, F: Future<Output = Result<T, E>>>(
        &self,
        what: &str,
        attempt: impl Fn() -> F,
    ) -> T {
        let mut has_failed = false;
        loop {
            match attempt().await {
                Ok(done) => {
                    if has_failed {
                        self.note_trouble(what, None);
                    }
                    return done;
                }
                Err(error) if self.lifecycle.is_store_closed() => {
                    tracing::error!(error = describe(&error), "left {what} behind when the store was closed");
                    return std::future::pending().await;
                }
                Err(error) => {
                    report(what, &error);
                    self.note_trouble(what, Some(describe(&error)));
                    has_failed = true;
                }
            }
            self.clock.sleep(AFTER_FAILURE).await;
        }
    }

    /// Notes why something fails, or that it no longer does, and begins or ends
    /// the problem.
    pub(super) fn note_trouble(&self, what: &str, why: Option<String>) {
        let Some(why) = why else {
            if self.telemetry.troubles.end(what) == Turn::Ended {
                self.end_problem(ProblemCode::StoreFailing, None);
            }
            return;
        };
        if self.telemetry.troubles.begin(what, why.clone()) == Turn::Began {
            let values = [("error", why.into())];
            self.begin_problem(Problem::new(ProblemCode::StoreFailing, self.clock.now(), None, values));
        }
    }
}
