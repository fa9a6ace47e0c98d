//! `fastscheduler::run()` as process 1, as in a container: the kernel passes on only
//! those signals to it that it handles.

#![cfg(target_os = "linux")]

use std::fs::File;
use std::process::Command;
use std::sync::mpsc::channel;
use std::thread;

use fastscheduler::storage::JsonStorage;
use fastscheduler::{Clock as _, SystemClock};
use fastscheduler_tests::program::{PATIENCE, Program};
use fastscheduler_tests::state_folder::{Everything, StateFolder};

use crate::program::write_many_jobs;

/// What makes a process the first of a namespace of its own, as root or as a user.
const NAMESPACES: [&[&str]; 2] = [
    &["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"],
    &["--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"],
];

/// `unshare`, as far as it works here.
fn unshare() -> Command {
    let command = |arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(arguments);
        command
    };
    let is_allowed = |arguments: &&&[&str]| {
        command(arguments).arg("true").output().is_ok_and(|output| output.status.success())
    };
    let arguments = NAMESPACES.iter().find(is_allowed).expect(
        "no process namespace can be made, which this test needs: run it as root, or as a user who may make user \
         namespaces, with `unshare` of util-linux",
    );
    command(arguments)
}

/// Starts a program as process 1.
fn start(command: &mut Command) -> Program {
    let program = Program::run(command);
    // `unshare` stays as its parent.
    let children = format!("/proc/{0}/task/{0}/children", program.id());
    let until = SystemClock.now() + PATIENCE;
    loop {
        let children = std::fs::read_to_string(&children).expect("it has not ended");
        if let Some(child) = children.split_whitespace().next() {
            break program.with_signals_to(child.parse().expect("a number"));
        }
        assert!(SystemClock.now() < until, "it has no child");
    }
}

/// The program with one job as process 1.
fn start_reports(folder: &StateFolder) -> Program {
    let mut command = unshare();
    command.arg(env!("CARGO_BIN_EXE_reports"));
    start(command.env("FASTSCHEDULER_STATE_FILE", folder.state_file()))
}

/// A folder with the state of a program that ran and was stopped.
fn stopped() -> StateFolder {
    let folder = StateFolder::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_reports"));
    let mut program = Program::run(command.env("FASTSCHEDULER_STATE_FILE", folder.state_file()));
    program.wait_for("tick completed");
    program.signal("TERM");
    assert_eq!(program.code(), Some(0));
    folder
}

async fn everything(folder: &StateFolder) -> Everything {
    let store = JsonStorage::open(folder.state_file()).expect("nobody has it open");
    Everything::of(&store).await
}

fn names(folder: &StateFolder) -> Vec<String> {
    folder.contents().into_keys().collect()
}

/// Mounts the pipe `$1` where it stands who knows the names of hosts, and runs the
/// rest.
const WITH_SLOW_NAMES: &str = r#"mount --bind "$1" /etc/resolv.conf && shift && exec "$@""#;

#[tokio::test]
async fn a_signal_ends_process_1_while_it_looks_up_the_name_of_a_host() {
    for signal in ["TERM", "INT"] {
        let folder = stopped();
        let (before, files) = (everything(&folder).await, names(&folder));
        let pipes = tempfile::tempdir().unwrap();
        let pipe = pipes.path().join("resolv.conf");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let mut command = unshare();
        command.args(["sh", "-c", WITH_SLOW_NAMES, "sh"]).arg(&pipe).arg(env!("CARGO_BIN_EXE_reports"));
        command.env("FASTSCHEDULER_STATE_FILE", folder.state_file());
        let mut program = start(command.env("FASTSCHEDULER_HTTP", "jobs.example:8080"));
        let (opened, is_read) = channel();
        // It is open as soon as somebody reads it, who then waits for what is written.
        thread::spawn(move || opened.send(File::options().write(true).open(pipe)));
        let _writer = is_read.recv_timeout(PATIENCE).expect("it looks the name up").unwrap();
        program.signal(signal);
        let (code, output) = (program.code(), program.rest());
        assert_eq!(code, Some(0), "{signal}: {output}{}", program.rest_of_errors());
        assert!(output.ends_with("stopped\n") && !output.contains("running"), "{signal}: {output}");
        assert_eq!(names(&folder), files, "{signal}");
        assert_eq!(everything(&folder).await, before, "{signal}");
    }
}

#[test]
fn a_signal_ends_process_1_while_it_reads_a_large_state_file() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let folder = StateFolder::new();
    runtime.block_on(write_many_jobs(&folder.state_file()));
    let before = runtime.block_on(everything(&folder));
    for signal in ["TERM", "INT"] {
        let mut program = start_reports(&folder);
        program.catches_signals();
        program.signal(signal);
        assert_eq!(program.code(), Some(0), "{signal}");
        assert_eq!(program.rest(), "stopped\n", "{signal}");
        assert!(runtime.block_on(everything(&folder)) == before, "{signal}: the state has changed");
    }
}

#[test]
fn process_1_does_not_wait_for_a_state_file_that_is_in_use() {
    let folder = stopped();
    let _open = folder.open().unwrap();
    let before = folder.contents();
    let mut program = start_reports(&folder);
    assert_eq!(program.code(), Some(1));
    assert_eq!(program.rest(), "");
    let errors = program.rest_of_errors();
    let process = format!(" is in use by process {}; stop that one", std::process::id());
    assert!(errors.contains(&process), "{errors}");
    assert_eq!(folder.contents(), before);
}

#[test]
fn the_first_signal_stops_process_1_and_a_second_one_ends_it_at_once() {
    for signals in [["TERM", "INT"], ["INT", "TERM"]] {
        let mut command = unshare();
        command.arg(env!("CARGO_BIN_EXE_holds_a_thread")).env("FASTSCHEDULER_STORAGE", "memory");
        let mut program = start(&mut command);
        program.wait_for("holding a thread");
        program.signal(signals[0]);
        program.wait_for("stopping when what runs has ended");
        program.signal(signals[1]);
        assert_eq!(program.code(), Some(0), "{signals:?}");
        assert!(program.rest().ends_with("stopped\n"), "{signals:?}");
    }
}
