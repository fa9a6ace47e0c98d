//! Moments of a fold that cannot be met from outside.

use std::fs;
use std::path::{Path, PathBuf};

use crate::storage::json::JsonStorage;
use crate::storage::json::error::FileError;
use crate::storage::{Durability, HistoryQuery, Limits, Storage as _};
use crate::testing::storage_contract::sample::{self, Fire};

/// A folder for a test, and a store in it with a job that has failed four times
/// and a letter too many, which no record says yet.
async fn with_a_drop(name: &str) -> (PathBuf, JsonStorage) {
    let folder = std::env::temp_dir().join(format!("fastscheduler-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let store = JsonStorage::open(folder.join("state.json")).expect("an empty folder");
    let job = sample::job(1);
    store.apply(&[sample::add(&job)], Durability::Now).await.expect("there is space");
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
