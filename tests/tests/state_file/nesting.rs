//! Deeply nested values: they are bounded where they enter, and whatever was
//! written can be read.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::testing::ManualClock;
use fastscheduler::{JobUpdate, Run, RunStatus};
use fastscheduler_tests::life::{Life, WAYS};
use fastscheduler_tests::state_folder::{Everything, StateFolder};
use fastscheduler_tests::{Script, advance, monday, runs};
use serde::ser::{Serialize, SerializeSeq as _, Serializer};
use serde_json::Value;

/// Arrays in arrays, without memory for each level, so that dropping it is safe.
#[derive(Clone, Copy)]
struct Nested(usize);

impl Serialize for Nested {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(inner) = self.0.checked_sub(1) else { return serializer.serialize_u8(0) };
        let mut array = serializer.serialize_seq(Some(1))?;
        array.serialize_element(&Nested(inner))?;
        array.end()
    }
}

impl Nested {
    fn text(self) -> String {
        format!("{}0{}", "[".repeat(self.0), "]".repeat(self.0))
    }
}

/// Objects in objects, as a value that a function has built.
fn objects(depth: usize) -> Value {
    // `json!` would copy everything inside at each level.
    (0..depth).fold(Value::from(0), |inner, _| Value::Object([("a".to_owned(), inner)].into_iter().collect()))
}

const TOO_DEEP: &str = "the returned value is nested more than 128 deep; the function has already done its work, so it is not retried";

fn outcome(run: &Run) -> (RunStatus, Option<&str>, Option<&str>) {
    (run.status, run.result.as_deref(), run.error.as_deref())
}

#[test]
fn a_result_of_128_levels_is_kept_and_a_deeper_one_fails_its_run_without_a_retry() {
    for way in WAYS {
        let script = Script::default();
        let life = Life::begin(StateFolder::new(), &script, 0, way);
        let depths = [0, 1, 100, 127, 128, 129, 2_000, 100_000];
        for depth in depths {
            life.add(once(1).run(format!("{depth}"), move || async move { anyhow::Ok(Nested(depth)) }));
        }
        for depth in [128, 129, 2_000, 100_000] {
            life.add(once(2).run(format!("{depth}"), move || async move { anyhow::Ok(objects(depth)) }));
        }
        life.advance(60);
        let before = life.run(runs(&life.scheduler));
        assert_eq!(before.len(), depths.len() + 4, "none is retried");
        for run in &before {
            let depth: usize = run.job_name.parse().unwrap();
            let is_array = run.scheduled_for() == monday() + Duration::from_secs(1);
            let text = if is_array { Nested(depth).text() } else { objects(depth.min(128)).to_string() };
            let expected = match depth {
                0..=128 => (RunStatus::Completed, Some(text.as_str()), None),
                _ => (RunStatus::Failed, None, Some(TOO_DEEP)),
            };
            assert_eq!(outcome(run), expected, "{depth}");
        }
        let everything = life.everything();
        assert_eq!(everything.letters.len(), 6);
        let life = Life::begin(life.end(), &script, 60, way);
        assert!(life.everything() == everything, "{way:?}");
        assert_eq!(life.run(runs(&life.scheduler)), before, "{way:?}");
    }
}

#[job]
fn returns_nested(depth: usize) -> Nested {
    Nested(depth)
}

#[tokio::test]
async fn a_thread_does_not_overflow_either() {
    let folder = StateFolder::new();
    let clock = ManualClock::new(monday());
    let scheduler = folder.started(&clock).await;
    scheduler.add(once(1).call("returns_nested").args([100_000])).await.unwrap();
    advance(&scheduler, &clock, 60).await;
    assert_eq!(outcome(&runs(&scheduler).await[0]), (RunStatus::Failed, None, Some(TOO_DEEP)));
}

#[tokio::test]
async fn a_result_that_is_not_json_fails_its_run_without_a_retry() {
    let folder = StateFolder::new();
    let clock = ManualClock::new(monday());
    let scheduler = folder.started(&clock).await;
    let keys_are_pairs = || async { anyhow::Ok(std::collections::BTreeMap::from([((1, 2), 3)])) };
    scheduler.add(once(1).run("pairs", keys_are_pairs)).await.unwrap();
    advance(&scheduler, &clock, 60).await;
    let all = runs(&scheduler).await;
    assert_eq!((all.len(), all[0].status), (1, RunStatus::Failed));
    let error = all[0].error.as_deref().unwrap();
    assert!(error.starts_with("the returned value is not JSON: key must be a string"), "{error}");
    assert!(error.ends_with("; the function has already done its work, so it is not retried"), "{error}");
}

#[tokio::test]
async fn a_large_result_that_is_nested_too_deep_fails_as_well() {
    let folder = StateFolder::new();
    let clock = ManualClock::new(monday());
    let scheduler = folder.started(&clock).await;
    let large = || async { anyhow::Ok(("x".repeat(10_000), Nested(128))) };
    scheduler.add(once(1).run("large", large)).await.unwrap();
    let large = || async { anyhow::Ok(("x".repeat(10_000), Nested(127))) };
    scheduler.add(once(2).run("larger than is kept", large)).await.unwrap();
    advance(&scheduler, &clock, 60).await;
    let all = runs(&scheduler).await;
    assert_eq!(outcome(&all[0]), (RunStatus::Failed, None, Some(TOO_DEEP)));
    let note = "\"the result of 10260 bytes was not kept; the limit is 4096\"";
    assert_eq!(outcome(&all[1]), (RunStatus::Completed, Some(note), None));
}

#[tokio::test]
async fn arguments_of_100_levels_come_back_and_deeper_ones_are_refused() {
    const REFUSED: &str = "the arguments cannot be used: they are nested more than 100 deep";
    let folder = StateFolder::new();
    let clock = ManualClock::new(monday());
    let scheduler = folder.started(&clock).await;
    scheduler.register_function("takes", |_: Args, _: Kwargs| async { anyhow::Ok(()) }).unwrap();
    let job = || every(10).seconds().call("takes");
    let named = |depth| [("a", Nested(depth))];
    let id = scheduler.add(job().args([Nested(100)]).kwargs(named(100))).await.unwrap();
    let stored = scheduler.job(&id).await.unwrap().unwrap();
    for depth in [101, 102, 103, 2_000, 100_000] {
        for refused in [
            job().args([Nested(depth)]),
            job().args((1, Nested(depth))),
            job().args(Nested(depth + 1)),
            job().kwargs(named(depth)),
            job().args([objects(depth)]),
            job().kwargs(std::collections::BTreeMap::from(named(depth))),
        ] {
            let error = scheduler.add(refused).await.unwrap_err();
            assert_eq!(error.to_string(), REFUSED, "{depth}");
        }
        for refused in
            [JobUpdate::new().args([Nested(depth)]), JobUpdate::new().kwargs(named(depth)).retries(1)]
        {
            let error = scheduler.update_job(&id, refused).await.unwrap_err();
            assert_eq!(error.to_string(), REFUSED, "{depth}");
        }
    }
    let update = JobUpdate::new().args([Nested(99), Nested(100)]).kwargs([("b", objects(100))]);
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap(), stored, "a refused update changes nothing");
    scheduler.update_job(&id, update).await.unwrap();
    let before = scheduler.job(&id).await.unwrap().unwrap();
    assert_eq!(before.definition().args, [99, 100].map(|depth| serde_json::to_value(Nested(depth)).unwrap()));
    scheduler.stop().await.unwrap();
    let store = folder.open().unwrap();
    assert_eq!(Everything::of(&store).await.stored.jobs, [before]);
}
