//! Closures as job functions.

use std::future::Future;
use std::panic::Location;

use super::arguments::ArgumentError;
use super::call::{Call, FromCall};
use super::closure_return::{ClosureReturn, TryClosureReturn};
use super::function::Function;
use super::outcome::Failure;
use super::parameter::Parameter;
use super::retry_if::RetryIf;
use crate::job::FunctionKey;

/// What a closure becomes a function with.
#[doc(hidden)]
#[derive(Debug)]
pub struct Given {
    pub(crate) key: FunctionKey,
    pub(crate) place: &'static Location<'static>,
    pub(crate) retry_if: Option<RetryIf>,
}

/// A closure that can be the function of a job: `run`, `register_function`.
///
/// It is async and takes up to six parameters, as `P`, which are filled like
/// those of an annotated function, but have no names: arguments go by position.
/// It returns what [`ClosureReturn`] names.
///
/// Each run calls a clone of the closure, so that it may use up what it
/// captures. Capture what is cheap to clone, such as an `Arc`.
#[diagnostic::on_unimplemented(
    message = "this closure cannot be a job's function",
    note = "`run` and `register_function` take an async closure that returns `()` or `anyhow::Result<T>` with `T: Serialize`",
    note = "for another error use `try_run`; for a closure that is not async, `run_blocking` or `try_run_blocking`",
    note = "a closure may have six parameters, such as an annotated function takes, and its future has to be `Send`",
    note = "each run calls a clone of the closure: capture an `Arc` of what is not `Clone`"
)]
pub trait JobClosure<P>: Send + Sync + 'static {
    #[doc(hidden)]
    fn into_function(self, given: Given) -> Function;
}

/// A closure for `try_run` and `try_register_function`: a [`JobClosure`] but
/// for what it returns, which [`TryClosureReturn`] names.
#[diagnostic::on_unimplemented(
    message = "this closure cannot be a job's function",
    note = "`try_run` and `try_register_function` take an async closure that returns a `Result<T, E>` with `T: Serialize`",
    note = "`E` is a `std::error::Error + Send + Sync`, `anyhow::Error`, `Box<dyn Error + Send + Sync>` or a text; \
            add `.map_err(|error| error.to_string())` if it is only `Display`",
    note = "without a `Result` use `run`; for a closure that is not async, `run_blocking` or `try_run_blocking`",
    note = "a closure may have six parameters, such as an annotated function takes, and its future has to be `Send`",
    note = "each run calls a clone of the closure: capture an `Arc` of what is not `Clone`"
)]
pub trait TryJobClosure<P, V>: Send + Sync + 'static {
    #[doc(hidden)]
    fn into_function(self, given: Given) -> Function;
}

/// A closure that may block its thread, for `run_blocking` and
/// `register_blocking_function`: a [`JobClosure`], but not async.
#[diagnostic::on_unimplemented(
    message = "this closure cannot be a job's function",
    note = "`run_blocking` and `register_blocking_function` take a closure that is not async and returns `()` or `anyhow::Result<T>` with `T: Serialize`",
    note = "for another error use `try_run_blocking`; for an async closure, `run` or `try_run`",
    note = "a closure may have six parameters, such as an annotated function takes",
    note = "each run calls a clone of the closure: capture an `Arc` of what is not `Clone`"
)]
pub trait BlockingJobClosure<P>: Send + Sync + 'static {
    #[doc(hidden)]
    fn into_function(self, given: Given) -> Function;
}

/// A closure for `try_run_blocking` and `try_register_blocking_function`: a
/// [`BlockingJobClosure`] but for what it returns, which [`TryClosureReturn`]
/// names.
#[diagnostic::on_unimplemented(
    message = "this closure cannot be a job's function",
    note = "`try_run_blocking` and `try_register_blocking_function` take a closure that is not async and returns a `Result<T, E>` with `T: Serialize`",
    note = "`E` is a `std::error::Error + Send + Sync`, `anyhow::Error`, `Box<dyn Error + Send + Sync>` or a text; \
            add `.map_err(|error| error.to_string())` if it is only `Display`",
    note = "without a `Result` use `run_blocking`; for an async closure, `run` or `try_run`",
    note = "a closure may have six parameters, such as an annotated function takes",
    note = "each run calls a clone of the closure: capture an `Arc` of what is not `Clone`"
)]
pub trait TryBlockingJobClosure<P, V>: Send + Sync + 'static {
    #[doc(hidden)]
    fn into_function(self, given: Given) -> Function;
}

/// A closure whose captures are all `Clone`. By another name than `Clone`, so
/// that the compiler speaks of closures where one is not.
#[doc(hidden)]
pub trait CloneForEachRun: Clone {}

#[diagnostic::do_not_recommend]
impl<F: Clone> CloneForEachRun for F {}

macro_rules! asynchronous {
    ($closure:ident, $returned:ident, [$($via:ident)?], $($parameter:ident),*) => {
        impl<F, Fut, $($via,)? $($parameter),*> $closure<($($parameter,)*), $($via)?> for F
        where
            F: FnOnce($($parameter),*) -> Fut + CloneForEachRun + Send + Sync + 'static,
            Fut: Future + Send + 'static,
            Fut::Output: $returned$(<$via>)?,
            $($parameter: FromCall + Send,)*
        {
            fn into_function(self, given: Given) -> Function {
                let Given { key, place, retry_if } = given;
                let parameters = vec![$(Parameter::new::<$parameter>("", || None)),*];
                Function::closure(key, place, parameters, move |call| {
                    let closure = self.clone();
                    let future = with_parameters(call, |_call| Ok(closure($(_call.parameter::<$parameter>("")?),*)));
                    let retry_if = retry_if.clone();
                    Box::pin(async move { future?.await.into_outcome(retry_if.as_ref()) })
                })
            }
        }
    };
}

macro_rules! blocking {
    ($closure:ident, $returned:ident, [$($via:ident)?], $($parameter:ident),*) => {
        impl<F, R, $($via,)? $($parameter),*> $closure<($($parameter,)*), $($via)?> for F
        where
            F: FnOnce($($parameter),*) -> R + CloneForEachRun + Send + Sync + 'static,
            R: $returned$(<$via>)?,
            $($parameter: FromCall,)*
        {
            fn into_function(self, given: Given) -> Function {
                let Given { key, place, retry_if } = given;
                let parameters = vec![$(Parameter::new::<$parameter>("", || None)),*];
                Function::blocking_closure(key, place, parameters, move |call| {
                    let closure = self.clone();
                    let returned = with_parameters(call, |_call| Ok(closure($(_call.parameter::<$parameter>("")?),*)));
                    returned?.into_outcome(retry_if.as_ref())
                })
            }
        }
    };
}

/// Calls a closure with what it takes from the call.
fn with_parameters<T>(
    mut call: Call,
    make: impl FnOnce(&mut Call) -> Result<T, ArgumentError>,
) -> Result<T, Failure> {
    make(&mut call).map_err(Failure::from)
}

macro_rules! closures {
    ($(($($parameter:ident),*))*) => {$(
        asynchronous!(JobClosure, ClosureReturn, [], $($parameter),*);
        asynchronous!(TryJobClosure, TryClosureReturn, [V], $($parameter),*);
        blocking!(BlockingJobClosure, ClosureReturn, [], $($parameter),*);
        blocking!(TryBlockingJobClosure, TryClosureReturn, [V], $($parameter),*);
    )*};
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
