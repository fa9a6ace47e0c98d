//! What records say of why fires did not run, and of how an attempt ended.

use std::time::Duration;

use chrono_tz::Tz;
use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{
    Event, JobId, JobUpdate, Overlap, RescheduleCause, Run, RunId, SkipReason, Skipped, Trigger,
};
use fastscheduler_tests::fires::second;
use fastscheduler_tests::held::Held;
use fastscheduler_tests::{advance, on_manual_clock, runs, started};
use serde_json::json;

/// The records of fires of a job that did not run.
async fn skips(scheduler: &Scheduler, id: JobId) -> Vec<Skipped> {
    let of_job = runs(scheduler).await.into_iter().filter(|run| run.job_id() == id);
    of_job.filter_map(|run| run.skipped.map(|skipped| *skipped)).collect()
}

fn attempt(job: JobId, trigger: Trigger, seconds: u64, attempt: u32) -> RunId {
    RunId { job, trigger, scheduled_for: second(seconds), attempt }
}

/// A job of every ten seconds whose attempts are held.
async fn held(scheduler: &Scheduler, overlap: Overlap) -> (Held, JobId) {
    let (held, job) = Held::new();
    let job = every(10).seconds().overlap(overlap).retries(1).retry_delay(2).run("held", job);
    (held, scheduler.add(job).await.unwrap())
}

async fn pass(scheduler: &Scheduler, clock: &ManualClock, seconds: u64) {
    clock.advance(Duration::from_secs(seconds));
    testing::quiet(scheduler).await.unwrap();
}

#[tokio::test]
async fn a_record_of_an_overlap_says_which_run_was_in_the_way() {
    let (scheduler, clock) = started().await;
    let (mut held, id) = held(&scheduler, Overlap::Skip).await;
    clock.advance(Duration::from_secs(10));
    held.begins().await;
    clock.advance(Duration::from_secs(25));
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
    let all = skips(&scheduler, id).await;
    assert_eq!((all.len(), all[0].first, all[0].last), (1, second(20), second(30)));
    assert_eq!(all[0].in_the_way, Some(attempt(id, Trigger::Schedule, 10, 1)));

    // A retry is in the way of its job as well.
    clock.advance(Duration::from_secs(5));
    held.begins().await;
    held.fail("at first");
    testing::quiet(&scheduler).await.unwrap();
    clock.advance(Duration::from_secs(2));
    held.begins().await;
    clock.advance(Duration::from_secs(10));
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
    let all = skips(&scheduler, id).await;
    assert_eq!((all.len(), all[1].first), (2, second(50)));
    assert_eq!(all[1].in_the_way, Some(attempt(id, Trigger::Schedule, 40, 2)));

    // And so is a run that somebody asked for.
    let asked_for = scheduler.run_job_now(id).await.unwrap();
    held.begins().await;
    clock.advance(Duration::from_secs(10));
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
    let all = skips(&scheduler, id).await;
    assert_eq!((all.len(), all[2].first), (3, second(60)));
    assert_eq!(all[2].in_the_way, Some(asked_for));
    assert!(all.iter().all(|skipped| skipped.reason == SkipReason::Overlap && skipped.cause.is_none()));
}

#[tokio::test]
async fn fires_that_one_stands_for_have_waited_for_the_run_before_it() {
    let (scheduler, clock) = started().await;
    let (mut held, id) = held(&scheduler, Overlap::Queue).await;
    clock.advance(Duration::from_secs(10));
    held.begins().await;
    clock.advance(Duration::from_secs(35));
    held.succeed();
    // Its records are stored before it begins.
    held.begins().await;
    let all = skips(&scheduler, id).await;
    assert_eq!((all.len(), all[0].first, all[0].last), (1, second(30), second(40)));
    assert_eq!(all[0].in_the_way, Some(attempt(id, Trigger::Schedule, 10, 1)));
    held.succeed();
}

#[tokio::test]
async fn a_record_of_a_pause_says_since_when_and_so_does_the_job() {
    let storage = MemoryStorage::default();
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    let id = scheduler.add(every(10).seconds().call("quick")).await.unwrap();
    let asleep = scheduler.add(every(10).seconds().enabled(false).call("quick")).await.unwrap();
    advance(&scheduler, &clock, 15).await;
    assert_eq!(scheduler.job(id).await.unwrap().unwrap().paused_at(), None);
    scheduler.pause_job(id).await.unwrap();
    advance(&scheduler, &clock, 10).await;
    // It has been paused all the while, whatever else is changed.
    scheduler.update_job(id, JobUpdate::new().retries(7).enabled(false)).await.unwrap();
    scheduler.stop().await.unwrap();

    let (builder, clock) = on_manual_clock();
    clock.set(second(100));
    let scheduler = builder.storage(storage).build().await.unwrap();
    scheduler.start().await.unwrap();
    let paused_at = async |id| scheduler.job(id).await.unwrap().unwrap().paused_at();
    assert_eq!((paused_at(id).await, paused_at(asleep).await), (Some(second(15)), Some(second(0))));
    scheduler.resume_job(id).await.unwrap();
    scheduler.update_job(asleep, JobUpdate::new().enabled(true)).await.unwrap();
    assert_eq!((paused_at(id).await, paused_at(asleep).await), (None, None));
    for (id, since) in [(id, 15), (asleep, 0)] {
        let all = skips(&scheduler, id).await;
        assert_eq!((all.len(), all[0].reason, all[0].last), (1, SkipReason::Paused, second(100)));
        assert_eq!(all[0].paused_from, Some(second(since)), "{id}");
    }
    scheduler.pause_job(id).await.unwrap();
    assert_eq!(paused_at(id).await, Some(second(100)));
}

#[tokio::test]
async fn a_record_of_another_schedule_says_what_changed_it() {
    let storage = MemoryStorage::default();
    let start = async |zone: Tz, seconds: u64| {
        let (builder, clock) = on_manual_clock();
        clock.set(second(seconds));
        let scheduler = builder.storage(storage.clone()).timezone(zone).build().await.unwrap();
        scheduler.start().await.unwrap();
        scheduler
    };
    let scheduler = start(Tz::UTC, 0).await;
    let id = scheduler.add(daily().at("09:00").key("daily").call("quick")).await.unwrap();
    let causes = async |scheduler: &Scheduler| -> Vec<_> {
        skips(scheduler, id).await.into_iter().map(|skipped| (skipped.reason, skipped.cause)).collect()
    };
    let by = |cause| (SkipReason::Rescheduled, Some(cause));
    scheduler.update_job(id, JobUpdate::new().schedule(daily().at("10:00"))).await.unwrap();
    scheduler.add(daily().at("11:00").key("daily").call("quick")).await.unwrap();
    let mut expected = vec![by(RescheduleCause::Schedule); 2];
    assert_eq!(causes(&scheduler).await, expected);
    scheduler.stop().await.unwrap();

    let scheduler = start(Tz::Asia__Tokyo, 60).await;
    expected.push(by(RescheduleCause::Zone));
    assert_eq!(causes(&scheduler).await, expected);
    // Of one that is cancelled there is nothing to tell.
    scheduler.cancel_job(id).await.unwrap();
    expected.push((SkipReason::Cancelled, None));
    assert_eq!(causes(&scheduler).await, expected);
}

#[test]
fn a_record_of_an_earlier_version_says_none_of_it() {
    let stored = json!({
        "reason": "rescheduled", "first": "2026-11-23T00:00:10Z", "last": "2026-11-23T00:00:20Z", "count": 2,
    });
    let read: Skipped = serde_json::from_value(stored.clone()).unwrap();
    assert_eq!(read, Skipped::new(SkipReason::Rescheduled, second(10), second(20), 2));
    assert_eq!(serde_json::to_value(&read).unwrap(), stored);
    let in_the_way = Some("job_0-s-1795392010000000-1".parse().unwrap());
    for whole in [
        Skipped { cause: Some(RescheduleCause::Rules), ..read.clone() },
        Skipped { reason: SkipReason::Overlap, in_the_way, ..read.clone() },
        Skipped { reason: SkipReason::Paused, paused_from: Some(second(3)), ..read },
    ] {
        let stored = serde_json::to_string(&whole).unwrap();
        assert_eq!(serde_json::from_str::<Skipped>(&stored).unwrap(), whole, "{stored}");
    }
    let run = json!({
        "run_id": "job_0-s-1795392010000000-1", "job_name": "a", "function": {"module": "app", "name": "a"}, "group": "default",
        "status": "failed", "finished_at": "2026-11-23T00:00:15Z", "error": "timed out after 5s",
    });
    let read: Run = serde_json::from_value(run.clone()).unwrap();
    assert!(!read.timed_out);
    assert_eq!(serde_json::to_value(&read).unwrap(), run);
}

#[tokio::test]
async fn an_attempt_that_its_timeout_ended_says_so_and_no_other_does() {
    let (scheduler, clock) = started().await;
    let job = once(1).timeout(5).retries(0).name("waits").run("waits", std::future::pending::<()>);
    scheduler.add(job).await.unwrap();
    let fails = || async { Err::<(), _>(anyhow::anyhow!("timed out after 5s")) };
    scheduler.add(once(1).timeout(5).retries(0).run("fails", fails)).await.unwrap();
    scheduler.add(once(1).timeout(5).run("is quick", || async {})).await.unwrap();
    let hour = once(1).timeout(3_600).run("is cancelled", std::future::pending::<()>);
    let cancelled = scheduler.add(hour).await.unwrap();
    let mut events = scheduler.subscribe();
    clock.advance(Duration::from_secs(1));
    let mut begun = 0;
    while begun < 2 {
        begun += usize::from(matches!(events.next().await, Some(Event::RunStarted(_))));
    }
    scheduler.cancel_job(cancelled).await.unwrap();
    pass(&scheduler, &clock, 5).await;
    let timed_out: Vec<_> = {
        let all = runs(&scheduler).await;
        let mut all: Vec<_> = all.iter().map(|run| (run.job_name.to_string(), run.timed_out)).collect();
        all.sort();
        all
    };
    let expected = [("fails", false), ("is cancelled", false), ("is quick", false), ("waits", true)];
    assert_eq!(timed_out, expected.map(|(name, timed_out)| (name.to_owned(), timed_out)));
}
