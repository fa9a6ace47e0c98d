//! The file of dead letters, as the Python program writes it.
//!
//! It is for people, and for programs that read that one's. What the letters
//! are is in the snapshot, with the definitions that it takes to run them again.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, PoisonError};

use chrono_tz::Tz;
use serde::Serialize;

use super::error::FileError;
use super::files::Files;
use super::ledger::Ledger;
use crate::clock::system_zone;
use crate::job::{DeadLetter, JobId};
use crate::schedule::Zone;

/// What the file is written for.
const SHOW: &str = "show the dead letters";

#[derive(Serialize)]
struct File<'a> {
    dead_letters: Vec<Letter<'a>>,
}

#[derive(Serialize)]
struct Letter<'a> {
    run_id: String,
    job_id: JobId,
    job_name: &'a str,
    func_name: &'a str,
    func_module: &'a str,
    group: &'a str,
    status: &'static str,
    timestamp: Option<f64>,
    timestamp_readable: Option<String>,
    error: Option<Cow<'a, str>>,
    run_count: u64,
    retry_count: u32,
    execution_time: Option<f64>,
}

impl Ledger {
    /// Shows the local times of dead letters in this zone from now on.
    pub(super) fn show_letters_in(&self, zone: Tz) {
        *self.files.zone.lock().unwrap_or_else(PoisonError::into_inner) = Some(zone);
        self.inner().fold.has_letters = true;
        self.fold_more.notify_one();
    }
}

impl Files {
    /// The file's text for these letters. Local times are in the scheduler's zone, or in
    /// the machine's until a scheduler has set it.
    pub(super) fn letters<'a>(
        &self,
        letters: impl Iterator<Item = &'a Arc<DeadLetter>>,
    ) -> serde_json::Result<Vec<u8>> {
        let zone = *self.zone.lock().unwrap_or_else(PoisonError::into_inner);
        let zone = zone.or_else(|| system_zone().ok().map(|system| system.zone)).unwrap_or(Tz::UTC);
        let dead_letters = letters.map(|letter| Letter::of(letter, Zone::from(zone))).collect();
        let mut text = serde_json::to_vec_pretty(&File { dead_letters })?;
        text.push(b'\n');
        Ok(text)
    }

    /// Writes the file, unless that is what it says; whether it tried. It is a
    /// view: without it nothing is lost.
    pub(super) fn show_dead_letters(&self, text: serde_json::Result<Vec<u8>>) -> bool {
        if text.as_ref().is_ok_and(|text| self.shows(text)) {
            return false;
        }
        let written = text.map_err(io::Error::from).map_err(FileError::of(SHOW, &self.dead_letters));
        let written = written.and_then(|text| {
            let rename = |_, beside: &Path| fs::rename(beside, &self.dead_letters);
            self.replace(SHOW, &self.dead_letters, &self.state, |to| to.write_all(&text), rename)
        });
        if let Err(why) = written {
            self.warn("the dead letters cannot be shown", why);
        }
        true
    }

    fn shows(&self, text: &[u8]) -> bool {
        let file = &self.dead_letters;
        // Most of the time the length tells. What is no file may have no end.
        let is_alike = |known: fs::Metadata| known.is_file() && known.len() == text.len() as u64;
        fs::metadata(file).is_ok_and(is_alike) && fs::read(file).is_ok_and(|known| known == text)
    }
}

impl<'a> Letter<'a> {
    fn of(letter: &'a DeadLetter, zone: Zone) -> Self {
        let run = &letter.run;
        let local = |at| zone.local(at).format("%Y-%m-%d %H:%M:%S").to_string();
        let retries = run.run_id.attempt.saturating_sub(1);
        Self {
            run_id: run.run_id.to_string(),
            job_id: run.job_id(),
            job_name: &run.job_name,
            func_name: run.function.name(),
            func_module: run.function.module(),
            group: &run.group,
            status: "failed",
            timestamp: run.finished_at.map(seconds),
            timestamp_readable: run.finished_at.map(local),
            error: run.annotated_error(),
            run_count: run.run_count,
            retry_count: retries,
            execution_time: run.execution_time().map(|time| time.as_secs_f64()),
        }
    }
}

fn seconds(at: chrono::DateTime<chrono::Utc>) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds since 1970 fit into the 53 bits for 280 years"
    )]
    let micros = at.timestamp_micros() as f64;
    micros / 1e6
}
