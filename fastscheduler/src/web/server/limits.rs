//! How many clients there may be at once.

use crate::scheduler::WebLimits;

/// What the own server allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) connections: usize,
    pub(super) streams: usize,
}

impl Limits {
    /// The limits that were set, in a process that may have so many files open.
    ///
    /// Half of the files stay free for the store and for what the jobs do, and a
    /// fifth of the connections for requests beside the streams of events.
    pub(super) fn of(set: WebLimits, files: Option<u64>) -> Self {
        let half = files.and_then(|files| usize::try_from(files / 2).ok()).unwrap_or(usize::MAX);
        let connections = set.connections.min(half).max(1);
        Self { connections, streams: set.streams.min(connections / 5 * 4 + connections % 5 * 4 / 5) }
    }
}

/// How many files this process may have open, if the system sets a limit.
pub(super) fn open_files() -> Option<u64> {
    #[cfg(unix)]
    return rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    return None;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_files_and_a_fifth_of_the_connections_stay_free() {
        let set = |connections, streams| WebLimits { connections, streams };
        let table = [
            (set(1_250, 1_000), None, (1_250, 1_000)),
            (set(1_250, 1_000), Some(1 << 20), (1_250, 1_000)),
            (set(1_250, 1_000), Some(256), (128, 102)),
            (set(100, 1_000), None, (100, 80)),
            (set(1_250, 10), None, (1_250, 10)),
            (set(4, 1_000), None, (4, 3)),
            (set(1, 1), Some(0), (1, 0)),
        ];
        for (set, files, (connections, streams)) in table {
            assert_eq!(Limits::of(set, files), Limits { connections, streams }, "{set:?}, {files:?}");
        }
    }
}
