//! What the code says of a job, which is matched at each start.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{JobDefinition, JobId};

/// A job as the code declares it, by an attribute or as a named closure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Declared {
    /// What the code said when it was last matched. Edits made at run time
    /// stay until this changes.
    pub definition: Arc<JobDefinition>,
    /// Its place among the declarations of its function, from 0.
    pub position: u32,
    /// Whether the code gives it a name of its own.
    pub is_named: bool,
    /// Whether it is to fire from the start.
    pub is_enabled: bool,
}

/// A declared job that has ended or was cancelled. It does not come back until
/// the code's definition changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tombstone {
    /// The job that was.
    pub job: JobId,
    /// What the code said of it.
    pub declared: Declared,
}
