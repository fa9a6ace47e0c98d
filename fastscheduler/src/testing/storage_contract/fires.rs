//! Fires: claimed, opened, skipped; how far a job's fires are accounted for.

use chrono::{DateTime, Utc};

use super::probe::{Probe, pause, remove, revise};
use super::sample::{self, Fire, add, at, skip};
use crate::job::{EntryKind, Job, JobRevision, Lane, OpenFire, Progress, SkipReason, Trigger};
use crate::storage::{Change, Claimed, Storage};

pub async fn a_claim_opens_its_fire_and_accounts_for_it<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let store = Probe::with(make, &[add(&job)]).await;
    let fire = Fire::of(&job, 10);
    store.apply(&[fire.claim()]).await;
    assert_eq!(store.open().await, [OpenFire::claimed(fire.entry)]);
    let job = store.job(&job).await;
    assert_eq!((job.unaccounted_from(), job.run_count()), (Some(at(20)), 0));
}

pub async fn an_open_fire_comes_back_as_it_was<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let mut fire = Fire::of(&job, 10);
    fire.entry.kind = EntryKind::Manual;
    fire.entry.trigger = Trigger::CatchUp;
    fire.entry.due_at = at(17);
    fire.entry.attempt = 3;
    fire.entry.crashes = 2;
    fire.entry.covers_until = at(50);
    fire.entry.catch_up_until = Some(at(60));
    fire.entry.revision = 9;
    fire.entry.is_exclusive = false;
    fire.entry.lane = Lane::Blocking;
    let store = Probe::with(make, &[add(&job), fire.open()]).await;
    assert_eq!(store.open().await, [OpenFire::waiting(fire.entry.clone())]);
    store.apply(&[fire.claim()]).await;
    assert_eq!(store.open().await, [OpenFire::claimed(fire.entry)]);
}

pub async fn attempts_of_many_jobs_begin_at_once<S: Storage>(make: impl AsyncFn() -> S) {
    let jobs: Vec<Job> = (0..200).map(sample::job).collect();
    let store = Probe::with(make, &jobs.iter().map(add).collect::<Vec<_>>()).await;
    let claims: Vec<Claimed> = jobs.iter().map(|job| Fire::of(job, 10).claimed()).collect();
    store.apply(&[Change::Claim(claims)]).await;
    let open = store.open().await;
    assert_eq!(open.len(), 200);
    assert!(open.iter().all(|fire| fire.is_claimed), "all are claimed");
    let jobs = store.jobs().await;
    assert!(jobs.iter().all(|job| job.unaccounted_from() == Some(at(20))), "all are accounted for");
}

pub async fn a_take_over_takes_the_place_of_the_attempt<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let first = Fire::of(&job, 10);
    let mut second = first.clone().attempt(2);
    second.entry.crashes = 1;
    let store = Probe::with(make, &[add(&job), first.claim(), second.claim()]).await;
    assert_eq!(store.open().await, [OpenFire::claimed(second.entry)]);
}

pub async fn a_claim_that_comes_too_late_is_left_out<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let first = Fire::of(&job, 10);
    let second = first.clone().attempt(2);
    let store = Probe::with(make, &[add(&job), first.claim(), second.claim()]).await;
    store.leaves_out(&[first.claim()], "a later attempt is under way").await;
    store.apply(&[second.completed()]).await;
    store.leaves_out(&[first.claim()], "a later attempt has ended the fire").await;
    store.leaves_out(&[second.claim()], "the attempt has ended the fire").await;

    store.apply(&[skip(&job, SkipReason::Paused, 20, 40)]).await;
    store.leaves_out(&[Fire::of(&job, 30).claim()], "the fire was skipped").await;
    let manual = Fire::of(&job, 45).triggered(Trigger::Manual);
    store.leaves_out(&[manual.claim()], "nobody asked for it").await;
    store.leaves_out(&[Fire::of(&sample::job(2), 10).claim()], "there is no such job").await;
}

pub async fn a_fire_that_is_asked_for_waits_and_leaves_the_schedule<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let store = Probe::with(make, &[add(&job)]).await;
    let manual = Fire::of(&job, 3).triggered(Trigger::Manual);
    store.apply(&[manual.open()]).await;
    assert_eq!(store.open_attempts().await, [(manual.run_id(), false)]);
    store.apply(&[manual.claim()]).await;
    assert_eq!(store.open_attempts().await, [(manual.run_id(), true)]);
    store.apply(&[manual.completed()]).await;
    assert_eq!(store.open_attempts().await, []);
    assert_eq!(store.job(&job).await.unaccounted_from(), Some(at(10)));
}

pub async fn a_claimed_fire_that_is_opened_waits_again<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let fire = Fire::of(&job, 10);
    let store = Probe::with(make, &[add(&job), fire.claim(), fire.open()]).await;
    assert_eq!(store.open_attempts().await, [(fire.run_id(), false)]);
    let later = fire.clone().attempt(2);
    store.apply(&[later.open()]).await;
    assert_eq!(store.open_attempts().await, [(later.run_id(), false)], "at a later attempt");
}

pub async fn a_request_for_a_fire_that_comes_too_late_is_left_out<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let first = Fire::of(&job, 10);
    let second = first.clone().attempt(2);
    let store = Probe::with(make, &[add(&job), first.claim(), first.retried()]).await;
    store.leaves_out(&[first.open()], "a later attempt is open").await;
    store.apply(&[second.claim(), second.completed()]).await;
    store.leaves_out(&[second.open()], "the attempt has ended").await;
    let (crashed, taken_over) = (Fire::of(&job, 20), Fire::of(&job, 20).attempt(2));
    store.apply(&[crashed.claim(), taken_over.claim()]).await;
    store.leaves_out(&[crashed.open()], "a take-over is under way").await;
    let manual = Fire::of(&job, 3).triggered(Trigger::Manual);
    store.apply(&[manual.open(), manual.claim(), manual.completed()]).await;
    store.leaves_out(&[manual.open()], "the attempt has ended, and no schedule set it off").await;
    store.leaves_out(&[Fire::of(&sample::job(2), 10).open()], "there is no such job").await;
    store.apply(&[remove(&job)]).await;
    store.leaves_out(&[Fire::of(&job, 20).open()], "the job is gone").await;
}

pub async fn open_fires_come_by_job_instant_and_trigger<S: Storage>(make: impl AsyncFn() -> S) {
    let (second, tenth) = (sample::job(2), sample::job(10));
    let fires = [
        Fire::of(&tenth, 100),
        Fire::of(&tenth, 10).triggered(Trigger::Manual),
        Fire::of(&tenth, 10),
        Fire::of(&second, 30),
        Fire::of(&second, 10).triggered(Trigger::Retry),
        Fire::of(&second, 10).triggered(Trigger::CatchUp),
        Fire::of(&second, 20),
    ];
    let store = Probe::with(make, &[add(&tenth), add(&second)]).await;
    store.apply(&fires.each_ref().map(Fire::open)).await;
    let expected = [5, 4, 6, 3, 2, 1, 0].map(|place: usize| (fires[place].run_id(), false));
    assert_eq!(store.open_attempts().await, expected);
    // Closing one leaves the others.
    store.apply(&[fires[5].claim(), fires[5].completed()]).await;
    assert_eq!(store.open_attempts().await, expected[1..]);
}

pub async fn accounted_fires_never_move_back<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let store = Probe::with(make, &[add(&job)]).await;
    let next = async || store.job(&job).await.unaccounted_from();
    let fires = [10, 20, 30].map(|seconds| Fire::of(&job, seconds));
    store.apply(&fires.each_ref().map(Fire::open)).await;
    store.apply(&[fires[2].claim()]).await;
    assert_eq!(next().await, Some(at(40)));
    store.apply(&[fires[0].claim()]).await;
    assert_eq!(next().await, Some(at(40)), "after a claim of an earlier fire");
    store.apply(&[fires[0].completed(), fires[1].claim(), fires[1].retried()]).await;
    assert_eq!(next().await, Some(at(40)), "after the end of an earlier fire");
    store.apply(&[skip(&job, SkipReason::Overlap, 10, 20)]).await;
    assert_eq!(next().await, Some(at(40)), "after the record of an earlier skip");
    store.apply(&[skip(&job, SkipReason::Overlap, 40, 60)]).await;
    assert_eq!(next().await, Some(at(70)), "a skip moves on");
    let mut last = fires[2].clone();
    last.progress.next_run_at = Some(at(90));
    store.apply(&[last.completed()]).await;
    assert_eq!(next().await, Some(at(90)), "an end moves on");
}

pub async fn a_job_without_fires_to_come_stays_so<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let fire = Fire::of(&job, 10);
    let store = Probe::with(make, &[add(&job), fire.clone().last().claim()]).await;
    assert_eq!(store.job(&job).await.unaccounted_from(), None);
    store.apply(&[fire.completed(), skip(&job, SkipReason::CatchUp, 20, 50)]).await;
    assert_eq!(store.job(&job).await.unaccounted_from(), None);
}

pub async fn what_belongs_to_an_earlier_schedule_moves_nothing<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let fire = Fire::of(&job, 10);
    let store = Probe::with(make, &[add(&job), fire.claim()]).await;
    let change = |next_run_at: DateTime<Utc>, job: &Job| JobRevision {
        scheduled_since: at(15),
        next_run_at: Some(next_run_at),
        is_paused: false,
        ..pause(job)
    };
    store.apply(&[revise(change(at(16), &store.job(&job).await))]).await;
    let changes = [
        ("the record of a skip", skip(&job, SkipReason::Overlap, 20, 50)),
        ("the claim of another fire", Fire::of(&job, 20).claim()),
        ("the end of a fire", fire.completed()),
    ];
    for (what, change) in changes {
        store.apply(&[change]).await;
        assert_eq!(store.job(&job).await.unaccounted_from(), Some(at(16)), "{what}");
    }
    let progress = Progress { scheduled_since: at(15), next_run_at: Some(at(26)) };
    store.apply(&[Fire { progress, ..Fire::of(&job, 16) }.claim()]).await;
    assert_eq!(store.job(&job).await.unaccounted_from(), Some(at(26)), "a claim by the new schedule");
}

pub async fn skipped_fires_are_recorded_once<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let store = Probe::with(make, &[add(&job)]).await;
    let record = skip(&job, SkipReason::Paused, 10, 40);
    store.apply(std::slice::from_ref(&record)).await;
    let Change::Skip(skipped) = &record else { panic!("a record is a skip") };
    assert_eq!(store.runs().await, [skipped.run.as_ref().clone()]);
    let after = store.job(&job).await;
    assert_eq!((after.unaccounted_from(), after.run_count()), (Some(at(50)), 0));
    assert_eq!(store.statistics().await.total_runs, 0, "what did not run is no run");
    store.leaves_out(&[record], "the same record").await;
    store.leaves_out(&[skip(&job, SkipReason::Overlap, 10, 20)], "another record of that id").await;
}

pub async fn skipped_fires_of_a_job_that_is_gone_are_left_out<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let store =
        Probe::with(make, &[add(&job), skip(&job, SkipReason::Cancelled, 10, 40), remove(&job)]).await;
    let late = skip(&job, SkipReason::Overlap, 20, 30);
    store.leaves_out(&[late], "who removed the job has accounted for them").await;
    assert_eq!(store.runs().await.len(), 1);
}

pub async fn whether_a_fire_is_over_is_known<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let store = Probe::with(make, &[add(&job)]).await;
    let fire = Fire::of(&job, 10);
    let is_over = async |fire: &Fire| store.is_final(fire.run_id()).await;
    assert!(!is_over(&fire).await, "it is to come");
    store.apply(&[fire.claim()]).await;
    assert!(!is_over(&fire).await, "it is under way");
    assert!(!is_over(&fire.clone().attempt(2)).await, "whichever attempt is asked about");
    store.apply(&[fire.retried()]).await;
    assert!(!is_over(&fire).await, "it waits for its retry");
    let second = fire.clone().attempt(2);
    store.apply(&[second.claim(), second.buried()]).await;
    assert!(is_over(&second).await, "it has failed for good");
    assert!(is_over(&fire).await, "and so its first attempt is over");
    assert!(is_over(&fire.clone().attempt(3)).await, "and there is no third");
    assert!(is_over(&fire.triggered(Trigger::CatchUp)).await, "and nothing is to be caught up");

    assert!(!is_over(&Fire::of(&job, 20)).await, "the next is to come");
    assert!(!is_over(&Fire::of(&job, 20).triggered(Trigger::CatchUp)).await, "whatever sets it off");
    store.apply(&[skip(&job, SkipReason::Overlap, 20, 30)]).await;
    assert!(is_over(&Fire::of(&job, 30)).await, "it was skipped");
    assert!(!is_over(&Fire::of(&job, 40)).await, "it is to come after those that were skipped");

    let manual = Fire::of(&job, 99).triggered(Trigger::Manual);
    assert!(is_over(&manual).await, "nobody asked for it");
    store.apply(&[manual.open()]).await;
    assert!(!is_over(&manual).await, "it was asked for");
    assert!(is_over(&manual.triggered(Trigger::Retry)).await, "this one was not");

    let last = Fire::of(&job, 40).last();
    store.apply(&[last.claim()]).await;
    assert!(!is_over(&last).await, "the last is under way");
    store.apply(&[last.completed()]).await;
    assert!(is_over(&Fire::of(&job, 50)).await, "none is to come");
    store.apply(&[remove(&job)]).await;
    assert!(is_over(&last).await, "the job is gone");
    let other = sample::job(3);
    let under_way = Fire::of(&other, 10);
    store.apply(&[add(&other), under_way.claim(), remove(&other)]).await;
    assert!(!is_over(&under_way).await, "it is under way though its job is gone");
    assert!(is_over(&Fire::of(&other, 20)).await, "and nothing comes after it");
    store.apply(&[under_way.completed()]).await;
    assert!(is_over(&under_way).await, "it has ended");
    assert!(is_over(&Fire::of(&sample::job(2), 10)).await, "the job never was");
}
