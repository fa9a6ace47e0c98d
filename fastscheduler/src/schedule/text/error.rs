//! What can be wrong with a schedule.

use thiserror::Error;

use super::OneLine;
use super::amount_hint::hint as amount_hint;
use super::zone_name::{meant, meant_in_variable};

/// What is wrong with a schedule, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// A text that is no time of day.
    #[error(
        "`{}` is not a time of day; write `HH:MM` or `HH:MM:SS` between `00:00` and `23:59:59`",
        OneLine(.0)
    )]
    ClockTime(String),
    /// A text that is no minute of the hour.
    #[error("`{}` is not a minute of the hour; write `:30` or `30`, from 0 to 59", OneLine(.0))]
    Minute(String),
    /// A text that is no length of time.
    #[error("`{written}` is not a length of time; {}", amount_hint(.0).unwrap_or_else(
        || "write for example `500ms`, `30s`, `5m`, `1h 30m` or `2d`".to_owned()), written = OneLine(.0))]
    Duration(String),
    /// A length of time that is too short or too long.
    #[error("`{}` is out of range; use 1 millisecond to 100 years", OneLine(.0))]
    OutOfRange(String),
    /// A delay of a one-time job that is too short or too long.
    #[error("`{}` is out of range; use 1 millisecond to 100 years, or `now()` for a run at once", OneLine(.0))]
    Delay(String),
    /// A wait between attempts that is too short or too long.
    #[error("`{}` is out of range; use 0, or 1 millisecond to 100 years", OneLine(.0))]
    Wait(String),
    /// A number that nothing can grow by.
    #[error("`{}` is not a factor; use a number of at least 1", OneLine(.0))]
    Factor(String),
    /// A number that is no part of a whole.
    #[error("`{}` is not a share; use a number from 0 to 1", OneLine(.0))]
    Share(String),
    /// A word that is no unit of time.
    #[error("`{}` is not a unit of time; use `seconds`, `minutes`, `hours` or `days`", OneLine(.0))]
    Unit(String),
    /// A length of time that has its unit already.
    #[error("`{}` has its unit already, but `{unit}` follows; give one unit only", OneLine(.amount))]
    SecondUnit {
        /// The length of time, or the first unit.
        amount: String,
        /// The unit that is too many.
        unit: &'static str,
    },
    /// A word that is no day of the week.
    #[error("`{}` is not a day of the week; {}", OneLine(.name), .nearest.map_or_else(
        || "use `monday` to `sunday`, `mon` to `sun`, `weekdays` or `weekends`".to_owned(),
        |day| format!("did you mean `{day}`?")))]
    DayOfWeek {
        /// The word that was written.
        name: String,
        /// The day it most resembles, if any does.
        nearest: Option<&'static str>,
    },
    /// A weekly schedule without days.
    #[error("a weekly schedule needs at least one day; name days such as `monday`, or `weekdays`")]
    NoDays,
    /// A number that is no day of the month.
    #[error("`{}` is not a day of the month; use 1 to 31, or the last day", OneLine(.0))]
    DayOfMonth(String),
    /// A text that is no date and time.
    #[error(
        "`{}` is not a date and time; write `YYYY-MM-DD HH:MM:SS`, \
         or RFC 3339 with an offset such as `2027-12-25T00:00:00+01:00`",
        OneLine(.0)
    )]
    DateTime(String),
    /// A text that is no first or last date.
    #[error(
        "`{}` is not a date; write `YYYY-MM-DD`, `YYYY-MM-DD HH:MM:SS`, \
         or RFC 3339 with an offset such as `2027-12-25T00:00:00+01:00`",
        OneLine(.0)
    )]
    WindowEdge(String),
    /// A window in which a schedule has no fire, whatever today is.
    #[error("`{}` never fires; move `from` or `until` so that a fire lies between them", OneLine(.0))]
    EmptyWindow(String),
    /// A window of a schedule that fires one time.
    #[error("`from` and `until` are for schedules that repeat; leave them out, or set the time itself")]
    WindowOfOne,
    /// A name that is no time zone.
    #[error("unknown time zone `{written}`; {}", meant(.0).unwrap_or_else(
        || "use an IANA name such as `UTC` or `Europe/London`".to_owned()), written = OneLine(.0))]
    Zone(String),
    /// A schedule needs the machine's zone, and `TZ` names none.
    #[error(
        "`TZ` is `{value}`, which is not a time zone{}; set it to an IANA name such as `Europe/Berlin`, \
         or name the zone: with `tz` for a schedule, with `.timezone(..)` or `FASTSCHEDULER_TIMEZONE` for all",
        meant_in_variable(.0).map_or_else(String::new, |meant| format!(" ({meant})")),
        value = OneLine(.0)
    )]
    SystemZone(String),
    /// A cron expression that cannot be read.
    #[error("`{}` is not a cron expression: {}", OneLine(.expression), OneLine(.reason))]
    Cron {
        /// The expression, shortened if it is long.
        expression: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// A schedule that can be read but has no fire.
    #[error("`{}` never fires; no such date and time occurs within 40 years", OneLine(.0))]
    NeverFires(String),
    /// A date and time that is over.
    #[error("`{}` is in the past; a job needs a time that is still to come", OneLine(.0))]
    Past(String),
    /// A date and time that no store or answer could write.
    #[error("`{}` is after the year 9999 in UTC; use an earlier date and time", OneLine(.0))]
    TooLate(String),
    /// A builder that was not told everything.
    #[error("{schedule} needs {missing}")]
    Incomplete {
        /// The schedule, as it was begun.
        schedule: &'static str,
        /// What is to be added.
        missing: &'static str,
    },
}
