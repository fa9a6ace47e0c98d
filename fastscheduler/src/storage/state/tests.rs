//! Counts beyond what a scheduler comes to by itself.

use super::State;
use crate::job::{FunctionStatistics, Statistics};
use crate::storage::Change;
use crate::testing::storage_contract::sample::{self, Fire};

#[test]
fn counts_that_are_full_stay_so_while_jobs_go_on() {
    let mut job = sample::job(1);
    (job.run_count, job.failure_count) = (u64::MAX, u64::MAX);
    let full = FunctionStatistics { completed: u64::MAX, failed: u64::MAX };
    let mut totals = Statistics {
        total_runs: u64::MAX,
        total_failures: u64::MAX,
        total_retries: u64::MAX,
        per_function: [(job.function().clone(), full)].into(),
        ..Statistics::default()
    };
    let mut state = State::new(2, totals.clone());
    state.apply(&[sample::add(&job)]).unwrap();
    let (first, last) = (Fire::of(&job, 10), Fire::of(&job, 20));
    state.apply(&[first.claim(), first.retried(), first.clone().attempt(2).buried()]).unwrap();
    let removed = Change::RemoveJob { job: job.id(), tombstone: None };
    // Its end comes when it is gone.
    state.apply(&[last.claim(), removed, last.completed()]).unwrap();
    let counts: Vec<_> = state.run_parts().map(|run| run.run_count).collect();
    assert_eq!(counts, [u64::MAX; 3]);
    assert_eq!(state.statistics(), totals);
    // So it is for stores that others write.
    state.run_parts().for_each(|run| totals.count_attempt(&run));
    assert_eq!(state.statistics(), totals);
}
