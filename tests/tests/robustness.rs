//! What must not stop the engine: full lanes, panics, clocks set back, stores that are slow.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{Clock as _, RunStatus};
use fastscheduler_tests::slow_queue::SlowQueue;
use fastscheduler_tests::{monday, on_manual_clock, outline, runs};
use tokio::sync::mpsc;

type Opener = std::sync::mpsc::Sender<()>;

/// A closure's gate on a blocking thread: taken by the state of `waits`.
#[derive(Clone, Default)]
struct Gate(Arc<Mutex<Option<std::sync::mpsc::Receiver<()>>>>);

#[job]
fn waits(gate: State<Gate>) {
    if let Some(open) = gate.0.0.lock().unwrap().as_ref() {
        open.recv().unwrap();
    }
}

#[job]
fn drops_a_bomb() {
    std::panic::panic_any(Bomb);
}

/// A panic whose payload panics once more when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "dropped");
    }
}

async fn world() -> (Scheduler, ManualClock, Opener) {
    let (builder, clock) = on_manual_clock();
    let (opener, open) = std::sync::mpsc::channel();
    let gate = Gate(Arc::new(Mutex::new(Some(open))));
    let scheduler = builder.state(gate).max_workers(1).build().await.unwrap();
    scheduler.start().await.unwrap();
    (scheduler, clock, opener)
}

#[tokio::test]
async fn a_full_blocking_lane_does_not_keep_async_jobs_from_their_times() {
    let (scheduler, clock, opener) = world().await;
    scheduler.add(once(1).call("waits")).await.unwrap();
    scheduler.add(once(1).call("waits")).await.unwrap();
    let (said, mut says) = mpsc::unbounded_channel();
    let tick = move || std::future::ready(said.send(()).unwrap());
    scheduler.add(every(2).seconds().run("tick", tick)).await.unwrap();
    for _ in 0..5 {
        clock.advance(Duration::from_secs(2));
        says.recv().await.unwrap();
    }
    opener.send(()).unwrap();
    opener.send(()).unwrap();
    testing::quiet(&scheduler).await.unwrap();
}

#[tokio::test]
async fn a_panic_whose_value_panics_when_dropped_is_a_failed_attempt() {
    let (scheduler, clock, _opener) = world().await;
    scheduler.add(once(1).retries(0).call("drops_a_bomb")).await.unwrap();
    let at_once: fn() -> std::future::Ready<()> = || std::panic::panic_any(Bomb);
    scheduler.add(once(2).retries(0).run("at once", at_once)).await.unwrap();
    scheduler.add(once(3).run("after", || async {})).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(3)).await.unwrap();
    let expected = [(RunStatus::Failed, 1), (RunStatus::Failed, 2), (RunStatus::Completed, 3)];
    assert_eq!(outline(&scheduler).await, expected);
}

#[tokio::test]
async fn a_clock_that_is_set_back_during_a_run_does_not_repeat_it() {
    let (scheduler, clock, _opener) = world().await;
    let back = clock.clone();
    let job = move || std::future::ready(back.step(back.now() - Duration::from_secs(5)));
    let id = scheduler.add(once(10).run("sets the clock back", job)).await.unwrap();
    clock.advance(Duration::from_secs(10));
    testing::advance(&scheduler, &clock, Duration::from_secs(100)).await.unwrap();
    assert_eq!(outline(&scheduler).await, [(RunStatus::Completed, 10)]);
    assert_eq!(scheduler.job(&id).await.unwrap(), None);
}

#[tokio::test]
async fn a_long_error_is_cut_off() {
    let (scheduler, clock, _opener) = world().await;
    let failing = || async { anyhow::Result::<()>::Err(anyhow::anyhow!("é".repeat(1_000_000))) };
    scheduler.add(once(1).retries(0).run("verbose", failing)).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(1)).await.unwrap();
    let error = runs(&scheduler).await.remove(0).error.unwrap();
    assert!(error.starts_with("éé") && error.ends_with("é… (2000000 bytes)"), "{}", error.len());
    assert!(error.len() < 5_000, "{}", error.len());
}

#[tokio::test]
async fn a_job_that_is_refused_leaves_nothing_behind() {
    let (scheduler, _clock, _opener) = world().await;
    let before = scheduler.functions().len();
    let held = Arc::new(());
    let guard = Arc::clone(&held);
    let job = move || std::future::ready(drop(Arc::clone(&guard)));
    scheduler.add(at("2020-01-01 00:00:00").run("ghost", job)).await.unwrap_err();
    assert_eq!((scheduler.functions().len(), Arc::strong_count(&held)), (before, 1));
}

#[tokio::test]
async fn a_closure_is_freed_when_its_job_has_ended_and_takes_no_function_name() {
    let (scheduler, clock, _opener) = world().await;
    let held = Arc::new(());
    let guard = Arc::clone(&held);
    let job = move || std::future::ready(drop(Arc::clone(&guard)));
    scheduler.register_function("greet", || async { anyhow::Ok("registered") }).unwrap();
    scheduler.add(once(1).run("greet", job)).await.unwrap();
    scheduler.add(once(2).call("greet")).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(2)).await.unwrap();
    let results: Vec<_> = runs(&scheduler).await.into_iter().map(|run| run.result).collect();
    assert_eq!(results, [None, Some("\"registered\"".into())]);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_added_from_many_tasks_at_once_all_run() {
    let (scheduler, clock, _opener) = world().await;
    let count = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..4)
        .map(|task| {
            let (scheduler, count) = (scheduler.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                for number in 0..200 {
                    let count = Arc::clone(&count);
                    let job = move || std::future::ready(_ = count.fetch_add(1, Ordering::Relaxed));
                    scheduler.add(once(1).run(format!("{task} {number}"), job)).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    testing::advance(&scheduler, &clock, Duration::from_secs(1)).await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 800);
}

#[tokio::test]
async fn stop_may_be_called_again_with_less_patience() {
    let (scheduler, clock, _opener) = world().await;
    let (begun, mut begins) = mpsc::unbounded_channel();
    let endless = move || {
        begun.send(()).unwrap();
        std::future::pending::<()>()
    };
    scheduler.add(once(1).run("endless", endless)).await.unwrap();
    clock.advance(Duration::from_secs(1));
    begins.recv().await.unwrap();
    let patient = tokio::spawn({
        let scheduler = scheduler.clone();
        async move { scheduler.stop().await }
    });
    tokio::task::yield_now().await;
    scheduler.stop_within(Duration::ZERO).await.unwrap();
    patient.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_program_that_waits_for_signals_ends_when_another_handle_stops_it() {
    let (builder, _clock) = on_manual_clock();
    let scheduler = builder.state(Gate::default()).build().await.unwrap();
    let waiting = tokio::spawn({
        let scheduler = scheduler.clone();
        async move { scheduler.run_until_shutdown().await }
    });
    while !scheduler.is_running() {
        tokio::task::yield_now().await;
    }
    scheduler.stop().await.unwrap();
    waiting.await.unwrap().unwrap();
}

#[test]
fn a_runtime_without_timers_is_refused_with_a_sentence() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let scheduler = Scheduler::builder()
            .storage(MemoryStorage::default())
            .state(Gate::default())
            .build()
            .await
            .unwrap();
        let error = scheduler.start().await.unwrap_err().to_string();
        assert!(error.contains("needs a tokio runtime with time"), "{error}");
        assert!(!scheduler.is_running());
    });
}

#[tokio::test]
async fn the_clock_cannot_be_advanced_before_the_start() {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.state(Gate::default()).build().await.unwrap();
    scheduler.add(once(1).run("never", || async {})).await.unwrap();
    let error = testing::advance(&scheduler, &clock, Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(error.to_string(), "the scheduler is not running; call `start()` first");
}

#[tokio::test]
async fn a_claim_that_arrives_during_a_stop_is_given_back() {
    let clock = ManualClock::new(monday());
    let queue = SlowQueue::new(&clock);
    let builder = Scheduler::builder()
        .storage(MemoryStorage::default())
        .clock(clock.clone())
        .queue(queue.clone())
        .state(Gate::default());
    let scheduler = builder.build().await.unwrap();
    scheduler.add(once(1).run("late", || async {})).await.unwrap();
    scheduler.start().await.unwrap();
    clock.advance(Duration::from_secs(1));
    queue.claimed().await;
    let stopping = tokio::spawn({
        let scheduler = scheduler.clone();
        async move { scheduler.stop().await }
    });
    while scheduler.is_running() {
        tokio::task::yield_now().await;
    }
    queue.go_on();
    stopping.await.unwrap().unwrap();
    assert_eq!(queue.settled(), 1);
}
