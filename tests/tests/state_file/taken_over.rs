//! The state file of the Python program: all of it that can be is taken over,
//! the rest is said, and the original is kept.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::{JsonStorage, Storage as _};
use fastscheduler::testing::ManualClock;
use fastscheduler::{CatchUp, Job, JobId, RunStatus, Source};
use fastscheduler_tests::state_folder::{Contents, Everything, LETTERS, STATE, StateFolder};
use fastscheduler_tests::{advance, instant};
use serde_json::{Value, json};

async fn job(store: &JsonStorage, number: u64) -> Job {
    store.job(JobId::new(number)).await.unwrap().expect("it is taken over")
}

/// What a file of the Python program is, in which something was replaced.
async fn with(replace: &[(&str, &str)]) -> (JsonStorage, StateFolder) {
    let folder = StateFolder::of_python(replace);
    (folder.open().unwrap(), folder)
}

#[tokio::test]
async fn each_job_comes_with_its_schedule_its_next_run_and_its_settings() {
    let (store, _folder) = with(&[]).await;
    let rows: Vec<_> = store.jobs().await.unwrap().iter().map(row).collect();
    // Without a zone a job is in that of the machine, of which the sample's was UTC.
    let expected = [
        "job_0 heartbeat of __main__::heartbeat in default: Every 1 second, 3 retries, 4 runs",
        "job_1 Morning report of __main__::report in mail: Daily at 09:30 (Asia/Shanghai), 5 retries, 60s, 0 runs",
        "job_2 report of __main__::report in notification: Every Mon, Fri at 10:00, 3 retries, 0 runs",
        "job_3 heartbeat of __main__::heartbeat in default: Hourly at :30, 3 retries, 0 runs",
        "job_4 report of __main__::report in default: Cron: 0 9 * * MON-FRI (America/New_York), 3 retries, 0 runs, paused",
        "job_5 report of __main__::report in default: One-time job, 3 retries, 0 runs",
        "job_6 unreliable of __main__::unreliable in default: Every 2 seconds, 0 retries, 2 runs",
    ];
    assert_eq!(rows, expected);
    let report = job(&store, 1).await;
    assert_eq!(report.definition().args, [json!("Morning Report")]);
    assert_eq!(Value::from(report.definition().kwargs.clone()), json!({"priority": "high"}));
    assert_eq!(report.created_at(), instant("2026-11-23T07:37:13.232711Z"));
    assert_eq!(job(&store, 0).await.last_run_at(), Some(instant("2026-11-23T07:37:17.240099Z")));
    assert_eq!(
        store.notes().iter().filter(|note| !note.contains("is kept as")).count(),
        0,
        "{:?}",
        store.notes()
    );
}

fn row(job: &Job) -> String {
    let policy = &job.definition().policy;
    assert_eq!((job.source(), policy.catch_up), (Source::Imported, CatchUp::Once));
    let definition =
        format!("{} of {} in {}: {}", job.name(), job.function(), job.group(), job.definition().schedule);
    let timeout = job.timeout().map_or_else(String::new, |timeout| format!(", {timeout:?}"));
    let counters = format!("{} retries{timeout}, {} runs", job.max_retries(), job.run_count());
    let paused = if job.is_paused() { ", paused" } else { "" };
    format!("{} {definition}, {counters}{paused}", job.id())
}

#[tokio::test]
async fn each_job_runs_next_when_it_would_have() {
    let (store, _folder) = with(&[]).await;
    let scheduler = fastscheduler::Scheduler::builder().storage(store.clone()).build().await.unwrap();
    let zone = scheduler.zone();
    let cases = [
        (0, "2026-11-23T07:37:18.239828Z", true),
        (1, "2026-11-24T01:30:00Z", true),
        (2, "2026-11-23T10:00:00Z", false),
        (3, "2026-11-23T08:30:00Z", false),
        (4, "2026-11-23T14:00:00Z", true),
        (5, "2026-11-23T09:37:13.233474Z", true),
        (6, "2026-11-23T07:37:19.239814Z", true),
    ];
    for (number, expected, is_in_any_zone) in cases {
        if is_in_any_zone || zone == chrono_tz::UTC || zone == chrono_tz::Etc::UTC {
            let next = job(&store, number).await.unaccounted_from();
            assert_eq!(next, Some(instant(expected)), "job_{number}");
        }
    }
}

#[tokio::test]
async fn history_totals_and_dead_letters_are_there() {
    let (store, folder) = with(&[]).await;
    let Everything { history, letters, statistics, .. } = Everything::of(&store).await;
    let outline: Vec<_> = history.iter().map(|run| (run.job_id().number(), run.status)).collect();
    let (done, failed) = (RunStatus::Completed, RunStatus::Failed);
    assert_eq!(outline, [(0, done), (6, failed), (0, done), (0, done), (6, failed), (0, done)]);
    assert_eq!(history[1].error.as_deref(), Some("Max retries: RuntimeError: upstream said 503"));
    let took = history[1].execution_time().unwrap();
    assert!([34, 35].map(Duration::from_micros).contains(&took), "{took:?}");
    assert_eq!((statistics.total_runs, statistics.total_failures, statistics.total_retries), (6, 2, 0));
    assert_eq!(letters.len(), 2);
    for letter in &letters {
        assert_eq!((letter.run.job_id(), letter.definition.function.name()), (JobId::new(6), "unreliable"));
        assert_eq!(letter.run.error.as_deref(), Some("Max retries: RuntimeError: upstream said 503"));
    }
    assert_eq!(job(&store, 6).await.failure_count(), 2);
    // The file of dead letters is one that the other program would read.
    let written: Value = serde_json::from_slice(&folder.contents()[LETTERS]).unwrap();
    let original: Value =
        serde_json::from_str(include_str!("../../vectors/python_state_dead_letters.json")).unwrap();
    for (written, original) in
        written["dead_letters"].as_array().unwrap().iter().zip(original["dead_letters"].as_array().unwrap())
    {
        for field in ["job_id", "job_name", "func_name", "status", "error"] {
            assert_eq!(written[field], original[field], "{field}");
        }
        let seconds = |letter: &Value| letter["timestamp"].as_f64().unwrap();
        assert!((seconds(written) - seconds(original)).abs() < 1e-6);
    }
}

#[tokio::test]
async fn the_originals_are_kept_to_the_byte_beside_earlier_ones() {
    let folder = StateFolder::of_python(&[]);
    let original = folder.contents();
    folder.put(&format!("{STATE}.bak"), b"an older one");
    let store = folder.open().unwrap();
    let after = folder.contents();
    assert_eq!(after[&format!("{STATE}.bak")], b"an older one");
    assert!(after[&format!("{STATE}.bak.2")] == original[STATE]);
    assert!(after[&format!("{LETTERS}.bak")] == original[LETTERS]);
    assert_eq!(store.notes().len(), 2);
    assert!(store.notes()[0].ends_with("scheduler.json.bak.2`"), "{:?}", store.notes());
    // Opened again, it is a state file as any.
    let before = Everything::of(&store).await;
    drop(store);
    let again = folder.open().unwrap();
    assert_eq!(again.notes(), [""; 0]);
    assert!(Everything::of(&again).await == before);
    assert_eq!(folder.contents().len(), after.len(), "nothing more is kept");
}

#[tokio::test]
async fn what_cannot_be_taken_over_is_said_and_the_rest_is_taken_over() {
    let deep = format!("\"args\": [{}{}]", "[".repeat(101), "]".repeat(101));
    let deeper = format!("\"args\": [{}{}]", "[".repeat(900), "]".repeat(900));
    let cases: &[(&str, &str, &str)] = &[
        (
            "\"timezone\": \"Asia/Shanghai\"",
            "\"timezone\": \"Asia/Shangri-La\"",
            "job \"job_1\" is not taken over: `Asia/Shangri-La` is no time zone that is known here",
        ),
        (
            "\"schedule_type\": \"hourly\"",
            "\"schedule_type\": \"lunar\"",
            "job \"job_3\" is not taken over: its schedule is of the unknown type `lunar`",
        ),
        ("\"interval\": 1,", "\"interval\": null,", "job \"job_0\" is not taken over: it has no interval"),
        (
            "\"interval\": 1,",
            "\"interval\": Infinity,",
            "job \"job_0\" is not taken over: it has no interval",
        ),
        ("\"job_id\": \"job_2\"", "\"job_id\": \"two\"", "job \"two\" is not taken over: "),
        (
            "\"schedule_time\": \"09:30\"",
            "\"schedule_time\": \"29:30\"",
            "job \"job_1\" is not taken over: `29:30` is not a time of day",
        ),
        (
            "\"args\": [\n        \"Morning Report\"\n      ]",
            &deep,
            "job \"job_1\" is not taken over: its arguments are nested more than 100 deep",
        ),
        // Deeper than `serde_json` parses, though Python writes it.
        (
            "\"args\": [\n        \"Morning Report\"\n      ]",
            &deeper,
            "job \"job_1\" is not taken over: its arguments are nested more than 100 deep",
        ),
        (
            "\"timeout\": 60.0",
            "\"timeout\": -1",
            "job \"job_1\" is not taken over: its timeout is no length of time",
        ),
    ];
    for (old, new, expected) in cases {
        let (store, _folder) = with(&[(old, new)]).await;
        let notes = store.notes();
        assert!(notes.iter().any(|note| note.starts_with(expected)), "{notes:?}");
        assert_eq!(store.jobs().await.unwrap().len(), 6, "{new}");
        assert_eq!(Everything::of(&store).await.history.len(), 6, "{new}");
    }
}

#[tokio::test]
async fn what_is_left_out_of_the_history_is_counted_and_said() {
    let event = |status: &str, timestamp: &str| {
        format!(
            "{{\"job_id\": \"job_0\", \"func_name\": \"heartbeat\", \"status\": \"{status}\", \"timestamp\": {timestamp}}}"
        )
    };
    let at = "1795419434.5";
    let events = [
        event("missed", at),
        event("lost", at),
        event("missed", at),
        event("scheduled", at),
        event("running", at),
        event("retrying", at),
        event("completed", "-1.0"),
    ];
    let history = format!("\"history\": [{},", events.join(", "));
    let (store, _folder) = with(&[("\"history\": [", &history)]).await;
    let notes: Vec<_> = store.notes().iter().filter(|note| !note.contains("is kept as")).collect();
    let expected = [
        "a record of the history is not taken over: -1 is no time in seconds since 1970",
        "records of the history are not taken over, since no attempt ended with them: 1 × `lost`, 2 × `missed`",
    ];
    assert_eq!(notes, expected);
    assert_eq!(Everything::of(&store).await.history.len(), 6);
}

#[tokio::test]
async fn a_job_that_was_to_run_once_and_has_does_not_run_again() {
    let of_once = "\"repeat\": false,\n      \"status\": \"scheduled\"";
    let next_run = "1795426633.2334735";
    let last_run =
        |last_run: &str| format!("\"created_at\": 1795419433.233477,\n      \"last_run\": {last_run}");
    let completed = of_once.replace("scheduled", "completed");
    let cases = [
        (&*completed, next_run, false),
        (&*completed, "1795426640", false),
        // It was told to run once more.
        (&*completed, "1795426000", true),
        (&*completed, "null", true),
        (of_once, "1795426640", true),
    ];
    for (status, ran_at, is_taken_over) in cases {
        let (store, _folder) = with(&[(of_once, status), (&last_run("null"), &last_run(ran_at))]).await;
        let said = "job \"job_5\" is not taken over: it was to run once, and has";
        let is_said = store.notes().iter().any(|note| note == said);
        let is_there = store.job(JobId::new(5)).await.unwrap().is_some();
        assert_eq!((is_there, is_said), (is_taken_over, !is_taken_over), "{status}, {ran_at}");
        assert_eq!(store.jobs().await.unwrap().len(), 6 + usize::from(is_taken_over));
    }
}

#[tokio::test]
async fn integers_beyond_64_bits_are_taken_over_as_floats_and_said() {
    let replace =
        ("\"args\": [\n        \"Morning Report\"\n      ]", "\"args\": [NaN, 18446744073709551616, 7]");
    let (store, _folder) = with(&[replace]).await;
    let args = Value::from(job(&store, 1).await.definition().args.clone());
    assert_eq!(args, json!([null, 18_446_744_073_709_551_616.0, 7]));
    let said: Vec<_> = store.notes().iter().filter(|note| note.contains("64 bits")).collect();
    assert_eq!(said, ["job_1: integers of its arguments that are beyond 64 bits are taken over as floats"]);
}

/// Those of Python have no end.
#[tokio::test]
async fn counts_that_could_not_be_counted_on_from_are_said_and_begin_anew() {
    for (count, is_taken_over) in [(u64::MAX, false), ((1 << 53) + 1, false), (1 << 53, true)] {
        let old = ["\"run_count\": 4", "\"total_runs\": 4", "\"total_failures\": 2", "\"total_retries\": 0"];
        let new = old.map(|old| format!("{}: {count}", old.split(':').next().unwrap()));
        let replace: Vec<_> = old.into_iter().zip(new.iter().map(String::as_str)).collect();
        let folder = StateFolder::of_python(&replace);
        let clock = ManualClock::new(instant("2026-11-23T07:37:17.741122Z"));
        let scheduler = Scheduler::builder().state_file(folder.state_file()).clock(clock.clone());
        let scheduler = scheduler.build().await.unwrap();
        scheduler.register_function("heartbeat", |_: Args| async {}).unwrap();
        scheduler.start().await.unwrap();
        advance(&scheduler, &clock, 3).await;
        scheduler.stop().await.unwrap();
        let store = folder.open().unwrap();
        let base = if is_taken_over { count } else { 0 };
        assert_eq!(job(&store, 0).await.run_count(), base + 3);
        let Everything { statistics, .. } = Everything::of(&store).await;
        assert_eq!((statistics.total_runs, statistics.total_failures), (2 * base + 3, base));
        drop(store);
        let notes = StateFolder::of_python(&replace).open().unwrap().notes().to_vec();
        let names = [
            "run_count` of job_0",
            "total_runs` of the statistics",
            "total_failures` of",
            "total_retries` of",
        ];
        for name in names {
            let said = notes
                .iter()
                .any(|note| note.starts_with(&format!("the `{name}")) && note.contains(&count.to_string()));
            assert_eq!(said, !is_taken_over, "{name}: {notes:?}");
        }
    }
}

/// Python writes them without being asked, and reads them.
#[tokio::test]
async fn numbers_that_json_does_not_have_are_taken_over_as_null_and_said() {
    let args = r#""args": [NaN, [-Infinity, "NaN \\\" Infinity"], {"Infinity": Infinity}]"#;
    let (store, _folder) = with(&[("\"args\": [\n        \"Morning Report\"\n      ]", args)]).await;
    let expected = json!([null, [null, "NaN \\\" Infinity"], {"Infinity": null}]);
    assert_eq!(Value::from(job(&store, 1).await.definition().args.clone()), expected);
    let said = "3 × `NaN` or `Infinity` is taken over as `null`: JSON has no such numbers";
    assert!(store.notes().iter().any(|note| note == said), "{:?}", store.notes());
    assert_eq!(store.jobs().await.unwrap().len(), 7);
}

#[tokio::test]
async fn a_file_that_is_damaged_is_an_error_and_stays_as_it_is() {
    let contents = StateFolder::of_python(&[]).contents();
    let text = String::from_utf8(contents[STATE].clone()).unwrap();
    let folder = StateFolder::new();
    let refused = |changed: &str, expected: &str| {
        let mut damaged: Contents = contents.clone();
        damaged.insert(STATE.to_owned(), changed.as_bytes().to_vec());
        folder.set(&damaged);
        let error = folder.open().unwrap_err().to_string();
        assert!(
            error.contains(expected) && error.contains("; nothing was changed; put back a backup"),
            "{error}"
        );
        assert!(folder.contents() == damaged, "{error}");
    };
    for length in (1..text.len() - 1).step_by(7) {
        refused(&text[..length], &format!("{STATE}`, line {}", text[..length].split('\n').count()));
    }
    let cases: &[(&str, &str, &str)] = &[
        ("\"interval\": 1,", "\"interval\": nan,", "scheduler.json`, line 15: it is not JSON: "),
        ("\"jobs\": [", "\"jobs\": 7, \"more\": [", "line 8: it is not what the Python program writes: "),
        (
            "\"metadata\"",
            "\"metamorphosis\"",
            "it is not what the Python program writes: missing field `metadata`",
        ),
        ("\"_job_counter\": 6", "\"_job_counter\": -6", "it is not what the Python program writes: "),
    ];
    for (old, new, expected) in cases {
        assert!(text.contains(old), "{old}");
        refused(&text.replacen(old, new, 1), expected);
    }
}

#[tokio::test]
async fn dead_letters_that_are_damaged_are_said_and_kept() {
    for letters in ["", "[]", "{\"dead_letters\": [{}]}", "no letters"] {
        let folder = StateFolder::of_python(&[]);
        folder.put(LETTERS, letters.as_bytes());
        let store = folder.open().unwrap();
        let everything = Everything::of(&store).await;
        assert_eq!((everything.stored.jobs.len(), everything.letters.len()), (7, 0));
        let said = store.notes().iter().any(|note| note.contains("not taken over"));
        assert!(said, "{letters}: {:?}", store.notes());
        assert_eq!(folder.contents()[&format!("{LETTERS}.bak")], letters.as_bytes());
    }
    let folder = StateFolder::of_python(&[]);
    std::fs::remove_file(folder.file(LETTERS)).unwrap();
    assert_eq!(Everything::of(&folder.open().unwrap()).await.letters, []);
}
