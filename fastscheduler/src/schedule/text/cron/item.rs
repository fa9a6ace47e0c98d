//! One item of a field's list: a value, a range, a step, or letters.

use std::fmt;

use super::field::{Field, FieldKind};

/// What an item stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    /// Every `step`th value of a range.
    Values { from: u32, to: u32, step: u32 },
    /// `L` in the days of the month.
    LastDay,
    /// `LW`: the last day from Monday to Friday.
    LastWeekday,
    /// `15W`: the nearest day from Monday to Friday.
    NearestWeekday(u32),
    /// `FRI#2`.
    Nth { weekday: u32, nth: u32 },
    /// `FRI#L`, or `FRIL`.
    Last { weekday: u32 },
}

impl Item {
    /// The values that do not depend on the month, as bits.
    pub(super) fn bits(self) -> u64 {
        match self {
            Self::Values { from, to, step } => {
                (from..=to).step_by(step as usize).fold(0, |bits, value| bits | 1 << value)
            }
            Self::LastDay
            | Self::LastWeekday
            | Self::NearestWeekday(_)
            | Self::Nth { .. }
            | Self::Last { .. } => 0,
        }
    }

    pub(super) fn is_about_weekdays(&self) -> bool {
        matches!(self, Self::LastWeekday | Self::NearestWeekday(_))
    }
}

impl fmt::Display for Item {
    /// In the form for croner.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values { from, to, step } => write!(f, "{from}-{to}/{step}"),
            Self::LastDay => f.write_str("L"),
            Self::LastWeekday => f.write_str("LW"),
            Self::NearestWeekday(day) => write!(f, "{day}W"),
            Self::Nth { weekday, nth } => write!(f, "{weekday}#{nth}"),
            Self::Last { weekday } => write!(f, "{weekday}#L"),
        }
    }
}

/// What was probably meant by an invalid item.
pub(super) type Hint = Option<String>;

impl Field {
    /// Reads an item in upper case.
    pub(super) fn item(&self, text: &str) -> Result<Item, Hint> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(self.step(range, step)?)),
            None => (text, None),
        };
        match (range, step) {
            ("*", _) => Ok(self.all(step)),
            ("?", None) if self.is_of_days() => Ok(self.all(None)),
            _ => match range.split_once('-') {
                Some((from, to)) => self.range(text, from, to, step),
                None => self.single(text, range, step),
            },
        }
    }

    fn all(&self, step: Option<u32>) -> Item {
        // Day 7 of the week is day 0 again.
        let to = self.last.min(self.first + self.largest_step - 1);
        Item::Values { from: self.first, to, step: step.unwrap_or(1) }
    }

    fn step(&self, range: &str, step: &str) -> Result<u32, Hint> {
        if self.letters(range).is_some() {
            return Err(Some(format!("`{range}` takes no step; write `{range}`")));
        }
        let Some(number) = number(step) else { return Err(self.hint_of(&format!("{range}/{step}"))) };
        match number {
            0 => Err(Some("a step is at least 1".to_owned())),
            step if step > self.largest_step => Err(Some(self.largest_step_hint(step))),
            step => Ok(step),
        }
    }

    fn range(&self, text: &str, from: &str, to: &str, step: Option<u32>) -> Result<Item, Hint> {
        let (Some(first), Some(last)) = (self.value(from), self.value(to)) else {
            return Err(self.hint_of(text));
        };
        let (first, last) = match self.kind {
            // A common way to write all days in numbers.
            FieldKind::DayOfWeek if (number(from), number(to)) == (Some(0), Some(7)) => (0, 7),
            FieldKind::DayOfWeek => match (first % 7, last % 7) {
                (0, 0) => (0, 0),
                (first, 0) => (first, 7),
                days => days,
            },
            _ => (first, last),
        };
        if first > last {
            return Err(Some(self.downwards_hint((from, first), (to, last), step)));
        }
        Ok(Item::Values { from: first, to: last, step: step.unwrap_or(1) })
    }

    fn single(&self, text: &str, value: &str, step: Option<u32>) -> Result<Item, Hint> {
        let item = match (self.value(value), step) {
            (Some(value), None) => Some(Item::Values { from: value, to: value, step: 1 }),
            (Some(value), Some(step)) => Some(Item::Values { from: value, to: self.last, step }),
            (None, None) => self.letters(value),
            (None, Some(_)) => None,
        };
        item.ok_or_else(|| self.hint_of(text))
    }

    /// An item whose days depend on the month.
    fn letters(&self, text: &str) -> Option<Item> {
        match self.kind {
            FieldKind::DayOfMonth => match text {
                "L" => Some(Item::LastDay),
                "LW" => Some(Item::LastWeekday),
                _ => self.value(text.strip_suffix('W')?).map(Item::NearestWeekday),
            },
            FieldKind::DayOfWeek => match text.split_once('#') {
                Some((day, "L")) => self.weekday(day).map(|weekday| Item::Last { weekday }),
                Some((day, nth)) => {
                    let nth = number(nth).filter(|nth| (1..=5).contains(nth))?;
                    self.weekday(day).map(|weekday| Item::Nth { weekday, nth })
                }
                None => self.weekday(text.strip_suffix('L')?).map(|weekday| Item::Last { weekday }),
            },
            FieldKind::Second | FieldKind::Minute | FieldKind::Hour | FieldKind::Month => None,
        }
    }

    fn weekday(&self, text: &str) -> Option<u32> {
        self.value(text).map(|day| day % 7)
    }

    /// A number or a name of this field.
    pub(super) fn value(&self, text: &str) -> Option<u32> {
        let named = || {
            let place = self.names.iter().position(|name| *name == text)?;
            Some(self.first + u32::try_from(place).ok()?)
        };
        number(text).or_else(named).filter(|value| (self.first..=self.last).contains(value))
    }
}

/// A number in digits; one that does not fit becomes `u32::MAX`, which no field allows.
pub(super) fn number(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u32::MAX))
}
