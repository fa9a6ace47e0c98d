//! Records that the store refuses for good.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::Change;
use fastscheduler::testing::ManualClock;
use fastscheduler::{Clock as _, ProblemCode, RunStatus, testing};
use fastscheduler_tests::faulty::Faulty;
use fastscheduler_tests::{on_manual_clock, runs};

const TEN_SECONDS: Duration = Duration::from_secs(10);

/// Whether a change is the record of an attempt with a text of more than a thousand
/// bytes.
fn is_long(change: &Change) -> bool {
    let Change::EndAttempt(ended) = change else { return false };
    let length = |text: Option<&str>| text.map_or(0, str::len);
    length(ended.run.error.as_deref()) + length(ended.run.result.as_deref()) > 1_000
}

/// All fires until now are accounted for.
async fn assert_clean(storage: &Faulty, clock: &ManualClock) {
    testing::audit(storage).zone(chrono_tz::UTC).until(clock.now()).await.unwrap().assert_clean();
}

#[tokio::test]
async fn a_short_record_takes_the_place_of_one_that_is_refused_and_the_others_are_stored() {
    let storage = Faulty::default();
    storage.refuses(is_long);
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    let names = ["before", "returns", "fails", "after"];
    let mut ids = Vec::new();
    for name in names {
        let long = "x".repeat(2_000);
        let job = every(10).seconds().retries(0).run(name, async move |context: JobContext| {
            let is_first = context.scheduled_for().timestamp() % 20 == 10;
            match context.job_name() {
                "returns" if is_first => Ok(long),
                "fails" if is_first => anyhow::bail!(long),
                _ => Ok(String::new()),
            }
        });
        ids.push(scheduler.add(job).await.unwrap());
    }
    testing::advance(&scheduler, &clock, TEN_SECONDS).await.unwrap();
    let shown: Vec<_> = runs(&scheduler)
        .await
        .into_iter()
        .map(|run| (run.job_name.to_string(), run.status, run.result.is_some(), run.error))
        .collect();
    let shortened =
        format!("{} (shortened, since the store refused the record: it does not fit)", "x".repeat(200));
    let expected = [
        ("before".to_owned(), RunStatus::Completed, true, None),
        ("returns".to_owned(), RunStatus::Completed, false, None),
        ("fails".to_owned(), RunStatus::Failed, false, Some(shortened.clone())),
        ("after".to_owned(), RunStatus::Completed, true, None),
    ];
    assert_eq!(shown, expected);
    assert_eq!(scheduler.dead_letters(9).await.unwrap()[0].run.error, Some(shortened));
    let problems: Vec<_> =
        scheduler.problems().await.unwrap().iter().map(|problem| (problem.code, problem.job)).collect();
    let refused = |place: usize| (ProblemCode::RecordRefused, Some(ids[place]));
    assert_eq!(problems, [refused(1), refused(2)]);
    // Their next records are whole.
    testing::advance(&scheduler, &clock, TEN_SECONDS).await.unwrap();
    assert_eq!(scheduler.problems().await.unwrap(), []);
    assert_eq!(runs(&scheduler).await.len(), 8);
    assert_clean(&storage, &clock).await;
}

#[tokio::test]
async fn a_record_that_is_refused_however_short_holds_up_no_other() {
    let storage = Faulty::default();
    storage
        .refuses(|change| matches!(change, Change::EndAttempt(ended) if &*ended.run.job_name == "refused"));
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    for name in ["refused", "other"] {
        scheduler.add(every(10).seconds().run(name, async || {})).await.unwrap();
    }
    for _ in 0..3 {
        testing::advance(&scheduler, &clock, TEN_SECONDS).await.unwrap();
    }
    let names: Vec<_> = runs(&scheduler).await.iter().map(|run| run.job_name.to_string()).collect();
    assert_eq!(names, ["other"; 3]);
    assert_eq!(scheduler.problems().await.unwrap()[0].code, ProblemCode::RecordRefused);
}

#[tokio::test]
async fn a_claim_that_is_refused_holds_up_no_other_and_its_attempt_still_runs() {
    let storage = Faulty::default();
    storage.refuses(|change| {
        let Change::Claim(claims) = change else { return false };
        claims.iter().any(|claimed| claimed.entry.job.to_string() == "job_1")
    });
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    for name in ["before", "refused", "after"] {
        scheduler.add(every(10).seconds().run(name, async || {})).await.unwrap();
    }
    for round in 1..=2 {
        testing::advance(&scheduler, &clock, TEN_SECONDS).await.unwrap();
        let mut names: Vec<_> = runs(&scheduler).await.iter().map(|run| run.job_name.to_string()).collect();
        names.sort_unstable();
        let once = ["after", "before", "refused"];
        assert_eq!(names, once.map(|name| vec![name; round]).concat());
        let counted = scheduler.metrics().await.unwrap().problems[&ProblemCode::RecordRefused];
        assert_eq!((counted.begun, counted.present), (round as u64, 0), "its end is recorded");
    }
    assert_clean(&storage, &clock).await;
}

#[tokio::test]
async fn a_record_of_skipped_fires_that_is_refused_holds_up_no_claim_and_no_other_record() {
    let storage = Faulty::default();
    storage.refuses(|change| matches!(change, Change::Skip(skipped) if &*skipped.run.job_name == "refused"));
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    let refused = every(100).seconds().no_catch_up().run("refused", async || {});
    let refused = scheduler.add(refused).await.unwrap();
    scheduler.add(every(100).seconds().no_catch_up().run("skipped", async || {})).await.unwrap();
    scheduler.add(every(100).seconds().run("made up for", async || {})).await.unwrap();
    // All of them are over a minute late.
    clock.advance(Duration::from_secs(390));
    testing::quiet(&scheduler).await.unwrap();
    let shown = async || {
        let of = |run: &fastscheduler::Run| (run.job_name.to_string(), run.status == RunStatus::Completed);
        let mut shown: Vec<_> = runs(&scheduler).await.iter().map(of).collect();
        shown.sort_unstable();
        shown
    };
    let made_up_for = "made up for".to_owned();
    let mut expected = vec![(made_up_for.clone(), false), (made_up_for, true), ("skipped".to_owned(), false)];
    assert_eq!(shown().await, expected);
    let problems = scheduler.problems().await.unwrap();
    assert_eq!((problems[0].code, problems[0].job), (ProblemCode::RecordRefused, Some(refused)));
    testing::advance(&scheduler, &clock, TEN_SECONDS).await.unwrap();
    expected.extend(["made up for", "refused", "skipped"].map(|name| (name.to_owned(), true)));
    expected.sort_unstable();
    assert_eq!(shown().await, expected);
    assert_eq!(scheduler.problems().await.unwrap(), []);
}
