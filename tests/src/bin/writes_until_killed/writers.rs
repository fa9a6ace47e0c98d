//! Those who create, update, pause and cancel jobs all the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::{Clock as _, Job, JobId, JobUpdate, NewJob, SchedulerError, SystemClock};
use fastscheduler_tests::diary::{Answer, Ask, Diary, Line};
use fastscheduler_tests::random::Random;
use tokio::task::JoinSet;

use super::jobs::{FILLING, FUNCTIONS};

/// Writers beside one another, so that they share syncs. Each job is in the
/// hands of one of them: what is asked of it last is what holds.
const WRITERS: u64 = 3;

/// Jobs beyond these are rather cancelled than joined by more.
const ENOUGH: usize = 230;

/// The longest text that the journal is filled with.
const FILLING_LIMIT: u64 = 64 * 1024;

/// Lets the writers begin.
pub(super) fn begin(
    scheduler: &Scheduler,
    diary: &Diary,
    life: u64,
    seed: u64,
) -> JoinSet<anyhow::Result<()>> {
    let mut writers = JoinSet::new();
    let asked = Arc::new(AtomicU64::new(life * 1_000_000));
    for place in 0..=WRITERS {
        let writer = Writer {
            scheduler: scheduler.clone(),
            diary: diary.clone(),
            place,
            random: Random(seed ^ (life << 8) ^ place),
            asked: Arc::clone(&asked),
        };
        writers
            .spawn(async move { if place < WRITERS { writer.meddle().await } else { writer.fill().await } });
    }
    writers
}

struct Writer {
    scheduler: Scheduler,
    diary: Diary,
    place: u64,
    random: Random,
    asked: Arc<AtomicU64>,
}

impl Writer {
    async fn meddle(mut self) -> anyhow::Result<()> {
        loop {
            if let Some(ask) = self.something().await? {
                self.ask(ask).await?;
            }
            self.pause(12).await;
        }
    }

    /// Makes the journal long, and not the snapshot.
    async fn fill(mut self) -> anyhow::Result<()> {
        let jobs = self.scheduler.jobs().await?;
        let Some(job) = jobs.iter().find(|job| job.name() == FILLING).map(Job::id) else {
            // A small one has none.
            return std::future::pending().await;
        };
        loop {
            let length = usize::try_from(self.random.below(FILLING_LIMIT))?;
            self.ask(Ask::Fill { job, length }).await?;
            self.pause(30).await;
        }
    }

    async fn pause(&mut self, limit: u64) {
        SystemClock.sleep(Duration::from_millis(self.random.below(limit))).await;
    }

    fn next_number(&self) -> u64 {
        self.asked.fetch_add(1, Ordering::Relaxed)
    }

    /// Something to ask for, if there is anything to ask it of.
    async fn something(&mut self) -> Result<Option<Ask>, SchedulerError> {
        let jobs = self.scheduler.jobs().await?;
        let is_mine = |id: JobId| id.number() % WRITERS == self.place;
        let mine: Vec<&Job> = jobs.iter().filter(|job| is_mine(job.id()) && job.name() != FILLING).collect();
        let letters = self.scheduler.dead_letters(50).await?;
        let letter = letters.iter().map(|letter| letter.run.run_id).find(|run| is_mine(run.job));
        let what = self.random.below(20);
        if what == 0
            && let Some(letter) = letter
        {
            return Ok(Some(Ask::RetryLetter(letter)));
        }
        let number = self.asked.load(Ordering::Relaxed);
        let group = format!("group-{number}");
        let retries = u32::try_from(self.random.below(5)).expect("it is small");
        if mine.is_empty() || (what < 5 && jobs.len() < ENOUGH) {
            return Ok(Some(Ask::Create { name: format!("made-{}-{number}", self.place), group, retries }));
        }
        let place = self.random.below(mine.len() as u64);
        let job = mine[usize::try_from(place).expect("it is small")].id();
        Ok(Some(match what {
            0..7 => Ask::Cancel(job),
            7..10 => Ask::Pause(job),
            10..13 => Ask::Resume(job),
            13..15 => Ask::RunNow(job),
            _ => {
                let interval = (self.random.below(2) > 0).then(|| 300 + self.random.below(30_000));
                Ask::Update { job, group, retries, interval }
            }
        }))
    }

    /// Asks, and writes down before what may happen, and after that it has.
    async fn ask(&mut self, ask: Ask) -> anyhow::Result<()> {
        let number = self.next_number();
        self.diary.write(&Line::Asks(number, ask.clone()));
        let answer = match self.answer(ask).await {
            Ok(answer) => answer,
            Err(
                refusal @ (SchedulerError::UnknownJob(_)
                | SchedulerError::AlreadyRunning(_)
                | SchedulerError::UnknownDeadLetter(_)),
            ) => Answer::Refused(refusal.to_string()),
            Err(error) => return Err(error.into()),
        };
        self.diary.write(&Line::Answered(number, answer));
        Ok(())
    }

    async fn answer(&mut self, ask: Ask) -> Result<Answer, SchedulerError> {
        let scheduler = self.scheduler.clone();
        Ok(match ask {
            Ask::Create { name, group, retries } => {
                let job = self.new_job(name, group, retries);
                Answer::Created(scheduler.add(job).await?)
            }
            Ask::Update { job, group, retries, interval } => {
                let mut update = JobUpdate::new().group(group).retries(retries);
                if let Some(millis) = interval {
                    update = update.schedule(every(Duration::from_millis(millis)));
                }
                scheduler.update_job(job, update).await?;
                Answer::Done
            }
            Ask::Fill { job, length } => {
                scheduler.update_job(job, JobUpdate::new().args([".".repeat(length)])).await?;
                Answer::Done
            }
            Ask::Pause(job) => scheduler.pause_job(job).await.map(|()| Answer::Done)?,
            Ask::Resume(job) => scheduler.resume_job(job).await.map(|()| Answer::Done)?,
            Ask::Cancel(job) => scheduler.cancel_job(job).await.map(|()| Answer::Done)?,
            Ask::RunNow(job) => Answer::Requested(scheduler.run_job_now(job).await?),
            Ask::RetryLetter(letter) => Answer::Requested(scheduler.retry_dead_letter(letter).await?),
        })
    }

    fn new_job(&mut self, name: String, group: String, retries: u32) -> NewJob {
        let place = self.random.below(FUNCTIONS.len() as u64);
        let function = FUNCTIONS[usize::try_from(place).expect("it is small")];
        let (millis, nap) = (100 + self.random.below(20_000), self.random.below(100));
        let length = Duration::from_millis(millis);
        macro_rules! with {
            ($schedule:expr) => {
                $schedule.call(function).args([nap]).name(name).group(group).retries(retries).into()
            };
        }
        match self.random.below(4) {
            0 => with!(once(length)),
            1 => with!(cron("*/10 * * * * *")),
            2 => with!(daily().at("04:00")),
            _ => with!(every(length)),
        }
    }
}
