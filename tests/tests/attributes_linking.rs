//! Jobs are found however a program is put together and linked.
//!
//! The programs are in `crates/`, a workspace of its own, which is built here
//! by cargo with the versions that the workspace's lock file names.

use std::path::{Path, PathBuf};
use std::process::Command;

const CRATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/crates");
const LOCK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock");

#[test]
fn jobs_are_found_in_a_program_a_library_and_under_another_name() {
    std::fs::copy(LOCK, Path::new(CRATES).join("Cargo.lock")).unwrap();
    for profile in ["dev", "release"] {
        let programs = build(profile);
        assert_eq!(
            functions(&programs.join("host")),
            [
                "host::in_a_body",
                "host::in_the_program",
                "host::never_named::private_in_a_module",
                "my_jobs::deeper::public_in_a_library",
                "my_jobs::private_in_a_library",
            ],
            "built as {profile}"
        );
        assert_eq!(
            functions(&programs.join("renamed")),
            ["renamed::through_a_facade", "renamed::under_another_name"],
            "built as {profile}"
        );
    }
}

/// Builds the programs and returns where they are.
fn build(profile: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("attributes_linking");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--offline", "--profile", profile, "--target-dir"]).arg(&target);
    // Flags meant for this workspace, coverage among them, are not for strangers.
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    let output = cargo.current_dir(CRATES).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    target.join(if profile == "dev" { "debug" } else { profile })
}

fn functions(program: &Path) -> Vec<String> {
    let output = Command::new(program).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut lines: Vec<String> =
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}
