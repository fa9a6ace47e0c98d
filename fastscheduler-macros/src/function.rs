//! The function under an attribute: what is needed to call it, and what a
//! scheduler could not call.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{
    Attribute, Expr, ExprPath, FnArg, GenericArgument, GenericParam, Lit, Meta, Pat, PatType, PathArguments,
    ReturnType, Safety, Signature, Type, Visibility,
};

use crate::args::{flattened, split};
use crate::complaints::Complaints;
use crate::kind::Kind;
use crate::literal::written;

/// What the runtime is told of a function.
pub(crate) struct Function {
    pub(crate) ident: Ident,
    pub(crate) is_async: bool,
    pub(crate) output: ReturnType,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) documentation: String,
    /// The conditions under which the function exists.
    pub(crate) conditions: Vec<TokenStream>,
}

/// One parameter of a function.
pub(crate) struct Parameter {
    /// Its name; empty if its pattern is not a name.
    pub(crate) name: String,
    pub(crate) source: Source,
    pub(crate) ty: Type,
    /// Its type is one that no parameter can have.
    pub(crate) is_flawed: bool,
    /// Name and type, for complaints.
    pub(crate) tokens: TokenStream,
}

/// Where the value of a parameter comes from, judged by the name of its type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// From the scheduler: `JobContext`, `State`.
    Scheduler,
    /// All of `args`.
    Args,
    /// All of `kwargs`.
    Kwargs,
    /// One argument, which may be absent.
    Optional,
    /// One argument.
    Value,
}

impl Function {
    /// Reads the function, its own attributes apart, and complains about what
    /// cannot be scheduled.
    pub(crate) fn read(
        kind: Kind,
        attributes: &[Attribute],
        item: &TokenStream,
        complaints: &mut Complaints,
    ) -> Option<Self> {
        let (signature, has_body) = match signature.parse2(item.clone()) {
            Ok(parts) => parts,
            Err(mistake) => {
                match noun(item) {
                    Some((token, noun)) => {
                        let name = kind.name();
                        complaints.at(
                            token,
                            format!("`{name}` goes on a function, and this is {noun}; put it on a `fn`"),
                        );
                    }
                    None => complaints.push(mistake),
                }
                return None;
            }
        };
        if !has_body {
            let sentence =
                format!("`{}` has no body; a job needs a function that can be called", signature.ident);
            complaints.at(&signature.ident, sentence);
        }
        callable(&signature, complaints);
        let parameters = signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(parameter) => Some(Parameter::read(parameter, complaints)),
            FnArg::Receiver(receiver) => {
                complaints.at(
                    receiver,
                    "a job is a free function; take `State<T>` instead of `self`, and move it out of the `impl`",
                );
                None
            }
        });
        Some(Self {
            parameters: parameters.collect(),
            ident: signature.ident,
            is_async: signature.asyncness.is_some(),
            output: signature.output,
            documentation: documentation(attributes),
            conditions: attributes.iter().filter_map(condition).collect(),
        })
    }

    /// The parameters that take one argument each, in order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|p| matches!(p.source, Source::Value | Source::Optional))
    }

    /// Complains about a predicate for errors if there are surely none.
    pub(crate) fn check_retry_if(&self, predicate: &ExprPath, complaints: &mut Complaints) {
        let returns_nothing = match &self.output {
            ReturnType::Default => true,
            ReturnType::Type(_, output) => {
                matches!(bare(output), Type::Tuple(tuple) if tuple.elems.is_empty())
            }
        };
        if returns_nothing {
            let sentence = "`retry_if` looks at the error of a `Result`, and this function returns nothing; \
                            return a `Result`, or remove `retry_if`";
            complaints.at(predicate, sentence);
        }
    }

    /// Whether a parameter has this source.
    pub(crate) fn takes(&self, source: Source) -> bool {
        self.parameters.iter().any(|parameter| parameter.source == source)
    }
}

impl Parameter {
    fn read(parameter: &PatType, complaints: &mut Complaints) -> Self {
        for attribute in &parameter.attrs {
            if attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr") {
                complaints.at(attribute, "a job's parameter cannot depend on `cfg`; put it on the function");
            }
        }
        let ty = bare(&parameter.ty);
        let before = complaints.count();
        unowned(ty, complaints);
        let pattern = &parameter.pat;
        Self {
            name: match &**pattern {
                Pat::Ident(pattern) => pattern.ident.unraw().to_string(),
                _ => String::new(),
            },
            source: source(ty),
            is_flawed: complaints.count() > before,
            ty: ty.clone(),
            tokens: {
                let ty = &parameter.ty;
                quote!(#pattern: #ty)
            },
        }
    }
}

/// The type without the parentheses, visible or not, that stand around it.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(group) => bare(&group.elem),
        _ => ty,
    }
}

fn source(ty: &Type) -> Source {
    let Type::Path(path) = ty else { return Source::Value };
    match path.path.segments.last().map(|segment| segment.ident.to_string()).as_deref() {
        Some("JobContext" | "State" | "JobState") => Source::Scheduler,
        Some("Args") => Source::Args,
        Some("Kwargs") => Source::Kwargs,
        Some("Option") => Source::Optional,
        _ => Source::Value,
    }
}

/// Complains about what keeps a function from being called by name.
fn callable(signature: &Signature, complaints: &mut Complaints) {
    for parameter in &signature.generics.params {
        let (what, right) = match parameter {
            GenericParam::Lifetime(_) => ("lifetime", "types that own what they hold"),
            GenericParam::Type(_) => ("type parameter", "the type itself"),
            GenericParam::Const(_) => ("const parameter", "the value itself"),
        };
        let name = match parameter {
            GenericParam::Lifetime(lifetime) => lifetime.lifetime.to_string(),
            GenericParam::Type(ty) => ty.ident.to_string(),
            GenericParam::Const(value) => value.ident.to_string(),
        };
        complaints.at(parameter, format!("a job's function cannot have the {what} `{name}`; write {right}"));
    }
    if let Safety::Unsafe(token) = &signature.safety {
        complaints.at(token, "a job's function cannot be `unsafe`; call the unsafe function from a safe one");
    }
    if let Some(variadic) = &signature.variadic {
        complaints
            .at(variadic, "a job's function cannot be variadic; take `Args` for any number of arguments");
    }
    if let ReturnType::Type(_, output) = &signature.output
        && let Type::ImplTrait(output) = bare(output)
        && output.bounds.to_token_stream().into_iter().any(|token| token.to_string() == "Future")
    {
        complaints.at(output, "a job's function does not return its future; write `async fn`");
    }
    if let ReturnType::Type(_, output) = &signature.output
        && let Type::Never(never) = bare(output)
    {
        complaints.at(never, "a job's function has to return; leave `-> !` out");
    }
}

/// Complains about references and `impl Trait` anywhere in the type.
fn unowned(ty: &Type, complaints: &mut Complaints) {
    match bare(ty) {
        Type::Reference(reference) => {
            let owned = match bare(&reference.elem) {
                Type::Slice(slice) => format!("Vec<{}>", written(&slice.elem)),
                other => match written(other).as_str() {
                    "str" => "String".to_owned(),
                    "Path" => "PathBuf".to_owned(),
                    "std::path::Path" => "std::path::PathBuf".to_owned(),
                    other => other.to_owned(),
                },
            };
            complaints.at(
                reference,
                format!(
                    "`{}` is borrowed, but a job's parameter owns its value; write `{owned}`",
                    written(reference)
                ),
            );
        }
        Type::ImplTrait(generic) => {
            complaints
                .at(generic, format!("`{}` leaves the type open; write the type itself", written(generic)));
        }
        Type::Slice(slice) => unowned(&slice.elem, complaints),
        Type::Array(array) => unowned(&array.elem, complaints),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|element| unowned(element, complaints)),
        Type::Path(path) => {
            for segment in &path.path.segments {
                if let PathArguments::AngleBracketed(arguments) = &segment.arguments {
                    for argument in &arguments.args {
                        if let GenericArgument::Type(ty) = argument {
                            unowned(ty, complaints);
                        }
                    }
                }
            }
        }
        _ => {}
    }
}

/// The doc comment's text, without the space that stands before each line.
fn documentation(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
            Expr::Lit(value) => match &value.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<String> = lines
        .flat_map(|block| {
            block
                .split('\n')
                .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    lines.join("\n").trim().to_owned()
}

/// The attribute, as far as it decides whether the function exists.
///
/// What is written below an attribute macro is not applied yet when it runs.
fn condition(attribute: &Attribute) -> Option<TokenStream> {
    if attribute.path().is_ident("cfg") {
        return Some(attribute.to_token_stream());
    }
    let Meta::List(list) = &attribute.meta else { return None };
    let mut parts = split(list.tokens.clone()).into_iter().flatten();
    let predicate = parts.next().filter(|_| attribute.path().is_ident("cfg_attr"))?;
    // The other attributes are the function's own.
    let starts_with_cfg = |part: &TokenStream| matches!(part.clone().into_iter().next(), Some(TokenTree::Ident(name)) if name == "cfg");
    let conditions: Vec<TokenStream> = parts.filter(starts_with_cfg).collect();
    (!conditions.is_empty()).then(|| quote!(#[cfg_attr(#predicate, #(#conditions),*)]))
}

/// The signature, and whether a body follows, which is left unread.
fn signature(input: ParseStream<'_>) -> syn::Result<(Signature, bool)> {
    input.parse::<Visibility>()?;
    let signature = input.parse()?;
    let rest: TokenStream = input.parse()?;
    // A body that a declarative macro passes on comes in an invisible group.
    let body = flattened(rest).into_iter().next();
    let has_body = matches!(body, Some(TokenTree::Group(body)) if body.delimiter() == Delimiter::Brace);
    Ok((signature, has_body))
}

/// What an item is that is not a function.
fn noun(item: &TokenStream) -> Option<(TokenTree, &'static str)> {
    item.clone().into_iter().find_map(|token| {
        let noun = match token.to_string().as_str() {
            "struct" => "a struct",
            "enum" => "an enum",
            "union" => "a union",
            "trait" => "a trait",
            "impl" => "an `impl` block",
            "mod" => "a module",
            "type" => "a type",
            "static" => "a static",
            "const" => "a constant",
            "use" => "an import",
            "extern" => "an `extern` item",
            "macro_rules" => "a macro",
            "let" => "a variable",
            "fn" => return Some(None),
            _ => return None,
        };
        Some(Some((token, noun)))
    })?
}
