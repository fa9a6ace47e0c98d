//! Ends of attempts: which count, and what they change.

use super::probe::{Probe, remove};
use super::sample::{self, Fire, add, at, skip};
use crate::job::{
    FunctionKey, FunctionStatistics, JobDefinition, RunStatus, SkipReason, Statistics, Trigger,
};
use crate::storage::{Change, Limits, Storage};

/// What is dropped is all of the history.
pub(super) const NO_HISTORY: Limits = Limits { max_history: 0, history_since: None, max_dead_letters: 0 };

pub async fn an_end_closes_its_fire_and_is_counted<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let fire = Fire::of(&job, 10);
    let mut ended = fire.clone();
    ended.progress.next_run_at = Some(at(40));
    let store = Probe::with(make, &[add(&job), fire.claim()]).await;
    store.apply(&[ended.completed()]).await;
    assert_eq!(store.open_attempts().await, []);
    assert_eq!(store.runs().await, [fire.kept_run(RunStatus::Completed, 1)]);
    let mut expected = job.clone();
    expected.count_attempt(&fire.run(RunStatus::Completed), 0);
    expected.advance(ended.progress);
    assert_eq!(store.job(&job).await, expected);
    assert_eq!((expected.run_count(), expected.unaccounted_from()), (1, Some(at(40))));
}

pub async fn an_end_with_a_retry_leaves_its_fire_waiting<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let fire = Fire::of(&job, 10);
    let store = Probe::with(make, &[add(&job), fire.claim(), fire.retried()]).await;
    assert_eq!(store.open_attempts().await, [(fire.clone().attempt(2).run_id(), false)]);
    let after = store.job(&job).await;
    assert_eq!((after.run_count(), after.failure_count(), after.retry_count()), (1, 1, 1));

    let mut crashed = fire.attempt(3);
    crashed.entry.crashes = 1;
    store.apply(&[crashed.claim(), crashed.retried()]).await;
    let retries = store.job(&job).await.retry_count();
    assert_eq!(retries, 2, "the attempt that crashed was no retry");
    let last = crashed.attempt(4);
    store.apply(&[last.claim(), last.buried()]).await;
    assert_eq!(store.job(&job).await.retry_count(), 0, "it is not being retried any more");
}

pub async fn a_job_remembers_its_last_five_outcomes<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let store = Probe::with(make, &[add(&job)]).await;
    for (seconds, is_failed) in [(10, true), (20, false), (30, true), (40, false), (50, true), (60, true)] {
        let fire = Fire::of(&job, seconds);
        store.apply(&[fire.claim(), if is_failed { fire.buried() } else { fire.completed() }]).await;
    }
    let job = store.job(&job).await;
    let is_failed: Vec<bool> = job.recent().map(|status| status == RunStatus::Failed).collect();
    assert_eq!(is_failed, [false, true, false, true, true]);
    assert_eq!((job.run_count(), job.failure_count(), job.last_run_at()), (6, 4, Some(at(60))));
}

pub async fn an_end_counts_once<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let fire = Fire::of(&job, 10);
    let store = Probe::with(make, &[add(&job), fire.claim(), fire.retried()]).await;
    store.leaves_out(&[fire.retried()], "the same end, while its retry waits").await;
    store.leaves_out(&[fire.buried()], "another end of the same attempt").await;
    let second = fire.clone().attempt(2);
    store.apply(&[second.claim(), second.buried()]).await;
    for (end, what) in [(second.buried(), "the same end"), (second.completed(), "another end")] {
        store.leaves_out(&[end], what).await;
    }
    store.leaves_out(&[fire.retried()], "the end of its first attempt").await;
}

pub async fn an_end_that_was_overtaken_does_not_count<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let first = Fire::of(&job, 10);
    let mut second = first.clone().attempt(2);
    second.entry.crashes = 1;
    let store = Probe::with(make, &[add(&job), first.claim(), second.claim()]).await;
    for end in [first.completed(), first.buried(), first.retried()] {
        store.leaves_out(&[end], "a take-over is under way").await;
    }
    store.apply(&[second.completed()]).await;
    for end in [first.completed(), first.buried(), first.retried()] {
        store.leaves_out(&[end], "the take-over has ended the fire").await;
    }
    let third = second.attempt(3);
    store.leaves_out(&[third.completed()], "the end of an attempt that never began").await;
}

pub async fn an_end_does_not_count_again_once_its_run_was_pruned<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let (fire, manual) = (Fire::of(&job, 10), Fire::of(&job, 3).triggered(Trigger::Manual));
    let store = Probe::with(make, &[add(&job), fire.claim(), fire.buried()]).await;
    store.apply(&[manual.open(), manual.claim(), manual.completed()]).await;
    store.prune(NO_HISTORY).await;
    assert_eq!(store.runs().await, []);
    for end in [fire.buried(), fire.completed(), fire.retried(), manual.completed(), manual.buried()] {
        store.leaves_out(&[end], "the fire is over, whatever the history knows").await;
    }
}

pub async fn an_end_of_a_skipped_fire_does_not_count<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let store = Probe::with(make, &[add(&job), skip(&job, SkipReason::Overlap, 10, 30)]).await;
    store.leaves_out(&[Fire::of(&job, 20).completed()], "it was recorded as skipped").await;
}

pub async fn an_end_without_its_claim_counts_if_its_fire_is_not_over<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let store = Probe::with(make, &[add(&job)]).await;
    let fire = Fire::of(&job, 10);
    store.apply(&[fire.retried()]).await;
    assert_eq!(store.outcomes().await, [(fire.run_id(), RunStatus::Failed)]);
    assert_eq!(store.open_attempts().await, [(fire.attempt(2).run_id(), false)]);
    assert_eq!(store.job(&job).await.unaccounted_from(), Some(at(20)));
}

pub async fn an_end_of_a_job_that_is_gone_counts_in_history_and_totals<S: Storage>(
    make: impl AsyncFn() -> S,
) {
    let job = sample::job(1);
    let fires = [10, 20, 30].map(|seconds| Fire::of(&job, seconds));
    let store = Probe::with(make, &[add(&job)]).await;
    store.apply(&fires.each_ref().map(Fire::claim)).await;
    store.apply(&[remove(&job)]).await;
    let ends = [fires[0].completed(), fires[1].retried(), fires[2].buried()];
    store.apply(&ends).await;
    let outcomes = [RunStatus::Completed, RunStatus::Failed, RunStatus::Failed];
    let expected: Vec<_> = fires.iter().map(Fire::run_id).zip(outcomes).collect();
    assert_eq!(store.outcomes().await, expected);
    assert_eq!(store.letters(9).await, [fires[2].kept_letter(3)]);
    let statistics = store.statistics().await;
    assert_eq!((statistics.total_runs, statistics.total_failures, statistics.active_jobs), (3, 2, 0));
    let stored = store.load().await;
    assert_eq!((stored.jobs, stored.open), (vec![], vec![]), "nothing comes back, not even a retry");
    for end in ends {
        store.leaves_out(&[end], "it counts once").await;
    }
}

pub async fn a_run_comes_back_as_it_was<S: Storage>(make: impl AsyncFn() -> S) {
    let text = super::jobs::TEXT;
    let definition = JobDefinition {
        name: text.into(),
        group: format!("{text} group").into(),
        function: FunctionKey::new("my_app::größe", "naïve"),
        ..sample::definition()
    };
    let job = sample::job_of(1, definition);
    let fire = Fire::of(&job, 10);
    let mut ended = fire.ended(RunStatus::Failed);
    let mut run = fire.run(RunStatus::Failed);
    run.error = Some(format!("{text} {}", "long ".repeat(20_000)));
    run.result = Some(format!("{{\"{}\":1}}", "x".repeat(4_000)).into());
    run.instance = Some(text.into());
    run.started_at = None;
    run.finished_at = Some(at(11) + chrono::TimeDelta::microseconds(1));
    ended.run = run.clone().into();
    let mut letter = fire.letter();
    letter.run = run.clone();
    ended.dead_letter = Some(Box::new(letter.clone()));
    let store = Probe::with(make, &[add(&job), fire.claim(), Change::EndAttempt(ended)]).await;
    // Which it is, the store has counted.
    run.run_count = 1;
    letter.run.run_count = 1;
    assert_eq!(store.runs().await, [run]);
    assert_eq!(store.letters(1).await, [letter.clone()]);
    assert_eq!(store.letter(fire.run_id()).await, Some(letter));
}

pub async fn totals_count_every_attempt<S: Storage>(make: impl AsyncFn() -> S) {
    let function = FunctionKey::new("samples", "other");
    let (job, other) = (
        sample::job(1),
        sample::job_of(2, JobDefinition { function: function.clone(), ..sample::definition() }),
    );
    let store = Probe::with(make, &[add(&job), add(&other)]).await;
    assert_eq!(store.statistics().await, Statistics { active_jobs: 2, ..Statistics::default() });
    let fire = Fire::of(&job, 10);
    let (second, third) = (fire.clone().attempt(2), fire.clone().attempt(3));
    store.apply(&[fire.claim(), fire.retried(), second.claim(), second.retried()]).await;
    store.apply(&[third.claim(), third.completed(), skip(&job, SkipReason::Overlap, 20, 50)]).await;
    let of_other = Fire::of(&other, 10);
    store.apply(&[of_other.claim(), of_other.buried()]).await;
    let expected = Statistics {
        total_runs: 4,
        total_failures: 3,
        total_retries: 2,
        started_at: None,
        active_jobs: 2,
        per_function: [
            (job.function().clone(), FunctionStatistics { completed: 1, failed: 2 }),
            (function, FunctionStatistics { completed: 0, failed: 1 }),
        ]
        .into(),
    };
    assert_eq!(store.statistics().await, expected);
    store.prune(NO_HISTORY).await;
    assert_eq!(store.clear_letters().await, 0);
    assert_eq!(store.statistics().await, expected, "whatever was pruned");
    store.apply(&[remove(&job)]).await;
    assert_eq!(store.statistics().await, Statistics { active_jobs: 1, ..expected }, "or removed");
}

pub async fn a_record_says_which_attempt_of_its_job_it_was<S: Storage>(make: impl AsyncFn() -> S) {
    let (job, other) = (sample::job(1), sample::job(2));
    let fires = [10, 20, 30, 60, 70].map(|seconds| Fire::of(&job, seconds));
    let store = Probe::with(make, &[add(&job), add(&other)]).await;
    store.apply(&[fires[0].claim(), fires[0].retried()]).await;
    store.apply(&[fires[0].clone().attempt(2).claim(), fires[0].clone().attempt(2).buried()]).await;
    store.apply(&[fires[1].claim(), fires[1].completed(), skip(&job, SkipReason::Overlap, 30, 50)]).await;
    store.apply(&[Fire::of(&other, 10).claim(), Fire::of(&other, 10).completed()]).await;
    store.apply(&[fires[3].claim(), fires[4].claim(), remove(&job)]).await;
    let counts = async || -> Vec<u64> { store.runs().await.iter().map(|run| run.run_count).collect() };
    assert_eq!(counts().await, [1, 2, 3, 3, 1], "also once the job is gone");
    store.apply(&[fires[4].completed(), fires[3].completed()]).await;
    assert_eq!(counts().await, [1, 2, 3, 3, 1, 4, 5], "and of what ends after it");
    let letters = store.letters(9).await;
    assert_eq!(letters.iter().map(|letter| letter.run.run_count).collect::<Vec<_>>(), [2]);
}
