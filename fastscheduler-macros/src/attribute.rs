//! From an attribute and its item to what the compiler gets back.
//!
//! The outermost attribute of a function takes its siblings with it, so that
//! a function with several attributes is registered once, with several jobs.
//! A sibling it cannot recognise (renamed, or under `cfg_attr`) is expanded
//! after it, by itself; the runtime merges what comes from one file and line.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::spanned::Spanned as _;
use syn::{Error, Meta, Path};

use crate::args::{Argument, split};
use crate::complaints::Complaints;
use crate::expand::registration;
use crate::function::Function;
use crate::kind::Kind;
use crate::literal::Value;
use crate::modifiers::{self, Modifiers, Written};
use crate::schedule::{Given, Reader, Schedule};
use crate::text::nearest;
use crate::values;

/// One attribute of a function, as far as it could be read.
pub(crate) struct Attribute {
    pub(crate) kind: Kind,
    pub(crate) schedule: Option<Schedule>,
    pub(crate) modifiers: Modifiers,
}

/// What the attribute `kind` makes of `item`.
pub(crate) fn expand(kind: Kind, arguments: TokenStream, item: &TokenStream) -> TokenStream {
    let mut complaints = Complaints::default();
    let outermost = Attribute::read(kind, Span::call_site(), arguments, &mut complaints);
    let (mut attributes, rest) = match take_outer.parse2(item.clone()) {
        Ok(parts) => parts,
        Err(mistake) => {
            let mistake = mistake.into_compile_error();
            return quote!(#item #mistake);
        }
    };
    let krate = outermost.modifiers.krate.clone();
    let mut all = vec![outermost];
    attributes.retain(|attribute| match sibling(attribute.path(), krate.as_ref()) {
        Some(kind) => {
            all.extend(Attribute::read_sibling(kind, &attribute.meta, &mut complaints));
            false
        }
        None => true,
    });
    let function = Function::read(kind, &attributes, &rest, &mut complaints);
    if let Some(function) = &function {
        for attribute in &all {
            values::check(function, attribute, &mut complaints);
        }
    }
    disagreements(&all, &mut complaints);
    let added = match (complaints.into_compile_errors(), function) {
        (Some(errors), _) => errors,
        (None, Some(function)) => registration(&function, &all),
        (None, None) => TokenStream::new(),
    };
    quote!(#(#attributes)* #rest #added)
}

impl Attribute {
    /// Reads what stands between the parentheses. `whole` is the place of
    /// complaints about what does not stand there.
    fn read(kind: Kind, whole: Span, arguments: TokenStream, complaints: &mut Complaints) -> Self {
        let mut modifiers = Modifiers::default();
        let mut positional = Vec::new();
        let mut at = None;
        let mut seen: Vec<String> = Vec::new();
        let mut is_first = |name: &Ident, complaints: &mut Complaints| {
            let shown = name.unraw().to_string();
            let is_first = !seen.contains(&shown);
            if is_first {
                seen.push(shown);
            } else {
                complaints.at(name, format!("`{shown}` is given twice; remove one"));
            }
            is_first
        };
        for argument in split(arguments) {
            let Some(argument) = complaints.note(argument.and_then(Argument::read)) else {
                positional.push(Given::Flawed);
                continue;
            };
            match argument {
                Argument::Named(name, value) if name == "at" && kind.at().is_some() => {
                    if is_first(&name, complaints) {
                        at = Some(complaints.note(Value::read(value)).map_or(Given::Flawed, Given::Value));
                    }
                }
                Argument::Named(name, value) => {
                    if is_modifier(kind, &name, complaints) && is_first(&name, complaints) {
                        complaints.note(modifiers.set(&name, value));
                    }
                }
                Argument::List(name, list) => {
                    if !is_modifier(kind, &name, complaints) {
                        modifiers.has_unknown_values = true;
                    } else if is_first(&name, complaints) {
                        modifiers.set_list(&name, &list, complaints);
                    }
                }
                Argument::Word(word) if word == "no_catch_up" => {
                    if is_modifier(kind, &word, complaints) && is_first(&word, complaints) {
                        if modifiers.catch_up.is_some() {
                            complaints.at(word, "`catch_up` is given already, and `no_catch_up` is the same as `catch_up = \"none\"`; remove one");
                        }
                        modifiers.catch_up = Some("None");
                    }
                }
                Argument::Word(word) => match misplaced(kind, &word) {
                    Some(sentence) => complaints.at(word, sentence),
                    None => positional.push(Given::Word(word)),
                },
                Argument::Value(value) => {
                    positional.push(complaints.note(Value::read(value)).map_or(Given::Flawed, Given::Value));
                }
            }
        }
        let schedule = Reader { kind, whole, positional, at, complaints }.read();
        Self { kind, schedule, modifiers }
    }

    fn read_sibling(kind: Kind, meta: &Meta, complaints: &mut Complaints) -> Option<Self> {
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

/// Whether the attribute takes a modifier of that name; complains if not.
fn is_modifier(kind: Kind, name: &Ident, complaints: &mut Complaints) -> bool {
    let shown = name.unraw().to_string();
    if modifiers::names().any(|known| known == shown) {
        if kind == Kind::Job && !["module", "crate"].contains(&shown.as_str()) {
            let sentence = format!(
                "`job` only registers the function and takes no `{shown}`, but for `module` and `crate`; \
                 give it to the job where you add it"
            );
            complaints.at(name, sentence);
            return false;
        }
        return true;
    }
    let known = modifiers::names().chain(kind.at().map(|_| "at"));
    let right = match nearest(&shown, known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if kind == Kind::Job => "`job` takes `module` and `crate`".to_owned(),
        None => {
            let names: Vec<String> = modifiers::names().map(|name| format!("`{name}`")).collect();
            format!("write for example `{}`, and any of {}", kind.example(), names.join(", "))
        }
    };
    complaints.at(name, format!("unknown argument `{shown}`; {right}"));
    false
}

/// What is wrong with a bare word that does not belong to the schedule.
fn misplaced(kind: Kind, word: &Ident) -> Option<String> {
    let shown = word.unraw().to_string();
    if kind.words().contains(&shown.as_str()) {
        return None;
    }
    if let Some(example) = modifiers::example(&shown) {
        return Some(format!("`{shown}` has no value; write for example `{example}`"));
    }
    match kind.at() {
        Some(example) if shown == "at" => Some(format!("`at` has no value; write for example `{example}`")),
        _ if kind.nearest_word(&shown).is_some() => None,
        _ => nearest(&shown, modifiers::names())
            .map(|meant| format!("unknown argument `{shown}`; did you mean `{meant}`?")),
    }
}

/// The attribute of ours that the path names, as far as one can tell.
fn sibling(path: &Path, krate: Option<&Path>) -> Option<Kind> {
    let kind = Kind::named(&path.segments.last()?.ident.to_string())?;
    let before = path.segments.iter().take(path.segments.len() - 1);
    let is_ours = before.clone().next().is_none_or(|first| first.ident == "fastscheduler")
        || krate.is_some_and(|krate| {
            krate.segments.iter().map(|s| &s.ident).eq(before.map(|segment| &segment.ident))
        });
    is_ours.then_some(kind)
}

/// Complains about attributes of one function that contradict one another.
fn disagreements(all: &[Attribute], complaints: &mut Complaints) {
    let of = |field: fn(&Modifiers) -> Option<&Written>| all.iter().filter_map(move |a| field(&a.modifiers));
    let mut names: Vec<&str> = Vec::new();
    for name in of(|modifiers| modifiers.name.as_ref()) {
        if names.contains(&name.text.as_str()) {
            let sentence =
                format!("two jobs of this function are named `{}`; give each its own name", name.text);
            complaints.at(&name.tokens, sentence);
        }
        names.push(&name.text);
    }
    let mut modules = of(|modifiers| modifiers.module.as_ref());
    if let Some(first) = modules.next() {
        for other in modules.filter(|other| other.text != first.text) {
            let sentence =
                format!("the function is already registered under `{}`; give `module` once", first.text);
            complaints.at(&other.tokens, sentence);
        }
    }
    let mut crates = all.iter().filter_map(|attribute| attribute.modifiers.krate.as_ref());
    if let Some(first) = crates.next() {
        let written = |path: &Path| path.to_token_stream().to_string();
        for other in crates.filter(|other| written(other) != written(first)) {
            complaints.at(other, format!("`crate` is already `{}`; give it once", written(first)));
        }
    }
}

fn take_outer(input: ParseStream<'_>) -> Result<(Vec<syn::Attribute>, TokenStream), Error> {
    Ok((input.call(syn::Attribute::parse_outer)?, input.parse()?))
}
