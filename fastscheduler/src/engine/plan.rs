//! Which fire of a job comes next, and which ones are skipped.
//!
//! Pure: instants are given.

use chrono::{DateTime, TimeDelta, Utc};

use super::LiveJob;
use crate::job::{JobId, Run, SkipReason, Skipped, Trigger};
use crate::queue::Entry;
use crate::storage::{Change, SkippedFires};

/// Skipped fires of a calendar schedule are counted up to this many.
const COUNTED: u64 = 10_000;

/// What follows on a fire that has ended.
#[derive(Debug, Default)]
pub(super) struct FollowUp {
    /// The fire that comes next.
    pub(super) next: Option<Entry>,
    /// Fires that came due meanwhile and do not run.
    pub(super) skipped: Option<Run>,
}

impl FollowUp {
    /// When the fire that comes next is due by the schedule.
    pub(super) fn next_run_at(&self) -> Option<DateTime<Utc>> {
        self.next.as_ref().map(|next| next.scheduled_for)
    }

    /// The entry for the queue, once the record of what was skipped is among
    /// the changes.
    pub(super) fn next(self, changes: &mut Vec<Change>) -> Option<Entry> {
        let next_run_at = self.next_run_at();
        changes.extend(self.skipped.map(|run| Change::Skip(Box::new(SkippedFires { run, next_run_at }))));
        self.next
    }
}

impl LiveJob {
    /// The first fire later than `after`, as an entry for the queue.
    pub(crate) fn fire_after(&self, after: DateTime<Utc>) -> Option<Entry> {
        self.schedule.next_after(after).map(|scheduled_for| self.fire(scheduled_for))
    }

    /// The fire that was due at `scheduled_for`, as an entry for the queue.
    fn fire(&self, scheduled_for: DateTime<Utc>) -> Entry {
        Entry {
            job: self.id,
            trigger: Trigger::Schedule,
            scheduled_for,
            due_at: scheduled_for + self.jitter(scheduled_for),
            attempt: 1,
            covers_until: scheduled_for,
            revision: self.revision,
            is_exclusive: self.is_exclusive(),
            lane: self.function.lane(),
            function: self.definition.function.clone(),
        }
    }

    /// What follows on the fire of `entry`, which ended at `now`.
    ///
    /// Nothing, if another entry of the job is in charge of that: a manual run
    /// does not move the schedule, and where runs may overlap, the next fire
    /// was pushed when this one was claimed.
    pub(super) fn follow_up(&self, entry: &Entry, now: DateTime<Utc>) -> FollowUp {
        if !self.is_exclusive() || entry.trigger == Trigger::Manual {
            return FollowUp::default();
        }
        let Some(due) = self.schedule.count_between(entry.covers_until, now, COUNTED) else {
            return FollowUp { next: self.fire_after(entry.covers_until), skipped: None };
        };
        if !self.queues_overlaps() {
            let skipped =
                Skipped { reason: SkipReason::Overlap, first: due.first, last: due.last, count: due.count };
            return FollowUp { next: self.fire_after(due.last), skipped: Some(self.skip(skipped, now)) };
        }
        let next = Entry { due_at: now, covers_until: due.last, ..self.fire(due.first) };
        let skipped = self.schedule.next_after(due.first).filter(|_| due.count > 1).map(|first| {
            let (last, count) = (due.last, due.count - 1);
            self.skip(Skipped { reason: SkipReason::Overlap, first, last, count }, now)
        });
        FollowUp { next: Some(next), skipped }
    }

    fn skip(&self, skipped: Skipped, now: DateTime<Utc>) -> Run {
        Run::skipped(self.id, &self.definition, skipped, now)
    }

    /// The delay of a fire: the same whenever and wherever it is asked for, and
    /// never beyond the next fire.
    fn jitter(&self, scheduled_for: DateTime<Utc>) -> TimeDelta {
        let micros = |length: std::time::Duration| u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
        let Some(limit) = self.definition.policy.jitter.map(micros) else { return TimeDelta::zero() };
        let until_next = self
            .schedule
            .next_after(scheduled_for)
            .map_or(u64::MAX, |next| (next - scheduled_for).to_std().map_or(u64::MAX, micros));
        let delay = spread(self.id, scheduled_for) % limit.min(until_next).max(1);
        TimeDelta::microseconds(i64::try_from(delay).unwrap_or(i64::MAX))
    }
}

/// A number that looks random and depends on the fire alone (the last steps of `SplitMix64`).
fn spread(job: JobId, scheduled_for: DateTime<Utc>) -> u64 {
    let mut x = job.number().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x ^= scheduled_for.timestamp_micros().cast_unsigned();
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}
