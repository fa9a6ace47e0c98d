//! The parameters of registered functions, and whether arguments fit them.

use std::any::type_name;

use serde::de::value::Error as DeError;
use serde_json::Value;

use super::arguments::{ArgumentError, Arguments};
use super::call::{FromCall, ParameterSource};
use super::state::StateType;
use crate::schedule::text::nearest;

/// A parameter of a registered function.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    name: &'static str,
    source: ParameterSource,
    type_name: fn() -> &'static str,
    check: fn(Option<&Value>) -> Result<(), DeError>,
    state: fn() -> Option<StateType>,
    schema: fn() -> Option<Value>,
}

impl Parameter {
    #[doc(hidden)]
    #[must_use]
    pub const fn new<T: FromCall>(name: &'static str, schema: fn() -> Option<Value>) -> Self {
        Self { name, source: T::SOURCE, type_name: type_name::<T>, check: T::check, state: T::state, schema }
    }

    /// The parameter's name; empty if it is a pattern and goes by position only.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What fills the parameter.
    #[must_use]
    pub fn source(&self) -> ParameterSource {
        self.source
    }

    /// The parameter's type, with its path.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        (self.type_name)()
    }

    /// Whether the parameter does without a value, as an `Option` does.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        (self.check)(None).is_ok()
    }

    /// The JSON Schema of the parameter's type, if it has one.
    #[must_use]
    pub fn schema(&self) -> Option<Value> {
        (self.schema)()
    }

    /// The type of state the parameter takes, if it takes one.
    #[must_use]
    pub fn state(&self) -> Option<StateType> {
        (self.state)()
    }

    pub(super) fn check(&self, position: usize, value: Option<&Value>) -> Result<(), ArgumentError> {
        (self.check)(value)
            .map_err(|error| ArgumentError::of_parameter(position, self.name, value.is_none(), &error))
    }
}

impl Arguments {
    /// Whether these arguments fit the parameters.
    pub(super) fn check(&self, parameters: &[Parameter]) -> Result<(), ArgumentError> {
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
