//! What happened since the last batch of changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use super::frame::{Label, append};
use super::ring::Draft;
use crate::engine::{Event, Events};
use crate::job::{DeadLetter, JobId, Run, RunId};
use crate::schedule::Zone;
use crate::scheduler::{Scheduler, SchedulerError};
use crate::web::run_details::{RunDetails, letter_shape};
use crate::web::runs::just_recorded;
use crate::web::shapes::{JobShape, StatisticsShape};

/// The most jobs or runs of a batch: where more happens at once, clients get a
/// snapshot instead.
const MOST: usize = 1_000;

/// The most events that are looked at before what they say is passed on.
const MOST_EVENTS: usize = 100_000;

/// What happened since the last batch.
#[derive(Debug, Default)]
pub(super) struct Happened {
    /// Jobs that are not as they were.
    touched: BTreeSet<JobId>,
    removed: BTreeSet<JobId>,
    /// Attempts that ended, and fires that were skipped.
    runs: Vec<Run>,
    /// What those of them left that failed for good.
    dead_letters: Vec<Arc<DeadLetter>>,
    /// Attempts that began.
    begun: BTreeSet<RunId>,
    /// Whether the totals are not as they were told.
    are_totals_due: bool,
    /// Whether it is more than is told one by one.
    pub(super) is_too_much: bool,
}

/// That a job is gone.
#[derive(Serialize)]
struct Removed {
    job_id: JobId,
}

impl Happened {
    pub(super) fn are_totals_due(&self) -> bool {
        self.are_totals_due
    }

    /// All that has happened by now.
    pub(super) fn add_all(&mut self, events: &mut Events) {
        for event in std::iter::from_fn(|| events.try_next()).take(MOST_EVENTS) {
            self.add(event);
        }
    }

    pub(super) fn add(&mut self, event: Event) {
        match event {
            Event::JobChanged(job) => {
                self.touched.insert(job);
            }
            Event::JobRemoved(job) => {
                self.touched.remove(&job);
                self.removed.insert(job);
            }
            Event::RunStarted(run) => {
                self.begun.insert(run);
                self.touched.insert(run.job);
            }
            Event::RunRecorded(run) => {
                self.touched.insert(run.job_id());
                // One that began and ended meanwhile is told of once.
                self.begun.remove(&run.run_id);
                if self.runs.len() < MOST {
                    self.runs.push(Run::clone(&run));
                } else {
                    self.is_too_much = true;
                }
            }
            // There are no more of them than of runs, each of which came before.
            Event::DeadLettered(letter) => {
                if !self.is_too_much {
                    self.dead_letters.push(letter);
                }
            }
            // Streams do not tell of problems.
            Event::ProblemBegan(_) | Event::ProblemEnded(_) => {}
            // Which are left is in a snapshot only.
            Event::DeadLettersRemoved | Event::Missed(_) => self.is_too_much = true,
        }
        self.is_too_much |= self.touched.len() > MOST || self.begun.len() > MOST || self.removed.len() > MOST;
        if self.is_too_much {
            // Nobody is going to be told.
            self.touched.clear();
            self.removed.clear();
            self.runs.clear();
            self.dead_letters.clear();
            self.begun.clear();
        }
    }

    /// The events that tell it, of which the first has the number after `last`;
    /// the totals if they are wanted and not as they were.
    pub(super) async fn draft(
        &mut self,
        scheduler: &Scheduler,
        zone: Zone,
        mark: &str,
        last: u64,
        with_totals: bool,
    ) -> Result<Draft, SchedulerError> {
        let mut draft = Draft::default();
        if self.is_too_much {
            return Ok(draft);
        }
        let runs = just_recorded(scheduler, self.take_runs(scheduler)).await?;
        let letters = letters_just_left(scheduler, &std::mem::take(&mut self.dead_letters)).await?;
        let touched = std::mem::take(&mut self.touched);
        let removed = std::mem::take(&mut self.removed);
        let now = scheduler.now();
        self.are_totals_due |= !(runs.is_empty() && touched.is_empty() && removed.is_empty());
        let tell = |draft: &mut Draft, name: &str, data: &dyn Tell| {
            let id = format!("{mark}{}", last + 1 + draft.len());
            match data.append_to(&mut draft.text, Label { name: Some(name), id: Some(&id) }) {
                Ok(()) => draft.end_event(),
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "cannot write a `{name}` as JSON"
                    );
                }
            }
        };
        let details = RunDetails::of(scheduler, &runs);
        for run in &runs {
            tell(&mut draft, "run", &details.shape(run, zone));
        }
        for id in touched {
            // One that is gone by now is told to be removed.
            if let Some(job) = scheduler.job(id).await? {
                tell(&mut draft, "job", &JobShape::new(&job, &scheduler.job_now_of_many(&job), zone, now));
            }
        }
        for job_id in removed {
            tell(&mut draft, "removed", &Removed { job_id });
        }
        if with_totals && self.are_totals_due {
            tell(&mut draft, "stats", &StatisticsShape::new(&scheduler.statistics().await?, now));
        }
        // Last, so that clients which do not know this event get all others in the order of before.
        for letter in &letters {
            tell(&mut draft, "dead_letter", &letter_shape(scheduler, letter, zone));
        }
        Ok(draft)
    }

    /// The runs, with those that have begun and are under way still.
    fn take_runs(&mut self, scheduler: &Scheduler) -> Vec<Run> {
        let mut runs = std::mem::take(&mut self.runs);
        let begun = std::mem::take(&mut self.begun);
        if !begun.is_empty() {
            runs.extend(scheduler.running().into_iter().filter(|run| begun.contains(&run.run_id)));
        }
        runs
    }

    /// Whether the totals were due; they were told.
    pub(super) fn took_totals(&mut self) -> bool {
        std::mem::take(&mut self.are_totals_due)
    }
}

/// Dead letters that have just been left, the run of each with which attempt of its job it is.
async fn letters_just_left(
    scheduler: &Scheduler,
    letters: &[Arc<DeadLetter>],
) -> Result<Vec<DeadLetter>, SchedulerError> {
    let runs = just_recorded(scheduler, letters.iter().map(|letter| letter.run.clone()).collect()).await?;
    Ok(letters
        .iter()
        .zip(runs)
        .map(|(letter, run)| DeadLetter { run, ..DeadLetter::clone(letter) })
        .collect())
}

/// What can be the data of an event.
trait Tell {
    fn append_to(&self, text: &mut Vec<u8>, label: Label<'_>) -> Result<(), serde_json::Error>;
}

impl<T: Serialize> Tell for T {
    fn append_to(&self, text: &mut Vec<u8>, label: Label<'_>) -> Result<(), serde_json::Error> {
        append(text, label, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_not_kept() {
        let mut happened = Happened::default();
        for number in 0..MOST as u64 {
            happened.add(Event::JobChanged(JobId::new(number)));
        }
        assert!(!happened.is_too_much);
        happened.add(Event::JobChanged(JobId::new(MOST as u64)));
        assert!(happened.is_too_much && happened.touched.is_empty());
        happened.add(Event::JobRemoved(JobId::new(0)));
        assert!(happened.removed.is_empty(), "all of it is in the snapshot to come");
    }

    #[test]
    fn what_was_missed_is_too_much() {
        let mut happened = Happened::default();
        happened.add(Event::Missed(1));
        assert!(happened.is_too_much);
    }

    #[test]
    fn a_job_that_is_gone_is_removed_and_no_more() {
        let mut happened = Happened::default();
        happened.add(Event::JobChanged(JobId::new(7)));
        happened.add(Event::JobRemoved(JobId::new(7)));
        assert!(happened.touched.is_empty());
        assert_eq!(happened.removed, BTreeSet::from([JobId::new(7)]));
    }
}
