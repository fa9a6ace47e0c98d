//! The attributes of [`fastscheduler`](https://docs.rs/fastscheduler).
//!
//! Use them from there: `use fastscheduler::prelude::*;`. An attribute leaves
//! its function as it is and adds one constant, which registers the function
//! and its jobs when the program is linked. Everything that can be wrong with
//! a schedule is an error of the compiler.
//!
//! - [`macro@every`], [`macro@hourly`], [`macro@daily`], [`macro@weekly`], [`macro@monthly`], [`macro@cron`]:
//!   jobs that repeat
//! - [`macro@once`], [`macro@at`]: jobs that run one time
//! - [`macro@job`]: a function without a schedule, and all that holds for every function

mod args;
mod attribute;
mod complaints;
mod expand;
mod function;
mod given;
mod kind;
mod library;
mod literal;
mod modifiers;
mod registration;
mod schedule;
#[cfg(test)]
mod tests;
mod values;

#[expect(dead_code, unreachable_pub, reason = "the runtime crate uses the rest of these shared files")]
mod text;

use proc_macro::TokenStream;

use kind::Kind;

#[doc = include_str!("../docs/every.md")]
#[doc = include_str!("../docs/modifiers.md")]
#[proc_macro_attribute]
pub fn every(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Kind::Every, arguments.into(), &item.into()).into()
}

#[doc = include_str!("../docs/hourly.md")]
#[doc = include_str!("../docs/modifiers.md")]
#[proc_macro_attribute]
pub fn hourly(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Kind::Hourly, arguments.into(), &item.into()).into()
}

#[doc = include_str!("../docs/daily.md")]
#[doc = include_str!("../docs/modifiers.md")]
#[proc_macro_attribute]
pub fn daily(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Kind::Daily, arguments.into(), &item.into()).into()
}

#[doc = include_str!("../docs/weekly.md")]
#[doc = include_str!("../docs/modifiers.md")]
#[proc_macro_attribute]
pub fn weekly(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Kind::Weekly, arguments.into(), &item.into()).into()
}

#[doc = include_str!("../docs/monthly.md")]
#[doc = include_str!("../docs/modifiers.md")]
#[proc_macro_attribute]
pub fn monthly(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Kind::Monthly, arguments.into(), &item.into()).into()
}

#[doc = include_str!("../docs/cron.md")]
#[doc = include_str!("../docs/modifiers.md")]
#[proc_macro_attribute]
pub fn cron(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Kind::Cron, arguments.into(), &item.into()).into()
}

#[doc = include_str!("../docs/once.md")]
#[doc = include_str!("../docs/modifiers.md")]
#[proc_macro_attribute]
pub fn once(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Kind::Once, arguments.into(), &item.into()).into()
}

#[doc = include_str!("../docs/at.md")]
#[doc = include_str!("../docs/modifiers.md")]
#[proc_macro_attribute]
pub fn at(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Kind::At, arguments.into(), &item.into()).into()
}

#[doc = include_str!("../docs/job.md")]
#[proc_macro_attribute]
pub fn job(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Kind::Job, arguments.into(), &item.into()).into()
}

#[doc(hidden)]
#[proc_macro]
pub fn __include_jobs(libraries: TokenStream) -> TokenStream {
    library::expand(libraries.into()).into()
}
