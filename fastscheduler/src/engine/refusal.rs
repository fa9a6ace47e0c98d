//! Changes that a store refuses for good.

use std::borrow::Cow;
use std::iter::repeat_n;
use std::sync::Arc;

use crate::job::RunId;
use crate::storage::{Change, EndedAttempt};

/// How much is kept of an error whose record was refused, in characters.
const KEPT: usize = 200;

/// Changes on their way to the store, without what it refuses for good.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    changes: Cow<'a, [Change]>,
    /// Which of them are short records in the place of others; empty while there
    /// are none.
    are_short: Vec<bool>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(changes: &'a [Change]) -> Self {
        Self { changes: Cow::Borrowed(changes), are_short: Vec::new() }
    }

    pub(super) fn changes(&self) -> &[Change] {
        &self.changes
    }

    pub(super) fn into_changes(self) -> Cow<'a, [Change]> {
        self.changes
    }

    /// Puts something else in the place of a change that was refused, or leaves it
    /// out. Returns the change, unless it is not clear yet what of it was refused:
    /// of several claims in one change, any may be.
    pub(super) fn refuse(&mut self, place: usize, reason: &str) -> Option<Change> {
        let changes = self.changes.to_mut();
        self.are_short.resize(changes.len(), false);
        if let Change::Claim(claims) = &mut changes[place]
            && claims.len() > 1
        {
            let claims = std::mem::take(claims);
            self.are_short.splice(place..=place, repeat_n(false, claims.len()));
            changes.splice(place..=place, claims.into_iter().map(|claimed| Change::Claim(vec![claimed])));
            return None;
        }
        let short = if self.are_short[place] { None } else { shortened(&changes[place], reason) };
        if let Some(short) = short {
            self.are_short[place] = true;
            Some(std::mem::replace(&mut changes[place], short))
        } else {
            self.are_short.remove(place);
            Some(changes.remove(place))
        }
    }
}

/// The run that a change is about, if it is about one.
pub(super) fn run_of(change: &Change) -> Option<RunId> {
    match change {
        Change::Claim(claims) => match &claims[..] {
            [claimed] => Some(claimed.entry.run_id()),
            _ => None,
        },
        _ => record_of(change),
    }
}

/// The run that a change is the record of.
pub(super) fn record_of(change: &Change) -> Option<RunId> {
    match change {
        Change::EndAttempt(ended) => Some(ended.run.run_id),
        Change::Skip(skipped) => Some(skipped.run.run_id),
        _ => None,
    }
}

/// A short record of the same attempt, which says why it is short. `None` for
/// changes that cannot be shortened.
fn shortened(change: &Change, reason: &str) -> Option<Change> {
    let Change::EndAttempt(ended) = change else { return None };
    let short = |text: &str| -> String { text.chars().take(KEPT).collect() };
    let mut run = (*ended.run).clone();
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
