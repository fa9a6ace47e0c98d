//! The form of server-sent events.

use serde::Serialize;

/// What the last event of a stream is.
pub(super) const SHUTDOWN: &[u8] = b"event: shutdown\ndata: bye\n\n";

/// A line that clients skip, so that nobody takes a quiet stream for a dead one.
pub(super) const KEEP_ALIVE: &[u8] = b": keep-alive\n\n";

/// What an event is called, and its place in the stream.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Label<'a> {
    /// Without, clients take it for a `message`.
    pub(super) name: Option<&'a str>,
    pub(super) id: Option<&'a str>,
}

/// Appends an event, whose data `write` appends.
///
/// # Errors
///
/// If the data cannot be written as JSON; nothing is appended then.
pub(super) fn append_with(
    text: &mut Vec<u8>,
    label: Label<'_>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), serde_json::Error>,
) -> Result<(), serde_json::Error> {
    let begin = text.len();
    for (field, value) in [("event: ", label.name), ("id: ", label.id)] {
        if let Some(value) = value {
            text.extend_from_slice(field.as_bytes());
            text.extend_from_slice(value.as_bytes());
            text.push(b'\n');
        }
    }
    text.extend_from_slice(b"data: ");
    // JSON on one line: what has line breaks has them escaped.
    if let Err(error) = write(text) {
        text.truncate(begin);
        return Err(error);
    }
    text.extend_from_slice(b"\n\n");
    Ok(())
}

/// Appends an event.
///
/// # Errors
///
/// As [`append_with`].
pub(super) fn append(
    text: &mut Vec<u8>,
    label: Label<'_>,
    data: &impl Serialize,
) -> Result<(), serde_json::Error> {
    append_with(text, label, |text| serde_json::to_writer(text, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_few_lines_whatever_its_data() {
        let mut text = Vec::new();
        append(&mut text, Label::default(), &"a\nb\r\n\ndata: c").unwrap();
        append(&mut text, Label { name: Some("run"), id: Some("7-1") }, &1).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "data: \"a\\nb\\r\\n\\ndata: c\"\n\nevent: run\nid: 7-1\ndata: 1\n\n"
        );
    }
}
