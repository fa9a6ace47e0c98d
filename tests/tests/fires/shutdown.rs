//! Ending: in good order, at once, and in a crash; and what happens at the next start.

use std::pin::Pin;
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::Storage as _;
use fastscheduler::{CatchUp, Event, Overlap, RunStatus, SchedulerError, Trigger};
use fastscheduler_tests::{Act, Process, World, monday};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Whether any fire in the store is claimed.
fn is_any_claimed(process: &Process, world: &World) -> bool {
    process.run(world.storage.load()).unwrap().open.iter().any(|open| open.is_claimed)
}

/// Sees that it does not end, whatever else goes on.
async fn is_patient(mut stopping: Pin<&mut impl Future<Output = Result<(), SchedulerError>>>) {
    for _ in 0..100 {
        assert!(futures_util::poll!(stopping.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
}

#[test]
fn the_first_signal_claims_nothing_more_and_lets_running_attempts_end() {
    let world = World::default();
    world.script.will(&[Act::Hang]);
    let process = world.start();
    process.add(once(1).call("work").name("runs"));
    process.add(once(2).call("work").name("waits"));
    process.jump(SECOND);
    process.run(async {
        let stopping = process.scheduler.stop();
        tokio::pin!(stopping);
        is_patient(stopping.as_mut()).await;
        world.clock.advance(SECOND * 29);
        is_patient(stopping.as_mut()).await;
        world.script.release(1);
        stopping.await.unwrap();
    });
    assert_eq!(process.outline(), [(RunStatus::Completed, 1)]);
    assert_eq!(world.script.count(), 1);
}

#[test]
fn attempts_that_have_not_ended_after_thirty_seconds_are_cancelled() {
    let world = World::default();
    world.script.will(&[Act::Hang]);
    let process = world.start();
    process.add(once(1).call("work"));
    process.jump(SECOND);
    process.run(async {
        let stopping = process.scheduler.stop();
        tokio::pin!(stopping);
        is_patient(stopping.as_mut()).await;
        world.clock.advance(SECOND * 29);
        is_patient(stopping.as_mut()).await;
        assert!(!world.script.begun()[0].context.is_cancelled());
        world.clock.advance(SECOND);
        stopping.await.unwrap();
    });
    assert!(world.script.begun()[0].context.is_cancelled());
}

#[test]
fn a_second_signal_stops_at_once() {
    let world = World::default();
    world.script.always(Act::Hang);
    let process = world.start();
    process.add(once(1).call("work"));
    process.jump(SECOND);
    process.run(async {
        let patient = process.scheduler.stop();
        tokio::pin!(patient);
        assert!(futures_util::poll!(&mut patient).is_pending());
        process.scheduler.stop_within(Duration::ZERO).await.unwrap();
        patient.await.unwrap();
    });
    assert!(world.script.begun()[0].context.is_cancelled());
}

#[test]
fn after_a_graceful_stop_no_claim_is_left() {
    let world = World::default();
    world.script.always(Act::Hang);
    let process = world.start();
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel] {
        process.add(every(10).seconds().overlap(overlap).call("work"));
    }
    let id = process.add(every(1).hours().call("work"));
    process.run(process.scheduler.run_job_now(id)).unwrap();
    process.settle();
    process.jump(SECOND * 10);
    process.jump(SECOND * 10);
    assert!(is_any_claimed(&process, &world));
    process.run(process.scheduler.stop_within(Duration::ZERO)).unwrap();
    assert!(!is_any_claimed(&process, &world));
    world.audit(0);
}

#[test]
fn what_was_cut_short_is_run_again_at_the_next_start() {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel] {
        for catch_up in [CatchUp::Once, CatchUp::All, CatchUp::None] {
            let world = World::default();
            world.script.will(&[Act::Hang]);
            let process = world.start();
            process.add(every(1).hours().overlap(overlap).catch_up(catch_up).call("work"));
            process.jump(MINUTE * 60);
            process.stop(Duration::ZERO);
            world.pass(MINUTE);
            let process = world.start();
            process.settle();
            let expected = [(Trigger::Schedule, 3_600, 1), (Trigger::Schedule, 3_600, 1)];
            assert_eq!(world.script.outline(monday()), expected, "{overlap:?} {catch_up:?}");
            assert_eq!(process.outline(), [(RunStatus::Completed, 3_600)], "{overlap:?} {catch_up:?}");
            process.advance(MINUTE * 59);
            let expected = [(RunStatus::Completed, 3_600), (RunStatus::Completed, 7_200)];
            assert_eq!(process.outline(), expected, "{overlap:?} {catch_up:?}");
            world.audit(0);
        }
    }
}

#[test]
fn a_one_time_job_that_was_cut_short_is_run_again_and_then_leaves() {
    let world = World::default();
    world.script.will(&[Act::Hang]);
    let process = world.start();
    let id = process.add(once(1).catch_up(CatchUp::None).call("work"));
    process.jump(SECOND);
    process.stop(Duration::ZERO);
    world.pass(MINUTE * 600);
    let process = world.start();
    process.settle();
    assert_eq!(process.outline(), [(RunStatus::Completed, 1)]);
    assert_eq!(process.job(id), None);
    world.audit(0);
}

#[test]
fn what_was_cut_short_days_ago_is_run_again_before_what_was_missed_meanwhile() {
    let world = World::default();
    world.script.will(&[Act::Hang]);
    let process = world.start();
    process.add(every(1).hours().call("work"));
    process.jump(MINUTE * 60);
    process.stop(Duration::ZERO);
    world.pass(MINUTE * 60 * 48);
    let process = world.start();
    process.settle();
    let hour = 3_600;
    let expected =
        [(Trigger::Schedule, hour, 1), (Trigger::Schedule, hour, 1), (Trigger::CatchUp, 49 * hour, 1)];
    assert_eq!(world.script.outline(monday()), expected);
    world.audit(0);
}

#[test]
fn a_waiting_retry_outlives_a_stop_and_a_crash() {
    for is_crash in [false, true] {
        let world = World::default();
        world.script.will(&[Act::Fail]);
        let process = world.start();
        process.add(every(1).hours().call("work"));
        process.jump(MINUTE * 60);
        if is_crash {
            process.crash();
        } else {
            process.stop(Duration::ZERO);
        }
        let process = world.start();
        process.settle();
        assert_eq!(world.script.count(), 1, "the retry is due in two seconds");
        process.advance(SECOND * 2);
        let expected = [(Trigger::Schedule, 3_600, 1), (Trigger::Schedule, 3_600, 2)];
        assert_eq!(world.script.outline(monday()), expected);
        process.advance(MINUTE * 60);
        assert_eq!(world.script.count(), 3);
        world.audit(0);
    }
}

#[test]
fn a_manual_run_that_did_not_begin_outlives_a_crash() {
    let world = World::default();
    world.script.will(&[Act::Hang]);
    let process = world.start_with(|builder| builder.max_concurrency(1));
    process.add(once(1).call("work"));
    let id = process.add(every(1).hours().call("work"));
    process.jump(SECOND);
    process.run(process.scheduler.run_job_now(id)).unwrap();
    process.settle();
    assert_eq!(world.script.count(), 1);
    process.crash();
    let process = world.start();
    process.settle();
    let expected = [(Trigger::Schedule, 1, 1), (Trigger::Schedule, 1, 2), (Trigger::Manual, 1, 1)];
    assert_eq!(world.script.outline(monday()), expected);
    world.audit(1);
}

#[test]
fn a_fire_whose_process_crashed_is_attempted_again_and_the_crash_is_recorded() {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel] {
        let world = World::default();
        world.script.will(&[Act::Hang]);
        let process = world.start();
        process.add(every(1).hours().overlap(overlap).retries(0).call("work"));
        process.jump(MINUTE * 60);
        process.crash();
        let process = world.start();
        process.settle();
        let expected = [(RunStatus::Failed, 3_600), (RunStatus::Completed, 3_600)];
        assert_eq!(process.outline(), expected, "{overlap:?}");
        process.advance(MINUTE * 120);
        assert_eq!(process.outline().len(), 4, "{overlap:?}");
        world.audit(1);
    }
}

#[test]
fn listeners_hear_of_no_attempt_twice_after_a_crash() {
    let world = World::default();
    world.script.will(&[Act::Hang, Act::Fail, Act::Fail]);
    let process = world.start();
    process.add(once(1).call("work"));
    process.jump(SECOND);
    process.crash();
    let process = world.start();
    let mut events = process.scheduler.subscribe();
    process.advance(MINUTE);
    let heard: Vec<_> = std::iter::from_fn(|| events.try_next())
        .filter_map(|event| if let Event::RunRecorded(run) = event { Some(run.run_id) } else { None })
        .collect();
    let recorded: Vec<_> = process.runs().iter().map(|run| run.run_id).collect();
    assert_eq!(heard, recorded[1..]);
}

#[test]
fn a_fire_that_crashed_its_process_three_times_is_a_dead_letter() {
    let world = World::default();
    world.script.will(&[Act::Hang; 3]);
    let process = world.start();
    let id = process.add(every(1).hours().retries(10).call("work"));
    process.jump(MINUTE * 60);
    process.crash();
    for _ in 0..2 {
        let process = world.start();
        process.settle();
        process.crash();
    }
    let process = world.start();
    process.settle();
    assert_eq!(world.script.count(), 3);
    assert_eq!(process.outline(), [(RunStatus::Failed, 3_600); 3]);
    assert_eq!(process.run(process.scheduler.dead_letters(9)).unwrap().len(), 1);
    process.advance(MINUTE * 60);
    assert_eq!(process.job(id).unwrap().run_count(), 4);
    world.audit(3);
}

#[test]
fn a_stop_works_while_a_thread_is_held_past_its_deadline() {
    let world = World::default();
    world.script.always(Act::Hang);
    let process = world.start();
    process.add(every(10).seconds().timeout(SECOND).retries(0).call("block"));
    process.run(async {
        world.clock.advance(SECOND * 10);
        world.script.has_begun(1).await;
        world.clock.advance(SECOND);
        world.script.begun()[0].context.cancelled().await;
    });
    while process.outline().is_empty() {
        process.settle();
    }
    process.run(process.scheduler.stop_within(Duration::ZERO)).unwrap();
    assert!(!is_any_claimed(&process, &world));
    assert_eq!(process.outline(), [(RunStatus::Failed, 10)]);
    world.script.release(1);
    process.crash();
    world.audit(0);
}

#[test]
fn a_scheduler_that_was_stopped_takes_no_start_and_leaves_its_store_to_the_next() {
    let world = World::default();
    let process = world.start();
    let id = process.add(every(10).seconds().call("work"));
    process.run(process.scheduler.stop()).unwrap();
    let again = process.run(process.scheduler.start());
    assert!(matches!(again, Err(SchedulerError::Phase(_))));
    let next = world.start();
    next.advance(SECOND * 10);
    assert_eq!(next.job(id).unwrap().run_count(), 1);
}
