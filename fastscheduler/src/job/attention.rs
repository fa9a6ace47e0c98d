//! Why a job wants a person's attention.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a job wants a person's attention, the most urgent first.
///
/// Several may hold at once: a job that is tried again may be behind as well.
/// [`Scheduler::overview`](crate::Scheduler::overview) counts them, and a
/// [`JobQuery`](crate::JobQuery) asks for the jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Attention {
    /// Its newest attempt that ended failed, and no retry of that fire waits or runs.
    Failing,
    /// A fire of it failed and is tried again: the retry waits or runs.
    Retrying,
    /// A fire of it has been due for over two seconds and has not begun, and nothing of
    /// its own is in the way.
    Late,
    /// Fires of it came due while an earlier one keeps them waiting, as its overlap
    /// `skip` or `queue` says.
    Behind,
    /// Its function is not linked into this program.
    Orphaned,
}

impl Attention {
    /// All of them, in order.
    pub(crate) const ALL: [Self; 5] =
        [Self::Failing, Self::Retrying, Self::Late, Self::Behind, Self::Orphaned];
}

impl fmt::Display for Attention {
    /// The word that requests say.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// All that a job wants attention for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attentions(u8);

impl Attentions {
    pub(crate) fn add(&mut self, why: Attention) {
        self.0 |= 1 << why as u8;
    }

    pub(crate) fn has(self, why: Attention) -> bool {
        self.0 & (1 << why as u8) != 0
    }

    /// Each of them, the most urgent first.
    pub(crate) fn iter(self) -> impl Iterator<Item = Attention> {
        Attention::ALL.into_iter().filter(move |why| self.has(*why))
    }
}
