//! Files in the place of a state file that are none: each is an error that a
//! person can act on, and no byte of them is touched.

use std::fs;

use fastscheduler::Scheduler;
use fastscheduler::storage::{JsonStorage, StorageError};
use fastscheduler_tests::state_folder::{Contents, JOURNAL, LETTERS, LOCK, OLD_JOURNAL, STATE, StateFolder};
use serde_json::Value;

const BEGIN_ANEW: &str =
    "; nothing was changed; put back a backup of it and of its journal, or move both away to begin anew";
const CUT: &str = "; nothing was changed; put back a backup of it and of the state file, or remove this line and \
                   all after it, which loses the changes that they tell of";

/// What a person reads, who may use `anyhow` and print all sources.
fn printed(error: impl std::error::Error + Send + Sync + 'static) -> String {
    let text = error.to_string();
    assert_eq!(format!("{:#}", anyhow::Error::new(error)), text);
    text
}

/// Opening files like these says just that, of the file `{folder}/…`.
async fn assert_refused(what: &str, contents: &Contents, expected: &str) {
    let folder = StateFolder::with(contents);
    let path = folder.path().canonicalize().unwrap();
    let expected = expected.replace("{folder}", path.to_str().unwrap());
    let error = folder.open().unwrap_err();
    assert_eq!(printed(error), expected, "{what}");
    let error = Scheduler::builder().state_file(folder.state_file()).build().await.unwrap_err();
    assert_eq!(printed(error), expected, "{what}");
    assert!(folder.contents() == *contents, "{what}: a file was changed");
}

/// The sample, with a file replaced.
fn with(contents: &Contents, name: &str, bytes: impl AsRef<[u8]>) -> Contents {
    let mut changed = contents.clone();
    changed.insert(name.to_owned(), bytes.as_ref().to_vec());
    changed
}

#[tokio::test]
async fn what_is_no_state_file_is_said_to_be_none() {
    let sample = StateFolder::sample().await;
    let value: Value = serde_json::from_slice(&sample[STATE]).unwrap();
    let indented = serde_json::to_string_pretty(&value).unwrap();
    let none = "it has no `version`, so it is no state file";
    let form = "it is not in the form that fastscheduler writes, one record a line";
    let cases: &[(&str, &str, usize, &str)] = &[
        ("empty", "", 1, "the file is empty"),
        ("a list", "[]", 1, none),
        ("a number", "7\n", 1, none),
        ("null", "null", 1, none),
        ("settings of something else", "{\"name\": \"x\"}", 1, none),
        (
            "two versions",
            "{\n\"version\": \"1.0\",\n\"version\": \"1.0\"}",
            3,
            "it has `version` twice, and which is right is not known",
        ),
        ("text", "hello\n", 1, "it is not JSON: expected value at line 1 column 1"),
        ("zeros", "\0\0\0\0", 1, "it is not JSON: expected value at line 1 column 1"),
        ("cut", "{\n\"version\"", 2, "it is not JSON: EOF while parsing an object at line 2 column 9"),
        ("two", "{}\n{}", 2, "it is not JSON: trailing characters at line 2 column 1"),
        ("indented by a tool", &indented, 1, form),
        ("on one line", &value.to_string(), 1, form),
        (
            "a version of the Python program without the rest",
            "{\"version\": \"1.0\"}",
            1,
            "it is of the Python program, but the journal `{folder}/scheduler.json.journal` is there, which is not",
        ),
    ];
    for (what, text, line, reason) in cases {
        let expected = format!("`{{folder}}/{STATE}`, line {line}: {reason}{BEGIN_ANEW}");
        assert_refused(what, &with(&sample, STATE, text), &expected).await;
    }
}

#[tokio::test]
async fn versions_that_are_unknown_are_named() {
    let sample = StateFolder::sample().await;
    let state = String::from_utf8(sample[STATE].clone()).unwrap();
    let journal = String::from_utf8(sample[JOURNAL].clone()).unwrap();
    let (_, records) = journal.split_once('\n').unwrap();
    let known = "`2.0`, and `1.0` of the Python program";
    let cases: &[(&str, &str, String, usize, &str, &str)] = &[
        ("a later one", STATE, state.replacen("2.0", "3.0", 1), 1, "3.0", known),
        ("a number", STATE, "{\n  \"version\": 2\n}".to_owned(), 2, "2", known),
        // With a checksum that is right.
        (
            "a later one",
            JOURNAL,
            format!("{{\"journal\":\"3.0\",\"crc\":\"bb503489\"}}\n{records}"),
            1,
            "3.0",
            "`2.0`",
        ),
    ];
    for (what, name, text, line, version, known) in cases {
        let expected = format!(
            "`{{folder}}/{name}`, line {line}, has the version `{version}`, which is unknown here; known are {known}"
        );
        assert_refused(what, &with(&sample, name, text), &expected).await;
    }
}

#[tokio::test]
async fn a_journal_that_is_none_or_of_another_state_is_refused() {
    let sample = StateFolder::sample().await;
    let journal = String::from_utf8(sample[JOURNAL].clone()).unwrap();
    let mut lines: Vec<_> = journal.split_inclusive('\n').collect();
    // Changes 9 to 15 come after a snapshot with change 8.
    let gap = |found, expected| {
        format!(
            "it is change {found}, but {expected} should come here: lines are missing before it, or it belongs to \
             another state file"
        )
    };
    lines.remove(1);
    let without_first = lines.concat();
    lines.remove(3);
    lines.insert(1, journal.split_inclusive('\n').nth(1).unwrap());
    let without_one = lines.concat();
    let cases: &[(&str, String, usize, String)] = &[
        ("of a later snapshot", without_first, 2, gap(10, 9)),
        ("with a line less", without_one, 5, gap(13, 12)),
        ("notes of somebody", "a line\nanother\n".to_owned(), 1, "it has no checksum".to_owned()),
        (
            "notes without an end",
            "remember the milk".to_owned(),
            1,
            "it is not the journal of a state file".to_owned(),
        ),
        ("a line in front", format!("\n{journal}"), 1, "it has no checksum".to_owned()),
        ("a line that is blank", journal.replacen('\n', "\n\n", 1), 2, "it has no checksum".to_owned()),
        ("another end of lines", journal.replace('\n', "\r\n"), 1, "it has no checksum".to_owned()),
    ];
    for (what, text, line, reason) in cases {
        let expected = format!("`{{folder}}/{JOURNAL}`, line {line}: {reason}{CUT}");
        assert_refused(what, &with(&sample, JOURNAL, text), &expected).await;
    }
}

/// A text as an editor may save it: with a mark at its beginning, or in another
/// encoding.
fn encoded(text: &str) -> [(&'static str, Vec<u8>); 5] {
    let wide = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let marked = |mark: &[u8], text: Vec<u8>| [mark, &text].concat();
    [
        ("with a byte order mark", marked(b"\xef\xbb\xbf", text.into())),
        ("in UTF-16", wide(u16::to_le_bytes)),
        ("in UTF-16 with a mark", marked(b"\xff\xfe", wide(u16::to_le_bytes))),
        ("in UTF-16, the other way round", marked(b"\xfe\xff", wide(u16::to_be_bytes))),
        ("in UTF-32", text.chars().flat_map(|char| u32::from(char).to_le_bytes()).collect()),
    ]
}

#[tokio::test]
async fn files_in_another_encoding_are_refused_and_left_as_they_are() {
    let sample = StateFolder::sample().await;
    let python = include_str!("../../vectors/python_state.json");
    let text = |name: &str| str::from_utf8(&sample[name]).unwrap();
    let alone = |bytes: Vec<u8>| Contents::from([(STATE.to_owned(), bytes)]);
    let mut cases: Vec<(&str, &str, Contents)> = Vec::new();
    for name in [STATE, JOURNAL] {
        cases.extend(encoded(text(name)).map(|(what, bytes)| (what, name, with(&sample, name, bytes))));
    }
    cases.extend(encoded(python).map(|(what, bytes)| (what, STATE, alone(bytes))));
    // Its letters beyond ASCII are a byte each there.
    let latin =
        |name: &str| text(name).chars().filter_map(|char| u8::try_from(char).ok()).collect::<Vec<u8>>();
    for name in [STATE, JOURNAL] {
        assert!(!text(name).is_ascii(), "{name} has such letters");
        cases.push(("in Latin-1", name, with(&sample, name, latin(name))));
    }
    for (what, name, contents) in cases {
        let folder = StateFolder::with(&contents);
        let error = printed(folder.open().unwrap_err());
        let file = folder.path().canonicalize().unwrap().join(name);
        assert!(error.starts_with(&format!("`{}`, line ", file.display())), "{name} {what}: {error}");
        assert!(error.contains("; nothing was changed; put back a backup"), "{name} {what}: {error}");
        assert!(folder.contents() == contents, "{name} {what}: a file was changed");
    }
}

#[tokio::test]
async fn a_snapshot_that_is_gone_while_a_journal_is_there_is_missed() {
    let sample = StateFolder::sample().await;
    for journal in [JOURNAL, OLD_JOURNAL] {
        let mut contents = with(&sample, journal, &sample[JOURNAL]);
        contents.retain(|name, _| name == journal || name == LETTERS);
        let expected = format!(
            "the state file `{{folder}}/{STATE}`: it is gone, but its journal `{{folder}}/{journal}` is there; put it \
             back, or move the journal away to begin anew"
        );
        assert_refused(journal, &contents, &expected).await;
    }
}

#[tokio::test]
async fn dead_letters_of_somebody_else_are_kept_when_a_state_file_is_begun() {
    let mut contents = Contents::new();
    contents.insert(LETTERS.to_owned(), b"to whom it may concern".to_vec());
    contents.insert(format!("{LETTERS}.bak"), b"an older one".to_vec());
    let folder = StateFolder::with(&contents);
    let store = folder.open().unwrap();
    let after = folder.contents();
    assert_eq!(after[&format!("{LETTERS}.bak")], b"an older one");
    assert_eq!(after[&format!("{LETTERS}.bak.2")], b"to whom it may concern");
    let path = folder.path().canonicalize().unwrap();
    let (from, to) = (path.join(LETTERS), path.join(format!("{LETTERS}.bak.2")));
    assert_eq!(store.notes(), [format!("`{}` is kept as `{}`", from.display(), to.display())]);
}

#[tokio::test]
async fn a_folder_in_the_place_of_a_file_is_refused() {
    let sample = StateFolder::sample().await;
    let cases = [
        (STATE, "the store could not open the state file: `{folder}/scheduler.json`: is a directory"),
        (
            JOURNAL,
            "the store could not read the journal: `{folder}/scheduler.json.journal`: Is a directory (os error 21)",
        ),
        (
            OLD_JOURNAL,
            "the store could not read the journal: `{folder}/scheduler.json.journal.old`: Is a directory (os error 21)",
        ),
        (
            LOCK,
            "the store could not lock the state file: `{folder}/scheduler.json.lock`: Is a directory (os error 21)",
        ),
    ];
    for (name, expected) in cases {
        let mut contents = sample.clone();
        contents.remove(name);
        let folder = StateFolder::with(&contents);
        fs::create_dir(folder.file(name)).unwrap();
        let error = printed(folder.open().unwrap_err());
        assert_eq!(
            error.replace(folder.path().canonicalize().unwrap().to_str().unwrap(), "{folder}"),
            expected
        );
        assert!(folder.contents() == contents, "{name}");
    }
}

#[tokio::test]
async fn what_is_in_the_way_of_what_is_written_beside_a_file_is_named_and_left() {
    let in_the_way = |name: &str, action: &str, contents: &Contents| {
        let folder = StateFolder::with(contents);
        fs::create_dir(folder.file(name)).unwrap();
        let expected = format!(
            "the store could not {action}: `{}`: it is a directory, and in the way; move it away",
            folder.path().canonicalize().unwrap().join(name).display()
        );
        assert_eq!(printed(folder.open().unwrap_err()), expected);
        assert!(folder.file(name).is_dir() && folder.contents() == *contents);
    };
    in_the_way("scheduler.json.tmp", "write the state file", &Contents::new());
    let of_python = StateFolder::of_python(&[]).contents();
    in_the_way("scheduler.json.bak.tmp", "keep a copy of what is replaced", &of_python);
    // Without the file of dead letters nothing is lost.
    let folder = StateFolder::new();
    fs::create_dir(folder.file(&format!("{LETTERS}.tmp"))).unwrap();
    folder.open().unwrap();
}

/// What opening a folder says, which must not wait for anybody.
#[cfg(unix)]
fn refusal(folder: &StateFolder) -> String {
    let (told, says) = std::sync::mpsc::channel();
    let state_file = folder.state_file();
    // On a thread of its own, since the one that waits would wait for good.
    std::thread::spawn(move || told.send(JsonStorage::open(state_file).map_err(printed)));
    let patience = std::time::Duration::from_secs(60);
    says.recv_timeout(patience).expect("it does not wait").unwrap_err()
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_or_a_device_in_the_place_of_a_file_is_refused_and_nobody_waits_for_it() {
    use std::os::unix::fs::symlink;
    use std::process::Command;
    let sample = StateFolder::sample().await;
    for (name, action) in [
        (STATE, "open the state file"),
        (JOURNAL, "read the journal"),
        (OLD_JOURNAL, "read the journal"),
        (LOCK, "lock the state file"),
    ] {
        let mut contents = sample.clone();
        contents.remove(name);
        let folder = StateFolder::with(&contents);
        assert!(Command::new("mkfifo").arg(folder.file(name)).status().unwrap().success());
        let file = folder.path().canonicalize().unwrap().join(name);
        let expected = format!(
            "the store could not {action}: `{}`: it is a named pipe and not a file; choose another `state_file`",
            file.display()
        );
        assert_eq!(refusal(&folder), expected);
        assert!(folder.contents() == contents, "{name}");
    }
    let folder = StateFolder::new();
    symlink("/dev/null", folder.state_file()).unwrap();
    let refused = refusal(&folder);
    assert!(refused.contains("it is a device or a socket and not a file"), "{refused}");
}

#[tokio::test]
async fn paths_that_lead_nowhere_are_errors_that_name_them() {
    let folder = StateFolder::new();
    folder.put("file", b"a file");
    let cases: &[(&str, &str)] = &[
        (
            "absent/scheduler.json",
            "the store could not find the folder of the state file: `{folder}/absent` (make the folder first): No such file \
             or directory (os error 2)",
        ),
        (
            "file/scheduler.json",
            "the store could not open the state file: `{folder}/file/scheduler.json`: Not a directory (os error 20)",
        ),
    ];
    for (name, expected) in cases {
        let error: StorageError = JsonStorage::open(folder.file(name)).unwrap_err();
        assert_eq!(printed(error).replace(folder.path().to_str().unwrap(), "{folder}"), *expected);
    }
    assert_eq!(folder.contents().len(), 1);
}
