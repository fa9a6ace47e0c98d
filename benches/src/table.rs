//! Figures in columns.

use std::time::Duration;

use crate::dispatch::{Row, Side};

const COLUMNS: [&str; 13] = [
    "jobs/s",
    "by",
    "expected",
    "done",
    "lost",
    "skipped",
    "unaccounted",
    "CPU-s/M",
    "× raw",
    "p50 ms",
    "p99 ms",
    "× raw",
    "max ms",
];

/// The rows of a comparison, each scheduler's under its raw loop's.
pub(crate) fn of_rows(rows: &[Row]) -> String {
    let mut lines = vec![COLUMNS.map(str::to_owned).to_vec()];
    lines.extend(rows.iter().map(|row| {
        let is_raw = |other: &&Row| other.load.side == Side::RawLoop && other.load.jobs == row.load.jobs;
        let raw = rows.iter().find(is_raw);
        vec![
            grouped(row.load.jobs.into()),
            row.load.side.to_string(),
            grouped(row.expected.cast_signed()),
            grouped(row.done.cast_signed()),
            grouped(row.lost()),
            row.skipped.map_or_else(|| "–".to_owned(), |skipped| grouped(skipped.cast_signed())),
            grouped(row.unaccounted()),
            format!("{:.2}", row.cpu_per_million.as_secs_f64()),
            ratio(row.cpu_per_million, raw.map(|raw| raw.cpu_per_million)),
            milliseconds(row.late_p50),
            milliseconds(row.late_p99),
            ratio(row.late_p99, raw.map(|raw| raw.late_p99)),
            milliseconds(row.late_max),
        ]
    }));
    aligned(&lines)
}

/// Lines of cells, aligned to the right but for those that begin with a letter.
pub(crate) fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    // Below the headline, a column is either words or figures.
    let is_words = |column: usize| {
        let cell = lines.get(1).and_then(|line| line.get(column));
        cell.is_some_and(|cell| cell.starts_with(char::is_alphabetic))
    };
    let mut text = String::new();
    for line in lines {
        let cells: Vec<String> = line
            .iter()
            .enumerate()
            .map(|(column, cell)| match (is_words(column), widths[column]) {
                (true, width) => format!("{cell:<width$}"),
                (false, width) => format!("{cell:>width$}"),
            })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// A number with a comma between thousands.
pub(crate) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A length of time in milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1e3)
}

/// How many times as long as another that is.
pub(crate) fn ratio(duration: Duration, raw: Option<Duration>) -> String {
    match raw {
        Some(raw) if !raw.is_zero() => format!("{:.2}", duration.div_duration_f64(raw)),
        Some(_) | None => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_aligned_to_the_left_and_figures_to_the_right() {
        let lines = [vec!["a", "by"], vec!["1", "raw"], vec!["1,000", "fast"]];
        let lines = lines.map(|line| line.into_iter().map(str::to_owned).collect());
        assert_eq!(aligned(&lines), "    a  by\n    1  raw\n1,000  fast\n");
    }

    #[test]
    fn thousands_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
