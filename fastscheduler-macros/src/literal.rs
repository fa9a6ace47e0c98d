//! Values as they are written: texts, numbers, `true`, `null`, lists.

use std::fmt::Write as _;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Error, Lit};

use crate::args::split;

/// What to write where any value may stand.
pub(crate) const ANY_VALUE: &str = "write a text, a number, `true`, `false`, `null` or a list `[…]`";

/// What a value is.
pub(crate) enum Literal {
    Text(String),
    Whole(i128),
    Fraction(f64),
    Truth(bool),
    Null,
    List(Vec<Value>),
}

/// A value and the tokens it was written with.
pub(crate) struct Value {
    pub(crate) literal: Literal,
    pub(crate) tokens: TokenStream,
}

impl Value {
    /// Reads a value that is all of `tokens`, of which there is at least one.
    ///
    /// If it is none, `right` says what would be.
    pub(crate) fn read(tokens: TokenStream, right: &str) -> syn::Result<Self> {
        let no_literal = || not_a_literal(&tokens, right);
        let mut rest = tokens.clone().into_iter();
        let negative = starts_with_minus(&tokens);
        if negative {
            rest.next();
        }
        let literal = match rest.next() {
            Some(TokenTree::Literal(literal)) => {
                number_or_text(&Lit::new(literal), negative, &tokens, right)?
            }
            Some(TokenTree::Ident(word)) if !negative && word == "true" => Literal::Truth(true),
            Some(TokenTree::Ident(word)) if !negative && word == "false" => Literal::Truth(false),
            Some(TokenTree::Ident(word)) if !negative && word == "null" => Literal::Null,
            Some(TokenTree::Group(group)) if !negative && group.delimiter() == Delimiter::Bracket => {
                Literal::List(list(group.stream())?)
            }
            _ => return Err(no_literal()),
        };
        match rest.next() {
            None => Ok(Self { literal, tokens }),
            // `name = "a" tz = "UTC"`, but not `2 * 30`.
            Some(next @ (TokenTree::Ident(_) | TokenTree::Literal(_))) => {
                let sentence = format!("unexpected `{next}`; put a comma before it");
                Err(Error::new_spanned(next, sentence))
            }
            Some(_) => Err(no_literal()),
        }
    }

    /// The value as a text, or what it is instead.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.literal {
            Literal::Text(text) => Some(text),
            _ => None,
        }
    }

    /// How deep lists are nested in it; 0 if it is not a list.
    pub(crate) fn depth(&self) -> usize {
        match &self.literal {
            Literal::List(items) => 1 + items.iter().map(Self::depth).max().unwrap_or_default(),
            Literal::Text(_)
            | Literal::Whole(_)
            | Literal::Fraction(_)
            | Literal::Truth(_)
            | Literal::Null => 0,
        }
    }

    /// The value as it was written.
    pub(crate) fn written(&self) -> String {
        written(&self.tokens)
    }

    /// The value as JSON.
    pub(crate) fn json(&self) -> String {
        match &self.literal {
            Literal::Text(text) => json_text(text),
            Literal::Whole(number) => number.to_string(),
            // `{:?}` keeps the `.0`, and writes large numbers as `1e300`.
            Literal::Fraction(number) => format!("{number:?}"),
            Literal::Truth(truth) => truth.to_string(),
            Literal::Null => "null".to_owned(),
            Literal::List(items) => json_list(items),
        }
    }
}

/// A JSON array of the values.
pub(crate) fn json_list(values: &[Value]) -> String {
    format!("[{}]", values.iter().map(Value::json).collect::<Vec<_>>().join(","))
}

/// A JSON string.
pub(crate) fn json_text(text: &str) -> String {
    let mut json = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            control if control < ' ' => {
                // Writing to a `String` does not fail.
                let _ = write!(json, "\\u{:04x}", u32::from(control));
            }
            _ => json.push(character),
        }
    }
    json.push('"');
    json
}

/// Tokens nearly as they were written, and no longer than a line takes.
pub(crate) fn written(tokens: &impl ToTokens) -> String {
    const SPACED: [(&str, &str); 7] =
        [(" :: ", "::"), (":: ", "::"), (" : ", ": "), ("& ", "&"), (" < ", "<"), (" >", ">"), (" ,", ",")];
    let spaced = tokens.to_token_stream().to_string();
    let shown = SPACED.iter().fold(spaced, |text, (spaced, tight)| text.replace(spaced, tight));
    let shown = shown.strip_prefix("- ").map(|number| format!("-{number}")).unwrap_or(shown);
    if shown.chars().count() <= 60 {
        return shown;
    }
    shown.chars().take(60).chain(['…']).collect()
}

fn starts_with_minus(tokens: &TokenStream) -> bool {
    matches!(tokens.clone().into_iter().next(), Some(TokenTree::Punct(sign)) if sign.as_char() == '-')
}

fn number_or_text(literal: &Lit, negative: bool, tokens: &TokenStream, right: &str) -> syn::Result<Literal> {
    let wrong = |sentence: String| Err(Error::new_spanned(tokens, sentence));
    match literal {
        Lit::Str(text) if !negative && text.suffix().is_empty() => Ok(Literal::Text(text.value())),
        Lit::Int(number) if number.suffix().is_empty() => match number.base10_parse::<i128>() {
            Ok(number) if number <= i128::from(u64::MAX) => {
                Ok(Literal::Whole(if negative { -number } else { number }))
            }
            _ => wrong(format!("`{number}` is too large; use a number of at most 64 bits")),
        },
        Lit::Float(number) if number.suffix().is_empty() => match number.base10_parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Literal::Fraction(if negative { -value } else { value })),
            _ => wrong(format!("`{number}` is too large; use a number of at most 64 bits")),
        },
        Lit::Int(number) => wrong(suffixed(number.base10_digits(), number.suffix())),
        Lit::Float(number) => wrong(suffixed(number.base10_digits(), number.suffix())),
        _ => Err(not_a_literal(tokens, right)),
    }
}

fn suffixed(digits: &str, suffix: &str) -> String {
    let right = if suffix.parse::<Length>().is_ok() {
        format!("a length of time is a text, `\"{digits}{suffix}\"`")
    } else {
        format!("write `{digits}`")
    };
    format!("`{digits}{suffix}` is not a number; {right}")
}

/// A unit as texts have it; `10s` is what one writes who forgot the quotes.
struct Length;

impl std::str::FromStr for Length {
    type Err = ();

    fn from_str(unit: &str) -> Result<Self, ()> {
        format!("1{unit}").parse::<crate::text::Micros>().map(|_| Self).map_err(|_| ())
    }
}

fn list(tokens: TokenStream) -> syn::Result<Vec<Value>> {
    let mut values = Vec::new();
    let mut mistakes: Option<Error> = None;
    for item in split(tokens) {
        match item.and_then(|item| Value::read(item, ANY_VALUE)) {
            Ok(value) => values.push(value),
            Err(mistake) => match &mut mistakes {
                Some(earlier) => earlier.combine(mistake),
                None => mistakes = Some(mistake),
            },
        }
    }
    mistakes.map_or(Ok(values), Err)
}

fn not_a_literal(tokens: &TokenStream, right: &str) -> Error {
    let right = match tokens.clone().into_iter().next() {
        Some(TokenTree::Ident(word)) if word == "None" => "write `null`",
        Some(TokenTree::Ident(word)) if word == "Some" => "write the value without `Some`",
        _ => right,
    };
    Error::new_spanned(tokens, format!("`{}` is not a literal; {right}", written(tokens)))
}
