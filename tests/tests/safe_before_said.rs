//! What a caller is told of is on the disk by then, also if somebody else
//! asked for it. Alone in its file, since it listens to all syncs of its process.

use std::path::Path;

use fastscheduler::prelude::*;
use fastscheduler_tests::last_sync::{LastSync, Notes};
use futures_util::poll;

/// The number of the last change of a job that a journal holds.
fn last_revision(journal: &Path) -> Option<u64> {
    let journal = std::fs::read_to_string(journal).unwrap();
    let record = journal.lines().rfind(|line| line.contains("revise_job"))?;
    let digits = record.strip_prefix(r#"{"sequence":"#)?.split(',').next()?;
    digits.parse().ok()
}

#[tokio::test]
async fn a_pause_that_changes_nothing_is_told_once_the_pause_before_it_is_safe() {
    let folder = tempfile::tempdir().unwrap();
    tracing::subscriber::set_global_default(Notes::create(&folder.path().join("sync")).unwrap()).unwrap();
    let scheduler = Scheduler::builder().state_file(folder.path().join("state.json")).build().await.unwrap();
    let journal = folder.path().join("state.json.journal");
    for _ in 0..20 {
        let id = scheduler.add(every(1).hours().run("job", async || {})).await.unwrap();
        let mut first = Box::pin(scheduler.pause_job(id));
        if poll!(&mut first).is_ready() {
            // The disk was faster than this thread.
            continue;
        }
        let written = last_revision(&journal);
        assert!(written.is_some());
        scheduler.pause_job(id).await.unwrap();
        let safe = LastSync::read(&folder.path().join("sync")).unwrap().map(|sync| sync.sequence);
        assert!(safe >= written, "{safe:?} is safe, and {written:?} was told of");
        first.await.unwrap();
    }
}
