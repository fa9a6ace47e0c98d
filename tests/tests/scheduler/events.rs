//! Events, for those who listen.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::testing::{self};
use fastscheduler::{Args, Event, Events, JobUpdate, RunStatus, SkipReason};
use fastscheduler_tests::held::Held;
use fastscheduler_tests::{World, on_manual_clock, started};

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

/// All events up to the end.
async fn to_the_end(mut events: Events) -> Vec<Event> {
    let mut all = Vec::new();
    while let Some(event) = events.next().await {
        all.push(event);
    }
    assert_eq!(events.next().await, None, "it stays at the end");
    all
}

#[tokio::test]
async fn events_end_once_the_scheduler_has_stopped_and_none_is_lost() {
    let (scheduler, clock) = started().await;
    let (mut held, job) = Held::new();
    scheduler.add(once(1).run("held", job)).await.unwrap();
    let (first, second) = (scheduler.subscribe(), scheduler.subscribe());
    let listening = tokio::spawn(to_the_end(first));
    clock.advance(Duration::from_secs(1));
    let run = held.begins().await.run_id();
    let stopping = tokio::spawn({
        let scheduler = scheduler.clone();
        async move { scheduler.stop().await }
    });
    scheduler.stopping().await;
    held.succeed();
    stopping.await.unwrap().unwrap();
    for told in [listening.await.unwrap(), to_the_end(second).await] {
        assert_eq!(told[0], Event::RunStarted(run));
        assert!(matches!(&told[1], Event::RunRecorded(ended) if ended.run_id == run), "{told:?}");
        assert_eq!(told[2..], [Event::JobRemoved(run.job)]);
    }
    assert_eq!(to_the_end(scheduler.subscribe()).await, [], "of one that subscribes after the stop");
}

#[tokio::test]
async fn events_end_whoever_stops_the_scheduler_and_whenever() {
    let build = || async { on_manual_clock().0.build().await.unwrap() };

    let never_started = build().await;
    let events = never_started.subscribe();
    never_started.stop().await.unwrap();
    assert_eq!(to_the_end(events).await, []);

    let dropped = build().await;
    let events = dropped.subscribe();
    drop(dropped);
    assert_eq!(to_the_end(events).await, []);

    // Attempts that outlast the grace are cut short and told of no more.
    let (cut_short, clock) = started().await;
    cut_short.add(once(1).run("hangs", std::future::pending::<()>)).await.unwrap();
    let mut events = cut_short.subscribe();
    clock.advance(Duration::from_secs(1));
    assert!(matches!(events.next().await, Some(Event::RunStarted(_))));
    cut_short.stop_within(Duration::ZERO).await.unwrap();
    assert_eq!(to_the_end(events).await, []);

    let (stops_itself, clock) = started().await;
    let inner = stops_itself.clone();
    let stops = move || {
        let scheduler = inner.clone();
        async move { anyhow::Ok(scheduler.stop().await?) }
    };
    let job = stops_itself.add(once(1).run("stops", stops)).await.unwrap();
    let events = stops_itself.subscribe();
    clock.advance(Duration::from_secs(1));
    let told = to_the_end(events).await;
    let recorded =
        |event: &Event| matches!(event, Event::RunRecorded(run) if run.status == RunStatus::Completed);
    assert!(told.iter().any(recorded), "the job's own end is not lost: {told:?}");
    assert_eq!(told.last(), Some(&Event::JobRemoved(job)));
}

#[tokio::test]
async fn a_dead_letter_is_told_of_after_the_record_of_its_last_attempt() {
    let (scheduler, clock) = started().await;
    scheduler.add(once(1).retries(1).call("fails")).await.unwrap();
    let mut events = scheduler.subscribe();
    testing::advance(&scheduler, &clock, Duration::from_secs(3)).await.unwrap();
    let told = all(&mut events);
    let [
        Event::RunRecorded(first),
        Event::RunRecorded(last),
        Event::DeadLettered(letter),
        Event::JobRemoved(_),
    ] = &told[..]
    else {
        panic!("{told:?}")
    };
    assert!(first.will_retry() && last.is_final());
    assert_eq!(letter.run, **last);
    // It is the one that is kept, and is known by its run.
    assert_eq!(scheduler.dead_letters(1).await.unwrap()[0].definition, letter.definition);
    scheduler.retry_dead_letter(&letter.run).await.unwrap();
}

#[test]
fn the_third_crash_of_a_fire_is_told_of_as_a_dead_letter() {
    let world = World::default();
    for crashes in 0..=3 {
        let process = world.start();
        let mut events = process.scheduler.subscribe();
        // Its crashes are found as late as its function is there.
        let hangs = |_: Args| std::future::pending::<()>();
        process.run(async { process.scheduler.register_function("late", hangs) }).unwrap();
        if crashes == 0 {
            process.add(once(1).call("late"));
        }
        process.jump(Duration::from_secs(1));
        let told = all(&mut events);
        let found = told.iter().position(|event| matches!(event, Event::DeadLettered(_)));
        assert_eq!(found.is_some(), crashes == 3, "{crashes}: {told:?}");
        if let Some(found) = found {
            let [Event::RunRecorded(run), Event::DeadLettered(letter)] = &told[found - 1..=found] else {
                panic!("{told:?}")
            };
            assert_eq!((&letter.run, run.is_final()), (&**run, true));
            assert_eq!(run.error.as_deref(), Some("its process ended before it did, for the 3rd time"));
        }
        process.crash();
    }
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
