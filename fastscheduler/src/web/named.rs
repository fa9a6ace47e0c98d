//! Things that a request names by their ids, of which some may be none and some refuse.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::error::ApiError;

/// The most things that a request may name.
const MOST: usize = 1_000;

/// Refuses a list that names nothing, or too much.
pub(super) fn check_number(field: &str, number: usize) -> Result<(), ApiError> {
    if (1..=MOST).contains(&number) {
        return Ok(());
    }
    Err(ApiError::not_allowed(format!("`{field}` names {number}; name 1 to {MOST}")).of(field))
}

/// Those of the named that are none or that refused, each once and in order, with why;
/// `read` reads an id.
pub(super) fn refused<I: Eq + Hash>(
    named: Vec<String>,
    read: impl Fn(&str) -> Result<I, ApiError>,
    mut refusals: HashMap<I, String>,
) -> Vec<(String, String)> {
    let mut seen = HashSet::new();
    let named = named.into_iter().filter(|id| seen.insert(id.clone()));
    let why = named.filter_map(|id| {
        let detail = match read(&id) {
            Ok(known) => refusals.remove(&known)?,
            Err(unknown) => unknown.into_detail(),
        };
        Some((id, detail))
    });
    why.collect()
}
