//! The file of dead letters, which is a view for people: it says what the store
//! does, whoever was killed before, and hinders nobody.

use std::fs;
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::testing::ManualClock;
use fastscheduler_tests::state_folder::{Contents, JOURNAL, LETTERS, StateFolder};
use fastscheduler_tests::{advance, monday};
use serde_json::Value;

/// Against hanging, and no more.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a scheduler leaves that is killed after three letters, with a file of
/// dead letters that shows them all.
async fn with_three_letters() -> Contents {
    let folder = StateFolder::new();
    let clock = ManualClock::new(monday());
    let scheduler = folder.started(&clock).await;
    scheduler.add(every(10).seconds().retries(0).call("sample_fails")).await.unwrap();
    advance(&scheduler, &clock, 30).await;
    let mut killed = folder.contents();
    scheduler.stop().await.unwrap();
    killed.insert(LETTERS.to_owned(), folder.contents()[LETTERS].clone());
    killed.remove(&format!("{LETTERS}.tmp"));
    assert!(killed.contains_key(JOURNAL));
    assert_eq!(errors(&killed[LETTERS]).len(), 3);
    killed
}

fn errors(letters: &[u8]) -> Vec<String> {
    let letters: Value = serde_json::from_slice(letters).unwrap();
    letters["dead_letters"].as_array().unwrap().iter().map(|letter| letter["error"].to_string()).collect()
}

/// What somebody may find there instead: none, or what it was some time ago.
fn outdated(whole: &Contents) -> [Contents; 3] {
    ["", "{\n  \"dead_letters\": []\n}\n", "gone"].map(|text| {
        let mut contents = whole.clone();
        contents.insert(LETTERS.to_owned(), text.as_bytes().to_vec());
        contents.retain(|_, bytes| !bytes.is_empty());
        contents
    })
}

#[tokio::test]
async fn letters_that_a_killed_program_did_not_show_are_shown_while_the_next_one_runs() {
    let whole = with_three_letters().await;
    for contents in outdated(&whole) {
        let folder = StateFolder::with(&contents);
        let store = folder.open().unwrap();
        let shown = async {
            while folder.contents().get(LETTERS) != whole.get(LETTERS) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, shown).await.expect("they are shown");
        drop(store);
    }
}

#[tokio::test]
async fn letters_are_shown_even_if_nothing_was_done_but_to_open_the_file_and_let_go_of_it() {
    let whole = with_three_letters().await;
    let mut stopped = StateFolder::new();
    for contents in outdated(&whole) {
        let folder = StateFolder::with(&contents);
        drop(folder.open().unwrap());
        assert!(folder.contents()[LETTERS] == whole[LETTERS]);
        stopped = folder;
    }
    // So it is where there is no journal.
    let clock = ManualClock::new(monday() + Duration::from_secs(30));
    stopped.started(&clock).await.stop().await.unwrap();
    stopped.put(LETTERS, b"gone");
    stopped.started(&clock).await.stop().await.unwrap();
    assert_eq!(errors(&stopped.contents()[LETTERS]).len(), 3);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_shows_the_letters_there_are_is_not_written_again() {
    use std::os::unix::fs::MetadataExt as _;
    let folder = StateFolder::with(&with_three_letters().await);
    // Another one would have taken its place.
    let file = || fs::metadata(folder.file(LETTERS)).unwrap().ino();
    let before = file();
    drop(folder.open().unwrap());
    let clock = ManualClock::new(monday() + Duration::from_secs(30));
    folder.started(&clock).await.stop().await.unwrap();
    assert_eq!(file(), before);
}

#[tokio::test]
async fn letters_that_cannot_be_shown_hinder_nobody() {
    let mut contents = with_three_letters().await;
    contents.remove(LETTERS);
    for name in [LETTERS.to_owned(), format!("{LETTERS}.tmp")] {
        let folder = StateFolder::with(&contents);
        fs::create_dir(folder.file(&name)).unwrap();
        let clock = ManualClock::new(monday() + Duration::from_secs(30));
        let scheduler = folder.started(&clock).await;
        assert_eq!(scheduler.dead_letter_count().await.unwrap(), 3);
        advance(&scheduler, &clock, 10).await;
        scheduler.stop().await.unwrap();
        assert!(folder.file(&name).is_dir());
    }
}

#[tokio::test]
async fn each_letter_says_which_attempt_of_its_job_it_was() {
    let contents = with_three_letters().await;
    let letters: Value = serde_json::from_slice(&contents[LETTERS]).unwrap();
    let counts: Vec<_> =
        letters["dead_letters"].as_array().unwrap().iter().map(|letter| &letter["run_count"]).collect();
    assert_eq!(counts, [1, 2, 3]);
}
