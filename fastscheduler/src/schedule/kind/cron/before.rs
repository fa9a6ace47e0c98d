//! What an expression meant to versions that stored no rules version.
//!
//! They passed it to croner as written. So a day field was unrestricted only if
//! it was exactly `*` or `?`, steps could be larger than their field, `#` could
//! follow a range, and a range from `SUN` to 7 was the whole week.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use super::calendar_from;
use crate::schedule::calendar::Calendar;
use crate::schedule::text::cron::{DayFields, bits, nickname};

/// The local times that it named; `None` if it could not be read.
pub(super) fn calendar(expression: &str) -> Option<Calendar> {
    let expression = expression.trim();
    let fields = nickname(expression).unwrap_or(expression);
    // croner takes long to refuse lists of empty items.
    if fields.split_whitespace().any(|field| field.split(',').any(str::is_empty)) {
        return None;
    }
    let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
    let Cron { pattern } = parser.parse(fields).ok()?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let is_wildcard = fields.iter().take(fields.len() - 3).any(|field| field.starts_with('*'));
    let clock = [&pattern.seconds, &pattern.minutes, &pattern.hours].map(bits);
    let matches = |year, month, day, weekday| pattern.day_match(year, month, day, weekday).unwrap_or(false);
    Some(calendar_from(clock, bits(&pattern.months), is_wildcard, matches))
}

/// How its day fields were combined.
pub(super) fn day_fields(expression: &str) -> DayFields {
    let fields: Vec<&str> = expression.split_whitespace().collect();
    let [.., day_of_month, _, day_of_week] = fields[..] else { return DayFields::One };
    let (sign, day_of_week) = match day_of_week.strip_prefix('+') {
        Some(days) => (true, days),
        None => (false, day_of_week),
    };
    let is_free = |field: &str| matches!(field, "*" | "?");
    match () {
        () if is_free(day_of_month) || is_free(day_of_week) => DayFields::One,
        () if sign => DayFields::Both,
        () if day_of_month.starts_with('*') || day_of_week.starts_with('*') => DayFields::EitherUnlikeLinux,
        () => DayFields::Either,
    }
}
