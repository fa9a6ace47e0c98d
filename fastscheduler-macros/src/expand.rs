//! From an attribute and its item to what the compiler gets back.
//!
//! The outermost attribute of a function takes its siblings with it, so that
//! a function with several attributes is registered once, with several jobs.
//! A sibling it cannot recognise (renamed, or under `cfg_attr`) is expanded
//! after it, by itself; the runtime merges what comes from one file and line.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser as _};
use syn::{Error, Path};

use crate::attribute::{Attribute, Place};
use crate::complaints::Complaints;
use crate::function::Function;
use crate::given::Written;
use crate::kind::Kind;
use crate::literal::written;
use crate::modifiers::Modifiers;
use crate::registration::registration;
use crate::values;

/// What the attribute `kind` makes of `item`.
pub(crate) fn expand(kind: Kind, arguments: TokenStream, item: &TokenStream) -> TokenStream {
    if arguments.to_string() == "__taken" {
        return TokenStream::new();
    }
    let mut complaints = Complaints::default();
    // The attribute's own place, but as if the user had written what complains
    // there: the compiler then adds no note on where the error originates.
    let user = item.clone().into_iter().next().map_or_else(Span::call_site, |token| token.span());
    let whole = Span::call_site().resolved_at(user);
    let mut outermost = Attribute::read(kind, whole, arguments, &mut complaints);
    let (mut attributes, rest) = match take_outer.parse2(item.clone()) {
        Ok(parts) => parts,
        Err(mistake) => {
            let mistake = mistake.into_compile_error();
            return quote!(#item #mistake);
        }
    };
    let krate = outermost.modifiers.krate.clone();
    outermost.place.below = attributes.len();
    let mut below = attributes.len();
    let mut all = vec![outermost];
    let mut taken = Vec::new();
    attributes.retain(|attribute| {
        below -= 1;
        let Some(kind) = sibling(attribute.path(), krate.as_ref()) else { return true };
        let sibling = Attribute::read_sibling(kind, &attribute.meta, &mut complaints);
        all.extend(sibling.map(|read| Attribute { place: Place { below, ..read.place }, ..read }));
        taken.push(attribute.path().clone());
        false
    });
    let function = Function::read(kind, &attributes, &rest, &mut complaints);
    if let Some(function) = &function {
        values::check(function, &all, &mut complaints);
        for retry_if in all.iter().filter_map(|attribute| attribute.modifiers.retry_if.as_ref()) {
            function.check_retry_if(retry_if, &mut complaints);
        }
    }
    disagreements(&all, &mut complaints);
    let added = match (complaints.into_compile_errors(), function) {
        (Some(errors), _) => errors,
        (None, Some(function)) => registration(&function, &all),
        (None, None) => TokenStream::new(),
    };
    // A sibling that was taken is still called, to leave nothing, so that its
    // name is resolved and its import used.
    let taken = taken.iter().map(|path| quote!(#[#path(__taken)] fn __taken() {}));
    quote!(#(#attributes)* #rest #added #(#taken)*)
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
    let crates = all.iter().filter_map(|attribute| attribute.modifiers.krate.as_ref());
    same("crate", crates, complaints);
    let predicates = all.iter().filter_map(|attribute| attribute.modifiers.retry_if.as_ref());
    same("retry_if", predicates, complaints);
}

/// Complains about paths that are not the same as the first.
fn same<'a, T: ToTokens + 'a>(
    name: &str,
    mut paths: impl Iterator<Item = &'a T>,
    complaints: &mut Complaints,
) {
    let Some(first) = paths.next() else { return };
    let text = |path: &T| path.to_token_stream().to_string();
    for other in paths.filter(|other| text(other) != text(first)) {
        complaints.at(other, format!("`{name}` is already `{}`; give it once", written(first)));
    }
}

fn take_outer(input: ParseStream<'_>) -> Result<(Vec<syn::Attribute>, TokenStream), Error> {
    Ok((input.call(syn::Attribute::parse_outer)?, input.parse()?))
}
