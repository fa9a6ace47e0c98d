//! What an attribute leaves behind for the registry, as a constant.

use std::cmp::Reverse;

use futures_util::future::BoxFuture;

use super::call::Call;
use super::outcome::Outcome;
use super::parameter::Parameter;
use crate::job::JobSettings;
use crate::schedule::{ScheduleDefinition, ScheduleError};

/// A function that was annotated, with the jobs its attributes declare.
#[derive(Debug)]
pub struct Registration {
    /// The module it is registered under.
    pub module: &'static str,
    /// The function's own name.
    pub name: &'static str,
    /// The source file it is written in.
    pub file: &'static str,
    /// The line of its name in that file.
    pub line: u32,
    /// Its doc comment.
    pub documentation: &'static str,
    /// Its parameters, in order.
    pub parameters: &'static [Parameter],
    /// How it is called.
    pub body: Body,
    /// The path of the predicate that `retry_if` names, which `body` asks.
    pub retry_if: Option<&'static str>,
    /// The jobs that its attributes declare.
    pub jobs: &'static [Declaration],
}

inventory::collect!(Registration);

/// How a function is called.
#[derive(Debug, Clone, Copy)]
pub enum Body {
    /// As a future, on the runtime's own threads.
    Async(fn(Call) -> BoxFuture<'static, Outcome>),
    /// On a thread that may block.
    Blocking(fn(Call) -> Outcome),
}

/// The position of an attribute in its function's source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line of its first argument.
    pub line: u32,
    /// The column of its first argument.
    pub column: u32,
    /// How many of the function's attributes come after it.
    pub below: u32,
}

impl Place {
    /// The sort key of one function's attributes: source order.
    pub(super) fn order(self) -> impl Ord {
        (self.line, self.column, Reverse(self.below))
    }
}

/// A job that an attribute declares, in the words that code would add it with.
#[derive(Debug, Clone, Copy)]
pub struct Declaration {
    /// Where it is written.
    pub place: Place,
    /// Its schedule; the macro has checked the texts in it.
    pub schedule: fn() -> Result<ScheduleDefinition, ScheduleError>,
    /// Sets what the attribute says besides; the rest is the default.
    pub settings: fn(JobSettings) -> JobSettings,
}
