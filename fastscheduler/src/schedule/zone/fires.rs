//! Which instants a nominal local time stands for.
//!
//! Between two changes of its offset a zone's local time runs evenly, so that
//! in such a stretch nominal times and instants differ by one number. The
//! search for the next fire goes from stretch to stretch in order of real
//! time; what [`Gap`] and [`Fold`] mean is said at the seams:
//!
//! - Clocks go forward: the local times left out belong to no stretch. Their
//!   fires are put where the new stretch begins (`next`), or into it, counted
//!   by the old offset (`shift`), or nowhere (`skip`).
//! - Clocks go back: the repeated local times belong to both stretches, and
//!   the beginning of the later (`first`) or the end of the earlier one
//!   (`second`) is left out, or nothing is (`both`).
//!
//! The order of fires and that two nominal times on one instant are one fire
//! both follow from this, and need no sorting.

use super::Zone;
use super::rules::into_table;
use crate::schedule::{Fold, Gap};

/// How far ahead a fire is looked for, in seconds: 45 years. Some leap-day
/// schedules have no fire for 40.
pub(crate) const HORIZON: i64 = 45 * 366 * 86_400;

/// The longest gap whose times were merely left out; beyond, a date was.
const LONGEST_GAP: i64 = 3 * 3_600;

/// A set of nominal local times, in seconds since 1970-01-01 00:00:00 local time.
pub(crate) trait Nominal {
    /// The first one at or after `local`.
    fn at_or_after(&self, local: i64) -> Option<i64>;
}

impl Zone {
    /// The first fire later than `after`, both in seconds since 1970.
    pub(crate) fn next_fire(self, nominal: &impl Nominal, gap: Gap, fold: Fold, after: i64) -> Option<i64> {
        let (earliest, moved) = into_table(after.checked_add(1)?);
        let give_up = earliest.checked_add(HORIZON)?;
        let mut search = Search { nominal, moved, from: i64::MAX, found: i64::MAX };
        let mut index = self.rules.index(earliest);
        while self.rules.start(index) <= give_up {
            let seam = Seam::new(self, index);
            if let Some(fire) = seam.first_fire(&mut search, gap, fold, earliest) {
                return fire.checked_add(moved);
            }
            seam.offset_after?;
            index += 1;
        }
        None
    }
}

/// A stretch of even local time, and what its neighbours' offsets are.
struct Seam {
    start: i64,
    end: i64,
    offset_before: i64,
    offset: i64,
    offset_after: Option<i64>,
}

impl Seam {
    fn new(zone: Zone, index: usize) -> Self {
        let offset = zone.rules.offset(index).expect("each stretch has an offset");
        Self {
            start: zone.rules.start(index),
            end: zone.rules.end(index),
            offset_before: index
                .checked_sub(1)
                .and_then(|before| zone.rules.offset(before))
                .unwrap_or(offset),
            offset,
            offset_after: zone.rules.offset(index + 1),
        }
    }

    /// The first fire of this stretch at or after the instant `earliest`.
    fn first_fire(
        &self,
        search: &mut Search<'_, impl Nominal>,
        gap: Gap,
        fold: Fold,
        earliest: i64,
    ) -> Option<i64> {
        let from = earliest.max(self.start);
        let left_out = self.offset - self.offset_before;
        let mut displaced = None;
        if left_out > 0 && left_out <= LONGEST_GAP {
            let missing_until = self.start + self.offset;
            match gap {
                Gap::Skip => {}
                Gap::Next => {
                    let missing = search.at_or_after(self.start + self.offset_before);
                    if from == self.start && missing < missing_until {
                        return Some(self.start);
                    }
                }
                Gap::Shift => {
                    let missing = search.at_or_after(from + self.offset_before);
                    displaced = (missing < missing_until).then(|| missing - self.offset_before);
                }
            }
        }
        let mut first = from + self.offset;
        if fold == Fold::First && left_out < 0 {
            first = first.max(self.start + self.offset_before);
        }
        let mut end = self.end.saturating_add(self.offset);
        if fold == Fold::Second {
            end = self.offset_after.map_or(end, |after| end.min(self.end + after));
        }
        let regular = search.at_or_after(first);
        let regular = (regular < end).then(|| regular - self.offset);
        match (displaced, regular) {
            (Some(displaced), Some(regular)) => Some(displaced.min(regular)),
            (displaced, regular) => displaced.or(regular),
        }
    }
}

/// Asks for nominal times, and remembers the last answer: a schedule of one
/// day a year would otherwise be searched for anew in every stretch.
struct Search<'n, N> {
    nominal: &'n N,
    /// How many seconds earlier than in truth all times are.
    moved: i64,
    from: i64,
    found: i64,
}

impl<N: Nominal> Search<'_, N> {
    /// The first nominal time at or after `local`, or `i64::MAX`.
    fn at_or_after(&mut self, local: i64) -> i64 {
        if !(self.from..=self.found).contains(&local) || self.from == i64::MAX {
            self.from = local;
            let found = self.nominal.at_or_after(local.saturating_add(self.moved));
            self.found = found.map_or(i64::MAX, |found| found - self.moved);
        }
        self.found
    }
}
