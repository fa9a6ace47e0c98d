//! Waiting for what is due, and claiming it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{AFTER_FAILURE, Engine, lock};
use crate::job::Lane;
use crate::queue::{Claim, Claimer, QueueError};

/// The most entries claimed in one go, so that pullers start early.
const BATCH: usize = 256;

/// For how long a claim holds without being renewed.
const LEASE: Duration = Duration::from_secs(30);

impl Engine {
    /// Claims what is due until claiming ends.
    pub(super) async fn dispatch(self: Arc<Self>) {
        // Also when the queue panics: nobody must wait for claims that never come.
        let _last = self.claimed_last.clone().drop_guard();
        let mut first = Lane::Async;
        while !self.claiming.is_cancelled() {
            // Before the claim: what comes due after it is to be waited for.
            let seen_until = self.clock.now();
            self.busy.fetch_add(1, Ordering::AcqRel);
            let claimed = self.claim_due(first).await;
            self.busy.fetch_sub(1, Ordering::AcqRel);
            self.idle_more.notify_waiters();
            first = match first {
                Lane::Async => Lane::Blocking,
                Lane::Blocking => Lane::Async,
            };
            let waited = match claimed {
                Ok(0) => self.wait_for_due(seen_until).await,
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            };
            if let Err(error) = waited {
                tracing::error!(error = &error as &dyn std::error::Error, "the queue failed; trying again");
                tokio::select! {
                    () = self.clock.sleep(AFTER_FAILURE) => {}
                    () = self.claiming.cancelled() => {}
                }
            }
        }
    }

    /// Claims for one lane, then for the other what room is left, so that the
    /// lanes together stay within the room and neither starves the other.
    async fn claim_due(&self, first: Lane) -> Result<usize, QueueError> {
        let second = if first == Lane::Async { Lane::Blocking } else { Lane::Async };
        let mut count = 0;
        for lane in [first, second] {
            let room = self.room(lane).min(BATCH);
            if room == 0 {
                continue;
            }
            let (room_async, room_blocking) = if lane == Lane::Async { (room, 0) } else { (0, room) };
            let claimer = Claimer {
                instance: Arc::clone(&self.instance),
                functions: Arc::clone(self.table.functions()),
                room_async,
                room_blocking,
                lease: LEASE,
            };
            let claims = self.queue.claim(&claimer).await?;
            count += claims.len();
            self.hand_out(lane, claims);
        }
        Ok(count)
    }

    fn hand_out(&self, lane: Lane, claims: Vec<Claim>) {
        if claims.is_empty() {
            return;
        }
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.in_flight.fetch_add(claims.len(), Ordering::AcqRel);
        if lane == Lane::Blocking {
            self.blocking.fetch_add(claims.len(), Ordering::AcqRel);
        }
        lock(&self.claimed).extend(claims);
        self.claimed_more.notify_waiters();
        self.claimed_more.notify_one();
    }

    async fn wait_for_due(&self, seen_until: DateTime<Utc>) -> Result<(), QueueError> {
        let next = self.queue.next_due(seen_until).await?;
        self.wait(next).await;
        Ok(())
    }

    async fn wait(&self, until: Option<DateTime<Utc>>) {
        let time = async {
            match until {
                Some(due_at) => self.clock.sleep_until(due_at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = time => {}
            () = self.queue.wake() => {}
            () = self.room_more.notified() => {}
            () = self.claiming.cancelled() => {}
        }
    }
}
