//! What to write instead of something that people take for a time zone: an
//! abbreviation, an offset, another system's name, a city without its own zone.

use super::zone_abbreviations::ABBREVIATIONS;
use super::zone_names::ZONE_NAMES;
use super::zone_words::{PLACES, Place, WORDS};

/// The range of `Etc/GMT…` zones, in hours east of UTC.
const WEST: i32 = -12;
const EAST: i32 = 14;

/// What to write instead, if `name` is a common mistake.
pub(super) fn hint(name: &str) -> Option<String> {
    let name = name.trim();
    if ["", "local", "localtime", "system", "default", "auto", "j"].contains(&&*name.to_lowercase()) {
        return Some(
            "leave it out for the default zone, or use an IANA name such as `Europe/London`".to_owned(),
        );
    }
    word(name)
        .map(places)
        .or_else(|| ignoring_case(name))
        .or_else(|| offset(name))
        .or_else(|| posix_rule(name))
}

/// The places that a word stands for, if it is a known one.
fn word(name: &str) -> Option<&'static [Place]> {
    let name = name.to_lowercase().replace('_', " ").replace('.', "");
    // Elsewhere, what is in parentheses explains.
    if let Some(zone) = name.strip_suffix("(mexico)") {
        return known(&format!(
            "{} (mexico)",
            zone.trim_end().trim_end_matches(" time").trim_end_matches(" standard")
        ));
    }
    let name = name.split('(').next().unwrap_or_default();
    // A city without its own zone may be written with a region.
    let mut short = name.rsplit('/').next().unwrap_or(name).trim();
    for ending in [" time", " standard", " daylight", " summer"] {
        if let Some(places) = known(short) {
            return Some(places);
        }
        short = short.strip_suffix(ending).unwrap_or(short);
    }
    known(short)
}

fn known(word: &str) -> Option<&'static [Place]> {
    [ABBREVIATIONS, WORDS].into_iter().find_map(|table| {
        table.binary_search_by_key(&word, |(known, _)| *known).ok().map(|place| table[place].1)
    })
}

fn places(places: &'static [Place]) -> String {
    if let [(place, zone)] = places {
        return format!("for {place} use `{zone}`");
    }
    let places: Vec<String> = places.iter().map(|(place, zone)| format!("`{zone}` for {place}")).collect();
    let (last, first) = places.split_last().expect("a word has a place");
    format!("use {} or {last}", first.join(", "))
}

/// The zone of that name, ignoring case and with spaces for underscores.
fn ignoring_case(name: &str) -> Option<String> {
    let name = name.replace(' ', "_").replace('\\', "/");
    let zone = ZONE_NAMES.iter().find(|zone| zone.eq_ignore_ascii_case(&name))?;
    Some(format!("did you mean `{zone}`?"))
}

/// An offset from UTC: `+02:00`, `UTC+2`, `GMT-0530`, or a military letter.
fn offset(name: &str) -> Option<String> {
    if let [letter] = name.as_bytes() {
        return Some(fixed(military(*letter)? * 60));
    }
    let lower = name.to_lowercase().replace('\u{2212}', "-");
    if let Some(hours) = lower.strip_prefix("etc/gmt").and_then(minutes_east) {
        // In these names, west is positive.
        return Some(fixed(-hours));
    }
    let bare = lower.strip_prefix("etc/").unwrap_or(&lower);
    let after_utc = ["utc", "gmt", "ut", "z"].into_iter().find_map(|utc| bare.strip_prefix(utc));
    let written = match after_utc.map(str::trim_start) {
        Some(digits) if digits.starts_with(|c: char| c.is_ascii_digit()) => &format!("+{digits}"),
        Some(offset) => offset,
        None => bare,
    };
    minutes_east(written).map(fixed)
}

/// Minutes of `+2`, `-02`, `+02:00`, `+0530`.
fn minutes_east(text: &str) -> Option<i32> {
    let (sign, digits) = match text.strip_prefix('+') {
        Some(digits) => (1, digits),
        None => (-1, text.strip_prefix('-')?),
    };
    let digits = digits.trim_start();
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 && digits.is_ascii() => digits.split_at(2),
        None => (digits, "0"),
    };
    let number = |text: &str| {
        let is_number = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<i32>().ok()).flatten()
    };
    Some(sign * (number(hours)? * 60 + number(minutes).filter(|minutes| *minutes < 60)?))
}

/// What to write for a fixed offset, in minutes east.
fn fixed(minutes: i32) -> String {
    if minutes == 0 {
        return "for no offset at all use `UTC`".to_owned();
    }
    let sign = if minutes < 0 { '-' } else { '+' };
    let shown = format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60);
    match (etc(minutes), place(minutes)) {
        (Some(zone), place) => {
            let place = place.map_or_else(String::new, |place| {
                format!("; for a place, which may have daylight saving, use its zone, such as `{place}`")
            });
            format!("for a fixed offset of {shown} use `{zone}`, where the sign is reversed{place}")
        }
        (None, Some(place)) => {
            format!("there is no zone for a fixed offset of {shown}; use a place's zone, such as `{place}`")
        }
        (None, None) => {
            format!("no zone has an offset of {shown}; use an IANA name such as `UTC` or `Europe/London`")
        }
    }
}

/// The zone of a fixed offset in minutes east, if it has one.
fn etc(minutes: i32) -> Option<String> {
    let is_whole = minutes % 60 == 0 && (WEST..=EAST).contains(&(minutes / 60));
    // In these names, west is positive.
    is_whole.then(|| format!("Etc/GMT{:+}", -minutes / 60))
}

/// The zone of a place with that offset in minutes east, at least in winter or summer.
fn place(minutes: i32) -> Option<&'static str> {
    PLACES.iter().find(|(offset, _)| *offset == minutes).map(|(_, zone)| *zone)
}

/// Hours east of UTC for a military letter: A to M without J, N to Y, and Z for UTC.
fn military(letter: u8) -> Option<i32> {
    let letter = letter.to_ascii_uppercase();
    match letter {
        b'A'..=b'I' => Some(i32::from(letter - b'A') + 1),
        b'K'..=b'M' => Some(i32::from(letter - b'A')),
        b'N'..=b'Y' => Some(-i32::from(letter - b'N') - 1),
        b'Z' => Some(0),
        _ => None,
    }
}

/// A POSIX rule for the C library: an abbreviation, its offset to the *west*, and
/// perhaps the abbreviation of summer time and when that is.
struct PosixRule<'a> {
    winter: &'a str,
    summer: Option<&'a str>,
    /// Minutes east of UTC in winter, if it is an offset in minutes.
    east: Option<i32>,
}

impl<'a> PosixRule<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (winter, rest) = abbreviation(text)?;
        let digits = rest.trim_start_matches(['+', '-']);
        if !digits.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit() && !['+', '-', ':'].contains(&c));
        let (west, rest) = rest.split_at(end.unwrap_or(rest.len()));
        let west = west.strip_suffix(":00").filter(|shorter| shorter.contains(':')).unwrap_or(west);
        let signed = if west.starts_with(['+', '-']) { west.to_owned() } else { format!("+{west}") };
        Some(Self {
            winter,
            summer: abbreviation(rest).map(|(name, _)| name),
            east: minutes_east(&signed).map(|west| -west),
        })
    }

    /// What to write for its abbreviations. That of summer time tells more: `GMT`
    /// may be anywhere, but `BST` is in Britain.
    fn places(&self) -> Option<String> {
        let is_of_a_place = |name: &&str| !["gmt", "utc", "uct"].contains(&&*name.to_lowercase());
        self.summer.into_iter().chain([self.winter]).filter(is_of_a_place).find_map(word).map(places)
    }
}

/// The abbreviation that the text begins with, and what follows.
fn abbreviation(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = match text.strip_prefix('<') {
        Some(quoted) => quoted.split_once('>')?,
        None => text.split_at(text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len())),
    };
    (name.len() >= 3).then_some((name, rest))
}

/// What to write for a POSIX rule.
fn posix_rule(name: &str) -> Option<String> {
    let rule = PosixRule::read(name)?;
    let right = rule.places().or_else(|| match (rule.summer, rule.east) {
        (None, Some(east)) => Some(fixed(east)),
        (Some(_), Some(east)) => place(east).map(|zone| format!("use a place's zone, such as `{zone}`")),
        (_, None) => None,
    });
    let right = right.unwrap_or_else(|| "use one such as `Europe/Berlin`".to_owned());
    Some(format!("a POSIX rule is not the name of a zone; {right}"))
}

/// What to write for a value of `TZ`, if it means something else there than
/// elsewhere: in its grammar, `UTC+2` is to the west.
pub(super) fn variable(value: &str) -> Option<String> {
    let rule = PosixRule::read(value)?;
    let east = rule.east.filter(|_| rule.summer.is_none() && rule.places().is_none())?;
    if east == 0 {
        return None;
    }
    let side = if east < 0 { "behind" } else { "ahead of" };
    let means = format!("in `TZ` it means {:02}:{:02} {side} UTC", east.abs() / 60, east.abs() % 60);
    let of_place = place(east).map(|zone| format!("the zone of a place, such as `{zone}`"));
    let right: Vec<String> = etc(east).map(|zone| format!("`{zone}`")).into_iter().chain(of_place).collect();
    Some(match &*right {
        [] => format!("{means}, an offset that no zone has"),
        _ => format!("{means}; for that use {}", right.join(", or ")),
    })
}
