//! `fastscheduler::run()` says where it serves once it does.

#![cfg(unix)]

use std::net::TcpListener;
use std::process::Command;

use fastscheduler_tests::program::Program;

fn program(address: &str) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reports"));
    Program::run(command.env("FASTSCHEDULER_STORAGE", "memory").env("FASTSCHEDULER_HTTP", address))
}

#[test]
fn a_program_prints_the_address_at_which_it_listens_before_it_says_that_it_runs() {
    let mut program = program("127.0.0.1:0");
    let said = program.wait_for("running; Ctrl-C stops");
    let [.., serving, _] = &said[..] else { panic!("{said:#?}") };
    let page = serving.strip_prefix("serving ").unwrap_or_else(|| panic!("{said:#?}"));
    assert!(page.starts_with("http://127.0.0.1:") && page.ends_with("/scheduler/"), "{page}");
    let answer = ureq::get(page).call().unwrap();
    assert_eq!(answer.status(), 200);
    program.signal("TERM");
    assert_eq!(program.code(), Some(0));
}

#[test]
fn where_the_address_is_in_use_it_says_so_and_never_that_it_serves() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut program = program(&address);
    assert_eq!(program.code(), Some(1));
    let (output, errors) = (program.rest(), program.rest_of_errors());
    assert!(!output.contains("serving") && !output.contains("running"), "{output}");
    let error = errors.lines().find(|line| line.starts_with("Error: ")).unwrap_or_else(|| panic!("{errors}"));
    assert_eq!(error, format!("Error: cannot listen at `{address}`"));
}
