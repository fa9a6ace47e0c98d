//! Cron expressions: read by croner, of which the matching bits are kept.

use croner::time::{Weekday, days_in_month};
use croner::{Cron, CronComponent};

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
/// given, either is enough; a `+` before the day of week asks for both.
///
/// # Examples
///
/// ```
/// use fastscheduler::schedule::cron;
///
/// let schedule = cron("0 9 * * MON-FRI").tz("Europe/London").schedule()?;
/// assert_eq!(schedule.to_string(), "Cron: 0 9 * * MON-FRI (Europe/London)");
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
        Ok(ScheduleSpec::Cron { expression: self.expression.trim().to_owned() })
    }
}

/// The local times that it names.
pub(in crate::schedule) fn calendar(expression: &str) -> Result<Calendar, ScheduleError> {
    let cron = parse_cron(expression)?;
    let pattern = &cron.pattern;
    let calendar = Calendar::new(bits(&pattern.seconds), bits(&pattern.minutes), bits(&pattern.hours))
        .in_months(bits(&pattern.months) >> 1)
        .on_days(|day| matches(&cron, day));
    Ok(if is_wildcard(&cron) { calendar.wildcard() } else { calendar })
}

/// Whether it is meant to run all through the day: the second (where one is
/// written), minute or hour field starts with `*`.
fn is_wildcard(cron: &Cron) -> bool {
    // croner keeps what it read, with nicknames of days replaced by numbers.
    let fields = cron.pattern.as_str().split_whitespace();
    let of_the_clock = fields.clone().count() - 3;
    fields.take(of_the_clock).any(|field| field.starts_with('*'))
}

fn bits(component: &CronComponent) -> u64 {
    component.values().into_iter().fold(0, |bits, value| bits | 1 << value)
}

/// Asks croner about a day of any month of that shape.
fn matches(cron: &Cron, shape: DayShape) -> bool {
    const WEEKDAYS: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];
    let weekday = WEEKDAYS[shape.weekday as usize];
    // croner looks at the month for its length only, and is told the weekday.
    let (year, month) = match shape.month_length {
        28 => (2001, 2),
        29 => (2000, 2),
        30 => (2000, 4),
        _ => (2000, 1),
    };
    debug_assert_eq!(days_in_month(year, month), shape.month_length);
    cron.pattern.day_match(year, month, shape.day, weekday).unwrap_or(false)
}
