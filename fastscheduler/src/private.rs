//! What the attributes expand to. Not part of the public interface.

pub use inventory;

use std::future::Future;

use futures_util::future::BoxFuture;

pub use crate::job::{CatchUp, Overlap};
pub use crate::registry::outcome::{
    JobReturn, Outcome, Returning, ViaAnyhow, ViaBox, ViaDisplay, ViaSerialize,
};
pub use crate::registry::retry_if::judged;
pub use crate::registry::schema::{SchemaProbe, WithSchema, WithoutSchema};
pub use crate::registry::{
    ArgumentError, Body, Call, Declaration, DeclaredSchedule, Parameter, Place, Registration,
};
pub use crate::schedule::{Fold, Gap};
pub use crate::{__outcome as outcome, __schema as schema};

/// The future of an asynchronous job function.
pub fn boxed<F: Future<Output = Outcome> + Send + 'static>(future: F) -> BoxFuture<'static, Outcome> {
    Box::pin(future)
}
