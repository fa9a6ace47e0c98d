//! What the store in files finds when it is opened again.

use std::sync::atomic::{AtomicBool, Ordering};

use fastscheduler::storage::JsonStorage;

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
