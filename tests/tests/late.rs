//! Fires that come late, and fires that are missed.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{CatchUp, Trigger};
use fastscheduler_tests::fires::{Fate, fires, second};
use fastscheduler_tests::held::Held;
use fastscheduler_tests::{on_manual_clock, runs};

const DONE: Fate = Fate::Completed;
const MISSED: Fate = Fate::Skipped("catch_up");

#[job]
async fn quick() {}

async fn started() -> (Scheduler, ManualClock) {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.max_concurrency(1).build().await.unwrap();
    scheduler.start().await.unwrap();
    (scheduler, clock)
}

#[tokio::test]
async fn a_fire_that_is_over_a_minute_late_is_missed() {
    for (catch_up, fate) in [(CatchUp::Once, DONE), (CatchUp::All, DONE), (CatchUp::None, MISSED)] {
        let (scheduler, clock) = started().await;
        let id = scheduler.add(every(3_600).seconds().catch_up(catch_up).call("quick")).await.unwrap();
        // As after a suspend.
        clock.advance(Duration::from_secs(3_661));
        testing::quiet(&scheduler).await.unwrap();
        assert_eq!(fires(&scheduler, id, 3_600).await, [(3_600, fate)], "{catch_up:?}");
        if fate == DONE {
            assert_eq!(runs(&scheduler).await[0].run_id.trigger, Trigger::CatchUp);
        }
        let next = scheduler.job(&id).await.unwrap().unwrap().next_run_at();
        assert_eq!(next, Some(second(7_200)), "{catch_up:?}");
        testing::advance(&scheduler, &clock, Duration::from_secs(3_600)).await.unwrap();
        assert_eq!(fires(&scheduler, id, 3_600).await[1..], [(7_200, DONE)], "{catch_up:?}");
    }
}

#[tokio::test]
async fn a_fire_that_is_up_to_a_minute_late_runs() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(every(1).hours().no_catch_up().call("quick")).await.unwrap();
    clock.advance(Duration::from_secs(3_660));
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(fires(&scheduler, id, 3_600).await, [(3_600, DONE)]);
    assert_eq!(runs(&scheduler).await[0].run_id.trigger, Trigger::Schedule);
}

#[tokio::test]
async fn a_fire_is_missed_if_a_later_one_is_already_due() {
    for (catch_up, ten, thirty) in
        [(CatchUp::Once, MISSED, DONE), (CatchUp::All, DONE, DONE), (CatchUp::None, MISSED, MISSED)]
    {
        let (scheduler, clock) = started().await;
        let id = scheduler.add(every(10).seconds().catch_up(catch_up).call("quick")).await.unwrap();
        clock.advance(Duration::from_secs(35));
        testing::quiet(&scheduler).await.unwrap();
        assert_eq!(fires(&scheduler, id, 10).await, [(10, ten), (20, ten), (30, thirty)], "{catch_up:?}");
        testing::advance(&scheduler, &clock, Duration::from_secs(5)).await.unwrap();
        assert_eq!(fires(&scheduler, id, 10).await.last(), Some(&(40, DONE)), "{catch_up:?}");
    }
}

#[tokio::test]
async fn a_fire_that_waits_for_a_slot_is_late_and_runs_however_long_that_takes() {
    let (scheduler, clock) = started().await;
    let (mut held, job) = Held::new();
    scheduler.add(once(3_600).run("held", job)).await.unwrap();
    let id = scheduler.add(every(1).hours().no_catch_up().call("quick")).await.unwrap();
    clock.advance(Duration::from_secs(3_600));
    held.begins().await;
    clock.advance(Duration::from_secs(1_800));
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(fires(&scheduler, id, 3_600).await, [(3_600, DONE)]);
}
