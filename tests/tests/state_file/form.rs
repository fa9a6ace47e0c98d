//! What a person finds in the files: JSON that is plain, with arguments as they
//! were given, and dead letters in a file of their own.

use fastscheduler::prelude::*;
use fastscheduler::testing::ManualClock;
use fastscheduler::{JobId, JobUpdate};
use fastscheduler_tests::state_folder::{Contents, LETTERS, STATE, StateFolder};
use fastscheduler_tests::{advance, monday};
use serde_json::{Value, json};

fn parsed(contents: &Contents, name: &str) -> Value {
    serde_json::from_slice(&contents[name]).unwrap()
}

/// An array in an array, so many times.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(null), |value, _| json!([value]))
}

#[tokio::test]
async fn a_stop_leaves_plain_json_and_no_journal() {
    let folder = StateFolder::new();
    let clock = ManualClock::new(monday());
    let scheduler = folder.started(&clock).await;
    let id = scheduler.add(every(10).seconds().name("news").call("sample_quick")).await.unwrap();
    advance(&scheduler, &clock, 20).await;
    scheduler.stop().await.unwrap();
    let contents = folder.contents();
    assert_eq!(contents.keys().collect::<Vec<_>>(), [STATE, LETTERS]);
    let state = parsed(&contents, STATE);
    let job = &state["jobs"][0]["job"];
    assert_eq!((&job["id"], &job["definition"]["name"]), (&json!(id), &json!("news")));
    assert_eq!(job["run_count"], 2);
    assert_eq!(state["history"].as_array().unwrap().len(), 2);
    assert_eq!(state["head"]["job_counter"], 1);
    assert_eq!(parsed(&contents, LETTERS), json!({"dead_letters": []}));
}

#[tokio::test]
async fn arguments_come_back_to_the_bit() {
    let floats =
        [0.1, -0.0, 5e-324, f64::MIN_POSITIVE, f64::MAX, f64::MIN, 1.0 / 3.0, 1e21, 123_456_789.123_456_79];
    let numbers = json!([0, -1, i64::MIN, i64::MAX, u64::MAX, 9_007_199_254_740_993_i64]);
    let texts = json!([
        "",
        "Grüße",
        "日本語",
        "\u{1f4a5}",
        "\u{0}\u{1}\u{1f}\u{7f}\u{2028}",
        "\"\\/\r\n\t",
        "\u{fffd}"
    ]);
    let object = json!({"": null, "ключ": [true, false], "crc": "00000000", "a\nb": {"version": "1.0"}});
    let args = [json!(floats), numbers, texts, object.clone(), nested(100)];
    let folder = StateFolder::new();
    let clock = ManualClock::new(monday());
    let scheduler = folder.started(&clock).await;
    let job = every(10).seconds().call("sample_fails").retries(0).args(args.clone());
    let id = scheduler.add(job.kwargs(object.clone())).await.unwrap();
    advance(&scheduler, &clock, 10).await;

    let assert_same = async |scheduler: &Scheduler, when: &str| {
        let letters = scheduler.dead_letters(10).await.unwrap();
        for definition in [scheduler.job(id).await.unwrap().unwrap().definition(), &letters[0].definition] {
            assert_eq!(definition.args, args, "{when}");
            assert_eq!(Value::from(definition.kwargs.clone()), object, "{when}");
            let read = definition.args[0].as_array().unwrap().iter().map(|float| float.as_f64().unwrap());
            let bits: Vec<_> = read.map(f64::to_bits).collect();
            assert_eq!(bits, floats.map(f64::to_bits), "{when}");
        }
    };
    let killed = folder.after_a_kill();
    assert_same(&killed.started(&clock).await, "after a kill").await;
    scheduler.stop().await.unwrap();
    assert_same(&folder.started(&clock).await, "after a stop").await;
}

#[tokio::test]
async fn arguments_that_could_not_be_read_again_are_refused() {
    let folder = StateFolder::new();
    let clock = ManualClock::new(monday());
    let scheduler = folder.started(&clock).await;
    let job = |args: Value| every(10).seconds().call("sample_quick").args([args]);
    let refused = scheduler.add(job(nested(101))).await.unwrap_err().to_string();
    assert!(refused.contains("nested more than 100 deep"), "{refused}");
    let id = scheduler.add(job(nested(100))).await.unwrap();
    for update in
        [JobUpdate::new().args([nested(101)]), JobUpdate::new().kwargs(json!({"deep": {"er": nested(100)}}))]
    {
        let refused = scheduler.update_job(id, update).await.unwrap_err().to_string();
        assert!(refused.contains("nested more than 100 deep"), "{refused}");
    }
    scheduler.update_job(id, JobUpdate::new().kwargs(json!({"deep": nested(100)}))).await.unwrap();
    let again = folder.after_a_kill().started(&clock).await;
    assert_eq!(again.job(id).await.unwrap().unwrap().definition().kwargs["deep"], nested(100));
}

#[tokio::test]
async fn dead_letters_are_in_a_file_of_their_own_as_the_python_program_writes_it() {
    let folder = StateFolder::new();
    let clock = ManualClock::new(monday());
    let scheduler = folder.started(&clock).await;
    let failing =
        scheduler.add(every(10).seconds().retries(1).group("mail").call("sample_fails")).await.unwrap();
    advance(&scheduler, &clock, 15).await;
    scheduler.stop().await.unwrap();
    let letter = &parsed(&folder.contents(), LETTERS)["dead_letters"][0];
    let original = include_str!("../../vectors/python_state_dead_letters.json");
    let original: Value = serde_json::from_str(original).unwrap();
    for (field, value) in original["dead_letters"][0].as_object().unwrap() {
        let same = std::mem::discriminant(&letter[field]) == std::mem::discriminant(value);
        assert!(same, "`{field}` is `{}`, and `{value}` there", letter[field]);
    }
    assert_eq!((&letter["job_id"], &letter["group"]), (&json!(failing), &json!("mail")));
    assert_eq!((&letter["retry_count"], &letter["status"]), (&json!(1), &json!("failed")));
    assert_eq!(letter["error"], "Max retries: no — ‘boom’ \u{1f4a5}");

    // What is taken out of it is out of it.
    let scheduler = folder.started(&clock).await;
    assert_eq!(scheduler.clear_dead_letters().await.unwrap(), 1);
    scheduler.stop().await.unwrap();
    assert_eq!(parsed(&folder.contents(), LETTERS), json!({"dead_letters": []}));
    // It is for people: what it says is not read.
    folder.put(LETTERS, b"gone");
    let scheduler = folder.started(&clock).await;
    assert_eq!(scheduler.dead_letters(10).await.unwrap(), []);
    assert_eq!(scheduler.job(JobId::new(0)).await.unwrap().unwrap().run_count(), 2);
}
