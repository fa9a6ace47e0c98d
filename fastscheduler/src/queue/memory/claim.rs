//! Claims, and what is needed to hand them out again.

use chrono::{DateTime, Utc};

use super::node::Micros;
use crate::job::{Entry, Trigger};

/// A claim that was neither settled nor taken over.
#[derive(Debug)]
pub(super) struct LiveClaim {
    fence: u64,
    trigger: Trigger,
    scheduled_for: DateTime<Utc>,
    pub(super) lease: Option<Box<Lease>>,
}

/// What is needed to hand out a claim again.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) ends: Micros,
    pub(super) number: u64,
    pub(super) place: Place,
    pub(super) entry: Entry,
}

/// Where the node of a claim with a lease is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Among the leases that have not ended.
    Leases,
    /// In the line of its lane, since its lease ended.
    Line,
    /// It has none, while another claim of its job is live.
    Parked,
}

impl LiveClaim {
    pub(super) fn new(entry: &Entry, fence: u64, lease: Option<(Micros, u64)>) -> Self {
        let mut claim =
            Self { fence, trigger: entry.trigger, scheduled_for: entry.scheduled_for, lease: None };
        claim.renew(entry, lease);
        claim
    }

    pub(super) fn fence(&self) -> u64 {
        self.fence
    }

    /// Changes the lease, which has an end and a number, and returns the old one.
    pub(super) fn renew(&mut self, entry: &Entry, lease: Option<(Micros, u64)>) -> Option<Box<Lease>> {
        let lease = lease.map(|(ends, number)| {
            Box::new(Lease { ends, number, place: Place::Leases, entry: entry.clone() })
        });
        std::mem::replace(&mut self.lease, lease)
    }

    pub(super) fn is_of(&self, entry: &Entry) -> bool {
        self.scheduled_for == entry.scheduled_for && self.trigger.is_alike(entry.trigger)
    }

    pub(super) fn lease_number(&self) -> Option<u64> {
        self.lease.as_ref().map(|lease| lease.number)
    }
}
