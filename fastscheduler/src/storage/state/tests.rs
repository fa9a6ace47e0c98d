//! Counts beyond what a scheduler comes to by itself, and how long the lock is held.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{HasState, State};
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

/// A state, and how often it was locked.
#[derive(Default)]
struct Watched {
    state: Mutex<State>,
    locked: AtomicUsize,
}

impl HasState for Watched {
    fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        self.locked.fetch_add(1, Ordering::Relaxed);
        work(&mut self.state.lock().expect("no one panicked"))
    }
}

#[tokio::test]
async fn the_newest_attempts_of_many_jobs_are_looked_at_in_parts() {
    let store = Watched::default();
    let job = sample::job(1);
    store.with_state(|state| {
        state.apply(&[sample::add(&job)]).unwrap();
        for second in 1..=9 {
            let fire = Fire::of(&job, second * 10);
            state.apply(&[fire.claim(), fire.completed()]).unwrap();
        }
    });
    let ids = vec![job.id(); 2_500];
    for (limit, parts) in [(0, 3), (1, 3), (5, 13), (2_000, 2_500)] {
        store.locked.store(0, Ordering::Relaxed);
        let recent = super::recent_attempts(&store, &ids, limit).await;
        assert_eq!(store.locked.load(Ordering::Relaxed), parts, "{limit}");
        assert_eq!(recent.len(), ids.len());
        assert!(recent.iter().all(|runs| runs.len() == limit.min(9)), "{limit}");
    }
}
