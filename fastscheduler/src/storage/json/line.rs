//! Records of one line, with a checksum.
//!
//! A record is a JSON object. Its last member, `crc`, is the CRC-32 (IEEE 802.3)
//! of all that comes before it in the line.

use std::io::{self, Write as _};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What comes before the checksum, and what after.
const BEFORE: &[u8] = br#","crc":""#;
const AFTER: &[u8] = br#""}"#;

/// Digits of the checksum.
const DIGITS: usize = 8;

/// Appends a record to a text. It must serialise to an object with a member.
pub(super) fn seal(text: &mut Vec<u8>, record: &impl Serialize) -> io::Result<()> {
    let start = text.len();
    serde_json::to_writer(&mut *text, record)?;
    debug_assert_eq!(text.last(), Some(&b'}'), "a record is an object");
    text.pop();
    let checksum = crc32fast::hash(&text[start..]);
    text.extend_from_slice(BEFORE);
    write!(text, "{checksum:08x}")?;
    text.extend_from_slice(AFTER);
    Ok(())
}

/// Reads a record, or says what is wrong with it.
pub(super) fn unseal<T: DeserializeOwned>(line: &[u8]) -> Result<T, String> {
    let end = line.strip_suffix(AFTER).ok_or("it has no checksum")?;
    let (end, digits) = end.split_at_checked(end.len().wrapping_sub(DIGITS)).ok_or("it has no checksum")?;
    let record = end.strip_suffix(BEFORE).ok_or("it has no checksum")?;
    let checksum = std::str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, 16).ok());
    if checksum != Some(crc32fast::hash(record)) {
        return Err("its checksum does not match".to_owned());
    }
    // Once for all of its texts.
    let line = std::str::from_utf8(line).map_err(|error| format!("it is no record: {error}"))?;
    serde_json::from_str(line).map_err(|error| format!("it is no record: {error}"))
}

/// The first line of a text, without its end, and what comes after; `None` if
/// it has no end.
pub(super) fn first(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(b'\n', text)?;
    Some((&text[..end], &text[end + 1..]))
}
