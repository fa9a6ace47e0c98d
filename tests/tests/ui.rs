//! What the attributes accept, and what they say about what they do not.
//!
//! `ui/pass` holds every accepted spelling; `ui/fail` holds one mistake a
//! file, beside what the compiler prints. After a change of wording, run
//! `TRYBUILD=overwrite cargo test -p fastscheduler-tests --test ui`, and read
//! the difference as a user would.

#[test]
fn every_accepted_spelling_compiles_and_every_mistake_is_explained() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    cases.compile_fail("ui/fail/*.rs");
}
