//! One call of a job function, and the parameters it takes from it.

use std::sync::Arc;

use serde_json::{Map, Value};
use thiserror::Error;

use super::outcome::Failure;
use super::parameter::{FromCall, ParameterSource};
use super::{JobContext, States};
use crate::schedule::text::{OneLine, nearest};

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

/// One call of a job function: its arguments and its context.
#[derive(Debug)]
pub struct Call {
    arguments: Arc<Arguments>,
    context: JobContext,
    position: usize,
}

impl Call {
    pub(crate) fn new(arguments: Arc<Arguments>, context: JobContext) -> Self {
        Self { arguments, context, position: 0 }
    }

    /// The value of the function's next parameter, which has that name.
    pub fn parameter<T: FromCall>(&mut self, name: &'static str) -> Result<T, ArgumentError> {
        T::from_call(self, name)
    }

    pub(super) fn arguments(&self) -> &Arguments {
        &self.arguments
    }

    pub(super) fn context(&self) -> &JobContext {
        &self.context
    }

    pub(super) fn states(&self) -> &States {
        self.context.states()
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// The JSON of the next parameter that takes one.
    pub(super) fn next_value(&mut self, name: &str) -> Option<&Value> {
        let position = self.position;
        self.position += 1;
        self.arguments.value(position, name)
    }
}

impl Arguments {
    /// The value of the parameter at `position` among those that take one.
    pub(super) fn value(&self, position: usize, name: &str) -> Option<&Value> {
        self.args.get(position).or_else(|| self.kwargs.get(name))
    }

    /// Whether these arguments fit the parameters.
    pub(super) fn check(&self, parameters: &[super::Parameter]) -> Result<(), ArgumentError> {
        let values: Vec<_> = parameters.iter().filter(|p| p.source() == ParameterSource::Value).collect();
        let takes = |source| parameters.iter().any(|parameter| parameter.source() == source);
        if self.args.len() > values.len() && !takes(ParameterSource::Args) {
            return Err(ArgumentError::TooMany { given: self.args.len(), taken: values.len() });
        }
        for (position, parameter) in values.iter().enumerate() {
            let name = parameter.name();
            if position < self.args.len() && !name.is_empty() && self.kwargs.contains_key(name) {
                return Err(ArgumentError::Twice(name.to_owned()));
            }
            parameter.check(position, self.value(position, name))?;
        }
        let is_known = |name: &str| values.iter().any(|p| p.name() == name);
        match self.kwargs.keys().find(|name| !is_known(name)) {
            Some(name) if !takes(ParameterSource::Kwargs) => Err(ArgumentError::Unknown {
                name: name.clone(),
                nearest: nearest(name, values.iter().map(|p| p.name())).map(str::to_owned),
            }),
            _ => Ok(()),
        }
    }
}
