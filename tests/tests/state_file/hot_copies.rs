//! Copies of the files that are made while a scheduler writes them.

use std::collections::{BTreeSet, VecDeque};
use std::os::unix::fs::MetadataExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::{fs, io};

use fastscheduler::prelude::*;
use fastscheduler::storage::{JsonStorage, Storage as _};
use fastscheduler_tests::state_folder::{JOURNAL, OLD_JOURNAL, STATE, StateFolder};

/// How many copies are made, at least.
const COPIES: usize = 60;

/// How often the files are folded meanwhile, at least.
const FOLDS: usize = 5;

/// Copies what a tool finds, in the order of the names.
fn copy(from: &StateFolder, to: &StateFolder) {
    for name in [STATE, JOURNAL, OLD_JOURNAL] {
        match fs::copy(from.file(name), to.file(name)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => panic!("`{name}`: {error}"),
        }
    }
}

/// Which files there are; others once a journal was put aside or folded.
fn files(folder: &StateFolder) -> [Option<u64>; 3] {
    [STATE, JOURNAL, OLD_JOURNAL]
        .map(|name| fs::metadata(folder.file(name)).ok().map(|metadata| metadata.ino()))
}

/// What is known of the jobs, by name.
#[derive(Debug, Default, Clone)]
struct Known {
    /// Those whose creation was acknowledged.
    added: BTreeSet<String>,
    /// Those of them that are to be cancelled.
    leaving: BTreeSet<String>,
    /// Those whose cancellation was acknowledged.
    gone: BTreeSet<String>,
}

/// How many jobs are there at a time, so that folding goes on to be quick.
const JOBS: usize = 8;

/// Adds jobs and cancels the oldest, until it is told to end.
async fn change(scheduler: Scheduler, known: Arc<Mutex<Known>>, is_over: Arc<AtomicBool>) {
    let mut there = VecDeque::new();
    for number in 0.. {
        let name = format!("job {number}");
        let id = scheduler.add(every(1).hours().run(name.clone(), || async {})).await.unwrap();
        known.lock().unwrap().added.insert(name.clone());
        there.push_back((id, name));
        if there.len() > JOBS
            && let Some((id, name)) = there.pop_front()
        {
            known.lock().unwrap().leaving.insert(name.clone());
            scheduler.cancel_job(id).await.unwrap();
            known.lock().unwrap().gone.insert(name);
        }
        if is_over.load(Ordering::SeqCst) {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_made_meanwhile_opens_with_all_that_was_acknowledged() {
    let folder = StateFolder::new();
    let storage = JsonStorage::open(folder.state_file()).unwrap().fold_at(20_000);
    let scheduler = Scheduler::builder().storage(storage).max_history(10).build().await.unwrap();
    let (known, is_over) = (Arc::<Mutex<Known>>::default(), Arc::<AtomicBool>::default());
    let changing = tokio::spawn(change(scheduler.clone(), Arc::clone(&known), Arc::clone(&is_over)));
    let (mut copies, mut folds, mut opened) = (0, 0, 0);
    while copies < COPIES || folds < FOLDS {
        let files_before = files(&folder);
        let before = known.lock().unwrap().clone();
        let copied = StateFolder::new();
        copy(&folder, &copied);
        let after = known.lock().unwrap().clone();
        let files_after = files(&folder);
        copies += 1;
        folds += usize::from(files_before[0] != files_after[0]);
        match copied.open() {
            Ok(store) => {
                let jobs = store.jobs().await.unwrap();
                let found: BTreeSet<_> = jobs.iter().map(|job| job.name().to_owned()).collect();
                let lost: Vec<_> =
                    before.added.difference(&after.leaving).filter(|job| !found.contains(*job)).collect();
                let back: Vec<_> = before.gone.intersection(&found).collect();
                assert!(lost.is_empty() && back.is_empty(), "lost: {lost:?}, back: {back:?}");
                opened += 1;
            }
            // The journal was put aside or folded while they were copied.
            Err(error) => {
                assert!(files_before != files_after || files_before[2].is_some(), "{error}");
                assert!(error.to_string().contains("nothing was changed"), "{error}");
            }
        }
    }
    is_over.store(true, Ordering::SeqCst);
    changing.await.unwrap();
    assert!(opened * 2 > copies, "{opened} of {copies} copies opened");
    scheduler.stop().await.unwrap();
}
