//! Jobs that a program adds, and those that clients do.

use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;
use fastscheduler_tests::fires::second;
use fastscheduler_tests::on_manual_clock;
use fastscheduler_tests::site::Site;
use serde_json::{Value, json};

#[job]
async fn added_by_both() {}

/// A process so many seconds after Monday, with its site.
async fn start(storage: &MemoryStorage, seconds: u64) -> (Scheduler, Site) {
    let (builder, clock) = on_manual_clock();
    clock.set(second(seconds));
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    let site = Site::of(&scheduler).await;
    (scheduler, site)
}

/// The id, the source and `added_at` of each job.
async fn jobs(site: &Site) -> Vec<[Value; 3]> {
    let mut jobs: Vec<_> = site.get("/scheduler/api/jobs").await.json()["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| ["job_id", "source", "added_at"].map(|field| job[field].clone()))
        .collect();
    jobs.sort_by_key(|job| job[0].to_string());
    jobs
}

#[tokio::test]
async fn a_job_that_a_client_created_is_never_one_that_the_program_adds() {
    let storage = MemoryStorage::default();
    let request = json!({
        "func_name": "added_by_both", "schedule_type": "interval", "schedule_config": {"interval": 10},
    });
    let (scheduler, site) = start(&storage, 0).await;
    let json = [("content-type", "application/json")];
    let created = site.ask("POST", "/scheduler/api/jobs", &json, &request.to_string()).await;
    assert_eq!(created.json()["job_id"], "job_0", "{}", created.body);
    scheduler.start().await.unwrap();
    site.close().await;
    scheduler.stop().await.unwrap();

    for seconds in [5, 7] {
        let (scheduler, site) = start(&storage, seconds).await;
        let id = scheduler.add(every(10).seconds().call("added_by_both")).await.unwrap();
        scheduler.start().await.unwrap();
        assert_eq!(id.to_string(), "job_1");
        let added_at = format!("2026-11-23T00:00:0{seconds}Z");
        let expected =
            [["job_0".into(), "api".into(), Value::Null], ["job_1".into(), "code".into(), added_at.into()]];
        assert_eq!(jobs(&site).await, expected);
        site.close().await;
        scheduler.stop().await.unwrap();
    }
}
