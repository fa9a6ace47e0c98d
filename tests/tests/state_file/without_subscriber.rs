//! What is wrong, as `fastscheduler::run()` says it: on standard error, unless there
//! is a subscriber of `tracing`, which is told instead, or it is quiet.

#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use fastscheduler::prelude::*;
use fastscheduler::storage::{Change, Durability, Storage as _};
use fastscheduler::testing::ManualClock;
use fastscheduler_tests::program::Program;
use fastscheduler_tests::state_folder::{JOURNAL, LETTERS, STATE, StateFolder};
use fastscheduler_tests::{instant, sealed};

/// How the program is told what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    OnStandardError,
    BySubscriber,
    Quiet,
}

fn settings(command: &mut Command, told: Told) {
    command.env("FASTSCHEDULER_TIMEZONE", "UTC");
    match told {
        Told::OnStandardError => {}
        Told::BySubscriber => drop(command.arg("with a subscriber")),
        Told::Quiet => drop(command.env("FASTSCHEDULER_QUIET", "true")),
    }
}

/// Mounts a small disk at `$1`, and runs the rest.
const ON_A_SMALL_DISK: &str = r#"mount -t tmpfs -o size=1m small "$1" && shift && exec "$@""#;

/// A program on a small disk, and the path of that.
fn on_a_small_disk(disk: &StateFolder, told: Told) -> (Program, PathBuf) {
    let namespaces: [&[&str]; 2] = [&["--mount"], &["--mount", "--user", "--map-root-user"]];
    let may_mount = |arguments: &&&[&str]| {
        let mut command = Command::new("unshare");
        command.args(**arguments).args(["mount", "-t", "tmpfs", "small"]).arg(disk.path());
        command.output().is_ok_and(|output| output.status.success())
    };
    let arguments = namespaces.iter().find(may_mount).expect(
        "no small disk can be mounted, which this test needs: run it as root, or as a user who may make user \
         namespaces, with `unshare` of util-linux",
    );
    let mut command = Command::new("unshare");
    command.args(*arguments).args(["sh", "-c", ON_A_SMALL_DISK, "sh"]).arg(disk.path());
    command.arg(env!("CARGO_BIN_EXE_reports"));
    command.env("FASTSCHEDULER_STATE_FILE", disk.state_file()).env("FASTSCHEDULER_MAX_HISTORY", "10");
    settings(&mut command, told);
    let program = Program::run(&mut command);
    // Nobody else sees what is mounted.
    let seen = format!("/proc/{}/root{}", program.id(), disk.path().display());
    (program, seen.into())
}

/// Takes all the space there is.
fn fill(disk: &std::path::Path) {
    let mut ballast = File::create(disk.join("ballast")).unwrap();
    while ballast.write(&[b'.'; 512]).is_ok() {}
}

#[test]
fn a_full_disk_is_said_once_when_it_begins_and_once_when_it_is_over() {
    const BEGAN: &str = "the store or the queue fails: the store could not write the ";
    const OVER: &str = "no longer a problem: the store or the queue fails: ";
    for told in [Told::OnStandardError, Told::BySubscriber] {
        let folder = StateFolder::new();
        let (mut program, disk) = on_a_small_disk(&folder, told);
        program.wait_for("tick completed");
        fill(&disk);
        let read = |program: &mut Program, text: &str| match told {
            Told::OnStandardError => program.wait_for_error(text),
            Told::BySubscriber | Told::Quiet => program.wait_for(text),
        };
        let mut lines = read(&mut program, BEGAN);
        // Of the runs meanwhile, each of which is not kept, nothing is said.
        for _ in 0..100 {
            lines.extend(program.wait_for("tick completed"));
        }
        fs::remove_file(disk.join("ballast")).unwrap();
        lines.extend(read(&mut program, OVER));
        program.signal("TERM");
        assert_eq!(program.code(), Some(0));
        let (output, errors) = (program.rest(), program.rest_of_errors());
        lines.extend(output.lines().chain(errors.lines()).map(str::to_owned));
        let about: Vec<_> =
            lines.iter().filter(|line| line.contains("the store or the queue fails")).collect();
        assert_eq!(about.len(), 2, "{told:?}: {about:#?}");
        let (began, over) = (about[0], about[1]);
        assert!(
            began.contains("WARN ") && began.contains(&*folder.state_file().to_string_lossy()),
            "{began}"
        );
        assert!(began.contains("(free some space): No space left on device"), "{began}");
        assert!(over.contains("INFO no longer a problem: "), "{over}");
        match told {
            Told::OnStandardError => assert!(!output.contains("store"), "{output}"),
            Told::BySubscriber | Told::Quiet => assert_eq!(errors, ""),
        }
    }
}

#[test]
fn a_quiet_program_says_nothing_of_a_full_disk_but_at_its_end() {
    let folder = StateFolder::new();
    let (mut program, disk) = on_a_small_disk(&folder, Told::Quiet);
    program.catches_signals();
    while !disk.join(JOURNAL).exists() {
        std::thread::yield_now();
    }
    fill(&disk);
    // A snapshot is tried beside the state file, time and again.
    let changed_at = || fs::metadata(&disk).unwrap().modified().unwrap();
    let before = changed_at();
    while changed_at() == before {
        std::thread::yield_now();
    }
    program.signal("TERM");
    assert_eq!(program.code(), Some(1));
    assert_eq!(program.rest(), "");
    let errors = program.rest_of_errors();
    assert!(errors.starts_with("Error: the store could not write the "), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
}

/// Puts something into a folder of which a start of the program warns.
type Prepare = fn(&StateFolder);

/// Names and values of variables.
type Variables = &'static [(&'static str, &'static str)];

/// What a start warns of, how that comes about, and what is set for it.
const WARNINGS: [(&str, Prepare, Variables); 13] = [
    ("was not written to its end; its last 5 bytes are dropped", tear, &[]),
    ("drops what it does not know when the file is next written: `head.colour`", add_unknown_field, &[]),
    (" is kept as ", take_over, &[]),
    ("is not taken over: its schedule is of the unknown type `lunar`", take_over, &[]),
    ("the dead letters cannot be shown", block_letters, &[]),
    ("job_7 `gone` was removed: the code no longer declares it", declare_another, &[]),
    (
        "times without a zone are now in UTC; they were in Asia/Tokyo: 1 job was rescheduled",
        add_in_tokyo,
        &[],
    ),
    ("job_0 `changed`: the meaning of `", put_earlier_rules, &[]),
    (
        "job_2 `ninety` keeps its schedule, which is no longer accepted; give it another: ",
        put_earlier_rules,
        &[],
    ),
    ("`long_ago` is declared for ", |_| {}, &[]),
    ("the clock was set back by ", add_in_the_future, &[]),
    ("` is not used", |_| {}, &[("FASTSCHEDULER_STORAGE", "memory")]),
    ("`token` has 5 characters, and might be guessed; ", |_| {}, &[("FASTSCHEDULER_TOKEN", "12345")]),
];

#[test]
fn each_warning_of_a_start_is_on_standard_error_or_in_the_log() {
    for (warning, prepare, variables) in WARNINGS {
        for told in [Told::OnStandardError, Told::BySubscriber] {
            let folder = StateFolder::new();
            prepare(&folder);
            let mut command = program(&folder, told);
            let mut program = Program::run(command.envs(variables.iter().copied()));
            let mut lines = match told {
                Told::OnStandardError => program.wait_for_error(warning),
                Told::BySubscriber | Told::Quiet => program.wait_for(warning),
            };
            program.signal("TERM");
            assert_eq!(program.code(), Some(0), "{warning}");
            let (output, errors) = (program.rest(), program.rest_of_errors());
            let found = lines.last().unwrap().clone();
            match told {
                Told::OnStandardError => {
                    assert!(found.starts_with("note: ") || found.contains(" WARN "), "{found}");
                    lines.extend(errors.lines().map(str::to_owned));
                    assert!(!output.contains(warning), "{output}");
                }
                Told::BySubscriber | Told::Quiet => {
                    assert!(found.starts_with("log: WARN "), "{found}");
                    lines.extend(output.lines().map(str::to_owned));
                    assert_eq!(errors, "", "{warning}");
                }
            }
            // Whatever goes wrong again later is logged again.
            let times = lines.iter().filter(|line| line.contains(warning)).count();
            let files = if warning == " is kept as " { 2 } else { 1 };
            assert!(times == files || told == Told::BySubscriber, "{warning}: {lines:#?}");
        }
    }
}

#[test]
fn a_start_that_fails_says_what_it_warns_of_and_then_why_it_fails() {
    for told in [Told::OnStandardError, Told::Quiet] {
        let folder = StateFolder::new();
        leave(&folder, "TERM");
        add_like_the_first(&folder, |job| {
            job.as_object_mut().unwrap().remove("declared");
            job["definition"]["schedule"] = serde_json::json!({"type": "cron", "expression": "61 * * * *"});
        });
        mark_head(&folder);
        let mut program = Program::run(&mut program(&folder, told));
        assert_eq!(program.code(), Some(1), "{told:?}");
        let errors = program.rest_of_errors();
        let lines: Vec<_> = errors.lines().collect();
        let (error, notes) = lines.split_last().unwrap();
        assert!(error.starts_with("Error: ") && error.contains("61 * * * *"), "{errors}");
        match told {
            Told::OnStandardError => {
                let [note] = notes else { panic!("{errors}") };
                assert!(note.starts_with("note: ") && note.contains("`head.colour`"), "{errors}");
            }
            Told::BySubscriber | Told::Quiet => assert!(notes.is_empty(), "{errors}"),
        }
    }
}

#[test]
fn a_quiet_start_warns_of_nothing() {
    let folder = StateFolder::new();
    take_over(&folder);
    let mut program = Program::run(&mut program(&folder, Told::Quiet));
    let has_run =
        || fs::read_to_string(folder.file(JOURNAL)).is_ok_and(|text| text.contains("\"end_attempt\""));
    while !has_run() {
        std::thread::yield_now();
    }
    program.signal("TERM");
    assert_eq!(program.code(), Some(0));
    assert_eq!((program.rest(), program.rest_of_errors()), (String::new(), String::new()));
}

fn program(folder: &StateFolder, told: Told) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reports"));
    command.env("FASTSCHEDULER_STATE_FILE", folder.state_file());
    settings(&mut command, told);
    command
}

/// Leaves what the program does that was stopped or killed.
fn leave(folder: &StateFolder, signal: &str) {
    let mut program = Program::run(&mut program(folder, Told::OnStandardError));
    program.wait_for("tick completed");
    program.signal(signal);
    program.code();
}

fn tear(folder: &StateFolder) {
    leave(folder, "KILL");
    let mut contents = folder.contents();
    let journal = contents.get_mut(JOURNAL).unwrap();
    // It may have been killed while it was writing.
    let end = journal.iter().rposition(|byte| *byte == b'\n').unwrap();
    journal.truncate(end + 1);
    journal.extend_from_slice(b"{\"se\"");
    folder.set(&contents);
}

fn add_unknown_field(folder: &StateFolder) {
    leave(folder, "TERM");
    mark_head(folder);
}

/// Gives the head of the state file a field that only a newer version knows.
fn mark_head(folder: &StateFolder) {
    let mut contents = folder.contents();
    let lines = String::from_utf8(contents[STATE].clone()).unwrap();
    let head = lines.lines().position(|line| line.contains("\"head\"")).unwrap();
    let edited = sealed::edit(&contents[STATE], head, |record| {
        record.insert("colour".to_owned(), "red".into());
    });
    contents.insert(STATE.to_owned(), edited);
    folder.set(&contents);
}

fn take_over(folder: &StateFolder) {
    let lunar = ("\"schedule_type\": \"hourly\"", "\"schedule_type\": \"lunar\"");
    folder.set(&StateFolder::of_python(&[lunar]).contents());
}

fn block_letters(folder: &StateFolder) {
    fs::create_dir(folder.file(&format!("{LETTERS}.tmp"))).unwrap();
}

fn put_earlier_rules(folder: &StateFolder) {
    folder.put(STATE, include_bytes!("../../vectors/state_before_cron_rules.json"));
}

/// Adds a job that an earlier version of the code has declared.
fn declare_another(folder: &StateFolder) {
    leave(folder, "TERM");
    add_like_the_first(folder, |job| {
        job["declared"]["position"] = 1.into();
        for definition in ["/definition", "/declared/definition"] {
            job.pointer_mut(definition).unwrap()["name"] = "gone".into();
        }
    });
}

/// Adds `job_7`, which is like the first job but for what `change` does.
fn add_like_the_first(folder: &StateFolder, change: impl FnOnce(&mut serde_json::Value)) {
    wait(async {
        let store = folder.open().unwrap();
        let mut job = serde_json::to_value(&store.jobs().await.unwrap()[0]).unwrap();
        job["id"] = "job_7".into();
        change(&mut job);
        let added = Change::AddJob(Box::new(serde_json::from_value(job).unwrap()));
        store.apply(&[added], Durability::Now).await.unwrap();
        store.close().await.unwrap();
    });
}

fn add_in_tokyo(folder: &StateFolder) {
    wait(async {
        let builder = Scheduler::builder().state_file(folder.state_file()).timezone("Asia/Tokyo");
        let scheduler = builder.build().await.unwrap();
        scheduler.register_function("work", |_: Args| async {}).unwrap();
        scheduler.add(daily().at("09:00").call("work")).await.unwrap();
        scheduler.stop().await.unwrap();
    });
}

fn add_in_the_future(folder: &StateFolder) {
    wait(async {
        let clock = ManualClock::new(instant("2090-01-01T00:00:00Z"));
        let scheduler = folder.started(&clock).await;
        scheduler.add(every(1).hours().call("work")).await.unwrap();
        scheduler.stop().await.unwrap();
    });
}

fn wait(what: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(what);
}
