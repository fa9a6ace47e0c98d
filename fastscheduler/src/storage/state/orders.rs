//! Orders of jobs that do not change with their runs, so that a page anywhere among
//! many jobs is found without looking at all of them.
//!
//! An order is made when it is first asked for, and then kept up to date. It is
//! dropped when more jobs came and went than there are without anybody asking.

use super::ranking::Ranking;
use crate::job::{Job, JobId};
use crate::storage::found::Key;
use crate::storage::{JobOrder, JobQuery, JobsNow};

/// The orders that are made.
#[derive(Default)]
pub(super) struct Orders(Vec<Kept>);

impl Clone for Orders {
    /// A copy of the jobs is not asked.
    fn clone(&self) -> Self {
        Self::default()
    }
}

struct Kept {
    order: JobOrder,
    keys: Keys,
    /// Changes since somebody asked.
    unasked: usize,
}

enum Keys {
    Ready(Ranking),
    /// Jobs are read one after another; these changed meanwhile.
    Gathered(Vec<Changed>),
}

enum Changed {
    Added(Key),
    Removed(Key),
}

/// Whether an order stays as it is while jobs run.
pub(super) fn is_kept(query: &JobQuery) -> bool {
    let is_filtered = query.group.is_some() || query.text.is_some() || query.status.is_some();
    !is_filtered && matches!(query.order, JobOrder::Id | JobOrder::Name | JobOrder::Group)
}

/// The place of a job in an order that knows nothing of what runs.
pub(super) fn key_of(job: &Job, order: JobOrder) -> Key {
    Key::of(job, order, &JobsNow::default())
}

impl Orders {
    pub(super) fn add(&mut self, job: &Job, jobs: usize) {
        self.change(jobs, |order| Changed::Added(key_of(job, order)));
    }

    pub(super) fn remove(&mut self, job: &Job, jobs: usize) {
        self.change(jobs, |order| Changed::Removed(key_of(job, order)));
    }

    fn change(&mut self, jobs: usize, of_order: impl Fn(JobOrder) -> Changed) {
        self.0.retain_mut(|kept| {
            kept.unasked += 1;
            match &mut kept.keys {
                Keys::Ready(ranking) if kept.unasked <= jobs.max(1_000) => {
                    make(ranking, of_order(kept.order));
                    true
                }
                Keys::Ready(_) => false,
                Keys::Gathered(changes) => {
                    changes.push(of_order(kept.order));
                    true
                }
            }
        });
    }

    /// The jobs that a query asks for and how many there are in all, if its order is
    /// there.
    pub(super) fn page(&mut self, query: &JobQuery) -> Option<(Vec<JobId>, usize)> {
        let kept = self.0.iter_mut().find(|kept| kept.order == query.order)?;
        let Keys::Ready(ranking) = &kept.keys else { return None };
        kept.unasked = 0;
        let limit = query.limit.unwrap_or(usize::MAX);
        Some((ranking.part(query.offset, limit, query.is_descending), ranking.len()))
    }

    /// Remembers from now on what changes in an order, which the caller is to make.
    /// Answers whether somebody else does already.
    pub(super) fn begin(&mut self, order: JobOrder) -> bool {
        let is_begun = self.0.iter().any(|kept| kept.order == order);
        if !is_begun {
            self.0.push(Kept { order, keys: Keys::Gathered(Vec::new()), unasked: 0 });
        }
        is_begun
    }

    /// Keeps an order that was made of the jobs as they were since it was
    /// [begun](Self::begin).
    pub(super) fn keep(&mut self, order: JobOrder, mut ranking: Ranking) {
        let Some(kept) = self.0.iter_mut().find(|kept| kept.order == order) else { return };
        if let Keys::Gathered(changes) = &mut kept.keys {
            for changed in changes.drain(..) {
                make(&mut ranking, changed);
            }
            *kept = Kept { order, keys: Keys::Ready(ranking), unasked: 0 };
        }
    }
}

fn make(ranking: &mut Ranking, changed: Changed) {
    match changed {
        Changed::Added(key) => ranking.insert(key),
        Changed::Removed(key) => ranking.remove(&key),
    }
}
