//! Numbers in arguments that could not be kept as they were sent.
//!
//! What is read keeps integers of 64 bits and decimals as doubles. Any other number
//! would come to its function as another one, without a word.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::ApiError;

/// The parts of a request that are kept as they are.
#[derive(Deserialize)]
struct Kept<'a> {
    #[serde(borrow)]
    args: Option<&'a RawValue>,
    #[serde(borrow)]
    kwargs: Option<&'a RawValue>,
}

/// Refuses a body whose arguments contain a number that would be read as another
/// one. The body must be an object that can be read.
pub(super) fn check_arguments(body: &[u8]) -> Result<(), ApiError> {
    let Ok(Kept { args, kwargs }) = serde_json::from_slice(body) else { return Ok(()) };
    for (field, json) in [("args", args), ("kwargs", kwargs)] {
        if let Some(number) = json.and_then(|json| numbers(json.get()).find(|number| !is_kept(number))) {
            return Err(ApiError::not_allowed(format!(
                "`{field}`: the number `{}` cannot be kept as it is: integers have at most 64 bits, and decimals the \
                 digits of a double; send it as a text",
                shortened(number)
            ))
            .of(field));
        }
    }
    Ok(())
}

/// The numbers in a text that is JSON.
fn numbers(json: &str) -> impl Iterator<Item = &str> {
    let mut rest = json;
    std::iter::from_fn(move || {
        loop {
            let start =
                rest.find(|letter: char| letter == '"' || letter == '-' || letter.is_ascii_digit())?;
            rest = &rest[start..];
            if let Some(text) = rest.strip_prefix('"') {
                rest = after_text(text);
                continue;
            }
            let is_of_number = |letter: char| letter.is_ascii_digit() || "+-.eE".contains(letter);
            let end = rest.find(|letter| !is_of_number(letter)).unwrap_or(rest.len());
            let (number, after) = rest.split_at(end);
            rest = after;
            return Some(number);
        }
    })
}

/// What comes after the closing quote of a text.
fn after_text(text: &str) -> &str {
    let mut is_escaped = false;
    let end = text.find(|letter| {
        let is_end = letter == '"' && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        is_end
    });
    end.map_or("", |end| &text[end + 1..])
}

/// Whether a number in JSON is still the same once it was read.
fn is_kept(number: &str) -> bool {
    if !number.contains(['.', 'e', 'E']) {
        return number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
    }
    // The shortest text that is read as this double again.
    let read = number.parse::<f64>().ok().filter(|read| read.is_finite());
    read.is_some_and(|read| Decimal::of(&format!("{read:e}")) == Decimal::of(number))
}

/// A decimal in its only form: the first digit and the last one are not zero.
#[derive(PartialEq, Eq)]
struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// `None` if the exponent is beyond all bounds.
    fn of(number: &str) -> Option<Self> {
        let (is_negative, number) = match number.strip_prefix('-') {
            Some(number) => (true, number),
            None => (false, number),
        };
        let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0');
        let kept = significant.trim_end_matches('0');
        if kept.is_empty() {
            return Some(Self { is_negative, digits: String::new(), exponent: 0 });
        }
        let cut = i64::try_from(significant.len() - kept.len()).ok()?;
        let of_fraction = i64::try_from(fraction.len()).ok()?;
        let exponent = exponent.parse::<i64>().ok()?.checked_add(cut - of_fraction)?;
        Some(Self { is_negative, digits: kept.to_owned(), exponent })
    }
}

fn shortened(number: &str) -> String {
    const MOST: usize = 60;
    if number.len() <= MOST { number.to_owned() } else { format!("{}…", &number[..MOST]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_kept_if_it_is_read_as_itself() {
        let kept = [
            "0",
            "-0",
            "0.0",
            "-0.0",
            "7",
            "-9223372036854775808",
            "18446744073709551615",
            "0.1",
            "1.50",
            "1e3",
            "1E+3",
            "0.1e-2",
            "100.000",
            "1.7976931348623157e308",
            "5e-324",
            "0.30000000000000004",
            "1e22",
            "0e999999",
        ];
        let changed = [
            "18446744073709551616",
            "-9223372036854775809",
            "36893488147419103232",
            "1e309",
            "1e-400",
            "0.1000000000000000055511151231257827",
            "9007199254740993.0",
            "3.14159265358979323846",
            "1e99999999999999999999",
        ];
        for number in kept {
            assert!(is_kept(number), "{number}");
        }
        for number in changed {
            assert!(!is_kept(number), "{number}");
        }
    }

    #[test]
    fn numbers_are_found_where_they_stand_and_not_in_texts() {
        let json = r#"[1, "2", {"3": -4.5e+6, "a\"7": [8], "\\": 9}, "\\\"10", true, null, 11]"#;
        assert_eq!(numbers(json).collect::<Vec<_>>(), ["1", "-4.5e+6", "8", "9", "11"]);
    }
}
