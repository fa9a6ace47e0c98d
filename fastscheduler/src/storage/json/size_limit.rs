//! The limit on the size of files, as `ulimit -f` sets it.
//!
//! Who writes beyond it gets a signal that ends the process, unless somebody
//! handles it: then the write is an error like that of a full disk.

use std::io;
use std::sync::OnceLock;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

/// Makes a write beyond the limit an error, in this process and from now on.
///
/// # Errors
///
/// What a person should know if that cannot be done.
pub(super) fn is_an_error() -> Result<(), String> {
    static IS_SET: OnceLock<Result<(), String>> = OnceLock::new();
    let set = || {
        handle_signal().map_err(|error| {
            format!("a file that outgrows `ulimit -f` will end the process, since its signal is not handled: {error}")
        })
    };
    IS_SET.get_or_init(set).clone()
}

/// Handles the signal by doing nothing. The handler outlives the runtime that
/// it takes to set it; the caller may have none.
fn handle_signal() -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let set = {
        let _inside = runtime.enter();
        signal(SignalKind::from_raw(libc::SIGXFSZ)).map(drop)
    };
    // The caller may be inside another one, where dropping this would panic.
    runtime.shutdown_background();
    set
}
