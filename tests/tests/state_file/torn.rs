//! A journal whose last line was not written to its end, as when its process is
//! killed, the power fails or the disk is full: the rest is there, and it goes
//! on from there.

use fastscheduler::prelude::*;
use fastscheduler::storage::{Change, Durability, Storage as _, StorageError};
use fastscheduler::testing::ManualClock;
use fastscheduler_tests::monday;
use fastscheduler_tests::state_folder::{Contents, Everything, JOURNAL, OLD_JOURNAL, STATE, StateFolder};
use serde_json::Value;

/// What each number of whole lines of the journal holds, from one.
async fn by_lines(contents: &Contents) -> Vec<(usize, Everything)> {
    let mut all = Vec::new();
    let mut length = 0;
    for line in contents[JOURNAL].split_inclusive(|byte| *byte == b'\n') {
        length += line.len();
        let folder = StateFolder::with(&with_journal(contents, &contents[JOURNAL][..length]));
        all.push((length, Everything::of(&folder.open().unwrap()).await));
    }
    all
}

fn with_journal(contents: &Contents, journal: &[u8]) -> Contents {
    let mut changed = contents.clone();
    changed.insert(JOURNAL.to_owned(), journal.to_vec());
    changed
}

/// The same job once more, as a new one.
fn one_more(everything: &Everything) -> Change {
    let job = serde_json::to_string(&everything.stored.jobs[0]).unwrap();
    let job: fastscheduler::Job = serde_json::from_str(&job.replacen("job_0", "job_77", 1)).unwrap();
    Change::AddJob(Box::new(job))
}

#[tokio::test]
async fn of_a_journal_that_was_cut_off_anywhere_the_whole_lines_are_there() {
    let contents = StateFolder::sample().await;
    let by_lines = by_lines(&contents).await;
    let folder = StateFolder::new();
    let journal = &contents[JOURNAL];
    for length in 0..=journal.len() {
        let is_near_end = journal[length.saturating_sub(2)..].iter().take(4).any(|byte| *byte == b'\n');
        if !is_near_end && length % 9 > 0 {
            continue;
        }
        folder.set(&with_journal(&contents, &journal[..length]));
        let store = folder.open().unwrap();
        let whole = by_lines.iter().rev().find(|(end, _)| *end <= length);
        let expected = whole.map_or(&by_lines[0].1, |(_, everything)| everything);
        assert!(Everything::of(&store).await == *expected, "{length} bytes");
        let torn = length - whole.map_or(0, |(end, _)| *end);
        let said = format!("was not written to its end; its last {torn} bytes are dropped");
        match store.notes() {
            [] => assert_eq!(torn, 0, "{length} bytes"),
            [note] => assert!(torn > 0 && note.contains(JOURNAL) && note.ends_with(&said), "{note}"),
            notes => panic!("{notes:?}"),
        }
        assert!(folder.contents()[STATE] == contents[STATE], "the snapshot is as it was");
    }
}

#[tokio::test]
async fn what_is_added_after_a_torn_line_is_there_when_it_is_opened_again() {
    let contents = StateFolder::sample().await;
    let journal = &contents[JOURNAL];
    let last = journal[..journal.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let title = journal.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    // In the title, after it, in the last line, before its end, and nowhere.
    for length in [
        0,
        1,
        20,
        title - 1,
        title,
        title + 4,
        last,
        last + 1,
        journal.len() - 30,
        journal.len() - 1,
        journal.len(),
    ] {
        let folder = StateFolder::with(&with_journal(&contents, &journal[..length]));
        let store = folder.open().unwrap();
        let change = one_more(&Everything::of(&store).await);
        store.apply(&[change], Durability::Now).await.unwrap();
        let before = Everything::of(&store).await;
        assert!(before.stored.jobs.iter().any(|job| job.id().to_string() == "job_77"));
        drop(store);
        let again = folder.open().unwrap();
        assert_eq!(again.notes(), [""; 0], "{length} bytes");
        assert!(Everything::of(&again).await == before, "{length} bytes");
    }
}

/// The records of a journal, each with where its line begins.
fn records(journal: &[u8]) -> impl DoubleEndedIterator<Item = (usize, Value)> {
    let mut start = 0;
    let lines = journal.split_inclusive(|byte| *byte == b'\n').map(move |line| {
        start += line.len();
        (start - line.len(), serde_json::from_slice(line).unwrap_or_default())
    });
    lines.skip(1).collect::<Vec<_>>().into_iter()
}

#[tokio::test]
async fn sectors_that_a_power_failure_left_empty_end_the_journal_unless_they_were_safe() {
    let contents = StateFolder::sample().await;
    let by_lines = by_lines(&contents).await;
    let folder = StateFolder::new();
    let (mut dropped, mut refused) = (0, 0);
    for (start, expected) in &by_lines[..by_lines.len() - 1] {
        // What was written before is there; the rest of its sector is not, and
        // what comes in later sectors may be.
        let end = (start + 1).next_multiple_of(512).min(contents[JOURNAL].len());
        let mut journal = contents[JOURNAL].clone();
        let lost =
            records(&journal).find(|(at, _)| at == start).map(|(_, record)| record["sequence"].as_u64());
        journal[*start..end].fill(0);
        let says_safe = |(at, record): (usize, Value)| at >= end && record["safe"].as_u64() >= lost.flatten();
        let was_safe = records(&journal).filter(|(_, record)| record["safe"].is_u64()).any(says_safe);
        let contents = with_journal(&contents, &journal);
        folder.set(&contents);
        match folder.open() {
            Ok(store) => {
                assert!(!was_safe, "from {start}");
                assert!(Everything::of(&store).await == *expected, "from {start}");
                assert_eq!(store.notes().len(), 1);
                dropped += 1;
            }
            Err(error) => {
                assert!(was_safe && matches!(error, StorageError::Damaged { .. }), "from {start}: {error}");
                assert_eq!(folder.contents(), contents, "from {start}");
                refused += 1;
            }
        }
    }
    assert!(dropped > 0 && refused > 0, "{dropped} and {refused}: the sample shows both");
}

#[tokio::test]
async fn a_scheduler_opens_what_is_torn_and_it_is_said_once() {
    let contents = StateFolder::sample().await;
    let journal = &contents[JOURNAL];
    let folder = StateFolder::with(&with_journal(&contents, &journal[..journal.len() - 5]));
    let scheduler = Scheduler::builder()
        .state_file(folder.state_file())
        .clock(ManualClock::new(monday()))
        .build()
        .await
        .unwrap();
    assert_eq!(scheduler.jobs().await.unwrap().len(), 3);
    drop(scheduler);
    assert_eq!(folder.open().unwrap().notes(), [""; 0], "it was said once");
}

#[tokio::test]
async fn a_journal_that_was_put_aside_is_not_torn_while_another_follows() {
    let contents = StateFolder::sample().await;
    let journal = &contents[JOURNAL];
    let title = journal.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let mut aside = with_journal(&contents, &journal[..title]);
    aside.insert(OLD_JOURNAL.to_owned(), journal.clone());
    let whole = Everything::of(&StateFolder::with(&contents).open().unwrap()).await;
    assert!(Everything::of(&StateFolder::with(&aside).open().unwrap()).await == whole);

    aside.get_mut(OLD_JOURNAL).unwrap().truncate(journal.len() - 1);
    let folder = StateFolder::with(&aside);
    let error = folder.open().unwrap_err().to_string();
    assert!(error.contains(&format!("{OLD_JOURNAL}`, line 8: it was not written to its end")), "{error}");
    assert!(folder.contents() == aside);
}
