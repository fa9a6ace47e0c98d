//! A process that has as many files open as it may have: the journal, which is
//! open, is written on, and folded once there is a handle again.

#![cfg(target_os = "linux")]

use std::fs;
use std::process::Command;

use fastscheduler_tests::state_folder::{OLD_JOURNAL, STATE, StateFolder};
use fastscheduler_tests::told::Told;

/// Lets a process have so many files open.
fn limit(id: u32, handles: &str) {
    let limit = format!("--nofile={handles}:");
    let limited = Command::new("prlimit").args(["--pid", &id.to_string(), &limit]).status();
    assert!(limited.expect("`prlimit` runs, which is beside `unshare`").success());
}

#[tokio::test]
async fn without_a_handle_for_the_fold_requests_go_on_and_it_is_folded_later() {
    for is_put_aside in [false, true] {
        let folder = StateFolder::new();
        let mut command = Command::new(env!("CARGO_BIN_EXE_does_as_told"));
        let (mut told, id) = Told::start(command.arg(folder.state_file()).args(["0", "1000"])).unwrap();
        let mut jobs = Vec::new();
        let mut add = |told: &mut Told, name: String| {
            told.tell(&format!("add {name} 1500")).unwrap_or_else(|why| panic!("{name}: {why}"));
            jobs.push(format!("{name}:scheduled"));
        };
        let in_the_way = folder.file(&format!("{STATE}.tmp"));
        if is_put_aside {
            // Nothing can be written beside the state file: the journal is put
            // aside, and there it stays.
            fs::create_dir(&in_the_way).unwrap();
            add(&mut told, "before".to_owned());
            told.tell(&format!("see {OLD_JOURNAL}")).unwrap();
        }
        limit(id, "3");
        for number in 0..20 {
            add(&mut told, format!("meanwhile-{number}"));
            let why = told.tell("fill 0").unwrap_err();
            assert!(why.contains("Too many open files"), "{why}");
        }
        assert_eq!(folder.file(OLD_JOURNAL).exists(), is_put_aside);
        let before = fs::read(folder.state_file()).unwrap();
        if is_put_aside {
            fs::remove_dir(&in_the_way).unwrap();
        }
        limit(id, "256");
        let mut number = 0;
        while fs::read(folder.state_file()).unwrap() == before || folder.file(OLD_JOURNAL).exists() {
            number += 1;
            add(&mut told, format!("after-{number}"));
        }
        told.kill(id);
        assert_eq!(folder.go_on(1, 0).await.0, jobs.join(" "), "put aside: {is_put_aside}");
    }
}
