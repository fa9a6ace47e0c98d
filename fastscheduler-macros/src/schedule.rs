//! From the arguments of an attribute to its schedule.
//!
//! Texts are checked with the files that the runtime reads them with, and are
//! handed to it as they were written.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote};
use syn::Error;

use crate::complaints::Complaints;
use crate::literal::{Literal, Value};
use crate::text::{ClockTime, DayOfMonth, DaysOfWeek, Micros, ScheduleError, Unit, nearest};

/// An argument that means something to the schedule.
pub(crate) enum Given {
    Word(Ident),
    Value(Value),
    /// One that could not be read, about which a complaint was made.
    Flawed,
}

/// How an attribute is written.
pub(crate) struct Form {
    pub(crate) name: &'static str,
    /// What to write, for those who wrote something else.
    pub(crate) example: &'static str,
    /// How `at` is written, if the attribute takes it.
    pub(crate) at: Option<&'static str>,
    /// The bare words that belong to the schedule.
    pub(crate) words: &'static [&'static str],
}

impl Form {
    /// The word of the schedule that was probably meant.
    pub(crate) fn nearest_word(&self, word: &str) -> Option<&'static str> {
        nearest(word, self.words.iter().copied())
    }
}

/// Reads what an attribute says of its schedule.
pub(crate) struct Reader<'a> {
    pub(crate) form: Form,
    /// Where to complain about what is not there.
    pub(crate) whole: Span,
    pub(crate) at: Option<Given>,
    pub(crate) complaints: &'a mut Complaints,
}

impl Reader<'_> {
    /// `10, seconds` or `"1h 30m"`. A number alone is in the unit `default`, if
    /// there is one.
    pub(crate) fn length(&mut self, positional: Vec<Given>, default: Option<Unit>) -> Option<TokenStream> {
        let mut positional = positional.into_iter();
        let (first, unit) = (positional.next(), positional.next());
        self.none(positional.as_slice());
        match (first, unit) {
            (None, _) => {
                self.lacks("a length of time");
                None
            }
            (Some(Given::Flawed), _) | (_, Some(Given::Flawed)) => None,
            (Some(Given::Word(word)), _) => {
                let example = self.form.example;
                let sentence = if self.form.words.iter().any(|unit| word == unit) {
                    format!("a number comes before `{word}`; write for example `{example}`")
                } else {
                    format!("`{word}` is not a literal; write for example `{example}`")
                };
                self.complaints.at(word, sentence);
                None
            }
            (Some(Given::Value(value)), unit) => {
                let micros = self.amount(&value, unit.as_ref(), default)?.get();
                Some(quote!(::core::time::Duration::from_micros(#micros)))
            }
        }
    }

    fn amount(&mut self, value: &Value, unit: Option<&Given>, default: Option<Unit>) -> Option<Micros> {
        if let Literal::Text(text) = &value.literal {
            if let Some(unit) = unit {
                self.unexpected(unit, "a text has its unit within, as in `\"1h 30m\"`");
            }
            return self.complaints.note(text.parse().map_err(|wrong| at_value(value, wrong)));
        }
        let unit = match unit {
            Some(Given::Word(word)) => {
                let unit = word.to_string().parse::<Unit>().map_err(|wrong| {
                    match self.form.nearest_word(&word.to_string()) {
                        Some(meant) => Error::new_spanned(
                            word,
                            format!("`{word}` is not a unit of time; did you mean `{meant}`?"),
                        ),
                        None => Error::new_spanned(word, wrong),
                    }
                });
                self.complaints.note(unit)
            }
            Some(other) => {
                self.unexpected(
                    other,
                    "write the unit here, `seconds`, `minutes`, `hours` or `days`, without quotes",
                );
                None
            }
            None if default.is_some() => default,
            None => {
                let written = value.written();
                let sentence = format!("`{written}` has no unit; write for example `{written}, seconds`");
                self.complaints.at(&value.tokens, sentence);
                None
            }
        };
        match value.literal {
            Literal::Whole(number) => {
                let length = Micros::of_whole(number, unit?);
                self.complaints.note(length.map_err(|wrong| at_value(value, wrong)))
            }
            Literal::Fraction(number) => {
                let length = Micros::of_fraction(number, unit?);
                self.complaints.note(length.map_err(|wrong| at_value(value, wrong)))
            }
            _ => {
                let (written, example) = (value.written(), self.form.example);
                let sentence = format!("`{written}` is not a length of time; write for example `{example}`");
                self.complaints.at(&value.tokens, sentence);
                None
            }
        }
    }

    pub(crate) fn days_of_week(&mut self, positional: Vec<Given>) -> Option<DaysOfWeek> {
        if positional.is_empty() {
            self.complaints.push(Error::new(self.whole, ScheduleError::NoDays));
            return None;
        }
        let mut all = Some(DaysOfWeek::default());
        for day in positional {
            let named = match &day {
                Given::Word(word) => {
                    let days = DaysOfWeek::named(&word.to_string());
                    self.complaints.note(days.map_err(|wrong| Error::new_spanned(word, wrong)))
                }
                Given::Value(value) => {
                    let sentence = match value.text().map(DaysOfWeek::named) {
                        Some(Ok(_)) => format!("`{}` is a text; write it without quotes", value.written()),
                        Some(Err(wrong)) => wrong.to_string(),
                        None => format!(
                            "`{}` is not a day of the week; write days such as `monday`, or `weekdays`",
                            value.written()
                        ),
                    };
                    self.complaints.at(&value.tokens, sentence);
                    None
                }
                Given::Flawed => None,
            };
            if let (Some(before), Some(named), Given::Word(word)) = (all, named, &day)
                && before.bits() & named.bits() != 0
            {
                self.complaints.at(word, format!("`{word}` is already among the days before it; remove it"));
            }
            all = all.and_then(|before| Some(before.and(named?)));
        }
        all
    }

    pub(crate) fn day_of_month(&mut self, positional: Vec<Given>) -> Option<DayOfMonth> {
        let mut positional = positional.into_iter();
        let first = positional.next();
        for other in positional {
            self.unexpected(&other, "a monthly schedule has one day; write another `#[monthly(…)]` for it");
        }
        let (tokens, wrong) = match first {
            None => {
                self.lacks("a day");
                return None;
            }
            Some(Given::Flawed) => return None,
            Some(Given::Word(word)) if word == DayOfMonth::LAST => return Some(DayOfMonth::Last),
            Some(Given::Word(word)) => (word.to_token_stream(), word.to_string()),
            Some(Given::Value(value)) => match value.literal {
                Literal::Whole(number) => {
                    return self.complaints.note(DayOfMonth::new(number).map_err(|_| {
                        Error::new_spanned(
                            &value.tokens,
                            format!("`{number}` is not a day of the month; write 1 to 31, or `last`"),
                        )
                    }));
                }
                _ if value.text() == Some(DayOfMonth::LAST) => {
                    self.complaints.at(&value.tokens, "`\"last\"` is a text; write it without quotes");
                    return None;
                }
                _ => (value.tokens.clone(), value.written()),
            },
        };
        self.complaints.at(tokens, format!("`{wrong}` is not a day of the month; write 1 to 31, or `last`"));
        None
    }

    /// The only argument of `cron` and `at`.
    pub(crate) fn one_text(
        &mut self,
        positional: Vec<Given>,
        what: &str,
        check: impl FnOnce(&str) -> Result<(), ScheduleError>,
    ) -> Option<String> {
        let mut positional = positional.into_iter();
        let first = positional.next();
        self.none(positional.as_slice());
        match first {
            None => {
                self.lacks(what);
                None
            }
            Some(Given::Flawed) => None,
            Some(Given::Word(word)) => {
                let sentence =
                    format!("`{word}` is not a literal; write for example `{}`", self.form.example);
                self.complaints.at(word, sentence);
                None
            }
            Some(Given::Value(value)) => {
                let example = self.form.example;
                self.checked(&value, example, check)
            }
        }
    }

    pub(crate) fn clock_time(&mut self) -> Option<String> {
        self.clock(|text| text.parse::<ClockTime>().map(drop))
    }

    pub(crate) fn clock(&mut self, check: impl FnOnce(&str) -> Result<(), ScheduleError>) -> Option<String> {
        let example = self.form.at.unwrap_or_default();
        match self.at.take() {
            Some(Given::Value(value)) => self.checked(&value, example, check),
            Some(Given::Word(_) | Given::Flawed) => None,
            None => {
                self.lacks("a time");
                None
            }
        }
    }

    fn checked(
        &mut self,
        value: &Value,
        example: &str,
        check: impl FnOnce(&str) -> Result<(), ScheduleError>,
    ) -> Option<String> {
        let Some(text) = value.text() else {
            let sentence = format!("`{}` is not a text; write for example `{example}`", value.written());
            self.complaints.at(&value.tokens, sentence);
            return None;
        };
        self.complaints.note(check(text).map_err(|wrong| at_value(value, wrong)))?;
        Some(text.to_owned())
    }

    fn lacks(&mut self, what: &str) {
        let (name, example) = (self.form.name, self.form.example);
        let sentence = format!("`{name}` needs {what}; write for example `{example}`");
        self.complaints.push(Error::new(self.whole, sentence));
    }

    /// Complains about arguments that only `at` can give.
    pub(crate) fn unnamed(&mut self, surplus: &[Given]) {
        if let (None, [Given::Value(value)]) = (&self.at, surplus) {
            let example = self.form.at.unwrap_or_default();
            let sentence = format!("`{}` has no name; write for example `{example}`", value.written());
            self.complaints.at(&value.tokens, sentence);
            self.at = Some(Given::Flawed);
        } else {
            self.none(surplus);
        }
    }

    fn none(&mut self, surplus: &[Given]) {
        for argument in surplus {
            let right = format!("write for example `{}`", self.form.example);
            self.unexpected(argument, &right);
        }
    }

    pub(crate) fn unexpected(&mut self, argument: &Given, right: &str) {
        match argument {
            Given::Word(word) => self.complaints.at(word, format!("unexpected `{word}`; {right}")),
            Given::Value(value) => {
                self.complaints.at(&value.tokens, format!("unexpected `{}`; {right}", value.written()));
            }
            Given::Flawed => {}
        }
    }
}

fn at_value(value: &Value, wrong: ScheduleError) -> Error {
    Error::new_spanned(&value.tokens, wrong)
}
