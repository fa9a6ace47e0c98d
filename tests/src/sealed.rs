//! Records of a state file or of a journal, changed with a checksum that is right.

use serde_json::{Map, Value};

/// Changes the record in a line, counted from 0.
///
/// # Panics
///
/// If there is no record in that line.
#[must_use]
pub fn edit(text: &[u8], number: usize, change: impl FnOnce(&mut Map<String, Value>)) -> Vec<u8> {
    const HEAD: &str = r#""head":"#;
    let text = str::from_utf8(text).expect("it is text");
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let line = &lines[number];
    let (before, record) = line.strip_prefix(HEAD).map_or(("", line.as_str()), |record| (HEAD, record));
    let (record, after) = record.strip_suffix(',').map_or((record, ""), |record| (record, ","));
    let mut record: Map<String, Value> = serde_json::from_str(record).expect("it is a record");
    record.remove("crc").expect("it has a checksum");
    change(&mut record);
    let mut sealed = serde_json::to_string(&record).expect("it is JSON");
    assert_eq!(sealed.pop(), Some('}'));
    let checksum = checksum(sealed.as_bytes());
    lines[number] = format!(r#"{before}{sealed},"crc":"{checksum:08x}"}}{after}"#);
    lines.join("\n").into_bytes()
}

/// The CRC-32 of IEEE 802.3.
fn checksum(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}
