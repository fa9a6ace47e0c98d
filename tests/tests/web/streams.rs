//! Many streams of events, and one that is opened again and again.

use std::collections::BTreeMap;
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::{JobId, JobUpdate};
#[cfg(unix)]
use fastscheduler_tests::few_files::FewFiles;
use fastscheduler_tests::random::Random;
use fastscheduler_tests::site::{EventStream, PATIENCE, Site};
use fastscheduler_tests::{advance, on_manual_clock, started};
use serde_json::Value;
use tokio::time::timeout;

const EVENTS: &str = "/scheduler/events";
const CHANGES: &str = "/scheduler/events?stream=changes";

/// The jobs that a client knows, by id.
type Jobs = BTreeMap<String, Value>;

fn add(jobs: &mut Jobs, mut job: Value) {
    // It is true of the moment at which it is told.
    // These change as time passes.
    for field in ["next_run_in", "fires_due"] {
        job.as_object_mut().unwrap().remove(field).unwrap();
    }
    jobs.insert(job["job_id"].as_str().unwrap().to_owned(), job);
}

fn by_id(list: &Value) -> Jobs {
    let mut jobs = Jobs::new();
    list.as_array().unwrap().iter().for_each(|job| add(&mut jobs, job.clone()));
    jobs
}

/// Takes over what the next event says; returns its id.
async fn follow(events: &mut EventStream, jobs: &mut Jobs, snapshots: &mut usize) -> String {
    let event = events.next().await.unwrap();
    match event.name.as_str() {
        "snapshot" => {
            *jobs = by_id(&event.json()["jobs"]);
            *snapshots += 1;
        }
        "job" => add(jobs, event.json()),
        "removed" => {
            jobs.remove(event.json()["job_id"].as_str().unwrap());
        }
        _ => {}
    }
    event.id.unwrap()
}

/// Does one of the things that change jobs.
async fn change(scheduler: &Scheduler, ids: &mut Vec<JobId>, random: &mut Random) {
    let count = u64::try_from(ids.len()).unwrap();
    let place = usize::try_from(random.below(count.max(1))).unwrap();
    match (random.below(5), ids.get(place)) {
        (0, Some(id)) => {
            scheduler.cancel_job(id).await.unwrap();
            ids.remove(place);
        }
        (1, Some(id)) => scheduler.pause_job(id).await.unwrap(),
        (2, Some(id)) => scheduler.resume_job(id).await.unwrap(),
        (3, Some(id)) => {
            let update = JobUpdate::new().retries(u32::try_from(random.below(9)).unwrap());
            scheduler.update_job(id, update).await.unwrap();
        }
        _ => ids.push(scheduler.add(every(random.below(9) + 1).seconds().call("quick")).await.unwrap()),
    }
}

#[tokio::test]
async fn what_a_client_knows_after_many_reconnections_is_the_list_of_jobs() {
    for seed in 0..5 {
        let mut random = Random(seed);
        let (scheduler, clock) = started().await;
        let site = Site::of(&scheduler).await;
        let (mut jobs, mut snapshots, mut ids) = (Jobs::new(), 0, Vec::new());
        let mut events = site.listen(CHANGES, &[]).await;
        let mut last = follow(&mut events, &mut jobs, &mut snapshots).await;
        for _ in 0..30 {
            for _ in 0..=random.below(3) {
                change(&scheduler, &mut ids, &mut random).await;
            }
            if random.below(2) == 0 {
                advance(&scheduler, &clock, 1).await;
            }
            // The connection is lost, maybe in the midst of what it has to tell.
            for _ in 0..random.below(3) {
                let next = follow(&mut events, &mut jobs, &mut snapshots);
                match timeout(Duration::from_millis(20), next).await {
                    Ok(id) => last = id,
                    Err(_) => break,
                }
            }
            events = site.listen(CHANGES, &[("last-event-id", &last)]).await;
        }
        let listed = by_id(&site.get("/scheduler/api/jobs").await.json()["jobs"]);
        let is_known = async {
            while jobs != listed {
                follow(&mut events, &mut jobs, &mut snapshots).await;
            }
        };
        let is_known = timeout(PATIENCE, is_known).await;
        assert!(is_known.is_ok(), "seed {seed}: {jobs:?} is not {listed:?}");
        assert_eq!(snapshots, 1, "seed {seed}: all reconnections went on where they were");
        scheduler.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_stop_waits_for_none_of_a_hundred_streams() {
    let (builder, _clock) = on_manual_clock();
    let scheduler = builder.http("127.0.0.1:0").build().await.unwrap();
    scheduler.start().await.unwrap();
    let site = Site::at(scheduler.http_address().unwrap());
    let mut streams = Vec::new();
    for path in [EVENTS, CHANGES].repeat(50) {
        let mut events = site.listen(path, &[]).await;
        events.next().await.unwrap();
        streams.push(events);
    }
    // The clock stands still: nobody's grace is ever over.
    timeout(PATIENCE, scheduler.stop()).await.expect("it waits for no stream").unwrap();
    for events in &mut streams {
        assert_eq!(events.named("shutdown").await.data, "bye");
        assert_eq!(events.next().await, None);
    }
}

#[cfg(unix)]
#[test]
fn ninety_streams_leave_files_for_the_store_where_there_are_64() {
    use std::io::{Read as _, Write as _};

    let program = FewFiles::start(env!("CARGO_BIN_EXE_serves"), 64);
    let streams: Vec<_> = (0..90)
        .map(|_| {
            let mut client = program.connect();
            let request = "GET /scheduler/events HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
            client.write_all(request.as_bytes()).unwrap();
            client
        })
        .collect();
    let mut open = Vec::new();
    let mut refused = 0;
    for mut client in streams {
        let mut status = [0; 12];
        client.read_exact(&mut status).unwrap();
        match &status {
            b"HTTP/1.1 200" => open.push(client),
            b"HTTP/1.1 503" => refused += 1,
            other => panic!("{}", String::from_utf8_lossy(other)),
        }
    }
    assert!(open.len() >= 16 && open.len() + refused == 90, "{} are open", open.len());
    for _ in 0..3 {
        program.create_job();
    }
}
