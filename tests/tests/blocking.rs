//! Functions that are not async, on threads of their own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{JobStatus, RunStatus};
use fastscheduler_tests::{on_manual_clock, outline, runs};
use tokio::sync::mpsc;

/// What the blocking function waits for, and how it says that it has begun.
#[derive(Clone)]
struct Gate {
    begun: mpsc::UnboundedSender<JobContext>,
    open: Arc<Mutex<std::sync::mpsc::Receiver<()>>>,
}

#[job]
fn blocked(gate: State<Gate>, context: JobContext) -> u32 {
    let attempt = context.attempt();
    gate.begun.send(context).unwrap();
    gate.open.lock().unwrap().recv().unwrap();
    attempt
}

#[job]
fn panics() {
    panic!("no {}", "good");
}

struct World {
    scheduler: Scheduler,
    clock: ManualClock,
    begins: mpsc::UnboundedReceiver<JobContext>,
    opener: std::sync::mpsc::Sender<()>,
}

async fn world() -> World {
    let (begun, begins) = mpsc::unbounded_channel();
    let (opener, open) = std::sync::mpsc::channel();
    let (builder, clock) = on_manual_clock();
    let gate = Gate { begun, open: Arc::new(Mutex::new(open)) };
    let scheduler = builder.state(gate).max_workers(2).build().await.unwrap();
    scheduler.start().await.unwrap();
    World { scheduler, clock, begins, opener }
}

#[tokio::test]
async fn a_blocking_function_returns_its_value_and_hinders_no_async_job() {
    let World { scheduler, clock, mut begins, opener } = world().await;
    scheduler.add(once(1).call("blocked")).await.unwrap();
    scheduler.add(once(1).call("blocked")).await.unwrap();
    clock.advance(Duration::from_secs(1));
    begins.recv().await.unwrap();
    begins.recv().await.unwrap();
    let (ran, mut runs_async) = mpsc::unbounded_channel();
    scheduler.add(once(1).run("async", move || std::future::ready(ran.send(()).unwrap()))).await.unwrap();
    clock.advance(Duration::from_secs(1));
    runs_async.recv().await.unwrap();
    opener.send(()).unwrap();
    opener.send(()).unwrap();
    testing::quiet(&scheduler).await.unwrap();
    let values: Vec<_> = runs(&scheduler).await.into_iter().filter_map(|run| run.result).collect();
    assert_eq!(values, ["1".into(), "1".into()] as [Arc<str>; 2]);
}

#[tokio::test]
async fn a_blocking_panic_is_a_failed_attempt_with_its_message() {
    let World { scheduler, clock, .. } = world().await;
    scheduler.add(once(1).retries(0).call("panics")).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(1)).await.unwrap();
    assert_eq!(runs(&scheduler).await[0].error.as_deref(), Some("panicked: no good"));
}

#[tokio::test]
async fn a_blocking_function_past_its_deadline_is_recorded_and_keeps_its_job_until_it_ends() {
    let World { scheduler, clock, mut begins, opener } = world().await;
    let job = every(10).seconds().retries(0).timeout(Duration::from_secs(5)).call("blocked");
    let id = scheduler.add(job).await.unwrap();
    clock.advance(Duration::from_secs(10));
    let context = begins.recv().await.unwrap();
    assert!(!context.is_cancelled());
    clock.advance(Duration::from_secs(5));
    context.cancelled().await;
    while runs(&scheduler).await.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(runs(&scheduler).await[0].error.as_deref(), Some("timed out after 5s"));
    // Its thread is still held: the fires of 20 s and 30 s do not run beside it.
    clock.advance(Duration::from_secs(15));
    assert!(begins.try_recv().is_err());
    opener.send(()).unwrap();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().run_count(), 1);
    clock.advance(Duration::from_secs(10));
    begins.recv().await.unwrap();
    opener.send(()).unwrap();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(
        outline(&scheduler).await,
        [(RunStatus::Failed, 10), (RunStatus::Missed, 20), (RunStatus::Completed, 40)]
    );
}

#[tokio::test]
async fn at_most_max_workers_blocking_functions_run_at_once() {
    let World { scheduler, clock, mut begins, opener } = world().await;
    for _ in 0..5 {
        scheduler.add(once(1).call("blocked")).await.unwrap();
    }
    clock.advance(Duration::from_secs(1));
    for done in 0..5 {
        begins.recv().await.unwrap();
        let running =
            scheduler.jobs().await.unwrap().iter().filter(|job| job.status() == JobStatus::Running).count();
        assert!(running <= 2, "{running} ran at once after {done}");
        opener.send(()).unwrap();
    }
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(scheduler.statistics().await.unwrap().total_runs, 5);
}

#[tokio::test]
async fn stop_does_not_wait_for_a_thread_for_ever() {
    let World { scheduler, clock, mut begins, opener } = world().await;
    scheduler.add(once(1).call("blocked")).await.unwrap();
    clock.advance(Duration::from_secs(1));
    let context = begins.recv().await.unwrap();
    scheduler.stop_within(Duration::ZERO).await.unwrap();
    assert!(context.is_cancelled());
    // The test's own runtime waits for the thread.
    opener.send(()).unwrap();
}
