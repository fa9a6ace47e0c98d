//! Changes of a job while its fires are claimed and end.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;
use fastscheduler::testing::ManualClock;
use fastscheduler::{Clock as _, Event, Events, JobId, JobUpdate, Overlap, testing};
use fastscheduler_tests::faulty::{Action, Fault, Faulty};
use fastscheduler_tests::fires::{Fate, fires};
use fastscheduler_tests::slow_queue::SlowQueue;
use fastscheduler_tests::{monday, on_manual_clock, runs};
use tokio::sync::oneshot;

const TEN_SECONDS: Duration = Duration::from_secs(10);

/// Updates a job, or pauses and resumes it, until it is told to stop.
async fn meddle(scheduler: Scheduler, id: JobId, updates: bool, mut stopped: oneshot::Receiver<()>) {
    let mut count = 0;
    while stopped.try_recv().is_err() {
        count += 1;
        if updates {
            scheduler.update_job(id, JobUpdate::new().retries(count % 5)).await.unwrap();
        } else {
            scheduler.pause_job(id).await.unwrap();
            scheduler.resume_job(id).await.unwrap();
        }
        for _ in 0..count % 7 {
            tokio::task::yield_now().await;
        }
    }
}

/// Changes a job all the time while its fires come: one task for each of `meddlers`,
/// which updates it or pauses and resumes it.
async fn fires_are_accounted_for(overlap: Overlap, meddlers: &[bool]) {
    let storage = MemoryStorage::default();
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    let job = every(10).seconds().overlap(overlap).run("job", tokio::task::yield_now);
    let id = scheduler.add(job).await.unwrap();
    let meddling = meddlers.iter().map(|updates| {
        let (stop, stopped) = oneshot::channel();
        (stop, tokio::spawn(meddle(scheduler.clone(), id, *updates, stopped)))
    });
    let meddling: Vec<_> = meddling.collect();
    for step in 0..40 {
        clock.advance(TEN_SECONDS);
        for _ in 0..step % 30 {
            tokio::task::yield_now().await;
        }
    }
    for (stop, meddling) in meddling {
        stop.send(()).unwrap();
        meddling.await.unwrap();
    }
    testing::quiet(&scheduler).await.unwrap();
    let before = clock.now();
    testing::advance(&scheduler, &clock, TEN_SECONDS * 3).await.unwrap();
    let job = scheduler.job(id).await.unwrap().unwrap();
    assert_eq!(job.next_run_at(), Some(clock.now() + TEN_SECONDS), "{overlap:?}: stuck since {before}");
    testing::audit(&storage).zone(chrono_tz::UTC).until(clock.now()).await.unwrap().assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_at_the_moment_of_a_claim_loses_no_fire_and_runs_none_twice() {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel] {
        for round in 0..100 {
            fires_are_accounted_for(overlap, &[round % 2 == 0]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_changes_of_one_job_at_once_lose_no_fire_and_run_none_twice() {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel] {
        for _ in 0..25 {
            fires_are_accounted_for(overlap, &[true, false, true, false]).await;
        }
    }
}

/// A job each ten seconds, whose claims are on their way for as long as the
/// test says.
async fn with_slow_claims(overlap: Overlap, storage: &Faulty) -> (Scheduler, ManualClock, SlowQueue, JobId) {
    let (builder, clock) = on_manual_clock();
    let queue = SlowQueue::new(&clock);
    let scheduler = builder.storage(storage.clone()).queue(queue.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    let id = scheduler.add(every(10).seconds().overlap(overlap).run("job", async || {})).await.unwrap();
    (scheduler, clock, queue, id)
}

#[tokio::test]
async fn a_fire_that_is_made_up_for_runs_once_though_its_job_is_changed_under_way() {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel] {
        let storage = Faulty::default();
        let (scheduler, clock, queue, id) = with_slow_claims(overlap, &storage).await;
        clock.advance(TEN_SECONDS * 3);
        queue.claimed().await;
        queue.go_on();
        // The first fire came too late, and the third takes its place.
        queue.claimed().await;
        scheduler.update_job(id, JobUpdate::new().retries(1)).await.unwrap();
        queue.is_fast();
        testing::quiet(&scheduler).await.unwrap();
        let skipped = Fate::Skipped("catch_up");
        let expected = [(10, skipped), (20, skipped), (30, Fate::Completed)];
        assert_eq!(fires(&scheduler, id, 10).await, expected, "{overlap:?}");
        testing::audit(&storage).zone(chrono_tz::UTC).until(clock.now()).await.unwrap().assert_clean();
    }
}

/// Lets a claim that is on its way arrive while its job is changed, which then
/// fails.
async fn given_back_for_a_change_that_fails(
    scheduler: &Scheduler,
    queue: &SlowQueue,
    storage: &Faulty,
    id: JobId,
) {
    let answer = storage.holds(Action::ReadJob);
    let arrives = async {
        tokio::task::yield_now().await;
        storage.once(Action::Revise, Fault::Fails);
        queue.is_fast();
        while queue.settled() == 0 {
            tokio::task::yield_now().await;
        }
        answer.notify_one();
    };
    let (failed, ()) = tokio::join!(scheduler.update_job(id, JobUpdate::new().retries(2)), arrives);
    failed.unwrap_err();
}

#[tokio::test]
async fn a_fire_claimed_before_one_change_and_given_back_for_another_that_fails_still_runs() {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel] {
        let storage = Faulty::default();
        let (scheduler, clock, queue, id) = with_slow_claims(overlap, &storage).await;
        clock.advance(TEN_SECONDS);
        queue.claimed().await;
        scheduler.update_job(id, JobUpdate::new().retries(1)).await.unwrap();
        given_back_for_a_change_that_fails(&scheduler, &queue, &storage, id).await;
        testing::quiet(&scheduler).await.unwrap();
        assert_eq!(fires(&scheduler, id, 10).await, [(10, Fate::Completed)], "{overlap:?}");
    }
}

/// Gives the job of [`with_slow_claims`] a fire each four seconds, five seconds
/// after it was made, and tells of that when its fire of ten seconds is claimed.
async fn reschedule_at_the_claim(
    scheduler: &Scheduler,
    clock: &ManualClock,
    queue: &SlowQueue,
    storage: &Faulty,
    id: JobId,
) {
    clock.advance(TEN_SECONDS / 2);
    let answer = storage.holds(Action::Revise);
    let claimed = async {
        tokio::task::yield_now().await;
        clock.advance(TEN_SECONDS / 2);
        queue.claimed().await;
        answer.notify_one();
    };
    let update = JobUpdate::new().schedule(every(4).seconds());
    let (updated, ()) = tokio::join!(scheduler.update_job(id, update), claimed);
    updated.unwrap();
}

/// What ran, by when it was due, without the history's word for it.
async fn due_of_runs(scheduler: &Scheduler, storage: &Faulty, clock: &ManualClock) -> Vec<i64> {
    testing::quiet(scheduler).await.unwrap();
    testing::audit(storage).zone(chrono_tz::UTC).until(clock.now()).await.unwrap().assert_clean();
    let ran = runs(scheduler).await.into_iter().filter(|run| run.skipped.is_none());
    ran.map(|run| (run.scheduled_for() - monday()).num_seconds()).collect()
}

#[tokio::test]
async fn a_fire_of_the_old_schedule_that_was_claimed_before_the_change_does_not_run() {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel] {
        let storage = Faulty::default();
        let (scheduler, clock, queue, id) = with_slow_claims(overlap, &storage).await;
        let mut events = scheduler.subscribe();
        reschedule_at_the_claim(&scheduler, &clock, &queue, &storage, id).await;
        queue.is_fast();
        assert_eq!(due_of_runs(&scheduler, &storage, &clock).await, [9], "{overlap:?}");
        assert_eq!(recorded(&mut events), 1, "{overlap:?}");
    }
}

#[tokio::test]
async fn nor_does_it_if_the_job_is_changed_once_more_at_that_moment() {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel] {
        let storage = Faulty::default();
        let (scheduler, clock, queue, id) = with_slow_claims(overlap, &storage).await;
        let mut events = scheduler.subscribe();
        reschedule_at_the_claim(&scheduler, &clock, &queue, &storage, id).await;
        given_back_for_a_change_that_fails(&scheduler, &queue, &storage, id).await;
        assert_eq!(due_of_runs(&scheduler, &storage, &clock).await, [9], "{overlap:?}");
        assert_eq!(recorded(&mut events), 1, "{overlap:?}");
    }
}

/// How many attempts ended, recorded or not.
fn recorded(events: &mut Events) -> usize {
    let events = std::iter::from_fn(|| events.try_next());
    events.filter(|event| matches!(event, Event::RunRecorded(run) if run.skipped.is_none())).count()
}
