//! Jobs: added, revised, removed; their numbers; tombstones.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::json;

use super::probe::{Probe, pause, remove, revise};
use super::sample::{self, Fire, START, add, at};
use crate::job::{
    Backoff, CatchUp, Declared, FunctionKey, Job, JobDefinition, JobId, JobRevision, OpenFire, Overlap,
    Policy, Ratio, RemovedJob, Source, Tombstone, Trigger,
};
use crate::schedule::cron;
use crate::storage::{Change, Storage};

/// What people, and attackers, write.
pub(super) const TEXT: &str =
    "Ünïcode 名前 🦀 \u{202e} <b onclick=\"x\">'&amp;\\ %s $1 \t\n{\"a\":[]} ; DROP TABLE jobs --";

/// A definition that leaves nothing out.
fn rich() -> JobDefinition {
    let kwargs = json!({ TEXT: null, "list": [1, -2.5, "x", {}], "big": u64::MAX });
    JobDefinition {
        name: TEXT.into(),
        group: format!("group {TEXT}").into(),
        function: FunctionKey::new("my_app::große", "f"),
        args: vec![json!(TEXT), json!(null), json!(i64::MIN), json!({ "deep": [[[]]] })],
        kwargs: kwargs.as_object().expect("it is an object").clone(),
        schedule: cron("30 2 * * MON-FRI").tz("Europe/Paris").definition().expect("it is an expression"),
        policy: Policy {
            max_retries: u32::MAX,
            timeout: Some(Duration::from_micros(1)),
            catch_up: CatchUp::All,
            overlap: Overlap::Cancel,
            jitter: Some(Duration::from_hours(24)),
            backoff: Backoff {
                delay: Duration::ZERO,
                max_delay: Duration::from_micros(1),
                factor: Ratio(1.1),
                jitter: Ratio(1.0 / 3.0),
            },
        },
    }
}

fn declared(definition: &JobDefinition) -> Declared {
    Declared { definition: Arc::new(definition.clone()), position: 3, is_named: true, is_enabled: false }
}

fn rich_job(number: u64) -> Job {
    let mut job = sample::job_of(number, rich());
    job.key = Some(TEXT.into());
    job.declared = Some(Arc::new(declared(&sample::definition())));
    job.created_at = START - TimeDelta::microseconds(1);
    job.is_paused = true;
    job
}

fn tombstone(job: &Job) -> Tombstone {
    Tombstone { job: job.id(), declared: declared(&rich()) }
}

fn bury(job: &Job) -> Change {
    Change::RemoveJob { job: job.id(), tombstone: Some(Box::new(tombstone(job))) }
}

pub async fn a_job_comes_back_as_it_was<S: Storage>(make: impl AsyncFn() -> S) {
    let store = Probe::of(make).await;
    let mut ended = sample::job(2);
    ended.next_run_at = None;
    for job in [rich_job(1), ended] {
        store.apply(&[add(&job)]).await;
        assert_eq!(store.find_job(job.id()).await, Some(job.clone()), "one by one");
        assert_eq!(store.jobs().await.last(), Some(&job), "among all");
        assert_eq!(store.load().await.jobs.last(), Some(&job), "at the start");
    }
}

pub async fn a_job_that_is_unknown_is_not_found<S: Storage>(make: impl AsyncFn() -> S) {
    let store = Probe::with(make, &[add(&sample::job(1))]).await;
    assert_eq!(store.find_job(JobId::new(2)).await, None);
}

pub async fn jobs_come_by_number<S: Storage>(make: impl AsyncFn() -> S) {
    let numbers = [10, 2, 1, 100, 33, 9];
    let store = Probe::with(make, &numbers.map(|number| add(&sample::job(number)))).await;
    let expected = [1, 2, 9, 10, 33, 100].map(JobId::new);
    let ids = |jobs: Vec<Job>| jobs.iter().map(Job::id).collect::<Vec<_>>();
    assert_eq!(ids(store.jobs().await), expected);
    assert_eq!(ids(store.load().await.jobs), expected, "at the start");
}

pub async fn a_job_that_is_there_already_is_left_as_it_is<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let fire = Fire::of(&job, 10);
    let store = Probe::with(make, &[add(&job), fire.claim(), revise(pause(&claimed(&job)))]).await;
    store.leaves_out(&[add(&job)], "the job as it was").await;
    store.leaves_out(&[add(&rich_job(1))], "another job of that id").await;
}

pub async fn a_job_that_is_added_again_stays_as_it_is_but_for_that<S: Storage>(make: impl AsyncFn() -> S) {
    let mut job = rich_job(1);
    job.source = Source::Unrecorded;
    let fire = Fire::of(&job, 10);
    let store = Probe::with(make, &[add(&job), fire.claim(), fire.completed()]).await;
    let before = store.job(&job).await;
    let again = |seconds| Change::AddAgain { job: job.id(), at: at(seconds) };
    for seconds in [20, 30] {
        store.apply(&[again(seconds)]).await;
        let after = store.job(&job).await;
        assert_eq!((after.source(), after.added_at()), (Source::Added, Some(at(seconds))));
        let expected = Job { source: Source::Added, added_at: Some(at(seconds)), ..before.clone() };
        assert_eq!(after, expected, "the rest stays");
    }
    store.leaves_out(&[again(30)], "the same once more").await;
    store.apply(&[remove(&job)]).await;
    store.leaves_out(&[again(40)], "a job that is gone").await;
}

/// The job after its first fire was claimed.
fn claimed(job: &Job) -> Job {
    let mut job = job.clone();
    job.advance(Fire::of(&job, 10).progress);
    job
}

pub async fn a_revision_changes_what_it_says_and_nothing_else<S: Storage>(make: impl AsyncFn() -> S) {
    let mut job = sample::job(1);
    job.key = Some("key".into());
    let fire = Fire::of(&job, 10);
    let store = Probe::with(make, &[add(&job), fire.claim(), fire.completed()]).await;
    let before = store.job(&job).await;
    let revision = JobRevision {
        definition: Arc::new(rich()),
        is_paused: true,
        scheduled_since: at(15),
        next_run_at: Some(at(12)),
        declared: Some(Arc::new(declared(&rich()))),
        zone: Some(chrono_tz::Asia::Tokyo),
        ..pause(&before)
    };
    let mut expected = before.clone();
    expected.revise(&revision);
    store.apply(&[revise(revision)]).await;

    let after = store.job(&job).await;
    assert_eq!(after, expected);
    assert_eq!((after.revision(), after.is_paused(), after.unaccounted_from()), (2, true, Some(at(12))));
    assert_eq!((after.run_count(), after.key()), (1, Some("key")), "what it does not say stays");
}

pub async fn a_revision_of_a_job_that_is_not_as_expected_is_a_conflict<S: Storage>(
    make: impl AsyncFn() -> S,
) {
    let job = sample::job(1);
    let store = Probe::with(make, &[add(&job)]).await;
    let right = pause(&job);
    for expected_revision in [0, 2, u64::from(u32::MAX)] {
        let revision = JobRevision { expected_revision, ..right.clone() };
        store.refuses(&[revise(revision)], &format!("revision {expected_revision}")).await;
    }
    for expected_next_run_at in [None, Some(at(20)), Some(at(10) + TimeDelta::microseconds(1))] {
        let revision = JobRevision { expected_next_run_at, ..right.clone() };
        store.refuses(&[revise(revision)], &format!("next fire {expected_next_run_at:?}")).await;
    }
    store.refuses(&[revise(pause(&sample::job(2)))], "a job that is not there").await;
    store.apply(&[revise(right.clone())]).await;
    store.refuses(&[revise(right)], "a revision that was made already").await;

    let revised = store.job(&job).await;
    store.apply(&[Fire::of(&job, 10).claim()]).await;
    store.refuses(&[revise(pause(&revised))], "a fire was claimed meanwhile").await;
    let now = store.job(&job).await;
    store.apply(&[remove(&job)]).await;
    store.refuses(&[revise(pause(&now))], "the job was removed meanwhile").await;
}

pub async fn of_revisions_at_once_one_is_made<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let store = Probe::with(make, &[add(&job)]).await;
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let (store, change) = (store.clone(), revise(pause(&job)));
            tokio::spawn(async move { store.try_apply(&[change]).await.is_ok() })
        })
        .collect();
    let mut accepted = 0;
    for task in tasks {
        accepted += usize::from(task.await.expect("the task ends"));
    }
    assert_eq!((accepted, store.job(&job).await.revision()), (1, 2));
}

pub async fn a_job_is_removed_with_its_retries<S: Storage>(make: impl AsyncFn() -> S) {
    let (job, other) = (sample::job(1), sample::job(11));
    let fire = Fire::of(&job, 10);
    let changes = [add(&job), add(&other), fire.claim(), fire.retried(), Fire::of(&other, 10).claim()];
    let store = Probe::with(make, &changes).await;
    store.apply(&[remove(&job)]).await;
    assert_eq!(store.find_job(job.id()).await, None);
    assert_eq!(store.jobs().await, [claimed(&other)]);
    assert_eq!(store.open_attempts().await, [(Fire::of(&other, 10).run_id(), true)]);
    assert_eq!(store.statistics().await.active_jobs, 1);
    store.leaves_out(&[remove(&job)], "a job that is gone").await;
}

pub async fn a_fire_without_a_record_outlives_its_job<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job_of(1, JobDefinition { schedule: sample::definition().schedule, ..rich() });
    let (first, second) = (Fire::of(&job, 10), Fire::of(&job, 20).triggered(Trigger::Manual));
    let changes = [add(&job), first.claim(), first.retried(), first.clone().attempt(2).claim()];
    let store = Probe::with(make, &changes).await;
    store.apply(&[second.open(), remove(&job)]).await;
    let first = first.attempt(2);
    let left = |fire: OpenFire, run_count| {
        let removed = RemovedJob { definition: Arc::clone(&job.definition), run_count };
        OpenFire { removed: Some(removed), ..fire }
    };
    let unbegun = OpenFire::waiting(second.entry.clone());
    let expected = [left(OpenFire::claimed(first.entry.clone()), 1), left(unbegun.clone(), 1)];
    assert_eq!(store.open().await, expected, "as it was, with what its job was");
    store.leaves_out(&[remove(&job)], "a job that is gone").await;
    store.leaves_out(&[first.open()], "it does not wait again").await;
    store.leaves_out(&[first.clone().attempt(3).claim()], "nor is it tried again").await;
    store.apply(&[first.completed()]).await;
    assert_eq!(store.open().await, [left(unbegun, 2)], "it has ended");
    store.leaves_out(&[first.completed()], "an end that is recorded").await;
    store.leaves_out(&[Fire::of(&job, 30).completed()], "one that was not open").await;
    store.apply(&[second.buried()]).await;
    assert_eq!(store.open().await, []);
    assert_eq!(store.statistics().await.total_runs, 3);
}

pub async fn a_tombstone_stays_until_it_is_removed<S: Storage>(make: impl AsyncFn() -> S) {
    let jobs = [10, 9, 2].map(sample::job);
    let store = Probe::with(make, &jobs.each_ref().map(add)).await;
    store.apply(&jobs.each_ref().map(bury)).await;
    let expected = [&jobs[2], &jobs[1], &jobs[0]].map(tombstone);
    assert_eq!(store.load().await.tombstones, expected, "by id, as they were");
    let forget = Change::RemoveTombstone(JobId::new(9));
    store.apply(std::slice::from_ref(&forget)).await;
    assert_eq!(store.load().await.tombstones, [expected[0].clone(), expected[2].clone()]);
    store.leaves_out(&[forget], "a tombstone that is gone").await;
}

pub async fn a_job_that_is_gone_already_leaves_no_tombstone<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let store = Probe::with(make, &[add(&job), remove(&job)]).await;
    store.leaves_out(&[bury(&job)], "a tombstone that comes late").await;
    store.leaves_out(&[bury(&sample::job(2))], "that of a job that never was").await;
}

pub async fn a_number_is_never_given_twice<S: Storage>(make: impl AsyncFn() -> S) {
    let store = Probe::of(make).await;
    let mut given = BTreeSet::new();
    for _ in 0..5 {
        let job = sample::job(store.reserve().await);
        assert!(given.insert(job.id().number()), "{} was given before", job.id());
        store.apply(&[add(&job)]).await;
        store.apply(&[remove(&job)]).await;
    }
}

pub async fn a_number_that_a_job_brought_is_not_given<S: Storage>(make: impl AsyncFn() -> S) {
    let store = Probe::with(make, &[add(&sample::job(41)), add(&sample::job(7))]).await;
    assert!(store.reserve().await > 41);
    store.apply(&[remove(&sample::job(41)), add(&sample::job(90)), remove(&sample::job(90))]).await;
    assert!(store.reserve().await > 90, "not even when the job is gone");
}

pub async fn tasks_that_ask_at_once_get_different_numbers<S: Storage>(make: impl AsyncFn() -> S) {
    let store = Probe::of(make).await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut numbers = Vec::new();
                for _ in 0..25 {
                    numbers.push(store.reserve().await);
                }
                numbers
            })
        })
        .collect();
    let mut given = BTreeSet::new();
    for task in tasks {
        let numbers = task.await.expect("the task ends");
        assert!(numbers.is_sorted(), "numbers grow: {numbers:?}");
        given.extend(numbers);
    }
    assert_eq!(given.len(), 200, "each is given once");
}

pub async fn instants_keep_their_microseconds<S: Storage>(make: impl AsyncFn() -> S) {
    let odd = TimeDelta::microseconds(123_456);
    let mut job = sample::job(1);
    job.scheduled_since = START + odd;
    job.next_run_at = Some(at(10) + odd);
    let mut far = sample::job(2);
    far.next_run_at = chrono::DateTime::<Utc>::from_timestamp(253_402_300_799, 999_999_000);
    let store = Probe::with(make, &[add(&job), add(&far)]).await;
    assert_eq!(store.jobs().await, [job.clone(), far]);

    let mut fire = Fire::of(&job, 10);
    fire.entry.scheduled_for += odd;
    fire.entry.due_at += odd;
    let almost = Fire::of(&job, 10);
    store.apply(&[fire.claim()]).await;
    assert_eq!(store.open_attempts().await, [(fire.run_id(), true)]);
    assert!(!store.is_final(fire.run_id()).await);
    assert!(store.is_final(almost.run_id()).await, "another fire, by microseconds");
}
