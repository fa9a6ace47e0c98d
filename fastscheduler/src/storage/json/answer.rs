//! Telling those who wait how it went.

use tokio::sync::oneshot;

use super::error::FileError;

/// Who waits for a thread to be done with something.
pub(super) type Answer = oneshot::Sender<Result<(), FileError>>;

/// What they wait for.
pub(super) type Answered = oneshot::Receiver<Result<(), FileError>>;

/// Tells them all.
pub(super) fn tell(waiting: impl IntoIterator<Item = Answer>, how: &Result<(), FileError>) {
    for who in waiting {
        // Who has gone away need not be told.
        let _ = who.send(how.clone());
    }
}
