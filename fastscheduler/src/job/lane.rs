//! The two ways a function can run.

/// Where a function runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// On the runtime's own threads, as a future.
    Async,
    /// On a thread that may block.
    Blocking,
}
