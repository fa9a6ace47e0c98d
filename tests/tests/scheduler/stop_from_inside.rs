//! Jobs that stop their scheduler: they do not wait for themselves, and their
//! outcome is recorded like any other.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::{JsonStorage, Storage as _};
use fastscheduler::{Clock as _, HistoryQuery, NewJob, Overlap, Run, RunStatus, SystemClock};
use futures_util::future::BoxFuture;
use tempfile::TempDir;
use tokio::sync::Barrier;

/// How long to wait before a test fails. A stop that waited for its own caller
/// would take 30 s.
const PATIENCE: Duration = Duration::from_secs(15);

/// The scheduler that [`stops_on_a_thread`] stops.
static ON_THREAD: Mutex<Option<Scheduler>> = Mutex::new(None);

#[job]
fn stops_on_a_thread(seconds: Option<u64>) -> anyhow::Result<&'static str> {
    let scheduler = ON_THREAD.lock().unwrap().take();
    let Some(scheduler) = scheduler else { return Ok("ran again") };
    let stopping = async {
        match seconds {
            Some(seconds) => scheduler.stop_within(Duration::from_secs(seconds)).await,
            None => scheduler.stop().await,
        }
    };
    tokio::runtime::Handle::current().block_on(stopping)?;
    Ok("stopped from a thread")
}

async fn patiently<T>(what: &str, done: impl Future<Output = T>) -> T {
    tokio::select! {
        biased;
        done = done => done,
        () = SystemClock.sleep_until(SystemClock.now() + PATIENCE) => panic!("{what}: it does not end"),
    }
}

/// A scheduler on a state file.
struct World {
    scheduler: Scheduler,
    folder: TempDir,
    diary: Arc<Mutex<Vec<String>>>,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let scheduler = Self::open(&folder).await;
        Self { scheduler, folder, diary: Arc::default() }
    }

    async fn open(folder: &TempDir) -> Scheduler {
        Scheduler::builder().state_file(folder.path().join("scheduler.json")).build().await.unwrap()
    }

    fn note(&self) -> impl Fn(&str) + Clone + Send + Sync + 'static {
        let diary = Arc::clone(&self.diary);
        move |what| diary.lock().unwrap().push(what.to_owned())
    }

    fn diary(&self) -> Vec<String> {
        self.diary.lock().unwrap().clone()
    }

    /// Runs until a job has stopped it.
    async fn run(&self, what: &str) {
        patiently(what, self.scheduler.run_until_shutdown()).await.unwrap();
    }

    /// The runs in the file afterwards, when nobody has it open.
    async fn runs(&self) -> Vec<Run> {
        let store = JsonStorage::open(self.folder.path().join("scheduler.json")).unwrap();
        let runs =
            store.history(&HistoryQuery { limit: usize::MAX, ..HistoryQuery::default() }).await.unwrap();
        store.close().await.unwrap();
        runs
    }

    async fn run_of(&self, name: &str) -> Option<(RunStatus, String)> {
        let run = self.runs().await.into_iter().find(|run| run.job_name == *name)?;
        Some((run.status, run.result.as_deref().or(run.error.as_deref()).unwrap_or_default().to_owned()))
    }
}

/// A job that is due at once and stops the scheduler.
fn stopping<F>(
    scheduler: &Scheduler,
    name: &str,
    grace: Option<Duration>,
    then: impl Fn() -> F + Clone + Send + Sync + 'static,
) -> NewJob
where
    F: Future<Output = anyhow::Result<&'static str>> + Send + 'static,
{
    let scheduler = scheduler.clone();
    let stops = move || -> BoxFuture<'static, anyhow::Result<&'static str>> {
        let (scheduler, then) = (scheduler.clone(), then.clone());
        Box::pin(async move {
            match grace {
                Some(grace) => scheduler.stop_within(grace).await?,
                None => scheduler.stop().await?,
            }
            then().await
        })
    };
    once(0.01).name(name).run(name, stops).into()
}

async fn returns() -> anyhow::Result<&'static str> {
    Ok("stopped")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_stops_its_scheduler_is_recorded_before_the_store_is_closed() {
    let graces = [None, Some(Duration::from_secs(20)), Some(Duration::ZERO)];
    for (grace, overlap) in graces.into_iter().flat_map(|grace| {
        [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel].map(move |overlap| (grace, overlap))
    }) {
        let world = World::new().await;
        let note = world.note();
        let inner = world.scheduler.clone();
        let stops = move || {
            let (scheduler, note) = (inner.clone(), note.clone());
            async move {
                match grace {
                    Some(grace) => scheduler.stop_within(grace).await?,
                    None => scheduler.stop().await?,
                }
                note("stop returned");
                // The store is still open, and the job can use it.
                scheduler.jobs().await?;
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                note("the job ends");
                Ok("stopped")
            }
        };
        let job = every(3_600).seconds().starting_at(SystemClock.now() - Duration::from_millis(3_599_900));
        world.scheduler.add(job.overlap(overlap).run("stops", stops)).await.unwrap();
        let what = format!("{grace:?}, {overlap:?}");
        world.run(&what).await;
        world.note()("run_until_shutdown returned");
        assert_eq!(world.diary(), ["stop returned", "the job ends", "run_until_shutdown returned"], "{what}");
        let recorded = world.run_of("stops").await;
        assert_eq!(recorded, Some((RunStatus::Completed, "\"stopped\"".to_owned())), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocking_function_may_stop_its_scheduler() {
    for grace in ["[]", "[0]"] {
        let world = World::new().await;
        *ON_THREAD.lock().unwrap() = Some(world.scheduler.clone());
        let arguments: serde_json::Value = grace.parse().unwrap();
        let job = once(0.01).name("stops").call("stops_on_a_thread").args(arguments);
        world.scheduler.add(job).await.unwrap();
        world.run(grace).await;
        let expected = (RunStatus::Completed, "\"stopped from a thread\"".to_owned());
        assert_eq!(world.run_of("stops").await, Some(expected), "{grace}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_stops_waits_for_the_others_first() {
    let world = World::new().await;
    let (begun, note) = (Arc::new(Barrier::new(2)), world.note());
    let other = {
        let (begun, note) = (Arc::clone(&begun), note.clone());
        move || {
            let (begun, note) = (Arc::clone(&begun), note.clone());
            async move {
                begun.wait().await;
                for _ in 0..1_000 {
                    tokio::task::yield_now().await;
                }
                note("the other ended");
            }
        }
    };
    world.scheduler.add(once(0.01).run("other", other)).await.unwrap();
    let scheduler = world.scheduler.clone();
    let stops = move || {
        let (scheduler, begun, note) = (scheduler.clone(), Arc::clone(&begun), note.clone());
        async move {
            begun.wait().await;
            scheduler.stop().await?;
            note("stop returned");
            Ok(())
        }
    };
    world.scheduler.add(once(0.01).run("stops", stops)).await.unwrap();
    world.run("others").await;
    assert_eq!(world.diary(), ["the other ended", "stop returned"]);
    assert_eq!(world.runs().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_that_stop_their_scheduler_do_not_wait_for_one_another() {
    let world = World::new().await;
    let (begun, returned) = (Arc::new(Barrier::new(3)), Arc::new(Barrier::new(3)));
    for number in 0..3 {
        let (begun, returned) = (Arc::clone(&begun), Arc::clone(&returned));
        let scheduler = world.scheduler.clone();
        let stops = move || {
            let (scheduler, begun, returned) = (scheduler.clone(), Arc::clone(&begun), Arc::clone(&returned));
            async move {
                begun.wait().await;
                // Twice, and several at once.
                scheduler.stop().await?;
                tokio::try_join!(scheduler.stop(), scheduler.stop_within(PATIENCE))?;
                // None of the stops waited until another of these jobs had ended.
                returned.wait().await;
                Ok(())
            }
        };
        world.scheduler.add(once(0.01).run(format!("{number}"), stops)).await.unwrap();
    }
    world.run("several").await;
    let runs = world.runs().await;
    assert_eq!(runs.len(), 3);
    assert!(runs.iter().all(|run| run.status == RunStatus::Completed), "{runs:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_never_ends_after_it_has_stopped_its_scheduler_is_cut_short_and_runs_again() {
    for grace in [Duration::ZERO, Duration::from_secs(1)] {
        let world = World::new().await;
        let hangs = || std::future::pending::<anyhow::Result<&'static str>>();
        world.scheduler.add(stopping(&world.scheduler, "stops", Some(grace), hangs)).await.unwrap();
        world.run("never ends").await;
        let what = format!("{grace:?}: its fire is open and unclaimed");
        let open = {
            let store = JsonStorage::open(world.folder.path().join("scheduler.json")).unwrap();
            let open = store.load().await.unwrap().open;
            store.close().await.unwrap();
            open
        };
        assert_eq!(open.iter().map(|open| open.is_claimed).collect::<Vec<_>>(), [false], "{what}");
        assert!(world.runs().await.is_empty(), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_call_from_outside_without_grace_cuts_the_caller_short() {
    let world = World::new().await;
    let hangs = || std::future::pending::<anyhow::Result<&'static str>>();
    world.scheduler.add(stopping(&world.scheduler, "stops", None, hangs)).await.unwrap();
    world.scheduler.start().await.unwrap();
    patiently("the stop begins", world.scheduler.stopping()).await;
    patiently("at once", world.scheduler.stop_within(Duration::ZERO)).await.unwrap();
    assert!(world.runs().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_stops_its_scheduler_and_fails_is_retried_at_the_next_start() {
    let world = World::new().await;
    let fails = || async { anyhow::bail!("not so") };
    world.scheduler.add(stopping(&world.scheduler, "fails", None, fails)).await.unwrap();
    world.run("fails").await;
    assert_eq!(world.run_of("fails").await, Some((RunStatus::Failed, "not so".to_owned())));
    let store = JsonStorage::open(world.folder.path().join("scheduler.json")).unwrap();
    let open = store.load().await.unwrap().open;
    assert_eq!(open.iter().map(|open| open.entry.attempt).collect::<Vec<_>>(), [2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_anybody_outside_the_store_is_closed_when_the_job_has_ended() {
    let world = World::new().await;
    world.scheduler.add(stopping(&world.scheduler, "stops", None, returns)).await.unwrap();
    world.scheduler.start().await.unwrap();
    patiently("the stop begins", world.scheduler.stopping()).await;
    let reopened = async {
        loop {
            match JsonStorage::open(world.folder.path().join("scheduler.json")) {
                Ok(store) => return store.close().await.unwrap(),
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    patiently("it is closed", reopened).await;
    assert_eq!(world.run_of("stops").await, Some((RunStatus::Completed, "\"stopped\"".to_owned())));
    assert!(!world.scheduler.is_running());
    // A scheduler can be built on it at once.
    let again = World::open(&world.folder).await;
    again.start().await.unwrap();
    again.stop().await.unwrap();
}

#[tokio::test]
async fn a_job_may_stop_a_scheduler_that_is_not_its_own() {
    let (world, other) = (World::new().await, World::new().await);
    other.scheduler.start().await.unwrap();
    let (stopped, note) = (other.scheduler.clone(), world.note());
    let own = world.scheduler.clone();
    let stops = move || {
        let (stopped, own, note) = (stopped.clone(), own.clone(), note.clone());
        async move {
            stopped.stop().await?;
            note("the other is closed");
            own.stop().await?;
            Ok(())
        }
    };
    world.scheduler.add(once(0.01).run("stops", stops)).await.unwrap();
    world.run("another").await;
    assert_eq!(world.diary(), ["the other is closed"]);
    World::open(&other.folder).await;
}
