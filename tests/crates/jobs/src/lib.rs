//! A library of jobs that no program calls by name.

#![forbid(unsafe_code)]

use fastscheduler::prelude::*;

#[daily(at = "02:00", name = "from a library")]
async fn private_in_a_library() {}

/// Jobs in a module.
pub mod deeper {
    /// A public job.
    #[fastscheduler::job]
    pub fn public_in_a_library() {}
}
