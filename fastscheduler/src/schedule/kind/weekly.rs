//! On some days of the week.

use chrono::Weekday;

use super::{Kind, incomplete, private};
use crate::schedule::calendar::Calendar;
use crate::schedule::text::{ClockTime, DaysOfWeek, ScheduleError};
use crate::schedule::{ScheduleBuilder, ScheduleSpec};

/// A weekly schedule being written; see [`weekly`].
#[derive(Debug, Clone)]
pub struct Weekly {
    days: DaysOfWeek,
    at: Option<ClockTime>,
}

/// Runs on the days that are named, at the time given by [`at`](ScheduleBuilder::<Weekly>::at).
///
/// Days add up: `weekly().monday().friday()` runs on both.
///
/// # Examples
///
/// ```
/// use chrono::Weekday;
/// use fastscheduler::schedule::weekly;
///
/// let schedule = weekly().monday().friday().at("10:00").schedule()?;
/// assert_eq!(schedule.to_string(), "Every Mon, Fri at 10:00");
/// assert_eq!(weekly().on(["mon", "friday"]).at("10:00").schedule()?, schedule);
/// assert_eq!(weekly().on([Weekday::Mon, Weekday::Fri]).at("10:00").schedule()?, schedule);
/// # Ok::<(), fastscheduler::schedule::ScheduleError>(())
/// ```
pub fn weekly() -> ScheduleBuilder<Weekly> {
    ScheduleBuilder::new(Weekly { days: DaysOfWeek::default(), at: None })
}

/// Methods named after days.
macro_rules! days {
    ($($method:ident = $day:ident, $name:literal;)+) => {$(
        #[doc = concat!("Also on ", $name, ".")]
        pub fn $method(self) -> Self {
            self.on([Weekday::$day])
        }
    )+};
}

impl<J> ScheduleBuilder<Weekly, J> {
    days! {
        monday = Mon, "Mondays";
        tuesday = Tue, "Tuesdays";
        wednesday = Wed, "Wednesdays";
        thursday = Thu, "Thursdays";
        friday = Fri, "Fridays";
        saturday = Sat, "Saturdays";
        sunday = Sun, "Sundays";
    }

    /// Also on Mondays to Fridays.
    pub fn weekdays(self) -> Self {
        self.on(["weekdays"])
    }

    /// Also on Saturdays and Sundays.
    pub fn weekends(self) -> Self {
        self.on(["weekends"])
    }

    /// Also on these days: a list of [`Weekday`] or of words such as `mon`.
    pub fn on<D: IntoDays>(self, days: impl IntoIterator<Item = D>) -> Self {
        days.into_iter().fold(self, |builder, days| {
            builder.set(days.into_days(), |builder, days| builder.kind.days = builder.kind.days.and(days))
        })
    }

    /// The time of day: `HH:MM` or `HH:MM:SS`.
    pub fn at(self, time: &str) -> Self {
        self.set(time.parse(), |builder, at| builder.kind.at = Some(at))
    }
}

/// What names days of the week: a [`Weekday`], or a word such as `monday`,
/// `mon` or `weekdays`.
pub trait IntoDays {
    /// The days.
    fn into_days(self) -> Result<DaysOfWeek, ScheduleError>;
}

impl IntoDays for Weekday {
    fn into_days(self) -> Result<DaysOfWeek, ScheduleError> {
        Ok(DaysOfWeek::from_bits(1 << self.num_days_from_monday()))
    }
}

impl IntoDays for &str {
    fn into_days(self) -> Result<DaysOfWeek, ScheduleError> {
        DaysOfWeek::named(self)
    }
}

impl IntoDays for String {
    fn into_days(self) -> Result<DaysOfWeek, ScheduleError> {
        DaysOfWeek::named(&self)
    }
}

impl IntoDays for DaysOfWeek {
    fn into_days(self) -> Result<DaysOfWeek, ScheduleError> {
        Ok(self)
    }
}

impl private::Sealed for Weekly {}

impl Kind for Weekly {
    fn into_spec(self) -> Result<ScheduleSpec, ScheduleError> {
        if self.days.is_empty() {
            return Err(ScheduleError::NoDays);
        }
        let at =
            self.at.ok_or_else(|| incomplete("`weekly()`", "a time of day, such as `.at(\"10:00\")`"))?;
        Ok(ScheduleSpec::Weekly { days: self.days, at })
    }
}

/// The local times that it names.
pub(in crate::schedule) fn calendar(days: DaysOfWeek, at: ClockTime) -> Result<Calendar, ScheduleError> {
    if days.is_empty() {
        return Err(ScheduleError::NoDays);
    }
    Ok(Calendar::daily(at).on_days(|day| days.bits() >> day.weekday & 1 != 0))
}
