//! What is wrong with an attribute and its function, gathered so that one
//! build shows it all.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Error;

/// The mistakes found so far, in the order in which they were found.
#[derive(Default)]
pub(crate) struct Complaints {
    count: usize,
    mistakes: Option<Error>,
}

impl Complaints {
    /// Adds a mistake at these tokens, which are to be the ones to fix.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, sentence: impl Display) {
        self.push(Error::new_spanned(tokens, sentence));
    }

    /// Adds a mistake.
    pub(crate) fn push(&mut self, mistake: Error) {
        self.count += 1;
        match &mut self.mistakes {
            Some(earlier) => earlier.combine(mistake),
            None => self.mistakes = Some(mistake),
        }
    }

    /// The value, or `None` with its mistake noted.
    pub(crate) fn note<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|mistake| self.push(mistake)).ok()
    }

    /// How many there are; an error that holds several counts once.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The errors for the compiler, or `None` if nothing was wrong.
    pub(crate) fn into_compile_errors(self) -> Option<TokenStream> {
        self.mistakes.map(Error::into_compile_error)
    }
}
