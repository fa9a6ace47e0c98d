//! Jobs of the Python program that the code declares: each is adopted by the
//! declaration of its schedule, or by the only one of its function, and none
//! comes twice.

use fastscheduler::prelude::*;
use fastscheduler::testing::ManualClock;
use fastscheduler::{CatchUp, JobStatus, Source};
use fastscheduler_tests::state_folder::StateFolder;
use fastscheduler_tests::{advance, instant};

/// When the sample was saved.
const SAVED: &str = "2026-11-23T07:37:17.741122Z";

#[every(1, second)]
#[hourly(at = ":30", catch_up = "none")]
async fn heartbeat() {}

#[daily(
    at = "09:30",
    tz = "Asia/Shanghai",
    name = "Morning report",
    group = "letters",
    timeout = "2m",
    args("Evening Report")
)]
#[cron("0 9 * * MON-FRI", tz = "America/New_York")]
async fn report(title: Option<String>, priority: Option<String>) -> Option<String> {
    title.or(priority)
}

/// Of another schedule than that which is stored. It is the only one of the
/// only job of its function, so the code has changed it.
#[every(3, seconds)]
async fn unreliable() {}

#[every(1, hour)]
async fn fresh() {}

async fn built(folder: &StateFolder, clock: &ManualClock) -> Scheduler {
    Scheduler::builder().state_file(folder.state_file()).clock(clock.clone()).build().await.unwrap()
}

async fn outline(scheduler: &Scheduler) -> Vec<String> {
    let jobs = scheduler.jobs().await.unwrap();
    let row = |job: &fastscheduler::Job| {
        let (schedule, function) = (&job.definition().schedule, job.function().name());
        format!("{} {function}: {schedule}, {} runs", job.id(), job.run_count())
    };
    jobs.iter().map(row).collect()
}

#[tokio::test]
async fn a_declaration_of_the_same_schedule_or_the_only_one_adopts_the_job_and_makes_no_second_one() {
    let folder = StateFolder::of_python(&[]);
    let clock = ManualClock::new(instant(SAVED));
    let expected = [
        "job_0 heartbeat: Every 1 second, 4 runs",
        "job_1 report: Daily at 09:30 (Asia/Shanghai), 0 runs",
        "job_2 report: Every Mon, Fri at 10:00, 0 runs",
        "job_3 heartbeat: Hourly at :30, 0 runs",
        "job_4 report: Cron: 0 9 * * MON-FRI (America/New_York), 0 runs",
        "job_5 report: One-time job, 0 runs",
        "job_6 unreliable: Every 3 seconds, 2 runs",
        "job_7 fresh: Every 1 hour, 0 runs",
    ];
    // Built, never started, and built again; then after a stop.
    for _ in 0..2 {
        assert_eq!(outline(&built(&folder, &clock).await).await, expected);
    }
    let scheduler = built(&folder, &clock).await;
    scheduler.start().await.unwrap();
    scheduler.stop().await.unwrap();
    assert_eq!(outline(&built(&folder, &clock).await).await, expected);
}

#[tokio::test]
async fn an_adopted_job_keeps_its_state_and_goes_by_what_the_code_says() {
    let folder = StateFolder::of_python(&[]);
    let clock = ManualClock::new(instant(SAVED));
    let scheduler = built(&folder, &clock).await;
    let job = async |id: &str| scheduler.job(id).await.unwrap().unwrap();
    let report = job("job_1").await;
    assert_eq!((report.group(), report.max_retries()), ("letters", 3));
    assert_eq!(report.definition().args, ["Evening Report"]);
    assert_eq!(report.definition().kwargs, serde_json::Map::new());
    assert_eq!(report.next_run_at(), Some(instant("2026-11-24T01:30:00Z")));
    assert_eq!(job("job_3").await.definition().policy.catch_up, CatchUp::None);
    let paused = job("job_4").await;
    assert_eq!((paused.status(), paused.source()), (JobStatus::Paused, Source::Imported));
    assert_eq!(job("job_0").await.next_run_at(), Some(instant("2026-11-23T07:37:18.239828Z")));

    scheduler.start().await.unwrap();
    advance(&scheduler, &clock, 3).await;
    assert_eq!(job("job_0").await.run_count(), 7);
    scheduler.stop().await.unwrap();
    assert_eq!(built(&folder, &clock).await.job("job_0").await.unwrap().unwrap().run_count(), 7);
}

#[tokio::test]
async fn a_declaration_that_is_cancelled_does_not_come_back_for_the_job_it_had_adopted() {
    let folder = StateFolder::of_python(&[]);
    let clock = ManualClock::new(instant(SAVED));
    let scheduler = built(&folder, &clock).await;
    scheduler.cancel_job("job_0").await.unwrap();
    drop(scheduler);
    let jobs = outline(&built(&folder, &clock).await).await;
    assert_eq!((jobs.len(), jobs.iter().any(|job| job.contains("Every 1 second"))), (7, false));
}
