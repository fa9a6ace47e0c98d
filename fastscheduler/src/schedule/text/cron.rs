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
    if let Some(field) = fields.iter().find(|field| field.split(',').any(str::is_empty)) {
        return Err(format!("`{field}` has an empty list item"));
    }
    fields.iter().zip(Field::of(&fields)).try_for_each(|(written, field)| field.check(written))
}

/// Which field the parser does not take, and what it would take there.
///
/// The parser's own errors do not name the field, so each is tried alone.
fn explain(expression: &str) -> String {
    let fields: Vec<&str> = expression.split_whitespace().collect();
    let is_wrong = |place: usize| {
        let alone = (0..fields.len()).map(|other| if other == place { fields[other] } else { "*" });
        let alone = alone.collect::<Vec<_>>().join(" ");
        CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build().parse(&alone).is_err()
    };
    let mut wrong = fields.iter().zip(Field::of(&fields)).enumerate().filter(|(place, _)| is_wrong(*place));
    wrong.next().map_or_else(
        || "its fields do not go together".to_owned(),
        |(_, (written, field))| field.refusal(written),
    )
}

/// What one field of an expression may hold.
struct Field {
    name: &'static str,
    right: &'static str,
    /// The values of the names, from the first name's.
    names: &'static [&'static str],
    /// Letters that mean something besides names.
    letters: &'static [&'static str],
    last: u32,
}

const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

impl Field {
    const ALL: [Self; 6] = [
        Self { name: "second", right: "0 to 59", names: &[], letters: &[], last: 59 },
        Self { name: "minute", right: "0 to 59", names: &[], letters: &[], last: 59 },
        Self { name: "hour", right: "0 to 23", names: &[], letters: &[], last: 23 },
        Self {
            name: "day of month",
            right: "1 to 31, `L` or `15W`",
            names: &[],
            letters: &["L", "W", "LW"],
            last: 31,
        },
        Self { name: "month", right: "1 to 12 or `JAN` to `DEC`", names: MONTHS, letters: &[], last: 12 },
        Self {
            name: "day of week",
            right: "0 to 7 or `SUN` to `SAT`, also `FRI#2` or `FRI#L`",
            names: DAYS,
            letters: &["L"],
            last: 7,
        },
    ];

    /// The fields of an expression of five or six.
    fn of(fields: &[&str]) -> &'static [Self] {
        &Self::ALL[Self::ALL.len().saturating_sub(fields.len())..]
    }

    /// Refuses what croner would read as something else: it puts numbers in
    /// the place of names wherever they stand, so that `MON` is the first of a
    /// month in the field before its own, and `JANFEB` is December.
    fn check(&self, written: &str) -> Result<(), String> {
        let upper = written.to_ascii_uppercase();
        let is_day_of_week = self.names.first() == DAYS.first();
        let list = if is_day_of_week { upper.strip_prefix('+').unwrap_or(&upper) } else { &upper };
        let is_right = |item: &str| {
            let (range, step) =
                item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
            let is_step = |step: &str| step.bytes().all(|byte| byte.is_ascii_digit());
            let alone = is_day_of_week && matches!(range, "L" | "");
            !alone && range.split('-').all(|end| self.takes(end)) && step.is_none_or(is_step)
        };
        if list.split(',').all(is_right) { Ok(()) } else { Err(self.refusal(written)) }
    }

    /// Whether one end of a range has its letters in the right places; the
    /// parser sees to the rest.
    fn takes(&self, end: &str) -> bool {
        let (value, nth) = end.split_once('#').map_or((end, ""), |(value, nth)| (value, nth));
        let is_nth = nth == "L" || nth.bytes().all(|byte| byte.is_ascii_digit());
        let letters = value.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
        let is_name = self.names.contains(&letters.strip_suffix('L').unwrap_or(letters)) && letters == value;
        is_nth && (letters.is_empty() || is_name || self.letters.contains(&letters))
    }

    /// The lowest value: days and months count from 1.
    fn first(&self) -> u32 {
        u32::from(matches!(self.last, 31 | 12))
    }

    fn refusal(&self, written: &str) -> String {
        let hint = written.split(',').find_map(|item| self.hint(item)).unwrap_or_default();
        let Self { name, right, .. } = self;
        format!("`{written}` is no {name}; write {right}, with `*`, `,`, `-` and `/`{hint}")
    }

    /// What was probably meant by an item of a common wrong form.
    fn hint(&self, item: &str) -> Option<String> {
        let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
        let value = |end: &str| {
            let name = self.names.iter().position(|name| name.eq_ignore_ascii_case(end));
            let name = name.and_then(|place| u32::try_from(place).ok()).map(|place| place + self.first());
            end.parse().ok().or(name)
        };
        match (range.split_once('-'), step) {
            (Some((from, to)), _) if value(from)? > value(to)? => {
                let numbers = (self.first().to_string(), self.last.to_string());
                let (first, last) = match self.names {
                    [first, .., last] if !from.starts_with(|c: char| c.is_ascii_digit()) => {
                        ((*first).to_owned(), (*last).to_owned())
                    }
                    _ => numbers,
                };
                Some(format!("; a range goes upwards, so write two: `{from}-{last},{first}-{to}`"))
            }
            (None, Some(step)) if value(range).is_some() => {
                Some(format!("; a step needs a range or `*`: `{range}-{}/{step}`", self.last))
            }
            _ => None,
        }
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
