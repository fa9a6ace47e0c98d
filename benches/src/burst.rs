//! Jobs that are all due on the whole second: the scheduler beside a raw tokio loop.

use std::time::Duration;

use anyhow::Result;

use crate::dispatch::{self, LOADS, Row, Side};
use crate::goal::{self, Goal, figure};
use crate::window::Dues;

/// How many jobs a usual program has.
const USUAL: [u32; 3] = [1, 10, 100];

/// How often a usual program is measured: of a few runs each second, a
/// disturbance is a large part.
const TIMES: usize = 3;

/// Measures everything, and prints it.
pub(crate) fn compare(length: Duration) -> Result<()> {
    let mut rows = Vec::new();
    for jobs in USUAL {
        // In turn, so that what disturbs one side for a while disturbs the other.
        let pairs = (0..TIMES).map(|_| dispatch::both(jobs, Dues::Burst, length));
        let pairs = pairs.collect::<Result<Vec<_>>>()?;
        rows.extend([0, 1].map(|side| middle(&pairs.iter().map(|pair| &pair[side]).collect::<Vec<_>>())));
    }
    for jobs in LOADS {
        rows.extend(dispatch::both(jobs, Dues::Burst, length)?);
    }
    println!("{}", dispatch::comparison(&rows));
    print!("{}", goal::verdicts(&goals(&rows)));
    Ok(())
}

/// One row of several of the same load: the sum of counts, the middle of each
/// other figure, and the greatest maximum.
fn middle(rows: &[&Row]) -> Row {
    let sum = |figure: fn(&Row) -> u64| rows.iter().map(|row| figure(row)).sum();
    let middle = |figure: fn(&Row) -> Duration| {
        let mut figures: Vec<Duration> = rows.iter().map(|row| figure(row)).collect();
        figures.sort_unstable();
        figures[figures.len() / 2]
    };
    Row {
        load: rows[0].load,
        expected: sum(|row| row.expected),
        done: sum(|row| row.done),
        skipped: rows.iter().map(|row| row.skipped).sum(),
        cpu_per_million: middle(|row| row.cpu_per_million),
        late_p50: middle(|row| row.late_p50),
        late_p99: middle(|row| row.late_p99),
        late_max: rows.iter().map(|row| row.late_max).max().unwrap_or_default(),
    }
}

/// What the scheduler is meant to reach, beside the raw loop.
fn goals(rows: &[Row]) -> Vec<Goal> {
    let of = |side, jobs| rows.iter().find(move |row| row.load.side == side && row.load.jobs == jobs);
    let mut goals = Vec::new();
    let mut at_most = |most, what, jobs, figure: fn(&Row) -> Duration| {
        if let (Some(raw), Some(row)) = (of(Side::RawLoop, jobs), of(Side::Scheduler, jobs)) {
            goals.push(Goal::at_most(most, "× raw", what, figure(row).div_duration_f64(figure(raw))));
        }
    };
    at_most(1.3, "CPU of a run, 100,000 at once", 100_000, |row| row.cpu_per_million);
    at_most(1.1, "CPU of a run, 10,000 at once", 10_000, |row| row.cpu_per_million);
    at_most(1.2, "CPU of a run, 1,000 at once", 1_000, |row| row.cpu_per_million);
    at_most(1.3, "lateness of 100,000 at once, p50", 100_000, |row| row.late_p50);
    at_most(1.0, "lateness of 100,000 at once, p99", 100_000, |row| row.late_p99);
    at_most(1.2, "CPU of a program with 100 jobs", 100, |row| row.cpu_per_million);
    at_most(1.2, "CPU of a program with 10 jobs", 10, |row| row.cpu_per_million);
    at_most(1.2, "CPU of a program with 1 job", 1, |row| row.cpu_per_million);
    at_most(1.0, "lateness in a program with 100 jobs, p50", 100, |row| row.late_p50);
    at_most(1.0, "lateness in a program with 10 jobs, p50", 10, |row| row.late_p50);
    at_most(1.0, "lateness in a program with 1 job, p50", 1, |row| row.late_p50);
    // One that leaves out runs would reach all of these.
    let scheduled = rows.iter().filter(|row| row.load.side == Side::Scheduler);
    let lost = scheduled.map(|row| row.lost().max(0).cast_unsigned()).sum();
    goals.push(Goal::at_most(0.0, "runs", "lost of all these", figure(lost)));
    goals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::Load;

    fn row(side: Side, jobs: u32, lost: u64, micros: u64) -> Row {
        let length = Duration::from_secs(15);
        let expected = u64::from(jobs) * length.as_secs();
        Row {
            load: Load { side, jobs, dues: Dues::Burst, length },
            expected,
            done: expected - lost,
            skipped: (side == Side::Scheduler).then_some(lost),
            cpu_per_million: Duration::from_secs(micros),
            late_p50: Duration::from_micros(micros),
            late_p99: Duration::from_micros(10 * micros),
            late_max: Duration::from_micros(100 * micros),
        }
    }

    #[test]
    fn several_rows_become_one_in_which_a_disturbed_one_does_not_show() {
        let rows = [(0, 30), (2, 900), (1, 20)].map(|(lost, micros)| row(Side::Scheduler, 10, lost, micros));
        let one = middle(&rows.each_ref());
        assert_eq!((one.expected, one.done, one.skipped, one.lost()), (450, 447, Some(3), 3));
        assert_eq!(one.cpu_per_million, Duration::from_secs(30));
        assert_eq!(one.late_p50, Duration::from_micros(30));
        assert_eq!(one.late_p99, Duration::from_micros(300));
        assert_eq!(one.late_max, Duration::from_millis(90));
        assert_eq!(middle(&[&row(Side::RawLoop, 10, 0, 1)]).skipped, None);
    }

    #[test]
    fn each_goal_is_measured_beside_the_raw_loop_of_its_load() {
        let loads = USUAL.into_iter().chain(LOADS);
        let rows: Vec<Row> = (2..)
            .zip(loads)
            .flat_map(|(times, jobs)| {
                [row(Side::RawLoop, jobs, 0, 7), row(Side::Scheduler, jobs, 1, 7 * times)]
            })
            .collect();
        let text = goal::verdicts(&goals(&rows));
        // (how a line begins, bound and figure)
        let cases = [
            ("CPU of a run, 100,000 at once", "1.30 7.00"),
            ("CPU of a run, 10,000 at once", "1.10 6.00"),
            ("CPU of a run, 1,000 at once", "1.20 5.00"),
            ("lateness of 100,000 at once, p50", "1.30 7.00"),
            ("lateness of 100,000 at once, p99", "1.00 7.00"),
            ("CPU of a program with 100 jobs", "1.20 4.00"),
            ("CPU of a program with 10 jobs", "1.20 3.00"),
            ("CPU of a program with 1 job", "1.20 2.00"),
            ("lateness in a program with 100 jobs, p50", "1.00 4.00"),
            ("lateness in a program with 10 jobs, p50", "1.00 3.00"),
            ("lateness in a program with 1 job, p50", "1.00 2.00"),
            ("lost of all these", "0.00 6.00"),
        ];
        assert_eq!(text.lines().count(), cases.len() + 1, "{text}");
        for (begins, figures) in cases {
            let line = text.lines().find(|line| line.starts_with(&format!("{begins} "))).expect(begins);
            let words: Vec<&str> = line[begins.len()..].split_whitespace().collect();
            assert_eq!(words[1..3].join(" "), figures, "{line}");
        }
    }
}
