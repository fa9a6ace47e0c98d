//! What a caller is told of is on the disk by then, also if somebody else
//! asked for it. Alone in its file, since it listens to all syncs of its process.

use std::path::Path;

use fastscheduler::prelude::*;
use fastscheduler::storage::{Durability, JsonStorage, Storage as _};
use fastscheduler::testing::storage_contract::sample::{self, Fire};
use fastscheduler_tests::last_sync::{LastSync, Notes};
use futures_util::poll;

/// The number of the last change that a journal holds.
fn last_change(journal: &Path) -> Option<u64> {
    let journal = std::fs::read_to_string(journal).unwrap();
    let digits = journal.lines().last()?.strip_prefix(r#"{"sequence":"#)?.split(',').next()?;
    digits.parse().ok()
}

#[tokio::test]
async fn what_changes_nothing_is_told_once_what_was_made_before_it_is_safe() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, noted) = (folder.path().join("state.json.journal"), folder.path().join("synced"));
    tracing::subscriber::set_global_default(Notes::create(&noted).unwrap()).unwrap();
    let storage = JsonStorage::open(folder.path().join("state.json")).unwrap();
    let scheduler = Scheduler::builder().storage(storage.clone()).build().await.unwrap();
    let assert_safe = |written: Option<u64>| {
        let safe = LastSync::read(&noted).unwrap().map(|sync| sync.sequence);
        assert!(written.is_some() && safe >= written, "{safe:?} is safe, and {written:?} was told of");
    };
    let mut looked = 0;
    // A disk may be faster than this thread, which then sees nothing.
    for round in 1..=20 {
        let id = scheduler.add(every(1).hours().run("job", async || {})).await.unwrap();
        let mut first = Box::pin(scheduler.pause_job(id));
        if poll!(&mut first).is_pending() {
            let written = last_change(&journal);
            scheduler.pause_job(id).await.unwrap();
            assert_safe(written);
            first.await.unwrap();
            looked += 1;
        }
        let (job, fire) = (sample::job(1_000 + round), Fire::of(&sample::job(1_000 + round), 10));
        let failed = [sample::add(&job), fire.claim(), fire.buried()];
        storage.apply(&failed, Durability::Now).await.unwrap();
        let mut first = Box::pin(scheduler.clear_dead_letters());
        if poll!(&mut first).is_pending() {
            let written = last_change(&journal);
            assert_eq!(scheduler.clear_dead_letters().await.unwrap(), 0);
            assert_safe(written);
            assert_eq!(first.await.unwrap(), 1);
            looked += 1;
        }
    }
    assert!(looked > 0, "no round has shown anything");
}
