//! Counters by a key, such as a function or a job's name.
//!
//! A key keeps its counters for as long as the process lives, so that none of
//! them goes back. There may be more keys than a monitor can take: those beyond
//! a number are counted together. Whoever counts a key often asks for its number
//! once; counting by number needs no look-up.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};
use std::num::NonZeroU32;

/// Counters by key.
#[derive(Debug)]
pub(super) struct Series<Key, Counters, Hasher> {
    /// How many keys are counted one by one.
    most: usize,
    numbers: HashMap<Key, SeriesNumber, Hasher>,
    /// By number; the first are those of all other keys.
    counters: Vec<Counters>,
}

/// Where a key is counted, from 1. It is small, since each job has two.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SeriesNumber(NonZeroU32);

impl SeriesNumber {
    const OTHERS: Self = Self(NonZeroU32::MIN);

    fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl<Key, Counters, Hasher> Series<Key, Counters, Hasher>
where
    Key: Clone + Hash + Ord,
    Counters: Clone + Default,
    Hasher: BuildHasher + Default,
{
    pub(super) fn new(most: usize) -> Self {
        Self { most, numbers: HashMap::default(), counters: vec![Counters::default()] }
    }

    /// Where a key is counted, from now on.
    pub(super) fn number(&mut self, key: &Key) -> SeriesNumber {
        if let Some(known) = self.numbers.get(key) {
            return *known;
        }
        let number = u32::try_from(self.counters.len() + 1).ok().and_then(NonZeroU32::new);
        let number = number.filter(|_| self.numbers.len() < self.most);
        let Some(number) = number.map(SeriesNumber) else { return SeriesNumber::OTHERS };
        self.counters.push(Counters::default());
        self.numbers.insert(key.clone(), number);
        number
    }

    /// The counters of a number that this returned.
    pub(super) fn at(&mut self, number: SeriesNumber) -> &mut Counters {
        &mut self.counters[number.index()]
    }

    /// The counters by key, and those of all other keys.
    pub(super) fn read(&self) -> (BTreeMap<Key, Counters>, Counters) {
        let of = |number: &SeriesNumber| self.counters[number.index()].clone();
        let by_key = self.numbers.iter().map(|(key, number)| (key.clone(), of(number))).collect();
        (by_key, of(&SeriesNumber::OTHERS))
    }
}
