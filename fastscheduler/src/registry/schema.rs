//! JSON Schemas of parameter types, where a type has one.

use std::marker::PhantomData;

use serde_json::Value;

/// Asks a type for its JSON Schema without requiring that it has one.
#[doc(hidden)]
#[derive(Debug)]
pub struct SchemaProbe<T>(PhantomData<T>);

impl<T> SchemaProbe<T> {
    #[doc(hidden)]
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Default for SchemaProbe<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[doc(hidden)]
pub trait WithSchema {
    fn schema(&self) -> Option<Value>;
}

impl<T: schemars::JsonSchema> WithSchema for &SchemaProbe<T> {
    fn schema(&self) -> Option<Value> {
        Some(schemars::schema_for!(T).to_value())
    }
}

#[doc(hidden)]
pub trait WithoutSchema {
    fn schema(&self) -> Option<Value>;
}

impl<T> WithoutSchema for SchemaProbe<T> {
    fn schema(&self) -> Option<Value> {
        None
    }
}

/// A function that returns the JSON Schema of a type, or `None`.
#[doc(hidden)]
#[macro_export]
macro_rules! __schema {
    ($type:ty) => {
        || {
            use $crate::__private::{WithSchema as _, WithoutSchema as _};
            (&&$crate::__private::SchemaProbe::<$type>::new()).schema()
        }
    };
}
