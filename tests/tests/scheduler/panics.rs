//! Panics in what users may implement: stores, queues, clocks and predicates.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use fastscheduler::prelude::*;
use fastscheduler::queue::{Claim, Claimer, Entry, MemoryQueue, Queue, QueueError, Settlement};
use fastscheduler::storage::MemoryStorage;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{Clock, JobId, ProblemCode, RunStatus, SchedulerError};
use fastscheduler_tests::faulty::{Action, Fault, Faulty};
use fastscheduler_tests::site::Site;
use fastscheduler_tests::{monday, on_manual_clock, runs};
use futures_util::future::BoxFuture;

const SECOND: Duration = Duration::from_secs(1);

/// Lets everything go on that can.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

async fn pass(clock: &ManualClock, seconds: usize) {
    settle().await;
    for _ in 0..seconds {
        clock.advance(SECOND);
        settle().await;
    }
}

/// Lets `task` go on, a second at a time, until it is done.
async fn as_time_goes_by<T>(clock: &ManualClock, task: impl Future<Output = T>) -> T {
    let seconds = async {
        for _ in 0..100 {
            settle().await;
            clock.advance(SECOND);
        }
    };
    tokio::select! {
        done = task => done,
        () = seconds => panic!("it is stuck"),
    }
}

/// A queue that panics in the next call of a name.
#[derive(Debug, Clone)]
struct Touchy {
    inner: Arc<MemoryQueue>,
    next: Arc<Mutex<Option<&'static str>>>,
}

impl Touchy {
    fn called(&self, name: &str) {
        let is_next = self.next.lock().unwrap().take_if(|next| *next == name).is_some();
        assert!(!is_next, "the wire is cut");
    }

    fn has_panicked(&self) -> bool {
        self.next.lock().unwrap().is_none()
    }
}

impl Queue for Touchy {
    fn push<'a>(&'a self, entries: &'a [Entry]) -> BoxFuture<'a, Result<(), QueueError>> {
        self.called("push");
        self.inner.push(entries)
    }

    fn claim<'a>(&'a self, claimer: &'a Claimer) -> BoxFuture<'a, Result<Vec<Claim>, QueueError>> {
        self.called("claim");
        self.inner.claim(claimer)
    }

    fn settle<'a>(&'a self, settlements: &'a [Settlement]) -> BoxFuture<'a, Result<(), QueueError>> {
        self.called("settle");
        self.inner.settle(settlements)
    }

    fn renew<'a>(
        &'a self,
        claims: &'a [Claim],
        lease: Option<Duration>,
    ) -> BoxFuture<'a, Result<Vec<Claim>, QueueError>> {
        self.called("renew");
        self.inner.renew(claims, lease)
    }

    fn remove(&self, job: JobId, revision: u64) -> BoxFuture<'_, Result<(), QueueError>> {
        self.called("remove");
        self.inner.remove(job, revision)
    }

    fn next_due(&self, after: DateTime<Utc>) -> BoxFuture<'_, Result<Option<DateTime<Utc>>, QueueError>> {
        self.called("next_due");
        self.inner.next_due(after)
    }

    fn wake(&self) -> BoxFuture<'_, ()> {
        self.called("wake");
        self.inner.wake()
    }

    fn now(&self) -> BoxFuture<'_, Result<DateTime<Utc>, QueueError>> {
        self.inner.now()
    }
}

/// A scheduler whose store or queue may panic.
struct World {
    scheduler: Scheduler,
    clock: ManualClock,
    store: Faulty,
    queue: Touchy,
    site: Site,
}

impl World {
    async fn new() -> Self {
        let (builder, clock) = on_manual_clock();
        let inner = Arc::new(MemoryQueue::new(Arc::new(clock.clone())));
        let (store, queue) = (Faulty::default(), Touchy { inner, next: Arc::default() });
        let scheduler = builder.storage(store.clone()).queue(queue.clone()).build().await.unwrap();
        scheduler.start().await.unwrap();
        let site = Site::of(&scheduler).await;
        let world = Self { scheduler, clock, store, queue, site };
        world.scheduler.add(every(10).seconds().run("job", || async {})).await.unwrap();
        settle().await;
        world
    }

    async fn pass(&self, seconds: usize) {
        pass(&self.clock, seconds).await;
    }

    async fn codes(&self) -> Vec<ProblemCode> {
        self.scheduler.problems().await.unwrap().iter().map(|problem| problem.code).collect()
    }

    async fn is_ready(&self) -> Result<(), String> {
        let answer = self.site.get("/scheduler/readyz").await;
        if answer.status == 200 { Ok(()) } else { Err(answer.body) }
    }

    /// Shows the problem, and that it is over a second later with nothing lost.
    async fn fails_and_goes_on(&self, reason: &str) {
        assert_eq!(self.codes().await, [ProblemCode::StoreFailing], "{reason}");
        let why = self.is_ready().await.unwrap_err();
        assert!(why.contains(reason), "{why}");
        self.pass(2).await;
        assert_eq!(self.codes().await, [], "{reason}");
        self.is_ready().await.unwrap();
        self.all_ran().await;
    }

    /// All fires of the next minute run, and none before it was lost.
    async fn all_ran(&self) {
        let completed = async || {
            let all = runs(&self.scheduler).await;
            assert!(all.iter().all(|run| run.status != RunStatus::Failed), "{all:?}");
            all.iter().filter(|run| run.status == RunStatus::Completed).count()
        };
        let before = completed().await;
        self.pass(60).await;
        assert_eq!(completed().await, before + 6);
        let auditing = testing::audit(self.store.inner()).zone(chrono_tz::UTC);
        auditing.until(self.clock.now()).await.unwrap().assert_clean();
    }
}

#[tokio::test]
async fn a_queue_that_panics_is_a_problem_and_loses_nothing() {
    for call in ["claim", "next_due", "wake", "settle", "renew"] {
        let world = World::new().await;
        *world.queue.next.lock().unwrap() = Some(call);
        world.pass(10).await;
        assert!(world.queue.has_panicked(), "{call}");
        if call == "renew" {
            // It is tried again at the next beat.
            assert_eq!(world.codes().await, [ProblemCode::StoreFailing]);
            world.pass(10).await;
            assert_eq!(world.codes().await, []);
            world.all_ran().await;
        } else {
            world.fails_and_goes_on("panicked: the wire is cut").await;
        }
    }
}

#[tokio::test]
async fn a_store_that_panics_is_a_problem_and_loses_nothing() {
    for action in [Action::Claim, Action::End] {
        let world = World::new().await;
        world.store.once(action, Fault::Panics);
        world.pass(10).await;
        world.fails_and_goes_on("panicked: the disk is on fire").await;
    }
    // What nobody waits for is done the next time.
    let world = World::new().await;
    world.store.once(Action::Prune, Fault::Panics);
    world.pass(10).await;
    world.all_ran().await;
}

#[tokio::test]
async fn a_panic_in_what_a_caller_asks_for_is_the_callers_error() {
    let world = World::new().await;
    let job = || every(10).seconds().run("other", || async {});
    world.store.once(Action::ReadHistory, Fault::Panics);
    let error = world.scheduler.history(fastscheduler::HistoryQuery::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "the store could not read the history: panicked: the disk is on fire");
    world.store.once(Action::ReadHistory, Fault::Panics);
    let answer = world.site.get("/scheduler/api/history").await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    world.store.once(Action::Add, Fault::Panics);
    world.scheduler.add(job()).await.unwrap_err();
    *world.queue.next.lock().unwrap() = Some("push");
    as_time_goes_by(&world.clock, world.scheduler.add(job())).await.unwrap();
    *world.queue.next.lock().unwrap() = Some("remove");
    let id = world.scheduler.jobs().await.unwrap()[1].id();
    as_time_goes_by(&world.clock, world.scheduler.cancel_job(id)).await.unwrap();
    world.pass(3).await;
    assert_eq!(world.codes().await, []);
    world.all_ran().await;
}

/// A clock whose call of some number panics.
#[derive(Debug, Clone)]
struct Wound {
    inner: ManualClock,
    left: Arc<AtomicUsize>,
}

impl Wound {
    /// How many calls are left when none panics.
    const NEVER: usize = usize::MAX / 2;

    fn called(&self) {
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        assert!(left != 1, "the spring is broken");
    }

    fn has_panicked(&self) -> bool {
        self.left.load(Ordering::SeqCst) > usize::MAX / 2
    }
}

impl Clock for Wound {
    fn now(&self) -> DateTime<Utc> {
        self.called();
        self.inner.now()
    }

    fn sleep_until(&self, at: DateTime<Utc>) -> BoxFuture<'static, ()> {
        self.called();
        self.inner.sleep_until(at)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.called();
        self.inner.sleep(duration)
    }
}

/// Adds jobs that end at once, wait, and fail. None has a thread, which would take its own time.
async fn add_jobs(scheduler: &Scheduler, clock: &ManualClock) {
    let sleeps = clock.clone();
    let slow = move || sleeps.sleep(SECOND * 2);
    scheduler.add(every(1).seconds().run("quick", || async {})).await.unwrap();
    scheduler.add(every(3).seconds().timeout(SECOND * 5).run("slow", slow)).await.unwrap();
    let fails = || async { Err::<(), _>(anyhow::anyhow!("no")) };
    scheduler.add(every(4).seconds().retries(1).run("fails", fails)).await.unwrap();
}

#[tokio::test]
async fn a_task_that_panics_stops_the_scheduler_with_an_error_and_loses_nothing() {
    // In which order tasks read the clock is left to chance.
    const ROUNDS: usize = 10;
    let expected = ["a puller", "an attempt's task", "the dispatcher", "the recorder"];
    let mut tasks = std::collections::BTreeSet::new();
    for _ in 0..ROUNDS {
        break_the_clock_at_each_call(&mut tasks).await;
        if expected.iter().all(|task| tasks.contains(*task)) {
            return;
        }
    }
    panic!("not all of {expected:?} are among {tasks:?}");
}

/// Has a clock panic at its first call, at its second and so on, and collects the tasks
/// that this ends.
async fn break_the_clock_at_each_call(tasks: &mut std::collections::BTreeSet<String>) {
    for calls in 1.. {
        let (storage, manual) = (MemoryStorage::default(), ManualClock::new(monday()));
        let clock = Wound { inner: manual.clone(), left: Arc::new(AtomicUsize::new(Wound::NEVER)) };
        let builder = Scheduler::builder().storage(storage.clone()).timezone("UTC").max_history(10_000);
        let scheduler = builder.clock(clock.clone()).build().await.unwrap();
        scheduler.start().await.unwrap();
        add_jobs(&scheduler, &manual).await;
        let site = Site::of(&scheduler).await;
        pass(&manual, 7).await;
        clock.left.store(calls, Ordering::SeqCst);
        pass(&manual, 4).await;
        if !clock.has_panicked() {
            clock.left.store(Wound::NEVER, Ordering::SeqCst);
            scheduler.stop_within(Duration::ZERO).await.unwrap();
            break;
        }
        let problems = scheduler.problems().await.unwrap();
        if let Some(problem) = problems.iter().find(|problem| problem.code == ProblemCode::TaskFailed) {
            let text = problem.to_string();
            let (task, _) = text.split_once(" panicked: the spring is broken; the scheduler stops").unwrap();
            tasks.insert(task.to_owned());
            let answer = site.get("/scheduler/readyz").await;
            assert!(answer.status == 503 && answer.body.contains(&text), "{}", answer.body);
            let error = as_time_goes_by(&manual, scheduler.stop()).await.unwrap_err();
            assert!(matches!(&error, SchedulerError::TaskFailed(why) if text.starts_with(why)), "{error}");
        } else {
            // The queue has the same clock: it failed, and works again.
            as_time_goes_by(&manual, scheduler.stop()).await.unwrap();
        }
        drop(scheduler);

        let builder = Scheduler::builder().storage(storage.clone()).timezone("UTC").max_history(10_000);
        let scheduler = builder.clock(manual.clone()).build().await.unwrap();
        add_jobs(&scheduler, &manual).await;
        scheduler.start().await.unwrap();
        pass(&manual, 5).await;
        let auditing = testing::audit(&storage).zone(chrono_tz::UTC).crashes(1);
        auditing.until(manual.now()).await.unwrap().assert_clean();
        scheduler.stop_within(Duration::ZERO).await.unwrap();
    }
}

#[tokio::test]
async fn a_program_whose_task_panics_ends_with_its_error() {
    let (storage, manual) = (MemoryStorage::default(), ManualClock::new(monday()));
    let clock = Wound { inner: manual.clone(), left: Arc::new(AtomicUsize::new(Wound::NEVER)) };
    let scheduler = Scheduler::builder().storage(storage).clock(clock.clone()).build().await.unwrap();
    let running = scheduler.run_until_shutdown();
    let breaks = async {
        settle().await;
        clock.left.store(1, Ordering::SeqCst);
    };
    let ended = as_time_goes_by(&manual, async { tokio::join!(running, breaks).0 }).await;
    let error = ended.unwrap_err().to_string();
    assert!(
        error.starts_with("the scheduler stopped: the ") && error.ends_with("panicked: the spring is broken"),
        "{error}"
    );
}
