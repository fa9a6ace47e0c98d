//! A text that is looked for in other texts, in any case.

use std::fmt::{Display, Write as _};

/// Stands between the texts that it is looked for in, and is in none of them.
const BETWEEN: char = '\0';

/// A text that is looked for in any case.
#[derive(Debug)]
pub(super) struct SoughtText {
    text: String,
    /// What it is looked for in, so that not each of many makes one.
    place: Place,
}

/// The texts that another one is looked for in.
#[derive(Debug, Default)]
pub(super) struct Place(String);

impl SoughtText {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_lowercase(), place: Place::default() }
    }

    /// Whether it is in one of the texts that are added.
    pub(super) fn is_in(&mut self, add: impl FnOnce(&mut Place)) -> bool {
        self.place.0.clear();
        add(&mut self.place);
        self.place.0.contains(&self.text) && !self.text.contains(BETWEEN)
    }
}

impl Place {
    pub(super) fn add(&mut self, text: &str) {
        if text.is_ascii() {
            let begin = self.0.len();
            self.0.push_str(text);
            self.0[begin..].make_ascii_lowercase();
        } else {
            self.0.push_str(&text.to_lowercase());
        }
        self.0.push(BETWEEN);
    }

    /// Adds what is printed in small letters.
    pub(super) fn add_id(&mut self, id: impl Display) {
        // Writing to a string does not fail.
        let _ = write!(self.0, "{id}{BETWEEN}");
    }
}
