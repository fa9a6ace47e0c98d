//! A disk whose syncs fail: what it had been given since the last one may be
//! gone, and no later sync says otherwise. Only a whole new file does.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fastscheduler_tests::state_folder::{JOURNAL, OLD_JOURNAL, StateFolder};
use fastscheduler_tests::told::Told;
use tempfile::TempDir;

/// A program whose syncs can be made to fail.
struct Failing {
    told: Told,
    id: u32,
    state: StateFolder,
    switches: TempDir,
}

impl Failing {
    fn start(fold_at: Option<&str>) -> Self {
        let (state, switches) = (StateFolder::new(), tempfile::tempdir().unwrap());
        let (told, id) = Self::process(&state, &switches, fold_at);
        Self { told, id, state, switches }
    }

    fn process(state: &StateFolder, switches: &TempDir, fold_at: Option<&str>) -> (Told, u32) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_does_as_told"));
        command.arg(state.state_file()).arg("0").args(fold_at).env("LD_PRELOAD", shim(switches.path()));
        command.env("FDATASYNC_FAILS", switches.path().join("fdatasync"));
        command.env("FDATASYNC_FAILS_ONCE", switches.path().join("fdatasync once"));
        command.env("FSYNC_FAILS", switches.path().join("fsync"));
        Told::start(&mut command).unwrap()
    }

    fn fails(&self, what: &str) {
        fs::write(self.switches.path().join(what), []).unwrap();
    }

    fn works_again(&self) {
        for what in ["fdatasync", "fdatasync once", "fsync"] {
            let _ = fs::remove_file(self.switches.path().join(what));
        }
    }

    /// Kills it, and takes away all that it has written and that was not in a
    /// snapshot; answers the jobs that the next process finds.
    fn jobs_without_journal(self) -> String {
        self.told.kill(self.id);
        for journal in [JOURNAL, OLD_JOURNAL] {
            let _ = fs::remove_file(self.state.path().join(journal));
        }
        Self::process(&self.state, &self.switches, None).0.tell("jobs").unwrap()
    }
}

/// The library that makes syncs fail. What builds Rust programs has a C compiler.
fn shim(folder: &Path) -> PathBuf {
    let library = folder.join("failing_sync.so");
    if !library.exists() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("shim/failing_sync.c");
        let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).status();
        assert!(built.expect("`cc` is there, which links Rust programs too").success());
    }
    library
}

#[test]
fn what_could_not_be_synced_is_acknowledged_once_it_is_in_a_snapshot() {
    let mut failing = Failing::start(None);
    failing.told.tell("add before 10").unwrap();
    failing.fails("fdatasync");
    failing.told.tell("add meanwhile 10").unwrap();
    assert_eq!(failing.jobs_without_journal(), "before:scheduled meanwhile:scheduled");
}

#[test]
fn what_can_be_made_safe_in_no_way_fails_with_the_reason_and_is_not_made() {
    let mut failing = Failing::start(None);
    failing.told.tell("add tick 10").unwrap();
    failing.fails("fdatasync");
    failing.fails("fsync");
    for request in ["add another 10", "pause job_0", "run job_0"] {
        let why = failing.told.tell(request).unwrap_err();
        assert!(why.starts_with("the store could not "), "{request}: {why}");
        assert!(why.ends_with("Input/output error (os error 5)"), "{request}: {why}");
    }
    failing.told.tell("advance 30").unwrap();
    let completed = failing.told.tell("completed").unwrap();
    assert_eq!(completed, "3", "jobs go on");
    failing.works_again();
    failing.told.tell("add after 10").unwrap();
    assert_eq!(failing.told.tell("jobs").unwrap(), "tick:scheduled after:scheduled");
    failing.told.tell("advance 10").unwrap();
    failing.told.end();
    let (mut told, _) = Failing::process(&failing.state, &failing.switches, None);
    assert_eq!(told.tell("jobs").unwrap(), "tick:scheduled after:scheduled");
    assert_eq!(told.tell("completed").unwrap(), "5");
}

#[test]
fn a_sync_that_succeeds_after_one_that_failed_proves_nothing() {
    let mut failing = Failing::start(None);
    failing.told.tell("add before 10").unwrap();
    failing.fails("fdatasync");
    failing.fails("fsync");
    failing.told.tell("add refused 10").unwrap_err();
    failing.works_again();
    failing.told.tell("pause job_0").unwrap();
    failing.told.tell("add after 10").unwrap();
    // The journal of before the failure has not what a snapshot had to have.
    let snapshot = fs::read_to_string(failing.state.state_file()).unwrap();
    assert!(snapshot.contains("before"), "a snapshot was written: {snapshot}");
    assert_eq!(failing.told.tell("jobs").unwrap(), "before:paused after:scheduled");
    assert!(failing.jobs_without_journal().starts_with("before:"));
}

#[test]
fn a_sync_that_fails_while_the_journal_is_folded_is_heard_of() {
    // Each addition is longer than all there is, so that it is folded at once,
    // and the sync for it and that of the fold are made beside one another.
    let mut failing = Failing::start(Some("1000"));
    for round in 0..20 {
        failing.fails("fsync");
        failing.fails("fdatasync once");
        let why = failing.told.tell(&format!("add job-{round} 50000"));
        let why = why.expect_err("neither the journal nor a snapshot is safe");
        assert!(why.ends_with("Input/output error (os error 5)"), "{why}");
        failing.works_again();
        let kept = failing.told.tell(&format!("add small-{round} 10")).unwrap();
        failing.told.tell(&format!("cancel {kept}")).unwrap();
    }
}
