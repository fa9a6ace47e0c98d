//! What the engine tells others: events, counters, and problems.

use std::sync::Arc;

use super::events::{Event, Feed};
use super::meter::Meter;
use super::minutes::Minutes;
use super::problems::{Problem, ProblemCode, Problems};
use super::troubles::Troubles;
use crate::job::JobId;

/// Where what happens is told and counted.
#[derive(Debug)]
pub(super) struct Telemetry {
    pub(super) events: Feed,
    pub(super) meter: Meter,
    pub(super) minutes: Minutes,
    pub(super) problems: Problems,
    pub(super) troubles: Troubles,
}

impl Telemetry {
    /// Notes a problem, and tells those who listen.
    pub(super) fn begin_problem(&self, problem: Problem) {
        let began = Arc::new(problem.clone());
        self.problems.begin(problem);
        self.events.tell(|| Event::ProblemBegan(began));
    }

    /// Ends a problem of that kind, of a job or of none, if it is present.
    pub(super) fn end_problem(&self, code: ProblemCode, job: Option<JobId>) {
        if let Some(ended) = self.problems.end(code, job) {
            self.events.tell(|| Event::ProblemEnded(Arc::new(ended)));
        }
    }

    /// `max_metric_jobs` names of jobs are counted one by one.
    pub(super) fn new(max_metric_jobs: usize) -> Self {
        Self {
            events: Feed::default(),
            meter: Meter::new(max_metric_jobs),
            minutes: Minutes::default(),
            problems: Problems::default(),
            troubles: Troubles::default(),
        }
    }
}
