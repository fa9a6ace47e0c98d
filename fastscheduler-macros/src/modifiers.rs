//! The arguments that every attribute takes, whatever its schedule.

use proc_macro2::{Group, Ident, TokenStream};
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::parse::{Parse as _, Parser as _};
use syn::{Error, ExprPath, Path};

use crate::args::{Argument, split};
use crate::complaints::Complaints;
use crate::literal::{ANY_VALUE, Literal, Value};
use crate::text::{Micros, ScheduleError, Unit, check_zone_name, nearest};

/// Each modifier, and how it is written.
const EXAMPLES: [(&str, &str); 17] = [
    ("name", "name = \"nightly report\""),
    ("group", "group = \"reports\""),
    ("tz", "tz = \"Europe/London\""),
    ("retries", "retries = 3"),
    ("retry_if", "retry_if = is_transient"),
    ("timeout", "timeout = \"30s\""),
    ("catch_up", "catch_up = \"once\""),
    ("no_catch_up", "no_catch_up"),
    ("overlap", "overlap = \"skip\""),
    ("jitter", "jitter = \"10s\""),
    ("gap", "gap = \"next\""),
    ("fold", "fold = \"first\""),
    ("enabled", "enabled = false"),
    ("args", "args(\"a\", 1)"),
    ("kwargs", "kwargs(priority = \"high\")"),
    ("module", "module = \"dev.test_app\""),
    ("crate", "crate = my_crate::fastscheduler"),
];

/// The longest name of a job, group or module, in characters.
const NAME_LIMIT: usize = 200;

/// A text that stands for a variant of an enum of the runtime.
type Choices = &'static [(&'static str, &'static str)];

const CATCH_UP: Choices = &[("once", "Once"), ("all", "All"), ("none", "None")];
const OVERLAP: Choices = &[("skip", "Skip"), ("queue", "Queue"), ("allow", "Allow"), ("cancel", "Cancel")];
const GAP: Choices = &[("next", "Next"), ("skip", "Skip"), ("shift", "Shift")];
const FOLD: Choices = &[("first", "First"), ("second", "Second"), ("both", "Both")];

/// The modifiers that were written and right.
#[derive(Default)]
pub(crate) struct Modifiers {
    pub(crate) name: Option<Written>,
    pub(crate) group: Option<Written>,
    pub(crate) zone: Option<Written>,
    pub(crate) retries: Option<u32>,
    pub(crate) retry_if: Option<ExprPath>,
    pub(crate) timeout: Option<Micros>,
    pub(crate) catch_up: Option<&'static str>,
    pub(crate) overlap: Option<&'static str>,
    pub(crate) jitter: Option<Micros>,
    pub(crate) gap: Option<&'static str>,
    pub(crate) fold: Option<&'static str>,
    pub(crate) is_disabled: bool,
    pub(crate) args: Vec<Value>,
    pub(crate) kwargs: Vec<(Ident, Value)>,
    /// Arguments for the function were given but could not be read, so that
    /// nothing can be said of how they fit its parameters.
    pub(crate) has_unknown_values: bool,
    pub(crate) module: Option<Written>,
    pub(crate) krate: Option<Path>,
}

/// A text and the tokens it was written with.
pub(crate) struct Written {
    pub(crate) text: String,
    pub(crate) tokens: TokenStream,
}

/// The names of all modifiers.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    EXAMPLES.iter().map(|(name, _)| *name)
}

/// The argument that was probably meant, by its letters or by its meaning.
pub(crate) fn meant(word: &str, others: &[&'static str]) -> Option<&'static str> {
    match word {
        "timezone" | "time_zone" | "zone" => Some("tz"),
        "max_retries" => Some("retries"),
        "disabled" => Some("enabled"),
        _ => nearest(word, names().chain(others.iter().copied())),
    }
}

/// How the modifier is written, if there is one of that name.
pub(crate) fn example(name: &str) -> Option<&'static str> {
    EXAMPLES.iter().find(|(known, _)| *known == name).map(|(_, example)| *example)
}

impl Modifiers {
    /// Takes `name = value`; `name` is one of [`names`].
    pub(crate) fn set(&mut self, name: &Ident, tokens: TokenStream) -> syn::Result<()> {
        let shown = name.unraw().to_string();
        let example = example(&shown).unwrap_or_default();
        if shown == "crate" {
            self.krate = Some(crate_path(tokens, example)?);
            return Ok(());
        }
        if shown == "retry_if" {
            self.retry_if = Some(function_path(tokens, example)?);
            return Ok(());
        }
        if ["args", "kwargs", "no_catch_up"].contains(&shown.as_str()) {
            self.has_unknown_values |= shown != "no_catch_up";
            return Err(Error::new_spanned(name, format!("`{shown}` takes no `=`; write `{example}`")));
        }
        let value = Value::read(tokens, &format!("write for example `{example}`"))?;
        let not_this = || {
            let sentence =
                format!("`{shown}` cannot be `{}`; write for example `{example}`", value.written());
            Error::new_spanned(&value.tokens, sentence)
        };
        let text = || value.text().ok_or_else(not_this);
        match shown.as_str() {
            "name" => self.name = Some(label(&shown, text()?, &value)?),
            "group" => self.group = Some(label(&shown, text()?, &value)?),
            "module" => self.module = Some(label(&shown, text()?, &value)?),
            "tz" => {
                check_zone_name(text()?).map_err(|wrong| Error::new_spanned(&value.tokens, wrong))?;
                self.zone = Some(Written { text: text()?.to_owned(), tokens: value.tokens.clone() });
            }
            "retries" => self.retries = Some(retries(&value)?),
            "timeout" => self.timeout = Some(length(&value).ok_or_else(not_this)??),
            "jitter" => self.jitter = Some(length(&value).ok_or_else(not_this)??),
            "catch_up" => self.catch_up = Some(choice(text()?, CATCH_UP, &shown, &value)?),
            "overlap" => self.overlap = Some(choice(text()?, OVERLAP, &shown, &value)?),
            "gap" => self.gap = Some(choice(text()?, GAP, &shown, &value)?),
            "fold" => self.fold = Some(choice(text()?, FOLD, &shown, &value)?),
            _ => {
                let Literal::Truth(is_enabled) = value.literal else {
                    let sentence = format!("`{shown}` is `true` or `false`, not `{}`", value.written());
                    return Err(Error::new_spanned(&value.tokens, sentence));
                };
                self.is_disabled = !is_enabled;
            }
        }
        Ok(())
    }

    /// Takes `args(…)` or `kwargs(…)`; `name` is one of [`names`].
    pub(crate) fn set_list(&mut self, name: &Ident, list: &Group, complaints: &mut Complaints) {
        let before = complaints.count();
        match name.to_string().as_str() {
            "args" => {
                for item in split(list.stream()) {
                    self.args.extend(complaints.note(item.and_then(positional)));
                }
            }
            "kwargs" => {
                for item in split(list.stream()) {
                    if let Some((key, value)) = complaints.note(item.and_then(keyword)) {
                        if self.kwargs.iter().any(|(earlier, _)| *earlier == key) {
                            complaints.at(&key, format!("`{key}` is given twice; remove one"));
                        }
                        self.kwargs.push((key, value));
                    }
                }
            }
            _ => {
                let name = name.unraw();
                let right = example(&name.to_string()).unwrap_or_default();
                complaints.at(list, format!("`{name}` takes no parentheses; write `{right}`"));
                return;
            }
        }
        self.has_unknown_values |= complaints.count() > before;
    }
}

fn label(name: &str, text: &str, value: &Value) -> syn::Result<Written> {
    if text.trim().is_empty() {
        let sentence = format!("`{name}` is empty; leave it out, or write 1 to {NAME_LIMIT} characters");
        return Err(Error::new_spanned(&value.tokens, sentence));
    }
    let length = text.chars().count();
    if length > NAME_LIMIT {
        let sentence = format!("`{name}` has {length} characters; use at most {NAME_LIMIT}");
        return Err(Error::new_spanned(&value.tokens, sentence));
    }
    Ok(Written { text: text.to_owned(), tokens: value.tokens.clone() })
}

fn retries(value: &Value) -> syn::Result<u32> {
    let retries = match value.literal {
        Literal::Whole(number) => u32::try_from(number).ok(),
        _ => None,
    };
    retries.ok_or_else(|| {
        let (written, most) = (value.written(), u32::MAX);
        let sentence = format!("`retries` cannot be `{written}`; write a whole number from 0 to {most}");
        Error::new_spanned(&value.tokens, sentence)
    })
}

/// A text, or a number of seconds; `None` for anything else.
fn length(value: &Value) -> Option<syn::Result<Micros>> {
    let length: Result<Micros, ScheduleError> = match &value.literal {
        Literal::Text(text) => text.parse(),
        Literal::Whole(number) => Micros::of_whole(*number, Unit::Seconds),
        Literal::Fraction(number) => Micros::of_fraction(*number, Unit::Seconds),
        Literal::Truth(_) | Literal::Null | Literal::List(_) => return None,
    };
    Some(length.map_err(|wrong| Error::new_spanned(&value.tokens, wrong)))
}

fn choice(text: &str, choices: Choices, name: &str, value: &Value) -> syn::Result<&'static str> {
    if let Some((_, variant)) = choices.iter().find(|(word, _)| *word == text) {
        return Ok(variant);
    }
    let words: Vec<String> = choices.iter().map(|(word, _)| format!("`\"{word}\"`")).collect();
    let right = match nearest(text, choices.iter().map(|(word, _)| *word)) {
        Some(meant) => format!("did you mean `\"{meant}\"`?"),
        None => format!("write one of {}", words.join(", ")),
    };
    Err(Error::new_spanned(&value.tokens, format!("`{name}` cannot be `\"{text}\"`; {right}")))
}

fn crate_path(tokens: TokenStream, example: &str) -> syn::Result<Path> {
    Path::parse_mod_style.parse2(tokens.clone()).map_err(|_| {
        let sentence =
            format!("`crate` takes the path to fastscheduler, without quotes; write for example `{example}`");
        Error::new_spanned(tokens, sentence)
    })
}

fn function_path(tokens: TokenStream, example: &str) -> syn::Result<ExprPath> {
    ExprPath::parse.parse2(tokens.clone()).map_err(|_| {
        let sentence = format!(
            "`retry_if` takes the path of a function `fn(&E) -> bool`, without quotes; write for example `{example}`"
        );
        Error::new_spanned(tokens, sentence)
    })
}

fn positional(tokens: TokenStream) -> syn::Result<Value> {
    match Argument::read(tokens)? {
        Argument::Value(tokens) => Value::read(tokens, ANY_VALUE),
        Argument::Named(name, _) => {
            let sentence =
                format!("`args` goes by position; write `kwargs({name} = …)` to give `{name}` by name");
            Err(Error::new_spanned(name, sentence))
        }
        Argument::Word(name) => Value::read(name.into_token_stream(), ANY_VALUE),
        Argument::List(name, list) => {
            let mut tokens = name.into_token_stream();
            list.to_tokens(&mut tokens);
            Value::read(tokens, ANY_VALUE)
        }
    }
}

fn keyword(tokens: TokenStream) -> syn::Result<(Ident, Value)> {
    match Argument::read(tokens.clone())? {
        Argument::Named(name, value) => Ok((name.unraw(), Value::read(value, ANY_VALUE)?)),
        Argument::Word(_) | Argument::List(..) | Argument::Value(_) => Err(Error::new_spanned(
            tokens,
            "`kwargs` goes by name; write `kwargs(name = value)`, or use `args(…)`",
        )),
    }
}
