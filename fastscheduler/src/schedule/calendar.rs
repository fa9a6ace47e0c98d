//! Which local times a calendar schedule names, whatever its kind.

use chrono::{Datelike, NaiveDate};

use super::text::ClockTime;
use super::zone::{HORIZON, Nominal};

const DAY: i64 = 86_400;
/// A month is 28 to 31 days long.
const SHORTEST_MONTH: u32 = 28;
/// All that there are within [`HORIZON`].
const MONTHS: std::ops::Range<i64> = 0..HORIZON / (28 * DAY);

/// Times of day, on days, as bits.
///
/// Which days of a month match depends on nothing but the length of the month
/// and the weekday that it begins with. There are 28 such months, and the
/// matching days of each are worked out once.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Calendar {
    seconds: u64,
    minutes: u64,
    hours: u64,
    /// January is the lowest bit.
    months: u64,
    /// By length from 28, then by first weekday from Monday; the 1st is the lowest bit.
    days: [[u32; 7]; 4],
    is_wildcard: bool,
}

/// A day as the kinds of schedule ask about it.
#[derive(Clone, Copy)]
pub(super) struct DayShape {
    /// 1 to 31.
    pub(super) day: u32,
    /// 0 = Monday.
    pub(super) weekday: u32,
    /// 28 to 31.
    pub(super) month_length: u32,
}

impl Calendar {
    /// One time of day on each day.
    pub(super) fn daily(at: ClockTime) -> Self {
        Self::new(1 << at.second(), 1 << at.minute(), 1 << at.hour())
    }

    /// The times of day whose second, minute and hour are among these bits, on each day.
    pub(super) fn new(seconds: u64, minutes: u64, hours: u64) -> Self {
        Self { seconds, minutes, hours, months: 0xFFF, days: [[0; 7]; 4], is_wildcard: false }
            .on_days(|_| true)
    }

    /// The same times in these months only, January the lowest bit.
    pub(super) fn in_months(mut self, months: u64) -> Self {
        self.months = months;
        self
    }

    /// The same times on these days only.
    pub(super) fn on_days(mut self, matches: impl Fn(DayShape) -> bool) -> Self {
        for (month_length, by_weekday) in (SHORTEST_MONTH..).zip(&mut self.days) {
            for (first_weekday, days) in (0..7).zip(by_weekday) {
                let shape = |day| DayShape { day, weekday: (first_weekday + day - 1) % 7, month_length };
                *days = (1..=month_length)
                    .filter(|day| matches(shape(*day)))
                    .fold(0, |days, day| days | 1 << (day - 1));
            }
        }
        self
    }

    /// The same times, meant to run all through the day rather than once.
    pub(super) fn wildcard(mut self) -> Self {
        self.is_wildcard = true;
        self
    }

    /// The same times, not marked as a wildcard.
    #[cfg(test)]
    pub(super) fn fixed(self) -> Self {
        Self { is_wildcard: false, ..self }
    }

    /// The days for every shape of month, in a fixed order.
    #[cfg(test)]
    pub(super) fn days(&self) -> Vec<u32> {
        self.days.as_flattened().to_vec()
    }

    /// Whether it is meant to run all through the day.
    pub(super) fn is_wildcard(&self) -> bool {
        self.is_wildcard
    }

    /// The first second of the day at or after `second` that is named.
    fn time_at_or_after(&self, second: u32) -> Option<u32> {
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        if self.hours >> hour & 1 != 0 {
            if self.minutes >> minute & 1 != 0
                && let Some(second) = bit_from(self.seconds, second)
            {
                return Some(hour * 3_600 + minute * 60 + second);
            }
            if let Some(minute) = bit_from(self.minutes, minute + 1) {
                return Some(hour * 3_600 + minute * 60 + self.seconds.trailing_zeros());
            }
        }
        bit_from(self.hours, hour + 1).map(|hour| hour * 3_600 + self.time_of_hour())
    }

    fn first_time(&self) -> u32 {
        self.hours.trailing_zeros() * 3_600 + self.time_of_hour()
    }

    fn time_of_hour(&self) -> u32 {
        self.minutes.trailing_zeros() * 60 + self.seconds.trailing_zeros()
    }

    fn days_of(&self, month: &Month) -> u32 {
        if self.months >> month.number & 1 == 0 {
            return 0;
        }
        // 1970-01-01 was a Thursday.
        let weekday = small((month.first + 3).rem_euclid(7));
        self.days[(month.length() - SHORTEST_MONTH) as usize][weekday as usize]
    }
}

impl Nominal for Calendar {
    fn at_or_after(&self, local: i64) -> Option<i64> {
        let day = local.div_euclid(DAY);
        let date = NaiveDate::from_epoch_days(i32::try_from(day).ok()?)?;
        let mut month =
            Month { year: date.year(), number: date.month0(), first: day - i64::from(date.day0()) };
        let mut days = self.days_of(&month) >> date.day0() << date.day0();
        if days >> date.day0() & 1 != 0 {
            let second = small(local.rem_euclid(DAY));
            if let Some(second) = self.time_at_or_after(second) {
                return Some(day * DAY + i64::from(second));
            }
            days &= days - 1;
        }
        for _ in MONTHS {
            if days != 0 {
                let day = month.first + i64::from(days.trailing_zeros());
                return Some(day * DAY + i64::from(self.first_time()));
            }
            month = month.next();
            days = self.days_of(&month);
        }
        None
    }
}

/// A month of the calendar.
struct Month {
    year: i32,
    /// January is 0.
    number: u32,
    /// The days from 1970-01-01 to its first.
    first: i64,
}

impl Month {
    fn length(&self) -> u32 {
        match self.number {
            1 => SHORTEST_MONTH + u32::from(is_leap(self.year)),
            3 | 5 | 8 | 10 => 30,
            _ => 31,
        }
    }

    fn next(&self) -> Self {
        let first = self.first + i64::from(self.length());
        match self.number {
            11 => Self { year: self.year + 1, number: 0, first },
            number => Self { year: self.year, number: number + 1, first },
        }
    }
}

fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// A remainder of a division by something small.
fn small(remainder: i64) -> u32 {
    u32::try_from(remainder).expect("a remainder is below its divisor")
}

/// The lowest bit of `bits` that is not below `from`.
fn bit_from(bits: u64, from: u32) -> Option<u32> {
    let left = bits >> from;
    (left != 0).then(|| from + left.trailing_zeros())
}
