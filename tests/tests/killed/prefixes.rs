//! Whatever the length that a journal is cut to, it opens, with the state as it
//! was after the last of its lines that are whole.

use std::fs;
use std::path::Path;

use fastscheduler::storage::JsonStorage;
use fastscheduler_tests::diary::Line;
use fastscheduler_tests::last_sync::LastSync;

use super::acknowledged::Acknowledged;
use super::child::{Home, pass};
use super::found::{Found, JOURNAL, OLD_JOURNAL, STATE, audit};
use super::power::ends;

/// How much of the end of the journal is taken off, byte by byte.
const CUT: u64 = 4096;

/// A journal long enough, of changes of many kinds.
const LONG: u64 = CUT + 1024;

/// What a journal of some length holds.
fn opened(folder: &Path) -> (JsonStorage, Found) {
    let store = JsonStorage::open(folder.join(STATE)).unwrap_or_else(|error| panic!("{error}"));
    let found = Found::of(&store);
    (store, found)
}

#[test]
fn a_journal_cut_to_any_length_opens_as_it_was_after_its_last_whole_line() {
    let mut home = Home::new(super::seed());
    let mut acknowledged = Acknowledged::default();
    let mut life = home.start("small");
    life.until(|line| matches!(line, Line::Asks(..)));
    pass(std::time::Duration::from_millis(100));
    life.stop();
    let stopped = home.next_lines();
    let mut life = home.start("small");
    life.until_so(|home| fs::metadata(home.file(JOURNAL)).is_ok_and(|journal| journal.len() > LONG));
    life.kill();
    let lines = [stopped, home.next_lines()].concat();

    assert!(!home.file(OLD_JOURNAL).exists(), "a small journal is not folded");
    let whole = fs::read(home.file(JOURNAL)).unwrap();
    let ends = ends(&home.file(JOURNAL));
    let synced = LastSync::read(&home.file("last_sync")).unwrap().expect("much was synced").length;
    let copy = tempfile::tempdir_in(in_memory()).unwrap();
    fs::copy(home.file(STATE), copy.path().join(STATE)).unwrap();
    let journal = copy.path().join(JOURNAL);

    let length = whole.len() as u64;
    let mut before: Option<(u64, Found)> = None;
    let mut states = 0;
    for cut in length - CUT..=length {
        fs::write(&journal, &whole[..usize::try_from(cut).unwrap()]).unwrap();
        let (store, found) = opened(copy.path());
        let end = ends[ends.partition_point(|end| *end <= cut) - 1];
        match &before {
            Some((known, state)) if *known == end => {
                assert!(*state == found, "cut to {cut}, it is not as it is cut to {end}");
            }
            _ => {
                assert!(
                    before.as_ref().is_none_or(|(_, state)| *state != found),
                    "the line that ends at {end} changes nothing"
                );
                let wrong = audit(&store, None).problems;
                assert!(wrong.is_empty(), "cut to {cut}: {wrong:#?}");
                states += 1;
                if end >= synced && acknowledged.counts().answers == 0 {
                    let wrong = acknowledged.check(&lines, &found);
                    assert!(wrong.is_empty(), "cut to {cut}: {wrong:#?}");
                }
                before = Some((end, found));
            }
        }
        drop(store);
        if end == ends[0] {
            assert!(!journal.exists(), "one that has no record is removed");
        } else {
            assert_eq!(fs::metadata(&journal).unwrap().len(), end, "what is torn is cut off");
        }
    }
    assert!(states > 1, "only {states} states; is the journal cut where it is written?");
    println!("prefixes: {} lengths, {states} states", CUT + 1);
}

/// A folder whose files need no disk, if there is one: thousands are opened.
fn in_memory() -> std::path::PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}
