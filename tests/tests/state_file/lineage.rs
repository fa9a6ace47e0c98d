//! A snapshot and a journal that do not belong together, as when one of them is
//! put back from a backup, are refused; what a crash leaves is not, nor is what
//! earlier versions wrote, which has no ids.

use std::fs;

use fastscheduler::prelude::*;
use fastscheduler::storage::{Change, Durability, JsonStorage, Storage as _};
use fastscheduler_tests::sealed;
use fastscheduler_tests::state_folder::{Contents, Everything, JOURNAL, OLD_JOURNAL, STATE, StateFolder};
use serde_json::Value;

/// Adds one of the jobs that are there again, under another id.
async fn add(store: &JsonStorage, id: &str) {
    let jobs = store.jobs().await.unwrap();
    let job = serde_json::to_string(&jobs[0]).unwrap().replacen(&jobs[0].id().to_string(), id, 1);
    let change = Change::AddJob(Box::new(serde_json::from_str(&job).unwrap()));
    store.apply(&[change], Durability::Now).await.unwrap();
}

/// What a process leaves that adds a job to these files, and is killed.
async fn with_job(contents: &Contents, id: &str) -> Contents {
    let folder = StateFolder::with(contents);
    let store = folder.open().unwrap();
    add(&store, id).await;
    folder.contents()
}

/// What a process leaves that opens these files and stops.
async fn stopped(contents: &Contents) -> Contents {
    let folder = StateFolder::with(contents);
    folder.open().unwrap().close().await.unwrap();
    folder.contents()
}

/// Each of these files from where it is said to be.
fn put_together(files: &[(&str, &Contents, &str)]) -> Contents {
    files.iter().map(|(name, from, original)| ((*name).to_owned(), from[*original].clone())).collect()
}

fn ids(contents: &Contents) -> (Value, Value) {
    let first = |name: &str, line: usize| {
        let text = str::from_utf8(&contents[name]).unwrap().lines().nth(line).unwrap().to_owned();
        let text = text.strip_prefix(r#""head":"#).map_or(text.as_str(), |head| head.trim_end_matches(','));
        serde_json::from_str::<Value>(text).unwrap()
    };
    (first(STATE, 1)["lineage"].clone(), first(JOURNAL, 0)["origin"].clone())
}

#[tokio::test]
async fn a_journal_that_does_not_belong_to_the_state_file_is_refused_naming_both() {
    let running = StateFolder::sample().await;
    let clean = stopped(&running).await;
    let after = with_job(&clean, "job_50").await;
    let beside = with_job(&stopped(&with_job(&running, "job_60").await).await, "job_61").await;
    let mut begun_again = stopped(&with_job(&running, "job_60").await).await;
    begun_again = {
        let folder = StateFolder::with(&begun_again);
        let _open = folder.open().unwrap();
        folder.contents()
    };
    let another = StateFolder::sample().await;
    let long = with_job(&with_job(&running, "job_60").await, "job_61").await;
    let store = "the journal is of store";
    let state = "the journal goes on from state";
    let cases = [
        ("of another store", put_together(&[(STATE, &running, STATE), (JOURNAL, &another, JOURNAL)]), store),
        (
            "a state file of before",
            put_together(&[(STATE, &running, STATE), (JOURNAL, &after, JOURNAL)]),
            state,
        ),
        (
            "a state file of before, and a journal without changes",
            put_together(&[(STATE, &clean, STATE), (JOURNAL, &begun_again, JOURNAL)]),
            state,
        ),
        (
            "after another state of the same number",
            put_together(&[(STATE, &after, STATE), (JOURNAL, &beside, JOURNAL)]),
            state,
        ),
        (
            "a journal that went on otherwise",
            put_together(&[(STATE, &clean, STATE), (JOURNAL, &long, JOURNAL)]),
            state,
        ),
        (
            "put aside, of another store",
            put_together(&[
                (STATE, &running, STATE),
                (OLD_JOURNAL, &another, JOURNAL),
                (JOURNAL, &running, JOURNAL),
            ]),
            store,
        ),
    ];
    for (what, contents, why) in cases {
        let folder = StateFolder::with(&contents);
        let error = folder.open().unwrap_err().to_string();
        let built =
            Scheduler::builder().state_file(folder.state_file()).build().await.unwrap_err().to_string();
        assert_eq!(built, error, "{what}");
        assert!(folder.contents() == contents, "{what}: a file was changed");
        let path = folder.path().canonicalize().unwrap();
        let journal = if contents.contains_key(OLD_JOURNAL) { OLD_JOURNAL } else { JOURNAL };
        let expected = format!(
            "the journal `{}`: it does not belong to the state file `{}`: {why} `",
            path.join(journal).display(),
            path.join(STATE).display()
        );
        assert!(error.starts_with(&expected), "{what}: {error}");
        let (lineage, origin) =
            ids(&put_together(&[(STATE, &contents, STATE), (JOURNAL, &contents, journal)]));
        let field = if why == store { "store" } else { "state" };
        for id in [&lineage[field], &origin[field]] {
            assert!(error.contains(&format!("`{}`", id.as_str().unwrap())), "{what}: {error}");
        }
        assert!(
            error.ends_with(
                "; nothing was changed; put back the state file and the journal of one backup, or move this journal \
                 away, which loses the changes in it"
            ),
            "{what}: {error}"
        );
        // That is a way out.
        fs::rename(folder.file(journal), folder.file("moved away")).unwrap();
        folder.open().unwrap();
    }
}

/// Tries to fold until the journal is put aside, and goes on: the files before
/// the snapshot was written, and those after it.
async fn folded(contents: &Contents) -> (Contents, Contents) {
    let folder = StateFolder::with(contents);
    let in_the_way = folder.file(&format!("{STATE}.tmp"));
    fs::create_dir(&in_the_way).unwrap();
    let store = folder.open().unwrap().fold_at(1);
    let mut number = 100;
    while !folder.file(OLD_JOURNAL).exists() {
        number += 1;
        add(&store, &format!("job_{number}")).await;
    }
    add(&store, "job_99").await;
    let before = folder.contents();
    fs::remove_dir(&in_the_way).unwrap();
    while folder.file(OLD_JOURNAL).exists() {
        number += 1;
        add(&store, &format!("job_{number}")).await;
    }
    (before, folder.contents())
}

#[tokio::test]
async fn what_a_crash_in_a_fold_or_a_stop_leaves_opens_and_can_be_gone_on_with() {
    let running = StateFolder::sample().await;
    let (before, after) = folded(&running).await;
    let stop = stopped(&after).await;
    let whole = Everything::of(&StateFolder::with(&after).open().unwrap()).await;
    let cases = [
        ("before the snapshot was written", before.clone(), None),
        (
            "while it was written",
            put_together(&[
                (STATE, &before, STATE),
                (OLD_JOURNAL, &before, OLD_JOURNAL),
                (JOURNAL, &after, JOURNAL),
            ]),
            Some(&whole),
        ),
        (
            "after it was written",
            put_together(&[
                (STATE, &after, STATE),
                (OLD_JOURNAL, &before, OLD_JOURNAL),
                (JOURNAL, &after, JOURNAL),
            ]),
            Some(&whole),
        ),
        ("after the fold", after.clone(), Some(&whole)),
        ("in a stop", put_together(&[(STATE, &stop, STATE), (JOURNAL, &after, JOURNAL)]), Some(&whole)),
        ("after a stop", stop.clone(), Some(&whole)),
    ];
    for (what, contents, expected) in cases {
        let folder = StateFolder::with(&contents);
        let store = folder.open().unwrap_or_else(|error| panic!("{what}: {error}"));
        if let Some(expected) = expected {
            assert!(Everything::of(&store).await == *expected, "{what}");
        }
        add(&store, "job_77").await;
        let everything = Everything::of(&store).await;
        for left in [folder.contents(), stopped(&folder.contents()).await] {
            let again = StateFolder::with(&left);
            assert!(Everything::of(&again.open().unwrap()).await == everything, "{what}");
        }
    }
}

/// The same without ids, as an earlier version wrote it.
fn without_ids(contents: &Contents, names: &[&str]) -> Contents {
    let without = |name: &str, text: &[u8]| match name {
        STATE => sealed::edit(text, 1, |head| drop(head.remove("lineage"))),
        _ => sealed::edit(text, 0, |title| drop(title.remove("origin"))),
    };
    let mut changed = contents.clone();
    for (name, text) in changed.iter_mut().filter(|(name, _)| names.contains(&name.as_str())) {
        *text = without(name, text);
    }
    changed
}

#[tokio::test]
async fn files_without_ids_open_as_before() {
    let running = StateFolder::sample().await;
    let (before, after) = folded(&running).await;
    for contents in [running, before, after] {
        let whole = Everything::of(&StateFolder::with(&contents).open().unwrap()).await;
        for names in [
            &[STATE, OLD_JOURNAL, JOURNAL][..],
            &[STATE],
            &[OLD_JOURNAL, JOURNAL],
            &[OLD_JOURNAL],
            &[STATE, OLD_JOURNAL],
        ] {
            let folder = StateFolder::with(&without_ids(&contents, names));
            let store = folder.open().unwrap_or_else(|error| panic!("without {names:?}: {error}"));
            assert!(Everything::of(&store).await == whole, "without {names:?}");
            // By the stop they have ids.
            store.close().await.unwrap();
            let left = folder.contents();
            assert!(str::from_utf8(&left[STATE]).unwrap().contains(r#""lineage":{"store":""#), "{names:?}");
            assert!(Everything::of(&folder.open().unwrap()).await == whole, "without {names:?}");
        }
    }
}

#[tokio::test]
async fn a_state_file_that_was_taken_over_has_ids_too() {
    let taken_over = || {
        let folder = StateFolder::of_python(&[]);
        let _open = folder.open().unwrap();
        folder.contents()
    };
    let (one, another) = (taken_over(), taken_over());
    let mixed = StateFolder::with(&put_together(&[(STATE, &one, STATE), (JOURNAL, &another, JOURNAL)]));
    let error = mixed.open().unwrap_err().to_string();
    assert!(error.contains("the journal is of store"), "{error}");
}
