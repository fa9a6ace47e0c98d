//! The constant that registers a function.
//!
//! It names things by full paths and calls nothing but `__private`, so that it
//! works wherever the function does: without a prelude, under
//! `forbid(unsafe_code)`, in a function's body, with the crate renamed.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{ExprPath, ReturnType};

use crate::attribute::Attribute;
use crate::function::Function;
use crate::literal::written;
use crate::values;

/// The constant for the function and the jobs of all its attributes.
pub(crate) fn registration(function: &Function, attributes: &[Attribute]) -> TokenStream {
    let krate = attributes.iter().find_map(|attribute| attribute.modifiers.krate.as_ref());
    let krate = krate.map_or_else(|| quote!(::fastscheduler), ToTokens::to_token_stream);
    let private = quote!(#krate::__private);
    let module = attributes.iter().find_map(|attribute| attribute.modifiers.module.as_ref());
    let module = module.map(|module| module.text.to_token_stream());
    let module = module.unwrap_or_else(|| quote!(::core::module_path!()));
    let name = function.ident.unraw().to_string();
    // Not `line!()`: an attribute that expands by itself must give the same.
    let (line, _) = line_and_column(function.ident.span());
    let documentation = &function.documentation;
    let conditions = &function.conditions;
    let parameters = parameters(function, &private);
    let retry_if = attributes.iter().find_map(|attribute| attribute.modifiers.retry_if.as_ref());
    let body = body(function, retry_if, &private);
    let retry_if = retry_if.map(written).map_or_else(
        || quote!(::core::option::Option::None),
        |path| quote!(::core::option::Option::Some(#path)),
    );
    let jobs = attributes.iter().filter_map(|attribute| declaration(attribute, &private));
    // `allow`, since `expect` would complain about functions that are not deprecated.
    quote! {
        #(#conditions)*
        #[allow(deprecated)]
        const _: () = {
            #private::inventory::submit! {
                #private::Registration {
                    module: #module,
                    name: #name,
                    file: ::core::file!(),
                    line: #line,
                    documentation: #documentation,
                    parameters: &[#(#parameters),*],
                    body: #body,
                    retry_if: #retry_if,
                    jobs: &[#(#jobs),*],
                }
            }
        };
    }
}

fn parameters<'a>(function: &'a Function, private: &'a TokenStream) -> impl Iterator<Item = TokenStream> {
    function.parameters.iter().map(move |parameter| {
        let (name, ty) = (&parameter.name, &parameter.ty);
        // A type that no parameter can have is complained about where it is written.
        let place = here(ty.span());
        let spanned = moved(private, place);
        let new = quote_spanned!(place=> #spanned::Parameter::new);
        quote!(#new::<#ty>(#name, #private::schema!(#ty)))
    })
}

/// The body, each part at the place of the user's source whose fault it is if
/// it does not compile: the name if the future is not `Send`, the result if it
/// cannot be kept, the path of `retry_if` if that cannot look at the error.
fn body(function: &Function, retry_if: Option<&ExprPath>, private: &TokenStream) -> TokenStream {
    let call = Ident::new("__call", Span::mixed_site());
    // The place of the name, but not the user's own token: lints about calls
    // are not for them.
    let mut callee = function.ident.clone();
    callee.set_span(here(callee.span()));
    let values = function.parameters.iter().map(|parameter| {
        let (name, ty) = (&parameter.name, &parameter.ty);
        quote!(#call.parameter::<#ty>(#name)?)
    });
    let result = quote!(#callee(#(#values),*));
    let bind = if function.parameters.is_empty() { quote!(_) } else { quote!(mut #call) };
    let returned = match &function.output {
        ReturnType::Default => callee.span(),
        ReturnType::Type(_, output) => here(output.span()),
    };
    let outcome_of = |result: TokenStream| {
        let private = moved(private, returned);
        let Some(retry_if) = retry_if else {
            return quote_spanned!(returned=> #private::outcome!(#result));
        };
        let value = Ident::new("__returned", Span::mixed_site());
        let outcome = quote_spanned!(returned=> #private::outcome!(#value));
        let place = here(retry_if.span());
        let private = moved(&private, place);
        let error = Ident::new("__error", Span::mixed_site().located_at(place));
        // Called, so that `&String` is taken as `&str`. The result is in a block, so
        // that it is at the path's place if it is no `Result`.
        quote_spanned!(place=> #private::judged({ #result }, |#error| #retry_if(#error), |#value| #outcome))
    };
    if function.is_async {
        let outcome = outcome_of(quote!(#result.await));
        let boxed = moved(private, callee.span());
        let future = quote_spanned!(callee.span()=> #boxed::boxed(async move { #outcome }));
        quote!(#private::Body::Async(|#bind| #future))
    } else {
        let outcome = outcome_of(result);
        quote!(#private::Body::Blocking(|#bind| #outcome))
    }
}

/// The declaration, with the setters of what was written and no others.
fn declaration(attribute: &Attribute, private: &TokenStream) -> Option<TokenStream> {
    let schedule = attribute.schedule.as_ref()?;
    let (line, column) = line_and_column(attribute.place.span);
    let below = u32::try_from(attribute.place.below).unwrap_or(u32::MAX);
    let calls = attribute.modifiers.calls.iter().map(|call| call.tokens(private));
    let (args, kwargs) = values::json(attribute);
    let (args, kwargs) = (args.iter(), kwargs.iter());
    // A constant of the user's may have any name that is not hidden.
    let settings = Ident::new("__settings", Span::mixed_site());
    Some(quote! {
        #private::Declaration {
            place: #private::Place { line: #line, column: #column, below: #below },
            schedule: || #private::builders::#schedule.definition(),
            settings: |#settings| #settings
                #(#calls)*
                #(.args(#private::Json(#args)))*
                #(.kwargs(#private::Json(#kwargs)))*,
        }
    })
}

/// The line and column at which a span begins in the user's source.
fn line_and_column(span: Span) -> (u32, u32) {
    let span = span.unwrap();
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    (number(span.line()), number(span.column()))
}

/// A place in the user's source for something that we wrote.
fn here(place: Span) -> Span {
    Span::call_site().located_at(place)
}

/// The path, at another place; what its names mean stays.
fn moved(path: &TokenStream, place: Span) -> TokenStream {
    let tokens = path.clone().into_iter().map(|mut token| {
        token.set_span(token.span().located_at(place));
        token
    });
    tokens.collect()
}
