//! What was measured, in a table, and the goals.

use super::life::Life;
use super::prepare::Past;
use super::{JOBS, Row};
use crate::goal::{self, Goal, figure};
use crate::table::{aligned, grouped, milliseconds, ratio};

const COLUMNS: [&str; 18] = [
    "jobs",
    "before",
    "snapshot MB",
    "journal MB",
    "read ms",
    "build ms",
    "add ms",
    "start ms",
    "CPU ms",
    "× read",
    "status ms",
    "CPU ms",
    "write ms",
    "stop ms",
    "CPU ms",
    "× write",
    "added CPU µs",
    "MB",
];

/// The table, and the goals.
pub(super) fn of(rows: &[Row]) -> String {
    let table = std::iter::once(COLUMNS.map(str::to_owned).to_vec()).chain(rows.iter().map(cells));
    let goals: Vec<Goal> = rows.iter().flat_map(goals).collect();
    format!("{}\ngoals\n\n{}", aligned(&table.collect::<Vec<_>>()), goal::verdicts(&goals))
}

fn cells(Row { past, prepared, life, plain }: &Row) -> Vec<String> {
    let Life { build, add, start, status, stop, memory } = life;
    vec![
        grouped(JOBS.into()),
        past.to_string(),
        megabytes(prepared.snapshot),
        megabytes(prepared.journal),
        milliseconds(plain.read),
        milliseconds(build.time),
        milliseconds(add.time),
        milliseconds(start.time),
        milliseconds(build.cpu + start.cpu),
        ratio(build.time + start.time, Some(plain.read)),
        milliseconds(status.time),
        milliseconds(status.cpu),
        milliseconds(plain.write),
        milliseconds(stop.time),
        milliseconds(stop.cpu),
        ratio(stop.time, Some(plain.write)),
        format!("{:.1}", add.cpu.as_secs_f64() * 1e6 / f64::from(JOBS)),
        megabytes(*memory),
    ]
}

fn goals(Row { past, life, .. }: &Row) -> [Goal; 3] {
    let [start, status, stop] = match past {
        Past::Stopped => ["start after a stop", "status after a stop", "stop after that"],
        Past::Closures => ["start with closures", "status with closures", "stop with closures"],
        Past::Changed => ["start where each was changed", "status of these", "stop of these"],
        Past::Missed => ["start where each is due at once", "status of these", "stop of these"],
    };
    let seconds =
        [(start, life.build.time + life.start.time), (status, life.status.time), (stop, life.stop.time)];
    seconds.map(|(what, took)| Goal::at_most(1.0, "s", what, took.as_secs_f64()))
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", figure(bytes) / 1e6)
}
