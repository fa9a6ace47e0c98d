//! A schedule as plain data: what a job stores and what requests are turned into.

use std::hash::{Hash, Hasher};

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::text::{
    ClockTime, DayOfMonth, DaysOfWeek, Micros, ScheduleError, Unit, WindowEdge, WrittenDateTime,
};
use super::{CronText, Fold, Gap, Schedule, ScheduleBuilder};
use crate::clock;

/// When a job is due, by kind.
///
/// Stored as JSON it is `{"type": "daily", "at": "14:30"}` and so on; lengths
/// of time are whole microseconds, days of the week are numbers from
/// 0 = Monday, and what people write as text is that text.
///
/// # Examples
///
/// ```
/// use fastscheduler::schedule::{ScheduleSpec, weekly};
///
/// let spec = weekly().monday().friday().at("10:00").definition()?.spec;
/// let json = serde_json::to_string(&spec)?;
/// assert_eq!(json, r#"{"type":"weekly","days":[0,4],"at":"10:00"}"#);
/// assert_eq!(serde_json::from_str::<ScheduleSpec>(&json)?, spec);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ScheduleSpec {
    /// Elapsed time, on the grid `anchor + k·interval` with `k` from 1.
    Every {
        /// From one fire to the next.
        interval: Micros,
        /// Where the grid begins; `None` is one interval after whatever instant is asked about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        anchor: Option<DateTime<Utc>>,
        /// The unit that it was written in.
        #[serde(default, skip_serializing_if = "WrittenUnit::is_unknown")]
        unit: WrittenUnit,
    },
    /// Once an hour.
    Hourly {
        /// The minute of the hour, 0 to 59.
        minute: u8,
    },
    /// Once a day.
    Daily {
        /// The time of day in the schedule's zone.
        at: ClockTime,
    },
    /// On some days of the week.
    Weekly {
        /// The days; at least one.
        days: DaysOfWeek,
        /// The time of day in the schedule's zone.
        at: ClockTime,
    },
    /// Once a month.
    Monthly {
        /// The day; months without it are skipped.
        day: DayOfMonth,
        /// The time of day in the schedule's zone.
        at: ClockTime,
    },
    /// A cron expression: five fields, six with seconds first, or a nickname
    /// such as `@hourly`.
    Cron(CronText),
    /// One time, some time after an anchor.
    Once {
        /// From the anchor to the fire.
        delay: Micros,
        /// What the delay is counted from; `None` is whatever instant is asked about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        anchor: Option<DateTime<Utc>>,
        /// The unit that it was written in.
        #[serde(default, skip_serializing_if = "WrittenUnit::is_unknown")]
        unit: WrittenUnit,
    },
    /// One time, at once: a microsecond after an anchor.
    Now {
        /// What comes right before it; `None` is whatever instant is asked about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        anchor: Option<DateTime<Utc>>,
    },
    /// One time, at a date and time of day.
    At {
        /// In the schedule's zone, unless it carries an offset of its own.
        at: WrittenDateTime,
    },
}

/// The unit that a length of time was written in, if somebody chose one.
///
/// It is for showing the length as it was written, and says nothing of when
/// something is due: all of them are equal.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WrittenUnit(pub Option<Unit>);

impl WrittenUnit {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    fn is_unknown(&self) -> bool {
        self.0.is_none()
    }
}

impl PartialEq for WrittenUnit {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for WrittenUnit {}

impl Hash for WrittenUnit {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

/// A schedule with its modifiers: what a job stores.
///
/// # Examples
///
/// ```
/// use fastscheduler::schedule::{ScheduleDefinition, every};
///
/// let definition: ScheduleDefinition = every(90).seconds().definition()?;
/// let placed = definition.placed("2026-01-01T00:00:00Z".parse()?);
/// let schedule = placed.compile(chrono_tz::UTC)?;
/// let next = schedule.next_after("2026-01-01T00:02:00Z".parse()?).unwrap();
/// assert_eq!(next.to_rfc3339(), "2026-01-01T00:03:00+00:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ScheduleDefinition {
    /// When it is due.
    #[serde(flatten)]
    pub spec: ScheduleSpec,
    /// The zone of its local times; `None` is the scheduler's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Tz>,
    /// What to do when clocks go forward; `None` is what suits the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
    /// What to do when clocks go back; `None` is what suits the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<Fold>,
    /// No fire comes before it; only of a schedule that repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<WindowEdge>,
    /// No fire comes after it; only of a schedule that repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<WindowEdge>,
}

/// What a kind of schedule is, as far as kinds are treated differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// It fires each time that long has elapsed since its anchor.
    Elapsed { interval: TimeDelta, anchor: Option<DateTime<Utc>> },
    /// It fires at local times of a calendar: the same for whichever job, and
    /// since whatever instant.
    Calendar,
    /// It fires once, that long after its anchor.
    Counted { delay: TimeDelta, anchor: Option<DateTime<Utc>> },
    /// It fires once, at a date.
    Dated(WrittenDateTime),
}

impl ScheduleSpec {
    pub(crate) fn nature(&self) -> Nature {
        match self {
            Self::Every { interval, anchor, .. } => {
                Nature::Elapsed { interval: length(*interval), anchor: *anchor }
            }
            Self::Hourly { .. }
            | Self::Daily { .. }
            | Self::Weekly { .. }
            | Self::Monthly { .. }
            | Self::Cron { .. } => Nature::Calendar,
            Self::Once { delay, anchor, .. } => Nature::Counted { delay: length(*delay), anchor: *anchor },
            Self::Now { anchor } => Nature::Counted { delay: AT_ONCE, anchor: *anchor },
            Self::At { at } => Nature::Dated(*at),
        }
    }

    /// What it counts from, if it counts from anything.
    fn anchor_mut(&mut self) -> Option<&mut Option<DateTime<Utc>>> {
        match self {
            Self::Every { anchor, .. } | Self::Once { anchor, .. } | Self::Now { anchor } => Some(anchor),
            Self::Hourly { .. }
            | Self::Daily { .. }
            | Self::Weekly { .. }
            | Self::Monthly { .. }
            | Self::Cron { .. }
            | Self::At { .. } => None,
        }
    }

    /// Whether it goes on after its first fire.
    #[must_use]
    pub fn is_recurring(&self) -> bool {
        match self.nature() {
            Nature::Elapsed { .. } | Nature::Calendar => true,
            Nature::Counted { .. } | Nature::Dated(_) => false,
        }
    }

    /// Whether it names times of a calendar.
    pub(crate) fn is_of_calendar(&self) -> bool {
        self.nature() == Nature::Calendar
    }

    /// Whether its times depend on a zone.
    fn is_of_local_time(&self) -> bool {
        match self.nature() {
            Nature::Calendar => true,
            Nature::Dated(at) => at.offset_seconds.is_none(),
            Nature::Elapsed { .. } | Nature::Counted { .. } => false,
        }
    }

    /// Whether it is due as soon as a job gets it.
    pub(crate) fn is_at_once(&self) -> bool {
        matches!(self, Self::Now { .. })
    }

    /// Whether it is one fire, counted from when a job gets the schedule.
    pub(crate) fn is_counted_once(&self) -> bool {
        matches!(self.nature(), Nature::Counted { .. })
    }

    /// Whether it is one fire at a date, and not some time after a start.
    pub(crate) fn is_dated(&self) -> bool {
        matches!(self.nature(), Nature::Dated(_))
    }
}

impl From<ScheduleSpec> for ScheduleDefinition {
    /// The schedule without modifiers.
    fn from(spec: ScheduleSpec) -> Self {
        Self { spec, zone: None, gap: None, fold: None, from: None, until: None }
    }
}

impl ScheduleDefinition {
    /// Makes ready to ask for instants; `default_zone` is used if none is named.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::Cron`] for an expression that cannot be read,
    /// [`ScheduleError::NeverFires`] for a schedule without a fire in 40
    /// years, [`ScheduleError::EmptyWindow`] for one without a fire between its
    /// first and its last date, [`ScheduleError::WindowOfOne`] for such dates of a
    /// schedule that fires one time, [`ScheduleError::NoDays`] for a week without days,
    /// [`ScheduleError::TooLate`] for an instant after the year 9999, and the
    /// error of its type for any other value out of range.
    pub fn compile(&self, default_zone: Tz) -> Result<Schedule, ScheduleError> {
        Schedule::compile(self.clone(), default_zone)
    }

    /// The schedule as a builder, to be given other settings or to be added to a
    /// scheduler.
    pub fn into_builder(self) -> ScheduleBuilder<ScheduleSpec> {
        self.into()
    }

    /// Whether it depends on a zone when it is due.
    pub(crate) fn is_of_local_time(&self) -> bool {
        let is_local = |edge: Option<WindowEdge>| edge.is_some_and(WindowEdge::is_local);
        self.spec.is_of_local_time() || is_local(self.from) || is_local(self.until)
    }

    /// Whether it has a first or a last date.
    pub(crate) fn has_window(&self) -> bool {
        self.from.is_some() || self.until.is_some()
    }

    /// Compiles it in the machine's zone if it has local times and names no zone.
    /// The machine's zone is looked up, and can be an error, only in that case.
    pub(crate) fn compile_on_this_machine(&self) -> Result<Schedule, ScheduleError> {
        let is_needed = self.zone.is_none() && self.is_of_local_time();
        self.compile(if is_needed { clock::system_zone()?.zone } else { Tz::UTC })
    }

    /// The same schedule, counted from `created_at` where it counts from
    /// something and has not been told from what.
    ///
    /// `created_at` is cut off to whole microseconds.
    #[must_use]
    pub fn placed(mut self, created_at: DateTime<Utc>) -> Self {
        // An interval with a first date counts from that, unless it is told from what.
        if let Some(anchor) = self.spec.anchor_mut().filter(|_| self.from.is_none()) {
            anchor.get_or_insert_with(|| whole_micros(created_at));
        }
        self
    }

    /// The instant from which a job that gets the schedule at `now` counts: that
    /// instant, or right before it if the job is due at once. A fire is always
    /// later than what it is counted from.
    pub(crate) fn counted_from(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        if self.spec.is_at_once() { whole_micros(now) - AT_ONCE } else { now }
    }
}

/// From what a schedule that is due at once is counted from to its fire: the
/// least there is.
pub(crate) const AT_ONCE: TimeDelta = TimeDelta::microseconds(1);

fn length(length: Micros) -> TimeDelta {
    let micros = i64::try_from(length.get()).expect("100 years of microseconds fit");
    TimeDelta::microseconds(micros)
}

/// The instant without what is less than a microsecond, which no store keeps.
pub(super) fn whole_micros(instant: DateTime<Utc>) -> DateTime<Utc> {
    // Clocks read whole ones.
    match instant.nanosecond() {
        nanos if nanos % 1_000 == 0 => instant,
        nanos => instant.with_nanosecond(nanos / 1_000 * 1_000).unwrap_or(instant),
    }
}
