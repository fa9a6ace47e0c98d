//! How builders and updates take lengths of time: as attributes do.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::schedule::{Amount, OptionalAmount};
use fastscheduler::{JobUpdate, NewJob};
use fastscheduler_tests::started;

fn tick() -> fastscheduler::schedule::ScheduleBuilder<impl fastscheduler::schedule::kind::Kind> {
    every(1).hours()
}

#[tokio::test]
async fn a_timeout_or_jitter_is_a_text_a_number_of_seconds_or_a_duration() {
    let (scheduler, _clock) = started().await;
    let cases: [(Amount, Duration); 6] = [
        ("5m".into(), Duration::from_secs(300)),
        (String::from("1h 30m").into(), Duration::from_secs(5_400)),
        (30.into(), Duration::from_secs(30)),
        (30_u64.into(), Duration::from_secs(30)),
        (1.5.into(), Duration::from_millis(1_500)),
        (Duration::new(2, 1).into(), Duration::new(2, 1)),
    ];
    for (written, expected) in cases {
        let job = tick().timeout(written.clone()).jitter(written.clone()).call("quick");
        let id = scheduler.add(job).await.unwrap();
        let lengths = async |id| {
            let job = scheduler.job(id).await.unwrap().unwrap();
            (job.definition().policy.timeout, job.definition().policy.jitter)
        };
        assert_eq!(lengths(&id).await, (Some(expected), Some(expected)), "{written:?}");
        scheduler.update_job(&id, JobUpdate::new().timeout(None).jitter(None)).await.unwrap();
        assert_eq!(lengths(&id).await, (None, None));
        let update = JobUpdate::new().timeout(written.clone()).jitter(written.clone());
        scheduler.update_job(&id, update).await.unwrap();
        assert_eq!(lengths(&id).await, (Some(expected), Some(expected)), "{written:?}");
    }
    // As they are written most often.
    scheduler.add(tick().call("quick").timeout("5m").jitter(10)).await.unwrap();
    let id = scheduler.add(tick().timeout(0.5).jitter(Duration::from_secs(1)).call("quick")).await.unwrap();
    let lengths = JobUpdate::new().timeout("5m").jitter(Some(Duration::from_secs(2)));
    scheduler.update_job(&id, lengths).await.unwrap();
}

#[tokio::test]
async fn a_length_that_is_wrong_is_returned_at_the_end_with_the_name_of_its_setting() {
    let (scheduler, _clock) = started().await;
    let id = scheduler.add(tick().call("quick")).await.unwrap();
    let before = scheduler.job(&id).await.unwrap().unwrap().revision();
    let cases: [(Amount, &str); 6] = [
        ("5x".into(), "`5x` is not a length of time"),
        ("".into(), "`` is not a length of time"),
        (0.into(), "`0 seconds` is out of range"),
        ((-1).into(), "`-1 seconds` is out of range"),
        (f64::NAN.into(), "`NaN seconds` is out of range"),
        (Duration::ZERO.into(), "`0ns` is out of range"),
    ];
    for (written, expected) in cases {
        let amount = || written.clone();
        let optional = || OptionalAmount::from(amount());
        let adds: [(&str, NewJob); 3] = [
            ("timeout", tick().timeout(amount()).call("quick").into()),
            ("jitter", tick().call("quick").jitter(amount()).into()),
            // A right one that follows does not hide it.
            ("timeout", tick().timeout(amount()).timeout(5).call("quick").into()),
        ];
        for (setting, job) in adds {
            let error = scheduler.add(job).await.unwrap_err().to_string();
            assert!(error.starts_with(&format!("the {setting} is wrong: {expected}")), "{error}");
        }
        let updates = [
            ("timeout", JobUpdate::new().timeout(optional())),
            ("jitter", JobUpdate::new().jitter(optional())),
        ];
        for (setting, update) in updates {
            let error = scheduler.update_job(&id, update.retries(1)).await.unwrap_err().to_string();
            assert!(error.starts_with(&format!("the {setting} is wrong: {expected}")), "{error}");
        }
    }
    assert_eq!(scheduler.jobs().await.unwrap().len(), 1);
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().revision(), before);
}
