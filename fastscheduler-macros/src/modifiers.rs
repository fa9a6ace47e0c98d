//! The arguments that every attribute takes, whatever its schedule.

use proc_macro2::{Group, Ident, TokenStream};
use quote::{ToTokens as _, format_ident, quote};
use syn::ext::IdentExt as _;
use syn::parse::{Parse as _, Parser as _};
use syn::{Error, ExprPath, Path};

use crate::args::{Argument, split};
use crate::complaints::Complaints;
use crate::given::{Given, Operand, Written};
use crate::literal::{ANY_VALUE, Value};
use crate::text::{WindowEdge, check_factor, check_share, nearest};

/// An argument that every attribute takes.
struct Modifier {
    name: &'static str,
    /// How it is written.
    example: &'static str,
    form: Form,
}

/// What a modifier is, and so how it is read.
enum Form {
    /// `name = value`, which becomes a call of the setter of that name.
    Setter(fn(&Given) -> syn::Result<Operand>),
    /// `module = "…"`
    Module,
    /// `name = path`
    Path,
    /// `name(…)`
    List,
    /// A bare word, which becomes a call of the setter of that name.
    Word,
}

/// The modifiers: to add one that is a setter of `JobSettings`, add a row.
const MODIFIERS: [Modifier; 23] = [
    setter("name", "name = \"nightly report\"", Given::label),
    setter("group", "group = \"reports\"", Given::label),
    setter("tz", "tz = \"Europe/London\"", Given::zone),
    setter("retries", "retries = 3", Given::retries),
    Modifier { name: "retry_if", example: "retry_if = is_transient", form: Form::Path },
    setter("retry_delay", "retry_delay = \"5s\"", Given::wait),
    setter("retry_max_delay", "retry_max_delay = \"10m\"", Given::wait),
    setter("retry_factor", "retry_factor = 1.5", |given| given.number(check_factor)),
    setter("retry_jitter", "retry_jitter = 0.2", |given| given.number(check_share)),
    setter("timeout", "timeout = \"30s\"", Given::length),
    setter("catch_up", "catch_up = \"once\"", |given| {
        given.choice("CatchUp", &[("once", "Once"), ("all", "All"), ("none", "None")])
    }),
    Modifier { name: "no_catch_up", example: "no_catch_up", form: Form::Word },
    setter("overlap", "overlap = \"skip\"", |given| {
        let choices = [("skip", "Skip"), ("queue", "Queue"), ("allow", "Allow"), ("cancel", "Cancel")];
        given.choice("Overlap", &choices)
    }),
    setter("jitter", "jitter = \"10s\"", Given::length),
    setter("gap", "gap = \"next\"", |given| {
        given.choice("Gap", &[("next", "Next"), ("skip", "Skip"), ("shift", "Shift")])
    }),
    setter("fold", "fold = \"first\"", |given| {
        given.choice("Fold", &[("first", "First"), ("second", "Second"), ("both", "Both")])
    }),
    setter("from", "from = \"2027-01-01\"", Given::window_edge),
    setter("until", "until = \"2027-06-30 18:00:00\"", Given::window_edge),
    setter("enabled", "enabled = false", Given::truth),
    Modifier { name: "args", example: "args(\"a\", 1)", form: Form::List },
    Modifier { name: "kwargs", example: "kwargs(priority = \"high\")", form: Form::List },
    Modifier { name: "module", example: "module = \"dev.test_app\"", form: Form::Module },
    Modifier { name: "crate", example: "crate = my_crate::fastscheduler", form: Form::Path },
];

const fn setter(
    name: &'static str,
    example: &'static str,
    read: fn(&Given) -> syn::Result<Operand>,
) -> Modifier {
    Modifier { name, example, form: Form::Setter(read) }
}

/// A call of a setter of `JobSettings`.
pub(crate) struct Call {
    setter: Ident,
    argument: Operand,
}

impl Call {
    fn new(name: &str, argument: Operand) -> Self {
        Self { setter: format_ident!("{name}"), argument }
    }

    /// The call, after the settings. `private` is the path of what it names.
    pub(crate) fn tokens(&self, private: &TokenStream) -> TokenStream {
        let setter = &self.setter;
        match &self.argument {
            Operand::Nothing => quote!(.#setter()),
            Operand::Tokens(argument) => quote!(.#setter(#argument)),
            Operand::Variant(ty, variant) => {
                let (ty, variant) = (format_ident!("{ty}"), format_ident!("{variant}"));
                quote!(.#setter(#private::#ty::#variant))
            }
        }
    }
}

/// The modifiers that were written and right.
#[derive(Default)]
pub(crate) struct Modifiers {
    /// The setters they call, in the order of the source.
    pub(crate) calls: Vec<Call>,
    pub(crate) name: Option<Written>,
    pub(crate) from: Option<Written>,
    pub(crate) until: Option<Written>,
    pub(crate) args: Vec<Value>,
    pub(crate) kwargs: Vec<(Ident, Value)>,
    /// Arguments for the function were given but could not be read, so that
    /// nothing can be said of how they fit its parameters.
    pub(crate) has_unknown_values: bool,
    pub(crate) retry_if: Option<ExprPath>,
    pub(crate) module: Option<Written>,
    pub(crate) krate: Option<Path>,
}

/// The names of all modifiers.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    MODIFIERS.iter().map(|modifier| modifier.name)
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
    named(name).map(|modifier| modifier.example)
}

fn named(name: &str) -> Option<&'static Modifier> {
    MODIFIERS.iter().find(|modifier| modifier.name == name)
}

impl Modifiers {
    /// Takes `name = value`; `name` is one of [`names`].
    pub(crate) fn set(&mut self, name: &Ident, tokens: TokenStream) -> syn::Result<()> {
        let shown = name.unraw().to_string();
        let Some(Modifier { name: known, example, form }) = named(&shown) else { return Ok(()) };
        let value = |tokens| Value::read(tokens, &format!("write for example `{example}`"));
        match form {
            Form::Path if shown == "crate" => self.krate = Some(crate_path(tokens, example)?),
            Form::Path => self.retry_if = Some(function_path(tokens, example)?),
            Form::List | Form::Word => {
                self.has_unknown_values |= matches!(form, Form::List);
                return Err(Error::new_spanned(name, format!("`{shown}` takes no `=`; write `{example}`")));
            }
            Form::Module => {
                let given = Given { name: known, example, value: value(tokens)? };
                given.label()?;
                self.module = Some(given.written()?);
            }
            Form::Setter(read) => {
                let given = Given { name: known, example, value: value(tokens)? };
                self.calls.push(Call::new(known, read(&given)?));
                match *known {
                    "name" => self.name = Some(given.written()?),
                    "from" => self.from = Some(given.written()?),
                    "until" => self.until = Some(given.written()?),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Complains about a first and a last date that no schedule, or not this one, can
    /// have.
    pub(crate) fn check_window(&self, is_repeating: bool, complaints: &mut Complaints) {
        for (name, edge) in [("from", &self.from), ("until", &self.until)] {
            if let Some(edge) = edge.as_ref().filter(|_| !is_repeating) {
                complaints.at(&edge.tokens, format!("`{name}` is for schedules that repeat; remove it"));
            }
        }
        let (Some(from), Some(until)) = (&self.from, &self.until) else { return };
        if let (Ok(first), Ok(last)) = (from.text.parse::<WindowEdge>(), until.text.parse::<WindowEdge>())
            && first.is_surely_after(last)
        {
            let sentence = format!("`until` is before `from`; write a date that is not before `{first}`");
            complaints.at(&until.tokens, sentence);
        }
    }

    /// Takes a bare word, if it is a modifier without a value.
    pub(crate) fn set_word(&mut self, name: &Ident) {
        self.calls.push(Call::new(&name.unraw().to_string(), Operand::Nothing));
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

/// Whether a bare word is a modifier.
pub(crate) fn is_word(name: &Ident) -> bool {
    named(&name.to_string()).is_some_and(|modifier| matches!(modifier.form, Form::Word))
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
