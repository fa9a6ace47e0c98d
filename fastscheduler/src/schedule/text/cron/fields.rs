//! The fields of a cron expression that was read.

use super::DayFields;
use super::field::{Field, FieldKind};
use super::item::{Hint, Item};

/// An expression, field by field.
pub(super) struct ReadFields<'a> {
    written: Vec<&'a str>,
    /// Seconds are added where none are written.
    items: [Vec<Item>; 6],
}

/// Where the day fields are in `items`.
const DAY_OF_MONTH: usize = 3;
const DAY_OF_WEEK: usize = 5;

impl<'a> ReadFields<'a> {
    pub(super) fn read(fields: &[&'a str]) -> Result<Self, String> {
        let count = fields.len();
        if !(5..=6).contains(&count) {
            let plural = if count == 1 { "" } else { "s" };
            return Err(format!(
                "it has {count} field{plural}; write five (minute, hour, day, month, day of week), or six with seconds first"
            ));
        }
        let on_the_minute = vec![Item::Values { from: 0, to: 0, step: 1 }];
        let mut items = [on_the_minute, Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new()];
        let places = items.len() - count;
        for ((written, field), items) in fields.iter().zip(Field::of(fields)).zip(&mut items[places..]) {
            *items = field.read(written)?;
        }
        Ok(Self { written: fields.to_vec(), items })
    }

    pub(super) fn is_wildcard(&self) -> bool {
        let of_the_clock = self.written.len() - 3;
        self.written.iter().take(of_the_clock).any(|field| field.starts_with('*'))
    }

    pub(super) fn day_fields(&self) -> DayFields {
        let [.., day_of_month, _, day_of_week] = &self.written[..] else { return DayFields::One };
        if self.allows_every_day(DAY_OF_MONTH) || self.allows_every_day(DAY_OF_WEEK) {
            DayFields::One
        } else if self.requires_both() {
            DayFields::Both
        } else if day_of_month.starts_with('*') || day_of_week.starts_with('*') {
            DayFields::EitherUnlikeLinux
        } else {
            DayFields::Either
        }
    }

    fn requires_both(&self) -> bool {
        self.written.last().is_some_and(|field| field.starts_with('+'))
    }

    fn allows_every_day(&self, place: usize) -> bool {
        let all = match place {
            DAY_OF_MONTH => 0xFFFF_FFFE,
            _ => 0x7F,
        };
        self.items[place].iter().any(|item| match place {
            // Day 7 is day 0.
            DAY_OF_WEEK => (item.bits() | item.bits() >> 7) & all == all,
            _ => item.bits() & all == all,
        })
    }

    /// Whether `L` is in one list with `LW` or `15W`.
    fn has_last_day_beside_weekday(&self) -> bool {
        let days = &self.items[DAY_OF_MONTH];
        days.contains(&Item::LastDay) && days.iter().any(Item::is_about_weekdays)
    }

    /// All six fields in the form that is passed to croner.
    pub(super) fn normal_form(&self) -> String {
        let leaves_out_last_day = self.has_last_day_beside_weekday();
        let days: Vec<Item> = self.items[DAY_OF_MONTH]
            .iter()
            .filter(|item| !(leaves_out_last_day && **item == Item::LastDay))
            .copied()
            .collect();
        self.with_days_of_month(&days)
    }

    /// The same with only `L` as the day of the month, if [`Self::normal_form`] had
    /// to leave it out.
    pub(super) fn normal_form_of_last_day(&self) -> Option<String> {
        let is_needed = self.has_last_day_beside_weekday() && !self.allows_every_day(DAY_OF_MONTH);
        is_needed.then(|| self.with_days_of_month(&[Item::LastDay]))
    }

    fn with_days_of_month(&self, days: &[Item]) -> String {
        let field = |(place, items): (usize, &Vec<Item>)| {
            let is_of_days = matches!(place, DAY_OF_MONTH | DAY_OF_WEEK);
            let items = if place == DAY_OF_MONTH { days } else { items };
            let sign = if place == DAY_OF_WEEK && self.requires_both() { "+" } else { "" };
            if is_of_days && self.allows_every_day(place) {
                return format!("{sign}*");
            }
            let items: Vec<String> = items.iter().map(ToString::to_string).collect();
            format!("{sign}{}", items.join(","))
        };
        self.items.iter().enumerate().map(field).collect::<Vec<_>>().join(" ")
    }
}

impl Field {
    /// Reads a list of items.
    fn read(&self, written: &str) -> Result<Vec<Item>, String> {
        let upper = written.to_ascii_uppercase();
        let list = self.without_sign(&upper);
        if list.split(',').any(str::is_empty) {
            return Err(self.empty_item(written));
        }
        let items = list.split(',').zip(self.without_sign(written).split(','));
        let read = |(item, written_item)| {
            // A hint is about its item, and a corrected name about the whole field.
            let refused = |hint: Hint| {
                let about = if hint.is_some() { written_item } else { written };
                self.refusal(about, hint)
            };
            self.item(item).map_err(refused)
        };
        items.map(read).collect()
    }

    /// Whether a text in upper case is valid in this field.
    pub(super) fn takes(&self, text: &str) -> bool {
        self.without_sign(text).split(',').all(|item| self.item(item).is_ok())
    }

    fn without_sign<'a>(&self, text: &'a str) -> &'a str {
        match self.kind {
            FieldKind::DayOfWeek => text.strip_prefix('+').unwrap_or(text),
            _ => text,
        }
    }
}
