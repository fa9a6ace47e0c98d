//! What attributes leave behind: functions as they were, and jobs as written.

use std::sync::Arc;
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::schedule::{Fold, Gap};
use fastscheduler::storage::MemoryStorage;
use fastscheduler::{CatchUp, Function, Job, Lane, Overlap};
use serde_json::json;

/// Sends a greeting.
///
///     indented
/// More of it.
#[daily(
    at = "14:30",
    name = "greeting",
    group = "mail",
    tz = "America/New_York",
    retries = 7,
    timeout = "1m 30s",
    catch_up = "all",
    overlap = "queue",
    jitter = 2.5,
    gap = "shift",
    fold = "both",
    enabled = false,
    args("Zoë \"Z\" \\ \n\u{1}", -5),
    kwargs(ratio = 0.5, r#type = [1, [true, null]])
)]
#[weekly(weekends, at = "09:00", kwargs(name = "all"), args())]
#[every(1.5, minutes, no_catch_up, args("x", 1, 2.0, null))]
async fn greet(
    name: String,
    _context: JobContext,
    count: Option<i64>,
    ratio: Option<f64>,
    r#type: Option<serde_json::Value>,
) -> String {
    format!("{name} {count:?} {ratio:?} {type:?}")
}
const LINE_OF_GREET: u32 = line!() - 9;

#[job(module = "somewhere.else")]
fn registered_only() {}

#[every(1, hour)]
#[cfg_attr(all(), hourly(at = ":15"), daily(at = "12:00"))]
fn with_siblings_out_of_sight() {}

#[every(1, hour)]
#[cfg(any())]
fn not_there() {}

mod inner {
    macro_rules! jobs {
        ($($name:ident),*) => {$(
            #[fastscheduler::every(1, hour)]
            fn $name(_args: fastscheduler::Args) {}
        )*};
    }
    jobs!(first, second);
}

#[monthly(last, at = "00:00")]
#[cron("0 9 * * MON-FRI", tz = "Asia/Tokyo")]
#[once(60)]
#[at("2127-12-25T00:00:00+01:00")]
#[hourly(at = ":30")]
async fn by_every_other_schedule() {}

/// Attributes that cannot see each other, since they are imported under other names.
mod in_order {
    use fastscheduler::every;
    use fastscheduler::{every as ticks, hourly as chimes};

    #[ticks(1, hour)]
    #[chimes(at = ":02")]
    fn up_and_down() {}

    #[chimes(at = ":01")]
    #[ticks(2, hours)]
    fn down_and_up() {}

    #[rustfmt::skip]
    #[ticks(2, hours)] #[ticks(1, hour)] #[ticks(3, hours)] fn on_one_line() {}

    #[cfg_attr(all(), ticks(3, hours), ticks(1, hour), ticks(2, hours))]
    fn under_one_condition() {}

    #[every(1, hour)]
    #[ticks(2, hours)]
    #[every(3, hours)]
    #[ticks(4, hours)]
    fn in_turns() {}

    macro_rules! named {
        ($name:ident: $($job:literal)*) => {
            $(#[ticks(1, hour, name = $job)])*
            fn $name() {}
        };
    }
    named!(by_a_macro: "c" "a" "d" "b");

    macro_rules! at_intervals {
        ($name:ident: $($interval:literal)*) => {
            $(#[cfg_attr(all(), ticks($interval, hours))])*
            fn $name() {}
        };
    }
    at_intervals!(by_a_macro_under_conditions: 3 1 4 2);
}

async fn scheduler() -> Scheduler {
    Scheduler::builder().storage(MemoryStorage::default()).timezone("UTC").build().await.unwrap()
}

async fn function(name: &str) -> Arc<Function> {
    let functions = scheduler().await.functions();
    let mut found = functions.into_iter().filter(|function| function.key().name() == name);
    let function = found.next().unwrap();
    assert!(found.next().is_none(), "`{name}` is registered once");
    function
}

async fn jobs(function: &str) -> Vec<Job> {
    let mut jobs = scheduler().await.jobs().await.unwrap();
    jobs.retain(|job| job.function().name() == function);
    jobs
}

#[tokio::test]
async fn a_function_stays_as_it_was_written() {
    registered_only();
    with_siblings_out_of_sight();
    by_every_other_schedule().await;
}

#[tokio::test]
async fn a_function_is_registered_with_all_that_is_known_of_it() {
    let greet = function("greet").await;
    assert_eq!(greet.key().module(), "attributes");
    assert_eq!(greet.documentation(), "Sends a greeting.\n\n    indented\nMore of it.");
    assert!(greet.file().ends_with("attributes.rs"), "{}", greet.file());
    assert_eq!(greet.line(), LINE_OF_GREET);
    assert_eq!(greet.lane(), Lane::Async);
    let names: Vec<&str> = greet.parameters().iter().map(fastscheduler::Parameter::name).collect();
    assert_eq!(names, ["name", "_context", "count", "ratio", "type"]);

    let registered = function("registered_only").await;
    assert_eq!(registered.key().to_string(), "somewhere.else::registered_only");
    assert_eq!(registered.lane(), Lane::Blocking);
    assert_eq!(function("second").await.key().to_string(), "attributes::inner::second");
    assert!(scheduler().await.functions().iter().all(|function| function.key().name() != "not_there"));
}

#[tokio::test]
async fn each_attribute_declares_one_job() {
    let count = |jobs: Vec<Job>| jobs.len();
    assert_eq!(count(jobs("greet").await), 3);
    assert_eq!(count(jobs("registered_only").await), 0);
    assert_eq!(count(jobs("with_siblings_out_of_sight").await), 3);
    assert_eq!(count(jobs("first").await), 1);
}

#[tokio::test]
async fn jobs_of_one_function_are_in_the_order_of_their_attributes() {
    // Jobs are numbered in the order in which a function declares them.
    let said = async |function| {
        let jobs = jobs(function).await.into_iter().map(|job| match job.name() {
            name if name == function => job.definition().schedule.to_string(),
            name => name.to_owned(),
        });
        jobs.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(said("with_siblings_out_of_sight").await, "Every 1 hour, Hourly at :15, Daily at 12:00");
    assert_eq!(said("up_and_down").await, "Every 1 hour, Hourly at :02");
    assert_eq!(said("down_and_up").await, "Hourly at :01, Every 2 hours");
    assert_eq!(said("on_one_line").await, "Every 2 hours, Every 1 hour, Every 3 hours");
    assert_eq!(said("under_one_condition").await, "Every 3 hours, Every 1 hour, Every 2 hours");
    assert_eq!(said("in_turns").await, "Every 1 hour, Every 2 hours, Every 3 hours, Every 4 hours");
    assert_eq!(said("by_a_macro").await, "c, a, d, b");
    assert_eq!(
        said("by_a_macro_under_conditions").await,
        "Every 3 hours, Every 1 hour, Every 4 hours, Every 2 hours"
    );
}

#[tokio::test]
async fn every_modifier_reaches_the_job() {
    let jobs = jobs("greet").await;
    let [daily, weekly, every] = jobs.as_slice() else { panic!("{jobs:?}") };
    let definition = daily.definition();
    assert_eq!((daily.name(), daily.group()), ("greeting", "mail"));
    assert!(daily.is_paused());
    assert_eq!(definition.args, [json!("Zoë \"Z\" \\ \n\u{1}"), json!(-5)]);
    assert_eq!(json!(definition.kwargs), json!({"ratio": 0.5, "type": [1, [true, null]]}));
    assert_eq!(definition.policy.max_retries, 7);
    assert_eq!(definition.policy.timeout, Some(Duration::from_secs(90)));
    assert_eq!(definition.policy.catch_up, CatchUp::All);
    assert_eq!(definition.policy.overlap, Overlap::Queue);
    assert_eq!(definition.policy.jitter, Some(Duration::from_millis(2_500)));
    assert_eq!(definition.schedule.zone, Some(chrono_tz::America::New_York));
    assert_eq!((definition.schedule.gap, definition.schedule.fold), (Some(Gap::Shift), Some(Fold::Both)));

    assert_eq!((weekly.name(), weekly.is_paused()), ("greet", false));
    assert_eq!(json!(weekly.definition().kwargs), json!({"name": "all"}));
    assert_eq!(every.definition().policy.catch_up, CatchUp::None);
    assert_eq!(every.definition().args, [json!("x"), json!(1), json!(2.0), json!(null)]);
}

#[tokio::test]
async fn every_schedule_means_what_its_builder_means() {
    use fastscheduler::schedule;
    let jobs = [jobs("greet").await, jobs("by_every_other_schedule").await].concat();
    let mut declared: Vec<String> = Vec::new();
    for job in &jobs {
        declared.push(job.definition().schedule.compile(chrono_tz::UTC).unwrap().to_string());
    }
    let built = [
        schedule::daily().at("14:30").tz("America/New_York").definition(),
        schedule::weekly().weekends().at("09:00").definition(),
        schedule::every(90).seconds().definition(),
        schedule::monthly().last_day().at("00:00").definition(),
        schedule::cron("0 9 * * MON-FRI").tz("Asia/Tokyo").definition(),
        schedule::once(60).definition(),
        schedule::at("2127-12-25T00:00:00+01:00").definition(),
        schedule::hourly().at(":30").definition(),
    ];
    let built: Vec<String> =
        built.map(|definition| definition.unwrap().compile(chrono_tz::UTC).unwrap().to_string()).into();
    assert_eq!(declared, built);
}
