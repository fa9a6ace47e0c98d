//! What ran, in a shape that reads well in assertions.

use std::fmt;
use std::ops::Deref;

use chrono_tz::Tz;

use crate::job::{FunctionKey, Run, RunStatus};
use crate::schedule::Zone;

/// Runs, oldest first: a slice of [`Run`], which prints one line for each.
///
/// Times are those at which the fires were due, in the scheduler's zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Runs {
    runs: Vec<Run>,
    zone: Tz,
}

impl Runs {
    pub(super) fn new(runs: Vec<Run>, zone: Tz) -> Self {
        Self { runs, zone }
    }

    /// The local times at which the fires were due, as in
    /// `2026-03-28 09:00:00`.
    #[must_use]
    pub fn times(&self) -> Vec<String> {
        self.runs.iter().map(|run| self.time(run)).collect()
    }

    /// Those that completed.
    #[must_use]
    pub fn completed(&self) -> Self {
        self.filtered(|run| run.status == RunStatus::Completed)
    }

    /// Those that failed.
    #[must_use]
    pub fn failed(&self) -> Self {
        self.filtered(|run| run.status == RunStatus::Failed)
    }

    /// Records of fires that were skipped.
    #[must_use]
    pub fn skipped(&self) -> Self {
        self.filtered(|run| run.skipped.is_some())
    }

    /// Those of a job, or of the jobs of a function, that are no skips.
    pub(super) fn attempts_of(&self, name: &str) -> Self {
        self.filtered(|run| {
            run.skipped.is_none() && (run.job_name == *name || is_function(name, &run.function))
        })
    }

    fn filtered(&self, is_wanted: impl Fn(&Run) -> bool) -> Self {
        Self { runs: self.runs.iter().filter(|run| is_wanted(run)).cloned().collect(), zone: self.zone }
    }

    fn time(&self, run: &Run) -> String {
        Zone::from(self.zone).local(run.scheduled_for()).format("%F %T%.f").to_string()
    }
}

/// A line for each: when it was due, the job's name and what became of it.
impl fmt::Display for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for run in &self.runs {
            write!(f, "{} {} {}", self.time(run), run.job_name, run.status)?;
            if run.run_id.attempt > 1 {
                write!(f, " at attempt {}", run.run_id.attempt)?;
            }
            if let Some(error) = &run.error {
                write!(f, ": {error}")?;
            }
            if let Some(skipped) = &run.skipped {
                write!(f, ": {}", skipped.reason)?;
                if skipped.count > 1 {
                    write!(f, ", {} fires", skipped.count)?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl Deref for Runs {
    type Target = [Run];

    fn deref(&self) -> &[Run] {
        &self.runs
    }
}

impl IntoIterator for Runs {
    type Item = Run;
    type IntoIter = std::vec::IntoIter<Run>;

    fn into_iter(self) -> Self::IntoIter {
        self.runs.into_iter()
    }
}

impl<'a> IntoIterator for &'a Runs {
    type Item = &'a Run;
    type IntoIter = std::slice::Iter<'a, Run>;

    fn into_iter(self) -> Self::IntoIter {
        self.runs.iter()
    }
}

/// Whether a function has that name, with its module or without.
pub(super) fn is_function(name: &str, function: &FunctionKey) -> bool {
    function.name() == name || function.to_string() == name
}
