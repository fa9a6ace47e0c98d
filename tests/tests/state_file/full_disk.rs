//! A disk that is full: requests fail with the reason and change nothing, jobs
//! go on, and once there is space again the file is whole.

#![cfg(unix)]

use std::process::Command;

use fastscheduler_tests::state_folder::{JOURNAL, OLD_JOURNAL, STATE, StateFolder};
use fastscheduler_tests::told::Told;

/// Mounts a small disk at `$1`, runs the program there, and copies to `$2` what
/// it leaves, however it ends.
const ON_A_SMALL_DISK: &str = r#"
    mount -t tmpfs -o size=320k small "$1" || exit 1
    "$3" "$1/scheduler.json" 0 $4
    rm -f "$1/ballast"
    cp "$1"/* "$2"
"#;

/// A program on a small disk, and the folder that has what it leaves once it
/// has ended. `None` where no disk can be mounted.
fn on_a_small_disk(fold_at: &str) -> Option<(Told, u32, StateFolder, StateFolder)> {
    let as_root = ["--mount"].as_slice();
    let as_a_user = ["--mount", "--user", "--map-root-user"].as_slice();
    let disk = StateFolder::new();
    let may_mount = |arguments: &&&[&str]| {
        let mut command = Command::new("unshare");
        command.args(**arguments).args(["mount", "-t", "tmpfs", "small"]).arg(disk.path());
        command.output().is_ok_and(|output| output.status.success())
    };
    let Some(arguments) = [as_root, as_a_user].iter().find(may_mount).copied() else {
        assert!(std::env::var_os("CI").is_none(), "no disk can be mounted, and CI has to show this");
        eprintln!(
            "SKIPPED: no small disk can be mounted here; it takes `unshare`, and root or user namespaces"
        );
        return None;
    };
    let left = StateFolder::new();
    let mut command = Command::new("unshare");
    command.args(arguments).args(["sh", "-c", ON_A_SMALL_DISK, "sh"]).arg(disk.path()).arg(left.path());
    command.arg(env!("CARGO_BIN_EXE_does_as_told")).arg(fold_at);
    let (told, id) = Told::start(&mut command).expect("there is space to begin with");
    Some((told, id, disk, left))
}

/// A program with a job that has completed three times, on a full disk.
struct Full {
    told: Told,
    id: u32,
    left: StateFolder,
    /// What is acknowledged.
    jobs: String,
    _disk: StateFolder,
}

fn full() -> Option<Full> {
    let (mut told, id, disk, left) = on_a_small_disk("")?;
    assert_eq!(told.tell("add tick 10").unwrap(), "job_0");
    told.tell("advance 30").unwrap();
    assert_eq!(told.tell("completed").unwrap(), "3");
    told.tell("fill 0").unwrap();
    let (why, added) = told.add_until_it_fails();
    assert_is_full(&why);
    let jobs = [vec!["tick:scheduled".to_owned()], added].concat().join(" ");
    assert_eq!(told.tell("jobs").unwrap(), jobs);
    Some(Full { told, id, left, jobs, _disk: disk })
}

#[track_caller]
fn assert_is_full(why: &str) {
    assert!(why.starts_with("the store could not write the "), "{why}");
    assert!(why.ends_with("(free some space): No space left on device (os error 28)"), "{why}");
}

#[tokio::test]
async fn on_a_full_disk_requests_fail_and_change_nothing_while_jobs_go_on() {
    let Some(Full { mut told, jobs, _disk, .. }) = full() else { return };
    for request in ["pause job_0", "cancel job_0", "run job_0", "add another 5000"] {
        assert_is_full(&told.tell(request).unwrap_err());
        assert_eq!(told.tell("jobs").unwrap(), jobs, "{request}");
    }
    let before: usize = told.tell("completed").unwrap().parse().unwrap();
    told.tell("advance 30").unwrap();
    let after: usize = told.tell("completed").unwrap().parse().unwrap();
    assert_eq!(after - before, 3 * jobs.split(' ').count());
}

#[tokio::test]
async fn on_a_full_disk_requests_over_http_are_refused_with_the_reason_and_it_is_not_ready() {
    const JOB: &str =
        r#"{"func_name": "work", "schedule_type": "interval", "schedule_config": {"interval": 10}}"#;
    let Some(Full { mut told, jobs, _disk, .. }) = full() else { return };
    let refused = [
        format!("ask POST /scheduler/api/jobs {JOB}"),
        "ask PUT /scheduler/api/jobs/job_0 {\"enabled\": false}".to_owned(),
        "ask POST /scheduler/api/jobs/job_0/pause".to_owned(),
        "ask POST /scheduler/api/jobs/job_0/run".to_owned(),
        "ask DELETE /scheduler/api/jobs/job_0".to_owned(),
        "ask DELETE /scheduler/api/groups/default".to_owned(),
        "ask GET /scheduler/readyz".to_owned(),
    ];
    for request in &refused {
        let answer = told.tell(request).unwrap();
        let why = answer.strip_prefix(r#"503 {"detail":""#).and_then(|rest| rest.strip_suffix(r#""}"#));
        assert_is_full(why.unwrap_or_else(|| panic!("{request}: {answer}")));
        assert_eq!(told.tell("jobs").unwrap(), jobs, "{request}");
    }
    for (path, body) in [("/scheduler/healthz", r#"{"status":"ok"}"#), ("/scheduler/api/jobs/job_0", "")] {
        let answer = told.tell(&format!("ask GET {path}")).unwrap();
        assert!(answer.starts_with("200 ") && answer.contains(body), "{answer}");
    }
    told.tell("free").unwrap();
    let created = told.tell(&refused[0]).unwrap();
    assert!(created.starts_with("201 "), "{created}");
    assert_eq!(told.tell("ask GET /scheduler/readyz").unwrap(), r#"200 {"status":"ready"}"#);
}

#[tokio::test]
async fn once_there_is_space_the_next_request_succeeds_and_all_that_ran_meanwhile_is_kept() {
    for stops in [true, false] {
        let Some(Full { mut told, id, left, jobs, _disk }) = full() else { return };
        told.tell("advance 30").unwrap();
        let completed: usize = told.tell("completed").unwrap().parse().unwrap();
        told.tell("free").unwrap();
        told.tell("pause job_0").unwrap();
        if stops {
            told.tell("stop").unwrap();
            told.end();
            assert!(!left.file(JOURNAL).exists());
        } else {
            told.kill(id);
        }
        let (found, kept) = left.go_on(61, 0).await;
        assert_eq!(found, jobs.replacen("tick:scheduled", "tick:paused", 1));
        assert_eq!(kept, completed);
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_program_was_killed_on_a_full_disk() {
    let Some(Full { mut told, id, left, jobs, _disk }) = full() else { return };
    told.tell("advance 30").unwrap();
    told.kill(id);
    let (found, kept) = left.go_on(61, 1).await;
    assert_eq!(found, jobs);
    assert!(kept >= 3, "{kept}");
}

#[tokio::test]
async fn a_stop_on_a_full_disk_says_that_it_could_not_write_and_loses_nothing_acknowledged() {
    let Some(Full { mut told, left, jobs, _disk, .. }) = full() else { return };
    told.tell("advance 30").unwrap();
    assert_is_full(&told.tell("stop").unwrap_err());
    told.end();
    let (found, kept) = left.go_on(61, 1).await;
    assert_eq!(found, jobs);
    assert!(kept >= 3, "{kept}");
}

#[tokio::test]
async fn a_folding_that_fails_for_want_of_space_leaves_all_as_it_was() {
    for is_freed in [false, true] {
        let Some((mut told, id, _disk, left)) = on_a_small_disk("60000") else { return };
        told.tell("fill 130000").unwrap();
        told.tell("add large 100000").unwrap();
        // The journal is put aside to be folded, and there it stays, since there
        // is no space for a snapshot beside it.
        told.tell(&format!("see {OLD_JOURNAL}")).unwrap();
        let mut jobs = vec!["large:scheduled".to_owned()];
        for number in 0..20 {
            // While the snapshot is tried, it may take all there is.
            if told.tell(&format!("add more-{number} 200")).is_ok() {
                jobs.push(format!("more-{number}:scheduled"));
            }
        }
        if is_freed {
            told.tell("free").unwrap();
            told.tell("add another 70000").unwrap();
            jobs.push("another:scheduled".to_owned());
            told.tell(&format!("miss {OLD_JOURNAL}")).unwrap();
        }
        told.kill(id);
        assert_eq!(left.file(OLD_JOURNAL).exists(), !is_freed);
        let (found, _) = left.go_on(1, 0).await;
        assert_eq!(found, jobs.join(" "), "freed: {is_freed}");
    }
}

#[tokio::test]
async fn a_disk_that_fills_up_before_or_after_a_fold_loses_nothing_acknowledged() {
    for is_folded in [false, true] {
        let Some((mut told, id, _disk, left)) = on_a_small_disk("30000") else { return };
        let mut jobs = Vec::new();
        let mut add = |told: &mut Told, count: usize| {
            for _ in 0..count {
                let name = format!("early-{}", jobs.len());
                told.tell(&format!("add {name} 1000")).unwrap();
                jobs.push(format!("{name}:scheduled"));
            }
        };
        add(&mut told, 5);
        if is_folded {
            // Enough for a journal of that length; the next one begins, and
            // the one put aside is gone once the snapshot has it.
            add(&mut told, 30);
            told.tell(&format!("miss {OLD_JOURNAL}")).unwrap();
        }
        told.tell("fill 0").unwrap();
        let (why, late) = told.add_until_it_fails();
        assert_is_full(&why);
        told.kill(id);
        let snapshot = std::fs::read_to_string(left.file(STATE)).unwrap();
        assert_eq!(snapshot.contains("early-0"), is_folded);
        let (found, _) = left.go_on(1, 0).await;
        assert_eq!(found, [jobs, late].concat().join(" "), "folded: {is_folded}");
    }
}
