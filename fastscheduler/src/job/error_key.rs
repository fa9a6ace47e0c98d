//! What errors have in common that differ only in numbers, quoted parts and ids.

/// The longest key, in characters.
const LONGEST: usize = 300;

/// What stands for a number or an id.
const NUMBER: char = '#';

/// What stands for a quoted part.
const QUOTED: char = '…';

/// The quotes that part something off, each with the one that ends it.
const QUOTES: [(char, char); 5] = [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('«', '»')];

/// The key of a group of errors: the error with `#` for each number, date, address and
/// id, and `…` for what is quoted. It has at most 300 characters.
pub(super) fn error_key(error: &str) -> String {
    let mut key = Key::default();
    let mut rest = error;
    let mut before = ' ';
    while let Some(letter) = rest.chars().next() {
        if key.length >= LONGEST {
            break;
        }
        if let Some((end, after)) = quoted(before, rest) {
            key.extend([letter, QUOTED, end]);
            (rest, before) = (after, end);
        } else if !before.is_alphanumeric()
            && let Some(after) = after_id(rest)
        {
            key.extend([NUMBER]);
            (rest, before) = (after, NUMBER);
        } else if letter.is_ascii_digit() {
            key.extend([NUMBER]);
            (rest, before) = (after_number(rest), NUMBER);
        } else {
            key.extend([letter]);
            (rest, before) = (&rest[letter.len_utf8()..], letter);
        }
    }
    key.text
}

#[derive(Default)]
struct Key {
    text: String,
    /// In characters.
    length: usize,
}

impl Key {
    fn extend<const N: usize>(&mut self, letters: [char; N]) {
        self.text.extend(letters);
        self.length += N;
    }
}

/// If a text begins with a quoted part: the quote at its end, and what comes after it.
/// An apostrophe within a word begins none.
fn quoted(before: char, text: &str) -> Option<(char, &str)> {
    let first = text.chars().next()?;
    let (_, end) = QUOTES.into_iter().find(|(begin, _)| *begin == first)?;
    if before.is_alphanumeric() {
        return None;
    }
    let mut is_escaped = false;
    for (place, letter) in text.char_indices().skip(1) {
        let after = &text[place + letter.len_utf8()..];
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            // Within a word it is an apostrophe.
            '\'' if end == '\'' && after.starts_with(char::is_alphanumeric) => {}
            _ if letter == end => return Some((end, after)),
            _ => {}
        }
    }
    None
}

/// If a text begins with an id: what comes after it. An id is a UUID, a hash, an
/// address of IPv6 or of a network card, and any long word with digits in it.
fn after_id(text: &str) -> Option<&str> {
    let is_of_id = |letter: char| letter.is_ascii_hexdigit() || matches!(letter, '-' | ':');
    let (id, after) = split_at_end(text, is_of_id);
    let id = id.trim_end_matches(['-', ':']);
    let parts = id.split(['-', ':']).count();
    let digits = id.chars().filter(char::is_ascii_hexdigit).count();
    let has_number = id.contains(|letter: char| letter.is_ascii_digit());
    let is_end = !after.starts_with(char::is_alphanumeric);
    if parts > 2 && digits >= 6 && has_number && is_end {
        // A time of day may end in fractions of a second.
        return Some(after_number(&text[id.len()..]));
    }
    let (word, after) = split_at_end(text, |letter| letter.is_ascii_alphanumeric());
    let is_hex = |word: &str| word.chars().all(|letter| letter.is_ascii_hexdigit());
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let is_id = match word.strip_prefix("0x") {
        Some(hex) => !hex.is_empty() && is_hex(hex),
        None => (word.len() >= 6 && is_hex(word) && digits > 0) || (word.len() >= 16 && digits >= 3),
    };
    (is_id && digits < word.len()).then_some(after)
}

/// What comes after the number that a text begins with: its digits, in groups or with a
/// fraction, or parted as in a time or an address.
fn after_number(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
        match rest.strip_prefix(['.', ',', ':', '_']) {
            Some(more) if more.starts_with(|letter: char| letter.is_ascii_digit()) => rest = more,
            _ => return rest,
        }
    }
}

fn split_at_end(text: &str, is_part: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|letter| !is_part(letter)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_ids_and_quoted_parts_are_left_out() {
        for (error, key) in [
            ("boom", "boom"),
            ("", ""),
            ("no such file", "no such file"),
            ("took 30 s", "took # s"),
            ("took 3.25 s", "took # s"),
            ("took 1,234 ms", "took # ms"),
            ("30ms", "#ms"),
            ("job_12 of utf8", "job_# of utf#"),
            ("connection to 10.0.0.3:5432 refused", "connection to # refused"),
            ("at 2027-03-28 02:30:00.5", "at # #"),
            ("no user 'anna'", "no user '…'"),
            ("no user \"an\\\"na\" in `x`", "no user \"…\" in `…`"),
            ("can't open 'it's 5'", "can't open '…'"),
            ("it doesn't do that, can't", "it doesn't do that, can't"),
            ("not “x” nor «y»", "not “…” nor «…»"),
            ("open \"quote 5", "open \"quote #"),
            ("id 550e8400-e29b-41d4-a716-446655440000.", "id #."),
            ("id A1B2C3D4-0000-4000-8000-abcdefabcdef", "id #"),
            ("commit 9fceb02 and 0xDEADbeef", "commit # and #"),
            ("order 01ARZ3NDEKTSV4RRFFQ69G5FAV", "order #"),
            ("mac 00:1a:2b:3c:4d:5e, fe80::1ff:fe23:4567:890a", "mac #, #"),
            ("a faded facade, decade added", "a faded facade, decade added"),
            ("ärger Ω 7", "ärger Ω #"),
        ] {
            assert_eq!(error_key(error), key, "{error}");
            assert_eq!(error_key(key), key, "a key is its own");
        }
    }

    #[test]
    fn a_key_is_short_however_long_the_error_is() {
        let key = error_key(&"ä ".repeat(10_000));
        assert_eq!(key.chars().count(), LONGEST);
    }
}
