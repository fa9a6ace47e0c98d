//! What was probably meant by an invalid field.

use super::super::nearest;
use super::field::{Field, FieldKind};
use super::item::{Hint, number};
use super::year::{NO_YEARS, is_year};

/// A longer field is truncated where it is shown, and not corrected.
const SHOWN: usize = 60;

impl Field {
    /// The error for an invalid field.
    pub(super) fn refusal(&self, written: &str, hint: Hint) -> String {
        let Self { name, right, .. } = self;
        let shown = shown(written);
        match hint.or_else(|| self.corrected(written).map(|right| format!("write `{right}`"))) {
            Some(hint) => format!("`{shown}` is not {name}: {hint}"),
            None => format!("`{shown}` is not {name}; write {right}, with `*`, `,`, `-` and `/`"),
        }
    }

    pub(super) fn empty_item(&self, written: &str) -> String {
        let items: Vec<&str> = written.split(',').filter(|item| !item.is_empty()).collect();
        let right = items.join(",");
        let is_right = written.len() <= SHOWN && self.takes(&right.to_ascii_uppercase());
        let hint = if is_right { format!("; write `{right}`") } else { String::new() };
        format!("`{}` has an empty list item{hint}", shown(written))
    }

    /// The field with its names corrected, if nothing else is wrong.
    fn corrected(&self, written: &str) -> Option<String> {
        if self.names.is_empty() || written.len() > SHOWN {
            return None;
        }
        let upper = written.to_ascii_uppercase();
        let mut right = String::new();
        let mut rest = upper.as_str();
        while let Some(first) = rest.chars().next() {
            let is_word = first.is_ascii_alphabetic();
            let end = rest.find(|c: char| c.is_ascii_alphabetic() != is_word).unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            right.push_str(if is_word { self.known_name(part) } else { part });
            rest = after;
        }
        (right != upper && self.takes(&right)).then_some(right)
    }

    /// The short name for a word that is written in full, abbreviated differently,
    /// or misspelt.
    fn known_name<'a>(&self, word: &'a str) -> &'a str {
        let is_of_week = self.kind == FieldKind::DayOfWeek;
        match word {
            _ if self.names.contains(&word) => word,
            "WEEKDAY" | "WEEKDAYS" if is_of_week => "MON-FRI",
            "WEEKEND" | "WEEKENDS" if is_of_week => "SAT-SUN",
            _ => {
                let singular = word.strip_suffix('S').unwrap_or(word);
                let in_full =
                    |full: &&str| word.len() > 3 && (full.starts_with(word) || full.starts_with(singular));
                let place = self.full_names.iter().position(in_full);
                let name = place.and_then(|place| self.names.get(place)).copied();
                name.or_else(|| nearest(word, self.names.iter().copied())).unwrap_or(word)
            }
        }
    }

    /// A hint for an invalid item in upper case.
    pub(super) fn hint_of(&self, item: &str) -> Hint {
        if is_year(item) {
            return Some(NO_YEARS.to_owned());
        }
        let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
        let is_step = |step| self.takes(&format!("*/{step}"));
        match (self.kind, range, step) {
            (_, "", Some(step)) if is_step(step) => return Some(format!("write `*/{step}`")),
            (FieldKind::DayOfMonth | FieldKind::DayOfWeek, "?", Some(step)) if is_step(step) => {
                return Some(format!("`?` takes no step; write `*/{step}`"));
            }
            (FieldKind::Hour, "24", _) => return Some("midnight is hour `0`".to_owned()),
            (FieldKind::DayOfMonth, "W", _) => return Some("`W` follows a day, as in `15W`".to_owned()),
            (FieldKind::DayOfWeek, "L", _) => return Some("`L` follows a day, as in `FRIL`".to_owned()),
            _ => {}
        }
        if self.kind == FieldKind::DayOfMonth
            && let Some(("L" | "LW", _)) = range.split_once(['-', '+'])
        {
            let hint = "days before the last are not supported; `L` is the last day, `LW` the last from Monday to Friday";
            return Some(hint.to_owned());
        }
        if self.kind == FieldKind::DayOfWeek {
            if let Some((days, nth)) = range.split_once('#').filter(|(days, _)| days.contains('-')) {
                return self.nth_hint(days, nth);
            }
            if let Some(days) = range.strip_suffix('L').filter(|days| days.contains('-')) {
                return self.nth_hint(days, "L");
            }
            if let Some((day, nth)) = range.split_once('#')
                && self.value(day).is_some()
                && number(nth).is_some()
            {
                return Some(format!("`#` counts from 1 to 5; the last is `{day}#L`"));
            }
        }
        let ends: Vec<&str> = range.split('-').collect();
        if let [from, to] = ends[..]
            && let Some(hint) = self.beyond_hint(from, to, step)
        {
            return Some(hint);
        }
        match ends[..] {
            [first, _, .., last] if ends.iter().all(|end| self.value(end).is_some()) => {
                let range = format!("{first}-{last}");
                let both = if self.takes(&range) { format!(", as in `{range}`") } else { String::new() };
                Some(format!("a range has two ends{both}"))
            }
            _ => None,
        }
    }

    /// A hint for a range with hour 24, or to minute or second 60.
    fn beyond_hint(&self, from: &str, to: &str, step: Option<&str>) -> Hint {
        let beyond = self.last + 1;
        let every = step.map_or(String::new(), |step| format!("/{step}"));
        let reason = match self.kind {
            FieldKind::Hour => "midnight is hour `0`",
            FieldKind::Minute => "the last minute is `59`",
            FieldKind::Second => "the last second is `59`",
            FieldKind::DayOfMonth | FieldKind::Month | FieldKind::DayOfWeek => return None,
        };
        let is_of_hours = self.kind == FieldKind::Hour;
        let (from, to) = (number(from)?, number(to)?);
        let right = match (from, to) {
            (from, to) if from == beyond && to == beyond && is_of_hours => "0".to_owned(),
            (from, to) if from == beyond && is_of_hours => format!("0-{to}{every}"),
            (from, to) if to == beyond && from < beyond => {
                // Midnight, unless it is the first of the range or the step passes over it.
                let step = step.map_or(Some(1), number).filter(|step| *step > 0)?;
                let has_midnight = is_of_hours && from > 0 && (beyond - from).is_multiple_of(step);
                let range =
                    if from == self.last { from.to_string() } else { format!("{from}-{}{every}", self.last) };
                if has_midnight { format!("{range},0") } else { range }
            }
            _ => return None,
        };
        self.takes(&right).then(|| format!("{reason}; write `{right}`"))
    }

    /// A hint for `#` after a range of days.
    fn nth_hint(&self, days: &str, nth: &str) -> Hint {
        let (from, to) = days.split_once('-')?;
        let (first, last) = (self.value(from)?, self.value(to)?);
        let is_named = number(from).is_none();
        let last = if last < first { last + 7 } else { last };
        let each = (first..=last).map(|day| format!("{}#{nth}", self.shown_value(day % 7, is_named)));
        let each = each.collect::<Vec<_>>().join(",");
        self.takes(&each).then(|| format!("`#` follows a single day; write `{each}`"))
    }

    pub(super) fn largest_step_hint(&self, step: u32) -> String {
        let largest = self.largest_step;
        let unit = match self.kind {
            FieldKind::Second => "s",
            FieldKind::Minute => "m",
            FieldKind::Hour => "h",
            FieldKind::DayOfMonth | FieldKind::DayOfWeek => "d",
            FieldKind::Month => return format!("the largest step is {largest}"),
        };
        // Larger steps are hardly meant as an interval either.
        if step > 10_000 {
            return format!("the largest step is {largest}");
        }
        format!("the largest step is {largest}; for a longer interval use `every(\"{step}{unit}\")`")
    }

    /// A hint for a range that begins after its end; the ends come with their text.
    pub(super) fn downwards_hint(&self, from: (&str, u32), to: (&str, u32), step: Option<u32>) -> String {
        const ASCENDING: &str = "a range must ascend";
        if step.is_some() {
            return format!("{ASCENDING}, so write its values as a list");
        }
        let is_named = number(from.0).is_none();
        // Here a week begins on Monday and ends on Sunday.
        let beginning = if self.kind == FieldKind::DayOfWeek { 1 } else { self.first };
        let part = |(first, first_value): (&str, u32), (last, last_value): (&str, u32)| {
            if first_value == last_value { last.to_owned() } else { format!("{first}-{last}") }
        };
        let (first, last) = (self.shown_value(beginning, is_named), self.shown_value(self.last, is_named));
        let before = part(from, (&last, self.last));
        let after = part((&first, beginning), to);
        format!("{ASCENDING}, so write two: `{before},{after}`")
    }

    fn shown_value(&self, value: u32, is_named: bool) -> String {
        let is_sunday = self.kind == FieldKind::DayOfWeek && value == 7;
        let place = if is_sunday { 0 } else { value.saturating_sub(self.first) };
        let name = usize::try_from(place).ok().and_then(|place| self.names.get(place));
        name.filter(|_| is_named).map_or_else(|| value.to_string(), |name| (*name).to_owned())
    }
}

/// What was written, truncated if it is long.
pub(super) fn shown(written: &str) -> String {
    let mut shown: String = written.chars().take(SHOWN).collect();
    if shown.len() < written.len() {
        shown.push('…');
    }
    shown
}
