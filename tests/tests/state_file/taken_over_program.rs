//! `fastscheduler::run()` on a state file of the Python program says what it
//! does with it.

#![cfg(unix)]

use std::process::Command;

use fastscheduler_tests::program::Program;
use fastscheduler_tests::state_folder::{LETTERS, STATE, StateFolder};

#[test]
fn what_is_kept_and_what_is_not_taken_over_is_printed_before_it_runs() {
    let folder = StateFolder::of_python(&[("\"schedule_type\": \"hourly\"", "\"schedule_type\": \"lunar\"")]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_holds_a_thread"));
    command
        .env("FASTSCHEDULER_STATE_FILE", folder.state_file())
        .env("FASTSCHEDULER_TIMEZONE", "Europe/Paris");
    let said = Program::run(&mut command).wait_for_error("job_2: in Europe/Paris");
    let notes: Vec<_> = said.iter().filter_map(|line| line.strip_prefix("note: ")).collect();
    let path = folder.path().canonicalize().unwrap();
    let kept = |name: &str| {
        let file = path.join(name);
        format!("`{0}` is kept as `{0}.bak`", file.display())
    };
    let expected = [
        kept(STATE),
        kept(LETTERS),
        "job \"job_3\" is not taken over: its schedule is of the unknown type `lunar`".to_owned(),
        // It was written by a program in UTC.
        "job_2: in Europe/Paris it is due at 2026-11-23 09:00:00 UTC by its schedule; its file says \
         2026-11-23 10:00:00 UTC"
            .to_owned(),
    ];
    assert_eq!(notes, expected, "{said:#?}");
}
