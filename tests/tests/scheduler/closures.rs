//! Closures and keys: jobs that a program adds at each start.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fastscheduler::prelude::*;
use fastscheduler::storage::{MemoryStorage, Storage as _};
use fastscheduler::testing::ManualClock;
use fastscheduler::{JobStatus, JobUpdate, SchedulerError};
use fastscheduler_tests::fires::{Fate, fires, second};
use fastscheduler_tests::{advance, on_manual_clock, runs};

const DONE: Fate = Fate::Completed;

#[job]
async fn other() {}

async fn start(storage: &MemoryStorage, seconds: u64) -> (Scheduler, ManualClock) {
    let (builder, clock) = on_manual_clock();
    clock.set(second(seconds));
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    (scheduler, clock)
}

#[tokio::test]
async fn a_closure_is_matched_with_its_stored_state_by_its_name() {
    let storage = MemoryStorage::default();
    let (scheduler, clock) = start(&storage, 0).await;
    let id = scheduler.add(every(10).seconds().run("tick", || async {})).await.unwrap();
    advance(&scheduler, &clock, 25).await;
    scheduler.stop().await.unwrap();

    let (builder, clock) = on_manual_clock();
    clock.set(second(27));
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().status(), JobStatus::Orphaned);
    let again = scheduler.add(every(10).seconds().run("tick", || async {})).await.unwrap();
    assert_eq!(again, id);
    scheduler.start().await.unwrap();
    advance(&scheduler, &clock, 3).await;
    let job = scheduler.job(&id).await.unwrap().unwrap();
    assert_eq!((job.run_count(), scheduler.jobs().await.unwrap().len()), (3, 1));
    assert_eq!(fires(&scheduler, id, 10).await, [(10, DONE), (20, DONE), (30, DONE)]);
}

#[tokio::test]
async fn a_closure_that_is_added_after_the_start_makes_up_for_what_was_missed() {
    let storage = MemoryStorage::default();
    let (scheduler, _clock) = start(&storage, 0).await;
    let id = scheduler.add(every(10).seconds().run("tick", || async {})).await.unwrap();
    scheduler.stop().await.unwrap();
    let (scheduler, clock) = start(&storage, 35).await;
    advance(&scheduler, &clock, 10).await;
    scheduler.add(every(10).seconds().run("tick", || async {})).await.unwrap();
    advance(&scheduler, &clock, 5).await;
    let missed = Fate::Skipped("catch_up");
    let expected = [(10, missed), (20, missed), (30, missed), (40, DONE), (50, DONE)];
    assert_eq!(fires(&scheduler, id, 10).await, expected);
}

#[tokio::test]
async fn an_orphaned_job_is_kept_and_does_not_run() {
    let storage = MemoryStorage::default();
    let (scheduler, _clock) = start(&storage, 0).await;
    let id = scheduler.add(every(10).seconds().run("tick", || async {})).await.unwrap();
    scheduler.stop().await.unwrap();
    let (scheduler, clock) = start(&storage, 35).await;
    advance(&scheduler, &clock, 60).await;
    let job = scheduler.job(&id).await.unwrap().unwrap();
    assert_eq!((job.status(), job.next_run_at(), job.run_count()), (JobStatus::Orphaned, None, 0));
    let refused = scheduler.run_job_now(&id).await.unwrap_err();
    assert!(matches!(refused, SchedulerError::Orphaned(_)), "{refused}");
    // It can still be paused, updated and cancelled.
    scheduler.pause_job(&id).await.unwrap();
    scheduler.update_job(&id, JobUpdate::new().retries(1)).await.unwrap();
    scheduler.resume_job(&id).await.unwrap();
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().status(), JobStatus::Orphaned);
    assert!(runs(&scheduler).await.iter().all(|run| run.skipped.is_some()));
    scheduler.cancel_job(&id).await.unwrap();
    assert!(scheduler.jobs().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_orphaned_job_runs_once_its_function_is_registered() {
    let storage = MemoryStorage::default();
    let (scheduler, _clock) = start(&storage, 0).await;
    scheduler.register_function("late", || async {}).unwrap();
    let id = scheduler.add(every(10).seconds().call("late")).await.unwrap();
    scheduler.stop().await.unwrap();

    let (scheduler, clock) = start(&storage, 15).await;
    scheduler.register_function("late", || async {}).unwrap();
    while scheduler.job(&id).await.unwrap().unwrap().status() == JobStatus::Orphaned {
        tokio::task::yield_now().await;
    }
    advance(&scheduler, &clock, 5).await;
    assert_eq!(fires(&scheduler, id, 10).await, [(10, DONE), (20, DONE)]);
}

#[tokio::test]
async fn an_edit_of_a_closure_stays_until_the_code_changes() {
    let storage = MemoryStorage::default();
    let (scheduler, clock) = start(&storage, 0).await;
    let id = scheduler.add(every(10).seconds().run("tick", || async {})).await.unwrap();
    advance(&scheduler, &clock, 1).await;
    scheduler.update_job(&id, JobUpdate::new().schedule(every(7).seconds())).await.unwrap();
    scheduler.stop().await.unwrap();

    let (scheduler, _clock) = start(&storage, 2).await;
    scheduler.add(every(10).seconds().run("tick", || async {})).await.unwrap();
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().next_run_at(), Some(second(8)));
    scheduler.stop().await.unwrap();

    let (scheduler, _clock) = start(&storage, 3).await;
    scheduler.add(every(30).seconds().run("tick", || async {})).await.unwrap();
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().next_run_at(), Some(second(33)));
    assert_eq!(scheduler.jobs().await.unwrap().len(), 1);
}

#[tokio::test]
async fn two_closures_of_one_name_in_one_process_are_two_jobs_at_each_start() {
    let storage = MemoryStorage::default();
    for seconds in [0, 1, 2] {
        let (scheduler, _clock) = start(&storage, seconds).await;
        let one = scheduler.add(every(10).seconds().run("tick", || async {})).await.unwrap();
        let two = scheduler.add(every(20).seconds().run("tick", || async {})).await.unwrap();
        assert_eq!([one, two].map(|id| id.to_string()), ["job_0", "job_1"]);
        scheduler.stop().await.unwrap();
    }
}

#[tokio::test]
async fn add_with_a_key_creates_or_updates() {
    let storage = MemoryStorage::default();
    let (scheduler, clock) = start(&storage, 0).await;
    let id = scheduler.add(every(10).seconds().key("k").call("quick")).await.unwrap();
    advance(&scheduler, &clock, 12).await;
    let same = scheduler.add(every(10).seconds().key("k").call("quick")).await.unwrap();
    let job = scheduler.job(&id).await.unwrap().unwrap();
    assert_eq!((same, job.revision(), job.next_run_at()), (id, 1, Some(second(20))), "nothing changed");
    scheduler.add(every(30).seconds().key("k").name("n").call("other")).await.unwrap();
    let job = scheduler.job(&id).await.unwrap().unwrap();
    assert_eq!((job.name(), job.function().name(), job.next_run_at()), ("n", "other", Some(second(42))));
    assert_eq!((job.run_count(), job.key()), (1, Some("k")));
    let another = scheduler.add(every(30).seconds().key("l").call("quick")).await.unwrap();
    assert_ne!(another, id);
    advance(&scheduler, &clock, 30).await;
    assert_eq!(runs(&scheduler).await.iter().filter(|run| run.function.name() == "other").count(), 1);
}

#[tokio::test]
async fn a_key_holds_over_restarts_and_edits_stay_until_the_code_changes() {
    let storage = MemoryStorage::default();
    let (scheduler, _clock) = start(&storage, 0).await;
    let id = scheduler.add(every(10).seconds().key("k").call("quick")).await.unwrap();
    scheduler.update_job(&id, JobUpdate::new().retries(9)).await.unwrap();
    scheduler.stop().await.unwrap();
    let (scheduler, _clock) = start(&storage, 1).await;
    assert_eq!(scheduler.add(every(10).seconds().key("k").call("quick")).await.unwrap(), id);
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().max_retries(), 9);
    assert_eq!(scheduler.add(every(10).seconds().key("k").retries(2).call("quick")).await.unwrap(), id);
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().max_retries(), 2);
}

#[tokio::test]
async fn a_job_is_found_and_cancelled_by_its_key() {
    let storage = MemoryStorage::default();
    let (scheduler, clock) = start(&storage, 0).await;
    let no_job = async |scheduler: &Scheduler, key| {
        assert_eq!(scheduler.job_by_key(key).await.unwrap(), None, "{key}");
        let refused = scheduler.cancel_job_by_key(key).await.unwrap_err();
        assert!(matches!(&refused, SchedulerError::UnknownKey(unknown) if unknown == key), "{refused}");
    };
    no_job(&scheduler, "k").await;
    let id = scheduler.add(every(10).seconds().key("k").call("other")).await.unwrap();
    let closure = scheduler.add(every(10).seconds().key("c").run("closure", || async {})).await.unwrap();
    scheduler.add(once(5).key("once").call("other")).await.unwrap();
    // It is no key of any other job, nor a name or an id.
    for not_a_key in ["", "K", "other", "job_0", "closure"] {
        no_job(&scheduler, not_a_key).await;
    }
    let found = scheduler.job_by_key("k").await.unwrap();
    assert_eq!(found, scheduler.job(&id).await.unwrap());
    advance(&scheduler, &clock, 5).await;
    no_job(&scheduler, "once").await;
    scheduler.stop().await.unwrap();

    let (scheduler, _clock) = start(&storage, 6).await;
    assert_eq!(scheduler.job_by_key("k").await.unwrap().unwrap().id(), id);
    let orphan = scheduler.job_by_key("c").await.unwrap().unwrap();
    assert_eq!((orphan.id(), orphan.status()), (closure, JobStatus::Orphaned));
    for key in ["k", "c"] {
        scheduler.cancel_job_by_key(key).await.unwrap();
        no_job(&scheduler, key).await;
    }
    assert!(scheduler.jobs().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_key_of_a_cancelled_job_is_free_again() {
    let storage = MemoryStorage::default();
    let (scheduler, _clock) = start(&storage, 0).await;
    let first = scheduler.add(every(10).seconds().key("k").call("quick")).await.unwrap();
    scheduler.cancel_job(&first).await.unwrap();
    let second = scheduler.add(every(10).seconds().key("k").call("quick")).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(scheduler.jobs().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_add_one_key_at_once_make_one_job() {
    let storage = MemoryStorage::default();
    let (scheduler, _clock) = start(&storage, 0).await;
    let all: Vec<_> = (0..8)
        .map(|_| {
            let scheduler = scheduler.clone();
            tokio::spawn(async move { scheduler.add(every(1).hours().key("k").call("quick")).await.unwrap() })
        })
        .collect();
    let mut ids = std::collections::HashSet::new();
    for one in all {
        ids.insert(one.await.unwrap());
    }
    assert_eq!((ids.len(), scheduler.jobs().await.unwrap().len()), (1, 1));
}

#[tokio::test]
async fn a_closure_that_is_added_again_with_its_key_runs_from_then_on() {
    let storage = MemoryStorage::default();
    let (scheduler, clock) = start(&storage, 0).await;
    let counts = [Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0))];
    for count in &counts {
        let count = Arc::clone(count);
        let counting = move || {
            count.fetch_add(1, Ordering::Relaxed);
            std::future::ready(())
        };
        scheduler.add(every(10).seconds().key("k").run("counting", counting)).await.unwrap();
        advance(&scheduler, &clock, 10).await;
    }
    assert_eq!(counts.map(|count| count.load(Ordering::Relaxed)), [1, 1]);
    assert_eq!(scheduler.jobs().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_job_that_is_not_declared_leaves_no_tombstone_when_it_ends() {
    let storage = MemoryStorage::default();
    let (scheduler, clock) = start(&storage, 0).await;
    scheduler.add(at("2026-11-23 00:00:10").run("closure", || async {})).await.unwrap();
    scheduler.add(at("2026-11-23 00:00:10").key("k").call("quick")).await.unwrap();
    scheduler.add(at("2026-11-23 00:00:10").call("quick")).await.unwrap();
    advance(&scheduler, &clock, 10).await;
    let stored = storage.load().await.unwrap();
    assert_eq!((stored.jobs.len(), stored.tombstones.len()), (0, 0));
}
