//! Which of a job's records are from a time when the clock was ahead.
//!
//! If a schedule was closed before a fire that was already accounted for, the
//! clock was set back, and the job was rewound.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};

use super::Book;
use super::chain::Chains;
use crate::job::{Run, RunId, Skipped};
use crate::schedule::LeftOut;

/// What records from before the clock was set back say about the time after it.
#[derive(Default)]
pub(super) struct Rewinds {
    /// For skip records that do not hold entirely, the instant up to which they do.
    holds_until: HashMap<RunId, DateTime<Utc>>,
    /// All fires that had ended and do not come again.
    ended: LeftOut,
    /// All fires that ran, if the clock was ever set back.
    ran: LeftOut,
    is_any: bool,
}

impl Rewinds {
    pub(super) fn of(book: &Book<'_>, chains: &Chains<'_>) -> Self {
        let mut rewinds = Self::default();
        let mut ended = Vec::new();
        let mut is_rewound = book.job.is_some_and(|job| job.rewind.is_some());
        let mut latest = DateTime::<Utc>::MIN_UTC;
        for (place, run) in book.records.iter().enumerate() {
            let skipped = run.skipped.as_deref();
            match (skipped.and_then(|skipped| skipped.closed.as_ref()), skipped) {
                (Some(closed), _) if closed.until < latest => {
                    rewinds.set_back(&book.records, place, closed.until, &mut ended);
                    latest = closed.until;
                    is_rewound = true;
                }
                (Some(closed), _) => latest = latest.max(closed.until),
                (None, Some(skipped)) => latest = latest.max(skipped.last),
                (None, None) if run.run_id.trigger.is_of_schedule() => {
                    latest = latest.max(run.scheduled_for());
                }
                (None, None) => {}
            }
        }
        let of_job = book.job.and_then(|job| job.rewind.as_ref());
        ended.extend(of_job.into_iter().flat_map(|rewind| rewind.ended.iter()));
        if is_rewound {
            let ran = chains.of_schedule().map(|fire| (fire, fire));
            rewinds.ran = LeftOut::new(ran.chain(ended.iter().copied()).collect());
        }
        rewinds.ended = LeftOut::new(ended);
        rewinds.is_any = is_rewound;
        rewinds
    }

    /// The clock was set back to `to` when the record at `place` was written.
    fn set_back(
        &mut self,
        records: &[&Run],
        place: usize,
        to: DateTime<Utc>,
        ended: &mut Vec<(DateTime<Utc>, DateTime<Utc>)>,
    ) {
        for (other, run) in records.iter().enumerate() {
            // An attempt that was running then ended before its own due time.
            let is_before = other < place || run.finished_at.is_some_and(|at| at < run.scheduled_for());
            match run.skipped.as_deref() {
                Some(skipped) if other < place => {
                    let until = skipped.closed.as_ref().map_or(skipped.last, |closed| closed.until);
                    if until > to {
                        let holds_until = self.holds_until.entry(run.run_id).or_insert(to);
                        *holds_until = to.min(*holds_until);
                    }
                }
                None if is_before && run.run_id.trigger.is_of_schedule() && run.scheduled_for() > to => {
                    ended.push((run.scheduled_for(), run.scheduled_for()));
                }
                Some(_) | None => {}
            }
        }
    }

    /// The instant up to which a skip record holds, if it does not hold entirely.
    pub(super) fn holds_until(&self, skip: RunId) -> Option<DateTime<Utc>> {
        self.holds_until.get(&skip).copied()
    }

    /// Whether the clock was ever set back.
    pub(super) fn is_any(&self) -> bool {
        self.is_any
    }

    /// The fires that do not come again, according to all records.
    pub(super) fn ended(&self) -> &LeftOut {
        &self.ended
    }

    /// The counts that a skip record may give. `count` returns how many fires its
    /// schedule has without the given ones.
    ///
    /// A fire that ran was not skipped. But if the schedule was closed, the fire may
    /// have run under the next one.
    pub(super) fn possible_counts(
        &self,
        skipped: &Skipped,
        count: impl Fn(&LeftOut) -> u64,
    ) -> RangeInclusive<u64> {
        let without = count(&self.ran);
        without..=if skipped.closed.is_some() { count(&LeftOut::default()) } else { without }
    }
}
