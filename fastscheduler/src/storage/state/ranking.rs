//! A sorted list in which any place is found at once.

use crate::job::JobId;
use crate::storage::found::Key;

/// How many keys a block has when it is made; one of twice as many is split.
const BLOCK: usize = 256;

/// Keys of jobs in order, in blocks: to insert a key moves one block, and to find the
/// hundredth thousand steps over blocks.
#[derive(Clone, Default)]
pub(super) struct Ranking {
    blocks: Vec<Vec<Key>>,
    len: usize,
}

impl Ranking {
    pub(super) fn new(mut keys: Vec<Key>) -> Self {
        keys.sort_unstable();
        Self { len: keys.len(), blocks: keys.chunks(BLOCK).map(<[Key]>::to_vec).collect() }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds a key, unless it is there.
    pub(super) fn insert(&mut self, key: Key) {
        let place = self.block_of(&key).min(self.blocks.len().saturating_sub(1));
        let Some(block) = self.blocks.get_mut(place) else {
            self.blocks.push(vec![key]);
            self.len = 1;
            return;
        };
        let Err(at) = block.binary_search(&key) else { return };
        block.insert(at, key);
        self.len += 1;
        if block.len() >= 2 * BLOCK {
            let second = block.split_off(BLOCK);
            self.blocks.insert(place + 1, second);
        }
    }

    /// Removes a key, if it is there.
    pub(super) fn remove(&mut self, key: &Key) {
        let place = self.block_of(key);
        let Some(block) = self.blocks.get_mut(place) else { return };
        let Ok(at) = block.binary_search(key) else { return };
        block.remove(at);
        self.len -= 1;
        if block.is_empty() {
            self.blocks.remove(place);
        }
    }

    /// The jobs at so many places from `offset` on, counted from the other end if
    /// `is_descending`.
    pub(super) fn part(&self, offset: usize, limit: usize, is_descending: bool) -> Vec<JobId> {
        let limit = limit.min(self.len.saturating_sub(offset));
        // From the beginning: a part from the end lies the other way round.
        let mut skipped = if is_descending { self.len.saturating_sub(offset + limit) } else { offset };
        let mut part = Vec::with_capacity(limit);
        for block in &self.blocks {
            if part.len() == limit {
                break;
            }
            let keys = block.iter().skip(skipped).take(limit - part.len());
            part.extend(keys.map(Key::job));
            skipped = skipped.saturating_sub(block.len());
        }
        if is_descending {
            part.reverse();
        }
        part
    }

    /// The first block that does not end before the key.
    fn block_of(&self, key: &Key) -> usize {
        self.blocks.partition_point(|block| block.last().is_some_and(|last| last < key))
    }
}
