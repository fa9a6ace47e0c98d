//! A change of one job that the store takes long to confirm: other jobs go on.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::{Clock as _, Event, Events, JobId, JobUpdate, Overlap, testing};
use fastscheduler_tests::faulty::{Action, Fault, Faulty};
use fastscheduler_tests::fires::{Fate, fires};
use fastscheduler_tests::held::Held;
use fastscheduler_tests::on_manual_clock;

/// Waits until a run of the job is recorded.
async fn recorded(events: &mut Events, job: JobId) {
    let of_job = |event: &Event| matches!(event, Event::RunRecorded(run) if run.job_id() == job);
    let waiting = async { while events.next().await.is_some_and(|event| !of_job(&event)) {} };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("the run is recorded");
}

#[tokio::test]
async fn outcomes_of_other_jobs_are_recorded_while_the_store_is_slow_to_confirm_a_change() {
    let storage = Faulty::default();
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    let (mut running, job) = Held::new();
    let changed = scheduler.add(every(10).seconds().run("changed", job)).await.unwrap();
    let other = scheduler.add(every(10).seconds().run("other", async || {})).await.unwrap();
    let mut events = scheduler.subscribe();
    clock.advance(Duration::from_secs(10));
    running.begins().await;
    recorded(&mut events, other).await;

    let answer = storage.holds(Action::Revise);
    let meanwhile = async {
        while !storage.has_held() {
            tokio::task::yield_now().await;
        }
        // An attempt at the changed job ends, and another job has its next fire.
        running.succeed();
        clock.advance(Duration::from_secs(10));
        recorded(&mut events, other).await;
        answer.notify_one();
    };
    let (updated, ()) = tokio::join!(scheduler.update_job(changed, JobUpdate::new().retries(7)), meanwhile);
    updated.unwrap();
    running.succeed();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(fires(&scheduler, changed, 10).await[0], (10, Fate::Completed));
    let expected = [(10, Fate::Completed), (20, Fate::Completed)];
    assert_eq!(fires(&scheduler, other, 10).await, expected);
}

#[tokio::test]
async fn a_fire_that_an_attempt_and_a_change_of_its_job_both_skip_has_one_record() {
    for overlap in [Overlap::Skip, Overlap::Queue] {
        let storage = Faulty::default();
        let (builder, clock) = on_manual_clock();
        let scheduler = builder.storage(storage.clone()).build().await.unwrap();
        scheduler.start().await.unwrap();
        let (mut running, job) = Held::new();
        let id = scheduler.add(every(10).seconds().overlap(overlap).run("changed", job)).await.unwrap();
        testing::advance(&scheduler, &clock, Duration::from_secs(9)).await.unwrap();
        clock.advance(Duration::from_secs(1));
        running.begins().await;
        // Fires come due while the attempt is under way.
        clock.advance(Duration::from_secs(25));
        let answer = storage.holds(Action::Revise);
        let meanwhile = async {
            while !storage.has_held() {
                tokio::task::yield_now().await;
            }
            // The change is stored, and the attempt ends before it is taken over.
            running.succeed();
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            answer.notify_one();
        };
        let update = scheduler.update_job(id, JobUpdate::new().schedule(every(7).seconds()));
        let (updated, ()) = tokio::join!(update, meanwhile);
        updated.unwrap();
        testing::quiet(&scheduler).await.unwrap();
        testing::audit(&storage).zone(chrono_tz::UTC).await.unwrap().assert_clean();
        // The new schedule counts from the change.
        let next = scheduler.job(id).await.unwrap().unwrap().next_run_at();
        assert_eq!(next, Some(clock.now() + Duration::from_secs(7)), "{overlap:?}");
    }
}

#[tokio::test]
async fn a_fire_that_ends_during_a_change_that_fails_is_followed_by_the_next() {
    let storage = Faulty::default();
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    let (mut running, job) = Held::new();
    let id = scheduler.add(every(10).seconds().run("unchanged", job)).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(9)).await.unwrap();
    clock.advance(Duration::from_secs(1));
    running.begins().await;
    // Two fires come due while the attempt is under way.
    clock.advance(Duration::from_secs(25));
    let answer = storage.holds(Action::ReadJob);
    storage.once(Action::Revise, Fault::Fails);
    let meanwhile = async {
        while !storage.has_held() {
            tokio::task::yield_now().await;
        }
        running.succeed();
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        answer.notify_one();
    };
    let update = scheduler.update_job(id, JobUpdate::new().schedule(every(7).seconds()));
    let (updated, ()) = tokio::join!(update, meanwhile);
    updated.unwrap_err();
    testing::quiet(&scheduler).await.unwrap();
    clock.advance(Duration::from_secs(5));
    running.begins().await;
    running.succeed();
    testing::quiet(&scheduler).await.unwrap();
    testing::audit(&storage).zone(chrono_tz::UTC).await.unwrap().assert_clean();
    let overlap = Fate::Skipped("overlap");
    let expected = [(10, Fate::Completed), (20, overlap), (30, overlap), (40, Fate::Completed)];
    assert_eq!(fires(&scheduler, id, 10).await, expected);
}
