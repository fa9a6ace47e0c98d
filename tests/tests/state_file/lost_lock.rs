//! The lock is removed while a state file is in use: it is made again, and who
//! comes meanwhile is refused. If somebody else gets it nonetheless, the first
//! writes and claims nothing more, says so, and stops.

#![cfg(unix)]

use std::fs::{self, File};
use std::future::pending;
use std::io::Write as _;
use std::process::{Command, Stdio};

use fastscheduler::prelude::*;
use fastscheduler::storage::{JsonStorage, Storage as _, StorageError};
use fastscheduler::{ProblemCode, RunStatus, SchedulerError};
use fastscheduler_tests::runs;
use fastscheduler_tests::state_folder::{LOCK, STATE, StateFolder};
use serde_json::json;

/// Locks the file as a process of another container does, in one step.
fn taken_over(folder: &StateFolder) -> File {
    let beside = folder.file("lock of another");
    let mut lock = File::create(&beside).unwrap();
    lock.lock().unwrap();
    let holder = json!({"process": 1, "host": "web-2", "started_at": "2026-03-30T08:00:00.5Z"});
    lock.write_all(holder.to_string().as_bytes()).unwrap();
    fs::rename(beside, folder.file(LOCK)).unwrap();
    lock
}

fn expected(folder: &StateFolder) -> String {
    format!(
        "the state file `{}` was taken over by process 1 on host `web-2`, running since 2026-03-30 08:00:00 UTC; \
         nothing more is written here; stop that one, and start this one again",
        folder.path().canonicalize().unwrap().join(STATE).display()
    )
}

async fn built(folder: &StateFolder) -> Scheduler {
    Scheduler::builder().state_file(folder.state_file()).build().await.unwrap()
}

fn hourly_job(name: &str) -> fastscheduler::NewJob {
    every(1).hours().run(name, || async {}).into()
}

#[tokio::test]
async fn a_lock_that_was_removed_is_made_again_and_who_comes_meanwhile_is_refused() {
    let folder = StateFolder::new();
    let scheduler = built(&folder).await;
    for round in 0..2 {
        fs::remove_file(folder.file(LOCK)).unwrap();
        let refused = folder.open().unwrap_err();
        assert!(matches!(refused, StorageError::InUse { .. }), "{refused}");
        if round == 0 {
            // A request looks at once; without one, the store looks each second.
            scheduler.add(hourly_job("job")).await.unwrap();
            assert!(folder.file(LOCK).exists());
        }
        while !folder.file(LOCK).exists() {
            std::thread::yield_now();
        }
        while fs::read(folder.file(LOCK)).unwrap().is_empty() {
            std::thread::yield_now();
        }
        let refused = folder.open().unwrap_err().to_string();
        assert!(refused.contains("in use by another scheduler of this process"), "{refused}");
    }
    scheduler.stop().await.unwrap();
    assert_eq!(built(&folder).await.jobs().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_that_somebody_else_has_taken_over_is_not_written_any_more() {
    for is_asked in [true, false] {
        let folder = StateFolder::new();
        let scheduler = built(&folder).await;
        let id = scheduler.add(hourly_job("job")).await.unwrap();
        let store = folder.after_a_kill();
        let other = taken_over(&folder);
        let before = folder.contents();
        if is_asked {
            for refused in [
                scheduler.add(hourly_job("another")).await.map(drop).unwrap_err(),
                scheduler.pause_job(id).await.unwrap_err(),
                scheduler.cancel_job(id).await.unwrap_err(),
                scheduler.clear_dead_letters().await.map(drop).unwrap_err(),
                scheduler.check_storage().await.unwrap_err(),
            ] {
                assert_eq!(refused.to_string(), expected(&folder));
            }
            assert_eq!(scheduler.jobs().await.unwrap().len(), 1, "it can be looked at");
        }
        let refused = scheduler.stop().await.unwrap_err();
        assert!(matches!(refused, SchedulerError::Storage(StorageError::Taken { .. })), "{refused}");
        assert_eq!(refused.to_string(), expected(&folder));
        assert!(folder.contents() == before, "asked: {is_asked}");
        // What was acknowledged is there, for whoever has it.
        drop((scheduler, other));
        assert_eq!(built(&folder).await.jobs().await.unwrap(), built(&store).await.jobs().await.unwrap());
    }
}

#[tokio::test]
async fn a_scheduler_whose_file_was_taken_over_stops_by_itself_and_fails() {
    for is_busy in [false, true] {
        let folder = StateFolder::new();
        let scheduler = built(&folder).await;
        let mut events = scheduler.subscribe();
        if is_busy {
            let endless = || async { pending::<()>().await };
            let id = scheduler.add(every(1).hours().run("endless", endless)).await.unwrap();
            scheduler.start().await.unwrap();
            scheduler.run_job_now(&id).await.unwrap();
            while !matches!(events.next().await, Some(fastscheduler::Event::RunStarted(_))) {}
        } else {
            scheduler.start().await.unwrap();
        }
        let other = taken_over(&folder);
        let before = folder.contents();
        scheduler.stopping().await;
        let problem = &scheduler.problems().await.unwrap()[0];
        assert_eq!(problem.code, ProblemCode::StoreFailing);
        assert!(problem.to_string().ends_with(&expected(&folder)), "{problem}");
        let refused = scheduler.stop().await.unwrap_err();
        assert_eq!(refused.to_string(), expected(&folder));
        assert!(!scheduler.is_running() && folder.contents() == before, "busy: {is_busy}");
        drop((scheduler, other));
        // Whoever has the file runs again what was cut short.
        let next = folder.open().unwrap();
        assert_eq!(next.load().await.unwrap().open.len(), usize::from(is_busy));
    }
}

#[test]
fn a_program_whose_file_was_taken_over_ends_with_an_error() {
    let folder = StateFolder::new();
    let mut program = Command::new(env!("CARGO_BIN_EXE_holds_a_thread"))
        .env("FASTSCHEDULER_STATE_FILE", folder.state_file())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !fs::read_to_string(folder.file("scheduler.json.journal"))
        .is_ok_and(|text| text.contains("holds_a_thread"))
    {
        assert!(program.try_wait().unwrap().is_none(), "it runs");
    }
    let _other = taken_over(&folder);
    let ended = program.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains(&expected(&folder)), "{said}");
}

#[tokio::test]
async fn another_hard_link_of_a_file_in_use_is_refused_until_it_is_stopped() {
    let folder = StateFolder::new();
    let link = folder.file("link.json");
    drop(folder.open().unwrap());
    fs::hard_link(folder.state_file(), &link).unwrap();
    for (first, second) in [(folder.state_file(), &link), (link.clone(), &folder.state_file())] {
        fs::remove_file(&link).unwrap();
        fs::hard_link(folder.state_file(), &link).unwrap();
        let store = JsonStorage::open(&first).unwrap().fold_at(1);
        let assert_refused = |when: &str| {
            let refused = JsonStorage::open(second).unwrap_err().to_string();
            let expected = format!(
                "the state file `{}` is in use by another scheduler under another name, since it is a hard link; stop \
                 that one, or use another `state_file`",
                second.canonicalize().unwrap().display()
            );
            assert_eq!(refused, expected, "{when}");
            let same = JsonStorage::open(&first).unwrap_err().to_string();
            assert!(same.contains("in use by another scheduler of this process"), "{when}: {same}");
        };
        assert_refused("at once");
        let scheduler = Scheduler::builder().storage(store.clone()).build().await.unwrap();
        let before = fs::read(&first).unwrap();
        let mut number = 0;
        while fs::read(&first).unwrap() == before {
            number += 1;
            scheduler.add(hourly_job(&format!("job {number}"))).await.unwrap();
        }
        // By now they are two files.
        assert_eq!(fs::read(second).unwrap(), before);
        let refused = JsonStorage::open(second).unwrap_err().to_string();
        assert!(refused.contains("is in use by"), "after a fold: {refused}");
        scheduler.stop().await.unwrap();
        drop(store);
        JsonStorage::open(second).unwrap();
    }
}

#[tokio::test]
async fn runs_of_before_it_was_taken_over_are_there() {
    let folder = StateFolder::new();
    let scheduler = built(&folder).await;
    scheduler.start().await.unwrap();
    let id = scheduler.add(hourly_job("job")).await.unwrap();
    let run = scheduler.run_job_now(&id).await.unwrap();
    while runs(&scheduler).await.is_empty() {
        tokio::task::yield_now().await;
    }
    scheduler.pause_job(id).await.unwrap();
    let other = taken_over(&folder);
    scheduler.stop().await.unwrap_err();
    drop(other);
    let found = runs(&built(&folder).await).await;
    assert_eq!((found[0].run_id, found[0].status), (run, RunStatus::Completed));
}
