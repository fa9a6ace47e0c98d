//! What the engine tells others: events, counters, and problems.

use super::events::Feed;
use super::meter::Meter;
use super::problems::Problems;
use super::troubles::Troubles;

/// Where what happens is told and counted.
#[derive(Debug)]
pub(super) struct Telemetry {
    pub(super) events: Feed,
    pub(super) meter: Meter,
    pub(super) problems: Problems,
    pub(super) troubles: Troubles,
}

impl Telemetry {
    /// `max_metric_jobs` names of jobs are counted one by one.
    pub(super) fn new(max_metric_jobs: usize) -> Self {
        Self {
            events: Feed::default(),
            meter: Meter::new(max_metric_jobs),
            problems: Problems::default(),
            troubles: Troubles::default(),
        }
    }
}
