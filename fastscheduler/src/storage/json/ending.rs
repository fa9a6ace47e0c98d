//! How the work on a store's files ends.

use super::lock::Taken;
use crate::storage::StorageError;

/// How the store is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
    /// In good order, with a snapshot.
    Folded,
    /// At once: the journal has it all.
    AsItIs,
    /// At once, and without touching the files: they are lost.
    Lost,
}

/// Why this store has its files no more.
#[derive(Debug, Clone)]
pub(super) enum Lost {
    /// Somebody else has taken them over.
    Taken(Taken),
    /// A thread that works on them has panicked, with this message.
    Panicked(String),
}

impl From<Lost> for StorageError {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Taken(taken) => taken.into(),
            Lost::Panicked(what) => Self::new("go on", what),
        }
    }
}
