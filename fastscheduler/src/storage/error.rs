//! What goes wrong in a store.

use std::error::Error;

use thiserror::Error;

use crate::job::causes::with_causes;
use crate::schedule::text::OneLine;

/// What went wrong in a store.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The store failed.
    #[error("the store could not {action}: {}", OneLine(with_causes(&**cause)))]
    Failed {
        /// What it was to do, as in `load jobs`.
        action: &'static str,
        /// Why it could not. The message says it to the last reason, so
        /// [`source`](Error::source) does not give it again.
        cause: Box<dyn Error + Send + Sync>,
    },
    /// What was to be changed is not as the change expects it: somebody else
    /// was faster. Nothing was changed.
    #[error("{} was changed meanwhile; read it again and repeat the change", OneLine(.0))]
    Conflict(String),
    /// A change can never be stored as it is, such as one that is too long for a
    /// database. Nothing was changed. The record of a run is shortened then, and
    /// tried again; what cannot be shortened is left out. Of the claims in a
    /// [`Change::Claim`](super::Change::Claim), each is tried by itself; the attempt of
    /// one that is left out still runs.
    #[error("the store refuses change {change} of a batch: {}", OneLine(reason))]
    Invalid {
        /// Which change it is, from 0.
        change: usize,
        /// Why.
        reason: String,
    },
    /// Somebody else has the store open, who would not see what is done here.
    #[error("{} is in use by {}; {}", OneLine(.store), OneLine(.by), OneLine(.remedy))]
    InUse {
        /// The store, as in ``the state file `scheduler.json` ``.
        store: String,
        /// Who has it.
        by: String,
        /// What can be done about it.
        remedy: String,
    },
    /// Somebody else has taken over the store that was open here. This process
    /// has written nothing since it noticed.
    #[error(
        "{} was taken over by {}; nothing more is written here; stop that one, and start this one again",
        OneLine(.store),
        OneLine(.by)
    )]
    Taken {
        /// The store, as in ``the state file `scheduler.json` ``.
        store: String,
        /// Who has it.
        by: String,
    },
    /// What is stored is not what was written. Nothing of it was touched.
    #[error("{}: {}", OneLine(.place), OneLine(.reason))]
    Damaged {
        /// Where, as in ``the state file `scheduler.json`, line 7``.
        place: String,
        /// What is wrong there, and what can be done about it.
        reason: String,
    },
    /// What is stored was written by a version that this one does not know.
    #[error(
        "{} has the version `{}`, which is unknown here; known are {}",
        OneLine(.place), OneLine(.version), OneLine(.known)
    )]
    Version {
        /// Where that stands.
        place: String,
        /// The version.
        version: String,
        /// Those that can be read.
        known: String,
    },
    /// The store was closed.
    #[error("the store is closed, since its scheduler was stopped; build another one")]
    Closed,
}

impl StorageError {
    /// The failure of an action, as in `load jobs`.
    pub fn new(action: &'static str, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed { action, cause: cause.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Error)]
    #[error("no answer from `{0}`")]
    struct NoAnswer(&'static str, #[source] std::io::Error);

    #[test]
    fn a_failure_says_what_could_not_be_done_and_why_and_says_it_once() {
        let closed = std::io::Error::other("connection closed");
        let error = StorageError::new("load jobs", NoAnswer("db:5432", closed));
        assert_eq!(
            error.to_string(),
            "the store could not load jobs: no answer from `db:5432`: connection closed"
        );
        assert!(error.source().is_none(), "those who print all sources print it once");
        assert_eq!(
            StorageError::new("answer", "out of paper").to_string(),
            "the store could not answer: out of paper"
        );
    }
}
