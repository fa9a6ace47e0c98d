//! Texts from outside, for terminals and logs.

use std::fmt::{self, Display, Formatter, Write as _};

/// Displays a text from outside without what would begin another line, steer a
/// terminal, or turn the direction of what follows.
///
/// Control characters, separators of lines and the controls of the bidirectional
/// algorithm (<https://unicode.org/reports/tr9/#Directional_Formatting_Characters>)
/// become spaces.
#[derive(Debug)]
pub struct OneLine<T>(pub T);

impl<T: Display> Display for OneLine<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(Harmless(f), "{}", self.0)
    }
}

/// Writes spaces instead of what does harm.
struct Harmless<'a, 'b>(&'a mut Formatter<'b>);

impl fmt::Write for Harmless<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|letter| self.0.write_char(if is_harmless(letter) { letter } else { ' ' }))
    }
}

fn is_harmless(letter: char) -> bool {
    let steers = matches!(
        letter,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    !steers && !letter.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_or_turns_the_text_becomes_a_space() {
        let table = [
            ("tägl 名前 🦀", "tägl 名前 🦀"),
            ("a\nb\r\nc\td", "a b  c d"),
            ("\u{1b}[31mred\u{7}\u{9b}2J", " [31mred  2J"),
            ("a\u{202e}b\u{2066}c\u{200f}d\u{61c}e\u{2028}f\u{85}g", "a b c d e f g"),
            ("👩\u{200d}💻", "👩\u{200d}💻"),
        ];
        for (text, expected) in table {
            assert_eq!(OneLine(text).to_string(), expected, "{text:?}");
        }
    }
}
