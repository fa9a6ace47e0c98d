//! The two ways a function can run.

use serde::{Deserialize, Serialize};

/// Where a function runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// On the runtime's own threads, as a future.
    Async,
    /// On a thread that may block.
    Blocking,
}
