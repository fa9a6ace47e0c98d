//! What a process that may be killed at any moment writes down of itself.
//!
//! Each line is one write to the end of one file. So the lines are in the order
//! in which things happened, whichever thread wrote them, and only the last one
//! of a process may be torn.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use fastscheduler::{JobContext, JobId, RunId};
use serde::{Deserialize, Serialize};

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The scheduler of a process runs from now on.
    Started(DateTime<Utc>),
    /// An attempt begins. Written by its function, before anything else.
    Begun(RunId),
    /// An attempt ends. Written by its function, after everything else.
    Ended(RunId, Ending),
    /// Something is about to be asked of the scheduler: it may happen from now
    /// on. The number is that of the question.
    Asks(u64, Ask),
    /// The scheduler has answered, so that it has happened and stays so.
    Answered(u64, Answer),
}

/// How a function ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It returned without an error.
    Succeeded,
    /// It returned an error, panicked, or was dropped.
    Failed,
}

/// What is asked of a scheduler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// A job of a name that no other has.
    Create {
        name: String,
        group: String,
        retries: u32,
    },
    /// Group, retries and, in milliseconds, the interval of its schedule.
    Update {
        job: JobId,
        group: String,
        retries: u32,
        interval: Option<u64>,
    },
    /// A text of that length as the only argument, to make the journal long.
    Fill {
        job: JobId,
        length: usize,
    },
    Pause(JobId),
    Resume(JobId),
    Cancel(JobId),
    RunNow(JobId),
    RetryLetter(RunId),
}

/// What a scheduler answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Done,
    /// It is a job of that id.
    Created(JobId),
    /// The fire of this run is asked for.
    Requested(RunId),
    /// Nothing is changed, for a reason that a caller has to reckon with.
    Refused(String),
}

/// A file of lines. Clones write to the same one.
#[derive(Debug, Clone)]
pub struct Diary(Arc<File>);

impl Diary {
    /// Goes on with the file, or begins it.
    ///
    /// # Errors
    ///
    /// What the system refuses.
    pub fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().append(true).create(true).open(path).map(|file| Self(Arc::new(file)))
    }

    /// Writes a line.
    ///
    /// # Panics
    ///
    /// If it cannot be written.
    pub fn write(&self, line: &Line) {
        let mut text = serde_json::to_vec(line).expect("it is plain data");
        text.push(b'\n');
        let written = (&*self.0).write(&text).expect("the diary can be written");
        assert_eq!(written, text.len(), "a line is one write");
    }

    /// Writes that an attempt begins, and that it has ended when what is
    /// returned is dropped.
    #[must_use = "the attempt ends when it is dropped"]
    pub fn begin(&self, context: &JobContext) -> Attempt {
        let run = context.run_id();
        self.write(&Line::Begun(run));
        Attempt { diary: self.clone(), run, ending: Ending::Failed }
    }
}

/// An attempt that is under way.
#[derive(Debug)]
pub struct Attempt {
    diary: Diary,
    run: RunId,
    ending: Ending,
}

impl Attempt {
    /// It has succeeded.
    pub fn succeed(mut self) {
        self.ending = Ending::Succeeded;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.diary.write(&Line::Ended(self.run, self.ending));
    }
}

/// Reads the lines of a process that was killed, of a text which begins with
/// its first. Answers them with the length of those that are whole.
///
/// # Panics
///
/// If a line that was written to its end is none.
pub fn read(text: &[u8]) -> (Vec<Line>, usize) {
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let lines = text[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let lines = lines.map(|line| serde_json::from_slice(line).expect("a whole line can be read"));
    (lines.collect(), whole)
}
