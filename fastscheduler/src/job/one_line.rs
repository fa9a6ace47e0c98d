//! Texts from outside, for terminals and logs.

use std::fmt::Display;

use crate::schedule::text::OneLine;

/// Returns a text from outside as [`OneLine`] displays it.
pub(crate) fn one_line(text: impl Display) -> String {
    OneLine(text).to_string()
}
