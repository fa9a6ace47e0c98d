//! Two hundred jobs of all kinds.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::{CatchUp, Clock as _, JobId, NewJob, Overlap, SchedulerError, SystemClock};
use fastscheduler_tests::diary::Diary;
use fastscheduler_tests::random::Random;

/// Those that attributes declare, beneath, and those that are added.
const DECLARED: u32 = 24;
const ADDED: u32 = 200 - DECLARED - 1;

/// The name of the job whose argument makes the journal long.
pub(super) const FILLING: &str = "filling";

/// The functions that jobs of all kinds take turns with.
pub(super) const FUNCTIONS: [&str; 6] = ["naps", "blocks", "wavers", "fails", "is_late", "panics"];

#[every("60ms", name = "e1", args(0))]
#[every("400ms", name = "e2", args(30), overlap = "allow", catch_up = "all")]
#[every("150ms", name = "e3", args(200), overlap = "queue", catch_up = "none")]
#[every("300ms", name = "e4", args(700), overlap = "cancel")]
#[every(1, seconds, name = "e5", args(5), jitter = "400ms")]
#[every(2, minutes, name = "e6", args(0), enabled = false)]
#[hourly(at = ":30", name = "h", args(0))]
#[daily(at = "14:30", name = "d", args(0), tz = "America/New_York")]
#[weekly(monday, friday, at = "10:00", name = "w", args(0))]
#[monthly(last, at = "00:00", name = "m", args(0))]
#[cron("* * * * * *", name = "c1", args(10))]
#[cron("*/2 * * * * *", name = "c2", args(1500), overlap = "queue")]
#[cron("0 9 * * MON-FRI", name = "c3", args(0), tz = "Europe/Paris")]
#[once("150ms", name = "o", args(0))]
#[at("2020-02-29 12:00:00", name = "past", args(0))]
#[at("2037-12-25 00:00:00", name = "future", args(0))]
async fn naps(context: JobContext, diary: State<Diary>, millis: u64) {
    let attempt = diary.begin(&context);
    nap(millis).await;
    attempt.succeed();
}

/// Holds a thread, until it may go.
#[every("500ms", name = "b1", args(20), overlap = "cancel", catch_up = "all")]
#[every("700ms", name = "b2", args(600), overlap = "skip")]
#[cron("* * * * * *", name = "b3", args(0), overlap = "allow", timeout = "1s")]
fn blocks(context: JobContext, diary: State<Diary>, millis: u64) {
    const STEP: u64 = 5;
    let attempt = diary.begin(&context);
    for _ in 0..millis.div_ceil(STEP) {
        if context.is_cancelled() {
            return;
        }
        #[expect(clippy::disallowed_methods, reason = "it is to hold a thread for a real time")]
        std::thread::sleep(Duration::from_millis(STEP));
    }
    attempt.succeed();
}

/// Fails now and then.
#[every("250ms", name = "r1", args(10), retries = 2)]
#[every("400ms", name = "r2", args(0), retries = 0, overlap = "allow")]
async fn wavers(context: JobContext, diary: State<Diary>, millis: u64) -> anyhow::Result<()> {
    let attempt = diary.begin(&context);
    nap(millis).await;
    let fire = context.scheduled_for().timestamp_micros().cast_unsigned();
    anyhow::ensure!(Random(fire + u64::from(context.attempt())).below(3) > 0, "now and then");
    attempt.succeed();
    Ok(())
}

#[every("600ms", name = "f", args(0), retries = 0)]
async fn fails(context: JobContext, diary: State<Diary>, millis: u64) -> anyhow::Result<()> {
    let _attempt = diary.begin(&context);
    nap(millis).await;
    anyhow::bail!("always");
}

/// Takes longer than it may.
#[every("500ms", name = "t", args(40), timeout = "30ms", retries = 1)]
async fn is_late(context: JobContext, diary: State<Diary>, millis: u64) {
    let attempt = diary.begin(&context);
    nap(millis).await;
    attempt.succeed();
}

#[every("900ms", name = "p", args(0), retries = 1)]
async fn panics(context: JobContext, diary: State<Diary>, millis: u64) {
    let _attempt = diary.begin(&context);
    nap(millis).await;
    panic!("it was told to");
}

#[job]
async fn keeps(context: JobContext, diary: State<Diary>, _text: String) {
    diary.begin(&context).succeed();
}

async fn nap(millis: u64) {
    if millis > 0 {
        SystemClock.sleep(Duration::from_millis(millis)).await;
    }
}

/// Adds the jobs that are not declared, or finds them as they were left. Each
/// process does so until all are there, and then some do, as a new version of a
/// program would; the others leave it to the store to have them.
pub(super) async fn add_all(scheduler: &Scheduler) -> Result<(), SchedulerError> {
    let filling = monthly().on(1).at("00:00").call("keeps").args([""]).name(FILLING).key(FILLING);
    let mut added: Vec<_> = (0..ADDED).map(|number| added(scheduler, number)).collect();
    added.push(Box::pin(scheduler.add(filling)));
    // Side by side, so that they share their syncs.
    futures_util::future::try_join_all(added).await.map(drop)
}

type Added<'a> = futures_util::future::BoxFuture<'a, Result<JobId, SchedulerError>>;

fn added(scheduler: &Scheduler, number: u32) -> Added<'_> {
    Box::pin(async move { scheduler.add(job(number)).await })
}

/// One of the jobs that are added: kinds of schedules, functions, overlaps and
/// what happens to missed fires take turns at different paces.
fn job(number: u32) -> NewJob {
    const KINDS: u32 = 16;
    // In milliseconds. Few are fast: each run stays in the history.
    const INTERVALS: [u64; 11] =
        [100, 1_000, 4_000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000];
    let interval = INTERVALS[(number / KINDS) as usize % INTERVALS.len()];
    let every_so = |factor| every(Duration::from_millis(interval * factor));
    // The same job whatever its schedule is.
    macro_rules! with {
        ($schedule:expr) => {{
            let function = FUNCTIONS[number as usize % FUNCTIONS.len()];
            let overlap = [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel];
            let catch_up = [CatchUp::Once, CatchUp::All, CatchUp::None];
            let name = format!("added-{number}");
            $schedule
                .call(function)
                .args([[0, 0, 10, 50, 450][number as usize % 5]])
                .retries(number % 4)
                .overlap(overlap[(number / 3) as usize % overlap.len()])
                .catch_up(catch_up[(number / 5) as usize % catch_up.len()])
                .group(format!("group-{}", number % 5))
                .key(name.as_str())
                .name(name)
                .into()
        }};
    }
    match number % KINDS {
        0 => with!(every_so(1)),
        1 => with!(every_so(7)),
        2 => with!(cron("* * * * * *").enabled(number == 2)),
        3 => with!(every_so(3).jitter(Duration::from_millis(interval))),
        4 => with!(every_so(2).enabled(false)),
        5 => with!(every_so(5).starting_at(chrono::DateTime::UNIX_EPOCH)),
        6 => with!(hourly().at(":15")),
        7 => with!(daily().at("09:00").tz("Asia/Tokyo")),
        8 => with!(weekly().weekdays().at("09:00")),
        9 => with!(monthly().last_day().at("23:30")),
        10 => with!(cron("* * * * *")),
        11 => with!(cron("*/20 * * * * *")),
        12 => with!(cron("30 * * * * *")),
        13 => with!(cron("0 12 * * MON#1")),
        14 => with!(once(Duration::from_millis(100 * interval))),
        _ => with!(at("2037-01-01 00:00:00")),
    }
}
