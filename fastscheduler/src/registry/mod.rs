//! Who runs: the functions that were linked in or registered at run time.
//!
//! This is the only place that erases types. Every function becomes a
//! [`Function`], which takes a [`Call`] and gives an [`Outcome`]; what it takes
//! and returns is described by its [`Parameter`]s.

mod arguments;
mod call;
mod closure;
mod closure_return;
mod context;
mod function;
pub(crate) mod outcome;
mod parameter;
mod permanent;
mod registration;
pub(crate) mod retry_if;
pub(crate) mod schema;
mod state;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

pub use arguments::{Args, ArgumentError, Arguments, Kwargs};
pub use call::{Call, FromCall, ParameterSource};
pub(crate) use closure::Given;
pub use closure::{BlockingJobClosure, JobClosure, TryBlockingJobClosure, TryJobClosure};
pub use closure_return::{ClosureReturn, TryClosureReturn};
pub(crate) use context::Cancellation;
pub use context::JobContext;
pub use function::Function;
pub(crate) use function::Invocation;
pub use outcome::Failure;
pub(crate) use outcome::Outcome;
pub use parameter::Parameter;
pub use permanent::Permanent;
pub use registration::{Body, Declaration, Place, Registration};
pub use retry_if::RetryError;
pub(crate) use retry_if::RetryIf;
pub(crate) use state::States;
pub use state::{State, StateType};

use crate::job::FunctionKey;
use crate::schedule::text::{OneLine, nearest};

/// What is wrong with the functions of a program, or with a name of one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Two functions under one name.
    #[error(
        "`{}` is registered twice: at {first} and at {second}; rename one, or set its `module`",
        OneLine(.key)
    )]
    Duplicate {
        /// The name.
        key: FunctionKey,
        /// Where the first is.
        first: String,
        /// Where the second is.
        second: String,
    },
    /// A name that no function has.
    #[error("no function `{}` is registered; {}", OneLine(.name), .nearest.as_ref().map_or_else(
        || "annotate it with `#[job]`, or register it".to_owned(),
        |known| format!("did you mean `{}`?", OneLine(known))))]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The function it most resembles, if any does.
        nearest: Option<String>,
    },
    /// A bare name that several functions have.
    #[error("`{}` is ambiguous; write one of {}", OneLine(.name), OneLine(.candidates.join(", ")))]
    Ambiguous {
        /// The name that was asked for.
        name: String,
        /// The full names that it may mean.
        candidates: Vec<String>,
    },
    /// A function whose attributes do not agree on `retry_if`.
    #[error("`{function}` at {place} has `retry_if = {first}` and `retry_if = {second}`; write it once")]
    RetryIf {
        /// The function.
        function: FunctionKey,
        /// Where it is.
        place: String,
        /// The path that one attribute names.
        first: String,
        /// The path that another attribute names.
        second: String,
    },
    /// A function whose state was not given.
    #[error(
        "`{}` at {place} takes `State<{state}>`, which the builder was not given; add `.state(..)`",
        OneLine(.function)
    )]
    MissingState {
        /// The function.
        function: FunctionKey,
        /// Where it is.
        place: String,
        /// The type of state.
        state: &'static str,
    },
}

/// All functions that jobs may run, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registry {
    functions: BTreeMap<FunctionKey, Arc<Function>>,
}

impl Registry {
    /// The functions that are linked into this program.
    ///
    /// Link order is unspecified, so they are sorted. A function that comes
    /// twice from one place, since an attribute could not see its sibling, is
    /// one function with the jobs of both, in source order.
    pub(crate) fn linked() -> Result<Self, RegistryError> {
        let mut registrations: Vec<_> = inventory::iter::<Registration>.into_iter().collect();
        registrations.sort_by(|one, other| {
            let key = |r: &Registration| (r.module, r.name, r.file, r.line);
            // If two are equal in this too, their order does not matter.
            let text = |r: &Registration| format!("{:?}", r.jobs);
            key(one).cmp(&key(other)).then_with(|| text(one).cmp(&text(other)))
        });
        let mut registry = Self::default();
        for registration in registrations {
            let function = Function::linked(registration);
            let place = function.place();
            match registry.functions.get_mut(function.key()) {
                None => registry.insert(function),
                Some(known) if known.place() == place => *known = Arc::new(known.merged(&function)?),
                Some(known) => {
                    let (key, first) = (known.key().clone(), known.place());
                    return Err(RegistryError::Duplicate { key, first, second: place });
                }
            }
        }
        Ok(registry)
    }

    /// Adds a function under a name that is free.
    pub(crate) fn register(&mut self, function: Function) -> Result<(), RegistryError> {
        if let Some(known) = self.functions.get(function.key()) {
            let (key, first, second) = (known.key().clone(), known.place(), function.place());
            return Err(RegistryError::Duplicate { key, first, second });
        }
        self.insert(function);
        Ok(())
    }

    /// The function of that key.
    pub(crate) fn get(&self, key: &FunctionKey) -> Option<&Arc<Function>> {
        self.functions.get(key)
    }

    /// The function of that full name, or of that bare name if it is unique.
    pub(crate) fn resolve(&self, name: &str) -> Result<&Arc<Function>, RegistryError> {
        let key = FunctionKey::parse(name);
        if let Some(function) = self.functions.get(&key) {
            return Ok(function);
        }
        let mut same_name =
            self.functions.values().filter(|f| key.module().is_empty() && f.key().name() == name);
        match (same_name.next(), same_name.next()) {
            (Some(function), None) => Ok(function),
            (None, _) => Err(self.unknown(name)),
            (Some(first), Some(second)) => Err(RegistryError::Ambiguous {
                name: name.to_owned(),
                candidates: [first, second]
                    .into_iter()
                    .chain(same_name)
                    .map(|function| format!("`{}`", function.key()))
                    .collect(),
            }),
        }
    }

    /// All functions, sorted by module and name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Function>> {
        self.functions.values()
    }

    /// Whether every state that a function takes is there.
    pub(crate) fn check_states(&self, states: &States) -> Result<(), RegistryError> {
        self.iter().try_for_each(|function| function.check_states(states))
    }

    fn insert(&mut self, function: Function) {
        self.functions.insert(function.key().clone(), Arc::new(function));
    }

    fn unknown(&self, name: &str) -> RegistryError {
        let full: Vec<String> = self.functions.keys().map(ToString::to_string).collect();
        let bare = self.functions.keys().map(FunctionKey::name);
        let nearest = nearest(name, full.iter().map(String::as_str).chain(bare)).map(str::to_owned);
        RegistryError::Unknown { name: name.to_owned(), nearest }
    }
}
