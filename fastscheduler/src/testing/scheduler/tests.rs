use std::future::{pending, ready};
use std::time::Duration;

use super::*;
use crate::registry::State;
use crate::schedule::{every, once};

const MINUTE: Duration = Duration::from_mins(1);

fn message(error: &TestError) -> String {
    error.to_string()
}

#[tokio::test]
async fn a_job_that_does_not_end_is_named() {
    let test = scheduler().patience(Duration::from_millis(50)).start().await.unwrap();
    let stuck = once(10).run("stuck", || async { pending::<()>().await });
    let id = test.add(stuck.timeout(Duration::from_secs(20)).retries(0)).await.unwrap();
    let error = test.advance(MINUTE).await.unwrap_err();
    assert_eq!(
        message(&error),
        format!(
            "job `stuck` ({id}) is still running after 50ms of real time; let happen what it waits for, \
             or move `clock()` to where it times out"
        )
    );
    // As it says.
    test.clock().advance(Duration::from_secs(20));
    test.advance(MINUTE).await.unwrap();
    assert_eq!(test.ran("stuck").await.unwrap().failed().times(), ["2026-01-05 00:00:10"]);
}

#[tokio::test]
async fn a_name_that_nothing_has_is_a_mistake() {
    let test = scheduler().start().await.unwrap();
    let error = test.ran("reprot").await.unwrap_err();
    assert_eq!(message(&error), "no job or function is named `reprot`; there are none");
    let id = test.add(once(1).run("report", || ready(()))).await.unwrap();
    test.add(every(1).hours().run("mail", || ready(()))).await.unwrap();
    assert!(test.ran("report").await.unwrap().is_empty());
    let error = test.ran("reprot").await.unwrap_err();
    assert_eq!(message(&error), "no job or function is named `reprot`; did you mean `report`?");
    let error = test.ran("invoice").await.unwrap_err();
    assert_eq!(message(&error), "no job or function is named `invoice`; there are `mail`, `report`");
    // One-time jobs leave the list, and cancelled ones do.
    test.advance(MINUTE).await.unwrap();
    assert_eq!(test.job(id).await.unwrap(), None);
    assert_eq!(test.ran("closure::report").await.unwrap().len(), 1);

    let mistaken = scheduler().only(["invoice"]).start().await.unwrap_err();
    assert_eq!(message(&mistaken), "no job or function is named `invoice`; there are none");
}

#[tokio::test]
async fn time_goes_forward_and_is_written_with_an_offset() {
    let test = scheduler().starting_at("2026-03-28T01:00:00+01:00").start().await.unwrap();
    assert_eq!(test.now().to_rfc3339(), "2026-03-28T00:00:00+00:00");
    let error = test.advance_to("2026-03-27T00:00:00Z").await.unwrap_err();
    assert_eq!(
        message(&error),
        "it is 2026-03-28T00:00:00+00:00 already, later than 2026-03-27T00:00:00+00:00; \
         `clock().step(..)` sets the clock on the wall back"
    );
    test.advance_to(test.now() + MINUTE).await.unwrap();
    let mistaken = scheduler().starting_at("2026-03-28").start().await.unwrap_err();
    assert_eq!(
        message(&mistaken),
        "`2026-03-28` is not an instant; write RFC 3339 with an offset, such as `2026-03-28T09:00:00+01:00`"
    );
}

#[tokio::test]
async fn a_failure_is_shown_with_its_attempts_and_a_pause_with_its_fires() {
    let test = scheduler().start().await.unwrap();
    let fetch = every(10).seconds().retries(1).run("fetch", || async {
        let busy: anyhow::Result<()> = Err(anyhow::anyhow!("busy"));
        busy
    });
    let id = test.add(fetch).await.unwrap();
    test.advance(Duration::from_secs(15)).await.unwrap();
    test.pause_job(id).await.unwrap();
    test.advance(Duration::from_secs(20)).await.unwrap();
    test.resume_job(id).await.unwrap();
    let runs = test.runs().await.unwrap();
    assert_eq!(
        runs.to_string(),
        "2026-01-05 00:00:10 fetch failed: busy\n\
         2026-01-05 00:00:10 fetch failed at attempt 2: busy\n\
         2026-01-05 00:00:20 fetch missed: paused, 2 fires\n"
    );
    assert_eq!((runs.failed().len(), runs.skipped().len(), runs.completed().len()), (2, 1, 0));
    assert_eq!(test.ran("fetch").await.unwrap().len(), 2);
    test.audit().await.unwrap().assert_clean();
}

#[tokio::test]
async fn a_restart_goes_on_with_the_same_settings_clock_and_store() {
    let state = String::from("given once");
    let mut test =
        scheduler().configure(|builder| builder.timezone("Europe/Paris").state(state)).start().await.unwrap();
    let read = || {
        let state = |state: State<String>| async move { Ok(state.0) };
        every(10).minutes().run("read", state)
    };
    let id = test.add(read()).await.unwrap();
    test.advance(10 * MINUTE).await.unwrap();
    test.stop().await.unwrap();
    test.clock().advance(25 * MINUTE);
    test.audit().await.unwrap().assert_clean();
    test.restart().await.unwrap();
    assert_eq!(test.add(read()).await.unwrap(), id);
    test.advance(10 * MINUTE).await.unwrap();
    assert_eq!(test.zone(), chrono_tz::Europe::Paris);
    assert_eq!(
        test.ran("read").await.unwrap().times(),
        ["2026-01-05 01:10:00", "2026-01-05 01:30:00", "2026-01-05 01:40:00"]
    );
    test.audit().await.unwrap().assert_clean();
    // It may be running, too.
    test.restart().await.unwrap();
    test.add(read()).await.unwrap();
    test.advance(10 * MINUTE).await.unwrap();
    assert_eq!(test.ran("read").await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_test_may_be_spawned() {
    let passed = tokio::spawn(async {
        let mut test = scheduler().start().await?;
        test.advance(MINUTE).await?;
        test.restart().await?;
        test.audit().await?;
        Ok::<_, TestError>(test.runs().await?.len())
    });
    assert_eq!(passed.await.unwrap().unwrap(), 0);
}
