//! Records that a store refuses for good.

use std::sync::Arc;

use crate::job::Run;
use crate::storage::{Change, EndedAttempt};

/// How much is kept of an error whose record was refused, in characters.
const KEPT: usize = 200;

/// The run that a change is the record of.
pub(super) fn run_of(change: &Change) -> Option<&Run> {
    match change {
        Change::EndAttempt(ended) => Some(&ended.run),
        Change::Skip(skipped) => Some(&skipped.run),
        _ => None,
    }
}

/// A short record of the same attempt, which says why it is short. `None` for
/// changes that cannot be shortened.
pub(super) fn shortened(change: &Change, reason: &str) -> Option<Change> {
    let Change::EndAttempt(ended) = change else { return None };
    let short = |text: &str| -> String { text.chars().take(KEPT).collect() };
    let mut run = Run::clone(&ended.run);
    run.result = None;
    run.error = run.error.map(|error| {
        format!("{} (shortened, since the store refused the record: {})", short(&error), short(reason))
    });
    let mut dead_letter = ended.dead_letter.clone();
    if let Some(letter) = &mut dead_letter {
        letter.run.clone_from(&run);
    }
    Some(Change::EndAttempt(EndedAttempt { run: Arc::new(run), dead_letter, ..ended.clone() }))
}
