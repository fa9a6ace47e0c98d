//! What a person sees of a scheduler: a table of its jobs.

use std::collections::HashSet;
use std::fmt;
use std::io::Write as _;

use chrono::{DateTime, TimeDelta, Utc};

use super::columns::in_columns;
use super::{Scheduler, SchedulerError};
use crate::job::{Job, JobId, Statistics, one_line};
use crate::schedule::Zone;

/// A scheduler at one moment. It displays as a few lines and a table of jobs,
/// the soonest first.
///
/// # Examples
///
/// ```
/// use fastscheduler::prelude::*;
/// use fastscheduler::storage::MemoryStorage;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).timezone("Europe/Paris").build().await?;
/// scheduler.add(daily().at("09:00").run("report", || async {})).await?;
/// let status = scheduler.status().await?.to_string();
/// assert!(status.contains("times in Europe/Paris") && status.contains("Daily at 09:00"));
/// # anyhow::Ok(()) })?;
/// # anyhow::Ok(())
/// ```
#[derive(Debug, Clone)]
pub struct Status {
    /// All jobs, the soonest first.
    pub jobs: Vec<Job>,
    /// Totals over all jobs.
    pub statistics: Statistics,
    /// How many dead letters there are.
    pub dead_letters: usize,
    /// When this was.
    pub at: DateTime<Utc>,
    zone: Zone,
    /// Jobs that an earlier start added, and this one has not.
    not_added: HashSet<JobId>,
}

impl Scheduler {
    /// The jobs and totals at this moment.
    pub async fn status(&self) -> Result<Status, SchedulerError> {
        let mut jobs = self.jobs().await?;
        jobs.sort_by_key(|job| (job.next_run_at().is_none(), job.next_run_at(), job.id()));
        let is_not_added =
            |job: &&Job| job.definition.schedule.spec.is_recurring() && self.0.not_added.has(job);
        let not_added = jobs.iter().filter(is_not_added).map(Job::id).collect();
        Ok(Status {
            jobs,
            not_added,
            statistics: self.statistics().await?,
            dead_letters: self.dead_letter_count().await?,
            at: self.0.engine.clock.now(),
            zone: self.local_zone(),
        })
    }

    /// Prints the [`status`](Self::status) on the standard output.
    pub async fn print_status(&self) -> Result<(), SchedulerError> {
        print_line(&self.status().await?.to_string());
        Ok(())
    }

    pub(super) fn local_zone(&self) -> Zone {
        Zone::from(self.0.zone)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Statistics { total_runs, total_failures, total_retries, started_at, .. } = self.statistics;
        match started_at {
            Some(since) => {
                let for_long = how_long(self.at - since);
                write!(f, "running since {} ({for_long})", local(since, self.zone))?;
            }
            None => f.write_str("not running")?,
        }
        writeln!(f, ", times in {}", self.zone.tz())?;
        writeln!(
            f,
            "{}, {}, {}, {}, {}",
            count(self.jobs.len(), "job"),
            count(total_runs, "run"),
            count(total_failures, "failure"),
            count(total_retries, "retry"),
            count(self.dead_letters, "dead letter"),
        )?;
        if self.jobs.is_empty() {
            return Ok(());
        }
        let header = ["JOB", "NAME", "GROUP", "SCHEDULE", "STATUS", "NEXT RUN", "IN", "RUNS", "FAILED"];
        let row = |job: &Job| {
            let [id, name, schedule, next, wait] = first_run(job, self.zone, self.at);
            let is_added = !self.not_added.contains(&job.id());
            let note = if is_added { "" } else { " (not added since this start)" };
            let (group, status) = (one_line(job.group()), format!("{}{note}", job.status()));
            let (runs, failed) = (job.run_count().to_string(), job.failure_count().to_string());
            [id, name, group, schedule, status, next, wait, runs, failed]
        };
        let rows: Vec<_> = self.jobs.iter().map(row).collect();
        f.write_str(&in_columns(header, &rows, 2))
    }
}

/// A table of jobs with their schedules and next runs.
pub(super) fn first_runs(jobs: &[Job], zone: Zone, now: DateTime<Utc>) -> String {
    let header = ["JOB", "NAME", "SCHEDULE", "NEXT RUN", "IN"];
    let rows: Vec<_> = jobs.iter().map(|job| first_run(job, zone, now)).collect();
    in_columns(header, &rows, 0)
}

fn first_run(job: &Job, zone: Zone, now: DateTime<Utc>) -> [String; 5] {
    let next = job.next_run_at();
    [
        job.id().to_string(),
        one_line(job.name()),
        one_line(&job.definition().schedule),
        next.map_or_else(|| job.status().to_string(), |at| local(at, zone)),
        next.map_or_else(String::new, |at| how_long(at - now)),
    ]
}

fn local(at: DateTime<Utc>, zone: Zone) -> String {
    zone.local(at).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// `1 run`, `2 retries`.
pub(super) fn count(n: impl TryInto<u64>, noun: &str) -> String {
    let n = n.try_into().unwrap_or(u64::MAX);
    match noun.strip_suffix('y') {
        _ if n == 1 => format!("1 {noun}"),
        Some(stem) => format!("{n} {stem}ies"),
        None => format!("{n} {noun}s"),
    }
}

/// `2 d 3 h`, `4 min 5 s`, `900 ms`: the two largest units.
fn how_long(wait: TimeDelta) -> String {
    if wait < TimeDelta::seconds(1) {
        return format!("{} ms", wait.num_milliseconds().max(0));
    }
    let parts = [
        (wait.num_days(), "d"),
        (wait.num_hours() % 24, "h"),
        (wait.num_minutes() % 60, "min"),
        (wait.num_seconds() % 60, "s"),
    ];
    let from_largest = parts.iter().skip_while(|(amount, _)| *amount == 0).take(2);
    let shown: Vec<_> = from_largest
        .filter(|(amount, _)| *amount > 0)
        .map(|(amount, unit)| format!("{amount} {unit}"))
        .collect();
    shown.join(" ")
}

/// Prints a line; a reader that has gone away must not end the jobs.
pub(super) fn print_line(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
