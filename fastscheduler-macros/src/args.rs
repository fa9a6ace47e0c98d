//! The arguments of an attribute, before they have a meaning.

use proc_macro2::{Delimiter, Group, Ident, Spacing, TokenStream, TokenTree};
use syn::Error;
use syn::ext::IdentExt as _;

/// One argument of an attribute.
pub(crate) enum Argument {
    /// `name = value`
    Named(Ident, TokenStream),
    /// `name(…)`
    List(Ident, Group),
    /// `name`
    Word(Ident),
    /// Anything else; most likely a value.
    Value(TokenStream),
}

impl Argument {
    /// Recognises an argument by its first two tokens.
    pub(crate) fn read(tokens: TokenStream) -> syn::Result<Self> {
        let mut rest = tokens.clone().into_iter();
        let Some(TokenTree::Ident(name)) = rest.next() else { return Ok(Self::Value(tokens)) };
        if ["true", "false", "null"].iter().any(|value| name == value) {
            return Ok(Self::Value(tokens));
        }
        let shown = name.unraw();
        match rest.next() {
            None => Ok(Self::Word(name)),
            Some(TokenTree::Punct(equals)) if equals.as_char() == '=' => {
                let value: TokenStream = rest.collect();
                if value.is_empty() {
                    return Err(Error::new_spanned(
                        tokens,
                        format!("`{shown}` has no value; write it after the `=`"),
                    ));
                }
                Ok(Self::Named(name, value))
            }
            Some(TokenTree::Punct(colon)) if colon.as_char() == ':' && colon.spacing() == Spacing::Alone => {
                Err(Error::new_spanned(colon, format!("unexpected `:`; write `{shown} = …`")))
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
                match rest.next() {
                    None => Ok(Self::List(name, group)),
                    Some(next) => Err(no_comma(&next)),
                }
            }
            Some(next @ (TokenTree::Ident(_) | TokenTree::Literal(_))) => Err(no_comma(&next)),
            Some(_) => Ok(Self::Value(tokens)),
        }
    }
}

/// The tokens between the commas; a comma may follow the last.
pub(crate) fn split(tokens: TokenStream) -> Vec<syn::Result<TokenStream>> {
    let mut parts = Vec::new();
    let mut part = Vec::new();
    for token in flattened(tokens) {
        match token {
            TokenTree::Punct(comma) if comma.as_char() == ',' => {
                parts.push(if part.is_empty() {
                    Err(Error::new_spanned(comma, "nothing stands before this comma; remove it"))
                } else {
                    Ok(part.drain(..).collect())
                });
            }
            token => part.push(token),
        }
    }
    if !part.is_empty() {
        parts.push(Ok(part.into_iter().collect()));
    }
    parts
}

fn no_comma(next: &TokenTree) -> Error {
    Error::new_spanned(next, format!("unexpected `{next}`; put a comma before it"))
}

/// The tokens without the invisible groups around fragments of `macro_rules!`.
pub(crate) fn flattened(tokens: TokenStream) -> Vec<TokenTree> {
    let mut flat = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                flat.extend(flattened(group.stream()));
            }
            token => flat.push(token),
        }
    }
    flat
}
