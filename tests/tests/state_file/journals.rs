//! What the store in files finds when it is opened again.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastscheduler::storage::{Durability, HistoryQuery, JsonStorage, Storage as _};
use fastscheduler::testing::storage_contract::sample;

/// Three jobs, each in a record of its own, and the lines of their journal.
async fn three_jobs(folder: &std::path::Path) -> Vec<String> {
    let store = JsonStorage::open(folder.join("state.json")).unwrap();
    for number in 1..=3 {
        store.apply(&[sample::add(&sample::job(number))], Durability::Now).await.unwrap();
    }
    let journal = fs::read_to_string(folder.join("state.json.journal")).unwrap();
    journal.split_inclusive('\n').map(str::to_owned).collect()
}

#[tokio::test]
async fn a_journal_that_lacks_a_record_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let lines = three_jobs(folder.path()).await;
    let journal = folder.path().join("state.json.journal");
    fs::write(&journal, [&*lines[0], &*lines[1], &*lines[3]].concat()).unwrap();
    let error = JsonStorage::open(folder.path().join("state.json")).unwrap_err().to_string();
    assert!(error.contains("it is change 3, but 2 should come here"), "{error}");
}

#[tokio::test]
async fn a_journal_that_the_snapshot_is_ahead_of_is_not_gone_on_with() {
    // As a process leaves it that wrote a snapshot after a disk was full, and
    // ended before it began another journal.
    let folder = tempfile::tempdir().unwrap();
    three_jobs(folder.path()).await;
    let (state, journal) = (folder.path().join("state.json"), folder.path().join("state.json.journal"));
    let shorter = fs::read(&journal).unwrap();
    let store = JsonStorage::open(&state).unwrap();
    for number in 4..=6 {
        store.apply(&[sample::add(&sample::job(number))], Durability::Now).await.unwrap();
    }
    store.close().await.unwrap();
    fs::write(&journal, shorter).unwrap();
    let store = JsonStorage::open(&state).unwrap();
    store.apply(&[sample::add(&sample::job(7))], Durability::Now).await.unwrap();
    drop(store);
    assert_eq!(JsonStorage::open(&state).unwrap().jobs().await.unwrap().len(), 7);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_asks_while_the_journal_is_made_good_is_answered() {
    const PATIENCE: Duration = Duration::from_secs(20);
    let folder = tempfile::tempdir().unwrap();
    let store = JsonStorage::open(folder.path().join("state.json")).unwrap();
    for _ in 0..5 {
        // The next sync finds that it is gone, and a snapshot takes its place.
        fs::remove_file(folder.path().join("state.json.journal")).unwrap();
        store.apply(&[sample::add(&sample::job(1))], Durability::Soon).await.unwrap();
        // One request after another from each, so that some come at any moment.
        let asked = (0..8).map(|caller: u64| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..50 {
                    let change = [sample::add(&sample::job(caller * 50 + number))];
                    let applied = tokio::time::timeout(PATIENCE, store.apply(&change, Durability::Now)).await;
                    applied.expect("it is answered").unwrap();
                }
            })
        });
        for asked in asked.collect::<Vec<_>>() {
            asked.await.unwrap();
        }
    }
}

#[tokio::test]
async fn journals_of_processes_that_never_folded_do_not_grow_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let state_file = folder.path().join("state.json");
    let length = |name: &str| fs::metadata(folder.path().join(name)).unwrap().len();
    let job = sample::job(1);
    JsonStorage::open(&state_file).unwrap().apply(&[sample::add(&job)], Durability::Now).await.unwrap();
    let mut longest = 0;
    for process in 0..10 {
        let store = JsonStorage::open(&state_file).unwrap();
        assert_eq!(store.jobs().await.unwrap().len(), 1, "process {process}");
        for number in 1..=600 {
            let fire = sample::Fire::of(&job, process * 6_000 + number * 10);
            store.apply(&[fire.claim(), fire.completed()], Durability::Soon).await.unwrap();
        }
        // Dropped, not closed: as if the process had ended here.
        drop(store);
        longest = longest.max(length("state.json.journal"));
    }
    let store = JsonStorage::open(&state_file).unwrap();
    let all = HistoryQuery { limit: usize::MAX, ..HistoryQuery::default() };
    assert_eq!(store.history(&all).await.unwrap().len(), 6_000, "nothing is lost by that");
    assert!(longest > 1024 * 1024, "{longest} is not long");
    assert!(longest < 3 * 1024 * 1024, "the journal grows to {longest}");
}

#[cfg(unix)]
#[test]
fn a_store_can_be_opened_again_while_processes_are_started() {
    const TIMES: usize = 300;
    let folder = tempfile::tempdir().unwrap();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                std::process::Command::new("true").status().unwrap();
            }
        });
        let opened =
            (0..TIMES).try_for_each(|_| JsonStorage::open(folder.path().join("state.json")).map(drop));
        is_over.store(true, Ordering::Relaxed);
        opened.unwrap();
    });
}
