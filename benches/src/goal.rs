//! What the scheduler is meant to reach, and whether it does.

use std::time::Duration;

use crate::dispatch::{Row, Side};
use crate::footprint::Footprint;
use crate::table;

/// The most that a figure may be.
struct Goal {
    what: &'static str,
    unit: &'static str,
    most: f64,
    measured: f64,
}

/// Each goal on a line, with what was measured.
pub(crate) fn verdicts(rows: &[Row], footprint: &Footprint) -> String {
    let headline = ["goal", "at most", "measured", "", "verdict"].map(str::to_owned).to_vec();
    let lines: Vec<Vec<String>> =
        std::iter::once(headline).chain(goals(rows, footprint).iter().map(Goal::line)).collect();
    table::aligned(&lines)
}

fn goals(rows: &[Row], footprint: &Footprint) -> Vec<Goal> {
    let goal = |what, unit, most, measured| Goal { what, unit, most, measured };
    let of = |jobs| rows.iter().find(move |row| row.load.side == Side::Scheduler && row.load.jobs == jobs);
    let mut goals = Vec::new();
    if let Some(row) = of(100_000) {
        let cpu = row.cpu_per_million.as_secs_f64();
        goals.push(goal("CPU of a million runs, 100,000 each second", "s", 1.0, cpu));
        let lost = row.lost().max(0).cast_unsigned();
        goals.push(goal("lost of these", "runs", 0.0, figure(lost)));
    }
    if let Some(row) = of(1_000) {
        let milliseconds = |late: Duration| late.as_secs_f64() * 1e3;
        goals.push(goal("lateness of 1,000 runs each second, p50", "ms", 1.0, milliseconds(row.late_p50)));
        goals.push(goal("lateness of 1,000 runs each second, p99", "ms", 3.0, milliseconds(row.late_p99)));
    }
    // The goal is 0 %, to one decimal.
    goals.push(goal("CPU of a core while 100,000 jobs wait", "%", 0.05, footprint.idle_percent));
    goals.push(goal("memory of a job", "bytes", 600.0, figure(footprint.bytes_per_job)));
    goals.push(goal("CPU of adding a job", "µs", 2.0, footprint.cpu_per_add.as_secs_f64() * 1e6));
    goals
}

impl Goal {
    fn line(&self) -> Vec<String> {
        let Self { what, unit, most, measured } = *self;
        let verdict = match measured {
            _ if measured <= most => "met".to_owned(),
            _ if most == 0.0 => format!("missed by {measured:.2}"),
            _ => format!("missed by {:.2}, {:.1} times", measured - most, measured / most),
        };
        let (most, measured) = (format!("{most:.2}"), format!("{measured:.2}"));
        vec![what.to_owned(), most, measured, unit.to_owned(), verdict]
    }
}

fn figure(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
