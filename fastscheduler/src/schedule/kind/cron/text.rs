//! Cron expressions as they are stored.

use serde::{Deserialize, Serialize};

use super::{before, calendar_of};
use crate::schedule::text::cron::{self, DayFields};

/// The version of the rules by which expressions are read.
const RULES: u32 = 2;

/// A cron expression, and the rules by which it is read.
///
/// An expression stored by an earlier version of this library keeps its old
/// meaning if this version's rules would change it, or would refuse the
/// expression. As JSON it is `{"expression": "0 9 * * *", "rules": 2}`; one
/// without `rules` was stored by such an earlier version.
///
/// # Examples
///
/// ```
/// use fastscheduler::schedule::CronText;
///
/// let text = CronText::from("0 0 */1 * MON");
/// assert_eq!((text.as_str(), text.is_of_earlier_rules()), ("0 0 */1 * MON", false));
///
/// let stored: CronText = serde_json::from_str(r#"{"expression": "0 0 */1 * MON"}"#)?;
/// assert!(stored.is_of_earlier_rules(), "it meant every day, and would now mean every Monday");
/// let stored: CronText = serde_json::from_str(r#"{"expression": "0 9 * * MON"}"#)?;
/// assert_eq!(stored, CronText::from("0 9 * * MON"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "StoredText", into = "StoredText")]
pub struct CronText {
    expression: Box<str>,
    /// True only if those rules make a difference.
    is_of_earlier_rules: bool,
}

/// Its form in JSON.
#[derive(Serialize, Deserialize)]
struct StoredText {
    expression: Box<str>,
    /// `None` for the first rules, which had no number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rules: Option<u32>,
}

impl CronText {
    /// The expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.expression
    }

    /// Whether it is read by an earlier version's rules, because this version's
    /// rules give it another meaning or refuse it.
    #[must_use]
    pub fn is_of_earlier_rules(&self) -> bool {
        self.is_of_earlier_rules
    }

    /// The expression with its meaning under an earlier version's rules, if this
    /// version's rules give it another meaning or refuse it.
    pub(crate) fn of_earlier_rules(expression: &str) -> Option<Self> {
        let stored = StoredText { expression: expression.trim().into(), rules: None };
        Some(Self::from(stored)).filter(Self::is_of_earlier_rules)
    }

    /// How the day of month and the day of week combine.
    pub(crate) fn day_fields(&self) -> DayFields {
        if self.is_of_earlier_rules {
            before::day_fields(&self.expression)
        } else {
            cron::day_fields(&self.expression)
        }
    }
}

impl From<&str> for CronText {
    /// An expression to be read by the rules of this version.
    fn from(expression: &str) -> Self {
        Self { expression: expression.into(), is_of_earlier_rules: false }
    }
}

impl From<StoredText> for CronText {
    fn from(StoredText { expression, rules }: StoredText) -> Self {
        let is_of_earlier_rules = rules.is_none_or(|rules| rules < RULES) && !is_unchanged(&expression);
        Self { expression, is_of_earlier_rules }
    }
}

impl From<CronText> for StoredText {
    fn from(CronText { expression, is_of_earlier_rules }: CronText) -> Self {
        Self { expression, rules: (!is_of_earlier_rules).then_some(RULES) }
    }
}

/// Whether an expression means what it meant before.
fn is_unchanged(expression: &str) -> bool {
    // An expression that the earlier rules refuse was never stored under them.
    is_plain(expression)
        || before::calendar(expression).is_none_or(|before| calendar_of(expression) == Ok(before))
}

/// Whether an expression uses nothing whose rules have changed. Most do not,
/// and comparing both readings takes much longer than this.
fn is_plain(expression: &str) -> bool {
    let fields: Vec<&str> = expression.split_whitespace().collect();
    let (5..=6, [clock @ .., day_of_month, month, day_of_week]) = (fields.len(), &fields[..]) else {
        return cron::nickname(expression).is_some();
    };
    let is_of_numbers = |field: &&str| {
        let mut steps = field.split(',').filter_map(|item| item.split_once('/'));
        steps.all(|(_, step)| matches!(step.as_bytes(), [b'1'..=b'7']))
            && field.bytes().all(|byte| byte.is_ascii_digit() || b"*,-/".contains(&byte))
    };
    let is_of_names = |field: &&str| {
        // The rules of ranges from Sunday have changed.
        let is_range_with_sunday = field.contains('-') && field.to_ascii_uppercase().contains("SUN");
        !is_range_with_sunday && field.bytes().all(|byte| byte.is_ascii_alphabetic() || b",-".contains(&byte))
    };
    (*day_of_month == "*" || *day_of_week == "*")
        && clock.iter().chain([day_of_month]).all(is_of_numbers)
        && [month, day_of_week].into_iter().all(|field| is_of_numbers(field) || is_of_names(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_for_plain_has_the_same_meaning_under_both_rules() {
        let fields = |choices: &[&'static str]| choices.to_vec();
        let clock = fields(&["*", "0", "*/5", "5-20/3", "1,2", "*/7", "*/20", "0-59"]);
        let days = fields(&["*", "?", "1-31", "*/1", "L", "15W", "13", "1-7", "*/7", "?/2", "L,LW", "10,20"]);
        let months = fields(&["*", "JAN,FEB", "1-6", "JAN-MAR", "*/6", "dec", "*/18"]);
        let weekdays = fields(&[
            "*", "MON-FRI", "SUN", "MON,WED", "0-7", "*/1", "5#2", "1-5#2", "FRIL", "SUN-7", "sun-sun",
            "FRI-SUN",
        ]);
        let mut plain = 0;
        for minute in &clock {
            for day in &days {
                for month in &months {
                    for weekday in &weekdays {
                        let expression = format!("{minute} 9 {day} {month} {weekday}");
                        if is_plain(&expression) {
                            plain += 1;
                            let before = before::calendar(&expression);
                            assert!(before == calendar_of(&expression).ok(), "{expression}");
                        }
                    }
                }
            }
        }
        assert!(plain > 100, "{plain}");
    }
}
