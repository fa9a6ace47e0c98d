//! In which order nodes come due.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::node::{Micros, NEVER, Node};

/// A heap of nodes, the first on top.
#[derive(Debug, Default)]
pub(super) struct Heap(BinaryHeap<Reverse<Node>>);

/// Nodes in order, where adding and taking cost the same however many there are.
///
/// What is due up to an instant, the wheel's base, is sorted. What is later lies
/// in buckets, by the highest bit in which it differs from the base: those of a
/// lower bucket come first. When the base moves on, the buckets below its own
/// highest changed bit are due, the bucket of that bit is spread over the lower
/// ones, and the higher ones stay as they are.
#[derive(Debug)]
pub(super) struct Wheel {
    base: Micros,
    /// Due up to the base when it got there, in order.
    due: VecDeque<Node>,
    /// Due up to the base when they came.
    late: Heap,
    buckets: [Bucket; 64],
    /// One bit for each bucket that is not empty.
    occupied: u64,
    len: usize,
}

/// For how many nodes room is kept where there are none.
const SPARE: usize = 256;

#[derive(Debug)]
struct Bucket {
    nodes: Vec<Node>,
    /// The first of the nodes, stale or not.
    first: Node,
}

impl Default for Wheel {
    fn default() -> Self {
        Self {
            base: Micros::MIN,
            due: VecDeque::new(),
            late: Heap::default(),
            buckets: std::array::from_fn(|_| Bucket { nodes: Vec::new(), first: Node::LAST }),
            occupied: 0,
            len: 0,
        }
    }
}

impl Wheel {
    pub(super) fn add(&mut self, node: Node) {
        self.len += 1;
        if node.due <= self.base {
            self.late.add(node);
        } else {
            self.put(node);
        }
    }

    /// Moves the base on to an instant, unless it is there already.
    pub(super) fn advance(&mut self, to: Micros) {
        if to <= self.base {
            return;
        }
        let highest = index(to, self.base);
        self.base = to;
        if self.due.is_empty() {
            self.due.shrink_to(SPARE);
        }
        let sorted = self.due.len();
        for lower in occupied(self.occupied & ((1 << highest) - 1)) {
            let bucket = &mut self.buckets[lower];
            self.due.extend(bucket.nodes.drain(..));
            bucket.clear();
            self.occupied &= !(1 << lower);
        }
        if self.occupied & (1 << highest) != 0 {
            self.occupied &= !(1 << highest);
            let nodes = self.buckets[highest].take();
            for node in nodes {
                if node.due <= to {
                    self.due.push_back(node);
                } else {
                    self.put(node);
                }
            }
        }
        if self.due.len() > sorted {
            // Those that were due before are all earlier.
            self.due.make_contiguous()[sorted..].sort_unstable();
        }
    }

    /// The first of those that are due up to the base.
    pub(super) fn first_due(&self) -> Option<Node> {
        match (self.due.front(), self.late.first()) {
            (Some(due), Some(late)) => Some(late.min(*due)),
            (due, late) => due.copied().or(late),
        }
    }

    /// Takes out what [`first_due`](Self::first_due) is.
    pub(super) fn take_first_due(&mut self) -> Option<Node> {
        let late = self.late.first();
        let node = match self.due.front() {
            Some(due) if late.is_none_or(|late| *due < late) => self.due.pop_front(),
            _ => self.late.take_first(),
        };
        self.len -= usize::from(node.is_some());
        node
    }

    /// When the first is due that is later than an instant, or `NEVER`.
    pub(super) fn next_after(&mut self, after: Micros, is_live: impl Fn(Node) -> bool) -> Micros {
        self.advance(after);
        if after < self.base {
            let later = self.due.iter().copied().chain(self.late.iter());
            let later = later.filter(|node| node.due > after && is_live(*node));
            if let Some(due) = later.map(|node| node.due).min() {
                return due;
            }
        }
        while self.occupied != 0 {
            let lowest = self.occupied.trailing_zeros() as usize;
            let bucket = &mut self.buckets[lowest];
            if is_live(bucket.first) {
                return bucket.first.due;
            }
            self.len -= bucket.retain(&is_live);
            if bucket.nodes.is_empty() {
                self.occupied &= !(1 << lowest);
            }
        }
        NEVER
    }

    pub(super) fn retain(&mut self, is_live: impl Fn(Node) -> bool) {
        self.due.retain(|node| is_live(*node));
        self.late.retain(&is_live);
        self.len = self.due.len() + self.late.len();
        for index in occupied(self.occupied) {
            let bucket = &mut self.buckets[index];
            bucket.retain(&is_live);
            self.len += bucket.nodes.len();
            if bucket.nodes.is_empty() {
                self.occupied &= !(1 << index);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How many nodes are meant.
    pub(super) fn count(&self, is_meant: impl Fn(Node) -> bool) -> usize {
        let later = self.buckets.iter().flat_map(|bucket| bucket.nodes.iter().copied());
        let all = self.due.iter().copied().chain(self.late.iter()).chain(later);
        all.filter(|node| is_meant(*node)).count()
    }

    /// Puts a node that is later than the base where it belongs.
    fn put(&mut self, node: Node) {
        let index = index(node.due, self.base);
        self.occupied |= 1 << index;
        let bucket = &mut self.buckets[index];
        bucket.first = bucket.first.min(node);
        if bucket.nodes.len() == bucket.nodes.capacity() {
            // By a quarter: doubling would leave half of a large one empty.
            bucket.nodes.reserve_exact(bucket.nodes.len() / 4 + 16);
        }
        bucket.nodes.push(node);
    }
}

impl Bucket {
    fn take(&mut self) -> Vec<Node> {
        self.first = Node::LAST;
        std::mem::take(&mut self.nodes)
    }

    fn clear(&mut self) {
        self.first = Node::LAST;
        self.nodes.clear();
        self.nodes.shrink_to(SPARE);
    }

    /// Drops the stale nodes, and says how many there were.
    fn retain(&mut self, is_live: impl Fn(Node) -> bool) -> usize {
        let len = self.nodes.len();
        self.nodes.retain(|node| is_live(*node));
        self.first = self.nodes.iter().min().copied().unwrap_or(Node::LAST);
        len - self.nodes.len()
    }
}

impl Heap {
    pub(super) fn first(&self) -> Option<Node> {
        self.0.peek().map(|Reverse(node)| *node)
    }

    pub(super) fn take_first(&mut self) -> Option<Node> {
        self.0.pop().map(|Reverse(node)| node)
    }

    pub(super) fn add(&mut self, node: Node) {
        self.0.push(Reverse(node));
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn retain(&mut self, is_live: impl Fn(Node) -> bool) {
        self.0.retain(|Reverse(node)| is_live(*node));
    }

    fn iter(&self) -> impl Iterator<Item = Node> {
        self.0.iter().map(|Reverse(node)| *node)
    }
}

/// The highest bit in which two different instants differ.
fn index(one: Micros, other: Micros) -> usize {
    (one ^ other).cast_unsigned().ilog2() as usize
}

/// The indices of the bits that are set.
fn occupied(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let index = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some(index)
    })
}
