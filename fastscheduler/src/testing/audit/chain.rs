//! The attempts of each fire.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Book, Problem};
use crate::job::{Job, OpenFire, Run, RunId, RunStatus, Trigger};

/// The attempts of each fire of a job, by the instant it was due and by what
/// set it off.
pub(super) struct Chains<'a>(BTreeMap<(DateTime<Utc>, Trigger), Chain<'a>>);

#[derive(Default)]
struct Chain<'a> {
    /// In order, each once.
    attempts: Vec<&'a Run>,
    open: Option<&'a OpenFire>,
}

impl<'a> Chains<'a> {
    pub(super) fn new(book: &Book<'a>) -> Self {
        let mut chains: BTreeMap<(DateTime<Utc>, Trigger), Chain<'a>> = BTreeMap::new();
        let key = |run: RunId| (run.scheduled_for, run.trigger);
        for run in &book.runs {
            chains.entry(key(run.run_id)).or_default().attempts.push(run);
        }
        for open in &book.open {
            chains.entry(key(open.entry.run_id())).or_default().open = Some(open);
        }
        for chain in chains.values_mut() {
            chain.attempts.sort_by_key(|run| run.run_id.attempt);
            chain.attempts.dedup_by_key(|run| run.run_id.attempt);
        }
        Self(chains)
    }

    /// The fires of schedules that ran or are open, in order; one that was
    /// caught up may be there twice.
    pub(super) fn of_schedule(&self) -> impl Iterator<Item = DateTime<Utc>> {
        self.0.keys().filter(|(_, trigger)| trigger.is_of_schedule()).map(|(scheduled_for, _)| *scheduled_for)
    }

    /// How many fires of schedules ran.
    pub(super) fn ran(&self) -> usize {
        let ran = self
            .0
            .iter()
            .filter(|((_, trigger), chain)| trigger.is_of_schedule() && !chain.attempts.is_empty());
        let mut fires: Vec<DateTime<Utc>> = ran.map(|((scheduled_for, _), _)| *scheduled_for).collect();
        fires.dedup();
        fires.len()
    }

    pub(super) fn check(&self, book: &Book<'_>, crashes: u32, problems: &mut Vec<Problem>) {
        let mut ends: BTreeMap<(DateTime<Utc>, Option<Trigger>), (usize, RunId)> = BTreeMap::new();
        for ((scheduled_for, trigger), chain) in &self.0 {
            let Some(last) = chain.last() else { continue };
            let crashes = chain.open.map_or(0, |open| open.entry.crashes).max(crashes);
            problems.extend(chain.missing(last, crashes).map(|run| Problem::MissingAttempt { run }));
            if last.attempt > 1
                && let Some(retries) = max_retries(book)
                && let allowed = retries.saturating_add(crashes).saturating_add(1)
                && allowed < last.attempt
            {
                problems.push(Problem::TooManyAttempts { run: last, allowed });
            }
            // The same fire of a schedule may have run in time and been caught up.
            let other = Some(*trigger).filter(|trigger| !trigger.is_of_schedule());
            ends.entry((*scheduled_for, other)).or_insert((0, last)).0 += chain.ends();
        }
        let twice = ends.into_iter().filter(|(_, (ends, _))| *ends > 1);
        problems.extend(
            twice.map(|((scheduled_for, _), (_, run))| Problem::EndedTwice { job: run.job, scheduled_for }),
        );
    }
}

impl Chain<'_> {
    /// The last attempt that was begun, if any was.
    fn last(&self) -> Option<RunId> {
        let recorded = self.attempts.last().map(|run| run.run_id);
        let open = self.open.map(|open| {
            let run = open.entry.run_id();
            RunId { attempt: run.attempt - u32::from(!open.is_claimed && run.attempt > 0), ..run }
        });
        recorded.into_iter().chain(open).filter(|run| run.attempt > 0).max_by_key(|run| run.attempt)
    }

    /// The first attempt that is not recorded though a later one was begun, if
    /// more are missing than crashed.
    fn missing(&self, last: RunId, crashes: u32) -> Option<RunId> {
        let is_under_way =
            self.open.is_some_and(|open| open.is_claimed && open.entry.attempt == last.attempt);
        let ended = last.attempt - u32::from(is_under_way);
        let recorded = self.attempts.iter().take_while(|run| run.run_id.attempt <= ended);
        let missing = u64::from(ended).saturating_sub(recorded.count() as u64);
        if missing <= u64::from(crashes) {
            return None;
        }
        let in_order = (1..).zip(&self.attempts).take_while(|(number, run)| run.run_id.attempt == *number);
        let attempt = 1 + u32::try_from(in_order.count()).ok()?;
        Some(RunId { attempt, ..last })
    }

    /// How often it came to an end.
    fn ends(&self) -> usize {
        let completed = self.attempts.iter().filter(|run| run.status == RunStatus::Completed).count();
        let is_failed = self.attempts.last().is_some_and(|run| run.status == RunStatus::Failed);
        completed + usize::from(is_failed && self.open.is_none())
    }
}

/// How often a fire of the job may be retried, if that can be known: a change
/// of the job may have changed it, also between two attempts of one fire.
fn max_retries(book: &Book<'_>) -> Option<u32> {
    let unchanged = book.job.filter(|job| job.revision() == 1);
    unchanged.map(Job::max_retries)
}
