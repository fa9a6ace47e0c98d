//! Why the store or the queue cannot be written, while that lasts.

use std::collections::BTreeMap;
use std::sync::Mutex;

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::lock;

/// The trouble of a store that takes what happens and cannot keep it. It holds up
/// nothing.
pub(super) const BEHIND: &str = "what the store has taken";

/// What fails, and why. Each thing that is done has a name of its own: that one
/// succeeds says nothing of another.
#[derive(Debug)]
pub(super) struct Troubles {
    present: watch::Sender<BTreeMap<String, String>>,
    last: Mutex<Option<StoreFailure>>,
}

/// A failure of the store or the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreFailure {
    /// When it was noticed.
    pub at: DateTime<Utc>,
    /// What failed, and why.
    pub error: String,
}

/// What a failure or its end changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Something fails, and nothing did before.
    Began,
    /// Nothing fails any more.
    Ended,
    /// Neither.
    Same,
}

impl Default for Troubles {
    fn default() -> Self {
        Self { present: watch::Sender::new(BTreeMap::new()), last: Mutex::default() }
    }
}

impl Troubles {
    /// Notes why something fails.
    pub(super) fn begin(&self, what: &str, why: String, at: DateTime<Utc>) -> Turn {
        let mut turn = Turn::Same;
        *lock(&self.last) = Some(StoreFailure { at, error: why.clone() });
        self.present.send_modify(|troubles| {
            if troubles.is_empty() {
                turn = Turn::Began;
            }
            troubles.insert(what.to_owned(), why);
        });
        turn
    }

    /// The last failure, whether it is over or not.
    pub(super) fn last(&self) -> Option<StoreFailure> {
        lock(&self.last).clone()
    }

    /// Notes that something no longer fails.
    pub(super) fn end(&self, what: &str) -> Turn {
        let mut turn = Turn::Same;
        self.present.send_if_modified(|troubles| {
            let is_known = troubles.remove(what).is_some();
            if is_known && troubles.is_empty() {
                turn = Turn::Ended;
            }
            is_known
        });
        turn
    }

    /// Why something fails that holds up batches, if anything does.
    pub(super) fn holding_up(&self) -> Option<String> {
        what_holds_up(&self.present.borrow()).cloned()
    }

    /// Waits until something fails that holds up batches, and returns why.
    pub(super) async fn any(&self) -> String {
        let mut troubles = self.present.subscribe();
        let failing = troubles.wait_for(|troubles| what_holds_up(troubles).is_some()).await;
        failing.ok().and_then(|troubles| what_holds_up(&troubles).cloned()).unwrap_or_default()
    }
}

fn what_holds_up(troubles: &BTreeMap<String, String>) -> Option<&String> {
    troubles.iter().find(|(what, _)| *what != BEHIND).map(|(_, why)| why)
}
