//! Whatever is done to a job, each of its fires ran or has a record.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{CatchUp, Clock as _, Job, JobId, JobUpdate, Overlap, SchedulerError};
use fastscheduler_tests::fires::{fires, second};
use fastscheduler_tests::random::Random;
use fastscheduler_tests::{monday, on_manual_clock};

/// How long each story takes, and when it ends, in seconds. The last fires
/// have the rest of the time to end in.
const STORY: u64 = 120;
const END: u64 = 300;

/// Schedulers that follow one another on one store.
struct World {
    storage: MemoryStorage,
    scheduler: Scheduler,
    clock: ManualClock,
    /// The clock of the present scheduler, for the job.
    present: Arc<Mutex<ManualClock>>,
    log: Vec<String>,
}

impl World {
    async fn new() -> Self {
        let (storage, present) = (MemoryStorage::default(), Arc::new(Mutex::new(ManualClock::new(monday()))));
        let (scheduler, clock) = Self::start(&storage, &present, monday()).await;
        Self { storage, scheduler, clock, present, log: Vec::new() }
    }

    async fn start(
        storage: &MemoryStorage,
        present: &Arc<Mutex<ManualClock>>,
        at: DateTime<Utc>,
    ) -> (Scheduler, ManualClock) {
        let (builder, clock) = on_manual_clock();
        clock.set(at);
        *present.lock().unwrap() = clock.clone();
        let scheduler = builder.storage(storage.clone()).build().await.unwrap();
        let present = Arc::clone(present);
        // Takes up to 24 seconds, and fails now and then.
        let job = move |context: JobContext| {
            let mut random = Random(
                context.scheduled_for().timestamp().cast_unsigned() * 31 + u64::from(context.attempt()),
            );
            let length = if random.below(3) > 0 { 0 } else { random.below(25) };
            let nap = present.lock().unwrap().sleep(Duration::from_secs(length));
            async move {
                if length > 0 {
                    nap.await;
                }
                anyhow::ensure!(random.below(4) > 0, "now and then");
                Ok(())
            }
        };
        scheduler.register_function("job", job).unwrap();
        scheduler.start().await.unwrap();
        (scheduler, clock)
    }

    async fn work(&self) {
        for _ in 0..60 {
            tokio::task::yield_now().await;
        }
    }

    /// Does one of the things that may be done to a job.
    async fn meddle(&mut self, id: JobId, random: &mut Random, also: Also) {
        let what = random.below(if also.restarts { 24 } else { 20 });
        let scheduler = &self.scheduler;
        let (name, done) = match what {
            0 | 1 => ("pause", scheduler.pause_job(id).await),
            2..=4 => ("resume", scheduler.resume_job(id).await),
            5 | 6 => ("update", scheduler.update_job(id, JobUpdate::new().retries(2)).await),
            7 => ("run now", scheduler.run_job_now(id).await.map(drop)),
            8 | 9 if also.new_schedules => {
                let schedule = every(random.below(15) + 3).seconds();
                ("new schedule", scheduler.update_job(id, JobUpdate::new().schedule(schedule)).await)
            }
            20..=23 => {
                let now = self.clock.now();
                let name = if what < 22 { "crash" } else { "stop" };
                if what >= 22 {
                    scheduler.stop_within(Duration::ZERO).await.unwrap();
                }
                let later = now + Duration::from_secs(random.below(35));
                let (next, clock) = Self::start(&self.storage, &self.present, later).await;
                // After a crash its clock never moves again.
                std::mem::forget(std::mem::replace(&mut self.clock, clock));
                std::mem::forget(std::mem::replace(&mut self.scheduler, next));
                (name, Ok(()))
            }
            _ => return,
        };
        self.log.push(format!("{} {name}", (self.clock.now() - monday()).num_seconds()));
        match done {
            Ok(()) | Err(SchedulerError::AlreadyRunning(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }

    async fn tell(&mut self, id: JobId, seed: u64, also: Also) {
        let mut random = Random(seed);
        let since = |clock: &ManualClock| (clock.now() - monday()).num_seconds();
        while since(&self.clock) < STORY.cast_signed() {
            // Sometimes things are done before the engine gets to work.
            for _ in 0..=random.below(2) {
                self.meddle(id, &mut random, also).await;
            }
            if random.below(4) > 0 {
                self.work().await;
            }
            self.clock.advance(Duration::from_secs(1));
            if random.below(4) > 0 {
                self.work().await;
            }
        }
        self.scheduler.resume_job(id).await.unwrap();
        while since(&self.clock) < END.cast_signed() {
            self.work().await;
            self.clock.advance(Duration::from_secs(1));
        }
        self.work().await;
    }

    async fn check(&self, id: JobId, what: &str) {
        let all = fires(&self.scheduler, id, 10).await;
        let told: Vec<_> = all.iter().filter(|(at, _)| *at <= STORY.cast_signed()).collect();
        let seconds: Vec<_> = told.iter().map(|(at, _)| *at).collect();
        let expected: Vec<_> = (1..=STORY.cast_signed() / 10).map(|n| n * 10).collect();
        assert_eq!(seconds, expected, "{what}: {told:?}\n{:?}", self.log);
        let job: Job = self.scheduler.job(id).await.unwrap().unwrap();
        assert!(
            job.next_run_at().is_some_and(|next| next > second(END - 90)),
            "{what}: it stands still at {:?}, {:?}, {all:?}\n{:?}",
            job.next_run_at(),
            job.status(),
            self.log
        );
    }
}

/// What is done beside pausing, resuming, updating and asking for runs.
#[derive(Debug, Clone, Copy, Default)]
struct Also {
    restarts: bool,
    new_schedules: bool,
}

async fn tell_stories(also: Also) {
    for seed in 0..3 {
        for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel] {
            for catch_up in [CatchUp::Once, CatchUp::All, CatchUp::None] {
                let mut world = World::new().await;
                let job = every(10).seconds().overlap(overlap).catch_up(catch_up).retries(2).call("job");
                let id = world.scheduler.add(job).await.unwrap();
                world.tell(id, seed, also).await;
                let what = format!("seed {seed}, {overlap:?}, {catch_up:?}");
                if !also.new_schedules {
                    world.check(id, &what).await;
                }
                // A fire that crashed its process for the third time is not tried again.
                let audit = testing::audit(&world.storage).zone(chrono_tz::UTC).crashes(3).await.unwrap();
                assert!(audit.is_clean(), "{what}: {:#?}\n{:?}", audit.problems, world.log);
            }
        }
    }
}

#[tokio::test]
async fn each_fire_ran_or_has_a_record_whatever_is_done_to_the_job() {
    tell_stories(Also::default()).await;
}

#[tokio::test]
async fn each_fire_ran_or_has_a_record_whatever_is_done_to_the_job_and_its_process() {
    tell_stories(Also { restarts: true, ..Also::default() }).await;
}

#[tokio::test]
async fn each_fire_of_each_schedule_ran_or_has_a_record_when_the_schedule_changes() {
    tell_stories(Also { restarts: false, new_schedules: true }).await;
    tell_stories(Also { restarts: true, new_schedules: true }).await;
}
