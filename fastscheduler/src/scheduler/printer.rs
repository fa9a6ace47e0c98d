//! What `run()` prints of its scheduler.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::console::Console;
use super::notes::Notes;
use super::status::{count, first_runs};
use super::{Scheduler, SchedulerError};
use crate::clock::ZoneSource;
use crate::engine::{Event, Events, Problem, ProblemCode};
use crate::job::{AfterFailure, JobId, Run, RunStatus, one_line};
use crate::schedule::Zone;

/// Prints what a scheduler does on standard output, and what is wrong on standard
/// error. That is left to a subscriber of `tracing` if there is one.
pub(super) struct Printer<'a> {
    console: &'a Console,
    scheduler: &'a Scheduler,
    zone: Zone,
    /// The problems whose beginning was printed, and their end was not.
    problems: BTreeMap<(ProblemCode, Option<JobId>), Arc<Problem>>,
}

impl<'a> Printer<'a> {
    pub(super) fn new(console: &'a Console, scheduler: &'a Scheduler) -> Self {
        Self { console, scheduler, zone: scheduler.local_zone(), problems: BTreeMap::new() }
    }

    /// Prints a table of the jobs.
    pub(super) async fn print_jobs(&self, zone_source: ZoneSource) -> Result<(), SchedulerError> {
        let Self { console, scheduler, zone, .. } = self;
        let now = scheduler.0.engine.clock.now();
        let mut jobs = scheduler.jobs().await?;
        jobs.sort_by_key(|job| (job.next_run_at().is_none(), job.next_run_at(), job.id()));
        let functions = scheduler.functions().len();
        console.print(format!(
            "fastscheduler {}: {} from {}, times in {} {zone_source}",
            env!("CARGO_PKG_VERSION"),
            count(jobs.len(), "job"),
            count(functions, "function"),
            scheduler.zone()
        ));
        if jobs.is_empty() {
            console.print("nothing to run: annotate a function, for example with #[every(10, seconds)]");
        } else {
            console.print(first_runs(&jobs, *zone, now));
        }
        Ok(())
    }

    /// Prints events until the scheduler has stopped.
    pub(super) async fn print_events(&mut self, events: &mut Events) {
        while let Some(event) = events.next().await {
            self.print(event);
        }
    }

    pub(super) fn print(&mut self, event: Event) {
        match event {
            Event::RunRecorded(run) => match run.after_failure {
                Some(follows) if !has_subscriber() => {
                    self.console.print_error(describe_failure(&run, follows, self.scheduler));
                }
                Some(_) | None => self.console.print(describe(&run, self.zone)),
            },
            Event::ProblemBegan(problem) => self.print_problem(&problem),
            Event::ProblemEnded(problem) => self.print_end(&problem),
            Event::Missed(_) => {
                self.console.print("… more runs than can be shown");
                self.look_for_problems();
            }
            Event::JobChanged(_)
            | Event::JobRemoved(_)
            | Event::RunStarted(_)
            | Event::DeadLettered(_)
            | Event::DeadLettersRemoved => {}
        }
    }

    /// Prints what was missed of problems.
    fn look_for_problems(&mut self) {
        let present = self.scheduler.0.engine.problems();
        let is_over = |known: &Arc<Problem>| !present.iter().any(|problem| key(problem) == key(known));
        let over: Vec<_> = self.problems.values().filter(|known| is_over(known)).cloned().collect();
        for problem in over {
            self.print_end(&problem);
        }
        for problem in present {
            self.print_problem(&Arc::new(problem));
        }
    }

    /// Prints that a problem began, unless that was printed.
    fn print_problem(&mut self, problem: &Arc<Problem>) {
        let since = problem.since;
        let known = self.problems.insert(key(problem), Arc::clone(problem));
        if known.is_none_or(|known| known.since != since) {
            self.print_wrong(|| format!("{} WARN {problem}", time(since, self.zone)));
        }
    }

    /// Prints that a problem is over, unless that was printed.
    fn print_end(&mut self, problem: &Problem) {
        if self.problems.remove(&key(problem)).is_some() {
            let now = self.scheduler.0.engine.clock.now();
            self.print_wrong(|| format!("{} INFO no longer a problem: {problem}", time(now, self.zone)));
        }
    }

    fn print_wrong(&self, line: impl FnOnce() -> String) {
        if !has_subscriber() {
            self.console.print_error(line());
        }
    }
}

/// Prints what a person should know of how a scheduler was built.
pub(super) fn print_notes(console: &Console, notes: &Notes) {
    // They were logged.
    if !has_subscriber() {
        for note in notes.all().iter() {
            console.print_error(format!("note: {}", one_line(note)));
        }
    }
}

/// Whether the program has set a subscriber. Looked up each time: it may do so
/// later.
fn has_subscriber() -> bool {
    tracing::dispatcher::has_been_set()
}

fn key(problem: &Problem) -> (ProblemCode, Option<JobId>) {
    (problem.code, problem.job)
}

/// An instant on the clock of the zone.
fn time(at: DateTime<Utc>, zone: Zone) -> String {
    zone.local(at).format("%H:%M:%S").to_string()
}

/// When a run reached its status.
fn time_of(run: &Run, zone: Zone) -> String {
    run.finished_at.map_or_else(String::new, |at| time(at, zone))
}

/// A failed run in one line, as the log would have it.
fn describe_failure(run: &Run, follows: AfterFailure, scheduler: &Scheduler) -> String {
    let zone = scheduler.local_zone();
    let (at, id, name, run_id) = (time_of(run, zone), run.job_id(), one_line(&run.job_name), run.run_id);
    let level = if follows.leaves_dead_letter() { "ERROR" } else { "WARN" };
    let error = one_line(run.error.as_deref().unwrap_or("no reason was given"));
    let next = match follows {
        AfterFailure::Retry { number, limit } => match scheduler.0.engine.table.get(run.job_id()) {
            Some(job) => {
                let delay = job.definition.policy.backoff.before(number, run.run_id);
                format!("retry {number} of {limit} in {delay:?}")
            }
            None => follows.to_string(),
        },
        follows if follows.leaves_dead_letter() => format!("{follows}; it is a dead letter now"),
        follows => follows.to_string(),
    };
    format!("{at} {level} {id} {name} failed at attempt {} ({run_id}): {error}; {next}", run_id.attempt)
}

fn describe(run: &Run, zone: Zone) -> String {
    let at = time_of(run, zone);
    let (id, name, status) = (run.job_id(), one_line(&run.job_name), run.status);
    match (status, run.skipped.as_deref()) {
        (_, Some(skipped)) => {
            let fires = if skipped.count == 1 { "fire" } else { "fires" };
            format!("{at} {id} {name}: {} {fires} skipped, {}", skipped.count, skipped.reason)
        }
        (RunStatus::Failed, None) => {
            format!(
                "{at} {id} {name} failed: {}",
                one_line(run.error.as_deref().unwrap_or("no reason was given"))
            )
        }
        (_, None) => format!("{at} {id} {name} {status} in {:.1?}", run.execution_time().unwrap_or_default()),
    }
}
