//! What it takes to read the same files, and to write them, without a scheduler.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Deserializer, Value};
use tokio::runtime::Runtime;

use crate::child::Task;
use crate::json::files;

/// A state file, with the journal beside it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Files(pub(crate) PathBuf);

/// What its parts take.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Plain {
    /// Reading the files into values.
    pub(crate) read: Duration,
    /// Writing these to a file, and syncing it.
    pub(crate) write: Duration,
}

impl Plain {
    pub(crate) fn in_all(&self) -> Duration {
        self.read + self.write
    }
}

impl Task for Files {
    const NAME: &'static str = "plain";
    type Answer = Plain;

    fn run(self, _: &Runtime) -> Result<Plain> {
        measure(&self.0)
    }
}

/// Reads and writes, in a process of its own.
#[expect(clippy::disallowed_methods, reason = "it is real time that passes")]
fn measure(state_file: &Path) -> Result<Plain> {
    let begin = Instant::now();
    let mut values: Vec<Value> = Vec::new();
    for file in [state_file.to_owned(), files::journal(state_file)] {
        if file.exists() {
            let text = fs::read(file)?;
            for value in Deserializer::from_slice(&text).into_iter() {
                values.push(value?);
            }
        }
    }
    let read = begin.elapsed();
    let begin = Instant::now();
    let copy: PathBuf = state_file.with_extension("copy");
    let mut file = File::create(&copy)?;
    file.write_all(&serde_json::to_vec(&values)?)?;
    file.sync_data()?;
    let write = begin.elapsed();
    fs::remove_file(copy)?;
    Ok(Plain { read, write })
}
