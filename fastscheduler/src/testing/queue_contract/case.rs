//! One queue on trial.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::entries::{FUNCTION, brief};
use crate::clock::Clock as _;
use crate::job::{Entry, EntryKind, FunctionKey, JobId};
use crate::queue::{Claim, Claimer, Queue, Settlement};
use crate::testing::ManualClock;

/// The lease of a claim unless a test gives another.
pub(super) const LEASE: Duration = Duration::from_mins(1);

/// How long a test waits in real time for what must come at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// A queue and the clock that it goes by. Its methods panic where the queue fails.
#[derive(Debug, Clone)]
pub struct Case {
    /// The queue.
    pub queue: Arc<dyn Queue>,
    /// Its clock.
    pub clock: ManualClock,
}

/// Somebody with room for all and [`LEASE`] who has the functions.
pub(super) fn claimer(functions: &[&str]) -> Claimer {
    Claimer {
        instance: "one".into(),
        functions: Arc::new(functions.iter().map(|name| FunctionKey::parse(name)).collect()),
        room_async: 1_000,
        room_blocking: 1_000,
        lease: Some(LEASE),
    }
}

impl Case {
    pub(super) async fn push(&self, entries: &[Entry]) {
        self.queue.push(entries).await.expect("the queue takes entries");
    }

    pub(super) async fn claim_as(&self, claimer: &Claimer) -> Vec<Claim> {
        let claims = self.queue.claim(claimer).await.expect("the queue lets claim");
        for claim in &claims {
            assert_eq!(claim.entry.kind, EntryKind::Fire, "of a claim: {}", brief(&claim.entry));
        }
        claims
    }

    /// Claims all that is due.
    pub(super) async fn claim(&self) -> Vec<Claim> {
        self.claim_as(&claimer(&[FUNCTION])).await
    }

    /// Claims the one fire that may be claimed.
    pub(super) async fn claim_one(&self, why: &str) -> Claim {
        let mut claims = self.claim().await;
        assert!(claims.len() == 1, "{why}: one fire was to be claimed, not {}", list(&claims));
        claims.remove(0)
    }

    /// Claims all that is due, which is to be these fires in this order.
    pub(super) async fn claims(&self, expected: &[&Entry], why: &str) -> Vec<Claim> {
        let claims = self.claim().await;
        are(&claims, expected, why);
        claims
    }

    pub(super) async fn settle(&self, claim: &Claim, next: Option<Entry>) {
        let settlement = Settlement { claim: claim.clone(), next };
        self.queue.settle(&[settlement]).await.expect("the queue settles");
    }

    pub(super) async fn settle_all(&self, claims: &[Claim]) {
        let end = |claim: &Claim| Settlement { claim: claim.clone(), next: None };
        let settlements: Vec<_> = claims.iter().map(end).collect();
        self.queue.settle(&settlements).await.expect("the queue settles");
    }

    /// Renews claims for [`LEASE`] and returns those that are lost.
    pub(super) async fn renew(&self, claims: &[Claim]) -> Vec<Claim> {
        self.queue.renew(claims, Some(LEASE)).await.expect("the queue renews")
    }

    pub(super) async fn remove(&self, job: u64, revision: u64) {
        self.queue.remove(JobId::new(job), revision).await.expect("the queue removes");
    }

    /// What is due later than now.
    pub(super) async fn next_due(&self) -> Option<DateTime<Utc>> {
        self.queue.next_due(self.clock.now()).await.expect("the queue says what is next")
    }

    pub(super) async fn woken(&self, why: &str) {
        let woken = tokio::time::timeout(PATIENCE, self.queue.wake()).await;
        assert!(woken.is_ok(), "nobody was woken: {why}");
    }

    pub(super) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// Checks that claims are of these fires, in this order.
#[track_caller]
pub(super) fn are(claims: &[Claim], expected: &[&Entry], why: &str) {
    let key = |entry: &Entry| (entry.job, entry.trigger, entry.scheduled_for, entry.revision);
    let claimed = claims.iter().map(|claim| key(&claim.entry));
    assert!(
        claimed.eq(expected.iter().map(|entry| key(entry))),
        "{why}\nclaimed:  {}\nexpected: {:#?}",
        list(claims),
        expected.iter().map(|entry| brief(entry)).collect::<Vec<_>>(),
    );
}

pub(super) fn list(claims: &[Claim]) -> String {
    let brief = |claim: &Claim| format!("{} fence {}", brief(&claim.entry), claim.fence);
    format!("{:#?}", claims.iter().map(brief).collect::<Vec<_>>())
}
