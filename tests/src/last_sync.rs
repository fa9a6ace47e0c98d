//! How much of a journal would outlive a power failure.
//!
//! The store says so by an event, before it tells anybody that a change is
//! safe. What is noted of it is in the page cache, which outlives a process
//! that is killed, so that whoever kills it knows what to cut.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Mutex;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// What the store says of a sync.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LastSync {
    /// The number of the last change that is safe.
    pub sequence: u64,
    /// The length of the journal that it is in, or of the next one, if it is
    /// the last of its own.
    pub length: u64,
}

const LENGTH: usize = 16;

impl LastSync {
    /// What was noted; `None` before the first sync.
    ///
    /// # Errors
    ///
    /// What the system refuses.
    pub fn read(path: &Path) -> io::Result<Option<Self>> {
        let noted = std::fs::read(path)?;
        let number = |at: usize| noted.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
        Ok(number(0).zip(number(8)).map(|(sequence, length)| Self { sequence, length }))
    }
}

impl Visit for LastSync {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "sequence" => self.sequence = value,
            "length" => self.length = value,
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// Notes each sync in a file, unless a later one was noted before.
#[derive(Debug)]
pub struct Notes {
    file: File,
    last: Mutex<u64>,
}

impl Notes {
    /// Begins the file anew.
    ///
    /// # Errors
    ///
    /// What the system refuses.
    pub fn create(path: &Path) -> io::Result<Self> {
        File::create(path).map(|file| Self { file, last: Mutex::default() })
    }
}

impl Subscriber for Notes {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "fastscheduler::journal"
    }

    fn event(&self, event: &Event<'_>) {
        let mut sync = LastSync::default();
        event.record(&mut sync);
        let mut last = self.last.lock().expect("nothing panics under it");
        if sync.sequence < *last {
            return;
        }
        *last = sync.sequence;
        let mut note = [0; LENGTH];
        note[..8].copy_from_slice(&sync.sequence.to_le_bytes());
        note[8..].copy_from_slice(&sync.length.to_le_bytes());
        write_at_start(&self.file, &note).expect("a sync can be noted");
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// One write, so that a note is never half of one and half of another.
#[cfg(unix)]
fn write_at_start(file: &File, note: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, note, 0)
}

#[cfg(windows)]
fn write_at_start(file: &File, note: &[u8]) -> io::Result<()> {
    std::os::windows::fs::FileExt::seek_write(file, note, 0).map(drop)
}
