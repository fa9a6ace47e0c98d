//! Fields that a newer version has written: the start says which of them go.

use std::fs;

use fastscheduler::prelude::*;
use fastscheduler::storage::{Change, Durability, Storage as _};
use fastscheduler_tests::log::Log;
use fastscheduler_tests::sealed;
use fastscheduler_tests::state_folder::{Contents, Everything, JOURNAL, OLD_JOURNAL, STATE, StateFolder};
use serde_json::{Map, Value, json};

/// The number of the first line that contains this, as its beginning if it is an
/// object.
fn line(contents: &Contents, name: &str, text: &str) -> usize {
    let lines = str::from_utf8(&contents[name]).unwrap().lines();
    lines
        .map(|line| if text.starts_with('{') { line.starts_with(text) } else { line.contains(text) })
        .position(|has| has)
        .unwrap_or_else(|| panic!("`{text}` is in {name}"))
}

/// An object in a record: `""` is the record itself.
fn within<'a>(record: &'a mut Map<String, Value>, pointer: &str) -> &'a mut Map<String, Value> {
    let (first, rest) =
        pointer.trim_start_matches('/').split_once('/').unwrap_or((pointer.trim_start_matches('/'), ""));
    if first.is_empty() {
        return record;
    }
    let value = record.get_mut(first).unwrap_or_else(|| panic!("`{first}` is there"));
    let value =
        if rest.is_empty() { value } else { value.pointer_mut(&format!("/{rest}")).expect("it is there") };
    value.as_object_mut().expect("it is an object")
}

fn note(folder: &StateFolder, name: &str, fields: &[&str]) -> String {
    let fields: Vec<_> = fields.iter().map(|field| format!("`{field}`")).collect();
    format!(
        "`{}` was written by a newer version, and this one drops what it does not know when the file is next written: \
         {}; to keep that, run the newer version",
        folder.path().canonicalize().unwrap().join(name).display(),
        fields.join(", ")
    )
}

#[tokio::test]
async fn fields_that_are_unknown_are_named_wherever_they_are() {
    let sample = StateFolder::sample().await;
    let whole = Everything::of(&StateFolder::with(&sample).open().unwrap()).await;
    // Where there is a field more, as a line and a place in it, and what it is called.
    let cases: &[(&str, &str, &str, &str)] = &[
        (STATE, r#""head""#, "", "head.colour"),
        (STATE, r#""head""#, "/statistics", "head.statistics.colour"),
        (STATE, r#""job":{"#, "", "jobs.colour"),
        (STATE, r#""job":{"#, "/job", "jobs.job.colour"),
        (STATE, r#""job":{"#, "/job/definition", "jobs.job.definition.colour"),
        (STATE, r#""job":{"#, "/job/definition/policy", "jobs.job.definition.policy.colour"),
        (STATE, r#""job":{"#, "/job/definition/schedule", "jobs.job.definition.schedule.colour"),
        (STATE, r#"{"run":{"#, "/run", "dead_letters.run.colour"),
        (STATE, r#"{"run_id""#, "", "history.colour"),
        (JOURNAL, r#""add_job""#, "", "colour"),
        (JOURNAL, r#""add_job""#, "/changes/0/add_job", "changes.add_job.colour"),
        (JOURNAL, r#""claim""#, "/changes/0/claim/0/entry", "changes.claim.entry.colour"),
        (JOURNAL, r#""end_attempt""#, "/changes/0/end_attempt/run", "changes.end_attempt.run.colour"),
    ];
    for (name, text, place, field) in cases {
        for value in [json!("red"), json!({"deep": [1]}), json!(false)] {
            let mut contents = sample.clone();
            let number = line(&contents, name, text);
            let edited = sealed::edit(&contents[*name], number, |record| {
                within(record, place).insert("colour".to_owned(), value.clone());
            });
            contents.insert((*name).to_owned(), edited);
            let folder = StateFolder::with(&contents);
            let store = folder.open().unwrap();
            assert_eq!(store.notes(), [note(&folder, name, &[field])], "{value}");
            assert!(Everything::of(&store).await == whole, "{field}");
            // It is said as long as it is so.
            drop(store);
            assert_eq!(folder.open().unwrap().notes().len(), 1, "{field}");
            let store = folder.open().unwrap();
            // A stop writes only what was changed.
            let change = Change::RequireJob(store.jobs().await.unwrap()[0].id());
            store.apply(&[change], Durability::Now).await.unwrap();
            store.close().await.unwrap();
            assert_eq!(folder.open().unwrap().notes(), [""; 0], "{field}");
        }
    }
}

#[tokio::test]
async fn each_field_is_named_once_and_each_file_by_itself() {
    let mut contents = StateFolder::sample().await;
    contents.insert(OLD_JOURNAL.to_owned(), contents[JOURNAL].clone());
    let more = |record: &mut Map<String, Value>| {
        record.insert("colour".to_owned(), json!("red"));
        record.insert("size".to_owned(), json!(1));
    };
    for name in [STATE, OLD_JOURNAL, JOURNAL] {
        let text = &contents[name];
        let count = text.split(|byte| *byte == b'\n').count();
        let is_record = |line: &usize| {
            let line = text.split(|byte| *byte == b'\n').nth(*line).unwrap();
            line.ends_with(br#""}"#) && !line.starts_with(br#"{"journal""#) || line.starts_with(br#"{"job""#)
        };
        let lines: Vec<_> = (0..count).filter(is_record).collect();
        assert!(lines.len() > 2);
        let edited = lines.iter().fold(text.clone(), |text, line| sealed::edit(&text, *line, more));
        contents.insert(name.to_owned(), edited);
    }
    let folder = StateFolder::with(&contents);
    let store = folder.open().unwrap();
    let notes = store.notes();
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(notes[0].contains("`jobs.colour`, `jobs.size`"), "{notes:?}");
    assert_eq!(
        notes[1..],
        [note(&folder, OLD_JOURNAL, &["colour", "size"]), note(&folder, JOURNAL, &["colour", "size"])]
    );
}

#[tokio::test]
async fn fields_that_are_known_are_not_named() {
    let sample = StateFolder::sample().await;
    assert_eq!(StateFolder::with(&sample).open().unwrap().notes(), [""; 0]);
    // Written out, though they say what their absence says.
    let edits: &[(&str, &str, Value)] = &[
        ("/job/definition/schedule", "zone", json!(null)),
        ("/job/definition", "args", json!([])),
        ("/job/definition", "kwargs", json!({})),
        ("/job", "retry_count", json!(0)),
        ("/job", "key", json!(null)),
    ];
    for (place, name, value) in edits {
        let mut contents = sample.clone();
        let number = line(&contents, STATE, r#""id":"job_1""#);
        let edited = sealed::edit(&contents[STATE], number, |record| {
            within(record, place).insert((*name).to_owned(), value.clone());
        });
        contents.insert(STATE.to_owned(), edited);
        assert_eq!(StateFolder::with(&contents).open().unwrap().notes(), [""; 0], "{name}");
    }
    let folder = StateFolder::new();
    fs::write(folder.state_file(), include_str!("../../vectors/state_before_cron_rules.json")).unwrap();
    assert_eq!(folder.open().unwrap().notes(), [""; 0], "an older version knew no more");
}

#[tokio::test]
async fn a_scheduler_that_opens_such_a_file_warns_of_it() {
    let mut contents = StateFolder::sample().await;
    let number = line(&contents, STATE, r#""job":{"#);
    let edited = sealed::edit(&contents[STATE], number, |record| {
        record.insert("colour".to_owned(), json!("red"));
    });
    contents.insert(STATE.to_owned(), edited);
    let folder = StateFolder::with(&contents);
    let log = Log::default();
    let _logged = tracing::subscriber::set_default(log.clone());
    Scheduler::builder().state_file(folder.state_file()).build().await.unwrap();
    let expected = format!("WARN {}", note(&folder, STATE, &["jobs.colour"]));
    let said = log.lines().into_iter().filter(|line| *line == expected).count();
    assert_eq!(said, 1, "{log:?}");
}
