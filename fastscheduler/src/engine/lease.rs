//! Keeping claims in a shared queue, which end unless they are renewed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::settle::report;
use super::{Engine, lock};
use crate::queue::{Claim, Settlement};
use crate::registry::JobContext;

/// For how long a claim in a shared queue holds without being renewed.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// How often claims are renewed: two renewals may fail before a lease ends.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Claims in a shared queue, by their fences.
#[derive(Debug, Default)]
pub(super) struct Leases {
    /// Those that are held, with the attempts that they are for.
    held: HashMap<u64, (Claim, JobContext)>,
    /// Those that were lost while their attempts were under way.
    lost: HashSet<u64>,
}

impl Engine {
    /// Remembers a claim that is to be renewed.
    pub(super) fn hold(&self, claim: &Claim, context: &JobContext) {
        if self.is_shared {
            lock(&self.leases).held.insert(claim.fence, (claim.clone(), context.clone()));
        }
    }

    /// Forgets claims that are over.
    pub(super) fn let_go_of(&self, settlements: &[Settlement]) {
        if self.is_shared {
            let mut leases = lock(&self.leases);
            for settlement in settlements {
                leases.held.remove(&settlement.claim.fence);
            }
        }
    }

    /// Whether a claim was lost, so that its attempt is not ours to record.
    pub(super) fn has_lost(&self, claim: &Claim) -> bool {
        self.is_shared && lock(&self.leases).lost.remove(&claim.fence)
    }

    /// Renews all claims time and again, until execution ends. An attempt whose
    /// claim is lost is cancelled: another instance makes the next one.
    pub(super) async fn renew_claims(self: Arc<Self>) {
        let mut renewed_at = self.clock.now();
        loop {
            tokio::select! {
                () = self.clock.sleep(HEARTBEAT) => {}
                () = self.executing.cancelled() => return,
            }
            let now = self.clock.now();
            let claims: Vec<Claim> =
                lock(&self.leases).held.values().map(|(claim, _)| claim.clone()).collect();
            match self.queue.renew(&claims, Some(LEASE)).await {
                Ok(lost) => {
                    renewed_at = now;
                    self.give_up(&lost);
                }
                // Before the leases end, since then others may run the same.
                Err(error) if self.is_last_moment(renewed_at) => {
                    report("renewals of claims, which are lost", &error);
                    self.give_up(&claims);
                }
                Err(error) => report("renewals of claims", &error),
            }
        }
    }

    fn is_last_moment(&self, renewed_at: DateTime<Utc>) -> bool {
        let since = (self.clock.now() - renewed_at).to_std().unwrap_or_default();
        since + HEARTBEAT >= LEASE
    }

    fn give_up(&self, lost: &[Claim]) {
        let contexts: Vec<JobContext> = {
            let mut leases = lock(&self.leases);
            let gone: Vec<_> = lost.iter().filter_map(|claim| leases.held.remove(&claim.fence)).collect();
            leases.lost.extend(gone.iter().map(|(claim, _)| claim.fence));
            gone.into_iter().map(|(_, context)| context).collect()
        };
        if !contexts.is_empty() {
            self.epoch.fetch_add(1, Ordering::AcqRel);
            tracing::error!(claims = contexts.len(), "claims were lost; cancelling their attempts");
        }
        // Wakers may be the user's code.
        for context in contexts {
            context.cancel();
        }
    }
}
