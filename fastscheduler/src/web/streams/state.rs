//! The whole state in one object.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::job::{DeadLetter, Run, Statistics};
use crate::schedule::Zone;
use crate::scheduler::{JobNow, Scheduler, SchedulerError};
use crate::storage::{HistoryQuery, JobPage, JobQuery};
use crate::web::run_details::{RunDetails, letter_shape};
use crate::web::runs::runs;
use crate::web::shapes::{JobShape, StatisticsShape};

/// The most jobs: those that are due soonest.
const MOST_JOBS: usize = 1_000;

/// The most runs, the newest.
const MOST_RUNS: usize = 50;

/// The most dead letters, the newest.
const MOST_DEAD_LETTERS: usize = 100;

/// The most bytes of each list. A thousand jobs need about half of that,
/// unless they have large arguments; then there are fewer in the list.
const MOST_BYTES: usize = 2 * 1024 * 1024;

/// The state of a scheduler at one moment.
pub(super) struct WholeState {
    scheduler: Scheduler,
    is_running: bool,
    page: JobPage,
    /// What each job of the page is doing.
    doing: Vec<JobNow>,
    statistics: Statistics,
    history: Vec<Run>,
    dead_letters: Vec<DeadLetter>,
    dead_letter_count: usize,
    now: DateTime<Utc>,
}

impl WholeState {
    pub(super) async fn of(scheduler: &Scheduler) -> Result<Self, SchedulerError> {
        let query = JobQuery { limit: Some(MOST_JOBS), ..JobQuery::default() };
        let newest = HistoryQuery { limit: MOST_RUNS, ..HistoryQuery::default() };
        let page = scheduler.find_jobs(&query).await?;
        Ok(Self {
            scheduler: scheduler.clone(),
            is_running: scheduler.is_running(),
            doing: page.jobs.iter().map(|job| scheduler.job_now_of_many(job)).collect(),
            page,
            statistics: scheduler.statistics().await?,
            history: runs(scheduler, &newest).await?,
            dead_letters: scheduler.dead_letters(MOST_DEAD_LETTERS).await?,
            dead_letter_count: scheduler.dead_letter_count().await?,
            now: scheduler.now(),
        })
    }

    /// Writes the object, and in it as much of each list as there is room for.
    pub(super) fn write(&self, zone: Zone, text: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        let jobs = self.page.jobs.iter().zip(&self.doing);
        let jobs = jobs.map(|(job, doing)| JobShape::new(job, doing, zone, self.now));
        let details = RunDetails::of(&self.scheduler, &self.history);
        let newest_first = self.history.iter().rev().map(|run| details.shape(run, zone));
        let mut history = written(newest_first)?;
        history.reverse();
        let dead_letters = self.dead_letters.iter().map(|letter| letter_shape(&self.scheduler, letter, zone));
        let dead_letters = written(dead_letters)?;
        text.extend_from_slice(b"{\"running\":");
        serde_json::to_writer(&mut *text, &self.is_running)?;
        text.extend_from_slice(b",\"stats\":");
        serde_json::to_writer(&mut *text, &StatisticsShape::new(&self.statistics, self.now))?;
        for (name, items) in [("jobs", written(jobs)?), ("history", history), ("dead_letters", dead_letters)]
        {
            text.extend_from_slice(b",\"");
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(b"\":[");
            text.extend_from_slice(&items.join(&b','));
            text.push(b']');
        }
        for (name, count) in [("dead_letter_count", self.dead_letter_count), ("jobs_total", self.page.total)]
        {
            text.extend_from_slice(format!(",\"{name}\":{count}").as_bytes());
        }
        text.push(b'}');
        Ok(())
    }
}

/// The first items in JSON, as many as there is room for.
fn written<T: Serialize>(items: impl Iterator<Item = T>) -> Result<Vec<Vec<u8>>, serde_json::Error> {
    let mut room = MOST_BYTES;
    let mut written = Vec::new();
    for item in items {
        let item = serde_json::to_vec(&item)?;
        match room.checked_sub(item.len() + 1) {
            Some(rest) => room = rest,
            None => break,
        }
        written.push(item);
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_where_there_is_no_more_room() {
        let large = "x".repeat(MOST_BYTES / 3);
        assert_eq!(written(std::iter::repeat_n(&large, 100)).unwrap().len(), 2);
        assert_eq!(written(0..100).unwrap().len(), 100);
    }
}
