//! Finding jobs among all of them.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};

use super::text::SoughtText;
use super::{JobCounts, JobOrder, JobQuery, JobsNow};
use crate::job::{Job, JobId, JobStatus, Name, RunStatus};

/// Tells the jobs that are asked for from the others.
struct Filter<'a> {
    query: &'a JobQuery,
    now: &'a JobsNow,
    text: Option<SoughtText>,
}

impl<'a> Filter<'a> {
    fn new(query: &'a JobQuery, now: &'a JobsNow) -> Self {
        Self { query, now, text: query.text.as_deref().map(SoughtText::new) }
    }

    /// Whether a job is asked for; its status is only looked at where one is.
    fn takes(&mut self, job: &Job, status: Option<JobStatus>) -> bool {
        let Self { query, now, text } = self;
        let wants_attention = || now.attention(job.id).any(|why| query.attention.contains(&why));
        (query.groups.is_empty() || query.groups.iter().any(|group| job.group() == group))
            && (query.statuses.is_empty() || status.is_some_and(|status| query.statuses.contains(&status)))
            && (query.attention.is_empty() || wants_attention())
            && text.as_mut().is_none_or(|text| is_in_job(text, job))
    }
}

/// The jobs counted so far that are asked for.
pub(super) struct Counted<'a> {
    filter: Filter<'a>,
    counts: JobCounts,
}

impl<'a> Counted<'a> {
    pub(super) fn new(query: &'a JobQuery, now: &'a JobsNow) -> Self {
        Self { filter: Filter::new(query, now), counts: JobCounts::default() }
    }

    /// Looks at one more job.
    pub(super) fn look_at(&mut self, job: &Job, has_open_fires: bool) {
        let status = self.filter.now.status(job, has_open_fires);
        if self.filter.takes(job, Some(status)) {
            self.counts.add(job, status);
        }
    }

    pub(super) fn finish(self) -> JobCounts {
        self.counts
    }
}

/// The jobs seen so far that are asked for.
pub(super) struct Found<'a> {
    filter: Filter<'a>,
    /// So many of the first are needed.
    wanted: usize,
    /// In no order; what is beyond those wanted is dropped now and then.
    kept: Vec<Key>,
    /// The last of those wanted, once there were enough: what comes after it
    /// need not be kept.
    last: Option<Key>,
    total: usize,
}

impl<'a> Found<'a> {
    pub(super) fn new(query: &'a JobQuery, now: &'a JobsNow) -> Self {
        let wanted = query.limit.map_or(usize::MAX, |limit| limit.saturating_add(query.offset));
        Self { filter: Filter::new(query, now), wanted, kept: Vec::new(), last: None, total: 0 }
    }

    /// Looks at one more job; `has_open_fires` is only asked where a status is.
    pub(super) fn look_at(&mut self, job: &Job, has_open_fires: impl FnOnce() -> bool) {
        let (query, now) = (self.filter.query, self.filter.now);
        let status = query.asks_for_status().then(|| now.status(job, has_open_fires()));
        if !self.filter.takes(job, status) {
            return;
        }
        self.total += 1;
        if self.wanted == 0 {
            return;
        }
        let key = Key::of(job, query.order, now, status);
        if self.last.as_ref().is_some_and(|last| order(query, last, &key).is_lt()) {
            return;
        }
        self.kept.push(key);
        // Twice as many before a cut, so that cuts are few.
        if self.kept.len() >= self.wanted.saturating_mul(2).max(64) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.kept.len() <= self.wanted {
            return;
        }
        let query = self.filter.query;
        let (_, last, _) = self.kept.select_nth_unstable_by(self.wanted - 1, |a, b| order(query, a, b));
        self.last = Some(last.clone());
        self.kept.truncate(self.wanted);
    }

    /// The ids of the jobs that are wanted, in order, and how many there are in all.
    pub(super) fn finish(mut self) -> (Vec<JobId>, usize) {
        self.cut();
        let Self { filter: Filter { query, .. }, mut kept, total, .. } = self;
        let offset = query.offset.min(kept.len());
        if 0 < offset && offset < kept.len() {
            kept.select_nth_unstable_by(offset, |a, b| order(query, a, b));
        }
        kept.drain(..offset);
        kept.sort_unstable_by(|a, b| order(query, a, b));
        (kept.iter().map(Key::job).collect(), total)
    }
}

fn order(query: &JobQuery, a: &Key, b: &Key) -> Ordering {
    let order = a.cmp(b);
    if query.is_descending { order.reverse() } else { order }
}

/// Whether a text is in a job's name, group, function or id.
fn is_in_job(text: &mut SoughtText, job: &Job) -> bool {
    let function = job.function();
    text.is_in(|place| {
        for text in [job.name(), job.group(), function.name(), function.module()] {
            place.add(text);
        }
        place.add_id(job.id());
    })
}

/// What jobs are ordered by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Instant(bool, Option<DateTime<Utc>>, JobId),
    Id(JobId),
    Text(Name, JobId),
    Count(u64, JobId),
    Ranked(u8, Name, JobId),
}

impl Key {
    /// `status` is only looked at where that is the order.
    pub(super) fn of(job: &Job, order: JobOrder, now: &JobsNow, status: Option<JobStatus>) -> Self {
        let instant = |at: Option<DateTime<Utc>>| Self::Instant(at.is_none(), at, job.id);
        match order {
            JobOrder::NextRun => instant(now.next_run_at(job)),
            JobOrder::Id => Self::Id(job.id),
            JobOrder::Name => Self::Text(job.definition.name.clone(), job.id),
            JobOrder::Group => Self::Text(job.definition.group.clone(), job.id),
            JobOrder::LastRun => instant(job.last_run_at),
            JobOrder::RunCount => Self::Count(job.run_count, job.id),
            JobOrder::FailureCount => Self::Count(job.failure_count, job.id),
            JobOrder::Attention => {
                let rank = now.attention(job.id).next().map_or(u8::MAX, |why| why as u8);
                Self::Ranked(rank, job.definition.name.clone(), job.id)
            }
            JobOrder::Status => Self::Count(status.map_or(u64::MAX, |status| status as u64), job.id),
            JobOrder::LastStatus => Self::Count(rank_of_outcome(job), job.id),
        }
    }

    pub(super) fn job(&self) -> JobId {
        match self {
            Self::Instant(_, _, id)
            | Self::Id(id)
            | Self::Text(_, id)
            | Self::Count(_, id)
            | Self::Ranked(_, _, id) => *id,
        }
    }
}

fn rank_of_outcome(job: &Job) -> u64 {
    match job.recent.newest() {
        Some(RunStatus::Completed) => 0,
        Some(RunStatus::Failed | RunStatus::Missed | RunStatus::Running) => 1,
        None => 2,
    }
}
