//! What should be so, whatever happens.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fastscheduler::storage::Storage as _;
use fastscheduler::{Clock as _, JobId, JobUpdate, RunId, RunStatus, SchedulerError, Trigger};
use fastscheduler_tests::{Process, World};

use crate::op::{LONGEST_JITTER, MAX_RETRIES, Op, new_job, reschedule};

/// What should be so.
pub(crate) struct Model {
    world: World,
    max_concurrency: usize,
    /// Whether each job that there is was paused.
    jobs: BTreeMap<JobId, bool>,
    cancelled: BTreeSet<JobId>,
    /// Fires that callers were promised.
    promised: Vec<RunId>,
    /// How many attempts that began were looked at.
    seen: usize,
    crashes: u32,
    stops: usize,
    /// What a crash may have kept from being recorded.
    unrecorded: BTreeSet<RunId>,
}

impl Model {
    pub(crate) fn new(max_concurrency: usize) -> Self {
        Self {
            world: World::default(),
            max_concurrency,
            jobs: BTreeMap::new(),
            cancelled: BTreeSet::new(),
            promised: Vec::new(),
            seen: 0,
            crashes: 0,
            stops: 0,
            unrecorded: BTreeSet::new(),
        }
    }

    pub(crate) fn start(&self) -> Process {
        let max_concurrency = self.max_concurrency;
        let process = self.world.start_with(|builder| builder.max_concurrency(max_concurrency));
        process.settle();
        process
    }

    fn nth(&self, place: usize) -> Option<JobId> {
        let jobs = &self.jobs;
        (!jobs.is_empty()).then(|| *jobs.keys().nth(place % jobs.len()).expect("it is less"))
    }

    /// Does it, and waits until nothing moves any more.
    pub(crate) fn apply(&mut self, op: &Op, process: Process) -> Process {
        // No two operations are at one instant.
        self.world.clock.advance(Duration::from_micros(1));
        process.settle();
        // What came due with that began before the operation.
        self.look(&process);
        let process = match *op {
            Op::Crash { after, turns, down } => self.crash(process, after, turns, down),
            Op::Restart { down } => self.restart(process, down),
            _ => {
                self.act(op, &process);
                process
            }
        };
        process.settle();
        self.look(&process);
        process
    }

    fn act(&mut self, op: &Op, process: &Process) {
        let scheduler = &process.scheduler;
        let clock = &self.world.clock;
        match *op {
            Op::Add { kind, overlap, catch_up, jitter, has_timeout } => {
                let added = process.run(scheduler.add(new_job(kind, overlap, catch_up, jitter, has_timeout)));
                match added {
                    Ok(id) => assert!(self.jobs.insert(id, false).is_none(), "{id} was given twice"),
                    Err(error) => assert!(matches!(error, SchedulerError::Schedule(_)), "{error}"),
                }
            }
            Op::Pause(job) => {
                if let Some(id) = self.nth(job) {
                    process.run(scheduler.pause_job(id)).unwrap();
                    self.jobs.insert(id, true);
                }
            }
            Op::Resume(job) => {
                if let Some(id) = self.nth(job) {
                    process.run(scheduler.resume_job(id)).unwrap();
                    self.jobs.insert(id, false);
                }
            }
            Op::Reschedule(job, kind) => {
                if let Some(id) = self.nth(job) {
                    let updated = process.run(scheduler.update_job(id, reschedule(kind)));
                    assert!(matches!(updated, Ok(()) | Err(SchedulerError::Schedule(_))), "{updated:?}");
                }
            }
            Op::SetPolicy(job, overlap, catch_up) => {
                if let Some(id) = self.nth(job) {
                    let update = JobUpdate::new().overlap(overlap).catch_up(catch_up);
                    process.run(scheduler.update_job(id, update)).unwrap();
                }
            }
            Op::RunNow(job) => {
                if let Some(id) = self.nth(job) {
                    match process.run(scheduler.run_job_now(id)) {
                        Ok(run) => self.promised.push(run),
                        Err(error) => assert!(matches!(error, SchedulerError::AlreadyRunning(_)), "{error}"),
                    }
                }
            }
            Op::Cancel(job) => {
                if let Some(id) = self.nth(job) {
                    process.run(scheduler.cancel_job(id)).unwrap();
                    self.jobs.remove(&id);
                    self.cancelled.insert(id);
                }
            }
            Op::RetryDeadLetter => {
                let letters = process.run(scheduler.dead_letters(1)).unwrap();
                if let Some(letter) = letters.first() {
                    let run = process.run(scheduler.retry_dead_letter(&letter.run)).unwrap();
                    self.promised.push(run);
                    self.jobs.entry(run.job).or_insert(false);
                }
            }
            Op::NextAttempts(ref acts) => self.world.script.will(acts),
            Op::Release(attempts) => self.world.script.release(attempts),
            Op::Tick { seconds, times } => {
                for _ in 0..times {
                    process.jump(Duration::from_secs(seconds));
                }
            }
            Op::Suspend { seconds } => clock.advance(Duration::from_secs(seconds)),
            Op::StepClock { hours } => clock.step(clock.now() + chrono::TimeDelta::hours(hours)),
            Op::Crash { .. } | Op::Restart { .. } => {}
        }
    }

    fn crash(&mut self, process: Process, after: u64, turns: usize, down: u64) -> Process {
        let before = self.world.script.succeeded().len();
        self.world.clock.advance(Duration::from_secs(after));
        process.run(async {
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
        });
        process.crash();
        self.unrecorded.extend(&self.world.script.succeeded()[before..]);
        self.crashes += 1;
        self.world.pass(Duration::from_secs(down));
        let process = self.start();
        self.check(&process);
        process
    }

    fn restart(&mut self, process: Process, down: u64) -> Process {
        process.run(process.scheduler.stop_within(Duration::ZERO)).unwrap();
        self.stops += 1;
        let claimed: Vec<_> = process.run(self.world.storage.load()).unwrap().open;
        let claimed: Vec<_> = claimed.into_iter().filter(|open| open.is_claimed).collect();
        assert!(claimed.is_empty(), "claims are left after a graceful stop: {claimed:#?}");
        drop(process);
        self.world.pass(Duration::from_secs(down));
        let process = self.start();
        self.check(&process);
        process
    }

    /// Looks at the attempts that began, and at the jobs that are gone.
    fn look(&mut self, process: &Process) {
        let begun = self.world.script.begun();
        for begun in &begun[self.seen..] {
            let run = begun.run_id();
            let is_asked_for = matches!(run.trigger, Trigger::Manual | Trigger::Retry);
            let is_paused = self.jobs.get(&run.job).is_some_and(|is_paused| *is_paused);
            assert!(!is_paused || is_asked_for && run.attempt == 1, "`{run}` began though the job is paused");
            assert!(!self.cancelled.contains(&run.job), "`{run}` began though the job was cancelled");
        }
        self.seen = begun.len();
        let present: BTreeSet<JobId> =
            process.run(process.scheduler.jobs()).unwrap().iter().map(fastscheduler::Job::id).collect();
        self.jobs.retain(|id, _| present.contains(id));
    }

    /// Every fire ran, is open, or has its record, once.
    pub(crate) fn check(&self, process: &Process) {
        let storage = &self.world.storage;
        let auditing = fastscheduler::testing::audit(storage).zone(chrono_tz::UTC).crashes(self.crashes);
        let is_narrow = self.max_concurrency < 1_000;
        // Where there is always a slot, none is behind.
        let auditing = if is_narrow { auditing } else { auditing.until(self.world.clock.now()) };
        process.run(auditing.into_future()).unwrap().assert_clean();
        let history = process.runs();
        let completed: BTreeSet<RunId> =
            history.iter().filter(|run| run.status == RunStatus::Completed).map(|run| run.run_id).collect();
        let succeeded: BTreeSet<RunId> = self.world.script.succeeded().into_iter().collect();
        let lost: Vec<_> =
            succeeded.difference(&completed).filter(|run| !self.unrecorded.contains(run)).collect();
        assert!(lost.is_empty(), "attempts succeeded and are not recorded so: {lost:?}");
        let invented: Vec<_> = completed.difference(&succeeded).collect();
        assert!(invented.is_empty(), "attempts are recorded as completed and never succeeded: {invented:?}");
        let mut times: BTreeMap<RunId, usize> = BTreeMap::new();
        for begun in self.world.script.begun() {
            let run = begun.run_id();
            let times = times.entry(run).or_default();
            *times += 1;
            assert!(*times <= 1 + self.stops, "`{run}` began {times} times");
            assert!(run.attempt <= 1 + MAX_RETRIES + self.crashes, "`{run}` is an attempt too many");
        }
    }

    /// After enough time everything that is due has happened.
    pub(crate) fn finish(mut self, process: Process) {
        let script = &self.world.script;
        script.clear();
        script.release(10_000);
        process.settle();
        for (id, is_paused) in self.jobs.clone() {
            if is_paused && process.job(id).is_some() {
                process.run(process.scheduler.resume_job(id)).unwrap();
                self.jobs.insert(id, false);
            }
        }
        process.settle();
        process.advance(Duration::from_secs(300));
        for _ in 0..50 {
            process.jump(Duration::from_secs(1_800));
        }
        self.look(&process);
        self.max_concurrency = 1_000;
        self.check(&process);
        // A fire may wait for its jitter.
        let past = self.world.clock.now() - LONGEST_JITTER;
        let open = process.run(self.world.storage.load()).unwrap().open;
        assert!(open.is_empty(), "fires are stuck: {open:#?}");
        for job in process.run(process.scheduler.jobs()).unwrap() {
            assert!(job.next_run_at() > Some(past), "{} is stuck at {:?}", job.id(), job.next_run_at());
        }
        let history = process.runs();
        for promised in self.promised {
            let is_it = |run: RunId| RunId { attempt: promised.attempt, ..run } == promised;
            let is_recorded = history.iter().any(|run| is_it(run.run_id));
            assert!(is_recorded || self.cancelled.contains(&promised.job), "`{promised}` was promised");
        }
        process.run(process.scheduler.stop()).unwrap();
    }
}
