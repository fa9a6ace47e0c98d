//! Attempts, by fire and by job.

use chrono::{DateTime, Utc};

use super::probe::{Probe, remove};
use super::sample::{self, Fire, add, at, skip};
use crate::job::{JobId, Run, RunStatus, SkipReason, Trigger};
use crate::storage::{Limits, Storage};

pub async fn the_attempts_at_a_fire_are_found_by_any_of_them<S: Storage>(make: impl AsyncFn() -> S) {
    let (job, other) = (sample::job(1), sample::job(2));
    let attempt = |number: u32| Fire::of(&job, 10).attempt(number);
    let manual = Fire::of(&job, 10).triggered(Trigger::Manual);
    let store = Probe::with(make, &[add(&job), add(&other), attempt(1).claim()]).await;
    assert_eq!(store.attempts_of_fire(attempt(1).run_id()).await, [], "it has not ended");
    // Others end in between.
    let between = Fire::of(&other, 10);
    store.apply(&[attempt(1).retried(), between.claim(), between.completed(), attempt(2).claim()]).await;
    let first = attempt(1).kept_run(RunStatus::Failed, 1);
    let of_second = store.attempts_of_fire(attempt(2).run_id()).await;
    assert_eq!(of_second, std::slice::from_ref(&first), "attempt 2 has not ended");

    store.apply(&[attempt(2).retried(), manual.open(), manual.claim(), manual.completed()]).await;
    store.apply(&[attempt(3).claim(), attempt(3).buried(), skip(&job, SkipReason::Overlap, 20, 40)]).await;
    let all = [
        first,
        attempt(2).kept_run(RunStatus::Failed, 2),
        // The run that was asked for has ended before.
        attempt(3).kept_run(RunStatus::Failed, 4),
    ];
    let in_time = [1, 2, 3].map(|number| attempt(number).run_id());
    let made_up_for = attempt(2).triggered(Trigger::CatchUp).run_id();
    for run in in_time.into_iter().chain([made_up_for]) {
        assert_eq!(store.attempts_of_fire(run).await, all, "{run}");
    }
    let of_manual = [manual.kept_run(RunStatus::Completed, 3)];
    assert_eq!(store.attempts_of_fire(manual.run_id()).await, of_manual);
    let skipped = store.runs().await.pop().expect("the skipped fires have a record");
    assert_eq!(store.attempts_of_fire(skipped.run_id).await, [], "what did not run");

    let [_, _, last] = all;
    store.prune(Limits { max_history: 0, history_since: None, max_dead_letters: 9 }).await;
    let of_letter = store.attempts_of_fire(last.run_id).await;
    assert_eq!(of_letter, std::slice::from_ref(&last), "its dead letter is there");
    store.prune(Limits { max_history: 0, history_since: None, max_dead_letters: 0 }).await;
    assert_eq!(store.attempts_of_fire(last.run_id).await, []);
}

pub async fn the_newest_attempts_of_jobs_are_found<S: Storage>(make: impl AsyncFn() -> S) {
    let (busy, idle, gone) = (sample::job(1), sample::job(2), sample::job(3));
    let store = Probe::with(make, &[&busy, &idle, &gone].map(add)).await;
    let ids = [busy.id(), idle.id(), gone.id(), JobId::new(9)];
    for number in 1..=4 {
        let fire = Fire::of(&busy, number * 30);
        store.apply(&[fire.claim(), fire.completed()]).await;
        // What did not run is no attempt.
        store.apply(&[skip(&busy, SkipReason::Overlap, number * 30 + 10, number * 30 + 20)]).await;
        if number == 2 {
            let last = Fire::of(&gone, 10);
            store.apply(&[last.claim(), last.completed(), remove(&gone)]).await;
        }
    }
    let due = |runs: &Vec<Run>| runs.iter().map(Run::scheduled_for).collect::<Vec<_>>();
    let recent = async |limit| store.recent_attempts(&ids, limit).await.iter().map(due).collect::<Vec<_>>();
    assert_eq!(recent(3).await, [vec![at(60), at(90), at(120)], vec![], vec![at(10)], vec![]]);
    assert_eq!(recent(9).await[0], [30, 60, 90, 120].map(at));
    assert_eq!(recent(0).await, vec![Vec::<DateTime<Utc>>::new(); 4]);
    let newest = store.recent_attempts(&ids[..1], 1).await;
    let as_kept = Fire::of(&busy, 120).kept_run(RunStatus::Completed, 4);
    assert_eq!(newest, [[as_kept]]);

    // Two records of the fourth round, and no more, are left.
    store.prune(Limits { max_history: 2, history_since: None, max_dead_letters: 0 }).await;
    assert_eq!(recent(3).await, [vec![at(120)], vec![], vec![], vec![]]);
    store.prune(Limits { max_history: 0, history_since: None, max_dead_letters: 0 }).await;
    assert_eq!(recent(3).await, vec![Vec::<DateTime<Utc>>::new(); 4]);
    let again = Fire::of(&busy, 150);
    store.apply(&[again.claim(), again.completed()]).await;
    assert_eq!(recent(3).await[0], [at(150)]);
}
