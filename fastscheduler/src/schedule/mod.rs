//! When a job runs.
//!
//! A [`Schedule`] is a pure rule: given an instant, it says the next one. It
//! neither reads the time nor waits, and knows nothing of jobs.
//!
//! It is written with a builder ([`every`], [`daily`], [`cron`] and so on) or
//! comes from stored data (a [`ScheduleDefinition`]); both are compiled to
//! bits of seconds, minutes, hours and days, which name *local* times. The
//! private module `zone` turns these into instants, and so decides what
//! happens when clocks change: see [`Gap`] and [`Fold`].
//!
//! ```
//! use fastscheduler::schedule::daily;
//!
//! let schedule = daily().at("09:00").tz("Europe/Paris").schedule()?;
//! assert_eq!(schedule.to_string(), "Daily at 09:00 (Europe/Paris)");
//!
//! // Clocks go forward in the night to 2026-03-29: still nine o'clock, local time.
//! let fires: Vec<_> = schedule.upcoming("2026-03-28T00:00:00Z".parse()?).take(2).collect();
//! assert_eq!(fires[0].to_rfc3339(), "2026-03-28T08:00:00+00:00");
//! assert_eq!(fires[1].to_rfc3339(), "2026-03-29T07:00:00+00:00");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod amount;
mod builder;
mod calendar;
mod clock_change;
mod clock_change_note;
mod compiled;
mod description;
mod fire_range;
pub mod kind;
mod left_out;
mod micros;
pub(crate) mod serial;
mod settings;
mod spec;
mod steps;
#[expect(unreachable_pub, reason = "the macro crate links this folder in, and some of it is its alone")]
pub(crate) mod text;
mod upcoming;
mod window;
mod zone;

#[cfg(test)]
mod cron_hint_tests;
#[cfg(test)]
mod cron_tests;
#[cfg(test)]
mod hint_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod text_tests;
#[cfg(test)]
mod window_tests;

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

pub use amount::{Amount, OptionalAmount};
pub use builder::ScheduleBuilder;
pub use clock_change::{Fold, Gap};
pub use clock_change_note::{ClockChange, ClockChangeEffect};
pub use fire_range::FireRange;
pub use kind::CronText;
pub use kind::builders::*;
pub use left_out::LeftOut;
pub use spec::{ScheduleDefinition, ScheduleSpec, WrittenUnit};
pub use text::{ClockTime, DayOfMonth, DaysOfWeek, Micros, ScheduleError, Unit, WindowEdge, WrittenDateTime};
pub use upcoming::Upcoming;
pub use window::IntoWindowEdge;
pub(crate) use zone::data_version as zone_data_version;
pub use zone::{IntoZone, Zone, ZoneOffset};

pub(crate) use compiled::Timetable;
pub(crate) use settings::{ScheduleSettings, Setting, schedule_setters};
pub(crate) use spec::Nature;
pub(crate) use steps::Steps;

/// A rule that says, given an instant, the next one.
///
/// It is cheap to clone. All instants are UTC, in whole microseconds; two
/// schedules are equal if their definitions and their zones are.
#[derive(Clone)]
pub struct Schedule {
    compiled: Arc<Compiled>,
}

struct Compiled {
    definition: ScheduleDefinition,
    zone: Zone,
    timetable: Timetable,
}

impl Schedule {
    fn compile(definition: ScheduleDefinition, default_zone: Tz) -> Result<Self, ScheduleError> {
        let timetable = Timetable::compile(&definition, default_zone)?;
        let zone = Zone::from(definition.zone.unwrap_or(default_zone));
        Ok(Self { compiled: Arc::new(Compiled { definition, zone, timetable }) })
    }

    /// The first fire later than `after`, `None` if there is no more.
    ///
    /// Nothing beyond the 45 years that follow is looked for.
    ///
    /// # Examples
    ///
    /// ```
    /// let schedule = fastscheduler::schedule::cron("*/15 * * * *").tz("UTC").schedule()?;
    /// let next = schedule.next_after("2026-01-01T00:15:00Z".parse()?).unwrap();
    /// assert_eq!(next.to_rfc3339(), "2026-01-01T00:30:00+00:00");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.compiled.timetable.next_after(after)
    }

    /// The fires later than `after`, in order.
    ///
    /// # Examples
    ///
    /// ```
    /// let schedule = fastscheduler::schedule::every(10).minutes().schedule()?;
    /// let after = "2026-01-01T00:00:00Z".parse()?;
    /// let minutes: Vec<_> = schedule.upcoming(after).map(|at| at.format("%M").to_string()).take(3).collect();
    /// assert_eq!(minutes, ["10", "20", "30"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn upcoming(&self, after: DateTime<Utc>) -> Upcoming {
        Upcoming::new(self.clone(), after)
    }

    /// What the schedule was compiled from.
    #[must_use]
    pub fn definition(&self) -> &ScheduleDefinition {
        &self.compiled.definition
    }

    /// The zone of its local times, whether it names one or was given one.
    ///
    /// It has no meaning for a schedule without local times, such as an interval.
    #[must_use]
    pub fn zone(&self) -> Zone {
        self.compiled.zone
    }

    /// The part of it that computes instants.
    #[cfg(feature = "testing")]
    pub(crate) fn timetable(&self) -> &Timetable {
        &self.compiled.timetable
    }

    /// Whether it goes on after its first fire.
    #[must_use]
    pub fn is_recurring(&self) -> bool {
        self.definition().spec.is_recurring()
    }
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        self.zone() == other.zone() && self.definition() == other.definition()
    }
}

impl Eq for Schedule {}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schedule")
            .field("definition", self.definition())
            .field("zone", &self.zone())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Schedule {
    /// One sentence: `Every 30 seconds`, `Daily at 02:00 (Asia/Tokyo)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.definition().fmt(f)
    }
}
