//! A definition made ready to ask for instants.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::calendar::Calendar;
use super::micros::{LAST_INSTANT, SECOND};
use super::spec::Nature;
use super::text::{ScheduleError, WrittenDateTime};
use super::window::{Window, local_time};
use super::zone::{Nominal, Zone};
use super::{Fold, Gap, LeftOut, ScheduleDefinition};

/// Whether a calendar schedule ever fires is asked from 2026 on: rules of
/// zones that were given up before do not count.
const NOWADAYS: i64 = 1_767_225_600;
/// A schedule without a fire for so long is refused, in seconds: 40 years.
const LONGEST_WAIT: i64 = 40 * 366 * 86_400;

/// What is left of a schedule when it is asked for instants: small, and next
/// to whatever asks, because each run asks for the next one.
#[derive(Clone)]
pub(crate) struct Timetable(Form);

#[derive(Clone)]
enum Form {
    /// Each instant of the rule is a fire, as it is for most jobs.
    Whole(Rule),
    Cut(Arc<Cut>),
}

/// A rule of which not all instants are fires.
#[derive(Clone)]
struct Cut {
    rule: Rule,
    /// Fires lie within it.
    window: Window,
    /// Instants of the rule that are not fires.
    left_out: LeftOut,
}

/// A rule in microseconds since 1970.
#[derive(Clone)]
pub(super) enum Rule {
    /// `anchor + k·interval`.
    Grid { interval: i64, anchor: i64 },
    /// One interval from whatever is asked about.
    Interval(i64),
    /// Local times of a calendar.
    Calendar(Arc<LocalTimes>),
    /// That long after whatever is asked about.
    Delay(i64),
    /// Two instants for a local time that occurs twice; else both are the same.
    Instants(i64, i64),
}

/// Times of a calendar in a zone.
pub(super) struct LocalTimes {
    calendar: Calendar,
    zone: Zone,
    gap: Gap,
    fold: Fold,
}

impl Timetable {
    /// As [`ScheduleDefinition::compile`] makes it.
    pub(crate) fn compile(definition: &ScheduleDefinition, default_zone: Tz) -> Result<Self, ScheduleError> {
        let zone = Zone::from(definition.zone.unwrap_or(default_zone));
        let window = Window::of(definition, zone)?;
        let rule = Rule::compile(definition, zone, window)?;
        let timetable = if definition.has_window() {
            Self(Form::Cut(Arc::new(Cut { rule, window, left_out: LeftOut::default() })))
        } else {
            Self(Form::Whole(rule))
        };
        // A window that is merely over is none of the schedule's faults.
        if window.is_closed() && timetable.next_after_micros(i64::MIN).is_none() {
            return Err(ScheduleError::EmptyWindow(definition.written()));
        }
        Ok(timetable)
    }

    /// The same schedule without these instants.
    pub(crate) fn without(self, left_out: &LeftOut) -> Self {
        if left_out.is_empty() && matches!(self.0, Form::Whole(_)) {
            return self;
        }
        let (rule, window) = (self.rule().clone(), self.window());
        Self(Form::Cut(Arc::new(Cut { rule, window, left_out: left_out.clone() })))
    }

    pub(super) fn rule(&self) -> &Rule {
        match &self.0 {
            Form::Whole(rule) => rule,
            Form::Cut(cut) => &cut.rule,
        }
    }

    fn window(&self) -> Window {
        match &self.0 {
            Form::Whole(_) => Window::OPEN,
            Form::Cut(cut) => cut.window,
        }
    }

    /// The first and the last instant at which it may fire.
    pub(super) fn edges(&self) -> (i64, i64) {
        let Window { from, until } = self.window();
        (from, until)
    }

    /// Anchor and interval, if it fires at even intervals of which none is left out.
    pub(super) fn even_grid(&self) -> Option<(i64, i64)> {
        match self.rule() {
            Rule::Grid { interval, anchor } if self.left_out().next().is_none() => Some((*anchor, *interval)),
            Rule::Grid { .. }
            | Rule::Interval(_)
            | Rule::Calendar(_)
            | Rule::Delay(_)
            | Rule::Instants(..) => None,
        }
    }

    /// The times of a calendar that are all fires.
    pub(super) fn whole_calendar(&self) -> Option<&LocalTimes> {
        match &self.0 {
            Form::Whole(Rule::Calendar(times)) => Some(times),
            Form::Whole(_) | Form::Cut(_) => None,
        }
    }

    /// The spans that are left out, in order.
    pub(super) fn left_out(&self) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> {
        let left_out = match &self.0 {
            Form::Whole(_) => None,
            Form::Cut(cut) => Some(&cut.left_out),
        };
        left_out.into_iter().flat_map(LeftOut::iter)
    }

    /// The span that an instant is in which is left out.
    pub(super) fn left_out_at(&self, at: DateTime<Utc>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        match &self.0 {
            Form::Whole(_) => None,
            Form::Cut(cut) => cut.left_out.span_of(at),
        }
    }

    /// The first fire later than `after`, as [`Schedule`](super::Schedule) says it.
    pub(crate) fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut after = after;
        loop {
            let next = self.next_after_micros(after.timestamp_micros())?;
            let next = DateTime::from_timestamp_micros(next)?;
            match self.left_out_at(next) {
                None => return Some(next),
                Some((_, last)) => after = last,
            }
        }
    }

    /// The last instant at which it may fire, if there is one.
    pub(super) fn last_instant(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(self.window().until)
    }

    /// The first fire of the rule later than `after` within the window.
    fn next_after_micros(&self, after: i64) -> Option<i64> {
        match &self.0 {
            Form::Whole(rule) => rule.next_after(after),
            Form::Cut(cut) => {
                let Window { from, until } = cut.window;
                let next = cut.rule.next_after(after.max(from.saturating_sub(1)))?;
                (next <= until).then_some(next)
            }
        }
    }

    /// Whether an instant is [left out](Self::without).
    #[cfg(feature = "testing")]
    pub(crate) fn is_left_out(&self, at: DateTime<Utc>) -> bool {
        self.left_out_at(at).is_some()
    }

    /// The fires later than `after`, in order.
    pub(crate) fn upcoming(&self, after: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
        std::iter::successors(self.next_after(after), |fire| self.following(*fire))
    }

    /// The fire that comes after one.
    fn following(&self, fire: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // A single fire that was not placed is always some time off, and yet there is only one.
        if self.rule().is_unplaced_once() { None } else { self.next_after(fire) }
    }
}

impl fmt::Debug for Timetable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timetable").finish_non_exhaustive()
    }
}

impl Rule {
    fn compile(definition: &ScheduleDefinition, zone: Zone, window: Window) -> Result<Self, ScheduleError> {
        let spec = &definition.spec;
        let calendar = match spec.nature() {
            Nature::Elapsed { interval, anchor } => {
                let interval = micros(interval);
                // The first fire comes one interval after the anchor.
                let of_window = definition.from.map(|_| window.from.saturating_sub(interval));
                let anchor = anchor.map(|anchor| anchor.timestamp_micros()).or(of_window);
                return Ok(match anchor {
                    Some(anchor) => Self::Grid { interval, anchor },
                    None => Self::Interval(interval),
                });
            }
            Nature::Counted { delay, anchor: None } => return Ok(Self::Delay(micros(delay))),
            Nature::Counted { delay, anchor: Some(anchor) } => {
                let instant = anchor.timestamp_micros() + micros(delay);
                return Ok(Self::Instants(instant, instant));
            }
            Nature::Dated(at) => return Self::at_date(definition, at, zone),
            Nature::Calendar => spec.calendar()?,
        };
        let (gap, fold) = if calendar.is_wildcard() { (Gap::Skip, Fold::Both) } else { FIXED };
        let gap = definition.gap.unwrap_or(gap);
        let fold = definition.fold.unwrap_or(fold);
        match zone.next_fire(&calendar, gap, fold, NOWADAYS) {
            Some(fire) if fire - NOWADAYS <= LONGEST_WAIT => {
                Ok(Self::Calendar(Arc::new(LocalTimes { calendar, zone, gap, fold })))
            }
            Some(_) | None => Err(ScheduleError::NeverFires(definition.written())),
        }
    }

    /// The instant that a date and time names, or two.
    fn at_date(
        definition: &ScheduleDefinition,
        at: WrittenDateTime,
        zone: Zone,
    ) -> Result<Self, ScheduleError> {
        let (local, micros) = local_time(at)?;
        let (first, second) = match at.offset_seconds {
            Some(east) => ((local - i64::from(east)) * SECOND + micros, None),
            None => Self::at_local_time(definition, (local, micros), zone)?,
        };
        let second = second.unwrap_or(first);
        if second > LAST_INSTANT {
            return Err(ScheduleError::TooLate(at.to_string()));
        }
        Ok(Self::Instants(first, second))
    }

    /// The one or two instants, in microseconds, of a nominal local time, given in
    /// seconds and the microseconds past them.
    fn at_local_time(
        definition: &ScheduleDefinition,
        (local, micros): (i64, i64),
        zone: Zone,
    ) -> Result<(i64, Option<i64>), ScheduleError> {
        let (gap, fold) = FIXED;
        let gap = definition.gap.unwrap_or(gap);
        let fold = definition.fold.unwrap_or(fold);
        // No zone is as much as two days off.
        let well_before = local - 2 * 86_400;
        let next = |after| zone.next_fire(&Moment(local), gap, fold, after);
        let first = next(well_before).ok_or_else(|| ScheduleError::NeverFires(definition.written()))?;
        // A time moved to the end of a gap runs exactly there, without a fraction.
        let is_moved = gap == Gap::Next && zone.local_second(first) != local;
        let instant = |fire: i64| fire * SECOND + if is_moved { 0 } else { micros };
        Ok((instant(first), next(first).map(instant)))
    }

    /// Whether it is one fire, some time after whatever instant is asked about.
    pub(super) fn is_unplaced_once(&self) -> bool {
        matches!(self, Self::Delay(_))
    }

    fn next_after(&self, after: i64) -> Option<i64> {
        match self {
            Self::Grid { interval, anchor } => {
                let passed = if after > *anchor { after.checked_sub(*anchor)? / interval } else { 0 };
                (passed + 1).checked_mul(*interval)?.checked_add(*anchor)
            }
            Self::Interval(length) | Self::Delay(length) => after.checked_add(*length),
            Self::Instants(first, second) => [*first, *second].into_iter().find(|fire| *fire > after),
            Self::Calendar(times) => times
                .zone
                .next_fire(&times.calendar, times.gap, times.fold, after.div_euclid(SECOND))
                .and_then(|fire| fire.checked_mul(SECOND)),
        }
    }
}

/// What suits a time that is meant once a day.
const FIXED: (Gap, Fold) = (Gap::Next, Fold::First);

fn micros(length: TimeDelta) -> i64 {
    length.num_microseconds().expect("100 years of microseconds fit")
}

/// A single local time.
struct Moment(i64);

impl Nominal for Moment {
    fn at_or_after(&self, local: i64) -> Option<i64> {
        (local <= self.0).then_some(self.0)
    }
}
