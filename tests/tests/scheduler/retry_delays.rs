//! How long a job waits before it tries a failed fire again.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::schedule::{OptionalAmount, ScheduleBuilder};
use fastscheduler::{Backoff, JobUpdate, NewJob, Ratio, testing};
use fastscheduler_tests::{monday, runs, started};

fn failing() -> ScheduleBuilder<impl fastscheduler::schedule::kind::Kind, fastscheduler::JobPart> {
    every(1).hours().call("fails").retries(3)
}

/// When the attempts of a job began, in seconds after its first fire.
async fn attempts(job: impl Into<NewJob>) -> Vec<f64> {
    let (scheduler, clock) = started().await;
    scheduler.add(job).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(3_600 + 1_800)).await.unwrap();
    let first = monday() + Duration::from_secs(3_600);
    runs(&scheduler).await.iter().map(|run| (run.started_at.unwrap() - first).as_seconds_f64()).collect()
}

#[tokio::test]
async fn a_job_waits_as_long_as_it_says_before_each_retry() {
    assert_eq!(attempts(failing().retry_delay("5s")).await, [0.0, 5.0, 15.0, 35.0]);
    assert_eq!(attempts(failing().retry_delay(4).retry_factor(1.5)).await, [0.0, 4.0, 10.0, 19.0]);
    assert_eq!(attempts(failing().retry_factor(1.0)).await, [0.0, 2.0, 4.0, 6.0]);
    let capped = failing().retry_delay("1m").retry_max_delay("90s");
    assert_eq!(attempts(capped).await, [0.0, 60.0, 150.0, 240.0]);
    let at_once = failing().retry_delay(Duration::ZERO).retry_factor(10.0);
    assert_eq!(attempts(at_once).await, [0.0; 4]);
}

#[tokio::test]
async fn jitter_makes_each_wait_shorter_or_longer_by_up_to_its_share() {
    let all = attempts(failing().retry_delay(100).retry_factor(1.0).retry_jitter(0.2)).await;
    let waits: Vec<f64> = all.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits.iter().all(|wait| (80.0..=120.0).contains(wait)), "{waits:?}");
    assert!(waits.iter().any(|wait| (wait - waits[0]).abs() > 1e-3), "each its own: {waits:?}");
    let capped = failing().retry_delay(100).retry_factor(1.0).retry_jitter(1.0).retry_max_delay(100);
    let all = attempts(capped).await;
    assert!(all.windows(2).all(|pair| pair[1] - pair[0] <= 100.0), "{all:?}");
}

#[tokio::test]
async fn an_update_changes_the_wait_of_the_next_retry() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(failing().retry_delay("10s")).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(3_600)).await.unwrap();
    scheduler.update_job(&id, JobUpdate::new().retry_delay("1m").retry_factor(3.0)).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(1_800)).await.unwrap();
    let first = monday() + Duration::from_secs(3_600);
    let all = runs(&scheduler).await;
    let began: Vec<i64> = all.iter().map(|run| (run.started_at.unwrap() - first).num_seconds()).collect();
    assert_eq!(began, [0, 10, 190, 730], "the retry that waited already came when it was due");
    let default = JobUpdate::new().retry_delay(None).retry_factor(None);
    scheduler.update_job(&id, default).await.unwrap();
    let job = scheduler.job(&id).await.unwrap().unwrap();
    assert_eq!(job.definition().policy.backoff, Backoff::default());
}

#[tokio::test]
async fn what_no_wait_can_be_is_an_error_that_says_what_is_right() {
    let (scheduler, _clock) = started().await;
    let id = scheduler.add(failing()).await.unwrap();
    let wait = |written: &str| OptionalAmount::from(written);
    let cases: [(NewJob, JobUpdate, &str); 6] = [
        (
            failing().retry_delay(wait("soon")).into(),
            JobUpdate::new().retry_delay(wait("soon")),
            "the retry_delay is wrong: `soon` is not a length of time",
        ),
        (
            failing().retry_max_delay(-1).into(),
            JobUpdate::new().retry_max_delay(-1),
            "the retry_max_delay is wrong: `-1 seconds` is out of range; use 0, or 1 millisecond to 100 years",
        ),
        (
            failing().retry_factor(0.9).into(),
            JobUpdate::new().retry_factor(0.9),
            "the retry_factor is wrong: `0.9` is not a factor; use a number of at least 1",
        ),
        (
            failing().retry_factor(f64::INFINITY).into(),
            JobUpdate::new().retry_factor(f64::INFINITY),
            "the retry_factor is wrong: `inf` is not a factor",
        ),
        (
            failing().retry_jitter(1.1).into(),
            JobUpdate::new().retry_jitter(1.1),
            "the retry_jitter is wrong: `1.1` is not a share; use a number from 0 to 1",
        ),
        (
            failing().retry_jitter(f64::NAN).into(),
            JobUpdate::new().retry_jitter(f64::NAN),
            "the retry_jitter is wrong: `NaN` is not a share",
        ),
    ];
    for (job, update, expected) in cases {
        let error = scheduler.add(job).await.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
        let error = scheduler.update_job(&id, update).await.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[tokio::test]
async fn a_stored_job_without_these_settings_waits_as_ever() {
    let (scheduler, _clock) = started().await;
    let plain = scheduler.add(failing()).await.unwrap();
    let policy = scheduler.job(&plain).await.unwrap().unwrap().definition().policy.clone();
    let stored = serde_json::to_value(&policy).unwrap();
    assert_eq!(stored.get("backoff"), None, "{stored}");
    assert_eq!(serde_json::from_value::<fastscheduler::Policy>(stored).unwrap(), policy);
    let own = scheduler.add(failing().name("own").retry_factor(1.5)).await.unwrap();
    let policy = scheduler.job(&own).await.unwrap().unwrap().definition().policy.clone();
    assert_eq!(policy.backoff, Backoff { factor: Ratio(1.5), ..Backoff::default() });
    let stored = serde_json::to_value(&policy).unwrap();
    assert_eq!(serde_json::from_value::<fastscheduler::Policy>(stored).unwrap(), policy);
}
