//! What Python writes for numbers that JSON does not have.

use std::borrow::Cow;

const WORDS: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];

/// A text with `null` in the place of `NaN`, `Infinity` and `-Infinity`, and
/// how many there were. In strings they are letters like others. Lines stay
/// where they are.
///
/// [Python's documentation](https://docs.python.org/3/library/json.html#infinite-and-nan-number-values)
/// has what is written for which number.
pub(super) fn as_null(text: &[u8]) -> (Cow<'_, [u8]>, usize) {
    let mut replaced: Option<Vec<u8>> = None;
    let (mut place, mut copied, mut count) = (0, 0, 0);
    let mut is_in_string = false;
    while let Some(byte) = text.get(place) {
        match byte {
            b'"' => is_in_string = !is_in_string,
            b'\\' if is_in_string => place += 1,
            b'N' | b'I' | b'-' if !is_in_string => {
                if let Some(word) = WORDS.into_iter().find(|word| text[place..].starts_with(word)) {
                    let replaced = replaced.get_or_insert_default();
                    replaced.extend_from_slice(&text[copied..place]);
                    replaced.extend_from_slice(b"null");
                    place += word.len();
                    (copied, count) = (place, count + 1);
                    continue;
                }
            }
            _ => {}
        }
        place += 1;
    }
    match replaced {
        None => (Cow::Borrowed(text), 0),
        Some(mut replaced) => {
            replaced.extend_from_slice(&text[copied..]);
            (Cow::Owned(replaced), count)
        }
    }
}
