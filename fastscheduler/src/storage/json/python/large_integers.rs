//! Integers beyond 64 bits. Those of Python have no end; read as JSON they are
//! floats, and nobody can tell any more.

use std::collections::BTreeSet;

/// How deep what is in the arguments of a job is: in them, the job, the list of
/// jobs, and the file.
const IN_ARGUMENTS: usize = 4;

/// The places in the list of jobs, from 0, of those with such an integer in
/// their arguments. The text is JSON.
pub(super) fn in_arguments(text: &[u8]) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut last_text: &[u8] = b"";
    let (mut depth, mut job, mut is_in_jobs) = (0_usize, 0, false);
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'"' => {
                at += length_of_text(&text[at..]);
                if depth == 1 {
                    last_text = &text[start..at];
                }
            }
            b'{' | b'[' => {
                depth += 1;
                if depth == 2 {
                    (job, is_in_jobs) = (0, last_text == b"\"jobs\"");
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 2 => job += 1,
            b'-' | b'0'..=b'9' => {
                let is_of_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
                at += text[at..].iter().take_while(|byte| is_of_number(byte)).count();
                if is_in_jobs && depth >= IN_ARGUMENTS && is_large(&text[start..at]) {
                    found.insert(job);
                }
            }
            _ => {}
        }
    }
    found
}

/// The bytes of a text after its first quotation mark, with the last one.
fn length_of_text(text: &[u8]) -> usize {
    let mut is_escaped = false;
    let end = text.iter().position(|byte| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |end| end + 1)
}

fn is_large(number: &[u8]) -> bool {
    let number = str::from_utf8(number).unwrap_or_default();
    !number.contains(['.', 'e', 'E']) && number.parse::<u64>().is_err() && number.parse::<i64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_with_integers_beyond_64_bits_in_their_arguments_are_found() {
        let cases: &[(&str, &[usize])] = &[
            (r#"{"jobs": []}"#, &[]),
            (r#"{"jobs": [{"args": [18446744073709551615, -9223372036854775808]}]}"#, &[]),
            (r#"{"jobs": [{"args": [18446744073709551616]}]}"#, &[0]),
            (r#"{"jobs": [{"args": [1]}, {"args": [], "kwargs": {"n":-9223372036854775809}}]}"#, &[1]),
            (
                r#"{"jobs": [{"args": [[{"a": 99999999999999999999}]]}, {}, {"args": [1, 99999999999999999999]}]}"#,
                &[0, 2],
            ),
            // Floats are what they were, and texts too.
            (r#"{"jobs": [{"args": [99999999999999999999.0, 9e30, 99999999999999999999E+1]}]}"#, &[]),
            (r#"{"jobs": [{"args": ["99999999999999999999", "\\\" 99999999999999999999", "\\"]}]}"#, &[]),
            (r#"{"a": "jobs", "jobs": [{"args": ["\\", 99999999999999999999]}]}"#, &[0]),
            // What is in no arguments.
            (
                r#"{"history": [{"args": [99999999999999999999]}], "jobs": [{"next_run": 99999999999999999999}]}"#,
                &[],
            ),
        ];
        for (text, expected) in cases {
            serde_json::from_str::<serde_json::Value>(text).unwrap();
            let found: Vec<_> = in_arguments(text.as_bytes()).into_iter().collect();
            assert_eq!(found, *expected, "{text}");
        }
    }
}
