//! A change of one job that the store takes long to confirm: other jobs go on.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::testing::ManualClock;
use fastscheduler::{Clock as _, Event, Events, JobId, JobUpdate, Overlap, SchedulerError, testing};
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

/// A job that fires each ten seconds, whose fire of second 10 is running at second 35.
struct Running {
    scheduler: Scheduler,
    clock: ManualClock,
    storage: Faulty,
    id: JobId,
    job: Held,
}

impl Running {
    async fn new(overlap: Overlap) -> Self {
        let storage = Faulty::default();
        let (builder, clock) = on_manual_clock();
        let scheduler = builder.storage(storage.clone()).build().await.unwrap();
        scheduler.start().await.unwrap();
        let (mut held, job) = Held::new();
        let id = scheduler.add(every(10).seconds().overlap(overlap).run("changed", job)).await.unwrap();
        testing::advance(&scheduler, &clock, Duration::from_secs(9)).await.unwrap();
        clock.advance(Duration::from_secs(1));
        held.begins().await;
        // Two fires come due while the attempt is under way.
        clock.advance(Duration::from_secs(25));
        Self { scheduler, clock, storage, id, job: held }
    }

    /// Gives the job an interval of seven seconds. The attempt ends while the store is
    /// holding the answer to such an action.
    async fn change_while_it_ends(&self, held: Action) -> Result<(), SchedulerError> {
        let answer = self.storage.holds(held);
        let meanwhile = async {
            while !self.storage.has_held() {
                tokio::task::yield_now().await;
            }
            self.job.succeed();
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            answer.notify_one();
        };
        let update = self.scheduler.update_job(self.id, JobUpdate::new().schedule(every(7).seconds()));
        let (updated, ()) = tokio::join!(update, meanwhile);
        testing::quiet(&self.scheduler).await.unwrap();
        updated
    }

    async fn assert_clean(&self) {
        testing::audit(&self.storage).zone(chrono_tz::UTC).await.unwrap().assert_clean();
    }
}

#[tokio::test]
async fn a_fire_that_an_attempt_and_a_change_of_its_job_both_skip_has_one_record() {
    for overlap in [Overlap::Skip, Overlap::Queue] {
        let running = Running::new(overlap).await;
        // The store has the change, which is not adopted yet.
        running.change_while_it_ends(Action::Revise).await.unwrap();
        running.assert_clean().await;
        // The new schedule counts from the change.
        let next = running.scheduler.job(running.id).await.unwrap().unwrap().next_run_at();
        assert_eq!(next, Some(running.clock.now() + Duration::from_secs(7)), "{overlap:?}");
    }
}

#[tokio::test]
async fn a_fire_that_ends_during_a_change_that_fails_is_followed_by_the_next() {
    let mut running = Running::new(Overlap::Skip).await;
    running.storage.once(Action::Revise, Fault::Fails);
    running.change_while_it_ends(Action::ReadJob).await.unwrap_err();
    running.clock.advance(Duration::from_secs(5));
    running.job.begins().await;
    running.job.succeed();
    testing::quiet(&running.scheduler).await.unwrap();
    running.assert_clean().await;
    let overlap = Fate::Skipped("overlap");
    let expected = [(10, Fate::Completed), (20, overlap), (30, overlap), (40, Fate::Completed)];
    assert_eq!(fires(&running.scheduler, running.id, 10).await, expected);
}
