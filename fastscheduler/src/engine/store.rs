//! Writing to the store and the queue, and saying what was written.

use std::borrow::Cow;
use std::collections::HashSet;
use std::error::Error;
use std::future::pending;
use std::pin::pin;

use super::failure::{AFTER_FAILURE, describe, report};
use super::troubles::Turn;
use super::{Engine, Problem, ProblemCode, log, refusal};
use crate::job::{Entry, JobId, one_line};
use crate::queue::Settlement;
use crate::storage::{Change, Durability, StorageError};

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
                let now = self.clock.now();
                self.telemetry.meter.stored(changes, now - before);
                self.telemetry.minutes.count(changes, now);
                self.unbegun.note(changes);
                self.count_unstarted(changes);
                self.unpruned.note(changes);
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
            stored = self.store_all(what, changes, pending()) => match stored {
                Some(stored) => self.follow(&stored, next).await,
                // The store was closed, and nobody goes on without it.
                None => pending().await,
            },
            () = self.lifecycle.store_lost() => {
                tracing::error!("left {what} behind when the store was lost");
                self.follow(&[], next).await;
            }
        }
    }

    /// Stores changes, until that succeeds, and returns what is stored. What the
    /// store refuses for good does not hold up the others. `None` if it failed until
    /// this was `given_up`, or the store was closed.
    pub(super) async fn store_all<'a>(
        &self,
        what: &str,
        changes: &'a [Change],
        given_up: impl Future<Output = ()>,
    ) -> Option<Cow<'a, [Change]>> {
        let mut given_up = pin!(given_up);
        let mut batch = refusal::Batch::new(changes);
        let mut refused = HashSet::new();
        while !batch.changes().is_empty() {
            let attempt = || async {
                match self.apply(batch.changes(), Durability::Soon).await {
                    Ok(()) => Ok(None),
                    Err(StorageError::Invalid { change, reason }) if change < batch.changes().len() => {
                        Ok(Some((change, reason)))
                    }
                    Err(error) => Err(error),
                }
            };
            let Some((place, reason)) = self.persist_until(given_up.as_mut(), what, attempt).await? else {
                break;
            };
            if let Some(change) = batch.refuse(place, &reason) {
                refused.extend(refusal::run_of(&change).map(|run| run.job));
                self.report_refusal(&change, &reason);
            }
        }
        self.end_refusals(batch.changes(), &refused);
        Some(batch.into_changes())
    }

    fn report_refusal(&self, change: &Change, reason: &str) {
        let run = refusal::run_of(change);
        let job = run.map(|run| run.job);
        let id = run.map(|run| run.to_string());
        tracing::error!(
            job = job.map(tracing::field::display),
            run = id,
            reason = one_line(reason),
            "the store refused a record"
        );
        let values = [("run", id.unwrap_or_default().into()), ("error", reason.into())];
        self.begin_problem(Problem::new(ProblemCode::RecordRefused, self.clock.now(), job, values));
    }

    /// Ends the problems of jobs whose records were refused and now are not.
    fn end_refusals(&self, changes: &[Change], refused: &HashSet<JobId>) {
        if self.telemetry.problems.has(ProblemCode::RecordRefused) {
            let jobs = changes.iter().filter_map(refusal::record_of).map(|run| run.job);
            for job in jobs.filter(|job| !refused.contains(job)) {
                self.end_problem(ProblemCode::RecordRefused, Some(job));
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

    /// Does something until it succeeds: what has happened must not be forgotten.
    ///
    /// What is left over when the store is closed, since it failed for the
    /// whole of a stop, stays undone: those fires run again at the next start.
    pub(crate) async fn persist<T, E: Error, F: Future<Output = Result<T, E>>>(
        &self,
        what: &str,
        attempt: impl Fn() -> F,
    ) -> T {
        match self.persist_until(pending(), what, attempt).await {
            Some(done) => done,
            None => pending().await,
        }
    }

    /// The same until it is `given_up`, or the store is closed: `None` then.
    async fn persist_until<T, E: Error, F: Future<Output = Result<T, E>>>(
        &self,
        given_up: impl Future<Output = ()>,
        what: &str,
        attempt: impl Fn() -> F,
    ) -> Option<T> {
        let mut given_up = pin!(given_up);
        let mut has_failed = false;
        loop {
            match attempt().await {
                Ok(done) => {
                    if has_failed {
                        self.note_trouble(what, None);
                    }
                    return Some(done);
                }
                Err(error) if self.lifecycle.is_store_closed() => {
                    tracing::error!(error = describe(&error), "left {what} behind when the store was closed");
                    return None;
                }
                Err(error) => {
                    report(what, &error);
                    self.note_trouble(what, Some(describe(&error)));
                    has_failed = true;
                }
            }
            tokio::select! {
                () = self.clock.sleep(AFTER_FAILURE) => {}
                () = &mut given_up => return None,
            }
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
        let now = self.clock.now();
        if self.telemetry.troubles.begin(what, why.clone(), now) == Turn::Began {
            let values = [("error", why.into())];
            self.begin_problem(Problem::new(ProblemCode::StoreFailing, now, None, values));
        }
    }
}
