//! State files that somebody else owns: the message says what to do, and
//! nothing is touched.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use fastscheduler_tests::state_folder::{JOURNAL, LOCK, STATE, StateFolder};
use fastscheduler_tests::told::Told;
use tempfile::TempDir;

/// A user without rights.
const NOBODY: u32 = 65534;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The program as a user who may not do everything: of root, nobody. It comes
/// with a folder that user can reach it in.
fn as_a_user(file: &Path) -> (Command, TempDir) {
    let reachable = tempfile::tempdir().unwrap();
    set_mode(reachable.path(), 0o755);
    let program = reachable.path().join("does_as_told");
    // Not by ourselves: what is open for writing in a test beside is not run.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_does_as_told")).arg(&program).status();
    assert!(copied.unwrap().success());
    set_mode(&program, 0o755);
    let mut command = Command::new(&program);
    command.arg(file).arg("0");
    if fs::metadata(reachable.path()).unwrap().uid() == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    (command, reachable)
}

/// What the program says that cannot open a file.
fn refusal(file: &Path) -> String {
    let (mut command, _reachable) = as_a_user(file);
    Told::start(&mut command).expect_err("it may not do that")
}

const REMEDY: &str = "(run as a user who may read and write in its folder, or choose another `state_file`): Permission denied \
                      (os error 13)";

#[tokio::test]
async fn a_folder_of_another_user_is_refused_with_what_to_do_and_left_as_it_is() {
    // The root belongs to another user, whoever runs this.
    assert_eq!(
        refusal(Path::new("/fastscheduler_test.json")),
        format!("the store could not lock the state file: `/fastscheduler_test.json.lock` {REMEDY}")
    );
    for name in [STATE, LOCK] {
        assert!(!Path::new("/fastscheduler_test.json").with_file_name(name).exists());
    }

    // One with a state in it that may be read.
    let folder = StateFolder::with(&StateFolder::sample().await);
    let before = folder.contents();
    set_mode(folder.path(), 0o555);
    let path = folder.path().canonicalize().unwrap();
    let refused = refusal(&folder.state_file());
    set_mode(folder.path(), 0o755);
    assert_eq!(
        refused,
        format!("the store could not lock the state file: `{}` {REMEDY}", path.join(LOCK).display())
    );
    assert!(folder.contents() == before && !folder.file(LOCK).exists());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_folder_on_a_read_only_disk_is_refused_and_left_as_it_is() {
    let folder = StateFolder::with(&StateFolder::sample().await);
    let before = folder.contents();
    let mounted = |script: &str| {
        let mut command = Command::new("unshare");
        let mount = r#"mount --bind "$1" "$1" && mount -o remount,bind,ro "$1""#;
        command.args(["--map-root-user", "--mount", "sh", "-c", &format!("{mount} && {script}"), "sh"]);
        command.arg(folder.path());
        command
    };
    if !mounted("true").output().is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "nothing can be mounted, and CI has to show this");
        eprintln!("SKIPPED: it takes `unshare`, and root or user namespaces");
        return;
    }
    let mut command = mounted(r#""$2" "$1/scheduler.json" 0"#);
    command.arg(env!("CARGO_BIN_EXE_does_as_told"));
    let refused = Told::start(&mut command).expect_err("nothing can be written there");
    let lock = folder.path().canonicalize().unwrap().join(LOCK);
    assert!(
        refused.starts_with(&format!("the store could not lock the state file: `{}` ", lock.display()))
            && refused.ends_with("Read-only file system (os error 30)"),
        "{refused}"
    );
    assert!(folder.contents() == before);
}

#[tokio::test]
async fn a_folder_that_may_not_be_entered_is_refused() {
    let folder = StateFolder::with(&StateFolder::sample().await);
    set_mode(folder.path(), 0o600);
    let refused = refusal(&folder.state_file());
    set_mode(folder.path(), 0o755);
    assert_eq!(
        refused,
        format!("the store could not open the state file: `{}` {REMEDY}", folder.state_file().display())
    );
}

#[tokio::test]
async fn a_file_that_may_not_be_read_is_refused_and_left_as_it_is() {
    for (name, action) in
        [(STATE, "read the state file"), (JOURNAL, "read the journal"), (LOCK, "lock the state file")]
    {
        let folder = StateFolder::with(&StateFolder::sample().await);
        folder.put(LOCK, b"");
        let before = folder.contents();
        // Root's, or one's own that one may not read.
        set_mode(folder.path(), 0o777);
        set_mode(&folder.file(LOCK), 0o666);
        set_mode(&folder.file(name), 0o000);
        let refused = refusal(&folder.state_file());
        set_mode(&folder.file(name), 0o644);
        let file = folder.path().canonicalize().unwrap().join(name);
        assert_eq!(refused, format!("the store could not {action}: `{}` {REMEDY}", file.display()));
        assert!(folder.contents() == before, "{name}");
    }
}

#[tokio::test]
async fn a_journal_that_may_be_read_and_not_written_is_refused_and_left_as_it_is() {
    let folder = StateFolder::with(&StateFolder::sample().await);
    let before = folder.contents();
    set_mode(folder.path(), 0o777);
    set_mode(&folder.file(JOURNAL), 0o444);
    let refused = refusal(&folder.state_file());
    let file = folder.path().canonicalize().unwrap().join(JOURNAL);
    assert_eq!(refused, format!("the store could not open the journal: `{}` {REMEDY}", file.display()));
    assert!(folder.contents() == before);
}
