//! Keeping claims in a shared queue, which end unless they are renewed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;

use super::settle::{describe, report};
use super::{Engine, lock};
use crate::job::JobId;
use crate::queue::{Claim, QueueError, Settlement};
use crate::registry::{Cancellation, JobContext};

/// For how long a claim in a shared queue holds without being renewed.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// How often claims are renewed: two renewals may fail before a lease ends.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// What is in trouble when claims cannot be renewed.
const RENEWALS: &str = "renewals of claims";

/// What a claim is known by: a fence is of its job, and another job may have the
/// same number.
type Id = (JobId, u64);

/// Claims in a shared queue.
#[derive(Debug, Default)]
pub(super) struct Leases {
    held: HashMap<Id, Held>,
    /// Those that were lost while their attempts were under way.
    lost: HashSet<Id>,
}

/// A claim that is held, and the attempt that it is for.
#[derive(Debug)]
struct Held {
    claim: Claim,
    context: JobContext,
    /// When its lease began.
    since: DateTime<Utc>,
}

impl Engine {
    /// Remembers a claim of `since` that is to be renewed.
    pub(super) fn hold(&self, claim: &Claim, context: &JobContext, since: DateTime<Utc>) {
        if self.is_shared {
            let held = Held { claim: claim.clone(), context: context.clone(), since };
            lock(&self.leases).held.insert(id(claim), held);
        }
    }

    /// Forgets claims that are over.
    pub(super) fn let_go_of(&self, settlements: &[Settlement]) {
        if self.is_shared {
            let mut leases = lock(&self.leases);
            for settlement in settlements {
                let id = id(&settlement.claim);
                leases.held.remove(&id);
                leases.lost.remove(&id);
            }
        }
    }

    /// Whether a claim was lost, so that its attempt is not ours to record.
    pub(super) fn has_lost(&self, claim: &Claim) -> bool {
        self.is_shared && lock(&self.leases).lost.remove(&id(claim))
    }

    /// Renews all claims time and again, until execution ends. An attempt whose
    /// claim is lost is cancelled: another instance makes the next one.
    pub(super) async fn renew_claims(self: Arc<Self>) {
        let mut heartbeat = self.clock.sleep(HEARTBEAT).shared();
        loop {
            tokio::select! {
                () = heartbeat => {}
                () = self.executing.cancelled() => return,
            }
            let now = self.clock.now();
            let claims: Vec<Claim> =
                lock(&self.leases).held.values().map(|held| held.claim.clone()).collect();
            heartbeat = self.clock.sleep(HEARTBEAT).shared();
            let renewed = tokio::select! {
                renewed = self.queue.renew(&claims, Some(LEASE)) => renewed,
                // A queue that does not answer must not keep claims from being given up.
                () = heartbeat.clone() => Err(QueueError::new("renew claims", "it does not answer")),
                () = self.executing.cancelled() => return,
            };
            match renewed {
                Ok(lost) => {
                    self.note_trouble(RENEWALS, None);
                    self.give_up(|held| lost.iter().any(|lost| id(lost) == id(&held.claim)));
                    lock(&self.leases).held.values_mut().for_each(|held| held.since = held.since.max(now));
                }
                Err(error) => {
                    report(RENEWALS, &error);
                    self.note_trouble(RENEWALS, Some(describe(&error)));
                    let now = self.clock.now();
                    // Before the lease ends, since then another one may run the same.
                    let ends_soon =
                        |held: &Held| (now - held.since).to_std().unwrap_or_default() + HEARTBEAT >= LEASE;
                    self.give_up(ends_soon);
                }
            }
        }
    }

    /// Cancels the attempts of claims that are not held any more.
    fn give_up(&self, is_lost: impl Fn(&Held) -> bool) {
        let contexts: Vec<JobContext> = {
            let Leases { held, lost } = &mut *lock(&self.leases);
            let gone = held.extract_if(|_, held| is_lost(held));
            gone.map(|(id, held)| {
                lost.insert(id);
                held.context
            })
            .collect()
        };
        if !contexts.is_empty() {
            tracing::error!(claims = contexts.len(), "claims were lost; cancelling their attempts");
        }
        // Wakers may be the user's code.
        for context in contexts {
            context.cancel(Cancellation::LostClaim);
        }
    }
}

fn id(claim: &Claim) -> Id {
    (claim.entry.job, claim.fence)
}
