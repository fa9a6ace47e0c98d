//! Only fires that were running at a kill run twice.
//!
//! A process writes down when an attempt begins and when it ends, each before
//! anything else can happen to it. What it had not written down as ended was
//! running when it was killed, and runs again. So does what had ended and was
//! not recorded by then: between a function's end and its record is a moment
//! in which the store cannot know of it. How long that is cannot be said of a
//! machine that does other things besides; but a job that runs one fire at a
//! time begins no other before the record of the last is written. So one that
//! ended, and after which its job began another, has been recorded.
//!
//! After a power failure the same holds up to what was synced: that is all
//! that was written before the last request that was answered was made.

use std::collections::{HashMap, HashSet};

use fastscheduler::{JobId, RunId, RunStatus};
use fastscheduler_tests::diary::{Answer, Ask, Ending, Line};

use super::found::{Found, fire};

/// What becomes of what was written to the journal and not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsynced {
    /// It is there: only the process was killed.
    Stays,
    /// It is lost, as in a power failure.
    IsLost,
}

/// An attempt that began.
struct Attempt {
    run: RunId,
    /// The line of the diary that says so.
    place: usize,
    life: u64,
    ending: Option<Ending>,
    /// A power failure has taken that it began.
    is_forgotten: bool,
}

/// What is known of the fires of all processes so far.
#[derive(Default)]
pub(crate) struct Fires {
    attempts: HashMap<RunId, Vec<Attempt>>,
    lines: usize,
    lives: u64,
    /// What was written down before this line was safe at the last check.
    safe: usize,
    /// What was stored at the last check.
    recorded: HashMap<RunId, RunStatus>,
    /// The fires of what was recorded.
    known: HashSet<RunId>,
    open: HashMap<RunId, (u32, bool)>,
    pub(crate) counts: Counts,
}

/// How many attempts began, and why fires ran twice.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) attempts: usize,
    /// They were running at the kill.
    pub(crate) interrupted: usize,
    /// They had ended, and were not recorded yet.
    pub(crate) unrecorded: usize,
    /// That they began was not synced before a power failure.
    pub(crate) forgotten: usize,
}

impl Fires {
    /// Compares what a process wrote down with what it left behind.
    pub(crate) fn check(&mut self, lines: &[Line], found: &Found, unsynced: Unsynced) -> Vec<String> {
        let mut wrong = Vec::new();
        self.lives += 1;
        let mut begun = Vec::new();
        for (place, line) in (self.lines..).zip(lines) {
            match line {
                Line::Begun(run) => {
                    self.check_begin(*run, &mut wrong);
                    self.counts.attempts += 1;
                    begun.push((*run, place));
                    let attempt =
                        Attempt { run: *run, place, life: self.lives, ending: None, is_forgotten: false };
                    self.attempts.entry(fire(*run)).or_default().push(attempt);
                }
                Line::Ended(run, ending) => {
                    let attempts = self.attempts.get_mut(&fire(*run)).expect("what ends has begun");
                    let attempt = attempts.iter_mut().rev().find(|attempt| attempt.run == *run);
                    attempt.expect("what ends has begun").ending = Some(*ending);
                }
                Line::Started(_) | Line::Asks(..) | Line::Answered(..) => {}
            }
        }
        self.safe = match unsynced {
            Unsynced::Stays => self.lines + lines.len(),
            Unsynced::IsLost => self.lines + last_safe(lines),
        };
        self.lines += lines.len();
        self.recorded = found.recorded();
        self.known = self.recorded.keys().map(|run| fire(*run)).collect();
        self.open.clone_from(&found.open);
        self.check_ends(&begun, found, &mut wrong);
        wrong
    }

    /// Whether an attempt may begin, after those before it.
    fn check_begin(&mut self, run: RunId, wrong: &mut Vec<String>) {
        let fire = fire(run);
        let before = self.attempts.get(&fire).map_or(&[][..], Vec::as_slice);
        if let Some(last) = before.last().filter(|last| last.life == self.lives) {
            if last.ending != Some(Ending::Failed) || last.run.attempt >= run.attempt {
                wrong.push(format!("{run} began after {} had begun and not failed", last.run));
            }
            return;
        }
        if before.is_empty() && !self.known.contains(&fire) {
            return;
        }
        match self.open.get(&fire) {
            Some((attempt, is_claimed)) => {
                let next = attempt + u32::from(*is_claimed);
                let mut again = before.iter().filter(|attempt| attempt.run.attempt >= next).peekable();
                if again.peek().is_some() {
                    if again.all(|attempt| attempt.is_forgotten) {
                        self.counts.forgotten += 1;
                    } else {
                        wrong.push(format!("{run} began, though a later attempt had begun and was stored"));
                    }
                }
                if run.attempt < next {
                    wrong.push(format!("{run} began, though attempt {next} is the next"));
                }
                let interrupted = before.iter().rev().find(|before| before.run.attempt == *attempt);
                match interrupted.filter(|_| *is_claimed).map(|attempt| attempt.ending) {
                    Some(None) => self.counts.interrupted += 1,
                    Some(Some(_)) => self.counts.unrecorded += 1,
                    // Its function had not begun, or it is a retry.
                    None => {}
                }
            }
            None if !self.known.contains(&fire) && before.iter().all(|attempt| attempt.is_forgotten) => {
                self.counts.forgotten += 1;
            }
            None => wrong.push(format!("{run} began, though its fire was over when its process started")),
        }
    }

    /// Whether what a process did is stored, as far as it must be.
    fn check_ends(&mut self, begun: &[(RunId, usize)], found: &Found, wrong: &mut Vec<String>) {
        let mut last_of_job: HashMap<JobId, usize> = HashMap::new();
        for (run, place) in begun.iter().filter(|(_, place)| *place < self.safe) {
            last_of_job.insert(run.job, *place);
        }
        for (run, place) in begun {
            let attempts = self.attempts.get_mut(&fire(*run)).expect("it began");
            let attempt = attempts.iter_mut().rfind(|attempt| attempt.place == *place).expect("it began");
            let is_open = self.open.get(&fire(*run)).is_some_and(|(attempt, is_claimed)| {
                *attempt > run.attempt || (*attempt == run.attempt && *is_claimed)
            });
            let is_recorded = self.recorded.contains_key(run);
            attempt.is_forgotten = *place >= self.safe && !is_recorded && !is_open;
            if !attempt.is_forgotten && !is_recorded && !is_open {
                wrong.push(format!("{run} began, and nothing is stored of it"));
            }
            let is_followed = last_of_job.get(&run.job).is_some_and(|last| last > place);
            if attempt.ending.is_some() && is_followed && !is_recorded && found.is_exclusive(run.job) {
                wrong.push(format!("{run} ended, its job began another attempt, and it is not recorded"));
            }
        }
    }
}

/// The last line before which all that was written is safe: a request that is
/// answered was synced, with all that came before it.
fn last_safe(lines: &[Line]) -> usize {
    // These write nothing if there is nothing to change.
    let writes = |ask: &Ask| !matches!(ask, Ask::Pause(_) | Ask::Resume(_));
    let answered: HashSet<u64> = lines
        .iter()
        .filter_map(|line| match line {
            Line::Answered(_, Answer::Refused(_)) => None,
            Line::Answered(number, _) => Some(*number),
            _ => None,
        })
        .collect();
    let is_safe =
        |line: &Line| matches!(line, Line::Asks(number, ask) if answered.contains(number) && writes(ask));
    lines.iter().rposition(is_safe).unwrap_or(0)
}
