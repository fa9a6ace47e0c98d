//! How many fires of all jobs are planned in each step of time.
//!
//! There may be very many jobs. So it is computed once a minute for everybody who asks for
//! the same steps, in slices between which jobs run, and up to a limit.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;

use super::Scheduler;
use crate::schedule::{Steps, Timetable};

/// How long a load is told again.
const KEPT: TimeDelta = TimeDelta::minutes(1);

/// The most loads that are kept.
const MOST_KEPT: usize = 16;

/// The most that is done for one load, or for the fires of some jobs, in units of about 10 ns. It is counted, not
/// measured: what is told does not depend on how busy the machine is.
const BUDGET: u64 = 5_000_000;

/// What is done before others get to run: about half a millisecond.
const SLICE: u64 = 50_000;

/// What it takes to look for the next fire of a calendar.
const FIRE: u64 = 32;

/// How many fires fall into each step.
#[derive(Debug, Clone)]
pub(super) struct Load {
    pub(super) counts: Arc<[u64]>,
    /// Whether some are missing.
    pub(super) is_partial: bool,
}

/// The loads of the last minute.
#[derive(Default)]
pub(super) struct Loads(Mutex<Vec<Kept>>);

struct Kept {
    steps: Steps,
    at: DateTime<Utc>,
    load: Load,
}

/// What was done so far.
#[derive(Debug, Default)]
pub(super) struct Work {
    done: u64,
    in_slice: u64,
}

impl Work {
    /// Does so much, and lets others run now and then.
    async fn spend(&mut self, units: u64) {
        self.done += units;
        self.in_slice += units;
        if self.in_slice >= SLICE {
            self.in_slice = 0;
            tokio::task::yield_now().await;
        }
    }

    /// Looks for a fire.
    pub(super) async fn look_for_fire(&mut self) {
        self.spend(FIRE).await;
    }

    /// Whether no more should be done than must be.
    pub(super) fn is_too_much(&self) -> bool {
        self.done >= BUDGET
    }
}

/// Fires that are counted once for all jobs that have the same.
struct Planned {
    schedule: Timetable,
    since: DateTime<Utc>,
    jobs: u64,
}

impl Scheduler {
    /// The load of these steps, which is at most a minute old.
    pub(super) async fn planned_load(&self, steps: Steps) -> Load {
        // Held while it is computed: others wait for the same.
        let mut kept = self.0.loads.0.lock().await;
        let now = self.now();
        kept.retain(|kept| kept.at <= now && now - kept.at < KEPT);
        if let Some(known) = kept.iter().find(|kept| kept.steps == steps) {
            return known.load.clone();
        }
        let load = self.compute_load(steps).await;
        if kept.len() >= MOST_KEPT {
            kept.remove(0);
        }
        kept.push(Kept { steps, at: now, load: load.clone() });
        load
    }

    async fn compute_load(&self, steps: Steps) -> Load {
        let mut counts = vec![0; steps.count];
        let mut work = Work::default();
        let mut is_partial = false;
        let just_before = steps.from.checked_sub_signed(TimeDelta::microseconds(1)).unwrap_or(steps.from);
        for Planned { schedule, since, jobs } in self.all_planned(just_before) {
            if work.is_too_much() {
                is_partial = true;
                break;
            }
            if let Some(done) = schedule.add_to_steps(steps, since, &mut counts) {
                work.spend(done).await;
                continue;
            }
            // Also if it has none in this span.
            work.look_for_fire().await;
            for fire in schedule.upcoming(since).take_while(|fire| *fire < steps.end()) {
                if work.is_too_much() {
                    is_partial = true;
                    break;
                }
                counts[steps.place(fire)] += jobs;
                work.look_for_fire().await;
            }
        }
        Load { counts: counts.into(), is_partial }
    }

    /// What all jobs plan later than `after` that may run.
    fn all_planned(&self, after: DateTime<Utc>) -> Vec<Planned> {
        let mut all: Vec<Planned> = Vec::new();
        // Many jobs share one calendar.
        let mut shared: HashMap<usize, usize> = HashMap::new();
        self.0.engine.table.visit(|job| {
            if job.is_paused {
                return;
            }
            let calendar = job.schedule.shared_calendar().filter(|_| job.scheduled_since <= after);
            if let Some(place) = calendar.and_then(|calendar| shared.get(&calendar)) {
                all[*place].jobs += 1;
                return;
            }
            if let Some(calendar) = calendar {
                shared.insert(calendar, all.len());
            }
            let since = job.scheduled_since.max(after);
            all.push(Planned { schedule: job.schedule.clone(), since, jobs: 1 });
        });
        all
    }
}
