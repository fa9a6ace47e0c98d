//! What was probably meant by an expression that is invalid as a whole.

use super::super::{Micros, nearest};
use super::field::ReadFields;
use super::hint::shown;

pub(super) const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * SUN"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// What to write instead of a year.
pub(super) const NO_YEARS: &str =
    "years are not supported; leave the year out, or use `at(\"2027-12-25 09:00\")` for a single date";

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
    let (zone, fields) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let zone = shown(zone.trim_matches(['"', '\'']));
    let zone = if zone.is_empty() { "Europe/London" } else { zone.as_str() };
    let fields = match fields.trim() {
        "" => String::new(),
        fields => format!("write `{}` and ", shown(fields)),
    };
    Some(format!(
        "the zone is not part of the expression; {fields}give the zone as `tz = \"{zone}\"` in an attribute, \
         `.tz(\"{zone}\")` in code or `timezone` in a request"
    ))
}

/// A hint for an unknown nickname.
fn nickname(expression: &str) -> Option<String> {
    if !expression.starts_with('@') || super::nickname(expression).is_some() {
        return None;
    }
    let (name, rest) = expression.split_once(char::is_whitespace).unwrap_or((expression, ""));
    let rest = rest.trim();
    if name.eq_ignore_ascii_case("@every") {
        let length = if rest.parse::<Micros>().is_ok() { rest } else { "90s" };
        return Some(format!("for an interval use `every(\"{length}\")`"));
    }
    if name.eq_ignore_ascii_case("@reboot") {
        let hint = "to run once after each start, use `once`, as in `once(\"1s\")`";
        return Some(hint.to_owned());
    }
    let names = NICKNAMES.map(|(name, _)| name);
    Some(match nearest(expression, names) {
        Some(name) => format!("unknown nickname; did you mean `{name}`?"),
        None => format!("unknown nickname; use one of `{}`", names.join("`, `")),
    })
}

/// A hint for fields that cannot be read because the last is a year, or because
/// they are a nickname without its `@`.
pub(super) fn hint_of_fields(fields: &[&str]) -> Option<String> {
    let (last, others) = fields.split_last()?;
    let is_any = matches!(*last, "*" | "?");
    let has_letters = || others.iter().any(|field| field.bytes().any(|byte| byte.is_ascii_alphabetic()));
    let has_year = match others.len() {
        // The first of six fields is the seconds, unless the other five are valid on
        // their own and have names or letters in the right fields.
        5 => is_year(last) || is_any && has_letters() && ReadFields::read(others).is_ok(),
        6 => is_year(last) || is_any,
        _ => false,
    };
    if has_year {
        return Some(format!("`{}` is in the position of a year, but {NO_YEARS}", shown(last)));
    }
    let is_nickname = |(name, _): &&(&str, &str)| others.is_empty() && name[1..].eq_ignore_ascii_case(last);
    NICKNAMES.iter().find(is_nickname).map(|(name, _)| format!("write `{name}`"))
}

/// Whether a field, or an item of one, can only be a year.
pub(super) fn is_year(field: &str) -> bool {
    let is_item = |item: &str| {
        let start = item.split(['-', '/']).next().unwrap_or_default();
        let is_number = start.len() == 4 && start.bytes().all(|byte| byte.is_ascii_digit());
        is_number && ("1970"..="2199").contains(&start)
    };
    field.split(',').all(is_item)
}
