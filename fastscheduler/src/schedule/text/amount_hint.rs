//! What to write instead of something that people take for a length of time.
//!
//! A text is mended piece by piece, and offered only if the result is valid.

use super::{Micros, ScheduleError, nearest};

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
    let text = text.strip_prefix('+').unwrap_or(text);
    let positive = without_minus(text);
    let meant = meant(positive.as_deref().unwrap_or(text))?;
    let is_negative = positive.is_some();
    Some(match meant {
        Meant::TooShort => "the shortest is `1ms`".to_owned(),
        Meant::TooLong => "it is out of range: the longest is `36525d`, which is 100 years".to_owned(),
        Meant::Length(right) | Meant::NoUnit(right) if is_negative => {
            format!("it cannot be negative: write {right}")
        }
        Meant::NoUnit(right) => format!("it has no unit: write {right}"),
        Meant::Length(right) => format!("write {right}"),
    })
}

/// The same length as it is written here, if that leaves no doubt.
pub(super) fn mended(text: &str) -> Option<String> {
    match iso(text).or_else(|| mend(text))? {
        // A note would follow the closing backtick.
        Meant::Length(right) => Some(right.strip_prefix('`')?.strip_suffix('`')?.to_owned()),
        Meant::NoUnit(_) | Meant::TooShort | Meant::TooLong => None,
    }
}

/// What a text stands for.
enum Meant {
    /// What to write for it.
    Length(String),
    /// What to write for a number alone.
    NoUnit(String),
    TooShort,
    TooLong,
}

impl Meant {
    fn of(parts: &[String], note: &str) -> Option<Self> {
        let text = parts.join(" ");
        if parts.is_empty() {
            return Some(Self::TooShort);
        }
        match text.parse::<Micros>() {
            Ok(_) => Some(Self::Length(format!("`{text}`{note}"))),
            Err(ScheduleError::OutOfRange(_)) => {
                let is_short = format!("{text} 1ms").parse::<Micros>().is_ok();
                Some(if is_short { Self::TooShort } else { Self::TooLong })
            }
            Err(_) => None,
        }
    }
}

/// The text without a minus sign, if it has one. In ISO 8601, there may be one
/// before each number.
fn without_minus(text: &str) -> Option<String> {
    const SIGNS: [char; 2] = ['-', '\u{2212}'];
    if text.starts_with(['p', 'P', 't', 'T']) {
        return text.contains(SIGNS).then(|| text.replace(SIGNS, ""));
    }
    text.strip_prefix(SIGNS).map(|rest| rest.trim_start().to_owned())
}

fn meant(text: &str) -> Option<Meant> {
    if text.parse::<f64>().is_ok_and(f64::is_finite) {
        return bare(text);
    }
    clock(text).or_else(|| iso(text)).or_else(|| mend(text))
}

/// A number alone.
fn bare(number: &str) -> Option<Meant> {
    let (seconds, minutes) = (mend(&format!("{number}s"))?, mend(&format!("{number}m"))?);
    Some(match (seconds, minutes) {
        (Meant::Length(seconds), Meant::Length(minutes)) => {
            Meant::NoUnit(format!("{seconds} for seconds or {minutes} for minutes"))
        }
        (Meant::Length(seconds), _) => Meant::NoUnit(format!("{seconds} for seconds")),
        (_, Meant::Length(minutes)) => Meant::NoUnit(format!("{minutes} for minutes")),
        (neither, _) => neither,
    })
}

/// `1:30`, `1:30:00.5`, and `1 day, 1:30:00`.
fn clock(text: &str) -> Option<Meant> {
    let (before, clock) = text.rsplit_once(char::is_whitespace).unwrap_or(("", text));
    let before = before.trim_end_matches([' ', ',']);
    let clock = clock.replace(',', ".");
    let (whole, fraction) =
        clock.split_once('.').map_or((&*clock, None), |(whole, fraction)| (whole, Some(fraction)));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts: Vec<String> = whole
        .split(':')
        .map(|part| {
            is_number(part).then(|| part.parse::<u32>().ok()).flatten().map(|number| number.to_string())
        })
        .collect::<Option<_>>()?;
    if let Some(fraction) = fraction {
        let seconds = parts.last_mut().filter(|_| is_number(fraction))?;
        *seconds = format!("{seconds}.{fraction}");
    }
    let written = |units: &[&str]| {
        let parts = parts.iter().zip(units).map(|(number, unit)| format!(" {number}{unit}"));
        mend(&format!("{before}{}", parts.collect::<String>()))
    };
    let follows_days = before.contains(|c: char| c.is_ascii_digit());
    match parts.len() {
        2 if fraction.is_some() => written(&["m", "s"]),
        2 if follows_days => written(&["h", "m"]),
        2 => Some(match (written(&["h", "m"])?, written(&["m", "s"])?) {
            (Meant::Length(hours), Meant::Length(minutes)) => {
                Meant::Length(format!("{hours} for hours and minutes or {minutes} for minutes and seconds"))
            }
            (_, minutes) => minutes,
        }),
        3 => written(&["h", "m", "s"]),
        4 if !follows_days => written(&["d", "h", "m", "s"]),
        _ => None,
    }
}

/// An ISO 8601 duration such as `PT1H30M`: after the `T` come hours, minutes and
/// seconds. Many leave out the `P`.
fn iso(text: &str) -> Option<Meant> {
    let lower = text.to_lowercase();
    let (date, time) = match lower.strip_prefix('p') {
        Some(rest) => rest.split_once('t').unwrap_or((rest, "")),
        None => ("", lower.strip_prefix('t')?),
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
fn mend(text: &str) -> Option<Meant> {
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
                if amount != "0" {
                    note = said;
                }
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
    // Without any number, it is no length at all.
    last.and_then(|_| Meant::of(&parts, note))
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
