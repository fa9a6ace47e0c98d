//! What was measured, in a table, and the goals.

use super::clients::{Ask, CLIENTS};
use super::server::Row;
use crate::goal::{self, Goal, figure};
use crate::table::{aligned, grouped, milliseconds};

const COLUMNS: [&str; 8] = ["stored", "asked for", "each second", "p50 ms", "p99 ms", "B", "CPU µs", "MB"];

/// What still counts as the same: a new job beside many others, by one alone.
const FLAT: f64 = 1.5;

pub(super) fn of(rows: &[Row]) -> String {
    let headline = COLUMNS.map(str::to_owned).to_vec();
    let lines: Vec<_> = std::iter::once(headline).chain(rows.iter().map(line)).collect();
    format!("requests of {CLIENTS} clients\n{}\n{}", aligned(&lines), goal::verdicts(&goals(rows)))
}

#[expect(clippy::cast_possible_truncation, reason = "there are not that many requests")]
fn line(row: &Row) -> Vec<String> {
    let answers = &row.answers;
    vec![
        grouped(row.stored.into()),
        row.ask.to_string(),
        grouped(row.per_second().round() as i64),
        milliseconds(answers.p50),
        milliseconds(answers.p99),
        grouped(answers.bytes.cast_signed() as i64),
        format!("{:.1}", row.cpu.as_secs_f64() * 1e6 / figure(answers.count)),
        format!("{:.1}", figure(row.memory) / 1e6),
    ]
}

fn goals(rows: &[Row]) -> Vec<Goal> {
    let of =
        |ask, stored| rows.iter().find(|row| row.ask == ask && row.stored == stored).map(Row::per_second);
    let mut goals = Vec::new();
    for (ask, stored, least, what) in [
        (Ask::List { limit: None }, 100, 4_000.0, "lists of 100 jobs each second"),
        (Ask::One, 10_000, 25_000.0, "single jobs each second"),
        (Ask::Create, 1, 5_000.0, "new jobs each second, each on disk"),
        (Ask::Create, 100_000, 5_000.0, "the same beside 100,000 jobs"),
    ] {
        goals.extend(of(ask, stored).map(|measured| Goal::at_least(least, "", what, measured)));
    }
    if let (Some(few), Some(many)) = (of(Ask::Create, 1), of(Ask::Create, 100_000)) {
        goals.push(Goal::at_most(FLAT, "×", "a new job beside 100,000, by one alone", few / many));
    }
    let cpu = |ask, stored| {
        let row = rows.iter().find(|row| row.ask == ask && row.stored == stored)?;
        Some(row.cpu.as_secs_f64() / figure(row.answers.count))
    };
    let list = cpu(Ask::List { limit: Some(100) }, 10_000);
    for (ask, most, what) in [
        (Ask::Overview, 1.0, "CPU of an overview, by that of a list of 100"),
        (Ask::Recent, 2.0, "the same of 50 jobs with their last runs"),
        (Ask::Timeline, 10.0, "the same of a timeline of a day for 50 jobs"),
        (Ask::Groups, 2.0, "the same of groups of errors"),
    ] {
        if let (Some(list), Some(measured)) = (list, cpu(ask, 10_000)) {
            goals.push(Goal::at_most(most, "×", what, measured / list));
        }
    }
    goals
}
