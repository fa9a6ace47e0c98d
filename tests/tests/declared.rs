//! Jobs that attributes declare, on a scheduler.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::testing;
use fastscheduler::{RunStatus, Source};
use fastscheduler_tests::{instant, monday, on_manual_clock, runs};

#[every(10, seconds)]
#[daily(at = "00:00:25", name = "at 25")]
async fn twice() {}

#[at("2020-01-01 00:00:00")]
async fn long_ago() {}

#[once("5s", args("x"))]
fn soon(text: String) -> String {
    text
}

#[every(1, seconds, enabled = false)]
async fn asleep() {}

#[tokio::test]
async fn declared_jobs_run_and_a_date_that_is_over_is_recorded_as_missed() {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.build().await.unwrap();
    let jobs = scheduler.jobs().await.unwrap();
    let mut names: Vec<_> = jobs.iter().map(|job| (job.name(), job.source(), job.is_paused())).collect();
    names.sort_by_key(|(name, ..)| *name);
    let code = Source::Code;
    assert_eq!(
        names,
        [("asleep", code, true), ("at 25", code, false), ("soon", code, false), ("twice", code, false)]
    );
    scheduler.start().await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(30)).await.unwrap();
    let ran: Vec<_> = runs(&scheduler)
        .await
        .iter()
        .map(|run| (run.job_name.clone(), run.status, (run.scheduled_for() - monday()).num_seconds()))
        .collect();
    let long_ago = (instant("2020-01-01T00:00:00Z") - monday()).num_seconds();
    let expected = [
        ("long_ago", RunStatus::Missed, long_ago),
        ("soon", RunStatus::Completed, 5),
        ("twice", RunStatus::Completed, 10),
        ("twice", RunStatus::Completed, 20),
        ("at 25", RunStatus::Completed, 25),
        ("twice", RunStatus::Completed, 30),
    ];
    assert_eq!(ran, expected.map(|(name, status, second)| (name.into(), status, second)));
}
