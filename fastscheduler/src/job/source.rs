//! Who made a job.

use serde::{Deserialize, Serialize};

/// Who made a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// An attribute.
    Code,
    /// The program, with [`Scheduler::add`](crate::Scheduler::add).
    Added,
    /// A client, over HTTP or through a program that adds jobs with
    /// `always_new`.
    #[serde(rename = "client")]
    Api,
    /// The program or a client: an earlier version stored the job, which did
    /// not record which of the two.
    #[serde(rename = "api")]
    Unrecorded,
    /// The Python program, whose state file was taken over and does not say.
    Imported,
}
