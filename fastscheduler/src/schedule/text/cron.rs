//! Cron expressions: our own limits first, then croner's parser.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use croner::time::{Weekday, days_in_month};

use super::{ScheduleError, nearest};

/// The longest expression that is read, in characters.
const CRON_LENGTH_LIMIT: usize = 200;

const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * SUN"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// Reads a cron expression of five fields, six with seconds first, or a
/// nickname such as `@hourly`.
///
/// An expression that can be read but names no day that exists (`0 0 30 2 *`)
/// is refused as well.
pub fn parse_cron(expression: &str) -> Result<Cron, ScheduleError> {
    let trimmed = expression.trim();
    check_limits(trimmed).map_err(|reason| unreadable(expression, reason))?;
    let fields = if trimmed.starts_with('@') { expand(trimmed, expression)? } else { trimmed };
    check_fields(fields).map_err(|reason| unreadable(expression, reason))?;
    let cron = CronParser::builder()
        .seconds(Seconds::Optional)
        .year(Year::Disallowed)
        .build()
        .parse(fields)
        .map_err(|_| unreadable(expression, explain(fields)))?;
    if occurs(&cron) { Ok(cron) } else { Err(ScheduleError::NeverFires(trimmed.to_owned())) }
}

fn unreadable(expression: &str, reason: String) -> ScheduleError {
    let mut shown: String = expression.chars().take(60).collect();
    if shown.len() < expression.len() {
        shown.push('…');
    }
    ScheduleError::Cron { expression: shown, reason }
}

fn check_limits(expression: &str) -> Result<(), String> {
    let length = expression.chars().take(CRON_LENGTH_LIMIT + 1).count();
    if length == 0 {
        return Err("it is empty; write five fields such as `0 9 * * MON-FRI`".to_owned());
    }
    if length > CRON_LENGTH_LIMIT {
        return Err(format!("it is longer than {CRON_LENGTH_LIMIT} characters"));
    }
    Ok(())
}

fn expand(nickname: &str, expression: &str) -> Result<&'static str, ScheduleError> {
    let known = NICKNAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(nickname));
    known.map(|(_, fields)| *fields).ok_or_else(|| {
        let names = NICKNAMES.map(|(name, _)| name);
        let reason = match nearest(nickname, names) {
            Some(name) => format!("unknown nickname; did you mean `{name}`?"),
            None => format!("unknown nickname; use one of `{}`", names.join("`, `")),
        };
        unreadable(expression, reason)
    })
}

/// What croner would accept or take long to refuse.
fn check_fields(expression: &str) -> Result<(), String> {
    let fields: Vec<&str> = expression.split_whitespace().collect();
    if !(5..=6).contains(&fields.len()) {
        let count = fields.len();
        return Err(format!(
            "it has {count} field{}; write five (minute, hour, day, month, day of week), or six with seconds first",
            if count == 1 { "" } else { "s" }
        ));
    }
    match fields.iter().find(|field| field.split(',').any(str::is_empty)) {
        Some(field) => Err(format!("`{field}` has an empty list item")),
        None => Ok(()),
    }
}

/// Which field the parser does not take, and what it would take there.
///
/// The parser's own errors do not name the field, so each is tried alone.
fn explain(expression: &str) -> String {
    const FIELDS: [(&str, &str); 6] = [
        ("second", "0 to 59"),
        ("minute", "0 to 59"),
        ("hour", "0 to 23"),
        ("day of month", "1 to 31, `L` or `15W`"),
        ("month", "1 to 12 or `JAN` to `DEC`"),
        ("day of week", "0 to 7 or `SUN` to `SAT`, also `FRI#2` or `FRI#L`"),
    ];
    let fields: Vec<&str> = expression.split_whitespace().collect();
    let names = &FIELDS[FIELDS.len() - fields.len().min(FIELDS.len())..];
    let is_wrong = |place: usize| {
        let alone = (0..fields.len()).map(|other| if other == place { fields[other] } else { "*" });
        let alone = alone.collect::<Vec<_>>().join(" ");
        CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build().parse(&alone).is_err()
    };
    match (0..names.len()).find(|place| is_wrong(*place)) {
        Some(place) => {
            let (name, right) = names[place];
            format!("`{}` is no {name}; write {right}, with `*`, `,`, `-` and `/`", fields[place])
        }
        None => "its fields do not go together".to_owned(),
    }
}

/// Whether any day matches.
///
/// From 1901 to 2099 the calendar repeats every 28 years, so that a day which
/// is not among these does not occur within 40 years of today either.
fn occurs(cron: &Cron) -> bool {
    let mut weekday = Weekday::Saturday; // 2000-01-01
    for year in 2000..2028 {
        for month in 1..=12 {
            let length = days_in_month(year, month);
            let first = weekday;
            weekday = first.shift(length.cast_signed());
            if !cron.pattern.month_match(month).unwrap_or(false) {
                continue;
            }
            let matches =
                |day: u32| cron.pattern.day_match(year, month, day, first.shift(day.cast_signed() - 1));
            if (1..=length).any(|day| matches(day).unwrap_or(false)) {
                return true;
            }
        }
    }
    false
}
