//! Measures how deep JSON is nested, and writes values only up to a limit.
//!
//! A value is walked while it is written, and no deeper than the limit: walking
//! all of a much deeper one would overflow the stack.

use std::cell::Cell;
use std::io;

use serde::Serialize;

/// How deep `serde_json` parses.
pub(crate) const READABLE: usize = 127;

/// How deep a value of any type may be nested and still be dropped safely.
const DROPPABLE: usize = 256;

/// Why a value cannot be written.
#[derive(Debug)]
pub(crate) enum Unwritable {
    /// It is nested deeper than the limit.
    TooDeep,
    /// It is not JSON, or its own code refuses to write it.
    NotJson(serde_json::Error),
}

/// Writes a value as JSON, if its arrays and objects are nested at most `limit`
/// deep.
pub(crate) fn write<T: Serialize + ?Sized>(
    value: &T,
    limit: usize,
    writer: impl io::Write,
) -> Result<(), Unwritable> {
    let is_too_deep = Cell::new(false);
    let formatter = Bounded { left: limit, is_too_deep: &is_too_deep };
    let written = value.serialize(&mut serde_json::Serializer::with_formatter(writer, formatter));
    // The error does not tell: the value's own code may have replaced it.
    if is_too_deep.get() { Err(Unwritable::TooDeep) } else { written.map_err(Unwritable::NotJson) }
}

/// Drops a value that is nested too deep, unless dropping it might overflow the
/// stack too, as it does for a `serde_json::Value` of some ten thousand levels.
/// Such a value is leaked: the process survives, and whoever made it gets an error.
pub(crate) fn drop_too_deep<T: Serialize>(value: T) {
    if let Err(Unwritable::TooDeep) = write(&value, DROPPABLE, io::sink()) {
        std::mem::forget(value);
    }
}

/// How deep arrays and objects are nested in a text, which need not be complete
/// JSON; 0 if there are none.
pub(crate) fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'"' => break,
                        b'\\' => _ = bytes.next(),
                        _ => {}
                    }
                }
            }
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Writes compact JSON, and fails where it would be nested too deep.
struct Bounded<'a> {
    left: usize,
    is_too_deep: &'a Cell<bool>,
}

impl Bounded<'_> {
    /// Goes down by that many levels.
    fn enter(&mut self, levels: usize) -> io::Result<()> {
        let Some(left) = self.left.checked_sub(levels) else {
            self.is_too_deep.set(true);
            return Err(io::Error::other("nested too deep"));
        };
        self.left = left;
        Ok(())
    }
}

impl serde_json::ser::Formatter for Bounded<'_> {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.enter(1)?;
        writer.write_all(b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.left += 1;
        writer.write_all(b"]")
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.enter(1)?;
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.left += 1;
        writer.write_all(b"}")
    }

    /// JSON that the value holds as text.
    fn write_raw_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let levels = depth(fragment.as_bytes());
        self.enter(levels)?;
        self.left += levels;
        writer.write_all(fragment.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn nested(depth: usize) -> Value {
        (0..depth).fold(json!(1), |inner, level| {
            if level % 2 == 0 { json!([inner]) } else { json!({ "a": inner, "b": [] }) }
        })
    }

    #[test]
    fn what_is_at_the_limit_is_written_and_what_is_deeper_is_not() {
        for limit in [0, 1, 2, 100, 128] {
            for depth in [0, 1, limit, limit + 1, limit + 100] {
                // `nested` needs two levels: its objects contain an empty array.
                let value = if depth < 2 { json!(vec![1; depth]) } else { nested(depth) };
                let value = if depth == 0 { json!(1) } else { value };
                let mut text = Vec::new();
                let written = write(&value, limit, &mut text);
                if depth > limit {
                    assert!(matches!(written, Err(Unwritable::TooDeep)), "{depth} at {limit}");
                } else {
                    assert_eq!(text, serde_json::to_vec(&value).unwrap(), "{depth} at {limit}");
                }
            }
        }
    }

    #[test]
    fn levels_are_counted_from_the_text() {
        let cases = [
            ("", 0),
            ("1", 0),
            ("[]", 1),
            ("[[], {}]", 2),
            ("[]{}[]", 1),
            (r#"{"[[": "]{\"[", "a": [1]}"#, 2),
            (r#"["\\", [[]]]"#, 3),
            ("]]][", 1),
            ("\"[[[", 0),
            ("[[[", 3),
        ];
        for (text, expected) in cases {
            assert_eq!(depth(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn readers_go_as_deep_as_is_said() {
        let read = |depth| serde_json::from_str::<Value>(&nested(depth).to_string());
        assert_eq!(read(READABLE).unwrap(), nested(READABLE));
        assert!(read(READABLE + 1).is_err());
    }

    #[test]
    fn what_is_text_already_counts() {
        use serde_json::value::RawValue;

        let raw = |depth: usize| RawValue::from_string(nested(depth).to_string()).unwrap();
        assert!(write(&(raw(9), raw(9)), 10, io::sink()).is_ok());
        assert!(matches!(write(&(raw(9), raw(10)), 10, io::sink()), Err(Unwritable::TooDeep)));
    }

    #[test]
    fn what_its_own_code_refuses_to_write_is_said() {
        let refused = write(&std::collections::BTreeMap::from([((1, 2), 3)]), 10, io::sink());
        assert!(matches!(refused, Err(Unwritable::NotJson(error)) if error.to_string().contains("key")));
    }
}
