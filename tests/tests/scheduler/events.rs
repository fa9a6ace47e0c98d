//! Events, for those who listen.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::testing::{self};
use fastscheduler::{Event, Events, JobUpdate, RunStatus, SkipReason};
use fastscheduler_tests::held::Held;
use fastscheduler_tests::started;

fn all(events: &mut Events) -> Vec<Event> {
    std::iter::from_fn(|| events.try_next()).collect()
}

#[tokio::test]
async fn each_subscriber_gets_all_events_from_its_subscription_on() {
    let (scheduler, clock) = started().await;
    let (mut first, mut second) = (scheduler.subscribe(), scheduler.subscribe());
    let id = scheduler.add(every(10).seconds().call("quick")).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(20)).await.unwrap();
    let mut late = scheduler.subscribe();
    testing::advance(&scheduler, &clock, Duration::from_secs(10)).await.unwrap();
    let told = all(&mut first);
    assert_eq!(all(&mut second), told);
    assert_eq!(told[0], Event::JobChanged(id));
    let runs = |events: &[Event]| -> Vec<i64> {
        let run = |event: &Event| match event {
            Event::RunRecorded(run) if run.status == RunStatus::Completed => {
                Some(run.scheduled_for().timestamp() % 60)
            }
            _ => None,
        };
        events.iter().filter_map(run).collect()
    };
    assert_eq!(runs(&told), [10, 20, 30]);
    assert_eq!(runs(&all(&mut late)), [30]);
}

#[tokio::test]
async fn a_job_that_comes_changes_and_goes_is_told_of() {
    let (scheduler, _clock) = started().await;
    let mut events = scheduler.subscribe();
    let id = scheduler.add(every(10).seconds().call("quick")).await.unwrap();
    assert_eq!(all(&mut events), [Event::JobChanged(id)]);
    scheduler.pause_job(&id).await.unwrap();
    assert_eq!(all(&mut events), [Event::JobChanged(id)]);
    scheduler.pause_job(&id).await.unwrap();
    assert_eq!(all(&mut events), [], "nothing changed");
    scheduler.resume_job(&id).await.unwrap();
    scheduler.update_job(&id, JobUpdate::new().retries(1)).await.unwrap();
    assert_eq!(all(&mut events), [Event::JobChanged(id), Event::JobChanged(id)]);
    scheduler.cancel_job(&id).await.unwrap();
    let told = all(&mut events);
    assert!(
        matches!(&told[..], [Event::RunRecorded(run), Event::JobRemoved(gone)]
        if *gone == id && run.skipped.as_ref().unwrap().reason == SkipReason::Cancelled),
        "{told:?}"
    );
}

#[tokio::test]
async fn an_attempt_that_takes_its_time_is_told_of_when_it_starts() {
    let (scheduler, clock) = started().await;
    let (mut held, job) = Held::new();
    scheduler.add(once(1).run("held", job)).await.unwrap();
    let mut events = scheduler.subscribe();
    clock.advance(Duration::from_secs(1));
    let context = held.begins().await;
    assert_eq!(events.next().await, Some(Event::RunStarted(context.run_id())));
    held.succeed();
    let Some(Event::RunRecorded(run)) = events.next().await else { panic!("no record") };
    assert_eq!((run.run_id, run.status), (context.run_id(), RunStatus::Completed));
    assert_eq!(events.next().await, Some(Event::JobRemoved(context.job_id())));
}

#[tokio::test]
async fn a_slow_subscriber_is_told_how_much_it_missed_and_slows_nobody_down() {
    const RUNS: u64 = 3_000;
    let (scheduler, clock) = started().await;
    let mut slow = scheduler.subscribe();
    let mut quick = scheduler.subscribe();
    scheduler.add(every(1).seconds().call("quick")).await.unwrap();
    let mut told = 0;
    for _ in 0..RUNS {
        testing::advance(&scheduler, &clock, Duration::from_secs(1)).await.unwrap();
        told += all(&mut quick).iter().filter(|event| matches!(event, Event::RunRecorded(_))).count();
    }
    assert_eq!((told as u64, scheduler.statistics().await.unwrap().total_runs), (RUNS, RUNS));
    let slow = all(&mut slow);
    assert!(matches!(slow[0], Event::Missed(missed) if missed > 0), "{:?}", slow[0]);
    assert!(
        slow[1..].iter().all(|event| matches!(event, Event::RunRecorded(_))),
        "it goes on with the newest"
    );
    let Some(Event::RunRecorded(last)) = slow.last() else { panic!("no record") };
    assert_eq!(last.scheduled_for(), fastscheduler_tests::fires::second(RUNS));
}

#[tokio::test]
async fn a_subscriber_that_is_gone_hinders_nobody() {
    let (scheduler, clock) = started().await;
    drop(scheduler.subscribe());
    let mut events = scheduler.subscribe();
    scheduler.add(once(1).call("quick")).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(1)).await.unwrap();
    assert_eq!(all(&mut events).len(), 3);
}

#[tokio::test]
async fn events_end_when_the_scheduler_is_gone() {
    let (scheduler, _clock) = started().await;
    let mut events = scheduler.subscribe();
    scheduler.stop().await.unwrap();
    drop(scheduler);
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn a_job_may_listen_to_events() {
    let (scheduler, clock) = started().await;
    let inner = scheduler.clone();
    let waits = move || {
        let mut events = inner.subscribe();
        async move {
            let seen = events.next().await;
            Ok(format!("{}", matches!(seen, Some(Event::RunStarted(_) | Event::RunRecorded(_)))))
        }
    };
    scheduler.add(once(1).name("waits").run("waits", waits)).await.unwrap();
    scheduler.add(once(2).call("quick")).await.unwrap();
    clock.advance(Duration::from_secs(1));
    testing::quiet(&scheduler).await.unwrap();
    let all = fastscheduler_tests::runs(&scheduler).await;
    assert_eq!(all[0].result.as_deref(), Some("\"true\""));
}
