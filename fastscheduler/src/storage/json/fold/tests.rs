//! Moments of a fold that cannot be met from outside.

use std::fs;

use crate::storage::json::JsonStorage;
use crate::storage::{Durability, Limits, Storage as _};
use crate::testing::storage_contract::sample::{self, Fire};

#[tokio::test]
async fn what_was_dropped_before_a_fold_is_not_back_if_the_process_ends_in_it() {
    let folder = std::env::temp_dir().join(format!("fastscheduler-fold-{}", std::process::id()));
    let killed = folder.join("killed");
    fs::create_dir_all(&killed).unwrap();
    let store = JsonStorage::open(folder.join("state.json")).unwrap();
    let job = sample::job(1);
    store.apply(&[sample::add(&job)], Durability::Now).await.unwrap();
    for number in 1..=4 {
        let fire = Fire::of(&job, number * 10);
        store.apply(&[fire.claim(), fire.buried()], Durability::Now).await.unwrap();
    }
    // No record says so yet.
    store.prune(Limits { max_history: 1_000, history_since: None, max_dead_letters: 3 }).await.unwrap();
    store.0.ledger.put_journal_aside().unwrap();
    assert_eq!(store.clear_dead_letters().await.unwrap(), 3);
    for file in ["state.json", "state.json.journal", "state.json.journal.old"] {
        fs::copy(folder.join(file), killed.join(file)).unwrap();
    }
    let after = JsonStorage::open(killed.join("state.json")).unwrap();
    assert_eq!(after.dead_letter_count().await.unwrap(), 0);
    fs::remove_dir_all(&folder).unwrap();
}
