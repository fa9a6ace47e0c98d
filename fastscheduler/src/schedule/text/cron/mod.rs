//! Cron expressions.
//!
//! Each field is parsed here, item by item, and passed on to croner in an
//! unambiguous form: numbers instead of names, ranges with their ends and steps,
//! `*` for a day field that allows every day. croner then says which days match.

mod field;
mod fields;
mod hint;
mod item;
mod whole;
mod year;

use croner::parser::{CronParser, Seconds, Year};
use croner::time::{Weekday, days_in_month};
use croner::{Cron, CronComponent};

use self::fields::ReadFields;
use super::ScheduleError;

/// The longest expression that is read, in characters.
const CRON_LENGTH_LIMIT: usize = 200;

/// A cron expression that was read.
pub struct CronPattern {
    pattern: Cron,
    /// The same expression with only `L` as the day of the month, since croner
    /// does not accept `L` in one list with `LW` or `15W`.
    last_day: Option<Cron>,
    is_wildcard: bool,
}

/// How the day of month and the day of week of an expression combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayFields {
    /// At most one of them is restricted, and decides.
    One,
    /// Both are restricted, and a day that matches either is enough.
    Either,
    /// As `Either`, but one of them begins with `*`, so that Linux's cron would
    /// require both to match.
    EitherUnlikeLinux,
    /// Both are restricted, and a day must match both.
    Both,
}

/// Reads a cron expression of five fields, six with seconds first, or a
/// nickname such as `@hourly`.
///
/// An expression that can be read but names no day that exists (`0 0 30 2 *`)
/// is refused as well.
pub fn parse_cron(expression: &str) -> Result<CronPattern, ScheduleError> {
    let trimmed = expression.trim();
    let read = read_fields(trimmed).map_err(|reason| unreadable(expression, reason))?;
    let compile = |fields: &str| {
        let parser = CronParser::builder().seconds(Seconds::Required).year(Year::Disallowed).build();
        let refused = || "its fields do not go together".to_owned();
        parser.parse(fields).map_err(|_| unreadable(expression, refused()))
    };
    let pattern = CronPattern {
        pattern: compile(&read.normal_form())?,
        last_day: read.normal_form_of_last_day().map(|fields| compile(&fields)).transpose()?,
        is_wildcard: read.is_wildcard(),
    };
    if pattern.occurs() { Ok(pattern) } else { Err(ScheduleError::NeverFires(trimmed.to_owned())) }
}

/// How the day fields of an expression combine; [`DayFields::One`] if it cannot be
/// parsed.
pub fn day_fields(expression: &str) -> DayFields {
    let mut from_the_end = expression.split_whitespace().rev();
    let is_free = |field: Option<&str>| field == Some("*");
    // A shortcut for most expressions, since lists of jobs ask for each job.
    if is_free(from_the_end.next()) || is_free(from_the_end.nth(1)) {
        return DayFields::One;
    }
    read_fields(expression.trim()).map_or(DayFields::One, |read| read.day_fields())
}

/// The fields of a nickname such as `@hourly`.
pub fn nickname(name: &str) -> Option<&'static str> {
    whole::NICKNAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, fields)| *fields)
}

impl CronPattern {
    /// Seconds of the minute, as bits.
    pub fn seconds(&self) -> u64 {
        bits(&self.pattern.pattern.seconds)
    }

    /// Minutes of the hour, as bits.
    pub fn minutes(&self) -> u64 {
        bits(&self.pattern.pattern.minutes)
    }

    /// Hours of the day, as bits.
    pub fn hours(&self) -> u64 {
        bits(&self.pattern.pattern.hours)
    }

    /// Months of the year, as bits; January is bit 1.
    pub fn months(&self) -> u64 {
        bits(&self.pattern.pattern.months)
    }

    /// Whether a day matches, whatever the month field says. Its weekday is taken
    /// as given.
    pub fn matches_day(&self, year: i32, month: u32, day: u32, weekday: Weekday) -> bool {
        let matches = |cron: &Cron| cron.pattern.day_match(year, month, day, weekday).unwrap_or(false);
        matches(&self.pattern) || self.last_day.as_ref().is_some_and(matches)
    }

    /// Whether it is meant to run all through the day: its second (where one
    /// is written), minute or hour begins with `*`.
    pub fn is_wildcard(&self) -> bool {
        self.is_wildcard
    }

    /// Whether any day matches.
    ///
    /// From 1901 to 2099 the calendar repeats every 28 years, so that a day which
    /// is not among these does not occur within 40 years of today either.
    fn occurs(&self) -> bool {
        let months = self.months();
        let mut weekday = Weekday::Saturday; // 2000-01-01
        for year in 2000..2028 {
            for month in 1..=12 {
                let length = days_in_month(year, month);
                let first = weekday;
                weekday = first.shift(length.cast_signed());
                let matches =
                    |day: u32| self.matches_day(year, month, day, first.shift(day.cast_signed() - 1));
                if months >> month & 1 != 0 && (1..=length).any(matches) {
                    return true;
                }
            }
        }
        false
    }
}

/// The values of one of croner's fields, as bits.
pub fn bits(component: &CronComponent) -> u64 {
    component.values().into_iter().fold(0, |bits, value| bits | 1 << value)
}

/// Reads the fields, or says what is wrong.
fn read_fields(expression: &str) -> Result<ReadFields<'_>, String> {
    let length = expression.chars().take(CRON_LENGTH_LIMIT + 1).count();
    if length == 0 {
        return Err("it is empty; write five fields such as `0 9 * * MON-FRI`".to_owned());
    }
    if length > CRON_LENGTH_LIMIT {
        return Err(format!("it is longer than {CRON_LENGTH_LIMIT} characters"));
    }
    if let Some(hint) = whole::hint(expression) {
        return Err(hint);
    }
    let fields = nickname(expression).unwrap_or(expression);
    let fields: Vec<&str> = fields.split_whitespace().collect();
    ReadFields::read(&fields).map_err(|reason| whole::hint_of_fields(&fields).unwrap_or(reason))
}

fn unreadable(expression: &str, reason: String) -> ScheduleError {
    let mut shown: String = expression.chars().take(60).collect();
    if shown.len() < expression.len() {
        shown.push('…');
    }
    ScheduleError::Cron { expression: shown, reason }
}
