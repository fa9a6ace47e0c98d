//! What job functions take and return, through the registry.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{Lane, NewJob, ParameterSource, SchedulerError};
use fastscheduler_tests::{on_manual_clock, runs};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Clone)]
struct Db(&'static str);

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    id: u32,
    tags: Vec<String>,
}

#[derive(Debug)]
struct OnlyDisplay;

impl fmt::Display for OnlyDisplay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("only displayed")
    }
}

#[derive(Debug)]
struct Caused(std::num::ParseIntError);

impl fmt::Display for Caused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the id is wrong")
    }
}

impl Error for Caused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

mod returns {
    use super::*;

    #[job]
    pub(super) async fn nothing() {}

    #[job]
    pub(super) fn number() -> u64 {
        42
    }

    #[job]
    pub(super) async fn order() -> Order {
        Order { id: 7, tags: vec!["new".to_owned()] }
    }

    #[job]
    pub(super) async fn something_to_serialize() -> impl Serialize {
        ["a", "b"]
    }

    #[job]
    pub(super) async fn optional() -> Option<u8> {
        None
    }

    #[job]
    pub(super) async fn anyhow_ok() -> anyhow::Result<&'static str> {
        Ok("fine")
    }

    #[job]
    pub(super) async fn anyhow_err() -> anyhow::Result<()> {
        Err(anyhow::anyhow!("root").context("outer"))
    }

    #[job]
    pub(super) fn own_error() -> Result<u8, Caused> {
        Err(Caused("x".parse::<u8>().unwrap_err()))
    }

    #[job]
    pub(super) fn boxed_error() -> Result<(), Box<dyn Error + Send + Sync>> {
        Err("boxed".into())
    }

    #[job]
    pub(super) async fn displayed_error() -> Result<(), OnlyDisplay> {
        Err(OnlyDisplay)
    }

    #[job]
    pub(super) async fn text_error() -> Result<Order, String> {
        Err("just text".to_owned())
    }

    #[job]
    pub(super) async fn permanent_error() -> Result<(), Permanent> {
        Err(Permanent(anyhow::anyhow!("for good")))
    }

    #[job]
    pub(super) fn boxed_permanent_error() -> Result<(), Box<dyn Error + Send + Sync>> {
        Err(Box::new(Permanent::new(anyhow::anyhow!("boxed for good"))))
    }

    #[job]
    pub(super) fn large() -> String {
        "x".repeat(5_000)
    }

    #[job]
    pub(super) fn at_the_limit() -> String {
        "x".repeat(4_094)
    }
}

mod takes {
    use super::*;

    /// Sends a mail.
    ///
    /// To one person.
    #[job]
    pub(super) async fn mail(
        db: State<Db>,
        to: String,
        context: JobContext,
        subject: Option<String>,
    ) -> String {
        format!("{} {to} {subject:?} {}", db.0.0, context.job_name())
    }

    #[job]
    pub(super) fn everything(args: Args, kwargs: Kwargs) -> (Vec<Value>, Value) {
        (args.0, Value::Object(kwargs.0))
    }

    #[job]
    pub(super) async fn order(
        order: Order,
        (left, right): (u8, u8),
        prices: BTreeMap<String, f64>,
    ) -> String {
        format!("{} {left} {right} {prices:?}", order.id)
    }

    #[job(module = "dev.test_app")]
    pub(super) async fn elsewhere() {}
}

/// A module of a program that answers requests with axum as well.
mod with_axum {
    use axum::extract::State;
    use fastscheduler::prelude::*;

    use super::Db;

    pub(super) async fn handler(State(db): State<Db>) -> &'static str {
        db.0
    }

    #[job]
    async fn vacuum(JobState(db): JobState<Db>) -> &'static str {
        db.0
    }

    #[job]
    fn vacuum_by_path(db: fastscheduler::State<Db>) -> &'static str {
        db.0.0
    }
}

async fn world() -> (Scheduler, ManualClock) {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.state(Db("main")).build().await.unwrap();
    scheduler.start().await.unwrap();
    (scheduler, clock)
}

/// Runs a function once; its result as JSON, or its error.
async fn outcome_of(function: &str) -> Result<Option<Arc<str>>, String> {
    let (scheduler, clock) = world().await;
    scheduler.add(once(1).retries(0).call(function)).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(1)).await.unwrap();
    let run = runs(&scheduler).await.remove(0);
    run.error.map_or(Ok(run.result), Err)
}

#[tokio::test]
async fn what_a_function_returns_is_kept_as_json() {
    for (function, expected) in [
        ("returns::nothing", None),
        ("returns::number", Some("42".to_owned())),
        ("returns::order", Some(r#"{"id":7,"tags":["new"]}"#.to_owned())),
        ("returns::something_to_serialize", Some(r#"["a","b"]"#.to_owned())),
        ("returns::optional", None),
        ("returns::anyhow_ok", Some(r#""fine""#.to_owned())),
        ("returns::at_the_limit", Some(format!("\"{}\"", "x".repeat(4_094)))),
        ("returns::large", Some(r#""the result of 5002 bytes was not kept; the limit is 4096""#.to_owned())),
    ] {
        let result = outcome_of(&format!("functions::{function}")).await.unwrap();
        assert_eq!(result.as_deref(), expected.as_deref(), "{function}");
    }
}

#[tokio::test]
async fn every_kind_of_error_is_reported_with_its_causes() {
    for (function, expected) in [
        ("anyhow_err", "outer: root"),
        ("own_error", "the id is wrong: invalid digit found in string"),
        ("boxed_error", "boxed"),
        ("displayed_error", "only displayed"),
        ("text_error", "just text"),
        ("permanent_error", "for good"),
        ("boxed_permanent_error", "boxed for good"),
    ] {
        assert_eq!(outcome_of(function).await.unwrap_err(), expected, "{function}");
    }
}

#[tokio::test]
async fn parameters_are_filled_by_position_and_by_name() {
    let (scheduler, clock) = world().await;
    let mail = |second| once(second).name(format!("mail {second}")).call("mail");
    scheduler.add(mail(1).args(["a@b.c"])).await.unwrap();
    scheduler.add(mail(2).args(("a@b.c", "hi"))).await.unwrap();
    scheduler.add(mail(3).kwargs([("to", "x"), ("subject", "y")])).await.unwrap();
    scheduler.add(mail(4).args(["a"]).kwargs(json!({"subject": null}))).await.unwrap();
    scheduler.add(once(5).call("everything").args((1, "b", [true])).kwargs(json!({"k": 1.5}))).await.unwrap();
    let order = once(6).call("takes::order").args((json!({"id": 3, "tags": []}), [1, 2]));
    scheduler
        .add(order.kwargs(BTreeMap::from([("prices", BTreeMap::from([("a", 0.5)]))])))
        .await
        .unwrap_err();
    let order = once(6).call("functions::takes::order").args((json!({"id": 3, "tags": []}), [1, 2]));
    scheduler.add(order.kwargs(BTreeMap::from([("prices", BTreeMap::from([("a", 0.5)]))]))).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(6)).await.unwrap();
    let results: Vec<_> = runs(&scheduler).await.into_iter().filter_map(|run| run.result).collect();
    let expected = [
        r#""main a@b.c None mail 1""#,
        r#""main a@b.c Some(\"hi\") mail 2""#,
        r#""main x Some(\"y\") mail 3""#,
        r#""main a None mail 4""#,
        r#"[[1,"b",[true]],{"k":1.5}]"#,
        r#""3 1 2 {\"a\": 0.5}""#,
    ];
    assert_eq!(results.iter().map(AsRef::as_ref).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_refused_when_the_job_is_made() {
    let (scheduler, _clock) = world().await;
    let mail = || once(1).call("mail");
    for (job, expected) in [
        (mail(), "parameter `to` has no value; give it by position or by name"),
        (mail().args([1]), "parameter `to`: invalid type: integer `1`, expected a string"),
        (mail().args(("a", "b", "c")), "3 positional arguments were given, but the function takes 2"),
        (
            mail().args(["a"]).kwargs([("to", "b")]),
            "parameter `to` is given by position and by name; give it once",
        ),
        (mail().args(["a"]).kwargs([("subjet", "b")]), "unknown argument `subjet`; did you mean `subject`?"),
        (
            once(1).call("functions::takes::order").args((json!({"id": 1, "tags": []}), 5)),
            "parameter number 2: invalid type",
        ),
    ] {
        let error = scheduler.add(job).await.unwrap_err();
        let SchedulerError::Arguments { error, .. } = &error else { panic!("{error}") };
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    assert!(scheduler.jobs().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_job_that_is_wrong_is_refused_with_a_sentence_and_nothing_is_added() {
    let (scheduler, clock) = world().await;
    let tick = || every(1).hours().run("tick", || async {});
    let wrong: Vec<(NewJob, &str)> = vec![
        (once(1).call("nmber").into(), "no function `nmber` is registered; did you mean `number`?"),
        (
            once(1).call("order").into(),
            "`order` is ambiguous; write one of `functions::returns::order`, `functions::takes::order`",
        ),
        (once(1).call("elsewhere::nothing").into(), "no function `elsewhere::nothing` is registered"),
        (
            once(1).name("no call").into(),
            "the job has nothing to run; add `.call(\"function\")` or `.run(\"name\", closure)`",
        ),
        (tick().name("x".repeat(201)).into(), "a name of 201 characters; use 1 to 200"),
        (tick().group("").into(), "a group of 0 characters; use 1 to 200"),
        (
            tick().timeout(Duration::ZERO).into(),
            "the timeout is wrong: `0ns` is out of range; use 1 millisecond to 100 years",
        ),
        (
            tick().tz("Europe/Lodnon").into(),
            "unknown time zone `Europe/Lodnon`; did you mean `Europe/London`?",
        ),
        (
            tick().args("text").into(),
            "the args cannot be used: `\"text\"` is no array; give an array or a tuple",
        ),
        (
            tick().kwargs([1]).into(),
            "the kwargs cannot be used: `[1]` is no object; give a map or pairs of names and values",
        ),
        (
            once(1).call("everything").args(["x".repeat(300_000)]).into(),
            "the arguments cannot be used: they are 300009 bytes",
        ),
    ];
    for (job, expected) in wrong {
        let error = scheduler.add(job).await.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}\n{expected}");
    }
    let past = at("2026-11-22 23:59:59").call("nothing");
    let error = scheduler.add(past).await.unwrap_err().to_string();
    assert!(error.contains("2026-11-22 23:59:59") && error.contains("in the past"), "{error}");
    let never = cron("0 0 30 2 *").call("nothing");
    assert!(scheduler.add(never).await.unwrap_err().to_string().contains("never fires"));
    testing::advance(&scheduler, &clock, Duration::from_secs(86_400)).await.unwrap();
    assert!(scheduler.jobs().await.unwrap().is_empty() && runs(&scheduler).await.is_empty());
}

#[tokio::test]
async fn functions_are_listed_with_what_was_written_about_them() {
    let (scheduler, _clock) = world().await;
    let functions = scheduler.functions();
    let names: Vec<_> = functions.iter().map(|function| function.key().to_string()).collect();
    assert!(names.is_sorted(), "{names:?}");
    assert!(names.contains(&"dev.test_app::elsewhere".to_owned()), "{names:?}");
    let mail = functions.iter().find(|function| function.key().name() == "mail").unwrap();
    assert_eq!(mail.documentation(), "Sends a mail.\n\nTo one person.");
    assert!(mail.file().ends_with("functions.rs") && mail.line() > 0);
    assert_eq!(mail.lane(), Lane::Async);
    let described: Vec<_> = mail
        .parameters()
        .iter()
        .map(|parameter| (parameter.name(), parameter.source(), parameter.is_optional()))
        .collect();
    let expected = [
        ("db", ParameterSource::State, true),
        ("to", ParameterSource::Value, false),
        ("context", ParameterSource::Context, true),
        ("subject", ParameterSource::Value, true),
    ];
    assert_eq!(described, expected);
    let schema = |place: usize| mail.parameters()[place].schema();
    assert_eq!(schema(1).unwrap()["type"], "string");
    assert_eq!(schema(3).unwrap()["type"], json!(["string", "null"]));
    assert_eq!(schema(0), None);
    let number = functions.iter().find(|function| function.key().name() == "number").unwrap();
    assert_eq!(number.lane(), Lane::Blocking);
}

#[tokio::test]
async fn a_function_is_registered_at_run_time_under_a_name_that_is_free() {
    let (scheduler, clock) = world().await;
    scheduler
        .register_function("greet", |name: String| async move { anyhow::Ok(format!("hello {name}")) })
        .unwrap();
    scheduler.register_function("app::mail::greet", |_args: Args| async {}).unwrap();
    // The type of the error is inferred.
    scheduler.register_function("inferred", |_args: Args| async move { Ok(()) }).unwrap();
    let taken = scheduler.register_function("greet", |_args: Args| async {}).unwrap_err().to_string();
    assert!(taken.starts_with("`greet` is registered twice: at tests/tests/functions.rs:"), "{taken}");
    scheduler.add(once(1).call("greet").args(["you"])).await.unwrap();
    scheduler.add(once(1).call("app::mail::greet")).await.unwrap();
    scheduler.add(once(1).call("greet").args([1])).await.unwrap_err();
    testing::advance(&scheduler, &clock, Duration::from_secs(1)).await.unwrap();
    let results: Vec<_> = runs(&scheduler).await.into_iter().map(|run| run.result).collect();
    assert_eq!(results, [Some("\"hello you\"".into()), None]);
}

#[tokio::test]
async fn functions_that_are_expected_must_be_there() {
    let (builder, _clock) = on_manual_clock();
    let builder = builder.state(Db("")).expect_functions(["functions::returns::number", "mail"]);
    builder.build().await.unwrap();
    let (builder, _clock) = on_manual_clock();
    let error = builder.state(Db("")).expect_functions(["my_jobs::import"]).build().await.unwrap_err();
    assert!(error.to_string().starts_with("no function `my_jobs::import` is registered"), "{error}");
}

#[tokio::test]
async fn state_that_is_missing_is_an_error_that_names_function_place_and_type() {
    let (builder, _clock) = on_manual_clock();
    let error = builder.build().await.unwrap_err().to_string();
    assert!(error.starts_with("`functions::takes::mail` at tests/tests/functions.rs:"), "{error}");
    assert!(
        error.ends_with("takes `State<functions::Db>`, which the builder was not given; add `.state(..)`"),
        "{error}"
    );
}

#[tokio::test]
async fn job_state_is_the_state_where_that_name_is_axums() {
    assert_eq!(outcome_of("vacuum").await, Ok(Some("\"main\"".into())));
    assert_eq!(outcome_of("vacuum_by_path").await, Ok(Some("\"main\"".into())));
    let request = axum::Router::new().route("/", axum::routing::get(with_axum::handler));
    let _: axum::Router = request.with_state(Db("main"));
}

#[tokio::test]
async fn the_context_tells_what_is_run() {
    let (scheduler, clock) = world().await;
    let tell = |context: JobContext| async move {
        anyhow::Ok(json!([
            context.job_id().to_string(),
            context.group(),
            context.run_id().to_string(),
            context.attempt(),
            context.idempotency_key(),
            context.is_cancelled(),
        ]))
    };
    let id = scheduler.add(every(60).seconds().group("g").run("tell", tell)).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(60)).await.unwrap();
    let run = runs(&scheduler).await.remove(0);
    let told: Value = serde_json::from_str(run.result.as_deref().unwrap()).unwrap();
    let fire = format!("{id}-s-{}", run.scheduled_for().timestamp_micros());
    assert_eq!(told, json!([id.to_string(), "g", format!("{fire}-1"), 1, fire, false]));
    assert_eq!(run.run_id.to_string().parse(), Ok(run.run_id));
}

#[test]
fn an_annotated_function_is_still_called_like_any_other() {
    assert_eq!(returns::number(), 42);
    assert_eq!(takes::everything(Args(vec![json!(1)]), Kwargs::default()).0, [json!(1)]);
}
