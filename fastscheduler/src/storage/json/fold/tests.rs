//! Moments of a fold that cannot be met from outside.

use std::fs;
use std::path::{Path, PathBuf};

use crate::storage::json::JsonStorage;
use crate::storage::json::ending::Closing;
use crate::storage::json::error::FileError;
use crate::storage::json::folding::Unfolded;
use crate::storage::{Durability, HistoryQuery, Limits, Storage as _};
use crate::testing::storage_contract::sample::{self, Fire};

/// A folder for a test, and a store in it with a job.
async fn with_a_job(name: &str) -> (PathBuf, JsonStorage) {
    let folder = std::env::temp_dir().join(format!("fastscheduler-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let store = JsonStorage::open(folder.join("state.json")).expect("an empty folder");
    store.apply(&[sample::add(&sample::job(1))], Durability::Now).await.expect("there is space");
    (folder, store)
}

/// The same with a job that has failed four times and a letter too many, which
/// no record says yet.
async fn with_a_drop(name: &str) -> (PathBuf, JsonStorage) {
    let (folder, store) = with_a_job(name).await;
    let job = sample::job(1);
    for number in 1..=4 {
        let fire = Fire::of(&job, number * 10);
        store.apply(&[fire.claim(), fire.buried()], Durability::Now).await.expect("there is space");
    }
    store
        .prune(Limits { max_history: 1_000, history_since: None, max_dead_letters: 3 })
        .await
        .expect("it is in memory");
    (folder, store)
}

/// What a process finds that begins after one that ended here.
fn after_a_kill(folder: &Path) -> JsonStorage {
    let killed = folder.join("killed");
    fs::create_dir_all(&killed).expect("a folder");
    for file in ["state.json", "state.json.journal", "state.json.journal.old"] {
        if folder.join(file).exists() {
            fs::copy(folder.join(file), killed.join(file)).expect("there is space");
        }
    }
    JsonStorage::open(killed.join("state.json")).expect("it opens")
}

#[tokio::test]
async fn what_was_dropped_before_a_fold_is_not_back_if_the_process_ends_in_it() {
    let (folder, store) = with_a_drop("dropped").await;
    store.0.ledger.put_journal_aside().unwrap();
    assert_eq!(store.clear_dead_letters().await.unwrap(), 3);
    let after = after_a_kill(&folder);
    assert_eq!(after.dead_letter_count().await.unwrap(), 0);
    // Their threads write into it.
    drop((store, after));
    fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn nothing_is_written_after_what_a_full_disk_did_not_take() {
    let (folder, store) = with_a_drop("behind").await;
    let before = store.history(&HistoryQuery::default()).await.unwrap();
    let full = FileError::new("write the journal", &folder, std::io::ErrorKind::StorageFull.into());
    store.0.ledger.inner().behind = Some(full);
    store.apply(&[sample::add(&sample::job(2))], Durability::Soon).await.unwrap();
    store.prune(Limits { max_history: 1_000, history_since: None, max_dead_letters: 2 }).await.unwrap();
    assert!(store.0.ledger.put_journal_aside().is_err());
    let after = after_a_kill(&folder);
    assert_eq!(after.history(&HistoryQuery::default()).await.unwrap(), before);
    // Their threads write into it.
    drop((store, after));
    fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_fold_that_a_stop_overtakes_leaves_the_one_snapshot_to_the_stop() {
    let (folder, store) = with_a_job("overtaken").await;
    let before = fs::read(folder.join("state.json")).unwrap();
    // Nobody has woken its threads, which would close it.
    store.0.ledger.inner().closing = Some(Closing::Folded);
    assert!(matches!(store.0.ledger.fold(), Err(Unfolded::Closing)));
    assert_eq!(fs::read(folder.join("state.json")).unwrap(), before, "no snapshot was written");
    assert!(folder.join("state.json.journal.old").exists());
    store.close().await.unwrap();
    assert!(!folder.join("state.json.journal.old").exists());
    assert_eq!(after_a_kill(&folder).jobs().await.unwrap().len(), 1);
    fs::remove_dir_all(&folder).unwrap();
}
