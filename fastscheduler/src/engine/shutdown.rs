//! Ending all of it in order.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Engine, lock};
use crate::queue::{Claim, Settlement};

impl Engine {
    /// Claims nothing more, lets attempts end for as long as `grace`, cuts the
    /// others short, and returns when no claim is left.
    ///
    /// A blocking function that does not return keeps its thread.
    pub(crate) async fn stop(&self, grace: Duration) {
        self.claiming.cancel();
        let unstarted = std::mem::take(&mut *lock(&self.claimed));
        let give_back = |claim: Claim| Settlement { next: Some(claim.entry.clone()), claim };
        self.settle(unstarted.into_iter().map(give_back).collect()).await;
        tokio::select! {
            biased;
            () = self.idle() => {}
            () = self.clock.sleep(grace) => tracing::warn!("cutting attempts short that did not end in time"),
        }
        self.executing.cancel();
        self.table.cancel_all();
        self.idle().await;
        // The recorder waits for outcomes as long as claims are open.
        self.ended_more.notify_one();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Waits until no claim is open.
    async fn idle(&self) {
        loop {
            let more = self.idle_more.notified();
            tokio::pin!(more);
            more.as_mut().enable();
            if self.in_flight.load(Ordering::Acquire) == 0 {
                return;
            }
            more.await;
        }
    }

    /// Waits until nothing is due and no claim is open.
    #[cfg(feature = "testing")]
    pub(crate) async fn quiet(&self) -> Result<(), crate::queue::QueueError> {
        loop {
            let more = self.idle_more.notified();
            tokio::pin!(more);
            more.as_mut().enable();
            let is_due = self.queue.next_due().await?.is_some_and(|due_at| due_at <= self.clock.now());
            let is_claiming = self.busy.load(Ordering::Acquire) > 0;
            if !is_due && !is_claiming && self.in_flight.load(Ordering::Acquire) == 0 {
                return Ok(());
            }
            more.await;
        }
    }
}
