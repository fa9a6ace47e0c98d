//! What `run()` prints.
//!
//! Lines are written by threads of their own. If nobody reads them, as with a pipe
//! that is full, lines are dropped, and nothing else waits.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// The most lines that wait to be written.
const WAITING: usize = 1_000;

/// How long the end waits for lines to be written.
const PATIENCE: Duration = Duration::from_secs(1);

/// The standard output and the standard error of a program.
#[derive(Debug)]
pub(super) struct Console {
    output: Lines,
    errors: Lines,
}

/// Lines on their way to one of them.
#[derive(Debug)]
struct Lines {
    sender: SyncSender<String>,
    /// How many found no room since the last one that was written.
    dropped: Arc<AtomicU64>,
    /// Disconnected once all lines are written.
    written: Receiver<()>,
}

impl Console {
    pub(super) fn open() -> io::Result<Self> {
        Ok(Self { output: Lines::to("stdout", io::stdout)?, errors: Lines::to("stderr", io::stderr)? })
    }

    /// Prints one or more lines on standard output.
    pub(super) fn print(&self, lines: impl Into<String>) {
        self.output.send(lines.into());
    }

    /// Prints one or more lines on standard error.
    pub(super) fn print_error(&self, lines: impl Into<String>) {
        self.errors.send(lines.into());
    }

    /// Waits until all of it is written, or for a second.
    pub(super) fn close(self) {
        self.output.close();
        self.errors.close();
    }
}

impl Lines {
    fn to<W: Write>(name: &str, open: impl FnOnce() -> W + Send + 'static) -> io::Result<Self> {
        let (sender, waiting) = sync_channel(WAITING);
        let (written_all, written) = sync_channel(0);
        let dropped = Arc::new(AtomicU64::new(0));
        let lost = Arc::clone(&dropped);
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            write(&waiting, &lost, &mut open());
            drop(written_all);
        })?;
        Ok(Self { sender, dropped, written })
    }

    fn send(&self, lines: String) {
        if self.sender.try_send(lines).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn close(self) {
        drop(self.sender);
        // Nothing is ever sent: it ends with the writer, or is left behind.
        if let Err(RecvTimeoutError::Timeout) = self.written.recv_timeout(PATIENCE) {
            tracing::debug!("nobody reads what is printed");
        }
    }
}

/// Writes lines until no more come. A reader that has gone away is no failure.
fn write(waiting: &Receiver<String>, dropped: &AtomicU64, to: &mut impl Write) {
    for lines in waiting {
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let _ = writeln!(to, "… {lost} lines were dropped, since nobody read them");
        }
        let _ = writeln!(to, "{lines}");
    }
}
