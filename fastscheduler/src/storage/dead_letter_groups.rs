//! Dead letters with the same error.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::dead_letter_query::{DeadLetterQuery, LetterFilter};
use crate::job::{DeadLetter, JobId};

/// The most jobs that a group names.
const MOST_JOBS: usize = 20;

/// Dead letters whose errors differ only in numbers, quoted parts, ids and the like.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadLetterGroup {
    /// What their errors have in common: their [key](DeadLetter::error_key).
    pub error: String,
    /// The newest of their errors, whole.
    pub sample: String,
    /// How many there are.
    pub count: usize,
    /// When the oldest of them failed for good.
    pub first: DateTime<Utc>,
    /// When the newest of them failed for good.
    pub last: DateTime<Utc>,
    /// The jobs that they are of, the one of the newest letter first; at most 20.
    pub jobs: Vec<JobId>,
    /// How many jobs they are of.
    pub job_count: usize,
}

/// The groups of the letters seen so far, of all letters from the newest on.
pub(super) struct Grouped<'a> {
    filter: LetterFilter<'a>,
    groups: Vec<(DeadLetterGroup, HashSet<JobId>)>,
    places: HashMap<String, usize>,
}

impl<'a> Grouped<'a> {
    pub(super) fn new(query: &'a DeadLetterQuery) -> Self {
        Self { filter: LetterFilter::new(query), groups: Vec::new(), places: HashMap::new() }
    }

    pub(super) fn look_at(&mut self, letter: &DeadLetter) {
        if !self.filter.takes(letter) {
            return;
        }
        let run = &letter.run;
        let at = run.finished_at.unwrap_or_else(|| run.scheduled_for());
        let error = letter.error_key();
        let place = self.places.get(&error).copied().unwrap_or_else(|| {
            let sample = run.error.clone().unwrap_or_default();
            let (count, first, last, jobs, job_count) = (0, at, at, Vec::new(), 0);
            self.places.insert(error.clone(), self.groups.len());
            let group = DeadLetterGroup { error, sample, count, first, last, jobs, job_count };
            self.groups.push((group, HashSet::new()));
            self.groups.len() - 1
        });
        let (group, jobs) = &mut self.groups[place];
        group.count += 1;
        group.first = group.first.min(at);
        group.last = group.last.max(at);
        if jobs.insert(run.job_id()) {
            group.job_count += 1;
            if group.jobs.len() < MOST_JOBS {
                group.jobs.push(run.job_id());
            }
        }
    }

    /// The groups, that of the newest letter first.
    pub(super) fn finish(self) -> Vec<DeadLetterGroup> {
        self.groups.into_iter().map(|(group, _)| group).collect()
    }
}
