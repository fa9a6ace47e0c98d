//! What was measured, in tables, and the goals.

use std::fmt;
use std::time::Duration;

use super::MANY;
use super::creates::Creates;
use super::load::{DUE, Row};
use super::prepare::Past;
use super::prepared::Prepared;
use super::start::Start;
use crate::goal::{self, Goal, figure};
use crate::table::{aligned, grouped, milliseconds, ratio};

const RUNS: [&str; 14] = [
    "stored",
    "in",
    "expected",
    "done",
    "skipped",
    "unaccounted",
    "unrecorded",
    "CPU %",
    "CPU µs",
    "× memory",
    "p50 ms",
    "p99 ms",
    "max ms",
    "MB",
];

const FILES: [&str; 15] = [
    "stored",
    "journal B",
    "snapshot B",
    "disk B",
    "MB folded",
    "took ms",
    "CPU ms",
    "each",
    "CPU µs",
    "× first",
    "p50 ms",
    "p99 ms",
    "× before",
    "max ms",
    "MB",
];

const STARTS: [&str; 10] = [
    "jobs",
    "after",
    "snapshot MB",
    "journal MB",
    "open ms",
    "build ms",
    "start ms",
    "in all ms",
    "CPU ms",
    "MB",
];

const CREATES: [&str; 6] = ["new jobs/s", "by", "syncs/s", "a sync", "B", "× loop"];

impl fmt::Display for Past {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Waiting => "nothing",
            Self::Stopped => "a stop",
            Self::Crashed => "a crash",
        })
    }
}

/// All tables, and the goals.
pub(crate) fn of(rows: &[Row], starts: &[(Past, Prepared, Start)], creates: &[Creates; 2]) -> String {
    let tables = [
        (format!("{} runs each second", grouped(DUE.into())), of_runs(rows)),
        ("what they write, and a snapshot beside them".to_owned(), of_files(rows)),
        ("starts".to_owned(), of_starts(starts)),
        ("new jobs of 64 callers".to_owned(), of_creates(creates)),
        ("goals".to_owned(), goal::verdicts(&goals(rows, starts, creates))),
    ];
    let tables = tables.map(|(headline, table)| format!("{headline}\n\n{table}"));
    tables.join("\n")
}

fn of_runs(rows: &[Row]) -> String {
    let memory = rows.iter().find(|row| row.written.is_none()).map(Row::cpu_per_run);
    table(
        &RUNS,
        rows.iter().map(|row| {
            vec![
                grouped(row.load.stored.into()),
                if row.written.is_some() { "files" } else { "memory" }.to_owned(),
                grouped(row.expected.cast_signed()),
                grouped(row.done.cast_signed()),
                grouped(row.skipped.cast_signed()),
                grouped(row.unaccounted()),
                grouped(row.unrecorded),
                format!("{:.1}", row.cpu_percent()),
                micros(row.cpu_per_run()),
                ratio(row.cpu_per_run(), memory),
                milliseconds(row.late.p50),
                milliseconds(row.late.p99),
                milliseconds(row.late.max),
                megabytes(row.memory),
            ]
        }),
    )
}

fn of_files(rows: &[Row]) -> String {
    let first = rows.iter().find(|row| row.written.is_some()).map(Row::cpu_per_run_in_all);
    table(
        &FILES,
        rows.iter().filter_map(|row| {
            let written = row.written.as_ref()?;
            let (journal, snapshots) = row.bytes_per_run()?;
            let fold = &written.fold;
            Some(vec![
                grouped(row.load.stored.into()),
                grouped(journal.cast_signed()),
                grouped(snapshots.cast_signed()),
                grouped((written.disk / row.done.max(1)).cast_signed()),
                format!("{} + {}", megabytes(fold.journal), megabytes(fold.snapshot)),
                milliseconds(fold.took),
                milliseconds(fold.cpu),
                grouped(row.runs_per_fold()?.into()),
                micros(row.cpu_per_run_in_all()),
                ratio(row.cpu_per_run_in_all(), first),
                milliseconds(fold.late.p50),
                milliseconds(fold.late.p99),
                ratio(fold.late.p99, Some(row.late.p99)),
                milliseconds(fold.late.max),
                megabytes(fold.memory),
            ])
        }),
    )
}

fn of_starts(starts: &[(Past, Prepared, Start)]) -> String {
    table(
        &STARTS,
        starts.iter().map(|(past, prepared, start)| {
            vec![
                grouped(MANY.into()),
                past.to_string(),
                megabytes(prepared.snapshot),
                megabytes(prepared.journal),
                milliseconds(start.opened),
                milliseconds(start.built.saturating_sub(start.opened)),
                milliseconds(start.running.saturating_sub(start.built)),
                milliseconds(start.running),
                milliseconds(start.cpu),
                megabytes(start.memory),
            ]
        }),
    )
}

fn of_creates(creates: &[Creates; 2]) -> String {
    table(
        &CREATES,
        creates.iter().map(|of| {
            vec![
                format!("{:.0}", of.per_second()),
                of.side.to_string(),
                format!("{:.0}", figure(of.syncs) / of.took.as_secs_f64()),
                format!("{:.1}", figure(of.created) / figure(of.syncs)),
                of.line().to_string(),
                format!("{:.2}", of.per_second() / creates[0].per_second()),
            ]
        }),
    )
}

fn goals(rows: &[Row], starts: &[(Past, Prepared, Start)], creates: &[Creates; 2]) -> Vec<Goal> {
    let in_files = || rows.iter().filter(|row| row.written.is_some());
    let of = |stored| in_files().find(|row| row.load.stored == stored);
    let mut goals = Vec::new();
    if let Some(row) = of(DUE) {
        let percent = row.cpu_per_run_in_all().as_secs_f64() * f64::from(DUE) * 100.0;
        goals.push(Goal::at_most(
            10.0,
            "%",
            "CPU of a core, 1,000 runs each second, snapshots included",
            percent,
        ));
    }
    let lost: i64 = in_files().map(|row| row.unaccounted().abs() + row.unrecorded.abs()).sum();
    goals.push(Goal::at_most(0.0, "runs", "runs lost, or run twice", figure(lost.unsigned_abs())));
    if let (Some(few), Some(many)) = (of(DUE), of(MANY)) {
        let times = many.cpu_per_run_in_all().div_duration_f64(few.cpu_per_run_in_all());
        goals.push(Goal::at_most(FLAT, "×", "CPU of a run with 100,000 jobs, by that with 1,000", times));
    }
    for (past, what) in [
        (Past::Stopped, "start with 100,000 jobs, after a stop"),
        (Past::Crashed, "start with 100,000 jobs, after a crash"),
    ] {
        let start = starts.iter().find(|start| start.0 == past).map(|start| start.2.running);
        goals.extend(start.map(|start| Goal::at_most(1.0, "s", what, start.as_secs_f64())));
    }
    goals.push(Goal::at_least(5_000.0, "", "new jobs each second", creates[1].per_second()));
    if let Some(written) = of(MANY).and_then(|row| row.written.as_ref()) {
        let late = &written.fold.late;
        let (p50, p99) = (goal::milliseconds(late.p50), goal::milliseconds(late.p99));
        goals.push(Goal::at_most(
            1.0,
            "ms",
            "lateness while a snapshot of 100,000 jobs is written, p50",
            p50,
        ));
        goals.push(Goal::at_most(
            3.0,
            "ms",
            "lateness while a snapshot of 100,000 jobs is written, p99",
            p99,
        ));
    }
    goals
}

/// What still counts as the same cost.
const FLAT: f64 = 1.5;

fn table<const N: usize>(columns: &[&str; N], rows: impl Iterator<Item = Vec<String>>) -> String {
    let headline = columns.map(str::to_owned).to_vec();
    aligned(&std::iter::once(headline).chain(rows).collect::<Vec<_>>())
}

fn micros(length: Duration) -> String {
    format!("{:.1}", length.as_secs_f64() * 1e6)
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", figure(bytes) / 1e6)
}
