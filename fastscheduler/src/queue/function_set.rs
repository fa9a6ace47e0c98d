//! The functions that an instance has.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::{PoisonError, RwLock};

use crate::job::{FunctionKey, NumberHasher};

/// The functions that an instance has, and so the entries that it may claim.
///
/// Each function is counted: it is there until it was removed as often as it
/// was added.
#[derive(Debug, Default)]
pub struct FunctionSet(RwLock<HashMap<FunctionKey, usize, BuildHasherDefault<NumberHasher>>>);

impl FunctionSet {
    /// Whether the instance has the function.
    #[must_use]
    pub fn contains(&self, key: &FunctionKey) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(key)
    }

    /// All functions, in no order, for stores that filter by name.
    #[must_use]
    pub fn keys(&self) -> Vec<FunctionKey> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    pub(crate) fn add(&self, key: &FunctionKey) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner).entry(key.clone()).or_default() += 1;
    }

    pub(crate) fn remove(&self, key: &FunctionKey) {
        let mut counts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(key) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) => {
                counts.remove(key);
            }
            None => {}
        }
    }
}

impl FromIterator<FunctionKey> for FunctionSet {
    fn from_iter<I: IntoIterator<Item = FunctionKey>>(keys: I) -> Self {
        Self(RwLock::new(keys.into_iter().map(|key| (key, 1)).collect()))
    }
}
