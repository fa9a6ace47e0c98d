//! How many clients the web interface serves at once.

use super::{Scheduler, SchedulerBuilder, SchedulerError};

/// How many clients the web interface serves at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WebLimits {
    pub(crate) connections: usize,
    pub(crate) streams: usize,
}

impl Default for WebLimits {
    fn default() -> Self {
        Self { connections: 1_250, streams: 1_000 }
    }
}

impl WebLimits {
    pub(super) fn check(self) -> Result<(), SchedulerError> {
        for (name, value) in [("max_connections", self.connections), ("max_event_streams", self.streams)] {
            if value == 0 {
                let (name, value) = (name.to_owned(), value.to_string());
                return Err(SchedulerError::Setting { name, value, expected: "use at least 1".to_owned() });
            }
        }
        Ok(())
    }
}

impl SchedulerBuilder {
    /// Connections of the scheduler's own [server](Self::http) at once: 1,250 by
    /// default, at least 1, and never more than half of the files that the process may
    /// have open; feature `web`. Further clients wait until one is closed.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.web_limits.connections = connections;
        self
    }

    /// Streams of events at once: 1,000 by default, at least 1; feature `web`. In the
    /// scheduler's own [server](Self::http) they never take more than four fifths of
    /// the connections. Further ones get a 503.
    pub fn max_event_streams(mut self, streams: usize) -> Self {
        self.web_limits.streams = streams;
        self
    }
}

impl Scheduler {
    pub(crate) fn web_limits(&self) -> WebLimits {
        self.0.web_limits
    }
}
