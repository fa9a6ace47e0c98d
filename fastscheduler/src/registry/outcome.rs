//! What a job function returns, in one shape.

use std::cell::Cell;
use std::error::Error;
use std::fmt::Display;
use std::io;
use std::sync::Arc;

use serde::Serialize;
use thiserror::Error;

use super::permanent::is_permanent;
use crate::job::RESULT_DEPTH_LIMIT;
use crate::job::causes::with_causes;
use crate::job::nesting::{self, Unwritable};

/// The most bytes of a returned value or of an error that are kept with a run.
const RESULT_SIZE_LIMIT: usize = 4 * 1024;

/// How an attempt ended: the returned value as JSON, or the failure.
pub type Outcome = Result<Option<Arc<str>>, Failure>;

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Failure {
    message: String,
    is_permanent: bool,
}

impl Failure {
    /// A failure that may be retried.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: shortened(message.into()), is_permanent: false }
    }

    /// A failure that a retry would not mend.
    #[must_use]
    pub fn permanent(message: impl Into<String>) -> Self {
        Self { message: shortened(message.into()), is_permanent: true }
    }

    /// What went wrong, causes included.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn into_message(self) -> String {
        self.message
    }

    /// Whether a retry is pointless.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.is_permanent
    }

    /// The failure that an error means, with its causes.
    pub(super) fn from_error(error: &(dyn Error + 'static)) -> Self {
        Self { message: shortened(with_causes(error)), is_permanent: is_permanent(error) }
    }

    /// The same failure, which is not to be retried.
    pub(super) fn made_permanent(self) -> Self {
        Self { is_permanent: true, ..self }
    }
}

/// The message, cut off where it would fill the history.
fn shortened(message: String) -> String {
    if message.len() <= RESULT_SIZE_LIMIT {
        return message;
    }
    let kept = &message[..message.floor_char_boundary(RESULT_SIZE_LIMIT)];
    format!("{kept}… ({} bytes)", message.len())
}

/// The returned value as JSON: nothing for `()`, and a note if it is too large.
pub(super) fn returned<T: Serialize>(value: T) -> Outcome {
    let mut kept = Kept { bytes: SPARE.take(), total: 0 };
    let written = nesting::write(&value, RESULT_DEPTH_LIMIT, &mut kept);
    let outcome = match &written {
        Ok(()) => Ok(kept.json()),
        Err(why) => Err(unwritable(why)),
    };
    if let Err(Unwritable::TooDeep) = written {
        nesting::drop_too_deep(value);
    }
    kept.bytes.clear();
    SPARE.set(kept.bytes);
    outcome
}

thread_local! {
    /// The buffer for the next result: most results are short, and all runs have one.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Kept {
    /// The JSON that was written: `None` for `null`, a note if it was too large.
    fn json(&self) -> Option<Arc<str>> {
        if self.total > RESULT_SIZE_LIMIT {
            let note =
                format!("the result of {} bytes was not kept; the limit is {RESULT_SIZE_LIMIT}", self.total);
            return Some(serde_json::Value::String(note).to_string().into());
        }
        let json = String::from_utf8_lossy(&self.bytes);
        (json != "null").then(|| json.into())
    }
}

/// The failure of a function whose value cannot be kept. It is permanent, because
/// a retry would do the function's work twice.
fn unwritable(why: &Unwritable) -> Failure {
    let why = match why {
        Unwritable::TooDeep => format!("the returned value is nested more than {RESULT_DEPTH_LIMIT} deep"),
        Unwritable::NotJson(error) => format!("the returned value is not JSON: {error}"),
    };
    Failure::permanent(format!("{why}; the function has already done its work, so it is not retried"))
}

/// A writer that counts everything and keeps no more than the limit.
struct Kept {
    bytes: Vec<u8>,
    total: usize,
}

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.total += bytes.len();
        if self.total <= RESULT_SIZE_LIMIT {
            self.bytes.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A value on its way to an [`Outcome`].
///
/// `outcome!` calls `to_outcome` on `&&&&Returning`: method lookup takes the
/// impl with the most references that fits, so that a `Result` is split before
/// it is seen as something to serialise.
#[doc(hidden)]
pub struct Returning<T>(Cell<Option<T>>);

impl<T> Returning<T> {
    #[doc(hidden)]
    pub fn new(value: T) -> Self {
        Self(Cell::new(Some(value)))
    }

    fn take(&self) -> T {
        self.0.take().expect("the value is taken once, by `outcome!`")
    }
}

/// Anything that can be kept as JSON.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a job function cannot return `{Self}`",
    label = "this function's result cannot be kept or reported",
    note = "return `()`, a type that is `Serialize`, or a `Result` of one with an error that is \
            `Into<anyhow::Error>`, `Box<dyn Error + Send + Sync>` or `Display`"
)]
pub trait JobReturn {
    #[doc(hidden)]
    fn outcome(self) -> Outcome;
}

// Without it the compiler would talk of `Serialize` for the error of a `Result`.
#[diagnostic::do_not_recommend]
impl<T: Serialize> JobReturn for T {
    fn outcome(self) -> Outcome {
        returned(self)
    }
}

#[doc(hidden)]
pub trait ViaAnyhow {
    fn to_outcome(&self) -> Outcome;
}

impl<T: Serialize, E: Into<anyhow::Error>> ViaAnyhow for &&&Returning<Result<T, E>> {
    fn to_outcome(&self) -> Outcome {
        match self.take() {
            Ok(value) => returned(value),
            Err(error) => Err(Failure::from_error(error.into().as_ref())),
        }
    }
}

#[doc(hidden)]
pub trait ViaBox {
    fn to_outcome(&self) -> Outcome;
}

impl<T: Serialize, E: BoxedError> ViaBox for &&Returning<Result<T, E>> {
    fn to_outcome(&self) -> Outcome {
        match self.take() {
            Ok(value) => returned(value),
            Err(error) => Err(Failure::from_error(error.inner())),
        }
    }
}

/// A box around an error of any type.
#[doc(hidden)]
pub trait BoxedError: 'static {
    #[doc(hidden)]
    fn inner(&self) -> &(dyn Error + 'static);
}

macro_rules! boxed_errors {
    ($($error:ty),+) => {$(
        impl BoxedError for Box<$error> {
            fn inner(&self) -> &(dyn Error + 'static) {
                &**self
            }
        }
    )+};
}

boxed_errors!(dyn Error, dyn Error + Send, dyn Error + Send + Sync);

#[doc(hidden)]
pub trait ViaDisplay {
    fn to_outcome(&self) -> Outcome;
}

impl<T: Serialize, E: Display> ViaDisplay for &Returning<Result<T, E>> {
    fn to_outcome(&self) -> Outcome {
        match self.take() {
            Ok(value) => returned(value),
            Err(error) => Err(Failure::new(error.to_string())),
        }
    }
}

#[doc(hidden)]
pub trait ViaSerialize {
    type Value;
    fn to_outcome(&self) -> Outcome
    where
        Self::Value: JobReturn;
}

impl<T> ViaSerialize for Returning<T> {
    type Value = T;

    fn to_outcome(&self) -> Outcome
    where
        T: JobReturn,
    {
        self.take().outcome()
    }
}

/// Turns what a job function returned into an [`Outcome`].
#[doc(hidden)]
#[macro_export]
macro_rules! __outcome {
    ($value:expr) => {{
        use $crate::__private::{ViaAnyhow as _, ViaBox as _, ViaDisplay as _, ViaSerialize as _};
        (&&&&$crate::__private::Returning::new($value)).to_outcome()
    }};
}
