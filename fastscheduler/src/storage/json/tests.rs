//! What cannot be met from outside.

use super::JsonStorage;
use crate::storage::{Durability, Storage as _};

#[tokio::test]
async fn a_store_whose_thread_panics_is_lost_and_says_why() {
    let folder = std::env::temp_dir().join(format!("fastscheduler-panics-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let store = JsonStorage::open(folder.join("state.json")).expect("an empty folder");
    store.0.begin_duty("fastscheduler-test", |_| panic!("a bug")).expect("there is a thread for it");
    let why = "the store could not go on: a thread of it panicked: a bug";
    assert_eq!(store.lost().await.to_string(), why);
    let errors = [store.apply(&[], Durability::Now).await, store.check().await, store.close().await];
    for error in errors {
        assert_eq!(error.expect_err("it is lost").to_string(), why);
    }
    JsonStorage::open(folder.join("state.json")).expect("its lock is released");
    std::fs::remove_dir_all(&folder).expect("the folder");
}
