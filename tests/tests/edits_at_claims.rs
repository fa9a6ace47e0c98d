//! Changes of a job on one thread, while its fires are claimed and end on others.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;
use fastscheduler::{Clock as _, JobId, JobUpdate, Overlap, testing};
use fastscheduler_tests::on_manual_clock;
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

async fn fires_are_accounted_for(overlap: Overlap, updates: bool) {
    let storage = MemoryStorage::default();
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    let job = every(10).seconds().overlap(overlap).run("job", tokio::task::yield_now);
    let id = scheduler.add(job).await.unwrap();
    let (stop, stopped) = oneshot::channel();
    let meddling = tokio::spawn(meddle(scheduler.clone(), id, updates, stopped));
    for step in 0..40 {
        clock.advance(TEN_SECONDS);
        for _ in 0..step % 30 {
            tokio::task::yield_now().await;
        }
    }
    stop.send(()).unwrap();
    meddling.await.unwrap();
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
            fires_are_accounted_for(overlap, round % 2 == 0).await;
        }
    }
}
