//! What the files of a process that was killed hold.

use std::collections::{BTreeMap, HashMap};
use std::future::IntoFuture as _;
use std::path::Path;
use std::pin::pin;

use chrono::{DateTime, Utc};
use fastscheduler::storage::{JsonStorage, Storage, Stored};
use fastscheduler::{DeadLetter, HistoryQuery, Job, JobId, Overlap, Run, RunId, RunStatus, Trigger, testing};
use futures_util::FutureExt as _;
use tempfile::TempDir;

/// A fire that crashes its process for the third time is not tried again.
const CRASHES: u32 = 3;

/// The files of a store, in the folder that they are in.
pub(crate) const STATE: &str = "state.json";
pub(crate) const JOURNAL: &str = "state.json.journal";
pub(crate) const OLD_JOURNAL: &str = "state.json.journal.old";
pub(crate) const LETTERS: &str = "state_dead_letters.json";

/// All that is stored.
#[derive(Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) jobs: BTreeMap<JobId, Job>,
    /// Of each open fire the attempt, and whether it was begun.
    pub(crate) open: HashMap<RunId, (u32, bool)>,
    /// The jobs that are gone while an attempt is open, with their names. Of one
    /// that was made and cancelled before its maker was answered, that is all
    /// there is until the attempt is recorded.
    pub(crate) outlived: BTreeMap<JobId, String>,
    pub(crate) history: Vec<Run>,
    pub(crate) letters: Vec<DeadLetter>,
    pub(crate) tombstones: Vec<JobId>,
}

/// A store on a copy of the files of another: the next process is to find those
/// as they were left, not as somebody else has put them in order.
pub(crate) struct Copied {
    // First, since it is dropped first.
    pub(crate) store: JsonStorage,
    _folder: TempDir,
}

impl Copied {
    pub(crate) fn open(folder: &Path) -> Self {
        let copy = tempfile::tempdir().unwrap();
        for file in [STATE, JOURNAL, OLD_JOURNAL, LETTERS] {
            if folder.join(file).exists() {
                std::fs::copy(folder.join(file), copy.path().join(file)).unwrap();
            }
        }
        let store = JsonStorage::open(copy.path().join(STATE))
            .unwrap_or_else(|error| panic!("it does not open: {error}"));
        Self { store, _folder: copy }
    }
}

impl Found {
    pub(crate) fn of(store: &JsonStorage) -> Self {
        let all = HistoryQuery { limit: usize::MAX, ..HistoryQuery::default() };
        let history = answer(store.history(&all));
        let letters = answer(store.dead_letters(usize::MAX));
        let Stored { jobs, open, tombstones } = answer(store.load());
        Self {
            jobs: jobs.into_iter().map(|job| (job.id(), job)).collect(),
            open: open
                .iter()
                .map(|open| (fire(open.entry.run_id()), (open.entry.attempt, open.is_claimed)))
                .collect(),
            outlived: open
                .iter()
                .filter_map(|open| Some((open.entry.job, open.removed.as_ref()?.definition.name.to_string())))
                .collect(),
            history,
            letters,
            tombstones: tombstones.iter().map(|stone| stone.job).collect(),
        }
    }

    /// The attempts that are over.
    pub(crate) fn recorded(&self) -> HashMap<RunId, RunStatus> {
        let runs = self.history.iter().filter(|run| run.run_id.attempt > 0);
        runs.map(|run| (run.run_id, run.status)).collect()
    }

    /// Whether the job runs one fire at a time.
    pub(crate) fn is_exclusive(&self, job: JobId) -> bool {
        let overlap = self.jobs.get(&job).map(|job| job.definition().policy.overlap);
        matches!(overlap, Some(Overlap::Skip | Overlap::Queue))
    }
}

/// More parts than any question of these tests has.
const MOST_PARTS: usize = 1_000_000;

/// What the audit finds wrong, with all fires up to an instant done if one is given.
pub(crate) fn audit(store: &JsonStorage, until: Option<DateTime<Utc>>) -> testing::Audit {
    let audit = testing::audit(store).zone(chrono_tz::UTC).crashes(CRASHES);
    let audit = match until {
        Some(until) => audit.until(until),
        None => audit,
    };
    answer(audit.into_future())
}

/// What all attempts of a fire have in common, also when it was made up for.
pub(crate) fn fire(run: RunId) -> RunId {
    let trigger = if run.trigger == Trigger::CatchUp { Trigger::Schedule } else { run.trigger };
    RunId { attempt: 0, trigger, ..run }
}

/// The store in files answers questions from memory, part by part, and waits for nothing.
fn answer<T, E: std::fmt::Display>(question: impl Future<Output = Result<T, E>>) -> T {
    let mut question = pin!(question);
    let answer = (0..MOST_PARTS).find_map(|_| question.as_mut().now_or_never());
    let answer = answer.expect("it answers from memory");
    answer.unwrap_or_else(|error| panic!("it does not answer: {error}"))
}
