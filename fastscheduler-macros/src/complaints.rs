//! What is wrong with an attribute and its function, gathered so that one
//! build shows it all.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Error;

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Complaints(Vec<Error>);

impl Complaints {
    /// Adds a mistake at these tokens, which are to be the ones to fix.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, sentence: impl Display) {
        self.push(Error::new_spanned(tokens, sentence));
    }

    /// Adds a mistake, or the several that it holds.
    pub(crate) fn push(&mut self, mistake: Error) {
        self.0.extend(mistake);
    }

    /// The value, or `None` with its mistake noted.
    pub(crate) fn note<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|mistake| self.push(mistake)).ok()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The errors for the compiler in the order of the source, or `None` if
    /// nothing was wrong.
    pub(crate) fn into_compile_errors(mut self) -> Option<TokenStream> {
        self.0.sort_by_key(|mistake| {
            let start = mistake.span().unwrap();
            (start.line(), start.column())
        });
        (!self.0.is_empty()).then(|| self.0.iter().map(Error::to_compile_error).collect())
    }
}
