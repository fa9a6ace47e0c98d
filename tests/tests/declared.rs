//! Jobs that attributes declare, on a scheduler.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::testing;
use fastscheduler::{RunStatus, Source};
use fastscheduler_tests::{instant, monday, on_manual_clock, runs};

#[every(10, seconds)]
#[daily(at = "00:00:25", name = "at 25")]
async fn twice() {}

/// The line of the first attribute above.
const FIRST_LINE: u32 = line!() - 5;

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

#[tokio::test]
async fn a_job_that_an_attribute_declares_tells_where_that_stands() {
    let (builder, _clock) = on_manual_clock();
    let scheduler = builder.build().await.unwrap();
    let jobs = scheduler.jobs().await.unwrap();
    let place = |name: &str| {
        let job = jobs.iter().find(|job| job.name() == name).unwrap();
        scheduler.job_now(job).declared_at.map(|place| (place.file, place.line))
    };
    assert_eq!(place("twice"), Some((file!(), FIRST_LINE)));
    assert_eq!(place("at 25"), Some((file!(), FIRST_LINE + 1)));
    let added = scheduler.add(every(1).hours().call("twice")).await.unwrap();
    let added = scheduler.job(added).await.unwrap().unwrap();
    assert_eq!(scheduler.job_now(&added).declared_at, None);
}
