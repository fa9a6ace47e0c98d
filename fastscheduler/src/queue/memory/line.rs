//! Who waits for what.

use std::collections::HashMap;

use super::node::{Micros, NEVER, Node};
use super::wheel::{Heap, Wheel};
use crate::job::FunctionKey;

/// The entries of a lane that wait for their time, for room or for somebody
/// who has their function; not those that wait for their own job.
#[derive(Debug)]
pub(super) struct Line {
    /// All but those below.
    pub(super) wheel: Wheel,
    /// What a claimer passed over because it had not the function.
    pub(super) lacked: HashMap<FunctionKey, Heap>,
    /// The earliest that came since the last claim.
    pub(super) fresh: Micros,
    /// How many of the nodes are stale.
    pub(super) stale: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self { wheel: Wheel::default(), lacked: HashMap::new(), fresh: NEVER, stale: 0 }
    }
}

impl Line {
    pub(super) fn add(&mut self, node: Node) {
        self.fresh = self.fresh.min(node.due);
        self.wheel.add(node);
    }

    pub(super) fn len(&self) -> usize {
        self.wheel.len() + self.lacked.values().map(Heap::len).sum::<usize>()
    }

    /// Nodes went stale; when most are, they are dropped.
    pub(super) fn went_stale(&mut self, count: usize, is_live: impl Fn(Node) -> bool) {
        self.stale += count;
        if is_mostly_stale(self.stale, self.wheel.len()) && is_mostly_stale(self.stale, self.len()) {
            self.wheel.retain(&is_live);
            self.lacked.retain(|_, heap| {
                heap.retain(&is_live);
                heap.len() > 0
            });
            self.stale = 0;
        }
    }
}

/// Whether dropping stale nodes is due: it costs as much as it frees.
pub(super) fn is_mostly_stale(stale: usize, len: usize) -> bool {
    stale > 64 && stale > len / 2
}
