//! `/metrics`: what happened, counted exactly.

#![expect(clippy::float_cmp, reason = "what is counted is a whole number")]

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use fastscheduler::prelude::*;
use fastscheduler::{Clock as _, JobUpdate, Name, Overlap, SchedulerBuilder};
use fastscheduler_tests::faulty::{Action, Fault, Faulty};
use fastscheduler_tests::held::Held;
use fastscheduler_tests::site::{PATIENCE, Site};
use fastscheduler_tests::{advance, on_manual_clock, runs, started};
use futures_util::FutureExt as _;

/// The values of a page, by name and labels.
async fn values(site: &Site) -> BTreeMap<String, f64> {
    let answer = site.get("/scheduler/metrics").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.header("content-type").starts_with("application/openmetrics-text; version=1.0.0"));
    assert!(answer.body.ends_with("# EOF\n"), "{}", answer.body);
    let lines = answer.body.lines().filter(|line| !line.starts_with('#'));
    let value = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.strip_prefix("fastscheduler_").unwrap().to_owned(), value.parse().unwrap())
    };
    let mut values = BTreeMap::new();
    for (name, value) in lines.map(value) {
        assert!(values.insert(name.clone(), value).is_none(), "{name} twice");
    }
    values
}

fn builder() -> SchedulerBuilder {
    on_manual_clock().0
}

#[tokio::test]
async fn runs_are_counted_by_function_and_outcome_exactly() {
    let (scheduler, clock) = started().await;
    for _ in 0..3 {
        scheduler.add(every(1).seconds().call("quick")).await.unwrap();
    }
    scheduler.add(once(1).retries(2).call("fails")).await.unwrap();
    advance(&scheduler, &clock, 1_000).await;
    let site = Site::of(&scheduler).await;
    let values = values(&site).await;
    let runs = |function: &str, status: &str| {
        values[&format!("runs_total{{function=\"web::{function}\",status=\"{status}\"}}")]
    };
    assert_eq!((runs("quick", "completed"), runs("quick", "failed")), (3_000.0, 0.0));
    assert_eq!((runs("fails", "completed"), runs("fails", "failed")), (0.0, 3.0));
    assert_eq!((values["retries_total"], values["dead_letters_total"]), (2.0, 1.0));
    assert_eq!((values["dead_letters_kept"], values["jobs"]), (1.0, 3.0));
    let of_quick = "{function=\"web::quick\"}";
    assert_eq!(values[&format!("run_duration_seconds_count{of_quick}")], 3_000.0);
    assert_eq!(values[&format!("run_lateness_seconds_count{of_quick}")], 3_000.0);
    assert_eq!(values["run_lateness_seconds_count{function=\"web::fails\"}"], 3.0);
    assert_eq!(values["lateness_seconds_count"], 3_003.0);
    assert_eq!(values["lateness_seconds_sum"], 0.0, "on a clock that is set by hand nothing is late");
    assert_eq!(values["lateness_seconds_bucket{le=\"+Inf\"}"], 3_003.0);
    assert!(values["store_change_seconds_count"] > 0.0);
}

#[tokio::test]
async fn how_late_an_attempt_begins_is_told() {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.max_concurrency(1).build().await.unwrap();
    scheduler.start().await.unwrap();
    let (mut held, job) = Held::new();
    scheduler.add(once(1).run("held", job)).await.unwrap();
    scheduler.add(once(2).call("quick")).await.unwrap();
    clock.advance(Duration::from_secs(2));
    held.begins().await;
    let site = Site::of(&scheduler).await;
    let busy = values(&site).await;
    assert_eq!((busy["runs_running"], busy["queue_depth"], busy["queue_waiting"]), (1.0, 1.0, 1.0));
    clock.advance(Duration::from_secs(3));
    held.succeed();
    fastscheduler::testing::quiet(&scheduler).await.unwrap();
    let values = values(&site).await;
    assert_eq!((values["runs_running"], values["queue_depth"], values["queue_waiting"]), (0.0, 0.0, 0.0));
    // One second for the held one, three for that which waited for its slot.
    assert_eq!((values["lateness_seconds_count"], values["lateness_seconds_sum"]), (2.0, 4.0));
    assert_eq!(values["lateness_seconds_bucket{le=\"0.5\"}"], 0.0);
    assert_eq!(values["lateness_seconds_bucket{le=\"1.0\"}"], 1.0);
    assert_eq!(values["lateness_seconds_bucket{le=\"5.0\"}"], 2.0);
}

#[tokio::test]
async fn how_late_attempts_begin_is_told_by_function() {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.max_concurrency(1).build().await.unwrap();
    scheduler.start().await.unwrap();
    let (mut held, job) = Held::new();
    scheduler.add(once(1).run("held", job)).await.unwrap();
    // Neither the name nor the kind of a job matters to its function.
    scheduler.add(once(2).name("digest").call("quick")).await.unwrap();
    scheduler.add(every(4).seconds().call("quick")).await.unwrap();
    clock.advance(Duration::from_secs(2));
    held.begins().await;
    let lateness = async || {
        let of = scheduler.metrics().await.unwrap().functions;
        of.into_iter().map(|(function, of)| (function.name().to_owned(), of)).collect::<BTreeMap<_, _>>()
    };
    let busy = lateness().await;
    let held_so_far = (busy["held"].lateness.count(), busy["held"].lateness.sum(), busy["held"].completed);
    assert_eq!(held_so_far, (1, Duration::from_secs(1), 0), "it counts when it begins");
    assert!(!busy.contains_key("quick"), "it has not begun");
    clock.advance(Duration::from_secs(3));
    held.succeed();
    fastscheduler::testing::quiet(&scheduler).await.unwrap();
    // Three seconds for the one that was due at 2, one for that of 4.
    let quick = &lateness().await["quick"];
    assert_eq!((quick.lateness.count(), quick.lateness.sum()), (2, Duration::from_secs(4)));
    let values = values(&Site::of(&scheduler).await).await;
    let of_quick = "function=\"web::quick\"";
    assert_eq!(values[&format!("run_lateness_seconds_count{{{of_quick}}}")], 2.0);
    assert_eq!(values[&format!("run_lateness_seconds_sum{{{of_quick}}}")], 4.0);
    assert_eq!(values[&format!("run_lateness_seconds_bucket{{le=\"0.5\",{of_quick}}}")], 0.0);
    assert_eq!(values[&format!("run_lateness_seconds_bucket{{le=\"1.0\",{of_quick}}}")], 1.0);
    assert_eq!(values[&format!("run_lateness_seconds_bucket{{le=\"5.0\",{of_quick}}}")], 2.0);
    assert_eq!(values[&format!("run_lateness_seconds_bucket{{le=\"+Inf\",{of_quick}}}")], 2.0);
}

#[tokio::test]
async fn an_attempt_is_late_as_soon_as_it_begins() {
    let (scheduler, clock) = started().await;
    let inner = scheduler.clone();
    // It looks while its thread is busy with it, before it first waits.
    let looks = move || {
        let inner = inner.clone();
        async move {
            let metrics = inner.metrics().now_or_never().expect("it does not wait").unwrap();
            let by_function: u64 = metrics.functions.values().map(|of| of.lateness.count()).sum();
            let by_name = metrics.jobs[&Name::from("looks")].lateness.count();
            anyhow::Ok((metrics.lateness.count(), by_function, by_name))
        }
    };
    scheduler.add(every(1).seconds().run("looks", looks)).await.unwrap();
    advance(&scheduler, &clock, 1).await;
    assert_eq!(runs(&scheduler).await[0].result.as_deref(), Some("[1,1,1]"));
}

#[tokio::test]
async fn fires_that_did_not_run_are_counted_by_reason() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(every(1).seconds().call("quick")).await.unwrap();
    scheduler.pause_job(&id).await.unwrap();
    advance(&scheduler, &clock, 50).await;
    scheduler.resume_job(&id).await.unwrap();
    let site = Site::of(&scheduler).await;
    assert_eq!(values(&site).await["skipped_fires_total{reason=\"paused\"}"], 50.0);
}

#[tokio::test]
async fn functions_beyond_a_number_are_counted_together() {
    let (scheduler, clock) = started().await;
    for number in 0..350 {
        scheduler
            .add(once(1).overlap(Overlap::Skip).run(format!("made {number}"), || async {}))
            .await
            .unwrap();
    }
    advance(&scheduler, &clock, 1).await;
    let values = values(&Site::of(&scheduler).await).await;
    let runs = values.iter().filter(|(name, _)| name.starts_with("runs_total"));
    assert_eq!(runs.clone().count(), 2 * 301);
    assert_eq!(runs.map(|(_, value)| value).sum::<f64>(), 350.0);
    assert_eq!(values["runs_total{function=\"(other)\",status=\"completed\"}"], 50.0);
    let lateness = values.iter().filter(|(name, _)| name.starts_with("run_lateness_seconds_count"));
    assert_eq!((lateness.clone().count(), lateness.map(|(_, value)| value).sum()), (301, 350.0));
    assert_eq!(values["run_lateness_seconds_count{function=\"(other)\"}"], 50.0);
}

/// The labels of a series by a job's name.
fn named(name: &str) -> String {
    format!("job_name=\"{name}\"")
}

#[tokio::test]
async fn runs_of_repeating_jobs_are_counted_by_name() {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.max_concurrency(1).build().await.unwrap();
    scheduler.start().await.unwrap();
    let (mut held, job) = Held::new();
    for (job, name) in [(every(10).seconds(), "digest"), (every(15).seconds(), "digest")] {
        scheduler.add(job.name(name).call("quick")).await.unwrap();
    }
    scheduler.add(cron("* * * * *").name("nightly").retries(1).call("fails")).await.unwrap();
    scheduler.add(once(10).name("once").call("quick")).await.unwrap();
    scheduler.add(now().name("digest").call("quick")).await.unwrap();
    advance(&scheduler, &clock, 62).await;
    let metrics = scheduler.metrics().await.unwrap();
    let of = |name: &str| &metrics.jobs[&Name::from(name)];
    // Both jobs of the name, and not the one that ran once.
    assert_eq!((of("digest").completed, of("digest").failed, of("digest").lateness.count()), (10, 0, 10));
    // The first attempt and its retry.
    assert_eq!((of("nightly").completed, of("nightly").failed, of("nightly").lateness.count()), (0, 2, 2));
    assert_eq!(metrics.jobs.keys().collect::<Vec<_>>(), ["digest", "nightly"]);
    assert_eq!((metrics.other_jobs.completed, metrics.other_jobs.failed), (0, 0));

    // What comes due while the only slot is taken begins three seconds late.
    scheduler.add(now().run("held", job)).await.unwrap();
    held.begins().await;
    clock.advance(Duration::from_secs(11));
    held.succeed();
    fastscheduler::testing::quiet(&scheduler).await.unwrap();
    let values = values(&Site::of(&scheduler).await).await;
    let (digest, nightly) = (named("digest"), named("nightly"));
    assert_eq!(values[&format!("job_runs_total{{{digest},status=\"completed\"}}")], 11.0);
    assert_eq!(values[&format!("job_runs_total{{{digest},status=\"failed\"}}")], 0.0);
    assert_eq!(values[&format!("job_runs_total{{{nightly},status=\"failed\"}}")], 2.0);
    assert_eq!(values[&format!("job_lateness_seconds_count{{{digest}}}")], 11.0);
    assert_eq!(values[&format!("job_lateness_seconds_sum{{{digest}}}")], 3.0);
    assert_eq!(values[&format!("job_lateness_seconds_bucket{{le=\"2.5\",{digest}}}")], 10.0);
    assert_eq!(values[&format!("job_lateness_seconds_bucket{{le=\"5.0\",{digest}}}")], 11.0);
    assert!(!values.keys().any(|series| series.contains("job_name=\"once\"")));
    assert!(!values.keys().any(|series| series.contains("overflow")), "no name was too many");
    // What was there stays as it was.
    assert_eq!(values["runs_total{function=\"web::quick\",status=\"completed\"}"], 13.0);
}

#[tokio::test]
async fn names_of_jobs_beyond_a_number_are_counted_together() {
    for (most, setting) in [(200, None), (3, Some(3)), (0, Some(0))] {
        let (builder, clock) = on_manual_clock();
        let builder = match setting {
            Some(most) => builder.max_metric_jobs(most),
            None => builder,
        };
        let scheduler = builder.build().await.unwrap();
        scheduler.start().await.unwrap();
        // One that has the name of the series for the rest is not taken for it.
        scheduler.add(every(1).seconds().name("other").call("quick")).await.unwrap();
        for number in 1..=most {
            scheduler.add(every(1).seconds().name(format!("job {number}")).call("quick")).await.unwrap();
        }
        advance(&scheduler, &clock, 2).await;
        let metrics = scheduler.metrics().await.unwrap();
        assert_eq!(metrics.jobs.len(), most, "{most}");
        assert!(metrics.jobs.values().all(|of| of.completed == 2 && of.lateness.count() == 2), "{most}");
        assert_eq!((metrics.other_jobs.completed, metrics.other_jobs.lateness.count()), (2, 2), "{most}");
        let values = values(&Site::of(&scheduler).await).await;
        let runs =
            |labels: &str| values.get(&format!("job_runs_total{{{labels},status=\"completed\"}}")).copied();
        assert_eq!(runs("job_name=\"other\",overflow=\"true\""), Some(2.0), "{most}");
        assert_eq!(runs(&named("other")), (most > 0).then_some(2.0), "{most}");
        let series = values.keys().filter(|series| series.starts_with("job_runs_total"));
        assert_eq!(series.count(), 2 * (most + 1));
        let lateness = "job_lateness_seconds_count{job_name=\"other\",overflow=\"true\"}";
        assert_eq!(values[lateness], 2.0, "{most}");
    }
}

#[tokio::test]
async fn counters_of_a_name_outlive_its_jobs_and_go_on_with_the_next() {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.max_metric_jobs(1).build().await.unwrap();
    scheduler.start().await.unwrap();
    let digest = || every(1).seconds().name("digest").call("quick");
    let count = async || scheduler.metrics().await.unwrap().jobs[&Name::from("digest")].completed;
    let id = scheduler.add(digest()).await.unwrap();
    advance(&scheduler, &clock, 3).await;
    scheduler.cancel_job(&id).await.unwrap();
    assert_eq!(count().await, 3);
    // Its name is still the one that is counted by itself.
    let id = scheduler.add(every(1).seconds().name("report").call("quick")).await.unwrap();
    advance(&scheduler, &clock, 2).await;
    assert_eq!(count().await, 3);
    assert_eq!(scheduler.metrics().await.unwrap().other_jobs.completed, 2);
    // A job that gets another name is counted under that.
    scheduler.update_job(&id, JobUpdate::new().name("digest")).await.unwrap();
    advance(&scheduler, &clock, 1).await;
    assert_eq!(count().await, 4);
    // A job that is made to run once does so under no name.
    scheduler.update_job(&id, JobUpdate::new().schedule(once(1))).await.unwrap();
    advance(&scheduler, &clock, 1).await;
    assert_eq!((count().await, scheduler.metrics().await.unwrap().other_jobs.completed), (4, 2));
}

#[tokio::test]
async fn attempts_that_are_cancelled_are_counted_by_name_as_they_are_by_function() {
    let (scheduler, clock) = started().await;
    let (mut held, job) = Held::new();
    let running = scheduler.add(every(10).seconds().run("running", job)).await.unwrap();
    let retried = scheduler.add(every(10).seconds().name("retried").call("fails")).await.unwrap();
    clock.advance(Duration::from_secs(10));
    held.begins().await;
    let has_failed = async {
        while scheduler.metrics().await.unwrap().jobs[&Name::from("retried")].failed == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, has_failed).await.unwrap();
    // One is cut short, and of the other a retry that waits is not begun.
    scheduler.cancel_job(&running).await.unwrap();
    scheduler.cancel_job(&retried).await.unwrap();
    fastscheduler::testing::quiet(&scheduler).await.unwrap();
    let metrics = scheduler.metrics().await.unwrap();
    let by_function: u64 = metrics.functions.values().map(|of| of.failed).sum();
    let by_name: Vec<_> = metrics.jobs.iter().map(|(name, of)| (name.as_str(), of.failed)).collect();
    assert_eq!((by_function, by_name), (3, vec![("retried", 2), ("running", 1)]));
}

#[tokio::test]
async fn names_of_jobs_are_data() {
    let (scheduler, clock) = started().await;
    scheduler.add(every(1).seconds().name("a\"b\\c\nd <b>").call("quick")).await.unwrap();
    advance(&scheduler, &clock, 1).await;
    let values = values(&Site::of(&scheduler).await).await;
    let labels = "job_name=\"a\\\"b\\\\c\\nd <b>\",status=\"completed\"";
    assert_eq!(values[&format!("job_runs_total{{{labels}}}")], 1.0);
}

#[tokio::test]
async fn names_of_functions_are_data() {
    let (scheduler, clock) = started().await;
    scheduler.add(once(1).run("a\"b\\c\nd", || async {})).await.unwrap();
    advance(&scheduler, &clock, 1).await;
    let answer = Site::of(&scheduler).await.get("/scheduler/metrics").await;
    let line = answer.body.lines().find(|line| line.starts_with("fastscheduler_runs_total")).unwrap();
    assert!(line.contains(r#"a\"b\\c\nd"#), "{line}");
}

#[tokio::test]
async fn changes_that_the_store_could_not_make_are_counted() {
    let store = Faulty::default();
    let scheduler = builder().storage(store.clone()).build().await.unwrap();
    store.once(Action::Add, Fault::Fails);
    scheduler.add(every(1).hours().call("quick")).await.unwrap_err();
    let values = values(&Site::of(&scheduler).await).await;
    assert_eq!((values["store_failures_total"], values["up"]), (1.0, 0.0));
}

#[tokio::test]
async fn those_who_listen_and_what_runs_here_are_told() {
    let (scheduler, _clock) = started().await;
    let site = Site::of(&scheduler).await;
    let mut events = site.listen("/scheduler/events?stream=changes", &[]).await;
    events.named("snapshot").await;
    let listener = scheduler.subscribe();
    let values = values(&site).await;
    assert_eq!((values["event_streams"], values["event_listeners"], values["up"]), (1.0, 2.0, 1.0));
    assert_eq!(values[&format!("build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))], 1.0);
    drop(listener);
}

#[tokio::test]
async fn problems_are_counted_by_kind() {
    let (scheduler, clock) = started().await;
    let site = Site::of(&scheduler).await;
    clock.step(clock.now() - TimeDelta::hours(1));
    advance(&scheduler, &clock, 1).await;
    let counted = |values: &BTreeMap<String, f64>| {
        let code = "{code=\"clock_set_back\"}";
        (values[&format!("problems_total{code}")], values[&format!("problems_present{code}")])
    };
    assert_eq!(counted(&values(&site).await), (1.0, 1.0));
    advance(&scheduler, &clock, 3_700).await;
    assert_eq!(counted(&values(&site).await), (1.0, 0.0));
}
