//! The history, the dead letters, and what is dropped of both.

use chrono::TimeDelta;

use super::ends::NO_HISTORY;
use super::probe::Probe;
use super::sample::{self, Fire, add, at, skip};
use crate::job::{DeadLetter, FunctionKey, Job, JobDefinition, Run, RunId, RunStatus, SkipReason, Trigger};
use crate::storage::{Change, HistoryQuery, Limits, Storage};

/// Limits above all that a test writes.
const ALL: Limits = Limits { max_history: usize::MAX, history_since: None, max_dead_letters: usize::MAX };

fn job(number: u64, function: FunctionKey, group: &str) -> Job {
    sample::job_of(number, JobDefinition { function, group: group.into(), ..sample::definition() })
}

fn ids(runs: &[Run]) -> Vec<RunId> {
    runs.iter().map(|run| run.run_id).collect()
}

/// A fire that failed, or that completed if it is even.
fn ended(job: &Job, number: i64) -> [Change; 2] {
    let fire = Fire::of(job, number * sample::INTERVAL);
    [fire.claim(), if number % 2 == 0 { fire.completed() } else { fire.buried() }]
}

pub async fn the_history_is_asked_by_any_of_its_fields<S: Storage>(make: impl AsyncFn() -> S) {
    let jobs = [
        job(1, FunctionKey::new("app::mail", "send"), "mail"),
        job(2, FunctionKey::new("app::post", "send"), "100%_mail"),
        job(3, FunctionKey::new("", "send_later"), "Mail"),
        job(4, FunctionKey::new("mail", "send"), "mail"),
    ];
    let mut changes: Vec<Change> = jobs.iter().map(add).collect();
    for number in 1..=4 {
        changes.extend(jobs.iter().flat_map(|job| ended(job, number)));
    }
    changes.extend(jobs.iter().map(|job| skip(job, SkipReason::Overlap, 50, 80)));
    let store = Probe::with(make, &changes).await;
    let all = store.runs().await;
    assert_eq!(all.len(), 20);

    let functions = [
        None,
        Some("send"),
        Some("app::mail::send"),
        Some("post::send"),
        Some("mail::send"),
        Some("send_later"),
        Some("SEND"),
        Some("sen_"),
        Some("%"),
        Some(""),
    ];
    let groups = [None, Some("mail"), Some("100%_mail"), Some("Mail"), Some("%mail"), Some("")];
    let statuses = [None, Some(RunStatus::Completed), Some(RunStatus::Failed), Some(RunStatus::Missed)];
    let ids_asked = [None, Some(jobs[1].id()), Some(sample::job(9).id())];
    let instants = [None, Some(at(31)), Some(at(31) + TimeDelta::microseconds(1)), Some(at(0))];
    for function in functions {
        for group in groups {
            for status in statuses {
                for job in ids_asked {
                    for before in instants {
                        let statuses = status.into_iter().collect();
                        let (function, group) = (function.map(str::to_owned), group.map(str::to_owned));
                        let query = HistoryQuery {
                            function,
                            job,
                            group,
                            statuses,
                            before,
                            ..HistoryQuery::default()
                        };
                        let expected: Vec<Run> =
                            all.iter().filter(|run| is_asked(run, &query)).cloned().collect();
                        assert_eq!(ids(&store.history(&query).await), ids(&expected), "{query:?}");
                    }
                }
            }
        }
    }
}

/// What the documentation of the query says.
fn is_asked(run: &Run, query: &HistoryQuery) -> bool {
    let names = [run.function.name().to_owned(), run.function.to_string()];
    query.function.as_ref().is_none_or(|function| names.contains(function))
        && query.group.as_ref().is_none_or(|group| run.group == *group)
        && (query.statuses.is_empty() || query.statuses.contains(&run.status))
        && query.job.is_none_or(|job| run.job_id() == job)
        && query.before.is_none_or(|before| run.finished_at.expect("it has ended") < before)
}

pub async fn the_newest_runs_come_oldest_first<S: Storage>(make: impl AsyncFn() -> S) {
    let (job, other) = (sample::job(10), sample::job(9));
    let mut changes = vec![add(&job), add(&other)];
    changes.extend((1..=5).flat_map(|number| [ended(&job, number), ended(&other, number)].concat()));
    let store = Probe::with(make, &changes).await;
    let newest = async |limit: usize, status: Option<RunStatus>| {
        let statuses = status.into_iter().collect();
        ids(&store.history(&HistoryQuery { statuses, limit, ..HistoryQuery::default() }).await)
    };
    let of = |job: &Job, number: i64| Fire::of(job, number * sample::INTERVAL).run_id();
    assert_eq!(newest(0, None).await, []);
    assert_eq!(newest(3, None).await, [of(&other, 4), of(&job, 5), of(&other, 5)]);
    assert_eq!(newest(3, Some(RunStatus::Completed)).await, [of(&other, 2), of(&job, 4), of(&other, 4)]);
    let all: Vec<RunId> = (1..=5).flat_map(|number| [of(&job, number), of(&other, number)]).collect();
    assert_eq!(newest(10, None).await, all);
    assert_eq!(newest(usize::MAX, None).await, all, "however high the limit");
}

pub async fn a_page_of_runs_ends_before_a_run<S: Storage>(make: impl AsyncFn() -> S) {
    let (job, other) = (sample::job(1), sample::job(2));
    let mut changes = vec![add(&job), add(&other)];
    changes.extend((1..=6).flat_map(|number| [ended(&job, number), ended(&other, number)].concat()));
    let store = Probe::with(make, &changes).await;
    let all = ids(&store.runs().await);
    let page = async |query: HistoryQuery| ids(&store.history(&query).await);
    for (place, run) in all.iter().enumerate() {
        let before = HistoryQuery { before_run: Some(*run), limit: 4, ..HistoryQuery::default() };
        assert_eq!(page(before.clone()).await, all[place.saturating_sub(4)..place], "before {run}");
        let of_job = HistoryQuery { job: Some(job.id()), ..before.clone() };
        let expected: Vec<RunId> = all[..place].iter().copied().filter(|run| run.job == job.id()).collect();
        assert_eq!(page(of_job).await, expected[expected.len().saturating_sub(4)..], "before {run}");
        let first = HistoryQuery { before: Some(at(31)), limit: 100, ..before };
        let expected = &all[..place.min(4)];
        assert_eq!(page(first).await, expected, "before {run} and an instant");
    }
    let without_record =
        HistoryQuery { before_run: Some(Fire::of(&job, 10).attempt(2).run_id()), ..HistoryQuery::default() };
    assert_eq!(page(without_record).await, []);
    store.prune(Limits { max_history: 5, ..ALL }).await;
    let [dropped, kept] = [all[2], all[9]];
    let before = |run| HistoryQuery { before_run: Some(run), ..HistoryQuery::default() };
    assert_eq!(page(before(dropped)).await, []);
    assert_eq!(page(before(kept)).await, all[7..9]);
}

pub async fn the_newest_request_for_a_fire_is_found<S: Storage>(make: impl AsyncFn() -> S) {
    let (job, other) = (sample::job(1), sample::job(2));
    let asked = |job: &Job, seconds: i64| Fire::of(job, seconds).triggered(Trigger::Manual);
    let mut changes = vec![add(&job), add(&other)];
    changes.extend(ended(&job, 9));
    for fire in [asked(&job, 5), asked(&job, 25), asked(&job, 15), asked(&other, 55)] {
        changes.extend([fire.open(), fire.claim(), fire.buried()]);
    }
    let store = Probe::with(make, &changes).await;
    assert_eq!(store.newest_request(job.id()).await, Some(at(25)));
    assert_eq!(store.newest_request(other.id()).await, Some(at(55)));
    assert_eq!(store.newest_request(sample::job(3).id()).await, None);
    let of_many = [other.id(), sample::job(3).id(), job.id(), other.id()];
    assert_eq!(store.newest_requests(&of_many).await, [Some(at(55)), None, Some(at(25)), Some(at(55))]);
    store.prune(Limits { max_history: 0, ..ALL }).await;
    assert_eq!(store.newest_request(job.id()).await, Some(at(25)), "its dead letter is there");
    store.prune(NO_HISTORY).await;
    assert_eq!(store.newest_request(job.id()).await, None);
}

pub async fn one_run_is_found_by_its_id<S: Storage>(make: impl AsyncFn() -> S) {
    let (job, other) = (sample::job(1), sample::job(2));
    let (first, second) = (Fire::of(&job, 10), Fire::of(&job, 10).attempt(2));
    let mut changes = vec![add(&job), add(&other), first.claim(), first.retried()];
    changes.extend(ended(&other, 1));
    changes.extend([second.claim(), second.buried(), skip(&job, SkipReason::Overlap, 20, 40)]);
    let store = Probe::with(make, &changes).await;
    let runs = store.runs().await;
    assert_eq!(runs.len(), 4);
    for run in &runs {
        assert_eq!(store.run(run.run_id).await.as_ref(), Some(run));
    }
    let unknown = [
        Fire::of(&job, 10).attempt(3),
        Fire::of(&job, 10).triggered(Trigger::Manual),
        Fire::of(&job, 20),
        Fire::of(&sample::job(3), 10),
    ];
    for fire in unknown {
        assert_eq!(store.run(fire.run_id()).await, None, "{}", fire.run_id());
    }
    store.prune(Limits { max_history: 0, ..ALL }).await;
    assert_eq!(store.run(first.run_id()).await, None, "the history has dropped it");
    let of_letter = Some(second.kept_run(RunStatus::Failed, 2));
    assert_eq!(store.run(second.run_id()).await, of_letter, "its dead letter is there");
    store.prune(NO_HISTORY).await;
    assert_eq!(store.run(second.run_id()).await, None);
}

pub async fn the_last_run_of_a_fire_is_found_by_any_of_its_attempts<S: Storage>(make: impl AsyncFn() -> S) {
    let (job, other) = (sample::job(1), sample::job(2));
    let attempt = |number: u32| Fire::of(&job, 10).attempt(number);
    let manual = Fire::of(&job, 10).triggered(Trigger::Manual);
    let store = Probe::with(make, &[add(&job), add(&other), attempt(1).claim()]).await;
    assert_eq!(store.last_run_of_fire(attempt(1).run_id()).await, None, "it has not ended");
    store.apply(&[attempt(1).retried(), attempt(2).claim()]).await;
    let newest = attempt(1).kept_run(RunStatus::Failed, 1);
    assert_eq!(store.last_run_of_fire(attempt(2).run_id()).await, Some(newest), "attempt 2 has not ended");

    // Others end later, at the same instant.
    store.apply(&[attempt(2).buried(), manual.open(), manual.claim(), manual.buried()]).await;
    store.apply(&ended(&other, 1)).await;
    store.apply(&[skip(&job, SkipReason::Overlap, 20, 40)]).await;
    let last = attempt(2).kept_run(RunStatus::Failed, 2);
    let in_time = [1, 2, 9].map(|number| attempt(number).run_id());
    let made_up_for = attempt(1).triggered(Trigger::CatchUp).run_id();
    for run in in_time.into_iter().chain([made_up_for]) {
        assert_eq!(store.last_run_of_fire(run).await, Some(last.clone()), "{run}");
    }
    let of_manual = manual.kept_run(RunStatus::Failed, 3);
    assert_eq!(store.last_run_of_fire(manual.run_id()).await, Some(of_manual.clone()));
    let skipped = store.runs().await.pop().expect("the skipped fires have a record");
    assert_eq!(store.last_run_of_fire(skipped.run_id).await, Some(skipped), "by its own id");
    for seconds in [20, 30] {
        let one_of_them = Fire::of(&job, seconds).run_id();
        assert_eq!(store.last_run_of_fire(one_of_them).await, None, "it did not run: {one_of_them}");
    }

    store.prune(Limits { max_history: 0, ..ALL }).await;
    assert_eq!(store.last_run_of_fire(attempt(1).run_id()).await, Some(last), "its dead letter is there");
    assert_eq!(store.last_run_of_fire(manual.run_id()).await, Some(of_manual));
    store.prune(NO_HISTORY).await;
    assert_eq!(store.last_run_of_fire(attempt(1).run_id()).await, None);
}

/// A store with the letters of three fires.
async fn with_letters<S: Storage>(make: impl AsyncFn() -> S) -> (Probe<S>, [DeadLetter; 3]) {
    let job = sample::job(1);
    let fires = [10, 20, 30].map(|seconds| Fire::of(&job, seconds));
    let store = Probe::with(make, &[add(&job)]).await;
    for fire in &fires {
        store.apply(&[fire.claim(), fire.buried()]).await;
    }
    let [first, second, third] = &fires;
    (store, [first.kept_letter(1), second.kept_letter(2), third.kept_letter(3)])
}

pub async fn the_newest_dead_letters_come_newest_first<S: Storage>(make: impl AsyncFn() -> S) {
    let (store, [first, second, third]) = with_letters(make).await;
    assert_eq!(store.letters(0).await, []);
    assert_eq!(store.letters(2).await, [third.clone(), second.clone()]);
    assert_eq!(store.letters(usize::MAX).await, [third, second.clone(), first]);
    assert_eq!(store.letter(second.run.run_id).await, Some(second.clone()));
    let unknown = RunId { attempt: 9, ..second.run.run_id };
    assert_eq!(store.letter(unknown).await, None);
}

pub async fn a_dead_letter_is_taken_once<S: Storage>(make: impl AsyncFn() -> S) {
    let (store, [first, second, third]) = with_letters(make).await;
    let take = Change::TakeDeadLetter(second.run.run_id);
    store.apply(std::slice::from_ref(&take)).await;
    assert_eq!(store.letters(9).await, [third, first]);
    assert_eq!(store.letter(second.run.run_id).await, None);
    store.refuses(&[take], "it was taken").await;
    assert_eq!(store.runs().await.len(), 3, "its run stays in the history");
}

pub async fn a_dead_letter_is_taken_by_one_of_many<S: Storage>(make: impl AsyncFn() -> S) {
    let (store, [letter, ..]) = with_letters(make).await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (store, take) = (store.clone(), Change::TakeDeadLetter(letter.run.run_id));
            tokio::spawn(async move { store.try_apply(&[take]).await.is_ok() })
        })
        .collect();
    let mut taken = 0;
    for task in tasks {
        taken += usize::from(task.await.expect("the task ends"));
    }
    assert_eq!(taken, 1);
}

pub async fn all_dead_letters_are_dropped_and_counted<S: Storage>(make: impl AsyncFn() -> S) {
    let (store, [letter, ..]) = with_letters(make).await;
    assert_eq!(store.clear_letters().await, 3);
    assert_eq!(store.letters(9).await, []);
    assert_eq!(store.letter(letter.run.run_id).await, None);
    assert_eq!(store.clear_letters().await, 0);
    assert_eq!(store.runs().await.len(), 3, "their runs stay in the history");
}

pub async fn a_dead_letter_comes_only_with_an_end_that_counts<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let (first, second) = (Fire::of(&job, 10), Fire::of(&job, 10).attempt(2));
    let store = Probe::with(make, &[add(&job), first.claim(), second.claim(), second.completed()]).await;
    store.apply(&[first.buried(), second.buried()]).await;
    assert_eq!(store.letters(9).await, []);
}

pub async fn the_oldest_beyond_the_limits_are_dropped<S: Storage>(make: impl AsyncFn() -> S) {
    let (store, [first, second, third]) = with_letters(make).await;
    let runs = [&first, &second, &third].map(|letter| letter.run.run_id);
    let state = async || (ids(&store.runs().await), store.letters(9).await.len());
    store.prune(ALL).await;
    assert_eq!(state().await, (runs.to_vec(), 3), "within the limits");
    store.prune(Limits { max_history: 3, max_dead_letters: 3, ..ALL }).await;
    assert_eq!(state().await, (runs.to_vec(), 3), "just within the limits");
    store.prune(Limits { max_history: 2, ..ALL }).await;
    assert_eq!(state().await, (runs[1..].to_vec(), 3), "a run too many");
    store.prune(Limits { max_dead_letters: 2, ..ALL }).await;
    assert_eq!(state().await, (runs[1..].to_vec(), 2), "a dead letter too many");
    assert_eq!(store.letters(9).await, [third, second]);
    store.prune(NO_HISTORY).await;
    assert_eq!(state().await, (vec![], 0), "all are too many");
}

pub async fn what_ended_too_long_ago_is_dropped<S: Storage>(make: impl AsyncFn() -> S) {
    let (store, [first, second, third]) = with_letters(make).await;
    let runs = [&first, &second, &third].map(|letter| letter.run.run_id);
    let ended_at = second.run.finished_at.expect("it has ended");
    store.prune(Limits { history_since: Some(at(0)), ..ALL }).await;
    assert_eq!(ids(&store.runs().await), runs, "all ended later");
    store.prune(Limits { history_since: Some(ended_at), ..ALL }).await;
    assert_eq!(ids(&store.runs().await), runs[1..], "one ended at that very instant");
    assert_eq!(store.letters(9).await, [third.clone(), second]);
    store.prune(Limits { history_since: Some(ended_at + TimeDelta::microseconds(1)), ..ALL }).await;
    assert_eq!(ids(&store.runs().await), runs[2..]);
    assert_eq!(store.letters(9).await, [third]);
}

pub async fn records_of_skipped_fires_are_dropped_too<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let skips = [10, 20, 30].map(|first| skip(&job, SkipReason::Overlap, first, first));
    let store = Probe::with(make, &[add(&job)]).await;
    store.apply(&skips).await;
    store.prune(Limits { max_history: 1, ..ALL }).await;
    let left: Vec<_> = store.runs().await.iter().map(Run::scheduled_for).collect();
    assert_eq!(left, [at(30)]);
}

pub async fn pruning_never_touches_what_is_alive<S: Storage>(make: impl AsyncFn() -> S) {
    let jobs = [sample::job(1), sample::job(2)];
    let mut changes: Vec<Change> = jobs.iter().map(add).collect();
    changes.extend((1..=4).flat_map(|number| ended(&jobs[0], number)));
    let (open, waiting) = (Fire::of(&jobs[0], 50), Fire::of(&jobs[1], 10));
    changes.extend([open.claim(), waiting.claim(), waiting.retried()]);
    let store = Probe::with(make, &changes).await;
    let before = store.snapshot().await;
    store.prune(Limits { history_since: Some(at(1_000_000)), ..NO_HISTORY }).await;
    let after = store.snapshot().await;
    assert_eq!((after.history.len(), after.letters.len()), (0, 0));
    assert_eq!(after.stored, before.stored, "jobs and open fires");
    assert_eq!(after.statistics, before.statistics, "totals");
    assert!(!store.is_final(open.run_id()).await);
    store.apply(&[open.completed()]).await;
    assert_eq!(store.job(&jobs[0]).await.run_count(), 5, "an open fire ends as ever");
}
