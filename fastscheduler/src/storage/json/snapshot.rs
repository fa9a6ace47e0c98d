//! The state as a whole, in the state file.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::document::{Damage, IsLast, Purpose, Reader, Writer};
use super::error::FileError;
use super::files::Files;
use super::lineage::Lineage;
use super::lock::Lock;
use super::unknown::Unknown;
use crate::job::{DeadLetter, Job, OpenFire, Run, Statistics, Tombstone};
use crate::storage::state::State;

/// A state, and the number of the last change that is in it.
#[derive(Clone)]
pub(super) struct Snapshot {
    pub(super) state: State,
    pub(super) sequence: u64,
    /// `None` if an earlier version wrote it.
    pub(super) lineage: Option<Lineage>,
}

/// What comes first: how far it goes, and how much follows.
#[derive(Serialize, Deserialize)]
struct Head {
    sequence: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lineage: Option<Lineage>,
    job_counter: u64,
    jobs: usize,
    outliving: usize,
    tombstones: usize,
    dead_letters: usize,
    history: usize,
    statistics: Statistics,
}

/// A job with its open fires.
#[derive(Serialize, Deserialize)]
struct JobRecord<J, O> {
    job: J,
    open: O,
}

impl Snapshot {
    pub(super) fn write(&self, to: impl Write) -> io::Result<()> {
        let state = &self.state;
        let (jobs, outliving) = (state.job_parts(), state.outliving_parts());
        let (tombstones, letters, history) =
            (state.tombstone_parts(), state.letter_parts(), state.run_parts());
        let head = Head {
            sequence: self.sequence,
            lineage: self.lineage.clone(),
            job_counter: state.next_job(),
            jobs: jobs.len(),
            outliving: outliving.len(),
            tombstones: tombstones.len(),
            dead_letters: letters.len(),
            history: history.len(),
            statistics: state.statistics(),
        };
        let mut document = Writer::begin(to, &head)?;
        document.list("jobs", jobs.into_iter().map(|(job, open)| JobRecord { job, open }))?;
        document.list("outliving", outliving)?;
        document.list("tombstones", tombstones)?;
        document.list("dead_letters", letters)?;
        document.list("history", history)?;
        document.end()
    }

    /// Reads it, and says what was passed over.
    pub(super) fn read(text: &[u8], purpose: Purpose) -> Result<(Self, Unknown), Damage> {
        Self::read_whole(text, purpose).map_err(|damage| {
            if Reader::has_end(text) {
                return damage;
            }
            Damage { reason: format!("the file does not go on to its end: {}", damage.reason), ..damage }
        })
    }

    fn read_whole(text: &[u8], purpose: Purpose) -> Result<(Self, Unknown), Damage> {
        let mut document = Reader::new(text, purpose);
        let head: Head = document.head()?;
        let mut state = State::new(head.job_counter, head.statistics);
        let jobs: Vec<JobRecord<Job, Vec<OpenFire>>> = document.list("jobs", head.jobs, IsLast::No)?;
        for JobRecord { job, open } in jobs {
            state.put_job(job, open);
        }
        let outliving: Vec<OpenFire> = document.list("outliving", head.outliving, IsLast::No)?;
        for fire in outliving {
            state.put_outliving(fire);
        }
        let tombstones: Vec<Tombstone> = document.list("tombstones", head.tombstones, IsLast::No)?;
        for tombstone in tombstones {
            state.put_tombstone(tombstone);
        }
        let letters: Vec<DeadLetter> = document.list("dead_letters", head.dead_letters, IsLast::No)?;
        state.put_dead_letters(letters);
        let history: Vec<Run> = document.list("history", head.history, IsLast::Yes)?;
        for run in history {
            state.put_run(run);
        }
        Ok((Self { state, sequence: head.sequence, lineage: head.lineage }, document.unknown()))
    }
}

impl Files {
    /// Begins anew with a state.
    pub(super) fn begin(&self, snapshot: Snapshot, lock: &Lock) -> Result<Snapshot, FileError> {
        self.write(&snapshot, lock)?;
        Ok(snapshot)
    }

    /// Writes a snapshot, and answers its length.
    pub(super) fn write(&self, snapshot: &Snapshot, lock: &Lock) -> Result<u64, FileError> {
        let mut length = 0;
        let rename = |new: File, beside: &Path| {
            length = new.metadata()?.len();
            lock.move_on(self, new, beside)
        };
        self.replace("write the state file", &self.state, &self.state, |to| snapshot.write(to), rename)?;
        self.show_dead_letters(self.letters(snapshot.state.letter_parts()));
        Ok(length)
    }
}
