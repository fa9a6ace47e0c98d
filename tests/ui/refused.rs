//! What the attributes say about what they do not accept.
//!
//! `fail` holds one mistake a file, beside what the compiler prints. After a
//! change of wording, run
//! `TRYBUILD=overwrite cargo test -p fastscheduler-ui --test refused`, and read
//! the difference as a user would.

#[test]
fn every_mistake_is_explained() {
    trybuild::TestCases::new().compile_fail("fail/*.rs");
}
