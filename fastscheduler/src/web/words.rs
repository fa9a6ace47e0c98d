//! Words of which a request picks one and an answer shows one.
//!
//! A type that serde reads from one of several words is the only place that spells
//! them. What a request may say, the sentence that lists what would be right, and
//! the schema in the OpenAPI document are made from the type.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::error::ApiError;
use crate::job::{Attention, CatchUp, JobStatus, Overlap, RescheduleCause, RunStatus, SkipReason, Trigger};
use crate::schedule::{ClockChangeEffect, Fold, Gap};
use crate::scheduler::BulkAction;

/// Makes a type's schema from the words that serde reads, with a description.
macro_rules! described {
    ($($type:ident = $description:literal;)+) => {$(
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                one_of($description, words::<Self>().iter().copied())
            }
        }

        impl ToSchema for $type {}
    )+};
}

described! {
    Attention = "Why a job wants a person's attention.";
    BulkAction = "What is done with each of many jobs.";
    CatchUp = "What happens to fires that were missed.";
    ClockChangeEffect = "What becomes of times that a clock change leaves out or repeats.";
    Fold = "What a time does that clocks going back repeat.";
    Gap = "What a time does that clocks going forward leave out.";
    JobStatus = "What a job is at.";
    Overlap = "What happens to a fire while its job is still at an earlier one.";
    RescheduleCause = "What gave a job another schedule, or its schedule other fires.";
    RunStatus = "What became of an attempt or a fire.";
    SkipReason = "Why a fire did not run.";
    Trigger = "Why a fire came to be.";
}

/// The schema of a text that is one of some words.
pub(super) fn one_of<W: Into<String>>(
    description: &str,
    words: impl IntoIterator<Item = W>,
) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .enum_values(Some(words.into_iter().map(Into::into)))
        .into()
}

/// Reads what a parameter or a field says, which is one of the words of `T`.
pub(super) fn choice<T: DeserializeOwned>(name: &str, word: &str) -> Result<T, ApiError> {
    read(word).map_err(|Other(words)| {
        ApiError::not_allowed(format!("`{name}` is `{word}`; use {}", either(words.iter().copied()))).of(name)
    })
}

/// Words as a sentence lists them: `` `a`, `b` or `c` ``.
pub(super) fn either<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut words: Vec<_> = words.into_iter().map(|word| format!("`{word}`")).collect();
    let last = words.pop().unwrap_or_default();
    if words.is_empty() { last } else { format!("{} or {last}", words.join(", ")) }
}

/// Reads a word of `T`.
pub(super) fn read<T: DeserializeOwned>(word: &str) -> Result<T, Other> {
    T::deserialize(StrDeserializer::new(word))
}

/// The words of `T`, in the order of its variants.
pub(super) fn words<T: DeserializeOwned>() -> &'static [&'static str] {
    read::<T>("").err().map_or(&[], |Other(words)| words)
}

/// The error for a word that is none of a type's, with those that are.
#[derive(Debug)]
pub(super) struct Other(pub(super) &'static [&'static str]);

impl de::Error for Other {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self(&[])
    }

    fn unknown_variant(_word: &str, words: &'static [&'static str]) -> Self {
        Self(words)
    }
}

impl std::error::Error for Other {}

impl fmt::Display for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&either(self.0.iter().copied()))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Display;

    use serde::Serialize;
    use serde_json::{Value, json};

    use super::*;

    /// What the document lists must be what is read and what is written.
    fn agrees<T: PartialSchema + DeserializeOwned + Serialize + fmt::Debug>(words: &[&str]) {
        let schema = serde_json::to_value(T::schema()).unwrap();
        assert_eq!(schema["enum"], json!(words), "{schema}");
        for word in words {
            let value: T = choice("it", word).unwrap();
            assert_eq!(serde_json::to_value(&value).unwrap(), Value::from(*word), "{value:?}");
        }
    }

    #[test]
    fn the_document_lists_the_words_that_are_read_and_written() {
        agrees::<Attention>(&["failing", "retrying", "late", "behind", "orphaned"]);
        agrees::<BulkAction>(&["run", "pause", "resume", "cancel"]);
        agrees::<CatchUp>(&["once", "all", "none"]);
        agrees::<ClockChangeEffect>(&["next", "skip", "shift", "first", "second", "both"]);
        agrees::<Fold>(&["first", "second", "both"]);
        agrees::<Gap>(&["next", "skip", "shift"]);
        agrees::<JobStatus>(&["scheduled", "running", "paused", "completed", "failed", "orphaned"]);
        agrees::<Overlap>(&["skip", "queue", "allow", "cancel"]);
        agrees::<RunStatus>(&["running", "completed", "failed", "missed"]);
        agrees::<SkipReason>(&["overlap", "paused", "catch_up", "orphaned", "rescheduled", "cancelled"]);
        agrees::<Trigger>(&["schedule", "manual", "catch_up", "retry"]);
    }

    #[test]
    fn what_prints_as_its_word_prints_the_word_that_is_stored() {
        fn shown<T: DeserializeOwned + Display>() -> Vec<String> {
            words::<T>().iter().map(|word| format!("{:>12}", read::<T>(word).unwrap())).collect()
        }
        let padded = |words: &[&str]| words.iter().map(|word| format!("{word:>12}")).collect::<Vec<_>>();
        assert_eq!(shown::<JobStatus>(), padded(words::<JobStatus>()));
        assert_eq!(shown::<RunStatus>(), padded(words::<RunStatus>()));
        assert_eq!(shown::<SkipReason>(), padded(words::<SkipReason>()));
    }

    #[test]
    fn a_word_that_is_none_of_them_is_refused_with_those_that_are() {
        let Other(words) = read::<Gap>("Next").unwrap_err();
        assert_eq!(either(words.iter().copied()), "`next`, `skip` or `shift`");
        assert_eq!(either(["changes"]), "`changes`");
        assert_eq!(either([]), "");
    }
}
