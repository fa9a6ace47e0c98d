//! Functions that keep a worker of the runtime busy: as long as another worker is
//! free, everything else goes on.
//!
//! A busy function does not return until what it watches for has happened. So a
//! scheduler that makes that wait for the function fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;
use fastscheduler::{Clock as _, SystemClock};
use fastscheduler_tests::{advance, on_manual_clock};
use tokio::runtime::{Builder, Runtime};

/// How long a function stays busy before it gives up, which fails the test.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs of [`on_a_thread`].
static ON_THREADS: AtomicUsize = AtomicUsize::new(0);

#[job]
fn on_a_thread() {
    ON_THREADS.fetch_add(1, Ordering::SeqCst);
}

/// How much has happened, and whether a busy function gave up waiting for more.
#[derive(Clone, Default)]
struct Diary(Arc<Pages>);

#[derive(Default)]
struct Pages {
    count: AtomicUsize,
    busy: AtomicUsize,
    most_busy: AtomicUsize,
    has_given_up: AtomicBool,
}

impl Diary {
    fn note(&self) -> usize {
        self.0.count.fetch_add(1, Ordering::SeqCst)
    }

    fn count(&self) -> usize {
        self.0.count.load(Ordering::SeqCst)
    }

    /// Keeps its thread busy until that much has happened.
    fn be_busy_until(&self, count: usize) {
        let now_busy = self.0.busy.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most_busy.fetch_max(now_busy, Ordering::SeqCst);
        if !is_busy_until(|| self.count() >= count, PATIENCE) {
            self.0.has_given_up.store(true, Ordering::SeqCst);
        }
        self.0.busy.fetch_sub(1, Ordering::SeqCst);
    }

    /// Waits on a thread of the test, not of the runtime.
    #[track_caller]
    fn sees(&self, what: &str, count: usize) {
        let has_come = is_busy_until(|| self.count() >= count, PATIENCE * 2);
        assert!(has_come, "{what}: only {} of {count} came", self.count());
        assert!(!self.0.has_given_up.load(Ordering::SeqCst), "{what}: a busy function kept others waiting");
    }
}

fn is_busy_until(is_done: impl Fn() -> bool, patience: Duration) -> bool {
    let until = SystemClock.now() + patience;
    while !is_done() {
        if SystemClock.now() > until {
            return false;
        }
        std::thread::yield_now();
    }
    true
}

struct World {
    runtime: Runtime,
    scheduler: Scheduler,
    diary: Diary,
    workers: usize,
    /// When the jobs of [`Self::add_at_once`] are due.
    due_at: DateTime<Utc>,
}

impl World {
    fn on(runtime: Runtime, workers: usize) -> Self {
        let scheduler = runtime.block_on(async {
            let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await.unwrap();
            scheduler.start().await.unwrap();
            scheduler
        });
        let due_at = SystemClock.now() + Duration::from_millis(200);
        Self { runtime, scheduler, diary: Diary::default(), workers, due_at }
    }

    fn add(&self, job: impl Into<fastscheduler::NewJob>) {
        self.runtime.block_on(self.scheduler.add(job)).unwrap();
    }

    /// Adds a job that is due together with all others added this way.
    fn add_at_once<F: Future<Output = ()> + Send + 'static>(
        &self,
        name: &str,
        job: impl Fn(Diary) -> F + Clone + Send + Sync + 'static,
    ) {
        let diary = self.diary.clone();
        let at_once = every(3_600).seconds().starting_at(self.due_at - Duration::from_secs(3_600));
        self.add(at_once.run(name, move || job(diary.clone())));
    }

    /// Adds a job that runs every 20 ms and notes each run.
    fn add_ticking(&self, name: &str) {
        let diary = self.diary.clone();
        self.add(every(0.02).seconds().run(name, move || {
            diary.note();
            std::future::ready(())
        }));
    }
}

fn multi_thread(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).enable_all().build().unwrap()
}

/// Checks in runtimes of several sizes that the expected number of things is noted
/// while functions are busy.
fn everything_goes_on(what: &str, expected: usize, begin: impl Fn(&World)) {
    for workers in [2, 16] {
        let world = World::on(multi_thread(workers), workers);
        begin(&world);
        world.diary.sees(&format!("{what}, {workers} workers"), expected);
        world.runtime.block_on(world.scheduler.stop_within(Duration::ZERO)).unwrap();
    }
}

#[test]
fn a_function_that_is_busy_in_its_first_poll_keeps_no_due_job_waiting() {
    everything_goes_on("first poll", 10, |world| {
        for busy in 1..world.workers {
            world.add_at_once(&format!("busy {busy}"), |diary| async move { diary.be_busy_until(10) });
        }
        world.add_ticking("tick");
    });
}

#[test]
fn a_function_that_is_busy_after_it_has_waited_keeps_no_due_job_waiting() {
    everything_goes_on("later poll", 10, |world| {
        for busy in 1..world.workers {
            world.add_at_once(&format!("busy {busy}"), |diary| async move {
                SystemClock.sleep_until(SystemClock.now() + Duration::from_millis(1)).await;
                diary.be_busy_until(10);
            });
        }
        world.add_ticking("tick");
    });
}

#[test]
fn a_busy_function_does_not_hold_up_those_that_are_due_with_it() {
    everything_goes_on("one batch", 101, |world| {
        for number in 0..100 {
            // Whichever of them begins first.
            world.add_at_once(&format!("{number}"), |diary| async move {
                if diary.note() == 0 {
                    diary.be_busy_until(100);
                    diary.note();
                }
            });
        }
    });
}

#[test]
fn what_began_before_a_busy_function_goes_on_beside_it() {
    everything_goes_on("second poll", 41, |world| {
        let begun = Diary::default();
        for number in 0..40 {
            let begun = begun.clone();
            world.add_at_once(&format!("{number}"), move |diary| {
                let begun = begun.clone();
                async move {
                    if begun.note() == 20 {
                        diary.be_busy_until(39);
                        diary.note();
                    } else {
                        tokio::task::yield_now().await;
                    }
                    diary.note();
                }
            });
        }
    });
}

#[test]
fn what_ended_before_a_busy_function_is_recorded_beside_it() {
    everything_goes_on("outcomes", 20, |world| {
        // A job that skips overlaps runs again only once its run is recorded.
        for number in 0..4 {
            world.add_ticking(&format!("tick {number}"));
        }
        world.add(every(0.02).seconds().run("busy", {
            let diary = world.diary.clone();
            move || {
                let diary = diary.clone();
                async move { diary.be_busy_until(20) }
            }
        }));
    });
}

#[test]
fn blocking_functions_go_on_beside_a_busy_function() {
    everything_goes_on("threads", 1, |world| {
        let before = ON_THREADS.load(Ordering::SeqCst);
        for number in 0..4 {
            world.add(every(0.02).seconds().name(format!("thread {number}")).call("on_a_thread"));
        }
        world.add_at_once("busy", move |diary| async move {
            let is_done = || ON_THREADS.load(Ordering::SeqCst) >= before + 20;
            let has_given_up = !is_busy_until(is_done, PATIENCE);
            diary.0.has_given_up.store(has_given_up, Ordering::SeqCst);
            diary.note();
        });
    });
}

#[test]
fn a_busy_function_may_wait_for_jobs_that_it_has_added() {
    everything_goes_on("added from a job", 3, |world| {
        let scheduler = world.scheduler.clone();
        world.add_at_once("busy", move |diary| {
            let scheduler = scheduler.clone();
            async move {
                for name in ["first", "second"] {
                    let noted = diary.count();
                    let inner = diary.clone();
                    let noting = move || {
                        inner.note();
                        std::future::ready(())
                    };
                    scheduler.add(once(0.001).run(name, noting)).await.unwrap();
                    diary.be_busy_until(noted + 1);
                }
                diary.note();
            }
        });
    });
}

#[test]
fn jobs_go_on_while_the_programs_own_tasks_keep_all_workers_but_one() {
    everything_goes_on("own tasks", 30, |world| {
        for _ in 1..world.workers {
            let (diary, scheduler) = (world.diary.clone(), world.scheduler.clone());
            world.runtime.spawn(async move {
                // The dispatcher has just been woken from here.
                scheduler.add(once(0.001).run("one more", || async {})).await.unwrap();
                diary.be_busy_until(30);
            });
        }
        for number in 0..3 {
            world.add_ticking(&format!("tick {number}"));
        }
    });
}

#[test]
fn functions_that_block_their_threads_in_place_keep_no_due_job_waiting() {
    for workers in [1, 2] {
        let world = World::on(multi_thread(workers), workers);
        for busy in 0..5 {
            world.add_at_once(&format!("busy {busy}"), |diary| async move {
                tokio::task::block_in_place(|| diary.be_busy_until(10));
            });
        }
        world.add_ticking("tick");
        world.diary.sees(&format!("in place, {workers} workers"), 10);
        world.runtime.block_on(world.scheduler.stop_within(Duration::ZERO)).unwrap();
    }
}

#[test]
fn functions_that_keep_their_worker_for_a_while_share_the_workers() {
    everything_goes_on("ten milliseconds", 100, |world| {
        for number in 0..100 {
            world.add_at_once(&format!("{number}"), |diary| async move {
                let until = SystemClock.now() + Duration::from_millis(10);
                diary.0.busy.fetch_add(1, Ordering::SeqCst);
                let busy = diary.0.busy.load(Ordering::SeqCst);
                diary.0.most_busy.fetch_max(busy, Ordering::SeqCst);
                is_busy_until(|| SystemClock.now() > until, PATIENCE);
                diary.0.busy.fetch_sub(1, Ordering::SeqCst);
                diary.note();
            });
        }
        world.diary.sees("ten milliseconds", 100);
        let most = world.diary.0.most_busy.load(Ordering::SeqCst);
        assert!(most > 1, "one worker of {} did all the work", world.workers);
    });
}

#[test]
fn with_one_worker_a_busy_function_takes_its_time_and_then_all_the_others_run() {
    let current_thread = || Builder::new_current_thread().enable_all().build().unwrap();
    for runtime in [multi_thread(1), current_thread()] {
        let World { runtime, scheduler, diary, .. } = World::on(runtime, 1);
        runtime.block_on(async {
            for number in 0..10 {
                let diary = diary.clone();
                let busy = move || {
                    let until = SystemClock.now() + Duration::from_millis(5);
                    is_busy_until(|| SystemClock.now() > until, PATIENCE);
                    diary.note();
                    std::future::ready(())
                };
                scheduler.add(every(0.02).seconds().run(format!("busy {number}"), busy)).await.unwrap();
            }
            while diary.count() < 50 {
                tokio::task::yield_now().await;
            }
            scheduler.stop().await.unwrap();
        });
    }
}

#[test]
fn on_a_manual_clock_a_busy_function_does_not_hold_up_those_that_are_due_with_it() {
    let runtime = multi_thread(2);
    let diary = Diary::default();
    runtime.block_on(async {
        let (builder, clock) = on_manual_clock();
        let scheduler = builder.build().await.unwrap();
        scheduler.start().await.unwrap();
        for number in 0..10 {
            let diary = diary.clone();
            let noting = move || {
                let diary = diary.clone();
                async move {
                    if diary.note() == 0 {
                        diary.be_busy_until(10);
                    }
                }
            };
            scheduler.add(once(1).run(format!("{number}"), noting)).await.unwrap();
        }
        advance(&scheduler, &clock, 1).await;
        scheduler.stop().await.unwrap();
    });
    diary.sees("manual clock", 10);
}
