//! What closures may return.

use std::any::Any;
use std::borrow::Cow;
use std::error::Error;

use serde::Serialize;

use super::outcome::{BoxedError, Failure, Outcome, returned};
use super::retry_if::{Raised, RetryIf};

/// What a closure for `run` or `run_blocking` may return: `()` or
/// `anyhow::Result<T>` with `T: Serialize`.
///
/// It is these two only, so that a closure that ends in `Ok(())` needs no type
/// written out. One that never returns, or only panics, may do so as well.
pub trait ClosureReturn {
    #[doc(hidden)]
    fn into_outcome(self, retry_if: Option<&RetryIf>) -> Outcome;
}

impl ClosureReturn for () {
    fn into_outcome(self, _: Option<&RetryIf>) -> Outcome {
        Ok(None)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> ClosureReturn for anyhow::Result<T> {
    fn into_outcome(self, retry_if: Option<&RetryIf>) -> Outcome {
        TryClosureReturn::<FromAnyhow>::into_outcome(self, retry_if)
    }
}

impl ClosureReturn for Never {
    fn into_outcome(self, _: Option<&RetryIf>) -> Outcome {
        self
    }
}

/// What a closure for `try_run` or `try_run_blocking` may return: a
/// `Result<T, E>` with `T: Serialize`.
///
/// `E` is an error that is `Into<anyhow::Error>`, as all types are that
/// implement [`Error`], `Send` and `Sync`; a `Box<dyn Error + Send + Sync>`; or
/// a text. `V` says which; it is inferred. A closure that returns nothing, never
/// returns, or only panics, may do so as well.
pub trait TryClosureReturn<V> {
    #[doc(hidden)]
    fn into_outcome(self, retry_if: Option<&RetryIf>) -> Outcome;
}

/// Errors that become an `anyhow::Error`.
#[doc(hidden)]
#[derive(Debug)]
pub enum FromAnyhow {}

/// Errors in a box.
#[doc(hidden)]
#[derive(Debug)]
pub enum FromBox {}

/// Errors that are texts.
#[doc(hidden)]
#[derive(Debug)]
pub enum FromText {}

/// No errors: the closure returns nothing, or never.
#[doc(hidden)]
#[derive(Debug)]
pub enum FromNothing {}

#[diagnostic::do_not_recommend]
impl<T: Serialize, E: ClosureError<V>, V> TryClosureReturn<V> for Result<T, E> {
    fn into_outcome(self, retry_if: Option<&RetryIf>) -> Outcome {
        self.map_or_else(|error| Err(error.into_failure(retry_if)), returned)
    }
}

/// The error of a closure. Apart from the `Result`, so that the compiler asks
/// for the type of the error where nothing says it.
#[doc(hidden)]
pub trait ClosureError<V>: 'static {
    #[doc(hidden)]
    fn into_failure(self, retry_if: Option<&RetryIf>) -> Failure;
}

impl<E: Into<anyhow::Error> + 'static> ClosureError<FromAnyhow> for E {
    fn into_failure(self, retry_if: Option<&RetryIf>) -> Failure {
        let error = self.into();
        failure(&error, error.as_ref(), retry_if)
    }
}

impl<E: BoxedError> ClosureError<FromBox> for E {
    fn into_failure(self, retry_if: Option<&RetryIf>) -> Failure {
        failure(&self, self.inner(), retry_if)
    }
}

macro_rules! texts {
    ($($text:ty),+ $(,)?) => {$(
        impl ClosureError<FromText> for $text {
            fn into_failure(self, retry_if: Option<&RetryIf>) -> Failure {
                judge(Failure::new(&*self), Raised::new(&self, None), retry_if)
            }
        }
    )+};
}

texts!(String, &'static str, Cow<'static, str>);

impl TryClosureReturn<FromNothing> for () {
    fn into_outcome(self, _: Option<&RetryIf>) -> Outcome {
        Ok(None)
    }
}

impl TryClosureReturn<FromNothing> for Never {
    fn into_outcome(self, _: Option<&RetryIf>) -> Outcome {
        self
    }
}

/// The failure that an error means: `whole` as it was returned, and the same
/// as an [`Error`].
fn failure<E: Any>(whole: &E, error: &(dyn Error + 'static), retry_if: Option<&RetryIf>) -> Failure {
    judge(Failure::from_error(error), Raised::new(whole, Some(error)), retry_if)
}

/// The failure, which is permanent if the predicate turns its error down.
fn judge(failure: Failure, raised: Raised<'_>, retry_if: Option<&RetryIf>) -> Failure {
    match retry_if {
        Some(retry_if) if !retry_if.allows(raised) => failure.made_permanent(),
        Some(_) | None => failure,
    }
}

/// `!`, the type of what never returns, which stable Rust cannot name. It is
/// what an async block that only panics returns in edition 2024.
type Never = <fn() -> ! as Returns>::Output;

/// A function's return type.
#[doc(hidden)]
pub trait Returns {
    type Output;
}

impl<R> Returns for fn() -> R {
    type Output = R;
}
