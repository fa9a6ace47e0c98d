//! What to write instead of something that people take for a length of time.
//!
//! A text is mended piece by piece, and offered only if the result is valid.

use super::{Micros, nearest};

/// The units as they are written here, with the words that people use for them.
const UNITS: [(&str, &[&str]); 5] = [
    ("ms", &["ms", "msec", "msecs", "milli", "millis", "millisecond", "milliseconds"]),
    ("s", &["s", "sec", "secs", "second", "seconds"]),
    ("m", &["m", "min", "mins", "minute", "minutes"]),
    ("h", &["h", "hr", "hrs", "hour", "hours"]),
    ("d", &["d", "day", "days"]),
];

/// Units that are not accepted, with their length in days.
const LONGER: [(&str, f64, &[&str]); 3] = [
    ("week", 7.0, &["w", "wk", "wks", "week", "weeks"]),
    ("month", 30.0, &["mo", "mon", "mons", "mth", "mths", "month", "months"]),
    ("year", 365.0, &["y", "yr", "yrs", "year", "years"]),
];

/// Units that are too short, with their length in milliseconds.
const SHORTER: [(&str, f64); 12] = [
    ("us", 1e-3),
    ("µs", 1e-3),
    ("μs", 1e-3),
    ("usec", 1e-3),
    ("micros", 1e-3),
    ("microsecond", 1e-3),
    ("microseconds", 1e-3),
    ("ns", 1e-6),
    ("nsec", 1e-6),
    ("nanos", 1e-6),
    ("nanosecond", 1e-6),
    ("nanoseconds", 1e-6),
];

/// What to write instead, if the text is a common mistake.
pub(super) fn hint(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix(['-', '\u{2212}']) {
        let mended = mend(rest)?.text;
        return Some(format!("it cannot be negative: write `{mended}`"));
    }
    if let Some(hint) = clock(text) {
        return Some(hint);
    }
    if text.parse::<f64>().is_ok_and(f64::is_finite) {
        let (seconds, minutes) = (format!("{text}s"), format!("{text}m"));
        let are_readable = [&seconds, &minutes].iter().all(|length| length.parse::<Micros>().is_ok());
        return are_readable
            .then(|| format!("it has no unit: write `{seconds}` for seconds or `{minutes}` for minutes"));
    }
    match iso(text).or_else(|| mend(text)) {
        Some(Mended { text, note }) => Some(format!("write `{text}`{note}")),
        None if is_in_a_short_unit(text) => Some("the shortest is `1ms`".to_owned()),
        None => None,
    }
}

/// The same length as it is written here, if that leaves no doubt.
pub(super) fn mended(text: &str) -> Option<String> {
    iso(text).or_else(|| mend(text)).filter(|mended| mended.note.is_empty()).map(|mended| mended.text)
}

/// Whether it is a number of micro- or nanoseconds.
fn is_in_a_short_unit(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').trim_start().to_lowercase();
    unit.len() < text.len() && SHORTER.iter().any(|(known, _)| *known == unit)
}

/// A valid text, and a note to add to it.
struct Mended {
    text: String,
    note: &'static str,
}

impl Mended {
    fn of(parts: &[String], note: &'static str) -> Option<Self> {
        let text = parts.join(" ");
        text.parse::<Micros>().is_ok().then_some(Self { text, note })
    }
}

/// `1:30` and `1:30:00`.
fn clock(text: &str) -> Option<String> {
    let parts: Vec<u32> = text
        .split(':')
        .map(|part| if part.bytes().all(|byte| byte.is_ascii_digit()) { part.parse().ok() } else { None })
        .collect::<Option<_>>()?;
    let written = |units: &[&str]| {
        let parts = parts.iter().zip(units).filter(|(number, _)| **number > 0);
        let parts: Vec<String> = parts.map(|(number, unit)| format!("{number}{unit}")).collect();
        Mended::of(&parts, "").map(|mended| mended.text)
    };
    match parts.len() {
        2 => {
            let (hours, minutes) = (written(&["h", "m"])?, written(&["m", "s"])?);
            Some(format!("write `{hours}` for hours and minutes or `{minutes}` for minutes and seconds"))
        }
        3 => Some(format!("write `{}`", written(&["h", "m", "s"])?)),
        _ => None,
    }
}

/// An ISO 8601 duration such as `PT1H30M`: after the `T` come hours, minutes and
/// seconds.
fn iso(text: &str) -> Option<Mended> {
    let lower = text.to_lowercase();
    let (date, time) = {
        let rest = lower.strip_prefix('p')?;
        rest.split_once('t').unwrap_or((rest, ""))
    };
    let spelled = |units: &'static [(char, &'static str)]| {
        move |text: &str| {
            let word = |letter| units.iter().find(|(known, _)| *known == letter).map(|(_, word)| *word);
            text.chars().fold(String::new(), |all, letter| all + word(letter).unwrap_or(&letter.to_string()))
        }
    };
    let date = spelled(&[('y', "years "), ('m', "months "), ('w', "weeks "), ('d', "d ")])(date);
    let time = spelled(&[('h', "h "), ('m', "m "), ('s', "s ")])(time);
    mend(&format!("{date}{time}"))
}

/// The text with each number and unit as they are written here.
fn mend(text: &str) -> Option<Mended> {
    let lower = text.to_lowercase();
    let mut rest = lower.trim();
    for before in ["@every ", "every ", "+", "an ", "a ", "one "] {
        rest = rest.strip_prefix(before).unwrap_or(rest).trim_start();
    }
    let mut parts: Vec<String> = Vec::new();
    let mut note = "";
    let mut last = None;
    while !rest.is_empty() {
        let end =
            rest.find(|c: char| !c.is_ascii_digit() && !['.', ',', '_'].contains(&c)).unwrap_or(rest.len());
        let (digits, after) = rest.split_at(end);
        // A unit alone means one of it.
        let is_alone = digits.is_empty() && parts.is_empty() && rest.chars().all(char::is_alphabetic);
        let number = if is_alone { "1".to_owned() } else { number(digits)? };
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (word, after) = after.split_at(end);
        let (number, unit) = match unit(word) {
            Some(unit) => (number, unit),
            None if word.is_empty() => (number, smaller(last?)?),
            None => {
                let (amount, unit, said) = other_unit(number.parse().ok()?, word)?;
                note = said;
                (amount, unit)
            }
        };
        last = Some(unit);
        if number.parse() != Ok(0.0) {
            parts.push(format!("{number}{unit}"));
        }
        rest = after.trim_start_matches(['.', ',', ';', '+', '&']).trim_start();
        rest = rest.strip_prefix("and ").unwrap_or(rest).trim_start();
    }
    Mended::of(&parts, note)
}

/// The number with a decimal point and without digit separators.
fn number(digits: &str) -> Option<String> {
    let digits = digits.replace('_', "");
    let digits = digits.trim_end_matches(',');
    let plain = match digits.split_once(',') {
        Some((whole, thousands)) if thousands.len() == 3 && !whole.is_empty() => {
            format!("{whole}{thousands}")
        }
        Some((whole, fraction)) => format!("{whole}.{fraction}"),
        None => digits.to_owned(),
    };
    plain.parse::<f64>().is_ok().then_some(plain)
}

/// The unit that a word stands for, even if it is misspelt.
fn unit(word: &str) -> Option<&'static str> {
    let of = |word: &str| UNITS.iter().find(|(_, words)| words.contains(&word)).map(|(unit, _)| *unit);
    let is_other = LONGER.iter().any(|(_, _, words)| words.contains(&word))
        || SHORTER.iter().any(|(known, _)| *known == word);
    of(word).or_else(|| {
        let is_word = word.len() > 3 && !is_other;
        nearest(word, UNITS.iter().flat_map(|(_, words)| words.iter().copied()).filter(|_| is_word))
            .and_then(of)
    })
}

/// The unit of a bare number that follows a number with this unit.
fn smaller(unit: &str) -> Option<&'static str> {
    let place = UNITS.iter().position(|(known, _)| *known == unit)?;
    Some(UNITS[place.checked_sub(1)?].0)
}

/// An amount in a unit that is not accepted, converted to one that is, and a note.
fn other_unit(number: f64, word: &str) -> Option<(String, &'static str, &'static str)> {
    if let Some((name, days, _)) = LONGER.iter().find(|(_, _, words)| words.contains(&word)) {
        let note = match *name {
            "month" => ", or use a monthly schedule",
            "year" => ", or use a cron expression for a schedule, such as `0 0 1 1 *`",
            _ => "",
        };
        return Some((rounded(number * days), "d", note));
    }
    let (_, millis) = SHORTER.iter().find(|(known, _)| *known == word)?;
    Some((rounded(number * millis), "ms", ""))
}

/// The number without the rounding errors of a product.
fn rounded(number: f64) -> String {
    ((number * 1e6).round() / 1e6).to_string()
}
