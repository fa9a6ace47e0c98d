//! Notices that the store takes what happens and cannot keep it.

use std::sync::Arc;

use super::Engine;
use super::failure::describe;
use super::troubles::BEHIND;

impl Engine {
    /// Keeps track of whether the store falls behind, until the stop.
    pub(crate) async fn watch_check(self: Arc<Self>) {
        loop {
            tokio::select! {
                biased;
                () = self.lifecycle.stopping() => return,
                () = self.storage.check_changed() => {}
            }
            let why = self.storage.check().await.err();
            self.note_trouble(BEHIND, why.map(|why| describe(&why)));
        }
    }
}
