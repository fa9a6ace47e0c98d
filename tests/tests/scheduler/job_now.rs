//! What a job is doing and is about to do, its attempts and its last runs.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;
use fastscheduler::testing;
use fastscheduler::{Args, Event, Job, JobId, Overlap, RunStatus};
use fastscheduler_tests::fires::second;
use fastscheduler_tests::held::Held;
use fastscheduler_tests::{advance, on_manual_clock, started};

async fn job(scheduler: &Scheduler, id: JobId) -> Job {
    scheduler.job(id).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_job_tells_what_runs_with_its_deadline_and_arguments_and_when_it_is_tried_again() {
    let (scheduler, clock) = started().await;
    let (mut held, run) = Held::new();
    let job_of = every(10).seconds().timeout(60).retries(1).retry_delay(30);
    let id = scheduler.add(job_of.run("held", run)).await.unwrap();
    let now = scheduler.job_now(&job(&scheduler, id).await);
    assert!(now.running.is_empty() && now.next_attempt_at.is_none());

    clock.advance(Duration::from_secs(10));
    let run_id = held.begins().await.run_id();
    let now = scheduler.job_now(&job(&scheduler, id).await);
    let [running] = &now.running[..] else { panic!("{now:?}") };
    assert_eq!((running.run.run_id, running.run.started_at), (run_id, Some(second(10))));
    assert_eq!((running.deadline_at, &*running.definition.name), (Some(second(70)), "held"));
    assert_eq!(scheduler.running_attempts(), now.running);
    assert_eq!(scheduler.attempts_of(run_id).await.unwrap(), []);

    held.fail("at first");
    testing::quiet(&scheduler).await.unwrap();
    let next_attempt_at = async || scheduler.job_now(&job(&scheduler, id).await).next_attempt_at;
    assert_eq!(next_attempt_at().await, Some(second(40)));
    scheduler.pause_job(id).await.unwrap();
    assert_eq!(next_attempt_at().await, None, "a pause holds it");
    scheduler.resume_job(id).await.unwrap();
    assert_eq!(next_attempt_at().await, Some(second(40)));
    clock.advance(Duration::from_secs(30));
    assert_eq!(held.begins().await.attempt(), 2);
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(next_attempt_at().await, None);
    let attempts = scheduler.attempts_of(run_id).await.unwrap();
    let outcomes: Vec<_> = attempts.iter().map(|run| (run.run_id.attempt, run.status)).collect();
    assert_eq!(outcomes, [(1, RunStatus::Failed), (2, RunStatus::Completed)]);
}

#[tokio::test]
async fn fires_that_are_due_and_have_no_record_are_counted() {
    let (scheduler, clock) = started().await;
    let (mut held, run) = Held::new();
    let busy = scheduler.add(every(10).seconds().run("busy", run)).await.unwrap();
    let paused = scheduler.add(every(10).seconds().enabled(false).call("quick")).await.unwrap();
    let often = scheduler.add(every(0.001).seconds().enabled(false).call("quick")).await.unwrap();
    let late = scheduler.add(cron("* * * * *").jitter(30).enabled(false).call("quick")).await.unwrap();
    let idle = scheduler.add(every(1).hours().call("quick")).await.unwrap();
    clock.advance(Duration::from_secs(10));
    held.begins().await;
    clock.advance(Duration::from_secs(35));
    let due = async |id| {
        let job = job(&scheduler, id).await;
        (job.unaccounted_from(), scheduler.job_now(&job).fires_due)
    };
    assert_eq!(due(busy).await, (Some(second(20)), 3));
    assert_eq!(due(paused).await, (Some(second(10)), 4));
    assert_eq!(due(often).await.1, 10_000);
    assert_eq!(due(idle).await, (Some(second(3_600)), 0));
    assert_eq!(due(late).await, (Some(second(60)), 0));
    // With its jitter, each comes up to half a minute after the minute.
    clock.advance(Duration::from_secs(46));
    assert_eq!(due(late).await, (Some(second(60)), 1));
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(due(busy).await, (Some(second(100)), 0));
}

#[tokio::test]
async fn an_attempt_that_timed_out_tells_whether_its_thread_is_busy() {
    for overlap in [Overlap::Skip, Overlap::Allow] {
        let (opener, open) = std::sync::mpsc::channel::<()>();
        let open = Arc::new(Mutex::new(open));
        let (scheduler, clock) = started().await;
        let block = move || {
            let _ = open.lock().unwrap().recv();
        };
        let blocks = every(10).seconds().timeout(5).retries(0).overlap(overlap).run_blocking("blocks", block);
        scheduler.add(blocks).await.unwrap();
        let mut events = scheduler.subscribe();
        clock.advance(Duration::from_secs(10));
        while !matches!(events.next().await, Some(Event::RunStarted(_))) {}
        let run_id = scheduler.running()[0].run_id;
        assert!(!scheduler.holds_thread(run_id));
        clock.advance(Duration::from_secs(5));
        while !matches!(events.next().await, Some(Event::RunRecorded(_))) {}
        let run = scheduler.find_run(run_id).await.unwrap().unwrap();
        assert_eq!((run.status, run.timed_out), (RunStatus::Failed, true), "{overlap:?}");
        assert!(scheduler.holds_thread(run_id), "{overlap:?}");
        opener.send(()).unwrap();
        while scheduler.holds_thread(run_id) {
            tokio::task::yield_now().await;
        }
        let run = scheduler.find_run(run_id).await.unwrap().unwrap();
        assert_eq!((run.status, run.timed_out), (RunStatus::Failed, true), "{overlap:?}");
        drop(opener);
    }
}

#[tokio::test]
async fn fires_due_of_a_job_that_is_one_of_many_are_counted_to_a_hundred() {
    let (scheduler, clock) = started().await;
    let often = scheduler.add(cron("* * * * * *").enabled(false).call("quick")).await.unwrap();
    let even = scheduler.add(every(1).seconds().enabled(false).call("quick")).await.unwrap();
    let seldom = scheduler.add(every(10).seconds().enabled(false).call("quick")).await.unwrap();
    clock.advance(Duration::from_secs(150));
    for (id, all, of_many) in [(often, 150, 100), (even, 150, 100), (seldom, 15, 15)] {
        let job = job(&scheduler, id).await;
        let counted = (scheduler.job_now(&job).fires_due, scheduler.job_now_of_many(&job).fires_due);
        assert_eq!(counted, (all, of_many), "{id}");
    }
}

#[tokio::test]
async fn the_last_runs_of_jobs_are_found_as_long_as_the_history_keeps_them() {
    let storage = MemoryStorage::default();
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(storage).max_history(1_000).build().await.unwrap();
    scheduler.start().await.unwrap();
    let alternates = |Args(_): Args, context: JobContext| async move {
        let is_odd = (context.scheduled_for() - second(0)).num_seconds() / 10 % 2 == 1;
        if is_odd { Err(anyhow::anyhow!("odd")) } else { Ok(()) }
    };
    scheduler.register_function("alternates", alternates).unwrap();
    let id = scheduler.add(every(10).seconds().retries(0).call("alternates")).await.unwrap();
    let other = scheduler.add(every(1).hours().call("quick")).await.unwrap();
    advance(&scheduler, &clock, 70).await;
    let recent = scheduler.recent_runs(&[id, other], 5).await.unwrap();
    let told: Vec<_> = recent[0].iter().map(|run| (run.scheduled_for(), run.status)).collect();
    let (completed, failed) = (RunStatus::Completed, RunStatus::Failed);
    let expected = [(30, failed), (40, completed), (50, failed), (60, completed), (70, failed)];
    assert_eq!(told, expected.map(|(seconds, status)| (second(seconds), status)));
    assert_eq!(recent[1], []);
    let outcomes: Vec<_> = job(&scheduler, id).await.recent().collect();
    assert_eq!(outcomes, expected.map(|(_, status)| status));
}
