//! One call of a job function, and what its parameters take from it.

use std::any::type_name;
use std::sync::Arc;

use serde::de::{DeserializeOwned, Deserializer, Visitor, value::Error as DeError};
use serde_json::Value;

use super::arguments::{Args, ArgumentError, Kwargs, value};
use super::context::JobContext;
use super::state::{State, StateType, States};
use crate::job::JobDefinition;

/// One call of a job function: its arguments and its context.
#[derive(Debug)]
pub struct Call {
    /// The job, whose arguments they are.
    definition: Arc<JobDefinition>,
    context: JobContext,
    position: usize,
}

impl Call {
    pub(crate) fn new(definition: Arc<JobDefinition>, context: JobContext) -> Self {
        Self { definition, context, position: 0 }
    }

    /// The value of the function's next parameter, which has that name.
    pub fn parameter<T: FromCall>(&mut self, name: &'static str) -> Result<T, ArgumentError> {
        T::from_call(self, name)
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
        value(&self.definition.args, &self.definition.kwargs, position, name)
    }
}

/// What fills a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterSource {
    /// An argument of the job, by position or by name.
    Value,
    /// The attempt's context.
    Context,
    /// Application state.
    State,
    /// All positional arguments.
    Args,
    /// All keyword arguments.
    Kwargs,
}

/// A type that a job function may take as a parameter.
///
/// These are [`JobContext`], [`State`], [`Args`], [`Kwargs`], and every type
/// that serde can deserialise without borrowing.
#[diagnostic::on_unimplemented(
    message = "a job function cannot take `{Self}` as a parameter",
    label = "no value of this type can be made from a job's arguments",
    note = "take `JobContext`, `State<T>`, `Args`, `Kwargs`, or a type that is `serde::Deserialize` and owns its data",
    note = "where another `State` is imported, such as axum's, take `fastscheduler::JobState<T>`"
)]
pub trait FromCall: Sized {
    #[doc(hidden)]
    const SOURCE: ParameterSource;

    #[doc(hidden)]
    fn from_call(call: &mut Call, name: &'static str) -> Result<Self, ArgumentError>;

    /// Whether the value fits; `None` is an absent one.
    #[doc(hidden)]
    fn check(_value: Option<&Value>) -> Result<(), DeError> {
        Ok(())
    }

    #[doc(hidden)]
    #[must_use]
    fn state() -> Option<StateType> {
        None
    }
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> FromCall for T {
    const SOURCE: ParameterSource = ParameterSource::Value;

    fn from_call(call: &mut Call, name: &'static str) -> Result<Self, ArgumentError> {
        let position = call.position();
        let value = call.next_value(name);
        read(value).map_err(|error| ArgumentError::of_parameter(position, name, value.is_none(), &error))
    }

    fn check(value: Option<&Value>) -> Result<(), DeError> {
        read::<T>(value).map(drop)
    }
}

impl FromCall for JobContext {
    const SOURCE: ParameterSource = ParameterSource::Context;

    fn from_call(call: &mut Call, _name: &'static str) -> Result<Self, ArgumentError> {
        Ok(call.context().clone())
    }
}

impl<T: Clone + Send + Sync + 'static> FromCall for State<T> {
    const SOURCE: ParameterSource = ParameterSource::State;

    fn from_call(call: &mut Call, _name: &'static str) -> Result<Self, ArgumentError> {
        call.states().get().map(State).ok_or(ArgumentError::State(type_name::<T>()))
    }

    fn state() -> Option<StateType> {
        Some(StateType::of::<T>())
    }
}

impl FromCall for Args {
    const SOURCE: ParameterSource = ParameterSource::Args;

    fn from_call(call: &mut Call, _name: &'static str) -> Result<Self, ArgumentError> {
        Ok(Self(call.definition.args.clone()))
    }
}

impl FromCall for Kwargs {
    const SOURCE: ParameterSource = ParameterSource::Kwargs;

    fn from_call(call: &mut Call, _name: &'static str) -> Result<Self, ArgumentError> {
        Ok(Self(call.definition.kwargs.clone()))
    }
}

fn read<T: DeserializeOwned>(value: Option<&Value>) -> Result<T, DeError> {
    match value {
        Some(value) => T::deserialize(value).map_err(serde::de::Error::custom),
        None => T::deserialize(Absent),
    }
}

/// A value that is not there: an `Option` becomes `None`, all else fails.
struct Absent;

impl<'de> Deserializer<'de> for Absent {
    type Error = DeError;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, DeError> {
        Err(serde::de::Error::custom("no value"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeError> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
