//! One attribute: what its arguments say.

use proc_macro2::{Ident, Span, TokenStream};
use syn::Meta;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use crate::args::{Argument, flattened, split};
use crate::complaints::Complaints;
use crate::kind::Kind;
use crate::literal::Value;
use crate::modifiers::{self, Modifiers};
use crate::schedule::{Given, Reader};

/// The modifiers that are about the function, not about a job.
const FOR_FUNCTIONS: [&str; 3] = ["retry_if", "module", "crate"];

/// One attribute of a function, as far as it could be read.
pub(crate) struct Attribute {
    pub(crate) kind: Kind,
    pub(crate) place: Place,
    /// The builder that says it, after the path of builders.
    pub(crate) schedule: Option<TokenStream>,
    pub(crate) modifiers: Modifiers,
}

/// The position of an attribute. It puts attributes of one function that expand
/// one by one into source order.
pub(crate) struct Place {
    /// The span of its first argument. The attribute's own span will not do: only
    /// the outermost attribute has one, and others have that of a whole `cfg_attr`.
    pub(crate) span: Span,
    /// How many of the function's attributes come after it. A macro may have
    /// written several at one position.
    pub(crate) below: usize,
}

impl Attribute {
    /// Reads what stands between the parentheses. `whole` is the place of
    /// complaints about what does not stand there.
    pub(crate) fn read(kind: Kind, whole: Span, arguments: TokenStream, complaints: &mut Complaints) -> Self {
        let mut draft = Draft::new(kind);
        let first = flattened(arguments.clone()).into_iter().next();
        let place = Place { span: first.map_or(whole, |token| token.span()), below: 0 };
        for argument in split(arguments) {
            let Some(tokens) = complaints.note(argument) else { continue };
            let first = tokens.clone().into_iter().next();
            match complaints.note(Argument::read(tokens)) {
                Some(argument) => draft.take(argument, complaints),
                None => draft.take_flawed(&first.map(|token| token.to_string()).unwrap_or_default()),
            }
        }
        let Draft { modifiers, positional, at, .. } = draft;
        modifiers.check_window(kind.repeats(), complaints);
        let schedule = kind.read(Reader { form: kind.form(), whole, at, complaints }, positional);
        Self { kind, place, schedule, modifiers }
    }

    pub(crate) fn read_sibling(kind: Kind, meta: &Meta, complaints: &mut Complaints) -> Option<Self> {
        let arguments = match meta {
            Meta::Path(_) => TokenStream::new(),
            Meta::List(list) => list.tokens.clone(),
            Meta::NameValue(_) => {
                complaints.at(
                    meta,
                    format!("`{}` takes no `=`; write for example `{}`", kind.name(), kind.example()),
                );
                return None;
            }
        };
        Some(Self::read(kind, meta.path().span(), arguments, complaints))
    }
}

/// What the arguments of an attribute have said so far.
struct Draft {
    kind: Kind,
    modifiers: Modifiers,
    positional: Vec<Given>,
    at: Option<Given>,
    /// The names that were given.
    names: Vec<String>,
}

impl Draft {
    fn new(kind: Kind) -> Self {
        Self { kind, modifiers: Modifiers::default(), positional: Vec::new(), at: None, names: Vec::new() }
    }

    fn take(&mut self, argument: Argument, complaints: &mut Complaints) {
        match argument {
            Argument::Named(name, value) if name == "at" && self.kind.at().is_some() => {
                if self.is_first(&name, complaints) {
                    let example = self.kind.at().unwrap_or_default();
                    self.at = Some(given(value, example, complaints));
                }
            }
            Argument::Named(name, _) if meant(self.kind, &name.to_string()) == Some("at") => {
                complaints.at(&name, format!("unknown argument `{name}`; did you mean `at`?"));
                self.at = Some(Given::Flawed);
            }
            Argument::Named(name, value) => {
                if is_modifier(self.kind, &name, complaints) && self.is_first(&name, complaints) {
                    complaints.note(self.modifiers.set(&name, value));
                }
            }
            Argument::List(name, list) => {
                if !is_modifier(self.kind, &name, complaints) {
                    self.modifiers.has_unknown_values = true;
                } else if self.is_first(&name, complaints) {
                    self.modifiers.set_list(&name, &list, complaints);
                }
            }
            Argument::Word(word) if modifiers::is_word(&word) => {
                if is_modifier(self.kind, &word, complaints) && self.is_first(&word, complaints) {
                    self.modifiers.set_word(&word);
                }
            }
            Argument::Word(word) => match misplaced(self.kind, &word) {
                Some(sentence) => {
                    complaints.at(&word, sentence);
                    if word == "at" {
                        self.at = Some(Given::Flawed);
                    }
                }
                None => self.positional.push(Given::Word(word)),
            },
            Argument::Value(value) => self.positional.push(given(value, self.kind.example(), complaints)),
        }
    }

    /// Takes an argument that could not be read, by its first word, so that
    /// nobody complains that it is missing.
    fn take_flawed(&mut self, first: &str) {
        if first == "at" {
            self.at = Some(Given::Flawed);
        } else if modifiers::example(first).is_none() {
            self.positional.push(Given::Flawed);
        }
    }

    /// Whether the argument was not given before; complains if it was.
    fn is_first(&mut self, name: &Ident, complaints: &mut Complaints) -> bool {
        let shown = name.unraw().to_string();
        if self.names.contains(&shown) {
            complaints.at(name, format!("`{shown}` is given twice; remove one"));
            return false;
        }
        let is_catch_up = |name: &str| name == "catch_up" || name == "no_catch_up";
        if is_catch_up(&shown) && self.names.iter().any(|name| is_catch_up(name)) {
            complaints.at(name, "`no_catch_up` means `catch_up = \"none\"`; remove it, or `catch_up`");
            return false;
        }
        self.names.push(shown);
        true
    }
}

fn given(value: TokenStream, example: &str, complaints: &mut Complaints) -> Given {
    let value = Value::read(value, &format!("write for example `{example}`"));
    complaints.note(value).map_or(Given::Flawed, Given::Value)
}

/// Whether the attribute takes a modifier of that name; complains if not.
fn is_modifier(kind: Kind, name: &Ident, complaints: &mut Complaints) -> bool {
    let shown = name.unraw().to_string();
    let is_known = modifiers::names().any(|known| known == shown);
    if is_known && (kind != Kind::Job || FOR_FUNCTIONS.contains(&shown.as_str())) {
        return true;
    }
    let sentence = if is_known {
        format!("`job` registers the function only and takes no `{shown}`; set it where you add a job")
    } else if shown == "at" && kind != Kind::Job {
        let (kind, example) = (kind.name(), kind.example());
        format!("`{kind}` takes no `at`; write for example `{example}`, or use `daily` for a time of day")
    } else if let Some(meant) = meant(kind, &shown) {
        format!("unknown argument `{shown}`; did you mean `{meant}`?")
    } else {
        let known = modifiers::names().filter(|name| kind != Kind::Job || FOR_FUNCTIONS.contains(name));
        let known = kind.at().map(|_| "at").into_iter().chain(known);
        let known: Vec<String> = known.map(|name| format!("`{name}`")).collect();
        format!("unknown argument `{shown}`; `{}` takes {}", kind.name(), known.join(", "))
    };
    complaints.at(name, sentence);
    false
}

/// The argument with a name that was probably meant.
fn meant(kind: Kind, word: &str) -> Option<&'static str> {
    modifiers::meant(word, if kind.at().is_some() { &["at"] } else { &[] })
}

/// What is wrong with a bare word that does not belong to the schedule.
fn misplaced(kind: Kind, word: &Ident) -> Option<String> {
    let shown = word.unraw().to_string();
    if kind.form().words.contains(&shown.as_str()) {
        return None;
    }
    if let Some(example) = modifiers::example(&shown) {
        return Some(format!("`{shown}` has no value; write for example `{example}`"));
    }
    match kind.at() {
        Some(example) if shown == "at" => Some(format!("`at` has no value; write for example `{example}`")),
        _ if kind.form().nearest_word(&shown).is_some() => None,
        _ => modifiers::meant(&shown, &[])
            .map(|meant| format!("unknown argument `{shown}`; did you mean `{meant}`?")),
    }
}
