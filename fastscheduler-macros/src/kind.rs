//! The nine attributes.

use crate::text;

/// Which attribute it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Every,
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Cron,
    Once,
    At,
    Job,
}

/// The words for units of time.
const UNITS: [&str; 8] = ["second", "seconds", "minute", "minutes", "hour", "hours", "day", "days"];

const DAYS: [&str; 16] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "weekdays",
    "weekends",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
];

impl Kind {
    const ALL: [Self; 9] = [
        Self::Every,
        Self::Hourly,
        Self::Daily,
        Self::Weekly,
        Self::Monthly,
        Self::Cron,
        Self::Once,
        Self::At,
        Self::Job,
    ];

    /// The attribute of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The attribute's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Every => "every",
            Self::Hourly => "hourly",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Cron => "cron",
            Self::Once => "once",
            Self::At => "at",
            Self::Job => "job",
        }
    }

    /// What to write, for those who wrote something else.
    pub(crate) const fn example(self) -> &'static str {
        match self {
            Self::Every => "#[every(10, seconds)]",
            Self::Hourly => "#[hourly(at = \":30\")]",
            Self::Daily => "#[daily(at = \"14:30\")]",
            Self::Weekly => "#[weekly(monday, at = \"10:00\")]",
            Self::Monthly => "#[monthly(1, at = \"00:00\")]",
            Self::Cron => "#[cron(\"0 9 * * MON-FRI\")]",
            Self::Once => "#[once(60)]",
            Self::At => "#[at(\"2027-12-25 00:00:00\")]",
            Self::Job => "#[job]",
        }
    }

    /// How `at` is written, if the attribute takes it.
    pub(crate) const fn at(self) -> Option<&'static str> {
        match self {
            Self::Hourly => Some("at = \":30\""),
            Self::Daily => Some("at = \"14:30\""),
            Self::Weekly => Some("at = \"10:00\""),
            Self::Monthly => Some("at = \"00:00\""),
            Self::Every | Self::Cron | Self::Once | Self::At | Self::Job => None,
        }
    }

    /// The bare words that belong to the schedule.
    pub(crate) const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Every | Self::Once => &UNITS,
            Self::Weekly => &DAYS,
            Self::Monthly => &["last"],
            Self::Hourly | Self::Daily | Self::Cron | Self::At | Self::Job => &[],
        }
    }

    /// The word of the schedule that was probably meant.
    pub(crate) fn nearest_word(self, word: &str) -> Option<&'static str> {
        text::nearest(word, self.words().iter().copied())
    }
}
