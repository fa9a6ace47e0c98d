//! Bytes of a state file that are not what was written: each is an error that
//! names its line, and never another state.

use std::ops::RangeInclusive;

use fastscheduler::storage::StorageError;
use fastscheduler_tests::state_folder::{Contents, Everything, JOURNAL, STATE, StateFolder};

/// What became of a damaged file when it was opened.
enum Outcome {
    /// It was refused, and nothing was touched.
    Refused(StorageError),
    /// It was opened, with these notes.
    Opened(Everything, Vec<String>),
}

/// Opens a folder whose files are these.
async fn open(folder: &StateFolder, contents: &Contents) -> Outcome {
    folder.set(contents);
    match folder.open() {
        Err(error) => {
            assert!(folder.contents() == *contents, "a file was changed, though {error}");
            Outcome::Refused(error)
        }
        Ok(store) => Outcome::Opened(Everything::of(&store).await, store.notes().to_vec()),
    }
}

async fn opened(contents: &Contents) -> Everything {
    match open(&StateFolder::new(), contents).await {
        Outcome::Opened(everything, notes) if notes.is_empty() => everything,
        Outcome::Opened(_, notes) => panic!("{notes:?}"),
        Outcome::Refused(error) => panic!("{error}"),
    }
}

/// The number of the line that a byte is in, and the byte's place.
fn line_of(bytes: &[u8], place: usize) -> usize {
    bytes[..place].split(|byte| *byte == b'\n').count()
}

/// The place of the last line's first byte.
fn last_line(bytes: &[u8]) -> usize {
    let before = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n');
    before.map_or(0, |newline| newline + 1)
}

/// An error that names a file and a line of it, and says what is to be done.
#[track_caller]
fn assert_names(error: &StorageError, folder: &StateFolder, name: &str, lines: RangeInclusive<usize>) {
    let text = error.to_string();
    let file = format!("`{}`, line ", folder.path().canonicalize().unwrap().join(name).display());
    let rest = text.strip_prefix(&file).unwrap_or_else(|| panic!("`{text}` should begin with `{file}`"));
    let (line, rest) = rest.split_once([':', ',']).unwrap();
    assert!(lines.contains(&line.parse().unwrap()), "{text}, which is in {lines:?}");
    match error {
        StorageError::Damaged { .. } => {
            assert!(rest.contains("; nothing was changed; put back a backup"), "{text}");
        }
        StorageError::Version { .. } => assert!(rest.contains("which is unknown here; known "), "{text}"),
        _ => panic!("{error:?}"),
    }
}

/// Changes bytes of a file, one in so many and the ends of all lines, in turn.
async fn damage(name: &str, one_in: usize, change: impl Fn(u8) -> u8) {
    let contents = StateFolder::sample().await;
    let folder = StateFolder::new();
    let whole = opened(&contents).await;
    let bytes = &contents[name];
    let tail = last_line(bytes);
    let without_tail = (name == JOURNAL).then(|| {
        let mut cut = contents.clone();
        cut.get_mut(name).unwrap().truncate(tail);
        cut
    });
    let without_tail = match without_tail {
        Some(cut) => Some(opened(&cut).await),
        None => None,
    };
    let mut refused = 0;
    for place in 0..bytes.len() {
        let changed = change(bytes[place]);
        let is_at_end = bytes[place.saturating_sub(1)..].iter().take(3).any(|byte| *byte == b'\n');
        if changed == bytes[place] || !is_at_end && place % one_in > 0 {
            continue;
        }
        if changed == 0 && place % 512 == 511 && bytes[place - 1] == b'\n' {
            // A power failure may leave that: a sector that was not written.
            continue;
        }
        let mut damaged = contents.clone();
        damaged.get_mut(name).unwrap()[place] = changed;
        match open(&folder, &damaged).await {
            Outcome::Refused(error) => {
                // Without its end a line goes on in the next.
                let line = line_of(bytes, place);
                let is_end = bytes[place] == b'\n' || changed == b'\n';
                assert_names(
                    &error,
                    &folder,
                    name,
                    line..=line + usize::from(is_end) + usize::from(line == 1),
                );
                refused += 1;
            }
            // A checksum may be written in capitals.
            Outcome::Opened(everything, notes) if everything == whole => {
                assert!(notes.is_empty() && changed.eq_ignore_ascii_case(&bytes[place]), "byte {place}");
            }
            Outcome::Opened(everything, notes) => {
                assert!(place == bytes.len() - 1, "byte {place} of `{name}` was changed, and nobody said so");
                assert!(Some(everything) == without_tail, "only the last record is dropped");
                assert!(notes[0].contains("was not written to its end"), "{notes:?}");
            }
        }
    }
    assert!(refused > bytes.len() / one_in / 2, "{refused}");
}

#[tokio::test]
async fn a_changed_byte_of_the_snapshot_is_an_error_that_names_its_line() {
    damage(STATE, 1, |byte| byte ^ 0x01).await;
}

#[tokio::test]
async fn a_changed_byte_of_the_journal_is_an_error_that_names_its_line() {
    damage(JOURNAL, 1, |byte| byte ^ 0x01).await;
}

#[tokio::test]
async fn any_flipped_bit_of_either_file_is_an_error_that_names_its_line() {
    for name in [STATE, JOURNAL] {
        for bit in 1..8 {
            damage(name, 101, |byte| byte ^ (1 << bit)).await;
        }
    }
}

#[tokio::test]
async fn a_byte_with_another_case_changes_nothing_or_is_an_error() {
    for name in [STATE, JOURNAL] {
        damage(name, 11, |byte| byte ^ 0x20).await;
    }
}

#[tokio::test]
async fn a_byte_that_became_zero_is_no_excuse_to_drop_what_comes_after_it() {
    for name in [STATE, JOURNAL] {
        damage(name, 11, |_| 0).await;
    }
}

#[tokio::test]
async fn a_byte_that_became_the_end_of_a_line_is_an_error() {
    for name in [STATE, JOURNAL] {
        damage(name, 11, |_| b'\n').await;
    }
}

#[tokio::test]
async fn a_snapshot_that_was_cut_off_anywhere_is_an_error() {
    let contents = StateFolder::sample().await;
    let folder = StateFolder::new();
    for length in 0..contents[STATE].len() {
        let mut cut = contents.clone();
        cut.get_mut(STATE).unwrap().truncate(length);
        let Outcome::Refused(error) = open(&folder, &cut).await else {
            panic!("{length} bytes are no snapshot")
        };
        let line = line_of(&contents[STATE], length);
        assert_names(&error, &folder, STATE, line..=line + 1);
    }
}

#[tokio::test]
async fn lines_that_were_removed_doubled_or_swapped_are_found() {
    let contents = StateFolder::sample().await;
    let folder = StateFolder::new();
    let whole = opened(&contents).await;
    for name in [STATE, JOURNAL] {
        let lines: Vec<&[u8]> = contents[name].split_inclusive(|byte| *byte == b'\n').collect();
        for line in 0..lines.len() - 1 {
            let mut removed = lines.clone();
            removed.remove(line);
            let mut doubled = lines.clone();
            doubled.insert(line, lines[line]);
            let mut swapped = lines.clone();
            swapped.swap(line, line + 1);
            for (what, lines) in [("removed", removed), ("doubled", doubled), ("swapped", swapped)] {
                let mut damaged = contents.clone();
                damaged.insert(name.to_owned(), lines.concat());
                match open(&folder, &damaged).await {
                    Outcome::Refused(error) => {
                        let text = error.to_string();
                        assert!(text.contains(&format!("{name}`, line ")), "{what} line {line}: {text}");
                    }
                    // A change that is told of twice is made once; the order of
                    // jobs in the file is nobody's.
                    Outcome::Opened(everything, _) => {
                        let is_of_jobs = lines[line].starts_with(b"{\"job\"");
                        let is_harmless = match what {
                            "doubled" => name == JOURNAL,
                            "swapped" => is_of_jobs || lines[line].starts_with(b"{\"run_id\""),
                            _ => false,
                        };
                        assert!(is_harmless, "{what} line {line} of `{name}`");
                        assert!(everything == whole || !is_of_jobs, "{what} line {line} of `{name}`");
                    }
                }
            }
        }
    }
}
