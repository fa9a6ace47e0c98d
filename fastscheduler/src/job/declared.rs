//! What the code says of a job, which is matched at each start.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{JobDefinition, JobId, Source};

/// A job as the code says it is, in an attribute or when the program adds it.
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

impl Declared {
    /// What is stored of it beside a job's definition: nothing if the program
    /// added the job, and the definition says the same.
    pub(crate) fn beside(self: &Arc<Self>, definition: &JobDefinition, source: Source) -> Option<Arc<Self>> {
        let is_same = source == Source::Added && self.is_enabled && *self.definition == *definition;
        (!is_same).then(|| Arc::clone(self))
    }

    /// A job that the program adds.
    pub(crate) fn added(definition: &Arc<JobDefinition>, is_enabled: bool) -> Self {
        Self { definition: Arc::clone(definition), position: 0, is_named: true, is_enabled }
    }
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
