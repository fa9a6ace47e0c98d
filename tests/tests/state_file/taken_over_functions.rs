//! The functions of jobs that were taken over from the Python program: found by
//! their module, by their bare name, when they are registered, or not at all.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{Clock as _, JobStatus, RunStatus, SkipReason, Source};
use fastscheduler_tests::state_folder::{JOURNAL, StateFolder};
use fastscheduler_tests::{advance, instant, runs};

/// When the sample was saved.
const SAVED: &str = "2026-11-23T07:37:17.741122Z";

/// By its module, as a function of this program that says so.
#[job(module = "__main__")]
async fn heartbeat() {}

/// By its bare name, since it is the only one.
#[job]
async fn report(title: Option<String>, priority: Option<String>) -> Option<String> {
    title.zip(priority).map(|(title, priority)| format!("{title}, {priority}"))
}

async fn built(folder: &StateFolder, clock: &ManualClock) -> Scheduler {
    Scheduler::builder().state_file(folder.state_file()).clock(clock.clone()).build().await.unwrap()
}

/// Looks for fires that were lost, in the files.
async fn audit(folder: &StateFolder, clock: &ManualClock, behind: &[u64]) {
    let folder = folder.after_a_kill();
    let store = folder.open().unwrap();
    let auditing = testing::audit(&store).until(clock.now());
    let auditing =
        behind.iter().fold(auditing, |auditing, job| auditing.ignoring(fastscheduler::JobId::new(*job)));
    auditing.await.unwrap().assert_clean();
}

#[tokio::test]
async fn functions_are_found_by_module_and_by_bare_name_and_the_others_are_waited_for() {
    let folder = StateFolder::of_python(&[]);
    let clock = ManualClock::new(instant(SAVED));
    let scheduler = built(&folder, &clock).await;
    let found: Vec<_> = scheduler
        .jobs()
        .await
        .unwrap()
        .iter()
        .map(|job| format!("{} {} {}", job.id(), job.function(), job.status()))
        .collect();
    let expected = [
        "job_0 __main__::heartbeat scheduled",
        "job_1 state_file::taken_over_functions::report scheduled",
        "job_2 state_file::taken_over_functions::report scheduled",
        "job_3 __main__::heartbeat scheduled",
        "job_4 state_file::taken_over_functions::report paused",
        "job_5 state_file::taken_over_functions::report scheduled",
        "job_6 __main__::unreliable orphaned",
    ];
    assert_eq!(found, expected);
    // Numbers go on where the other program was.
    let new = scheduler.add(every(1).hours().call("report")).await.unwrap();
    assert_eq!(new.to_string(), "job_7");
}

#[tokio::test]
async fn the_functions_that_are_found_are_stored_in_one_batch() {
    let folder = StateFolder::of_python(&[]);
    let _built = built(&folder, &ManualClock::new(instant(SAVED))).await;
    let journal = String::from_utf8(folder.contents()[JOURNAL].clone()).unwrap();
    let batch = journal.lines().find(|line| line.contains("taken_over_functions")).unwrap();
    for job in ["job_1", "job_2", "job_4", "job_5"] {
        assert!(batch.contains(&format!("{job:?}")), "{job}: {batch}");
    }
}

#[tokio::test]
async fn a_program_that_adds_the_jobs_that_were_taken_over_has_each_once() {
    let folder = StateFolder::of_python(&[]);
    let clock = ManualClock::new(instant(SAVED));
    for _ in 0..2 {
        let scheduler = built(&folder, &clock).await;
        let before = scheduler.job("job_0").await.unwrap().unwrap();
        let id = scheduler.add(every(1).seconds().call("heartbeat")).await.unwrap();
        let after = scheduler.job(&id).await.unwrap().unwrap();
        assert_eq!((id.to_string().as_str(), after.source()), ("job_0", Source::Added));
        assert_eq!((after.run_count(), after.next_run_at()), (before.run_count(), before.next_run_at()));
        scheduler.stop().await.unwrap();
    }
}

/// `job_6` calls a function that is there only once it has been registered.
#[tokio::test]
async fn a_job_whose_function_is_registered_after_the_build_is_matched_as_well() {
    let folder = StateFolder::of_python(&[]);
    let clock = ManualClock::new(instant(SAVED));
    for is_added_first in [true, false, true] {
        let scheduler = built(&folder, &clock).await;
        let before = scheduler.jobs().await.unwrap();
        scheduler.register_function("jobs::unreliable", || async {}).unwrap();
        if !is_added_first {
            scheduler.start().await.unwrap();
        }
        let id = scheduler.add(every(2).seconds().retries(0).call("jobs::unreliable")).await.unwrap();
        if is_added_first {
            scheduler.start().await.unwrap();
        }
        let job = scheduler.job(&id).await.unwrap().unwrap();
        assert_eq!(id.to_string(), "job_6");
        assert_ne!(job.status(), JobStatus::Orphaned);
        assert_eq!(job.function().to_string(), "jobs::unreliable");
        assert_eq!(scheduler.jobs().await.unwrap().len(), before.len());
        audit(&folder, &clock, &[]).await;
        scheduler.stop().await.unwrap();
    }
}

#[tokio::test]
async fn what_was_missed_since_it_was_saved_is_caught_up_with_and_no_fire_is_lost() {
    let folder = StateFolder::of_python(&[]);
    let clock = ManualClock::new(instant(SAVED));
    drop(built(&folder, &clock).await);
    audit(&folder, &clock, &[]).await;

    clock.advance(Duration::from_secs(300));
    let scheduler = built(&folder, &clock).await;
    scheduler.start().await.unwrap();
    // 300 beats were missed: the last is made up for, the others are recorded.
    advance(&scheduler, &clock, 0).await;
    let all = runs(&scheduler).await;
    let of_heartbeat: Vec<_> = all.iter().filter(|run| run.run_id.job.number() == 0).skip(4).collect();
    let outline: Vec<_> = of_heartbeat
        .iter()
        .map(|run| (run.status, run.scheduled_for(), run.skipped.as_ref().map(|skipped| skipped.count)))
        .collect();
    let expected = [
        (RunStatus::Missed, instant("2026-11-23T07:37:18.239828Z"), Some(299)),
        (RunStatus::Completed, instant("2026-11-23T07:42:17.239828Z"), None),
    ];
    assert_eq!(outline, expected);
    assert_eq!(of_heartbeat[0].skipped.as_ref().unwrap().reason, SkipReason::CatchUp);
    audit(&folder, &clock, &[6]).await;

    // On for two hours, in which the others have their turn.
    scheduler.cancel_job("job_0").await.unwrap();
    advance(&scheduler, &clock, 3_600 * 2).await;
    let once = runs(&scheduler).await.into_iter().find(|run| run.run_id.job.number() == 5).unwrap();
    assert_eq!(once.scheduled_for(), instant("2026-11-23T09:37:13.233474Z"));
    assert_eq!(scheduler.job("job_5").await.unwrap(), None, "it was for once");
    let report = scheduler.run_job_now("job_1").await.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    let report = runs(&scheduler).await.into_iter().find(|run| run.run_id == report).unwrap();
    assert_eq!(report.result.as_deref(), Some("\"Morning Report, high\""));
    audit(&folder, &clock, &[6]).await;
    scheduler.stop().await.unwrap();
    audit(&folder, &clock, &[6]).await;
}

#[tokio::test]
async fn a_job_without_its_function_is_kept_until_that_is_registered() {
    let folder = StateFolder::of_python(&[]);
    let clock = ManualClock::new(instant(SAVED));
    let scheduler = built(&folder, &clock).await;
    scheduler.start().await.unwrap();
    advance(&scheduler, &clock, 10).await;
    scheduler.stop().await.unwrap();

    let scheduler = built(&folder, &clock).await;
    let job = scheduler.job("job_6").await.unwrap().unwrap();
    assert_eq!((job.status(), job.run_count(), job.source()), (JobStatus::Orphaned, 2, Source::Imported));
    scheduler.register_function("__main__::unreliable", || async {}).unwrap();
    scheduler.start().await.unwrap();
    advance(&scheduler, &clock, 0).await;
    let job = scheduler.job("job_6").await.unwrap().unwrap();
    assert_eq!((job.status(), job.run_count()), (JobStatus::Scheduled, 3));
    audit(&folder, &clock, &[]).await;
    // Its letters can be run again.
    let letters = scheduler.dead_letters(10).await.unwrap();
    scheduler.retry_dead_letter(letters[0].run.run_id).await.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(scheduler.dead_letters(10).await.unwrap().len(), 1);
}

/// A container in UTC, with the zone set in the code.
#[tokio::test]
async fn times_without_a_zone_are_in_that_of_the_scheduler() {
    for zone in ["Europe/Paris", "America/New_York", "UTC"] {
        let folder = StateFolder::of_python(&[]);
        let clock = ManualClock::new(instant(SAVED));
        let builder = Scheduler::builder().state_file(folder.state_file()).clock(clock.clone());
        let scheduler = builder.timezone(zone).history_retention_days(30).build().await.unwrap();
        // job_2 is due on Mondays and Fridays at 10:00, others each second.
        for other in [0, 1, 3, 4, 5, 6] {
            scheduler.cancel_job(fastscheduler::JobId::new(other)).await.unwrap();
        }
        scheduler.start().await.unwrap();
        advance(&scheduler, &clock, 9 * 86_400).await;
        let local: Vec<String> = runs(&scheduler)
            .await
            .into_iter()
            .filter(|run| run.job_id().number() == 2 && run.skipped.is_none())
            .map(|run| {
                let local = run.scheduled_for().with_timezone(&scheduler.zone());
                format!("{} {}", local.format("%a %H:%M"), run.status)
            })
            .collect();
        assert_eq!(local, ["Mon 10:00 completed", "Fri 10:00 completed", "Mon 10:00 completed"], "{zone}");
        scheduler.stop().await.unwrap();
        audit(&folder, &clock, &[]).await;
    }
}
