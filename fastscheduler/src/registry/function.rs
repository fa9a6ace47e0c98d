//! A registered function, whatever its own type is.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::arguments::{ArgumentError, Arguments};
use super::call::Call;
use super::outcome::Outcome;
use super::parameter::Parameter;
use super::registration::{Body, Declaration, Registration};
use super::{RegistryError, States};
use crate::job::{FunctionKey, Lane, Name};

/// A function that jobs may run.
#[derive(Clone)]
pub struct Function {
    key: FunctionKey,
    /// The name of its jobs that have none of their own.
    name: Name,
    documentation: String,
    file: &'static str,
    line: u32,
    parameters: Vec<Parameter>,
    body: Implementation,
    /// The path of the predicate that the attribute's `retry_if` names.
    retry_if: Option<&'static str>,
    declarations: Vec<&'static Declaration>,
}

#[derive(Clone)]
enum Implementation {
    Linked(Body),
    Closure(Arc<dyn Fn(Call) -> BoxFuture<'static, Outcome> + Send + Sync>),
    BlockingClosure(Arc<dyn Fn(Call) -> Outcome + Send + Sync>),
}

/// A function under way, or one that is still to be put on a blocking thread.
pub(crate) enum Invocation {
    /// To be polled.
    Async(BoxFuture<'static, Outcome>),
    /// To be called on a blocking thread.
    Blocking(Box<dyn FnOnce() -> Outcome + Send>),
}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Async(_) => "Invocation::Async",
            Self::Blocking(_) => "Invocation::Blocking",
        })
    }
}

impl Function {
    pub(super) fn linked(registration: &'static Registration) -> Self {
        Self {
            key: FunctionKey::new(registration.module, registration.name),
            name: Name::from(registration.name),
            documentation: registration.documentation.to_owned(),
            file: registration.file,
            line: registration.line,
            parameters: registration.parameters.to_vec(),
            body: Implementation::Linked(registration.body),
            retry_if: registration.retry_if,
            declarations: registration.jobs.iter().collect(),
        }
    }

    pub(super) fn closure(
        key: FunctionKey,
        place: &'static Location<'static>,
        parameters: Vec<Parameter>,
        body: impl Fn(Call) -> BoxFuture<'static, Outcome> + Send + Sync + 'static,
    ) -> Self {
        Self::unlinked(key, place, parameters, Implementation::Closure(Arc::new(body)))
    }

    pub(super) fn blocking_closure(
        key: FunctionKey,
        place: &'static Location<'static>,
        parameters: Vec<Parameter>,
        body: impl Fn(Call) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        Self::unlinked(key, place, parameters, Implementation::BlockingClosure(Arc::new(body)))
    }

    fn unlinked(
        key: FunctionKey,
        place: &'static Location<'static>,
        parameters: Vec<Parameter>,
        body: Implementation,
    ) -> Self {
        Self {
            name: Name::from(key.name()),
            key,
            documentation: String::new(),
            file: place.file(),
            line: place.line(),
            parameters,
            body,
            retry_if: None,
            declarations: Vec::new(),
        }
    }

    /// The same function by all its attributes: those of `self`, and those of
    /// `other`, which were expanded by themselves. Declarations are in source order.
    pub(super) fn merged(&self, other: &Self) -> Result<Self, RegistryError> {
        let retry_if = match (self.retry_if, other.retry_if) {
            (Some(first), Some(second)) if first != second => {
                let (function, place) = (self.key.clone(), self.place());
                let [first, second] = [first, second].map(str::to_owned);
                return Err(RegistryError::RetryIf { function, place, first, second });
            }
            (first, second) => first.or(second),
        };
        // Only the attribute with `retry_if` makes a body that asks it.
        let body = if self.retry_if.is_some() { &self.body } else { &other.body }.clone();
        let mut declarations = [self.declarations.as_slice(), &other.declarations].concat();
        declarations.sort_by_key(|declaration| declaration.place.order());
        Ok(Self { body, retry_if, declarations, ..self.clone() })
    }

    /// The function's full name.
    #[must_use]
    pub fn key(&self) -> &FunctionKey {
        &self.key
    }

    pub(crate) fn name(&self) -> &Name {
        &self.name
    }

    /// The function's doc comment; empty if it has none.
    #[must_use]
    pub fn documentation(&self) -> &str {
        &self.documentation
    }

    /// The source file the function is written in.
    #[must_use]
    pub fn file(&self) -> &'static str {
        self.file
    }

    /// The line of the function in that file.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.line
    }

    /// What the function takes, in order.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Where the function runs.
    #[must_use]
    pub fn lane(&self) -> Lane {
        match self.body {
            Implementation::Linked(Body::Blocking(_)) | Implementation::BlockingClosure(_) => Lane::Blocking,
            Implementation::Linked(Body::Async(_)) | Implementation::Closure(_) => Lane::Async,
        }
    }

    /// Whether a job may call the function with these arguments.
    pub fn check(&self, arguments: &Arguments) -> Result<(), ArgumentError> {
        arguments.check(&self.parameters)
    }

    /// Whether every state that the function takes is there.
    pub(crate) fn check_states(&self, states: &States) -> Result<(), RegistryError> {
        match self.parameters.iter().filter_map(Parameter::state).find(|state| !states.contains(*state)) {
            None => Ok(()),
            Some(state) => Err(RegistryError::MissingState {
                function: self.key.clone(),
                place: self.place(),
                state: state.name,
            }),
        }
    }

    pub(crate) fn declarations(&self) -> &[&'static Declaration] {
        &self.declarations
    }

    pub(crate) fn invoke(&self, call: Call) -> Invocation {
        match &self.body {
            Implementation::Linked(Body::Async(body)) => Invocation::Async(body(call)),
            Implementation::Closure(body) => Invocation::Async(body(call)),
            Implementation::Linked(Body::Blocking(body)) => {
                let body = *body;
                Invocation::Blocking(Box::new(move || body(call)))
            }
            Implementation::BlockingClosure(body) => {
                let body = Arc::clone(body);
                Invocation::Blocking(Box::new(move || body(call)))
            }
        }
    }

    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("key", &self.key)
            .field("place", &self.place())
            .field("lane", &self.lane())
            .finish_non_exhaustive()
    }
}
