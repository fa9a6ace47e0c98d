//! The arguments of a job as a function takes them.

use serde::de::value::Error as DeError;
use serde_json::{Map, Value};
use thiserror::Error;

use super::outcome::Failure;
use crate::schedule::text::OneLine;

/// The arguments of a job, as JSON.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Arguments {
    /// By position.
    pub args: Vec<Value>,
    /// By name.
    pub kwargs: Map<String, Value>,
}

/// All positional arguments of a job, as JSON.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Args(pub Vec<Value>);

/// All keyword arguments of a job, as JSON.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kwargs(pub Map<String, Value>);

/// What is wrong with a job's arguments.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ArgumentError {
    /// A parameter that got no value: its name in backticks, or its number.
    #[error("parameter {0} has no value; give it by position or by name")]
    Missing(String),
    /// A value that does not fit its parameter's type.
    #[error("parameter {parameter}: {}", OneLine(.reason))]
    Type {
        /// The parameter: its name in backticks, or its number.
        parameter: String,
        /// What does not fit.
        reason: String,
    },
    /// More positional arguments than parameters.
    #[error("{given} positional arguments were given, but the function takes {taken}")]
    TooMany {
        /// How many were given.
        given: usize,
        /// How many parameters take one.
        taken: usize,
    },
    /// A keyword argument that no parameter has.
    #[error("unknown argument `{}`; {}", OneLine(.name), .nearest.as_ref().map_or_else(
        || "the function has no parameter of that name".to_owned(),
        |parameter| format!("did you mean `{parameter}`?")))]
    Unknown {
        /// The name that was given.
        name: String,
        /// The parameter it most resembles, if any does.
        nearest: Option<String>,
    },
    /// A parameter that got a value by position and another by name.
    #[error("parameter `{0}` is given by position and by name; give it once")]
    Twice(String),
    /// State that the builder was not given.
    #[error("no state of type `{0}`; give it to the builder with `.state(..)`")]
    State(&'static str),
}

impl From<ArgumentError> for Failure {
    fn from(error: ArgumentError) -> Self {
        // The same arguments fail the same way again.
        Self::permanent(error.to_string())
    }
}

impl Arguments {
    /// The value of the parameter at `position` among those that take one.
    pub(super) fn value(&self, position: usize, name: &str) -> Option<&Value> {
        value(&self.args, &self.kwargs, position, name)
    }
}

/// The value of the parameter at `position` among those that take one.
pub(super) fn value<'a>(
    args: &'a [Value],
    kwargs: &'a Map<String, Value>,
    position: usize,
    name: &str,
) -> Option<&'a Value> {
    args.get(position).or_else(|| kwargs.get(name))
}

impl ArgumentError {
    /// Why a parameter, the one at `position`, cannot be made from a value, or from none.
    pub(super) fn of_parameter(position: usize, name: &str, is_absent: bool, error: &DeError) -> Self {
        let parameter =
            if name.is_empty() { format!("number {}", position + 1) } else { format!("`{name}`") };
        if is_absent { Self::Missing(parameter) } else { Self::Type { parameter, reason: error.to_string() } }
    }
}
