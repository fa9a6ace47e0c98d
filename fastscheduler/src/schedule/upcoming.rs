//! The fires of a schedule, one after another.

use std::iter::FusedIterator;

use chrono::{DateTime, Utc};

use super::Schedule;

/// The fires of a schedule in order of time; see [`Schedule::upcoming`].
#[derive(Debug, Clone)]
pub struct Upcoming {
    schedule: Schedule,
    after: Option<DateTime<Utc>>,
}

impl Upcoming {
    pub(super) fn new(schedule: Schedule, after: DateTime<Utc>) -> Self {
        Self { schedule, after: Some(after) }
    }
}

impl Iterator for Upcoming {
    type Item = DateTime<Utc>;

    fn next(&mut self) -> Option<DateTime<Utc>> {
        let fire = self.schedule.next_after(self.after?);
        let is_the_only_one = self.schedule.compiled.timetable.rule().is_unplaced_once();
        self.after = fire.filter(|_| !is_the_only_one);
        fire
    }
}

impl FusedIterator for Upcoming {}
