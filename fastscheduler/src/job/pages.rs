//! A map by job, for what each of many jobs has.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasherDefault;
use std::num::NonZeroU32;

use super::{JobId, NumberHasher};

/// How many adjacent ids share a page.
const PAGE: usize = 16;

/// A map by job, in pages of jobs with adjacent ids.
///
/// They often come due one after another, and looking one up brings the next into
/// the cache. It takes a third of the memory of a hash table by job, which has a key
/// for each and may be half empty. Where most jobs of a page are gone it takes more.
#[derive(Debug, Clone)]
pub(crate) struct JobPages<T> {
    pages: HashMap<u64, Box<Page<T>>, BuildHasherDefault<NumberHasher>>,
    len: usize,
}

#[derive(Debug, Clone)]
struct Page<T>([Option<T>; PAGE]);

/// A place in a list, from the first on: no larger if there may be none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(NonZeroU32);

impl<T> Default for JobPages<T> {
    fn default() -> Self {
        Self { pages: HashMap::default(), len: 0 }
    }
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self([const { None }; PAGE])
    }
}

impl<T> JobPages<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self, job: JobId) -> Option<&T> {
        let (page, index) = page_of(job);
        self.pages.get(&page)?.0[index].as_ref()
    }

    pub(crate) fn get_mut(&mut self, job: JobId) -> Option<&mut T> {
        let (page, index) = page_of(job);
        self.pages.get_mut(&page)?.0[index].as_mut()
    }

    /// What a job has, or else what it gets now.
    pub(crate) fn get_or_insert_with(&mut self, job: JobId, make: impl FnOnce() -> T) -> &mut T {
        let (page, index) = page_of(job);
        let Self { pages, len } = self;
        pages.entry(page).or_default().0[index].get_or_insert_with(|| {
            *len += 1;
            make()
        })
    }

    /// Gives a job something, and returns what it had.
    pub(crate) fn insert(&mut self, job: JobId, value: T) -> Option<T> {
        let (page, index) = page_of(job);
        let before = self.pages.entry(page).or_default().0[index].replace(value);
        self.len += usize::from(before.is_none());
        before
    }

    pub(crate) fn remove(&mut self, job: JobId) -> Option<T> {
        let (page, index) = page_of(job);
        let Entry::Occupied(mut page) = self.pages.entry(page) else { return None };
        let removed = page.get_mut().0[index].take()?;
        if page.get().0.iter().all(Option::is_none) {
            page.remove();
        }
        self.len -= 1;
        Some(removed)
    }

    /// What all have, in no order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.pages.values().flat_map(|page| page.0.iter().flatten())
    }
}

fn page_of(job: JobId) -> (u64, usize) {
    let page = PAGE as u64;
    (job.number() / page, usize::try_from(job.number() % page).unwrap_or_default())
}

impl Place {
    /// After any other.
    pub(crate) const LAST: Self = Self(NonZeroU32::MAX);

    /// The place of that index.
    pub(crate) fn new(index: usize) -> Self {
        let number = u32::try_from(index + 1).ok().and_then(NonZeroU32::new);
        Self(number.expect("four billion jobs do not fit into memory"))
    }

    pub(crate) fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_what_a_hash_map_has() {
        let numbers = [0, 15, 16, 17, 5, 31, 32, 1_000, u64::MAX, 17, 0];
        let (mut pages, mut map) = (JobPages::default(), HashMap::new());
        for (value, number) in numbers.into_iter().enumerate() {
            let job = JobId::new(number);
            assert_eq!(pages.insert(job, value), map.insert(job, value), "{job}");
        }
        let fresh = JobId::new(18);
        assert_eq!(*pages.get_or_insert_with(fresh, || 7), *map.entry(fresh).or_insert(7));
        assert_eq!(*pages.get_or_insert_with(fresh, || 8), 7);
        let all = |pages: &JobPages<usize>| {
            let mut values: Vec<usize> = pages.values().copied().collect();
            values.sort_unstable();
            values
        };
        for number in [16, 16, 17, 18, 33, 2_000, 0, 1_000] {
            let job = JobId::new(number);
            assert_eq!(pages.remove(job), map.remove(&job), "{job}");
            let mut values: Vec<_> = map.values().copied().collect();
            values.sort_unstable();
            assert_eq!((pages.len(), all(&pages)), (map.len(), values), "without {job}");
            assert_eq!(pages.get(job), None);
        }
        assert!(map.iter().all(|(job, value)| pages.get(*job) == Some(value)));
        assert_eq!(pages.pages.len(), 4, "a page goes with its last job");
    }

    #[test]
    fn a_place_is_no_larger_if_there_may_be_none() {
        assert_eq!(size_of::<Option<Place>>(), size_of::<u32>());
        assert_eq!(Place::new(7).index(), 7);
        assert!(Place::new(7) < Place::LAST);
    }
}
