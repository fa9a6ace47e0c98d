//! What an attribute leaves behind for the registry, as a constant.

use std::cmp::Reverse;

use futures_util::future::BoxFuture;

use super::call::Call;
use super::outcome::Outcome;
use super::parameter::Parameter;
use crate::job::{CatchUp, Overlap};
use crate::schedule::{Fold, Gap};

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

/// A schedule as an attribute writes it; the macro has checked its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclaredSchedule {
    /// Every so many microseconds.
    Every {
        /// The interval.
        micros: u64,
    },
    /// At a minute of each hour.
    Hourly {
        /// `:30` or `30`.
        at: &'static str,
    },
    /// At a time of each day.
    Daily {
        /// `HH:MM` or `HH:MM:SS`.
        at: &'static str,
    },
    /// At a time of some days of the week.
    Weekly {
        /// The days as bits, Monday the lowest.
        days: u8,
        /// `HH:MM` or `HH:MM:SS`.
        at: &'static str,
    },
    /// At a time of one day of the month.
    Monthly {
        /// 1 to 31, or 0 for the last day.
        day: u8,
        /// `HH:MM` or `HH:MM:SS`.
        at: &'static str,
    },
    /// By a cron expression.
    Cron {
        /// The expression.
        expression: &'static str,
    },
    /// Once, so many microseconds after the process started.
    Once {
        /// The delay.
        micros: u64,
    },
    /// Once ever.
    At {
        /// The date and time.
        at: &'static str,
    },
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

/// A job that an attribute declares; what it does not set is the default.
#[derive(Debug, Clone, Copy)]
pub struct Declaration {
    pub(crate) place: Place,
    pub(crate) schedule: DeclaredSchedule,
    pub(crate) name: Option<&'static str>,
    pub(crate) group: Option<&'static str>,
    pub(crate) zone: Option<&'static str>,
    pub(crate) retries: Option<u32>,
    pub(crate) timeout_micros: Option<u64>,
    pub(crate) catch_up: Option<CatchUp>,
    pub(crate) overlap: Option<Overlap>,
    pub(crate) jitter_micros: Option<u64>,
    pub(crate) gap: Option<Gap>,
    pub(crate) fold: Option<Fold>,
    pub(crate) is_enabled: bool,
    pub(crate) args: Option<&'static str>,
    pub(crate) kwargs: Option<&'static str>,
}

impl Declaration {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(schedule: DeclaredSchedule) -> Self {
        Self {
            place: Place { line: 0, column: 0, below: 0 },
            schedule,
            name: None,
            group: None,
            zone: None,
            retries: None,
            timeout_micros: None,
            catch_up: None,
            overlap: None,
            jitter_micros: None,
            gap: None,
            fold: None,
            is_enabled: true,
            args: None,
            kwargs: None,
        }
    }
}

macro_rules! setters {
    ($($field:ident: $type:ty),* $(,)?) => {
        impl Declaration {$(
            #[doc(hidden)]
            #[must_use]
            pub const fn $field(mut self, $field: $type) -> Self {
                self.$field = Some($field);
                self
            }
        )*

            #[doc(hidden)]
            #[must_use]
            pub const fn place(mut self, place: Place) -> Self {
                self.place = place;
                self
            }

            #[doc(hidden)]
            #[must_use]
            pub const fn disabled(mut self) -> Self {
                self.is_enabled = false;
                self
            }
        }
    };
}

setters! {
    name: &'static str,
    group: &'static str,
    zone: &'static str,
    retries: u32,
    timeout_micros: u64,
    catch_up: CatchUp,
    overlap: Overlap,
    jitter_micros: u64,
    gap: Gap,
    fold: Fold,
    args: &'static str,
    kwargs: &'static str,
}
