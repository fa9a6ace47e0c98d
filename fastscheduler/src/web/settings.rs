//! Values of jobs' settings, as requests write them.

use std::time::Duration;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as Unknown, StrDeserializer};

use super::error::ApiError;
use crate::job::{CatchUp, Overlap};
use crate::schedule::{Fold, Gap, Micros, Unit};
use crate::scheduler::SchedulerError;

/// The number of retries.
pub(super) fn retries(number: i64) -> Result<u32, ApiError> {
    u32::try_from(number).map_err(|_| {
        ApiError::not_allowed(format!(
            "`max_retries` is `{number}`; use a whole number from 0 to {}",
            u32::MAX
        ))
    })
}

/// A length of time that is given in seconds.
pub(super) fn length(setting: &'static str, seconds: f64) -> Result<Duration, ApiError> {
    let length = Micros::of_fraction(seconds, Unit::Seconds);
    Ok(length.map_err(|error| SchedulerError::Length { setting, error })?.into())
}

pub(super) fn overlap(word: &str) -> Result<Overlap, ApiError> {
    choice("overlap", word, "`skip`, `queue`, `allow` or `cancel`")
}

pub(super) fn catch_up(word: &str) -> Result<CatchUp, ApiError> {
    choice("catch_up", word, "`once`, `all` or `none`")
}

pub(super) fn gap(word: &str) -> Result<Gap, ApiError> {
    choice("gap", word, "`next`, `skip` or `shift`")
}

pub(super) fn fold(word: &str) -> Result<Fold, ApiError> {
    choice("fold", word, "`first`, `second` or `both`")
}

fn choice<'a, T: Deserialize<'a>>(setting: &str, word: &'a str, choices: &str) -> Result<T, ApiError> {
    let word_of: StrDeserializer<'a, Unknown> = word.into_deserializer();
    T::deserialize(word_of)
        .map_err(|_| ApiError::not_allowed(format!("`{setting}` is `{word}`; use {choices}")))
}
