//! In which order entries come due.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::jobs::Slot;
use crate::job::FunctionKey;

/// Microseconds since 1970.
pub(super) type Micros = i64;

/// Later than any instant.
pub(super) const NEVER: Micros = Micros::MAX;

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

/// Nodes, of which some may be stale.
#[derive(Debug, Default)]
pub(super) struct Order {
    heap: BinaryHeap<Reverse<Node>>,
}

impl Order {
    pub(super) fn first(&self) -> Option<Node> {
        self.heap.peek().map(|Reverse(node)| *node)
    }

    pub(super) fn pop(&mut self) -> Option<Node> {
        self.heap.pop().map(|Reverse(node)| node)
    }

    pub(super) fn add(&mut self, node: Node) {
        if self.heap.len() == self.heap.capacity() {
            // By a quarter: doubling would leave half of a large one empty.
            self.heap.reserve_exact(self.heap.len() / 4 + 64);
        }
        self.heap.push(Reverse(node));
    }

    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Node> {
        self.heap.iter().map(|Reverse(node)| *node)
    }

    pub(super) fn retain(&mut self, mut is_live: impl FnMut(Node) -> bool) {
        self.heap.retain(|Reverse(node)| is_live(*node));
    }
}

/// Where a node was found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source {
    Coming,
    Overdue,
    /// In the order of a function that an earlier claimer had not.
    Lacked(usize),
}

/// The entries of a lane that wait for their time, for room or for somebody
/// who has their function; not those that wait for their own job.
#[derive(Debug)]
pub(super) struct Line {
    /// All but those below.
    pub(super) coming: Order,
    /// What [`next_due`](super::State::next_due) passed over because it was due.
    pub(super) overdue: Order,
    /// What is due up to here is not in `coming`, unless it came since.
    pub(super) overdue_until: Micros,
    /// What a claimer passed over because it had not the function.
    pub(super) lacked: HashMap<FunctionKey, Order>,
    /// The earliest that came since the last claim.
    pub(super) fresh: Micros,
    /// How many of the nodes are stale.
    pub(super) stale: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            coming: Order::default(),
            overdue: Order::default(),
            overdue_until: Micros::MIN,
            lacked: HashMap::new(),
            fresh: NEVER,
            stale: 0,
        }
    }
}

impl Line {
    pub(super) fn add(&mut self, node: Node) {
        self.fresh = self.fresh.min(node.due);
        self.coming.add(node);
    }

    /// The first node, but for those in `lacked`.
    pub(super) fn first(&self) -> Option<(Node, Source)> {
        match (self.coming.first(), self.overdue.first()) {
            (Some(coming), Some(overdue)) if overdue < coming => Some((overdue, Source::Overdue)),
            (Some(coming), _) => Some((coming, Source::Coming)),
            (None, overdue) => overdue.map(|node| (node, Source::Overdue)),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.coming.len() + self.overdue.len() + self.lacked.values().map(Order::len).sum::<usize>()
    }

    /// Nodes went stale; when most are, they are dropped.
    pub(super) fn went_stale(&mut self, count: usize, is_live: impl Fn(Node) -> bool) {
        self.stale += count;
        if is_mostly_stale(self.stale, self.coming.len() + self.overdue.len())
            && is_mostly_stale(self.stale, self.len())
        {
            self.coming.retain(&is_live);
            self.overdue.retain(&is_live);
            self.lacked.retain(|_, order| {
                order.retain(&is_live);
                order.len() > 0
            });
            self.stale = 0;
        }
    }
}

/// Whether dropping stale nodes is due: it costs as much as it frees.
pub(super) fn is_mostly_stale(stale: usize, len: usize) -> bool {
    stale > 64 && stale > len / 2
}
