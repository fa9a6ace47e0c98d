//! A change of one job that the store takes long over: other jobs go on.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::{Event, Events, JobId, JobUpdate, testing};
use fastscheduler_tests::faulty::{Action, Faulty};
use fastscheduler_tests::fires::{Fate, fires};
use fastscheduler_tests::held::Held;
use fastscheduler_tests::on_manual_clock;
use fastscheduler_tests::slow_queue::SlowQueue;

/// Waits until a run of the job is recorded.
async fn recorded(events: &mut Events, job: JobId) {
    let of_job = |event: &Event| matches!(event, Event::RunRecorded(run) if run.job_id() == job);
    let waiting = async { while events.next().await.is_some_and(|event| !of_job(&event)) {} };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("the run is recorded");
}

#[tokio::test]
async fn outcomes_of_other_jobs_are_recorded_while_the_store_is_slow_to_confirm_or_read_a_change() {
    // The store holds its answer to the change, and then to the read that follows.
    for held in [Action::Revise, Action::ReadJob] {
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

        let mut answer = storage.holds(Action::Revise);
        let meanwhile = async {
            while !storage.has_held() {
                tokio::task::yield_now().await;
            }
            if held == Action::ReadJob {
                let read = storage.holds(Action::ReadJob);
                answer.notify_one();
                answer = read;
                while storage.held() < 2 {
                    tokio::task::yield_now().await;
                }
            }
            // An attempt at the changed job ends, and another job has its next fire.
            running.succeed();
            clock.advance(Duration::from_secs(10));
            recorded(&mut events, other).await;
            answer.notify_one();
        };
        let (updated, ()) =
            tokio::join!(scheduler.update_job(changed, JobUpdate::new().retries(7)), meanwhile);
        updated.unwrap();
        running.succeed();
        testing::quiet(&scheduler).await.unwrap();
        assert_eq!(fires(&scheduler, changed, 10).await[0], (10, Fate::Completed), "{held:?}");
        let expected = [(10, Fate::Completed), (20, Fate::Completed)];
        assert_eq!(fires(&scheduler, other, 10).await, expected, "{held:?}");
    }
}

#[tokio::test]
async fn a_fire_that_is_claimed_while_a_change_of_its_job_is_taken_over_still_runs() {
    let storage = Faulty::default();
    let (builder, clock) = on_manual_clock();
    let queue = SlowQueue::new(&clock);
    let scheduler = builder.storage(storage.clone()).queue(queue.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    let changed = scheduler.add(every(10).seconds().run("changed", async || {})).await.unwrap();
    let other = scheduler.add(every(10).seconds().run("other", async || {})).await.unwrap();
    clock.advance(Duration::from_secs(10));
    queue.claimed().await;
    // The change is stored, and the store is slow to read what is to be taken over.
    let revised = storage.holds(Action::Revise);
    let meanwhile = async {
        held(&storage, 1).await;
        let read = storage.holds(Action::ReadJob);
        revised.notify_one();
        held(&storage, 2).await;
        // Both claims arrive, and that of the other job is slow to be recorded.
        let recorded = storage.holds(Action::Claim);
        queue.is_fast();
        held(&storage, 3).await;
        read.notify_one();
        recorded
    };
    let update = scheduler.update_job(changed, JobUpdate::new().retries(7));
    let (updated, recorded) = tokio::join!(update, meanwhile);
    updated.unwrap();
    recorded.notify_one();
    testing::quiet(&scheduler).await.unwrap();
    for job in [changed, other] {
        assert_eq!(fires(&scheduler, job, 10).await, [(10, Fate::Completed)], "{job}");
    }
}

/// Waits until the store holds, or has held, so many answers.
async fn held(storage: &Faulty, count: usize) {
    while storage.held() < count {
        tokio::task::yield_now().await;
    }
}
