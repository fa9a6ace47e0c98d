//! How attempts end: the record and the dead letter say what ended each one.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::{AfterFailure, JobId, JobUpdate, Overlap, Run, RunStatus, SchedulerError};
use fastscheduler_tests::{Act, Process, Script, World};

const SECOND: Duration = Duration::from_secs(1);

/// The errors of all attempts that ended, with what follows, oldest first, and
/// those of the dead letters. The totals must agree with them.
fn endings(process: &Process) -> (Vec<String>, Vec<String>) {
    let attempts: Vec<_> = process.runs().into_iter().filter(|run| run.skipped.is_none()).collect();
    let letters = process.run(process.scheduler.dead_letters(100)).unwrap();
    let statistics = process.run(process.scheduler.statistics()).unwrap();
    let failures = attempts.iter().filter(|run| run.status == RunStatus::Failed).count() as u64;
    assert_eq!((statistics.total_runs, statistics.total_failures), (attempts.len() as u64, failures));
    for letter in &letters {
        let record = attempts.iter().find(|run| run.run_id == letter.run.run_id);
        assert_eq!(record, Some(&letter.run), "a letter is the record of the last attempt");
        assert!(letter.run.is_final() && !letter.run.will_retry(), "{:?}", letter.run);
    }
    let error = |run: &Run| match (&run.error, run.after_failure) {
        (Some(error), Some(AfterFailure::Cancelled)) => error.clone(),
        (Some(error), Some(follows)) => format!("{error}; {follows}"),
        (_, None) | (None, _) => run.status.to_string(),
    };
    (attempts.iter().map(error).collect(), letters.iter().map(|letter| error(&letter.run)).collect())
}

#[track_caller]
fn assert_endings(process: &Process, records: &[&str], letters: &[&str]) {
    let (mut found_records, found_letters) = endings(process);
    // Two attempts that end at the same instant may be recorded in either order.
    let mut records = records.to_vec();
    found_records.sort();
    records.sort_unstable();
    assert_eq!(found_records, records);
    assert_eq!(found_letters, letters, "dead letters");
}

/// Starts a job that is due each minute, and lets its first attempt hang.
fn hanging(world: &World, function: &str, overlap: Overlap) -> (Process, JobId) {
    world.script.will(&[Act::Hang]);
    let process = world.start();
    let id = process.add(every(60).seconds().overlap(overlap).timeout(SECOND * 90).call(function));
    process.run(async {
        world.clock.advance(SECOND * 60);
        world.script.has_begun(1).await;
    });
    (process, id)
}

/// Starts a job that is due once, and lets its first attempt fail.
fn retrying(world: &World) -> (Process, JobId) {
    world.script.always(Act::Fail);
    let process = world.start();
    let id = process.add(once(1).call("work"));
    process.advance(SECOND);
    (process, id)
}

#[job]
async fn fails_if_it_hangs(script: State<Script>, context: JobContext) -> anyhow::Result<()> {
    let run = context.run_id();
    script.act(context).await?;
    let has_hung = script.begun().iter().any(|begun| begun.run_id() == run && begun.act == Act::Hang);
    anyhow::ensure!(!has_hung, "boom");
    Ok(())
}

#[test]
fn a_failure_says_whether_it_is_retried() {
    for (retries, records) in [
        (0, &["boom; no retry, the job has none"][..]),
        (1, &["boom; retry 1 of 1 follows", "boom; no retry, the only one is used up"]),
        (
            2,
            &[
                "boom; retry 1 of 2 follows",
                "boom; retry 2 of 2 follows",
                "boom; no retry, all 2 are used up",
            ],
        ),
    ] {
        let world = World::default();
        world.script.always(Act::Fail);
        let process = world.start();
        process.add(once(1).retries(retries).call("work"));
        process.advance(SECOND * 30);
        assert_endings(&process, records, &records[records.len() - 1..]);
        world.audit(0);
    }
}

#[test]
fn a_panic_and_a_timeout_are_failures_like_others() {
    for function in ["work", "block"] {
        let world = World::default();
        world.script.will(&[Act::Panic, Act::Hang, Act::Hang]);
        let process = world.start();
        process.add(once(1).retries(2).timeout(SECOND * 5).call(function));
        process.advance(SECOND);
        for attempt in 2..=3 {
            process.run(async {
                world.clock.advance(SECOND * 4);
                world.script.has_begun(attempt).await;
            });
            process.jump(SECOND * 5);
            // A future is dropped at its deadline; a thread has to end.
            world.script.release(usize::from(function == "block"));
            process.settle();
        }
        process.advance(SECOND);
        let last = "timed out after 5s; no retry, all 2 are used up";
        let records =
            ["panicked: bang; retry 1 of 2 follows", "timed out after 5s; retry 2 of 2 follows", last];
        assert_endings(&process, &records, &[last]);
    }
}

#[test]
fn a_failure_whose_retry_would_be_cancelled_by_the_next_fire_says_so() {
    const GAVE_WAY: &str = "boom; no retry, the next run came first";
    let world = World::default();
    world.script.will(&[Act::Fail; 3]);
    let process = world.start();
    process.add(every(10).seconds().overlap(Overlap::Cancel).retries(3).call("work"));
    process.advance(SECOND * 20);
    assert_endings(
        &process,
        &["boom; retry 1 of 3 follows", "boom; retry 2 of 3 follows", GAVE_WAY, "completed"],
        &[GAVE_WAY],
    );
    world.audit(0);
}

#[test]
fn a_timeout_whose_retry_gives_way_says_so() {
    let world = World::default();
    world.script.will(&[Act::Hang]);
    let process = world.start();
    process.add(every(10).seconds().overlap(Overlap::Cancel).timeout(SECOND * 9).call("work"));
    process.jump(SECOND * 10);
    process.jump(SECOND * 9);
    let error = "timed out after 9s; no retry, the next run came first";
    assert_endings(&process, &[error], &[error]);
}

#[test]
fn retries_that_are_exhausted_do_not_give_way() {
    let world = World::default();
    world.script.always(Act::Fail);
    let process = world.start();
    process.add(every(1).seconds().overlap(Overlap::Cancel).retries(0).call("work"));
    process.advance(SECOND);
    assert_endings(&process, &["boom; no retry, the job has none"], &["boom; no retry, the job has none"]);
}

#[test]
fn a_retry_of_a_paused_job_gives_way_to_nothing_and_is_held() {
    let world = World::default();
    let (process, id) = hanging(&world, "fails_if_it_hangs", Overlap::Cancel);
    process.jump(SECOND * 59);
    process.run(process.scheduler.pause_job(id)).unwrap();
    world.script.release(1);
    process.settle();
    assert_endings(&process, &["boom; retry 1 of 3 follows"], &[]);
    process.run(process.scheduler.resume_job(id)).unwrap();
    process.jump(SECOND * 2);
    assert_endings(&process, &["boom; retry 1 of 3 follows", "completed", "completed"], &[]);
}

#[test]
fn an_attempt_that_is_cancelled_says_by_whom() {
    for function in ["work", "block"] {
        let world = World::default();
        let (process, _) = hanging(&world, function, Overlap::Skip);
        let run = world.script.begun()[0].run_id();
        process.run(process.scheduler.cancel_run(run)).unwrap();
        process.settle();
        assert_endings(&process, &["cancelled: the run was cancelled"], &[]);

        let world = World::default();
        let (process, id) = hanging(&world, function, Overlap::Skip);
        process.run(process.scheduler.cancel_job(id)).unwrap();
        process.settle();
        assert_endings(&process, &["cancelled: the job was cancelled"], &[]);

        let world = World::default();
        let (process, _) = hanging(&world, function, Overlap::Cancel);
        process.jump(SECOND * 60);
        world.script.release(1);
        process.advance(Duration::ZERO);
        assert_endings(&process, &["cancelled: the next fire came due", "completed"], &[]);
    }
}

#[test]
fn an_attempt_that_gives_way_to_a_run_that_was_asked_for_says_so() {
    let world = World::default();
    world.script.will(&[Act::Fail, Act::Hang]);
    let process = world.start();
    process.add(every(60).seconds().overlap(Overlap::Cancel).retries(0).call("work"));
    process.advance(SECOND * 60);
    let letter = process.run(process.scheduler.dead_letters(1)).unwrap().remove(0);
    process.jump(SECOND * 60);
    process.run(process.scheduler.retry_dead_letter(&letter.run)).unwrap();
    process.settle();
    let records =
        ["boom; no retry, the job has none", "cancelled: another run of the job began", "completed"];
    assert_endings(&process, &records, &[]);
}

#[test]
fn what_cancelled_an_attempt_first_is_what_ended_it() {
    // No task runs between the cancellation and what follows it.
    let world = World::default();
    let (process, id) = hanging(&world, "work", Overlap::Skip);
    let run = world.script.begun()[0].run_id();
    process.run(async {
        let scheduler = &process.scheduler;
        let (cancelled, removed) = tokio::join!(biased; scheduler.cancel_run(run), scheduler.cancel_job(id));
        cancelled.and(removed).unwrap();
    });
    process.settle();
    assert_endings(&process, &["cancelled: the run was cancelled"], &[]);
}

#[test]
fn an_attempt_that_was_cancelled_before_a_stop_does_not_run_again() {
    for function in ["work", "block"] {
        let world = World::default();
        let (process, _) = hanging(&world, function, Overlap::Skip);
        let run = world.script.begun()[0].run_id();
        process.run(async {
            let scheduler = &process.scheduler;
            let stopping = scheduler.stop_within(Duration::ZERO);
            let (cancelled, stopped) = tokio::join!(biased; scheduler.cancel_run(run), stopping);
            cancelled.and(stopped).unwrap();
        });
        assert_endings(&process, &["cancelled: the run was cancelled"], &[]);
        process.crash();
        let process = world.start();
        process.settle();
        assert_endings(&process, &["cancelled: the run was cancelled"], &[]);
        assert_eq!(world.script.count(), 1);
    }
}

#[test]
fn an_attempt_that_a_stop_cut_short_has_no_record_and_runs_again() {
    for function in ["work", "block"] {
        let world = World::default();
        let (process, _) = hanging(&world, function, Overlap::Skip);
        process.stop(Duration::ZERO);
        let process = world.start();
        process.advance(SECOND);
        assert_endings(&process, &["completed"], &[]);
        assert_eq!(process.runs()[0].run_id.attempt, 1);
        world.audit(0);
    }
}

#[test]
fn a_retry_that_waits_when_its_job_is_cancelled_is_recorded_as_cancelled() {
    let world = World::default();
    let (process, id) = retrying(&world);
    process.run(process.scheduler.cancel_job(id)).unwrap();
    process.advance(SECOND * 60);
    assert_endings(&process, &["boom; retry 1 of 3 follows", "cancelled: the job was cancelled"], &[]);
    let record = &process.runs()[1];
    assert_eq!((record.run_id.attempt, record.started_at), (2, None));
    world.audit(0);
}

#[test]
fn a_retry_that_waits_for_its_thread_is_recorded_as_cancelled_with_its_job() {
    let world = World::default();
    let (process, id) = hanging(&world, "block", Overlap::Skip);
    process.jump(SECOND * 90);
    assert_endings(&process, &["timed out after 90s; retry 1 of 3 follows"], &[]);
    let run = world.script.begun()[0].run_id();
    let error = process.run(process.scheduler.cancel_run(run)).unwrap_err();
    assert!(matches!(error, SchedulerError::NotRunning(_)), "it has ended already: {error}");
    process.run(process.scheduler.cancel_job(id)).unwrap();
    process.settle();
    let records = ["timed out after 90s; retry 1 of 3 follows", "cancelled: the job was cancelled"];
    assert_endings(&process, &records, &[]);
    world.script.release(1);
    process.settle();
    assert_endings(&process, &records, &[]);
}

#[test]
fn a_run_that_was_asked_for_and_never_began_is_recorded_as_cancelled() {
    let world = World::default();
    world.script.always(Act::Hang);
    let process = world.start_with(|builder| builder.max_concurrency(1));
    process.add(once(1).call("work"));
    process.jump(SECOND);
    let id = process.add(every(1).hours().call("work"));
    process.run(process.scheduler.run_job_now(id)).unwrap();
    process.run(process.scheduler.cancel_job(id)).unwrap();
    process.settle();
    assert_endings(&process, &["cancelled: the job was cancelled"], &[]);
}

#[test]
fn a_failure_after_its_job_was_cancelled_is_not_said_to_have_exhausted_its_retries() {
    const CANCELLED: &str = "boom; no retry, the job was cancelled";
    let world = World::default();
    let process = world.start();
    let scheduler = process.scheduler.clone();
    let cancels_its_job = move |context: JobContext| {
        let scheduler = scheduler.clone();
        async move {
            scheduler.cancel_job(context.job_id()).await?;
            anyhow::Result::<()>::Err(anyhow::anyhow!("boom"))
        }
    };
    process.add(once(1).run("cancels its job", cancels_its_job));
    process.advance(SECOND * 60);
    assert_endings(&process, &[CANCELLED], &[CANCELLED]);
}

#[test]
fn a_job_that_was_given_fewer_retries_meanwhile_has_exhausted_them() {
    let world = World::default();
    let (process, id) = retrying(&world);
    process.run(process.scheduler.update_job(id, JobUpdate::new().retries(0))).unwrap();
    process.advance(SECOND * 60);
    assert_endings(
        &process,
        &["boom; retry 1 of 3 follows", "boom; no retry, the job has none"],
        &["boom; no retry, the job has none"],
    );
}

#[test]
fn a_retry_runs_after_its_schedule_has_ended() {
    let world = World::default();
    world.script.will(&[Act::Fail]);
    let process = world.start();
    process.add(at("2026-11-23 00:00:10").tz("UTC").call("work"));
    process.advance(SECOND * 60);
    assert_endings(&process, &["boom; retry 1 of 3 follows", "completed"], &[]);
}

#[test]
fn a_fire_whose_process_crashes_three_times_is_a_dead_letter_that_says_so() {
    let world = World::default();
    world.script.always(Act::Hang);
    let mut process = world.start();
    process.add(once(1).call("work"));
    process.jump(SECOND);
    let crash = "its process ended before it did; it runs again";
    let last = "its process ended before it did, for the 3rd time; it does not run again";
    for (records, letters) in
        [(&[crash][..], &[][..]), (&[crash, crash], &[]), (&[crash, crash, last], &[last])]
    {
        process.crash();
        process = world.start();
        process.settle();
        assert_endings(&process, records, letters);
    }
}
