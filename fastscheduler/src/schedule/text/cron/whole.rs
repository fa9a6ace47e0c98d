//! What was probably meant by an expression that is invalid as a whole.

use super::super::amount_hint::mended;
use super::super::{Micros, ScheduleError, check_zone_name, nearest};
use super::fields::ReadFields;
use super::hint::shown;
use super::year::{NO_YEARS, is_year};

pub(super) const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * SUN"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// Nicknames of other programs and what they stand for.
const FOREIGN_NICKNAMES: [(&str, &str); 10] = [
    ("@minutely", "* * * * *"),
    ("@every_minute", "* * * * *"),
    ("@secondly", "* * * * * *"),
    ("@every_second", "* * * * * *"),
    ("@noon", "0 12 * * *"),
    ("@weekday", "0 0 * * MON-FRI"),
    ("@weekdays", "0 0 * * MON-FRI"),
    ("@weekend", "0 0 * * SAT-SUN"),
    ("@weekends", "0 0 * * SAT-SUN"),
    ("@quarterly", "0 0 1 */3 *"),
];

/// What to write instead of an expression that does not consist of fields.
pub(super) fn hint(expression: &str) -> Option<String> {
    zone(expression).or_else(|| nickname(expression))
}

/// A hint for a zone in front of the fields.
fn zone(expression: &str) -> Option<String> {
    let (name, rest) = expression.split_once('=')?;
    if !(name.eq_ignore_ascii_case("CRON_TZ") || name.eq_ignore_ascii_case("TZ")) {
        return None;
    }
    let (zone, fields) = split_zone(rest);
    let zone = if zone.is_empty() { "Europe/London" } else { zone.as_str() };
    let (write, reason) = match super::parse_cron(fields) {
        // What is truncated would not be right.
        Ok(_) if shown(fields) == fields => (format!("write `{fields}` and "), String::new()),
        Ok(_) => ("write the fields alone and ".to_owned(), String::new()),
        Err(_) if fields.is_empty() || self::zone(fields).is_some() => (String::new(), String::new()),
        Err(ScheduleError::Cron { reason, .. }) => (String::new(), format!("; in the fields, {reason}")),
        Err(error) => (String::new(), format!("; {error}")),
    };
    let places = match check_zone_name(zone) {
        Ok(()) => {
            format!("`tz = \"{zone}\"` in an attribute, `.tz(\"{zone}\")` in code or `timezone` in a request")
        }
        Err(unknown) => {
            format!("`tz` in an attribute, `.tz(..)` in code or `timezone` in a request; {unknown}")
        }
    };
    Some(format!("the zone is not part of the expression; {write}give the zone as {places}{reason}"))
}

/// The zone and the fields after it. A zone may be written with blanks, as in
/// `America/New York`.
fn split_zone(text: &str) -> (String, &str) {
    let bare = |zone: &str| zone.trim_matches(['"', '\'', ':']).replace(char::is_whitespace, "_");
    let blanks = text.match_indices(char::is_whitespace).map(|(at, _)| at).chain([text.len()]);
    let mut splits = blanks.map(|at| (bare(&text[..at]), text[at..].trim()));
    let first = splits.next().unwrap_or_default();
    let is_known = |(zone, _): &(String, &str)| check_zone_name(zone).is_ok();
    if is_known(&first) { first } else { splits.find(is_known).unwrap_or(first) }
}

/// A hint for an unknown nickname.
fn nickname(expression: &str) -> Option<String> {
    if !expression.starts_with('@') || super::nickname(expression).is_some() {
        return None;
    }
    let (name, rest) = expression.split_once(char::is_whitespace).unwrap_or((expression, ""));
    let rest = rest.trim();
    if name.eq_ignore_ascii_case("@every") {
        let length = if rest.is_empty() { "90s" } else { rest };
        return Some(match (length.parse::<Micros>(), mended(length)) {
            (Ok(_), _) => format!("for an interval use `every(\"{length}\")`"),
            (Err(_), Some(length)) => format!("for an interval use `every(\"{length}\")`"),
            (Err(error), None) => format!("for an interval use `every(..)`; {error}"),
        });
    }
    if name.eq_ignore_ascii_case("@reboot") {
        let hint = "to run once after each start, use `once`, as in `once(\"1s\")`";
        return Some(hint.to_owned());
    }
    if let Some(hint) = foreign_nickname(expression) {
        return Some(hint);
    }
    let names = NICKNAMES.map(|(name, _)| name);
    Some(match nearest(expression, names) {
        Some(name) => format!("unknown nickname; did you mean `{name}`?"),
        None => format!("unknown nickname; use one of `{}`", names.join("`, `")),
    })
}

/// A hint for a nickname of another program.
fn foreign_nickname(name: &str) -> Option<String> {
    let (_, fields) = FOREIGN_NICKNAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some(format!("write `{fields}`"))
}

/// A hint for fields that cannot be read because there are blanks within one,
/// because the last is a year, or because they are a nickname without its `@`.
pub(super) fn hint_of_fields(fields: &[&str]) -> Option<String> {
    if let Some(hint) = blanks(fields) {
        return Some(hint);
    }
    let (last, others) = fields.split_last()?;
    let is_like_year = last.bytes().all(|byte| byte.is_ascii_digit() || b"*?,-/".contains(&byte));
    // `?` stands in the same fields only, as letters do.
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'?';
    let has_letters = || others.iter().any(|field| field.bytes().any(is_letter));
    let has_year = match others.len() {
        // The first of six fields is the seconds, unless the other five are valid on
        // their own and have names or letters in the right fields.
        5 => is_year(last) || is_like_year && has_letters() && ReadFields::read(others).is_ok(),
        6 => is_like_year,
        _ => false,
    };
    if has_year {
        return Some(format!("`{}` is in the position of a year, but {NO_YEARS}", shown(last)));
    }
    if !others.is_empty() {
        return None;
    }
    let is_nickname = |(name, _): &&(&str, &str)| name[1..].eq_ignore_ascii_case(last);
    let known = NICKNAMES.iter().find(is_nickname).map(|(name, _)| format!("write `{name}`"));
    known.or_else(|| foreign_nickname(&format!("@{last}")))
}

/// A hint for blanks beside the `,`, `-` or `/` of a field.
fn blanks(fields: &[&str]) -> Option<String> {
    const SIGNS: [char; 3] = [',', '-', '/'];
    let mut joined: Vec<String> = Vec::new();
    let mut at = None;
    for field in fields {
        let continues = joined.last().is_some_and(|before| before.ends_with(SIGNS));
        match joined.last_mut() {
            Some(before) if continues || field.starts_with(SIGNS) => {
                before.push_str(field);
                at = at.or(Some(joined.len() - 1));
            }
            _ => joined.push((*field).to_owned()),
        }
    }
    let right = joined.get(at?)?;
    let joined: Vec<&str> = joined.iter().map(String::as_str).collect();
    // An empty item before a field of its own, as in `1, * * * * *`.
    let is_of_two = right.split(',').any(|item| matches!(item, "*" | "?"));
    if is_of_two || !(5..=6).contains(&joined.len()) {
        return None;
    }
    let what = match right {
        list if list.contains(',') => "list",
        step if step.contains('/') => "step",
        _ => "range",
    };
    Some(match ReadFields::read(&joined) {
        Ok(_) => format!("a {what} has no blanks; write `{}`", shown(right)),
        Err(reason) => format!("a {what} has no blanks, and {reason}"),
    })
}
