//! The state file as a store.

use std::future::ready;

use chrono_tz::Tz;
use futures_util::future::BoxFuture;

use super::JsonStorage;
use super::ending::Closing;
use super::ledger::Ledger;
use crate::storage::in_memory::answers_from_state;
use crate::storage::state::{HasState, State};
use crate::storage::{Change, Durability, Limits, Storage, StorageError};

impl HasState for JsonStorage {
    fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.inner().state)
    }
}

impl Storage for JsonStorage {
    answers_from_state! {}

    fn write_local_times_in(&self, zone: Tz) {
        self.0.ledger.show_letters_in(zone);
    }

    fn apply<'a>(
        &'a self,
        changes: &'a [Change],
        durability: Durability,
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        Box::pin(self.until_safe(move |ledger| Ok(((), ledger.record(changes, durability)?))))
    }

    fn clear_dead_letters(&self) -> BoxFuture<'_, Result<usize, StorageError>> {
        Box::pin(self.until_safe(Ledger::clear_dead_letters))
    }

    fn prune(&self, limits: Limits) -> BoxFuture<'_, Result<(), StorageError>> {
        let mut inner = self.inner();
        let pruned = inner.state.prune(limits);
        inner.dropped.add(pruned);
        Box::pin(ready(Ok(())))
    }

    fn check(&self) -> BoxFuture<'_, Result<(), StorageError>> {
        Box::pin(ready(self.inner().check()))
    }

    fn kind(&self) -> &'static str {
        "json"
    }

    fn degraded(&self) -> Option<String> {
        self.inner().fold.failed.as_ref().map(|why| StorageError::from(why.clone()).to_string())
    }

    fn check_changed(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.ledger.check_changed.notified())
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StorageError>> {
        let closed = self.0.ledger.close(Closing::Folded);
        Box::pin(async move {
            self.answered(closed).await?;
            self.inner().lost.clone().map_or(Ok(()), |lost| Err(lost.into()))
        })
    }

    fn lost(&self) -> BoxFuture<'_, StorageError> {
        Box::pin(async {
            self.0.ledger.is_lost.cancelled().await;
            self.inner().why_closed()
        })
    }
}
