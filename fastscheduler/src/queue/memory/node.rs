//! Where an entry is in the order in which entries come due.

use crate::job::Place;

/// Microseconds since 1970.
pub(super) type Micros = i64;

/// Later than any instant.
pub(super) const NEVER: Micros = Micros::MAX;

/// Where the state of a job is, for as long as the queue knows the job.
pub(super) type Slot = Place;

/// The place of an entry in the order.
///
/// Its number is never used again, so a node whose number is not found in the
/// state of its job is stale: it is dropped when it is met, which costs less
/// than finding it when its entry goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Node {
    pub(super) due: Micros,
    pub(super) number: u64,
    pub(super) slot: Slot,
}

impl Node {
    /// After any node.
    pub(super) const LAST: Self = Self { due: NEVER, number: u64::MAX, slot: Slot::LAST };
}
