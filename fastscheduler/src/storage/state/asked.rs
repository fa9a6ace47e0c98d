//! Questions about jobs, answered without keeping changes waiting.
//!
//! A state is behind a lock that each run takes. Many jobs are looked at in parts,
//! with the lock free in between. So the answer is not that of one instant: a job
//! that is there all the time is looked at once, and one that comes or goes meanwhile
//! at most once.

use std::sync::Arc;

use futures_util::future::{BoxFuture, ready};

use super::State;
use super::orders::{Asked, Places, is_ordered, key_of};
use super::slots::Slot;
use crate::job::{DeadLetter, Job, JobId};
use crate::storage::found::{Counted, Found};
use crate::storage::{JobCounts, JobPage, JobQuery, JobsNow, StorageError};

/// So many jobs or runs are looked at while the lock is held: well below a millisecond.
pub(super) const PART: usize = 1_000;

/// A store that has a [`State`].
pub(in crate::storage) trait HasState: Sync {
    /// Does something with the state while it is locked.
    fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T;

    /// Asks the state at once.
    fn answer<'a, T: Send + 'a>(
        &'a self,
        ask: impl FnOnce(&mut State) -> T,
    ) -> BoxFuture<'a, Result<T, StorageError>> {
        Box::pin(ready(Ok(self.with_state(ask))))
    }
}

/// The jobs that a query asks for.
pub(in crate::storage) async fn find_jobs(store: &impl HasState, query: &JobQuery, now: &JobsNow) -> JobPage {
    let (ids, total) = if let Some(page) = kept_page(store, query, now) {
        page
    } else {
        let mut found = Found::new(query, now);
        look_at_all(store, |slot| found.look_at(&slot.job, || !slot.open.is_empty())).await;
        found.finish()
    };
    let jobs = jobs_by_id(store, &ids).into_iter().flatten().collect();
    JobPage { jobs, total }
}

/// All jobs, by id.
pub(in crate::storage) async fn jobs(store: &impl HasState) -> Vec<Job> {
    let mut jobs = Vec::with_capacity(store.with_state(|state| state.job_count()));
    look_at_all(store, |slot| jobs.push(slot.job.clone())).await;
    jobs.sort_unstable_by_key(Job::id);
    jobs
}

/// Shows all jobs to `visit`, in no order.
pub(in crate::storage) async fn visit_jobs(store: &impl HasState, visit: &mut (dyn FnMut(&Job) + Send)) {
    look_at_all(store, |slot| visit(&slot.job)).await;
}

/// How many of the jobs that a query asks for there are of each kind.
pub(in crate::storage) async fn job_counts(
    store: &impl HasState,
    query: &JobQuery,
    now: &JobsNow,
) -> JobCounts {
    let mut counted = Counted::new(query, now);
    look_at_all(store, |slot| counted.look_at(&slot.job, !slot.open.is_empty())).await;
    counted.finish()
}

/// The jobs of these ids, those that there are.
pub(in crate::storage) fn jobs_by_id(store: &impl HasState, ids: &[JobId]) -> Vec<Option<Job>> {
    let parts = ids.chunks(PART);
    parts.flat_map(|part| store.with_state(|state| state.jobs_by_id(part))).collect()
}

/// Shows all dead letters to `visit`, the newest first, with the lock free.
pub(in crate::storage) fn visit_dead_letters(
    store: &impl HasState,
    visit: &mut (dyn FnMut(&DeadLetter) + Send),
) {
    let letters: Vec<Arc<DeadLetter>> =
        store.with_state(|state| state.dead_letters.iter().cloned().collect());
    letters.iter().rev().for_each(|letter| visit(letter));
}

/// Looks at all jobs, part by part.
async fn look_at_all(store: &impl HasState, mut look: impl FnMut(&Slot)) {
    for first in (0..).step_by(PART) {
        if !look_at_part(store, first, &mut look) {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Looks at one part of the jobs, and returns whether there is another.
fn look_at_part(store: &impl HasState, first: usize, look: &mut impl FnMut(&Slot)) -> bool {
    store.with_state(|state| {
        state.jobs.part(first, PART).for_each(look);
        state.jobs.has_place(first + PART)
    })
}

/// A page of an order of all jobs, if that is kept.
fn kept_page(store: &impl HasState, query: &JobQuery, now: &JobsNow) -> Option<(Vec<JobId>, usize)> {
    if !is_ordered(query, now) {
        return None;
    }
    let ask = || store.with_state(|state| state.orders.ask(query, &state.jobs));
    let mut asked = ask();
    if let Asked::Make = asked {
        // There is no await here: a caller that goes away would leave the order unmade.
        // The keys are sorted while the lock is free.
        let mut keys = Vec::new();
        let mut gather = |slot: &Slot| keys.push(key_of(&slot.job, query.order));
        for first in (0..).step_by(PART) {
            if !look_at_part(store, first, &mut gather) {
                break;
            }
        }
        let places = Places::new(keys);
        store.with_state(|state| state.orders.keep(query.order, places));
        asked = ask();
    }
    match asked {
        Asked::Page(ids, total) => Some((ids, total)),
        Asked::NotKept | Asked::Make => None,
    }
}
