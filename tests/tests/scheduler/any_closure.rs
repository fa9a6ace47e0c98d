//! Closures as users write them: what they capture, return and do.

use std::borrow::Cow;
use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc as blocking};
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::testing;
use fastscheduler::{Lane, NewJob};
use fastscheduler_tests::{advance, on_manual_clock, runs, started};
use tokio::sync::mpsc;

#[derive(Debug, thiserror::Error)]
#[error("the disk is broken")]
struct Broken(#[source] std::num::ParseIntError);

fn broken() -> Broken {
    Broken("x".parse::<u8>().unwrap_err())
}

/// The result of each job's first run, or its error.
async fn outcomes(jobs: Vec<NewJob>) -> Vec<String> {
    let (scheduler, clock) = started().await;
    for job in jobs {
        scheduler.add(job).await.unwrap();
        advance(&scheduler, &clock, 1).await;
    }
    let runs = runs(&scheduler).await;
    runs.iter()
        .map(|run| run.result.as_deref().or(run.error.as_deref()).unwrap_or("null").to_owned())
        .collect()
}

#[tokio::test]
async fn a_closure_that_captures_an_arc_runs_many_times_without_a_clone_by_hand() {
    let (scheduler, clock) = started().await;
    let counts: Vec<_> = (0..7).map(|_| Arc::new(AtomicUsize::new(0))).collect();
    let [one, two, three, four, five, six, seven] = counts.clone().try_into().unwrap();
    let tick = || every(10).seconds();
    let jobs: Vec<NewJob> = vec![
        tick().run("async closure", async move || count(one).await).into(),
        tick().run("async block", move || async move { count(two).await }).into(),
        tick()
            .run("with a parameter", async move |_: Option<u8>| {
                count(three).await;
                Ok(())
            })
            .into(),
        tick().try_run("fallible", move || async move { Ok::<_, std::io::Error>(count(four).await) }).into(),
        tick().run_blocking("blocking", move || add_one(five)).into(),
        tick().try_run_blocking("fallible and blocking", move || Ok::<_, String>(add_one(six))).into(),
        tick().call("registered").into(),
    ];
    scheduler.register_function("registered", async move || count(seven).await).unwrap();
    for job in jobs {
        scheduler.add(job).await.unwrap();
    }
    advance(&scheduler, &clock, 30).await;
    let counts: Vec<_> = counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
    assert_eq!(counts, [3; 7]);
}

async fn count(count: Arc<AtomicUsize>) {
    tokio::task::yield_now().await;
    add_one(count);
}

fn add_one(count: Arc<AtomicUsize>) {
    count.fetch_add(1, Ordering::Relaxed);
}

#[tokio::test]
async fn each_kind_of_closure_returns_what_it_may() {
    let boxed = || -> Box<dyn Error + Send + Sync> { Box::new(broken()) };
    let soon = || once(1).retries(0);
    let cases: Vec<(NewJob, &str)> = vec![
        (soon().run("a", async || {}).into(), "null"),
        (soon().run("b", async || Ok(())).into(), "null"),
        (soon().run("c", async || anyhow::Ok(5)).into(), "5"),
        (
            soon()
                .run("d", async || {
                    "x".parse::<u8>()?;
                    Ok(())
                })
                .into(),
            "invalid digit found in string",
        ),
        (soon().run_blocking("e", || {}).into(), "null"),
        (soon().run_blocking("f", || Ok(())).into(), "null"),
        (soon().run_blocking("g", || anyhow::Ok("x")).into(), "\"x\""),
        (soon().run_blocking("h", |_: Args| Err::<(), _>(broken().into())).into(), CAUSED),
        (soon().try_run("i", async || Ok::<_, Broken>(5)).into(), "5"),
        (soon().try_run("j", async || Err::<(), _>(broken())).into(), CAUSED),
        (soon().try_run("k", async || Err::<(), anyhow::Error>(broken().into())).into(), CAUSED),
        (soon().try_run("l", async move || Err::<(), _>(boxed())).into(), CAUSED),
        (soon().try_run("m", async || Err::<(), _>("a text")).into(), "a text"),
        (soon().try_run("n", async || Err::<(), _>("a text".to_owned())).into(), "a text"),
        (soon().try_run("o", async || Err::<(), _>(Cow::from("a text"))).into(), "a text"),
        (soon().try_run_blocking("p", || "7".parse::<u8>()).into(), "7"),
        (soon().try_run_blocking("q", || Err::<(), _>(broken())).into(), CAUSED),
        (soon().try_run_blocking("r", move || Err::<(), _>(boxed())).into(), CAUSED),
        (soon().try_run_blocking("s", || Err::<(), Box<dyn Error>>(broken().into())).into(), CAUSED),
        (soon().try_run_blocking("t", || Err::<(), _>("a text")).into(), "a text"),
    ];
    let (jobs, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    assert_eq!(outcomes(jobs).await, expected);
}

const CAUSED: &str = "the disk is broken: invalid digit found in string";

#[tokio::test]
async fn a_closure_that_only_panics_compiles_and_fails_its_run() {
    let soon = || once(1).retries(0);
    let jobs = vec![
        soon().run("a", async || panic!("no")).into(),
        soon().run("b", || async { panic!("no") }).into(),
        soon().run_blocking("c", || panic!("no")).into(),
        soon().try_run("d", async || panic!("no")).into(),
        soon().try_run_blocking("e", || panic!("no")).into(),
        soon().run("f", async |_: Option<u8>| unreachable!("no")).into(),
    ];
    let mut expected = vec!["panicked: no"; 5];
    expected.push("panicked: internal error: entered unreachable code: no");
    assert_eq!(outcomes(jobs).await, expected);
}

#[tokio::test]
async fn a_closure_that_never_returns_compiles_and_is_cut_off_at_its_deadline() {
    let (scheduler, clock) = started().await;
    let endless = || once(1).retries(0).timeout(2);
    let never = async || {
        loop {
            std::future::pending::<()>().await;
        }
    };
    scheduler.add(endless().run("endless", never)).await.unwrap();
    scheduler.add(endless().try_run("fallible", never)).await.unwrap();
    clock.advance(Duration::from_secs(1));
    while scheduler.running().len() < 2 {
        tokio::task::yield_now().await;
    }
    clock.advance(Duration::from_secs(2));
    testing::quiet(&scheduler).await.unwrap();
    let errors: Vec<_> = runs(&scheduler).await.into_iter().map(|run| run.error.unwrap()).collect();
    assert_eq!(errors, ["timed out after 2s"; 2]);
}

/// What a closure captures is cloned for each run, and this cannot be.
struct Fragile;

impl Clone for Fragile {
    fn clone(&self) -> Self {
        panic!("out of copies")
    }
}

fn uses(_: Fragile) {}

#[tokio::test]
async fn a_capture_whose_clone_panics_is_a_failed_attempt_and_not_a_dead_worker() {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.max_workers(1).max_concurrency(1).build().await.unwrap();
    scheduler.start().await.unwrap();
    let soon = || once(1).retries(1);
    let (one, two) = (Fragile, Fragile);
    scheduler.add(soon().run("async", async move || uses(one))).await.unwrap();
    scheduler.add(soon().run_blocking("blocking", move || uses(two))).await.unwrap();
    advance(&scheduler, &clock, 1).await;
    scheduler.add(once(10).run("async after", async || {})).await.unwrap();
    scheduler.add(once(10).run_blocking("blocking after", || {})).await.unwrap();
    advance(&scheduler, &clock, 10).await;
    let mut outcomes: Vec<_> = runs(&scheduler)
        .await
        .iter()
        .map(|run| format!("{}: {}", run.job_name, run.error.as_deref().unwrap_or("done")))
        .collect();
    outcomes.sort();
    assert_eq!(
        outcomes,
        [
            "async after: done",
            "async: panicked: out of copies",
            "async: panicked: out of copies",
            "blocking after: done",
            "blocking: panicked: out of copies",
            "blocking: panicked: out of copies",
        ]
    );
}

#[tokio::test]
async fn a_blocking_closure_hinders_no_async_job_and_keeps_to_max_workers() {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.max_workers(2).build().await.unwrap();
    scheduler.start().await.unwrap();
    let (begun, mut begins) = mpsc::unbounded_channel();
    let (opener, open) = blocking::channel::<()>();
    let open = Arc::new(Mutex::new(open));
    for number in 0..4 {
        let (begun, open) = (begun.clone(), Arc::clone(&open));
        let wait = move |context: JobContext| {
            begun.send(context.is_cancelled()).unwrap();
            open.lock().unwrap().recv().unwrap();
        };
        scheduler.add(once(1).run_blocking(format!("waits {number}"), wait)).await.unwrap();
    }
    clock.advance(Duration::from_secs(1));
    begins.recv().await.unwrap();
    begins.recv().await.unwrap();
    let (ran, mut has_run) = mpsc::unbounded_channel();
    scheduler.add(once(1).run("async", async move || ran.send(()).unwrap())).await.unwrap();
    clock.advance(Duration::from_secs(1));
    has_run.recv().await.unwrap();
    assert_eq!(scheduler.running().len(), 2);
    assert!(begins.is_empty(), "a third one began");
    for _ in 0..4 {
        opener.send(()).unwrap();
    }
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(scheduler.statistics().await.unwrap().total_runs, 5);
}

#[tokio::test]
async fn a_blocking_closure_past_its_deadline_is_told_and_recorded_as_timed_out() {
    let (scheduler, clock) = started().await;
    let (begun, mut begins) = mpsc::unbounded_channel();
    let (opener, open) = blocking::channel::<()>();
    let open = Arc::new(Mutex::new(open));
    let wait = move |context: JobContext| {
        begun.send(context).unwrap();
        open.lock().unwrap().recv().unwrap();
    };
    let id = scheduler
        .add(every(10).seconds().retries(0).timeout("5s").run_blocking("waits", wait))
        .await
        .unwrap();
    clock.advance(Duration::from_secs(10));
    let context = begins.recv().await.unwrap();
    clock.advance(Duration::from_secs(5));
    context.cancelled().await;
    while runs(&scheduler).await.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(runs(&scheduler).await[0].error.as_deref(), Some("timed out after 5s"));
    // Its thread is still held, so that the fire of 20 s does not run beside it.
    clock.advance(Duration::from_secs(5));
    assert!(begins.is_empty());
    opener.send(()).unwrap();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().run_count(), 1);
}

#[tokio::test]
async fn every_kind_of_closure_can_be_registered_under_a_name() {
    let (scheduler, clock) = started().await;
    let register = |outcome: Result<(), _>| outcome.unwrap();
    register(scheduler.register_function("app::one", async |n: u8| anyhow::Ok(n)));
    register(scheduler.try_register_function("app::two", async |n: u8| n.checked_sub(9).ok_or("too small")));
    register(scheduler.register_blocking_function("app::three", |n: u8| anyhow::Ok(n)));
    register(scheduler.try_register_blocking_function("app::four", |n: u8| u8::try_from(u32::from(n) * 99)));
    let lane = |name: &str| {
        let functions = scheduler.functions();
        functions.iter().find(|function| function.key().name() == name).unwrap().lane()
    };
    assert_eq!(
        ["one", "two", "three", "four"].map(lane),
        [Lane::Async, Lane::Async, Lane::Blocking, Lane::Blocking]
    );
    for name in ["one", "two", "three", "four"] {
        scheduler.add(once(1).retries(0).call(name).args([7])).await.unwrap();
        advance(&scheduler, &clock, 1).await;
    }
    let outcomes: Vec<_> = runs(&scheduler).await.into_iter().map(|run| (run.result, run.error)).collect();
    let error = |text: &str| (None, Some(text.to_owned()));
    let seven = || (Some("7".into()), None);
    let expected =
        [seven(), error("too small"), seven(), error("out of range integral type conversion attempted")];
    assert_eq!(outcomes, expected);
}
