//! Cron expressions, compiled to bits of matching times.

mod before;
mod text;

use croner::time::{Weekday, days_in_month};

pub use self::text::CronText;
use super::{Kind, private};
use crate::schedule::calendar::{Calendar, DayShape};
use crate::schedule::text::{ScheduleError, parse_cron};
use crate::schedule::{ScheduleBuilder, ScheduleSpec};

/// A cron schedule being written; see [`cron`].
#[derive(Debug, Clone)]
pub struct CronExpression {
    expression: String,
}

/// Runs when a cron expression says so.
///
/// It has five fields (minute, hour, day of month, month, day of week), or six
/// with seconds first, with names, ranges, steps, `L`, `W` and `#`; or it is a
/// nickname such as `@hourly`. Where both day of month and day of week are
/// restricted, a day that matches either is enough; with a `+` before the day
/// of week, it must match both. A field with an item that allows every day
/// (`*`, `?`, `*/1`, `1-31`, `MON-SUN`) is not restricted. Linux's cron also
/// requires both if one of the fields begins with `*`, as in `0 0 */2 * MON`.
///
/// # Examples
///
/// ```
/// use fastscheduler::schedule::cron;
///
/// let schedule = cron("0 9 * * MON-FRI").tz("Europe/London").schedule()?;
/// assert_eq!(schedule.to_string(), "Cron: 0 9 * * MON-FRI (Europe/London)");
///
/// let either = cron("0 9 13 * FRI").schedule()?;
/// assert_eq!(either.to_string(), "Cron: 0 9 13 * FRI, when the day of month or the day of week matches");
/// let both = cron("0 9 13 * +FRI").schedule()?;
/// assert_eq!(both.to_string(), "Cron: 0 9 13 * +FRI, when both the day of month and the day of week match");
///
/// let mistake = cron("0 0 30 2 *").schedule().unwrap_err();
/// assert_eq!(mistake.to_string(), "`0 0 30 2 *` never fires; no such date and time occurs within 40 years");
/// # Ok::<(), fastscheduler::schedule::ScheduleError>(())
/// ```
pub fn cron(expression: impl Into<String>) -> ScheduleBuilder<CronExpression> {
    ScheduleBuilder::new(CronExpression { expression: expression.into() })
}

impl private::Sealed for CronExpression {}

impl Kind for CronExpression {
    fn into_spec(self) -> Result<ScheduleSpec, ScheduleError> {
        Ok(ScheduleSpec::Cron(self.expression.trim().into()))
    }
}

/// The local times that it names.
pub(in crate::schedule) fn calendar(text: &CronText) -> Result<Calendar, ScheduleError> {
    let before = text.is_of_earlier_rules().then(|| before::calendar(text.as_str())).flatten();
    before.map_or_else(|| calendar_of(text.as_str()), Ok)
}

/// The local times that an expression names under the rules of this version.
fn calendar_of(expression: &str) -> Result<Calendar, ScheduleError> {
    let read = parse_cron(expression)?;
    let clock = [read.seconds(), read.minutes(), read.hours()];
    let matches = |year, month, day, weekday| read.matches_day(year, month, day, weekday);
    Ok(calendar_from(clock, read.months(), read.is_wildcard(), matches))
}

/// Asks `matches` about each day of any month, by year, month, day and weekday.
fn calendar_from(
    [seconds, minutes, hours]: [u64; 3],
    months: u64,
    is_wildcard: bool,
    matches: impl Fn(i32, u32, u32, Weekday) -> bool,
) -> Calendar {
    const WEEKDAYS: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];
    let calendar =
        Calendar::new(seconds, minutes, hours).in_months(months >> 1).on_days(|shape: DayShape| {
            // croner looks at the month for its length only, and is told the weekday.
            let (year, month) = match shape.month_length {
                28 => (2001, 2),
                29 => (2000, 2),
                30 => (2000, 4),
                _ => (2000, 1),
            };
            debug_assert_eq!(days_in_month(year, month), shape.month_length);
            matches(year, month, shape.day, WEEKDAYS[shape.weekday as usize])
        });
    if is_wildcard { calendar.wildcard() } else { calendar }
}
