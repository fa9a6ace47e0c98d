//! Ending all of it in order.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Engine, lock};
use crate::queue::{Claim, Settlement};

/// How long attempts that were cut short have to go.
const LAST_MOMENTS: Duration = Duration::from_secs(2);

impl Engine {
    /// Claims nothing more, lets attempts end for as long as `grace`, cuts the
    /// others short, and returns when no claim is left.
    ///
    /// It may be called again, also while it goes on, with less patience. A
    /// blocking function that does not return keeps its thread, and one that
    /// is async and never waits keeps its claim.
    pub(crate) async fn stop(&self, grace: Duration) {
        self.claiming.cancel();
        // A claim that is under way is handed out before it can be given back.
        self.claimed_last.cancelled().await;
        let unstarted = std::mem::take(&mut *lock(&self.claimed));
        let give_back = |claim: Claim| Settlement { next: Some(claim.entry.clone()), claim };
        self.settle(unstarted.into_iter().map(give_back).collect()).await;
        tokio::select! {
            biased;
            () = self.idle() => {}
            () = self.clock.sleep(grace) => tracing::warn!("cutting attempts short that did not end in time"),
        }
        self.executing.cancel();
        self.table.cancel(|_| true);
        tokio::select! {
            biased;
            () = self.ended() => {}
            () = self.clock.sleep(LAST_MOMENTS) => {
                let jobs = self.table.running_jobs();
                tracing::error!(?jobs, "jobs do not let go, since they never wait; leaving them behind");
            }
        }
    }

    /// Whether [`stop`](Self::stop) was called.
    pub(crate) async fn stopping(&self) {
        self.claiming.cancelled().await;
    }

    /// Waits until no claim is open and no task is left.
    async fn ended(&self) {
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
            let epoch = self.epoch.load(Ordering::Acquire);
            let is_busy = self.busy.load(Ordering::Acquire) > 0 || self.in_flight.load(Ordering::Acquire) > 0;
            let first = self.queue.next_due(chrono::DateTime::<chrono::Utc>::MIN_UTC).await?;
            let is_due = first.is_some_and(|due_at| due_at <= self.clock.now());
            if self.epoch.load(Ordering::Acquire) != epoch {
                continue;
            }
            if !is_busy && !is_due {
                return Ok(());
            }
            more.await;
        }
    }
}
