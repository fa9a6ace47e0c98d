//! One scheduler at a time has a state file open, wherever it is and however
//! its path is written.

#![cfg(unix)]

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use fastscheduler::prelude::*;
use fastscheduler::storage::JsonStorage;
use fastscheduler_tests::state_folder::{LOCK, STATE, StateFolder};
use fastscheduler_tests::told::Told;

async fn built(file: impl AsRef<Path>) -> anyhow::Result<Scheduler> {
    Ok(Scheduler::builder().state_file(file.as_ref()).build().await?)
}

fn program(file: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_does_as_told"));
    command.arg(file).arg("0");
    command
}

fn in_use(folder: &StateFolder, by: &str) -> String {
    let file = folder.path().canonicalize().unwrap().join(STATE);
    format!(
        "the state file `{}` is in use by {by}; stop that one, or use another `state_file`",
        file.display()
    )
}

#[tokio::test]
async fn a_file_that_another_process_has_open_is_refused_naming_the_process() {
    let folder = StateFolder::new();
    let (mut told, id) = Told::start(&mut program(&folder.state_file())).unwrap();
    told.tell("add first 5").unwrap();
    let before = folder.contents();
    let mistake = built(folder.state_file()).await.unwrap_err();
    assert_eq!(format!("{mistake:#}"), in_use(&folder, &format!("process {id}")));
    let mistake = Told::start(&mut program(&folder.state_file())).unwrap_err();
    assert_eq!(mistake, in_use(&folder, &format!("process {id}")));
    assert!(folder.contents() == before);
    // And it goes on undisturbed.
    told.tell("add second 5").unwrap();
    told.tell("stop").unwrap();
    // What was stopped has let go of it, though its process is there.
    assert_eq!(built(folder.state_file()).await.unwrap().jobs().await.unwrap().len(), 2);
    told.end();
}

/// What the lock says of who has it.
fn noted(folder: &StateFolder) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(folder.file(LOCK)).unwrap()).unwrap()
}

#[tokio::test]
async fn who_has_a_file_is_told_by_number_host_and_start() {
    let folder = StateFolder::new();
    let store = folder.open().unwrap();
    let this = noted(&folder);
    drop(store);
    let id = std::process::id();
    let host = this["host"].as_str().unwrap();
    assert!(!host.is_empty());
    let lock = std::fs::File::options().write(true).open(folder.file(LOCK)).unwrap();
    lock.lock().unwrap();
    let another_host = format!("process {id} on host `web-2`, running since 2026-03-30 08:00:00 UTC");
    let another_start = another_host.replace("web-2", host);
    let cases = [
        (id, host, this["started_at"].as_str().unwrap(), format!("another scheduler of this process ({id})")),
        (id, "web-2", "2026-03-30T08:00:00Z", another_host),
        (id, host, "2026-03-30T08:00:00Z", another_start),
        (id + 1, host, "2026-03-30T08:00:00Z", format!("process {}", id + 1)),
    ];
    for (process, host, started_at, by) in cases {
        let holder = serde_json::json!({"process": process, "host": host, "started_at": started_at});
        std::fs::write(folder.file(LOCK), holder.to_string()).unwrap();
        let mistake = built(folder.state_file()).await.unwrap_err();
        assert_eq!(mistake.to_string(), in_use(&folder, &by));
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn two_containers_on_one_volume_are_told_apart() {
    let folder = StateFolder::new();
    // Each is process 2, beside a shell that is process 1, under its own host name.
    let container = |name: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--uts", "--pid", "--fork", "sh", "-c"]);
        command.args([r#"hostname "$1" && shift && "$@""#, "sh", name]);
        command.arg(env!("CARGO_BIN_EXE_does_as_told")).arg(folder.state_file()).arg("0");
        command
    };
    let may_unshare =
        Command::new("unshare").args(["--map-root-user", "--uts", "--pid", "--fork", "true"]).output();
    if !may_unshare.is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "nothing can be unshared, and CI has to show this");
        eprintln!("SKIPPED: it takes `unshare`, and root or user namespaces");
        return;
    }
    let (mut told, id) = Told::start(&mut container("web-1")).unwrap();
    told.tell("add first 5").unwrap();
    let mistake = Told::start(&mut container("web-2")).unwrap_err();
    let expected = in_use(&folder, &format!("process {id} on host `web-1`, running since ?"));
    let (before, after) = expected.split_once('?').unwrap();
    assert!(mistake.starts_with(before) && mistake.ends_with(after), "{mistake}");
    told.tell("stop").unwrap();
    told.end();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn another_mount_of_a_folder_leads_to_the_same_file() {
    let (folder, elsewhere) = (StateFolder::new(), StateFolder::new());
    // The folder under another name, in namespaces of mounts and processes that
    // nobody else sees.
    let namespaces = ["--map-root-user", "--mount", "--pid", "--fork", "sh", "-c"];
    let mounted = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(namespaces).args([&format!(r#"mount --bind "$1" "$2" && {script}"#), "sh"]);
        command.args([folder.path(), elsewhere.path()]);
        command
    };
    if !mounted("true").output().is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "nothing can be mounted, and CI has to show this");
        eprintln!("SKIPPED: it takes `unshare`, and root or user namespaces");
        return;
    }
    let there = || {
        let mut command = mounted(r#""$3" "$2/scheduler.json" 0"#);
        command.arg(env!("CARGO_BIN_EXE_does_as_told"));
        command
    };
    let (mut here, _) = Told::start(&mut program(&folder.state_file())).unwrap();
    here.tell("add first 5").unwrap();
    let refused = Told::start(&mut there()).unwrap_err();
    assert!(refused.contains("is in use by") && refused.contains("process"), "{refused}");
    here.tell("stop").unwrap();
    here.end();

    let (mut first, _) = Told::start(&mut there()).unwrap();
    assert_eq!(first.tell("jobs").unwrap(), "first:scheduled");
    let refused = Told::start(&mut program(&folder.state_file())).unwrap_err();
    assert!(refused.contains("is in use by"), "{refused}");
    let refused = Told::start(&mut there()).unwrap_err();
    assert!(refused.contains("is in use by"), "{refused}");
    first.tell("stop").unwrap();
    first.end();
}

#[tokio::test]
async fn a_process_that_was_killed_has_let_go_of_the_file() {
    let folder = StateFolder::new();
    let (mut told, id) = Told::start(&mut program(&folder.state_file())).unwrap();
    told.tell("add first 5").unwrap();
    told.kill(id);
    assert_eq!(built(folder.state_file()).await.unwrap().jobs().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_second_scheduler_of_the_process_is_refused() {
    let folder = StateFolder::new();
    let first = built(folder.state_file()).await.unwrap();
    let expected = in_use(&folder, &format!("another scheduler of this process ({})", std::process::id()));
    for _ in 0..2 {
        assert_eq!(built(folder.state_file()).await.unwrap_err().to_string(), expected);
    }
    assert_eq!(folder.open().unwrap_err().to_string(), expected);
    first.start().await.unwrap();
    assert_eq!(built(folder.state_file()).await.unwrap_err().to_string(), expected);
    first.stop().await.unwrap();
}

#[tokio::test]
async fn a_file_can_be_opened_again_in_the_process_that_has_let_go_of_it() {
    let folder = StateFolder::new();
    let file = folder.state_file();
    for round in 0..3 {
        let stopped = built(&file).await.unwrap();
        stopped.start().await.unwrap();
        stopped.add(every(1).hours().run(format!("round {round}"), || async {})).await.unwrap();
        stopped.stop().await.unwrap();

        let never_started = built(&file).await.unwrap();
        assert_eq!(never_started.jobs().await.unwrap().len(), round + 1);
        drop(never_started);

        let needs = Scheduler::builder().state_file(&file).expect_functions(["nowhere"]);
        let mistake = needs.build().await.unwrap_err();
        assert!(mistake.to_string().contains("nowhere"), "{mistake}");

        let store = JsonStorage::open(&file).unwrap();
        let clone = store.clone();
        drop(store);
        assert!(built(&file).await.is_err(), "a clone has it still");
        drop(clone);
        // The one that was stopped is there to be looked at.
        assert_eq!(stopped.jobs().await.unwrap().len(), round + 1);
    }
    // It was damaged meanwhile, which a build finds once it has it locked.
    let contents = folder.contents();
    folder.put(STATE, b"damaged");
    assert!(built(&file).await.unwrap_err().to_string().contains("it is not JSON"));
    folder.put(STATE, &contents[STATE]);
    assert_eq!(built(&file).await.unwrap().jobs().await.unwrap().len(), 3);
}

#[tokio::test]
async fn other_spellings_of_a_path_and_links_lead_to_the_same_file() {
    let folder = StateFolder::new();
    drop(folder.open().unwrap());
    std::fs::create_dir(folder.file("below")).unwrap();
    symlink(folder.state_file(), folder.file("link.json")).unwrap();
    symlink("../link.json", folder.file("below/link of a link.json")).unwrap();
    symlink(folder.path(), folder.file("below/folder")).unwrap();
    let spellings = [
        folder.state_file(),
        folder.path().join(".").join(STATE),
        folder.path().join("below/..").join(STATE),
        folder.file("link.json"),
        folder.file("below/link of a link.json"),
        folder.file("below/folder").join(STATE),
    ];
    for first in &spellings {
        let store = JsonStorage::open(first).unwrap();
        for second in &spellings {
            let mistake = JsonStorage::open(second).unwrap_err().to_string();
            assert!(
                mistake.contains("is in use by another scheduler of this process"),
                "{second:?}: {mistake}"
            );
        }
        drop(store);
    }
    let mut names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["below", "link.json", STATE, LOCK, "scheduler_dead_letters.json"]);
}

#[tokio::test]
async fn a_file_that_is_opened_through_a_link_stays_a_link() {
    let folder = StateFolder::new();
    drop(folder.open().unwrap());
    let link = folder.file("link.json");
    symlink(STATE, &link).unwrap();
    let scheduler = built(&link).await.unwrap();
    scheduler.start().await.unwrap();
    scheduler.add(every(1).hours().run("job", || async {})).await.unwrap();
    scheduler.stop().await.unwrap();
    assert_eq!(std::fs::read_link(&link).unwrap(), Path::new(STATE));
    assert_eq!(built(folder.state_file()).await.unwrap().jobs().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_link_that_leads_to_no_file_yet_is_followed() {
    let folder = StateFolder::new();
    std::fs::create_dir(folder.file("data")).unwrap();
    let link = folder.file("link.json");
    symlink("data/real.json", &link).unwrap();
    let store = JsonStorage::open(&link).unwrap();
    assert_eq!(std::fs::read_link(&link).unwrap(), Path::new("data/real.json"));
    let mistake = JsonStorage::open(folder.file("data/real.json")).unwrap_err().to_string();
    assert!(mistake.contains("is in use by"), "{mistake}");
    drop(store);
    assert!(folder.file("data/real.json").is_file());
}

#[tokio::test]
async fn a_lock_that_is_something_else_is_refused_and_left_as_it_is() {
    let of_cargo = "# This file is automatically @generated by Cargo.\n";
    for text in
        [of_cargo, "{}", r#"{"process":7}"#, "12 34", "pid 7", "-1", "99999999999", "12345678901234567890"]
    {
        let folder = StateFolder::new();
        folder.put("Cargo.lock", text.as_bytes());
        let before = folder.contents();
        let lock = folder.path().canonicalize().unwrap().join("Cargo.lock");
        let expected = format!(
            "the store could not lock the state file: `{}`: it is not the lock of a state file, and was left as it \
             is; move it away, or choose another `state_file`",
            lock.display()
        );
        assert_eq!(built(folder.file("Cargo")).await.unwrap_err().to_string(), expected);
        // So it is while another program has it locked.
        let other = std::fs::File::open(&lock).unwrap();
        other.lock().unwrap();
        assert_eq!(built(folder.file("Cargo")).await.unwrap_err().to_string(), expected);
        assert!(folder.contents() == before, "{text}");
    }
    let of_another = r#"{"process":7,"host":"web-2","started_at":"2026-03-30T08:00:00Z"}"#;
    for text in ["", "7", "4294967295", "\0\0\0\0", of_another] {
        let folder = StateFolder::new();
        folder.put(LOCK, text.as_bytes());
        let store = folder.open().unwrap();
        assert_eq!(noted(&folder)["process"], std::process::id(), "{text}");
        drop(store);
    }
}
