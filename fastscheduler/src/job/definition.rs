//! What a job is told to do.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ARGUMENTS_DEPTH_LIMIT, FunctionKey, Name, Policy};
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

/// Whether arguments are nested so deep that what is written of a job could not
/// be read again.
pub(crate) fn are_too_deep(args: &[Value], kwargs: &Map<String, Value>) -> bool {
    args.iter().chain(kwargs.values()).any(|value| is_deeper(value, ARGUMENTS_DEPTH_LIMIT))
}

fn is_deeper(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(values) => depth == 0 || values.iter().any(|value| is_deeper(value, depth - 1)),
        Value::Object(values) => depth == 0 || values.values().any(|value| is_deeper(value, depth - 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
