//! Which errors of a job are worth a retry, as whoever wrote it says.

use std::any::Any;
use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use super::outcome::Outcome;

/// What a function with `retry_if` on its attribute returns: a `Result`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`retry_if` is about the error of a `Result`, and this function returns `{Self}`",
    label = "no error to look at",
    note = "return a `Result`, or leave `retry_if` out"
)]
pub trait Fallible<E> {
    #[doc(hidden)]
    fn error(&self) -> Option<&E>;
}

impl<T, E> Fallible<E> for Result<T, E> {
    fn error(&self) -> Option<&E> {
        self.as_ref().err()
    }
}

/// Turns what a function returned into an [`Outcome`], which is not retried if
/// `retry_if` turns the error down.
#[doc(hidden)]
pub fn judged<R: Fallible<E>, E>(
    returned: R,
    retry_if: fn(&E) -> bool,
    outcome: impl FnOnce(R) -> Outcome,
) -> Outcome {
    let is_turned_down = returned.error().is_some_and(|error| !retry_if(error));
    outcome(returned).map_err(|failure| if is_turned_down { failure.made_permanent() } else { failure })
}

/// The error of a closure, where a predicate can find what it looks for.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Raised<'a> {
    /// As it was returned.
    whole: &'a dyn Any,
    /// The same as the first of its chain, unless it is no [`Error`].
    chain: Option<&'a (dyn Error + 'static)>,
}

impl<'a> Raised<'a> {
    pub(super) fn new(whole: &'a dyn Any, chain: Option<&'a (dyn Error + 'static)>) -> Self {
        Self { whole, chain }
    }
}

/// Finds errors by their own type, anywhere in a chain.
#[doc(hidden)]
#[derive(Debug)]
pub enum InChain {}

/// Finds what a closure returned, if it is of that very type.
#[doc(hidden)]
#[derive(Debug)]
pub enum Whole {}

/// A type of error that `.retry_if(..)` can look at.
///
/// It is any [`Error`] that is `Send` and `Sync`, which is looked for in the
/// chain of sources, `anyhow::Error` and boxes of errors, or a text. `V` says
/// which; it is inferred.
#[diagnostic::on_unimplemented(
    message = "`retry_if` cannot look for an error of type `{Self}`",
    note = "take `&E` of a type that is `std::error::Error + Send + Sync`, `&anyhow::Error`, \
            `&Box<dyn Error + Send + Sync>` or a text"
)]
pub trait RetryError<V>: Sized + 'static {
    #[doc(hidden)]
    fn find(raised: Raised<'_>) -> Option<&Self>;
}

#[diagnostic::do_not_recommend]
impl<E: Error + Send + Sync + 'static> RetryError<InChain> for E {
    fn find(raised: Raised<'_>) -> Option<&Self> {
        // `anyhow` finds what was attached as context too.
        let by_anyhow = || raised.whole.downcast_ref::<anyhow::Error>()?.downcast_ref();
        let in_chain = || {
            std::iter::successors(raised.chain, |&error| error.source())
                .find_map(|error| error.downcast_ref())
        };
        by_anyhow().or_else(in_chain)
    }
}

macro_rules! whole {
    ($($error:ty),+ $(,)?) => {$(
        impl RetryError<Whole> for $error {
            fn find(raised: Raised<'_>) -> Option<&Self> {
                raised.whole.downcast_ref()
            }
        }
    )+};
}

whole!(
    anyhow::Error,
    Box<dyn Error>,
    Box<dyn Error + Send>,
    Box<dyn Error + Send + Sync>,
    String,
    &'static str,
    Cow<'static, str>,
);

/// The predicate that was given to `.retry_if(..)`.
#[doc(hidden)]
#[derive(Clone)]
pub struct RetryIf(Arc<dyn Fn(Raised<'_>) -> bool + Send + Sync>);

impl RetryIf {
    pub(crate) fn new<E: RetryError<V>, V>(predicate: impl Fn(&E) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |raised| E::find(raised).is_none_or(&predicate)))
    }

    /// Whether a retry may mend the error.
    pub(super) fn allows(&self, raised: Raised<'_>) -> bool {
        (self.0)(raised)
    }
}

impl std::fmt::Debug for RetryIf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RetryIf")
    }
}
