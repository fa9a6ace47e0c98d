//! Updating jobs.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::schedule::Fold;
use fastscheduler::testing::{self};
use fastscheduler::{
    CatchUp, Job, JobDefinition, JobId, JobUpdate, Overlap, RunStatus, SchedulerError, SkipReason,
};
use fastscheduler_tests::fires::{Fate, fires, second};
use fastscheduler_tests::held::Held;
use fastscheduler_tests::{advance, on_manual_clock, outline, runs, started};

/// What an update is to do to a definition.
type Change = fn(&mut JobDefinition);

const DONE: Fate = Fate::Completed;
const OVERLAP: Fate = Fate::Skipped("overlap");

#[job]
async fn greet(name: String) -> String {
    format!("hello {name}")
}

async fn job(scheduler: &Scheduler, id: JobId) -> Job {
    scheduler.job(id).await.unwrap().unwrap()
}

async fn greeting(scheduler: &Scheduler) -> JobId {
    let greeting =
        daily().at("09:00").tz("Asia/Tokyo").fold(Fold::Both).retries(5).name("greeting").group("mail");
    let greeting = greeting.timeout(Duration::from_secs(60)).jitter(Duration::from_secs(3));
    scheduler.add(greeting.call("greet").args(["you"])).await.unwrap()
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_nothing_else() {
    let (scheduler, clock) = started().await;
    let id = greeting(&scheduler).await;
    advance(&scheduler, &clock, 60).await;
    let before = job(&scheduler, id).await;
    let updates: [(JobUpdate, Change); 9] = [
        (JobUpdate::new().name("other"), |d| d.name = "other".into()),
        (JobUpdate::new().group("post"), |d| d.group = "post".into()),
        (JobUpdate::new().retries(1), |d| d.policy.max_retries = 1),
        (JobUpdate::new().timeout(None), |d| d.policy.timeout = None),
        (JobUpdate::new().jitter(Duration::from_secs(9)), |d| d.policy.jitter = Some(Duration::from_secs(9))),
        (JobUpdate::new().catch_up(CatchUp::All), |d| d.policy.catch_up = CatchUp::All),
        (JobUpdate::new().overlap(Overlap::Queue), |d| d.policy.overlap = Overlap::Queue),
        (JobUpdate::new().args(["me"]), |d| d.args = vec!["me".into()]),
        (JobUpdate::new().tz("Europe/Paris"), |d| d.schedule.zone = Some(chrono_tz::Europe::Paris)),
    ];
    let mut expected = before.definition().clone();
    let mut revision = before.revision();
    for (update, change) in updates {
        scheduler.update_job(&id, update).await.unwrap();
        change(&mut expected);
        revision += 1;
        let after = job(&scheduler, id).await;
        assert_eq!((after.definition(), after.revision()), (&expected, revision));
        assert_eq!((after.created_at(), after.source()), (before.created_at(), before.source()));
    }
    scheduler.update_job(&id, JobUpdate::new().schedule(daily().at("10:30"))).await.unwrap();
    let after = job(&scheduler, id).await;
    assert_eq!(after.definition().schedule.zone, Some(chrono_tz::Europe::Paris), "the zone stays");
    assert_eq!(after.definition().schedule.fold, Some(Fold::Both));
    assert_eq!(after.next_run_at(), Some(second(9 * 3_600 + 1_800)));
}

#[tokio::test]
async fn an_update_with_one_mistake_changes_nothing() {
    let (scheduler, _clock) = started().await;
    let id = greeting(&scheduler).await;
    let before = job(&scheduler, id).await;
    let cases: [(&str, JobUpdate); 9] = [
        ("zone", JobUpdate::new().retries(1).tz("Asia/Tokio")),
        ("schedule", JobUpdate::new().retries(1).schedule(daily().at("25:00"))),
        ("past", JobUpdate::new().retries(1).schedule(at("2020-01-01 00:00:00"))),
        ("name", JobUpdate::new().retries(1).name("")),
        ("group", JobUpdate::new().retries(1).group("g".repeat(201))),
        ("timeout", JobUpdate::new().retries(1).timeout(Duration::ZERO)),
        ("args", JobUpdate::new().retries(1).args([7])),
        ("kwargs", JobUpdate::new().retries(1).kwargs([("nobody", 1)])),
        ("revision", JobUpdate::new().retries(1).if_revision(7)),
    ];
    for (what, update) in cases {
        assert!(scheduler.update_job(&id, update).await.is_err(), "{what}");
        assert_eq!(job(&scheduler, id).await, before, "{what}");
    }
    assert!(runs(&scheduler).await.is_empty());
}

#[tokio::test]
async fn an_update_says_what_is_wrong_with_it() {
    let (scheduler, _clock) = started().await;
    let id = greeting(&scheduler).await;
    let cases = [
        (JobUpdate::new(), "the update changes nothing; name at least one setting"),
        (JobUpdate::new().name(""), "a name of 0 characters; use 1 to 200"),
        (
            JobUpdate::new().retries(1).if_revision(4),
            "job `job_0` is at revision 1 by now; read it again and repeat the update",
        ),
    ];
    for (update, expected) in cases {
        assert_eq!(scheduler.update_job(&id, update).await.unwrap_err().to_string(), expected);
    }
    let unknown = scheduler.update_job("job_9", JobUpdate::new().retries(1)).await.unwrap_err();
    assert!(matches!(unknown, SchedulerError::UnknownJob(_)));
}

#[tokio::test]
async fn a_new_schedule_counts_from_the_update_and_is_recorded() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(every(10).seconds().call("greet").args(["you"])).await.unwrap();
    advance(&scheduler, &clock, 13).await;
    scheduler.update_job(&id, JobUpdate::new().schedule(every(4).seconds())).await.unwrap();
    assert_eq!(job(&scheduler, id).await.next_run_at(), Some(second(17)));
    advance(&scheduler, &clock, 8).await;
    assert_eq!(
        outline(&scheduler).await,
        [
            (RunStatus::Completed, 10),
            (RunStatus::Missed, 13),
            (RunStatus::Completed, 17),
            (RunStatus::Completed, 21)
        ]
    );
    let skipped = runs(&scheduler).await[1].skipped.clone().unwrap();
    assert_eq!((skipped.reason, skipped.first, skipped.count), (SkipReason::Rescheduled, second(20), 1));
    let closed = skipped.closed.unwrap();
    assert_eq!((closed.since, closed.until), (second(0), second(13)));
}

#[tokio::test]
async fn an_update_while_the_job_runs_lets_the_run_end_as_it_began() {
    let (scheduler, clock) = started().await;
    let (mut held, closure) = Held::new();
    let id = scheduler.add(every(10).seconds().name("before").run("held", closure)).await.unwrap();
    clock.advance(Duration::from_secs(10));
    let context = held.begins().await;
    scheduler.update_job(&id, JobUpdate::new().name("after").schedule(every(7).seconds())).await.unwrap();
    assert!(!context.is_cancelled());
    clock.advance(Duration::from_secs(8));
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
    let all = runs(&scheduler).await;
    let ran = all.iter().find(|run| run.status == RunStatus::Completed).unwrap();
    assert_eq!((&*ran.job_name, ran.scheduled_for()), ("before", second(10)));
    // The fire of 17 came due while it ran.
    let skipped = all.last().unwrap().skipped.clone().unwrap();
    assert_eq!((skipped.reason, skipped.first, skipped.count), (SkipReason::Overlap, second(17), 1));
    held.succeed();
    advance(&scheduler, &clock, 6).await;
    assert_eq!(outline(&scheduler).await.last(), Some(&(RunStatus::Completed, 24)));
}

#[tokio::test]
async fn an_update_that_leaves_the_schedule_loses_no_fire_of_a_running_job() {
    for overlap in [Overlap::Skip, Overlap::Queue] {
        let (scheduler, clock) = started().await;
        let (mut held, closure) = Held::new();
        let id = scheduler.add(every(10).seconds().overlap(overlap).run("held", closure)).await.unwrap();
        clock.advance(Duration::from_secs(10));
        held.begins().await;
        clock.advance(Duration::from_secs(25));
        scheduler.update_job(&id, JobUpdate::new().retries(1)).await.unwrap();
        clock.advance(Duration::from_secs(10));
        held.succeed();
        let twenty = if overlap == Overlap::Queue {
            assert_eq!(held.begins().await.scheduled_for(), second(20));
            held.succeed();
            DONE
        } else {
            OVERLAP
        };
        testing::quiet(&scheduler).await.unwrap();
        let expected = [(10, DONE), (20, twenty), (30, OVERLAP), (40, OVERLAP)];
        assert_eq!(fires(&scheduler, id, 10).await, expected, "{overlap:?}");
        assert_eq!(job(&scheduler, id).await.next_run_at(), Some(second(50)));
    }
}

#[tokio::test]
async fn an_update_does_not_make_a_late_fire_a_missed_one() {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.max_concurrency(1).build().await.unwrap();
    scheduler.start().await.unwrap();
    let (mut held, closure) = Held::new();
    scheduler.add(once(10).run("first", closure)).await.unwrap();
    let id = scheduler.add(every(10).seconds().no_catch_up().call("greet").args(["you"])).await.unwrap();
    clock.advance(Duration::from_secs(10));
    held.begins().await;
    clock.advance(Duration::from_secs(5));
    scheduler.update_job(&id, JobUpdate::new().retries(1)).await.unwrap();
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(fires(&scheduler, id, 10).await, [(10, DONE)]);
}

#[tokio::test]
async fn a_waiting_retry_runs_as_the_job_is_then() {
    let (scheduler, clock) = started().await;
    let (mut held, closure) = Held::new();
    let id = scheduler.add(every(1).hours().run("held", closure)).await.unwrap();
    clock.advance(Duration::from_secs(3_600));
    held.begins().await;
    held.fail("first");
    testing::quiet(&scheduler).await.unwrap();
    scheduler.update_job(&id, JobUpdate::new().name("renamed").schedule(cron("*/5 * * * *"))).await.unwrap();
    clock.advance(Duration::from_secs(2));
    let retry = held.begins().await;
    assert_eq!((retry.attempt(), retry.job_name(), retry.scheduled_for()), (2, "renamed", second(3_600)));
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(job(&scheduler, id).await.next_run_at(), Some(second(3_900)));
    // No fire of the new schedule from before it was there is told of.
    let skipped: Vec<_> = runs(&scheduler).await.into_iter().filter_map(|run| run.skipped).collect();
    assert_eq!((skipped.len(), skipped[0].reason), (1, SkipReason::Rescheduled));
}

#[tokio::test]
async fn an_update_of_a_paused_job_leaves_it_paused() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(every(10).seconds().call("greet").args(["you"])).await.unwrap();
    scheduler.pause_job(&id).await.unwrap();
    advance(&scheduler, &clock, 25).await;
    scheduler.update_job(&id, JobUpdate::new().schedule(every(60).seconds())).await.unwrap();
    assert!(job(&scheduler, id).await.is_paused());
    let skipped = runs(&scheduler).await[0].skipped.clone().unwrap();
    assert_eq!((skipped.first, skipped.last, skipped.count), (second(10), second(20), 2));
    advance(&scheduler, &clock, 100).await;
    scheduler.resume_job(&id).await.unwrap();
    assert_eq!(job(&scheduler, id).await.next_run_at(), Some(second(25 + 120)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_updates_at_one_revision_one_wins() {
    let (scheduler, _clock) = started().await;
    let id = greeting(&scheduler).await;
    let all: Vec<_> = (0..8)
        .map(|retries| {
            let scheduler = scheduler.clone();
            tokio::spawn(async move {
                scheduler.update_job(id, JobUpdate::new().retries(retries).if_revision(1)).await
            })
        })
        .collect();
    let mut won = 0;
    for one in all {
        won += usize::from(one.await.unwrap().is_ok());
    }
    assert_eq!((won, job(&scheduler, id).await.revision()), (1, 2));
}

#[tokio::test]
async fn arguments_are_checked_when_they_are_updated() {
    let (scheduler, _clock) = started().await;
    let id = greeting(&scheduler).await;
    let error = scheduler.update_job(&id, JobUpdate::new().args([1, 2])).await.unwrap_err();
    assert!(matches!(error, SchedulerError::Arguments { .. }), "{error}");
    scheduler.update_job(&id, JobUpdate::new().args(["me"])).await.unwrap();
    scheduler.run_job_now(&id).await.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(runs(&scheduler).await[0].result.as_deref(), Some("\"hello me\""));
}

#[tokio::test]
async fn an_update_pauses_and_resumes_together_with_what_else_it_names() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(every(10).seconds().run("tick", || async {})).await.unwrap();
    scheduler.update_job(&id, JobUpdate::new().enabled(true)).await.unwrap();
    assert_eq!(job(&scheduler, id).await.revision(), 1, "nothing was to change");
    scheduler.update_job(&id, JobUpdate::new().enabled(false).retries(7)).await.unwrap();
    let paused = job(&scheduler, id).await;
    assert_eq!((paused.is_paused(), paused.max_retries(), paused.revision()), (true, 7, 2));
    advance(&scheduler, &clock, 35).await;
    scheduler.update_job(&id, JobUpdate::new().enabled(true).retries(5)).await.unwrap();
    advance(&scheduler, &clock, 5).await;
    let all = runs(&scheduler).await;
    let skipped = all[0].skipped.as_deref().unwrap();
    assert_eq!((skipped.reason, skipped.count), (SkipReason::Paused, 3));
    assert_eq!((all.len(), all[1].status), (2, RunStatus::Completed));
}

#[tokio::test]
async fn an_update_gives_a_job_back_to_the_schedulers_zone() {
    let (scheduler, _clock) = started().await;
    let id = greeting(&scheduler).await;
    scheduler.update_job(&id, JobUpdate::new().default_zone()).await.unwrap();
    let job = job(&scheduler, id).await;
    assert_eq!(job.definition().schedule.to_string(), "Daily at 09:00");
    assert_eq!(job.next_run_at().unwrap(), fastscheduler_tests::instant("2026-11-23T09:00:00Z"));
}

#[tokio::test]
async fn a_zone_moves_nothing_where_zones_do_not_matter() {
    let (scheduler, clock) = started().await;
    let interval = scheduler.add(every(2).hours().run("interval", async || {})).await.unwrap();
    let delay = scheduler.add(once(7_200).run("delay", async || {})).await.unwrap();
    advance(&scheduler, &clock, 3_600).await;
    for id in [interval, delay] {
        let before = scheduler.job(id).await.unwrap().unwrap().next_run_at();
        scheduler.update_job(id, JobUpdate::new().tz("Asia/Tokyo")).await.unwrap();
        let after = scheduler.job(id).await.unwrap().unwrap();
        assert_eq!((after.next_run_at(), after.revision()), (before, 2));
        assert_eq!(after.definition().schedule.zone, Some(chrono_tz::Asia::Tokyo));
    }
    assert_eq!(runs(&scheduler).await, []);
}

#[tokio::test]
async fn each_change_of_a_schedule_is_recorded_also_at_one_instant() {
    let (scheduler, _clock) = started().await;
    let id = scheduler.add(every(10).seconds().run("tick", || async {})).await.unwrap();
    for seconds in [20, 30, 40] {
        scheduler.update_job(&id, JobUpdate::new().schedule(every(seconds).seconds())).await.unwrap();
    }
    let records = runs(&scheduler).await;
    let closed: Vec<_> = records
        .iter()
        .map(|run| run.skipped.as_deref().unwrap().closed.as_ref().unwrap().definition.to_string())
        .collect();
    assert_eq!(closed, ["Every 10 seconds", "Every 20 seconds", "Every 30 seconds"]);
}
