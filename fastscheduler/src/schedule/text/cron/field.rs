//! What each field of a cron expression may contain.

/// What one field of an expression may hold.
pub(super) struct Field {
    pub(super) kind: FieldKind,
    /// Its name, with an article.
    pub(super) name: &'static str,
    pub(super) right: &'static str,
    pub(super) first: u32,
    pub(super) last: u32,
    /// The largest step, which is the number of its values.
    pub(super) largest_step: u32,
    /// The names of its values, from the first.
    pub(super) names: &'static [&'static str],
    /// The same names in full.
    pub(super) full_names: &'static [&'static str],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldKind {
    Second,
    Minute,
    Hour,
    DayOfMonth,
    Month,
    DayOfWeek,
}

const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const FULL_DAYS: &[&str] = &["SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"];
const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const FULL_MONTHS: &[&str] = &[
    "JANUARY",
    "FEBRUARY",
    "MARCH",
    "APRIL",
    "MAY",
    "JUNE",
    "JULY",
    "AUGUST",
    "SEPTEMBER",
    "OCTOBER",
    "NOVEMBER",
    "DECEMBER",
];

impl Field {
    const ALL: [Self; 6] = [
        Self::numbered(FieldKind::Second, "a second", "0 to 59", 59),
        Self::numbered(FieldKind::Minute, "a minute", "0 to 59", 59),
        Self::numbered(FieldKind::Hour, "an hour", "0 to 23", 23),
        Self {
            first: 1,
            largest_step: 31,
            ..Self::numbered(FieldKind::DayOfMonth, "a day of the month", "1 to 31, `L`, `LW` or `15W`", 31)
        },
        Self {
            first: 1,
            largest_step: 12,
            names: MONTHS,
            full_names: FULL_MONTHS,
            ..Self::numbered(FieldKind::Month, "a month", "1 to 12 or `JAN` to `DEC`", 12)
        },
        // Sunday is 0, and 7 at the end of a range.
        Self {
            largest_step: 7,
            names: DAYS,
            full_names: FULL_DAYS,
            ..Self::numbered(
                FieldKind::DayOfWeek,
                "a day of the week",
                "0 to 7 or `SUN` to `SAT`, `FRI#2` or `FRI#L`",
                7,
            )
        },
    ];

    const fn numbered(kind: FieldKind, name: &'static str, right: &'static str, last: u32) -> Self {
        Self { kind, name, right, first: 0, last, largest_step: last + 1, names: &[], full_names: &[] }
    }

    /// The fields of an expression of five or six.
    pub(super) fn of(fields: &[&str]) -> &'static [Self] {
        &Self::ALL[Self::ALL.len().saturating_sub(fields.len())..]
    }

    pub(super) fn is_of_days(&self) -> bool {
        matches!(self.kind, FieldKind::DayOfMonth | FieldKind::DayOfWeek)
    }
}
