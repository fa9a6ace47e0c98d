//! A system that refuses threads, for a while or from the beginning.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::{MemoryStorage, Storage as _};
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{
    Clock as _, JobId, LateReason, NewJob, Overlap, Problem, ProblemCode, Run, RunId, RunStatus,
    SchedulerError, SystemClock,
};
use fastscheduler_tests::log::Log;
use fastscheduler_tests::site::Site;
use fastscheduler_tests::{monday, on_manual_clock, runs};
use tokio::runtime::Runtime;

/// Names the file with the most threads that the process may have.
const LIMIT: &str = "THREADS_LIMIT";

/// The most threads that the process may have besides its first one.
struct Limit(PathBuf);

impl Limit {
    fn set(&self, threads: usize) {
        let new = self.0.with_extension("new");
        fs::write(&new, threads.to_string()).unwrap();
        fs::rename(new, &self.0).unwrap();
    }

    fn lift(&self) {
        fs::remove_file(&self.0).unwrap();
    }
}

/// Builds the library that sets the limit. Linking Rust programs needs `cc` too.
fn shim(folder: &Path) -> PathBuf {
    let library = folder.join("limit_threads.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("shim/limit_threads.c");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).status();
    assert!(built.expect("`cc` is there, which links Rust programs too").success());
    library
}

/// A process whose threads are limited once the file is there.
fn limited(program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> (Command, Limit) {
    let limit = Limit(folder.join("limit"));
    let mut command = Command::new(program);
    command.env("LD_PRELOAD", shim(folder)).env(LIMIT, &limit.0);
    (command, limit)
}

/// Runs a test of this module in a process of its own, whose threads can be limited.
fn in_own_process<F: Future<Output = ()>>(name: &str, test: impl FnOnce(Limit) -> F) {
    if let Some(file) = std::env::var_os(LIMIT) {
        let runtime = Runtime::new().unwrap();
        runtime.block_on(test(Limit(file.into())));
        return runtime.shutdown_background();
    }
    let folder = tempfile::tempdir().unwrap();
    let (mut command, _) = limited(std::env::current_exe().unwrap(), folder.path());
    let name = format!("lack_of_threads::{name}");
    let output = command.args(["--exact", &name, "--nocapture", "--test-threads=1"]).output().unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
}

/// A scheduler with a job that ticks, once it has begun to.
struct World {
    scheduler: Scheduler,
    storage: MemoryStorage,
    ticks: Arc<AtomicUsize>,
    log: Log,
}

impl World {
    async fn new() -> Self {
        let log = Log::default();
        tracing::subscriber::set_global_default(log.clone()).unwrap();
        let storage = MemoryStorage::default();
        let scheduler = Scheduler::builder().storage(storage.clone()).timezone("UTC").build().await.unwrap();
        scheduler.start().await.unwrap();
        let ticks = Arc::new(AtomicUsize::new(0));
        let tick = Arc::clone(&ticks);
        let job = every(0.05).seconds().run("tick", move || {
            tick.fetch_add(1, Ordering::SeqCst);
            std::future::ready(())
        });
        scheduler.add(job).await.unwrap();
        let world = Self { scheduler, storage, ticks, log };
        world.ticks_on(1).await;
        world
    }

    /// Waits until the async job has run so often from now on.
    async fn ticks_on(&self, more: usize) {
        let enough = self.ticks.load(Ordering::SeqCst) + more;
        while self.ticks.load(Ordering::SeqCst) < enough {
            SystemClock.sleep(Duration::from_millis(10)).await;
        }
    }

    /// Adds a job and has it run.
    async fn run(&self, job: impl Into<NewJob>) -> (JobId, RunId) {
        let id = self.scheduler.add(job).await.unwrap();
        (id, self.scheduler.run_job_now(id).await.unwrap())
    }

    async fn problem(&self) -> Option<Problem> {
        let mut problems = self.scheduler.problems().await.unwrap();
        assert!(problems.iter().all(|problem| problem.code == ProblemCode::NoThreads), "{problems:?}");
        problems.pop()
    }

    /// Waits until the lack of threads is noticed, or is over.
    async fn is_lacking(&self, is_lacking: bool) {
        while self.problem().await.is_some() != is_lacking {
            SystemClock.sleep(Duration::from_millis(10)).await;
        }
    }

    fn is_under_way(&self, run: RunId) -> bool {
        self.scheduler.running().iter().any(|under_way| under_way.run_id == run)
    }

    /// Waits until a job has a run that ended so.
    async fn has_run(&self, job: JobId, ending: &str) {
        let has_ended = |run: &Run| run.error.clone().unwrap_or_else(|| run.status.to_string()) == ending;
        while !runs(&self.scheduler).await.iter().any(|run| run.job_id() == job && has_ended(run)) {
            SystemClock.sleep(Duration::from_millis(10)).await;
        }
    }

    fn logged(&self, what: &str) -> Vec<String> {
        self.log.lines().into_iter().filter(|line| line.contains(what)).collect()
    }
}

fn hourly_work(name: &str) -> impl Into<NewJob> + use<> {
    every(1).hours().retries(0).timeout(Duration::from_secs(1)).run_blocking(name, || {})
}

#[test]
fn a_function_that_gets_no_thread_waits_and_runs_when_there_is_one() {
    in_own_process("a_function_that_gets_no_thread_waits_and_runs_when_there_is_one", async |limit| {
        let world = World::new().await;
        let site = Site::of(&world.scheduler).await;
        limit.set(0);
        let mut waiting = Vec::new();
        for name in ["one", "two", "three"] {
            waiting.push(world.run(hourly_work(name)).await.1);
        }
        world.is_lacking(true).await;
        let problem = world.problem().await.unwrap();
        let text = "the system provides no thread, which functions that are not async wait for: Resource";
        assert!(problem.to_string().starts_with(text), "{problem}");
        // More than a second, in which all else goes on: each waits for longer than its timeout.
        for _ in 0..3 {
            world.ticks_on(25).await;
            assert_eq!(site.get("/scheduler/readyz").await.status, 200);
            let metrics = site.get("/scheduler/metrics").await.body;
            assert!(metrics.contains("problems_present{code=\"no_threads\"} 1"), "{metrics}");
            for run in &waiting {
                assert!(world.is_under_way(*run));
            }
        }
        // Each has been due for long enough to be late.
        let late = loop {
            let overview = world.scheduler.overview().await.unwrap();
            if overview.jobs.late == waiting.len() {
                break overview.late;
            }
            SystemClock.sleep(Duration::from_millis(10)).await;
        };
        assert!(late.iter().all(|job| job.why == LateReason::NoThreads), "{late:?}");
        let lifted_at = SystemClock.now();
        limit.lift();
        for run in waiting {
            let run = world.scheduler.wait_for(&run.to_string()).await.unwrap();
            assert_eq!((run.status, run.run_id.attempt), (RunStatus::Completed, 1), "{run:?}");
            assert!(run.started_at.unwrap() >= lifted_at, "it has begun before it could");
        }
        world.is_lacking(false).await;
        assert_eq!(world.logged("WARN").len(), 1, "{:?}", world.log.lines());
        assert_eq!(world.logged("no longer a problem").len(), 1, "{:?}", world.log.lines());
        // The lateness of each is more than the three seconds or so that it waited.
        let metrics = world.scheduler.metrics().await.unwrap();
        assert!(metrics.lateness.sum() > Duration::from_secs(3), "{:?}", metrics.lateness);
        world.scheduler.stop().await.unwrap();
        testing::audit(&world.storage).zone(chrono_tz::UTC).await.unwrap().assert_clean();
    });
}

#[test]
fn what_waits_for_a_thread_can_be_cancelled_and_removed() {
    in_own_process("what_waits_for_a_thread_can_be_cancelled_and_removed", async |limit| {
        let world = World::new().await;
        limit.set(0);
        let (_, cancelled) = world.run(hourly_work("cancelled")).await;
        let (removed_job, removed) = world.run(hourly_work("removed")).await;
        let overlap = every(1).seconds().overlap(Overlap::Cancel).run_blocking("replaced", || {});
        let replaced = world.scheduler.add(overlap).await.unwrap();
        world.is_lacking(true).await;
        world.scheduler.cancel_run(cancelled).await.unwrap();
        world.scheduler.cancel_job(removed_job).await.unwrap();
        for (run, why) in
            [(cancelled, "cancelled: the run was cancelled"), (removed, "cancelled: the job was cancelled")]
        {
            let run = world.scheduler.wait_for(&run.to_string()).await.unwrap();
            assert_eq!(run.error.as_deref(), Some(why));
        }
        world.has_run(replaced, "cancelled: the next fire came due").await;
        limit.lift();
        world.has_run(replaced, "completed").await;
        world.scheduler.stop().await.unwrap();
    });
}

#[test]
fn a_stop_gives_back_what_waits_for_a_thread() {
    in_own_process("a_stop_gives_back_what_waits_for_a_thread", async |limit| {
        let world = World::new().await;
        limit.set(0);
        let (_, run) = world.run(hourly_work("work")).await;
        world.is_lacking(true).await;
        world.scheduler.stop().await.unwrap();
        assert_eq!(world.logged("cutting attempts short"), [""; 0], "it was waited for");
        let open = world.storage.load().await.unwrap().open;
        let open: Vec<_> = open.iter().map(|open| (open.entry.run_id(), open.is_claimed)).collect();
        assert_eq!(open, [(run, false)]);

        limit.lift();
        let scheduler =
            Scheduler::builder().storage(world.storage.clone()).timezone("UTC").build().await.unwrap();
        scheduler.add(hourly_work("work")).await.unwrap();
        scheduler.start().await.unwrap();
        let run = scheduler.wait_for(&run.to_string()).await.unwrap();
        assert_eq!(
            (run.status, run.run_id.attempt),
            (RunStatus::Completed, 1),
            "it has neither failed nor crashed"
        );
        let all = runs(&scheduler).await;
        assert!(all.iter().all(|run| run.status != RunStatus::Failed), "{all:?}");
        scheduler.stop().await.unwrap();
    });
}

/// Whether the thread is there that wakes jobs.
fn has_alarm() -> bool {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    // The system keeps fifteen characters of a name.
    let is_alarm = |name: String| name.trim() == "fastscheduler-a";
    threads.flatten().any(|thread| fs::read_to_string(thread.path().join("comm")).is_ok_and(is_alarm))
}

#[test]
fn jobs_run_without_a_thread_for_the_alarm_and_get_it_when_there_is_one() {
    in_own_process("jobs_run_without_a_thread_for_the_alarm_and_get_it_when_there_is_one", async |limit| {
        limit.set(0);
        let world = World::new().await;
        world.ticks_on(5).await;
        assert!(!has_alarm());
        assert_eq!(world.logged("no thread for the alarm").len(), 1, "{:?}", world.log.lines());
        limit.lift();
        while !has_alarm() {
            world.ticks_on(1).await;
        }
        world.ticks_on(5).await;
        world.scheduler.stop().await.unwrap();
    });
}

#[test]
fn a_start_that_gets_no_thread_fails_with_the_reason_and_reading_a_state_file_needs_none() {
    let name = "a_start_that_gets_no_thread_fails_with_the_reason_and_reading_a_state_file_needs_none";
    in_own_process(name, async |limit| {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::new(monday());
        let state_file = folder.path().join("state.json");
        let builder = || Scheduler::builder().clock(clock.clone()).timezone("UTC").state_file(&state_file);
        let scheduler = builder().build().await.unwrap();
        scheduler.start().await.unwrap();
        scheduler.add(every(1).seconds().run("often", || async {})).await.unwrap();
        // So many records that several threads share them.
        testing::advance(&scheduler, &clock, Duration::from_secs(4_100)).await.unwrap();
        scheduler.stop().await.unwrap();

        limit.set(0);
        let scheduler = on_manual_clock().0.http("localhost:0").build().await.unwrap();
        let error = scheduler.start().await.unwrap_err();
        assert!(matches!(error, SchedulerError::Listen { .. }), "{error:?}");
        let error = builder().build().await.unwrap_err();
        let text = "the store could not start a thread: Resource temporarily unavailable";
        assert!(error.to_string().starts_with(text), "{error}");
        // Those that there are without the first, and the two of the store.
        let threads = fs::read_dir("/proc/self/task").unwrap().count() - 1;
        limit.set(threads + 2);
        let scheduler = builder().build().await.unwrap();
        assert!(runs(&scheduler).await.len() >= 4_096);
        limit.lift();
        scheduler.stop().await.unwrap();
    });
}

#[test]
fn a_program_that_gets_too_few_threads_ends_with_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let mut refused = 0;
    for threads in 0.. {
        let (mut command, limit) = limited(env!("CARGO_BIN_EXE_holds_a_thread"), folder.path());
        limit.set(threads);
        let mut child = command
            .env("FASTSCHEDULER_STATE_FILE", &state)
            .env("FASTSCHEDULER_TIMEZONE", "UTC")
            .env("TOKIO_WORKER_THREADS", "2")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program is built");
        let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        std::io::BufRead::read_line(&mut output, &mut line).unwrap();
        if line.is_empty() {
            let ended = child.wait_with_output().unwrap();
            let errors = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert_eq!(ended.status.code(), Some(1), "{threads}: {errors}");
            assert!(errors.starts_with("Error: cannot start a thread"), "{threads}: {errors}");
            assert!(!errors.contains("panicked"), "{threads}: {errors}");
            refused += 1;
        } else {
            child.kill().unwrap();
            child.wait().unwrap();
            break;
        }
    }
    assert!(refused > 2, "its workers alone are two");
}
