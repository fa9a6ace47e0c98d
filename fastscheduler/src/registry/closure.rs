//! Closures as job functions.

use std::future::Future;
use std::panic::Location;

use serde::Serialize;

use super::call::{ArgumentError, Call};
use super::function::Function;
use super::outcome::{Failure, Outcome, returned};
use super::parameter::{FromCall, Parameter};
use crate::job::FunctionKey;

/// What a closure may return: `()` or `anyhow::Result<T>` with `T: Serialize`.
///
/// It is these two only, so that a closure that ends in `Ok(())` needs no type
/// written out.
#[diagnostic::on_unimplemented(
    message = "a job's closure cannot return `{Self}`",
    note = "return `()` or `anyhow::Result<T>` with `T: Serialize`; an annotated function may return more"
)]
pub trait ClosureReturn {
    #[doc(hidden)]
    fn into_outcome(self) -> Outcome;
}

impl ClosureReturn for () {
    fn into_outcome(self) -> Outcome {
        Ok(None)
    }
}

impl<T: Serialize> ClosureReturn for anyhow::Result<T> {
    fn into_outcome(self) -> Outcome {
        match self {
            Ok(value) => returned(value),
            Err(error) => Err(Failure::from_error(error.as_ref())),
        }
    }
}

/// An asynchronous closure of up to six parameters, as `P`, that can be a job.
///
/// Its parameters are filled like those of an annotated function, but have no
/// names: arguments go by position.
#[diagnostic::on_unimplemented(
    message = "this is not a closure that can be a job",
    note = "write an async closure of up to six parameters that a job function may take; its future must be \
            `Send`, and its result `()` or `anyhow::Result<T>`"
)]
pub trait JobClosure<P>: Send + Sync + 'static {
    #[doc(hidden)]
    fn into_function(self, key: FunctionKey, place: &'static Location<'static>) -> Function;
}

macro_rules! closures {
    ($(($($parameter:ident),*))*) => {$(
        impl<F, Fut, R, $($parameter),*> JobClosure<($($parameter,)*)> for F
        where
            F: Fn($($parameter),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = R> + Send + 'static,
            R: ClosureReturn,
            $($parameter: FromCall + Send,)*
        {
            fn into_function(self, key: FunctionKey, place: &'static Location<'static>) -> Function {
                let parameters = vec![$(Parameter::new::<$parameter>("", || None)),*];
                Function::closure(key, place, parameters, move |call| {
                    let future = with_parameters(call, |_call| Ok(self($(_call.parameter::<$parameter>("")?),*)));
                    Box::pin(async move { future?.await.into_outcome() })
                })
            }
        }
    )*};
}

/// Calls a closure with what it takes from the call.
fn with_parameters<T>(
    mut call: Call,
    make: impl FnOnce(&mut Call) -> Result<T, ArgumentError>,
) -> Result<T, Failure> {
    make(&mut call).map_err(Failure::from)
}

closures! {
    ()
    (A)
    (A, B)
    (A, B, C)
    (A, B, C, D)
    (A, B, C, D, E)
    (A, B, C, D, E, G)
}
