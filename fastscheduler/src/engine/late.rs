//! Why a fire is late.

use std::fmt;

use chrono::TimeDelta;

/// Why a fire has been due for over two seconds and has not begun.
///
/// It displays as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LateReason {
    /// The scheduler was not started, or has stopped.
    NotRunning,
    /// The store or the queue fails.
    Store {
        /// How it fails; `None` if it has not answered yet.
        error: Option<String>,
    },
    /// The system provides no thread for a function that is not async.
    NoThreads,
    /// All slots are taken.
    NoSlot {
        /// The limit that is reached.
        limit: SlotLimit,
        /// How many slots that is.
        slots: usize,
    },
    /// The clock was set back, so that the time has not come yet; or it has jumped ahead,
    /// so that the time has just come.
    Clock {
        /// By how much: negative if it was set back, positive if it has jumped ahead.
        by: TimeDelta,
    },
    /// None of these: the scheduler is about to begin it, or the runtime is busy.
    Busy,
}

/// A limit of what may run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlotLimit {
    /// [`max_concurrency`](crate::SchedulerBuilder::max_concurrency): of all attempts.
    MaxConcurrency,
    /// [`max_workers`](crate::SchedulerBuilder::max_workers): of functions that are not
    /// async.
    MaxWorkers,
}

impl LateReason {
    /// The code, such as `no_slot`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NotRunning => "not_running",
            Self::Store { .. } => "store",
            Self::NoThreads => "no_threads",
            Self::NoSlot { .. } => "no_slot",
            Self::Clock { .. } => "clock",
            Self::Busy => "busy",
        }
    }
}

impl SlotLimit {
    /// The name of the setting.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MaxConcurrency => "max_concurrency",
            Self::MaxWorkers => "max_workers",
        }
    }
}

impl fmt::Display for LateReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRunning => f.write_str("the scheduler is not running"),
            Self::Store { error: Some(error) } => write!(f, "the store or the queue fails: {error}"),
            Self::Store { error: None } => f.write_str("the store has not answered yet"),
            Self::NoThreads => f.write_str("the system provides no thread"),
            Self::NoSlot { limit, slots } => {
                write!(f, "no slot is free: all {slots} of `{}` are taken", limit.as_str())
            }
            Self::Clock { by } if *by < TimeDelta::zero() => {
                write!(f, "the clock was set back by {} s", -by.num_seconds())
            }
            Self::Clock { by } => write!(f, "the clock has jumped ahead by {} s", by.num_seconds()),
            Self::Busy => f.write_str("the scheduler is busy"),
        }
    }
}
