//! Whether the arguments of a job fit the parameters of its function.

use proc_macro2::Ident;
use syn::{GenericArgument, PathArguments, Type};

use crate::attribute::Attribute;
use crate::complaints::Complaints;
use crate::function::{Function, Parameter, Source, bare};
use crate::kind::Kind;
use crate::literal::{Literal, Value, json_list, json_text, written};
use crate::text::nearest;

/// The most that the arguments of a job may take as JSON, in bytes.
const SIZE_LIMIT: usize = 256 * 1024;

/// How deep each argument may be nested.
const DEPTH_LIMIT: usize = 100;

/// Complains about parameters without values, and values without parameters.
pub(crate) fn check(function: &Function, attributes: &[Attribute], complaints: &mut Complaints) {
    let jobs = attributes.iter().filter(|attribute| attribute.kind != Kind::Job);
    let jobs: Vec<&Attribute> = jobs.filter(|attribute| !attribute.modifiers.has_unknown_values).collect();
    for (position, parameter) in function.values().enumerate() {
        let is_without =
            |job: &&Attribute| job.modifiers.args.len() <= position && by_name(job, parameter).is_none();
        let mut without: Vec<&str> =
            jobs.iter().copied().filter(is_without).map(|job| job.kind.name()).collect();
        without.dedup();
        if parameter.source == Source::Value && !parameter.is_flawed && !without.is_empty() {
            complaints.at(&parameter.tokens, missing(parameter, &without));
        }
    }
    for job in jobs {
        check_given(function, job, complaints);
    }
}

/// Complains about the values of one attribute.
fn check_given(function: &Function, job: &Attribute, complaints: &mut Complaints) {
    let (args, kwargs) = (&job.modifiers.args, &job.modifiers.kwargs);
    for (position, parameter) in function.values().enumerate() {
        let by_name = by_name(job, parameter);
        if let (Some(_), Some((name, _))) = (args.get(position), by_name) {
            complaints.at(name, format!("`{name}` is given by position too, in `args`; remove one"));
        }
        if let Some(value) = args.get(position).or(by_name.map(|(_, value)| value)) {
            fits(parameter, value, complaints);
        }
    }
    let taken = function.values().count();
    if let Some(surplus) = args.get(taken)
        && !function.takes(Source::Args)
    {
        let (name, count) = (&function.ident, args.len());
        let taken = match taken {
            0 => "no arguments".to_owned(),
            1 => "1 argument".to_owned(),
            _ => format!("{taken} arguments"),
        };
        let sentence =
            format!("`{name}` takes {taken}, and `args` has {count}; remove this, or add a parameter for it");
        complaints.at(&surplus.tokens, sentence);
    }
    for (name, _) in kwargs {
        if !function.takes(Source::Kwargs) && !function.values().any(|parameter| *name == parameter.name) {
            complaints.at(name, unknown(&name.to_string(), function));
        }
    }
    check_size(job, complaints);
    for value in args.iter().chain(kwargs.iter().map(|(_, value)| value)) {
        let depth = value.depth();
        if depth > DEPTH_LIMIT {
            let sentence = format!("this argument is nested {depth} deep; use at most {DEPTH_LIMIT}");
            complaints.at(&value.tokens, sentence);
        }
    }
}

fn by_name<'a>(job: &'a Attribute, parameter: &Parameter) -> Option<&'a (Ident, Value)> {
    job.modifiers.kwargs.iter().find(|(name, _)| *name == parameter.name)
}

/// The arguments as a JSON array and object, each if there are any.
pub(crate) fn json(attribute: &Attribute) -> (Option<String>, Option<String>) {
    let given = &attribute.modifiers;
    let args = (!given.args.is_empty()).then(|| json_list(&given.args));
    let kwargs = (!given.kwargs.is_empty()).then(|| {
        let pairs = given
            .kwargs
            .iter()
            .map(|(name, value)| format!("{}:{}", json_text(&name.to_string()), value.json()));
        format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
    });
    (args, kwargs)
}

fn missing(parameter: &Parameter, without: &[&str]) -> String {
    let (last, before) = without.split_last().unwrap_or((&"", &[]));
    let (attributes, give) = match before {
        [] => (format!("`{last}`"), "gives"),
        _ => (format!("`{}` and `{last}`", before.join("`, `")), "give"),
    };
    let (name, ty) = (&parameter.name, written(&parameter.ty));
    if name.is_empty() {
        return format!(
            "{attributes} {give} no value for this parameter; add `args(…)`, or make it `Option<{ty}>`"
        );
    }
    format!(
        "{attributes} {give} no value for `{name}`; add `kwargs({name} = …)` or `args(…)`, or make it `Option<{ty}>`"
    )
}

fn unknown(name: &str, function: &Function) -> String {
    let own = &function.ident;
    if function.parameters.iter().any(|parameter| parameter.name == name) {
        return format!("`{name}` is filled in by the scheduler; remove it");
    }
    let names: Vec<&str> =
        function.values().map(|p| p.name.as_str()).filter(|name| !name.is_empty()).collect();
    let right = match nearest(name, names.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if names.is_empty() => "it takes no arguments by name".to_owned(),
        None => format!("it takes `{}`", names.join("`, `")),
    };
    format!("`{own}` has no parameter `{name}`; {right}")
}

fn check_size(attribute: &Attribute, complaints: &mut Complaints) {
    let (args, kwargs) = json(attribute);
    let size = args.map_or(0, |json| json.len()) + kwargs.map_or(0, |json| json.len());
    let values =
        attribute.modifiers.args.iter().chain(attribute.modifiers.kwargs.iter().map(|(_, value)| value));
    if size > SIZE_LIMIT
        && let Some(largest) = values.max_by_key(|value| value.json().len())
    {
        let sentence = format!("the arguments take {size} bytes as JSON; use at most {SIZE_LIMIT}");
        complaints.at(&largest.tokens, sentence);
    }
}

/// Complains about a value that its parameter's type cannot be read from, as
/// far as that can be told from the names of the types everyone knows.
fn fits(parameter: &Parameter, value: &Value, complaints: &mut Complaints) {
    if let Err((misfit, right)) = suits(&parameter.ty, value) {
        let parameter = written(&parameter.tokens);
        let sentence = format!("`{}` is no value for `{parameter}`; write {right}", misfit.written());
        complaints.at(&misfit.tokens, sentence);
    }
}

/// The value, or the part of it, that does not suit the type, and what would.
fn suits<'a>(ty: &Type, value: &'a Value) -> Result<(), (&'a Value, String)> {
    let Some((name, inner)) = well_known(ty) else { return Ok(()) };
    let (is_right, right) = match (name.as_str(), inner, &value.literal) {
        ("Option", Some(_), Literal::Null) => return Ok(()),
        ("Option", Some(inner), _) => return suits(inner, value),
        ("Vec", Some(inner), Literal::List(items)) => {
            return items.iter().try_for_each(|item| suits(inner, item));
        }
        ("Vec", Some(_), _) => (false, "a list `[…]`".to_owned()),
        ("String", None, literal) => (matches!(literal, Literal::Text(_)), "a text `\"…\"`".to_owned()),
        ("bool", None, literal) => (matches!(literal, Literal::Truth(_)), "`true` or `false`".to_owned()),
        ("f32" | "f64", None, literal) => {
            (matches!(literal, Literal::Whole(_) | Literal::Fraction(_)), "a number".to_owned())
        }
        (name, None, literal) => {
            let Some((least, most)) = range(name) else { return Ok(()) };
            let is_right = matches!(literal, Literal::Whole(number) if (least..=most).contains(number));
            (is_right, format!("a whole number from {least} to {most}"))
        }
        _ => return Ok(()),
    };
    if is_right { Ok(()) } else { Err((value, right)) }
}

/// The name and first type argument of a type that is written without a path,
/// or with one into the standard library.
fn well_known(ty: &Type) -> Option<(String, Option<&Type>)> {
    let Type::Path(path) = bare(ty) else { return None };
    let segments = &path.path.segments;
    let (first, last) = (segments.first()?, segments.last()?);
    if path.qself.is_some()
        || segments.len() > 1 && !["std", "core", "alloc"].iter().any(|std| first.ident == std)
    {
        return None;
    }
    let inner = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
            Some(GenericArgument::Type(inner)) => Some(inner),
            _ => return None,
        },
        PathArguments::None => None,
        PathArguments::Parenthesized(_) => return None,
    };
    Some((last.ident.to_string(), inner))
}

/// What an integer type holds.
fn range(name: &str) -> Option<(i128, i128)> {
    Some(match name {
        "u8" => (0, u8::MAX.into()),
        "u16" => (0, u16::MAX.into()),
        "u32" => (0, u32::MAX.into()),
        "u64" | "usize" => (0, u64::MAX.into()),
        "i8" => (i8::MIN.into(), i8::MAX.into()),
        "i16" => (i16::MIN.into(), i16::MAX.into()),
        "i32" => (i32::MIN.into(), i32::MAX.into()),
        "i64" | "isize" => (i64::MIN.into(), i64::MAX.into()),
        _ => return None,
    })
}
