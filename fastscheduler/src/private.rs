//! What the attributes expand to. Not part of the public interface.

pub use inventory;

use std::future::Future;

use futures_util::future::BoxFuture;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

pub use crate::job::{CatchUp, JobSettings, Overlap};
pub use crate::registry::outcome::{
    JobReturn, Outcome, Returning, ViaAnyhow, ViaBox, ViaDisplay, ViaSerialize,
};
pub use crate::registry::retry_if::judged;
pub use crate::registry::schema::{SchemaProbe, WithSchema, WithoutSchema};
pub use crate::registry::{ArgumentError, Body, Call, Declaration, Parameter, Place, Registration};
pub use crate::schedule::kind::builders;
pub use crate::schedule::{Fold, Gap};
pub use crate::{__outcome as outcome, __schema as schema};

/// The future of an asynchronous job function.
pub fn boxed<F: Future<Output = Outcome> + Send + 'static>(future: F) -> BoxFuture<'static, Outcome> {
    Box::pin(future)
}

/// Arguments of a job, as an attribute writes them.
#[derive(Debug)]
pub struct Json(pub &'static str);

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<Value>(self.0).map_err(S::Error::custom)?.serialize(serializer)
    }
}
