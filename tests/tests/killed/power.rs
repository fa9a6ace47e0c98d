//! What a power failure leaves of the files.
//!
//! Snapshots are synced before they get their name, so that only journals lose
//! anything: what comes after the last sync. They are found by the number of
//! the last change that was synced, since a journal may have got another name
//! after that.

use std::fs;
use std::path::Path;

use fastscheduler_tests::last_sync::LastSync;
use fastscheduler_tests::random::Random;

use super::found::{JOURNAL, OLD_JOURNAL, STATE};

/// What was cut, and how much.
#[derive(Debug, Default)]
pub(crate) struct Cuts {
    pub(crate) records: usize,
    pub(crate) bytes: u64,
    /// How often the journal had been put aside after the last sync, by what
    /// became of the next one.
    pub(crate) put_aside: [usize; 4],
    /// The last change that the disk has for certain.
    safe: u64,
}

/// The whole lines of a journal.
struct Lines {
    /// Of each record its number, and where it ends.
    records: Vec<(u64, u64)>,
    /// Where the first line ends, which is no record.
    title: u64,
    length: u64,
}

impl Lines {
    fn of(journal: &Path) -> Option<Self> {
        let text = fs::read(journal).ok()?;
        let mut lines = Self { records: Vec::new(), title: 0, length: text.len() as u64 };
        let mut end = 0;
        for line in text.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
            end += line.len() as u64;
            match sequence(line, br#"{"sequence":"#) {
                Some(sequence) => lines.records.push((sequence, end)),
                None => lines.title = end,
            }
        }
        Some(lines)
    }

    fn last(&self) -> Option<u64> {
        self.records.last().map(|(sequence, _)| *sequence)
    }

    /// Where the records up to a number end.
    fn end_of(&self, sequence: u64) -> u64 {
        let until = self.records.partition_point(|(number, _)| *number <= sequence);
        until.checked_sub(1).map_or(self.title, |place| self.records[place].1)
    }
}

impl Cuts {
    /// Cuts off what was not synced.
    pub(crate) fn cut(&mut self, folder: &Path, random: &mut Random) {
        let synced = LastSync::read(&folder.join("last_sync")).ok().flatten().unwrap_or_default();
        let (journal, old) = (folder.join(JOURNAL), folder.join(OLD_JOURNAL));
        let safe = self.safe.max(synced.sequence).max(folded(&folder.join(STATE)));
        self.safe = safe;
        let (of_journal, of_old) = (Lines::of(&journal), Lines::of(&old));
        if let Some(lines) = &of_journal
            && let Some((_, end)) = lines.records.iter().find(|(number, _)| *number == synced.sequence)
        {
            assert_eq!(*end, synced.length, "the store says how much of the journal was synced");
        }
        if let Some(lines) = of_old.filter(|lines| lines.last() > Some(safe)) {
            self.take_off(&old, &lines, lines.end_of(safe), safe);
            if let Some(next) = of_journal {
                self.lose(folder, &next, random);
            }
        } else if let Some(lines) = of_journal {
            let end = match lines.end_of(safe) {
                // Without a record it was never synced.
                end if end == lines.title => random.below(end + 1),
                end => end,
            };
            self.take_off(&journal, &lines, end, safe);
        }
    }

    fn take_off(&mut self, file: &Path, lines: &Lines, end: u64, safe: u64) {
        fs::File::options().write(true).open(file).unwrap().set_len(end).unwrap();
        self.bytes += lines.length - end;
        self.records += lines.records.iter().filter(|(number, _)| *number > safe).count();
    }

    /// The journal was put aside after the last sync. Of the next one all or
    /// nothing may have reached the disk, or not even its name.
    fn lose(&mut self, folder: &Path, next: &Lines, random: &mut Random) {
        let (journal, old) = (folder.join(JOURNAL), folder.join(OLD_JOURNAL));
        let cut = |length| fs::File::options().write(true).open(&journal).unwrap().set_len(length).unwrap();
        let what = random.below(4);
        match what {
            0 => fs::rename(&old, &journal).unwrap(),
            1 => cut(0),
            2 => cut(next.title),
            // A disk may be given what is newer first.
            _ => {}
        }
        self.put_aside[usize::try_from(what).unwrap()] += 1;
    }
}

/// The last change that is in the snapshot.
fn folded(state: &Path) -> u64 {
    let text = fs::read(state).unwrap_or_default();
    let head = text.split(|byte| *byte == b'\n').nth(1).unwrap_or_default();
    sequence(head, br#""head":{"sequence":"#).unwrap_or_default()
}

fn sequence(line: &[u8], before: &[u8]) -> Option<u64> {
    let digits = line.strip_prefix(before)?.split(|byte| !byte.is_ascii_digit()).next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Where the lines of a journal end, the first that is no record included.
pub(crate) fn ends(journal: &Path) -> Vec<u64> {
    let lines = Lines::of(journal).unwrap();
    std::iter::once(lines.title).chain(lines.records.iter().map(|(_, end)| *end)).collect()
}
