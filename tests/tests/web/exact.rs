//! Numbers in arguments: each comes to its function as it was sent, or is refused.

use fastscheduler::Args;
use fastscheduler_tests::site::Site;
use fastscheduler_tests::{advance, started};
use serde_json::value::RawValue;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

fn request(arguments: &str) -> String {
    format!(
        r#"{{"func_name": "web_exact::echo", "schedule_type": "once", "schedule_config": {{"delay": 1}}, {arguments}}}"#
    )
}

/// The text of a field of the first object in a list, to the letter.
fn field(body: &str, list: &str, field: &str) -> String {
    type Object = std::collections::BTreeMap<String, Box<RawValue>>;
    let body: Object = serde_json::from_str(body).unwrap();
    let list: Vec<Object> = serde_json::from_str(body[list].get()).unwrap();
    list[0][field].get().to_owned()
}

#[tokio::test]
async fn a_number_comes_back_as_it_was_sent() {
    let numbers = ["0", "-1", "9223372036854775807", "-9223372036854775808", "18446744073709551615"];
    let decimals = ["0.1", "-2.5", "0.30000000000000004", "5e-324", "1.7976931348623157e308"];
    for number in numbers.into_iter().chain(decimals) {
        let (scheduler, clock) = started().await;
        scheduler.register_function("web_exact::echo", |args: Args| async move { Ok(args.0) }).unwrap();
        let site = Site::of(&scheduler).await;
        let sent = request(&format!(r#""args": [{number}]"#));
        let created = site.ask("POST", "/scheduler/api/jobs", &JSON, &sent).await;
        assert_eq!(created.status, 201, "{number}: {}", created.body);
        let list = format!("[{number}]");
        let jobs = site.get("/scheduler/api/jobs").await;
        assert_eq!(same(&field(&jobs.body, "jobs", "args")), same(&list), "{number}");
        advance(&scheduler, &clock, 1).await;
        let history = site.get("/scheduler/api/history").await;
        assert_eq!(same(&field(&history.body, "history", "result")), same(&list), "{number}");
        site.close().await;
    }
}

/// A list of one number, with the number as it is written shortest.
fn same(list: &str) -> String {
    list.replace("e+", "e")
}

#[tokio::test]
async fn a_number_that_would_become_another_one_is_refused() {
    let (scheduler, _clock) = started().await;
    scheduler.register_function("web_exact::echo", |args: Args| async move { Ok(args.0) }).unwrap();
    let site = Site::of(&scheduler).await;
    let kept = site.ask("POST", "/scheduler/api/jobs", &JSON, &request(r#""args": []"#)).await;
    assert_eq!(kept.status, 201, "{}", kept.body);
    for number in [
        "18446744073709551616",
        "-9223372036854775809",
        "36893488147419103232",
        "3.14159265358979323846",
        "1e-400",
    ] {
        let places = [
            format!(r#""args": [{number}]"#),
            format!(r#""args": ["1", {{"deep": [{number}]}}]"#),
            format!(r#""kwargs": {{"a": {number}}}"#),
        ];
        for place in places {
            let expected = format!("the number `{number}` cannot be kept as it is");
            let refused = site.ask("POST", "/scheduler/api/jobs", &JSON, &request(&place)).await;
            assert_eq!(refused.status, 400, "{place}: {}", refused.body);
            assert!(
                refused.body.contains(&expected) && refused.body.contains("send it as a text"),
                "{}",
                refused.body
            );
            let update = format!("{{{place}}}");
            let refused = site.ask("PUT", "/scheduler/api/jobs/job_0", &JSON, &update).await;
            assert_eq!(refused.status, 400, "{place}: {}", refused.body);
            assert!(refused.body.contains(&expected), "{}", refused.body);
        }
        // As a text it is no number.
        let text = format!(r#""args": ["{number}", "\"{number}"]"#);
        let sent = site.ask("PUT", "/scheduler/api/jobs/job_0", &JSON, &format!("{{{text}}}")).await;
        assert_eq!(sent.status, 200, "{}", sent.body);
    }
    assert_eq!(scheduler.jobs().await.unwrap().len(), 1);
    site.close().await;
}
