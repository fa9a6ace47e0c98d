//! What is meant to be reached, and whether it is.

use std::time::Duration;

use crate::table;

/// A bound for a figure.
pub(crate) struct Goal {
    what: &'static str,
    unit: &'static str,
    bound: Bound,
    measured: f64,
}

#[derive(Debug, Clone, Copy)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Goal {
    pub(crate) fn at_most(most: f64, unit: &'static str, what: &'static str, measured: f64) -> Self {
        Self { what, unit, bound: Bound::AtMost(most), measured }
    }

    pub(crate) fn at_least(least: f64, unit: &'static str, what: &'static str, measured: f64) -> Self {
        Self { what, unit, bound: Bound::AtLeast(least), measured }
    }

    fn line(&self) -> Vec<String> {
        let Self { what, unit, bound, measured } = *self;
        let (bound, off, times) = match bound {
            Bound::AtMost(most) => (format!("≤ {most:.2}"), measured - most, measured / most),
            Bound::AtLeast(least) => (format!("≥ {least:.2}"), least - measured, least / measured),
        };
        let verdict = match off {
            _ if off <= 0.0 => "met".to_owned(),
            _ if times.is_finite() => format!("missed by {off:.2}, {times:.1} times"),
            _ => format!("missed by {off:.2}"),
        };
        vec![what.to_owned(), bound, format!("{measured:.2}"), unit.to_owned(), verdict]
    }
}

/// Each goal on a line, with what was measured.
pub(crate) fn verdicts(goals: &[Goal]) -> String {
    let headline = ["goal", "bound", "measured", "", "verdict"].map(str::to_owned).to_vec();
    let lines: Vec<Vec<String>> = std::iter::once(headline).chain(goals.iter().map(Goal::line)).collect();
    table::aligned(&lines)
}

/// A count as a figure.
pub(crate) fn figure(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// A length of time as a figure, in milliseconds.
pub(crate) fn milliseconds(length: Duration) -> f64 {
    length.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_says_by_how_much_a_goal_is_missed() {
        let cases = [
            (Goal::at_most(1.0, "s", "a", 1.0), "met"),
            (Goal::at_most(1.0, "s", "a", 1.5), "missed by 0.50, 1.5 times"),
            (Goal::at_most(0.0, "runs", "a", 2.0), "missed by 2.00"),
            (Goal::at_least(5.0, "runs", "a", 6.0), "met"),
            (Goal::at_least(5.0, "runs", "a", 2.0), "missed by 3.00, 2.5 times"),
            (Goal::at_least(5.0, "runs", "a", 0.0), "missed by 5.00"),
        ];
        for (goal, verdict) in cases {
            assert_eq!(goal.line().last().map(String::as_str), Some(verdict), "{:?}", goal.bound);
        }
    }
}
