//! What a job is told to do.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{FunctionKey, Name, Policy};
use crate::schedule::ScheduleDefinition;

/// A function, its arguments, a schedule and a policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobDefinition {
    /// The name people know the job by.
    pub name: Name,
    /// The group it belongs to.
    pub group: Name,
    /// The function that runs.
    pub function: FunctionKey,
    /// Positional arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Value>,
    /// Keyword arguments.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub kwargs: Map<String, Value>,
    /// When it runs, as it was written: an interval or a delay without an
    /// anchor counts from the instant the job got this schedule.
    pub schedule: ScheduleDefinition,
    /// How it is treated when it fails, is late, or is still running.
    pub policy: Policy,
}
