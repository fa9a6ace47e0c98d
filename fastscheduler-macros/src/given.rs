//! The value of a modifier, and what it becomes: the argument of a setter.

use std::fmt;

use proc_macro2::TokenStream;
use quote::quote;
use syn::Error;

use crate::literal::{Literal, Value};
use crate::text::{Micros, ScheduleError, Unit, Wait, WindowEdge, check_zone_name, nearest};

/// The longest name of a job, group or module, in characters.
const NAME_LIMIT: usize = 200;

/// What a setter is called with.
pub(crate) enum Operand {
    Nothing,
    Tokens(TokenStream),
    /// A variant of an enum of the runtime, which has a path there.
    Variant(&'static str, &'static str),
}

/// A text and the tokens it was written with.
pub(crate) struct Written {
    pub(crate) text: String,
    pub(crate) tokens: TokenStream,
}

/// The value of a modifier.
pub(crate) struct Given {
    pub(crate) name: &'static str,
    pub(crate) example: &'static str,
    pub(crate) value: Value,
}

impl Given {
    fn wrong(&self, sentence: impl fmt::Display) -> Error {
        Error::new_spanned(&self.value.tokens, sentence)
    }

    fn not_this(&self) -> Error {
        let (name, written, example) = (self.name, self.value.written(), self.example);
        self.wrong(format!("`{name}` cannot be `{written}`; write for example `{example}`"))
    }

    fn text(&self) -> syn::Result<&str> {
        self.value.text().ok_or_else(|| self.not_this())
    }

    pub(crate) fn written(&self) -> syn::Result<Written> {
        Ok(Written { text: self.text()?.to_owned(), tokens: self.value.tokens.clone() })
    }

    pub(crate) fn label(&self) -> syn::Result<Operand> {
        let (name, text) = (self.name, self.text()?);
        if text.trim().is_empty() {
            let sentence = format!("`{name}` is empty; leave it out, or write 1 to {NAME_LIMIT} characters");
            return Err(self.wrong(sentence));
        }
        let length = text.chars().count();
        if length > NAME_LIMIT {
            return Err(self.wrong(format!("`{name}` has {length} characters; use at most {NAME_LIMIT}")));
        }
        Ok(Operand::Tokens(quote!(#text)))
    }

    pub(crate) fn zone(&self) -> syn::Result<Operand> {
        let name = self.text()?;
        check_zone_name(name).map_err(|wrong| self.wrong(wrong))?;
        Ok(Operand::Tokens(quote!(#name)))
    }

    pub(crate) fn window_edge(&self) -> syn::Result<Operand> {
        let date = self.text()?;
        date.parse::<WindowEdge>().map_err(|wrong| self.wrong(wrong))?;
        Ok(Operand::Tokens(quote!(#date)))
    }

    pub(crate) fn retries(&self) -> syn::Result<Operand> {
        let retries = match self.value.literal {
            Literal::Whole(number) => u32::try_from(number).ok(),
            _ => None,
        };
        let retries = retries.ok_or_else(|| {
            let (written, most) = (self.value.written(), u32::MAX);
            self.wrong(format!("`retries` cannot be `{written}`; write a whole number from 0 to {most}"))
        })?;
        Ok(Operand::Tokens(quote!(#retries)))
    }

    /// A text, or a number of seconds.
    pub(crate) fn length(&self) -> syn::Result<Operand> {
        let length = match &self.value.literal {
            Literal::Text(text) => text.parse(),
            Literal::Whole(number) => Micros::of_whole(*number, Unit::Seconds),
            Literal::Fraction(number) => Micros::of_fraction(*number, Unit::Seconds),
            Literal::Truth(_) | Literal::Null | Literal::List(_) => return Err(self.not_this()),
        };
        let micros = length.map_err(|wrong| self.wrong(wrong))?.get();
        Ok(Operand::Tokens(quote!(::core::time::Duration::from_micros(#micros))))
    }

    /// A text, or a number of seconds; it may be zero.
    pub(crate) fn wait(&self) -> syn::Result<Operand> {
        let wait = match &self.value.literal {
            Literal::Text(text) => text.parse(),
            Literal::Whole(number) => Wait::of_whole(*number, Unit::Seconds),
            Literal::Fraction(number) => Wait::of_fraction(*number, Unit::Seconds),
            Literal::Truth(_) | Literal::Null | Literal::List(_) => return Err(self.not_this()),
        };
        let micros = wait.map_err(|wrong| self.wrong(wrong))?.get();
        Ok(Operand::Tokens(quote!(::core::time::Duration::from_micros(#micros))))
    }

    pub(crate) fn number(&self, check: fn(f64) -> Result<f64, ScheduleError>) -> syn::Result<Operand> {
        let number = match self.value.literal {
            #[expect(clippy::cast_precision_loss, reason = "no number for which that matters is right")]
            Literal::Whole(number) => number as f64,
            Literal::Fraction(number) => number,
            Literal::Text(_) | Literal::Truth(_) | Literal::Null | Literal::List(_) => {
                return Err(self.not_this());
            }
        };
        let number = check(number).map_err(|wrong| self.wrong(wrong))?;
        Ok(Operand::Tokens(quote!(#number)))
    }

    /// One of these words, each with the variant of `ty` that it stands for.
    pub(crate) fn choice(
        &self,
        ty: &'static str,
        choices: &[(&'static str, &'static str)],
    ) -> syn::Result<Operand> {
        let (name, text) = (self.name, self.text()?);
        if let Some((_, variant)) = choices.iter().find(|(word, _)| *word == text) {
            return Ok(Operand::Variant(ty, variant));
        }
        let words: Vec<String> = choices.iter().map(|(word, _)| format!("`\"{word}\"`")).collect();
        let right = match nearest(text, choices.iter().map(|(word, _)| *word)) {
            Some(meant) => format!("did you mean `\"{meant}\"`?"),
            None => format!("write one of {}", words.join(", ")),
        };
        Err(self.wrong(format!("`{name}` cannot be `\"{text}\"`; {right}")))
    }

    pub(crate) fn truth(&self) -> syn::Result<Operand> {
        let Literal::Truth(is_true) = self.value.literal else {
            let (name, written) = (self.name, self.value.written());
            return Err(self.wrong(format!("`{name}` is `true` or `false`, not `{written}`")));
        };
        Ok(Operand::Tokens(quote!(#is_true)))
    }
}
