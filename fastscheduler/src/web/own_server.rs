//! Whether a request came through the server that the scheduler itself began.

/// That a request came to the scheduler's own server: it serves the page with a
/// slash at its end, and listens to this machine only, unless there is a token.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnServer {
    pub(super) port: u16,
}
