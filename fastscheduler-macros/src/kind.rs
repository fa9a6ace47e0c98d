//! The nine attributes, and what sets them apart.

use proc_macro2::TokenStream;
use quote::quote;

use crate::schedule::{Form, Given, Reader};
use crate::text::{DayOfMonth, Unit, WrittenDateTime, minute_of_hour, parse_cron};

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

/// What an attribute is.
struct Traits {
    form: Form,
    /// Reads the schedule: the builder that says it, after the path of builders.
    /// `None` if there is none, or if it has mistakes.
    read: fn(&mut Reader<'_>, Vec<Given>) -> Option<TokenStream>,
}

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

    fn traits(self) -> Traits {
        match self {
            Self::Every => Traits {
                form: Form { name: "every", example: "#[every(10, seconds)]", at: None, words: &UNITS },
                read: |reader, given| reader.length(given, None).map(|length| quote!(every(#length))),
            },
            Self::Hourly => Traits {
                form: Form {
                    name: "hourly",
                    example: "#[hourly(at = \":30\")]",
                    at: Some("at = \":30\""),
                    words: &[],
                },
                read: |reader, given| {
                    reader.unnamed(&given);
                    reader.clock(|text| minute_of_hour(text).map(drop)).map(|at| quote!(hourly().at(#at)))
                },
            },
            Self::Daily => Traits {
                form: Form {
                    name: "daily",
                    example: "#[daily(at = \"14:30\")]",
                    at: Some("at = \"14:30\""),
                    words: &[],
                },
                read: |reader, given| {
                    reader.unnamed(&given);
                    reader.clock_time().map(|at| quote!(daily().at(#at)))
                },
            },
            Self::Weekly => Traits {
                form: Form {
                    name: "weekly",
                    example: "#[weekly(monday, at = \"10:00\")]",
                    at: Some("at = \"10:00\""),
                    words: &DAYS,
                },
                read: |reader, given| {
                    let (days, at) = (reader.days_of_week(given), reader.clock_time());
                    let (days, at) = (days?.to_string(), at?);
                    let days = days.split(", ");
                    Some(quote!(weekly().on([#(#days),*]).at(#at)))
                },
            },
            Self::Monthly => Traits {
                form: Form {
                    name: "monthly",
                    example: "#[monthly(1, at = \"00:00\")]",
                    at: Some("at = \"00:00\""),
                    words: &[DayOfMonth::LAST],
                },
                read: |reader, given| {
                    let (day, at) = (reader.day_of_month(given), reader.clock_time());
                    let (day, at) = (day?, at?);
                    let day = match day {
                        DayOfMonth::Day(day) => {
                            let day = u32::from(day);
                            quote!(on(#day))
                        }
                        DayOfMonth::Last => quote!(last_day()),
                    };
                    Some(quote!(monthly().#day.at(#at)))
                },
            },
            Self::Cron => Traits {
                form: Form { name: "cron", example: "#[cron(\"0 9 * * MON-FRI\")]", at: None, words: &[] },
                read: |reader, given| {
                    let expression =
                        reader.one_text(given, "an expression", |text| parse_cron(text).map(drop));
                    expression.map(|expression| quote!(cron(#expression)))
                },
            },
            Self::Once => Traits {
                form: Form { name: "once", example: "#[once(60)]", at: None, words: &UNITS },
                read: |reader, given| {
                    reader.length(given, Some(Unit::Seconds)).map(|length| quote!(once(#length)))
                },
            },
            Self::At => Traits {
                form: Form { name: "at", example: "#[at(\"2027-12-25 00:00:00\")]", at: None, words: &[] },
                read: |reader, given| {
                    let check = |text: &str| text.parse::<WrittenDateTime>().map(drop);
                    reader.one_text(given, "a date and time", check).map(|at| quote!(at(#at)))
                },
            },
            Self::Job => Traits {
                form: Form { name: "job", example: "#[job]", at: None, words: &[] },
                read: |reader, given| {
                    if let Some(argument) = given.first() {
                        let right = "`job` has no schedule; use an attribute such as `every` for one";
                        reader.unexpected(argument, right);
                    }
                    None
                },
            },
        }
    }

    /// The attribute of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it goes on after its first run.
    pub(crate) fn repeats(self) -> bool {
        match self {
            Self::Every | Self::Hourly | Self::Daily | Self::Weekly | Self::Monthly | Self::Cron => true,
            Self::Once | Self::At | Self::Job => false,
        }
    }

    /// Reads the schedule: the builder that says it, after the path of builders.
    /// `None` if there is none, or if it has mistakes.
    pub(crate) fn read(self, mut reader: Reader<'_>, positional: Vec<Given>) -> Option<TokenStream> {
        (self.traits().read)(&mut reader, positional)
    }

    pub(crate) fn form(self) -> Form {
        self.traits().form
    }

    pub(crate) fn name(self) -> &'static str {
        self.form().name
    }

    pub(crate) fn example(self) -> &'static str {
        self.form().example
    }

    pub(crate) fn at(self) -> Option<&'static str> {
        self.form().at
    }
}
