//! A job's life on the memory store: fires, retries, timeouts, panics, limits, shutdown.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{Clock as _, JobStatus, Overlap, Run, RunStatus, SkipReason};
use fastscheduler_tests::state_folder::{STATE, StateFolder};
use fastscheduler_tests::{instant, monday, on_manual_clock, outline, runs, started};
use tokio::sync::{Notify, mpsc};

const DAY: Duration = Duration::from_secs(86_400);

fn errors(runs: &[Run]) -> Vec<&str> {
    runs.iter().filter_map(|run| run.error.as_deref()).collect()
}

#[tokio::test]
async fn an_interval_fires_on_its_grid_from_its_creation() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(every(10).seconds().run("tick", || async {})).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(35)).await.unwrap();
    let expected = [(RunStatus::Completed, 10), (RunStatus::Completed, 20), (RunStatus::Completed, 30)];
    assert_eq!(outline(&scheduler).await, expected);
    let job = scheduler.job(&id).await.unwrap().unwrap();
    assert_eq!((job.run_count(), job.failure_count(), job.status()), (3, 0, JobStatus::Scheduled));
    assert_eq!(job.next_run_at(), Some(monday() + Duration::from_secs(40)));
}

#[tokio::test]
async fn a_daily_job_keeps_its_local_time_over_a_clock_change() {
    let clock = ManualClock::new(instant("2026-03-28T00:00:00Z"));
    let scheduler = Scheduler::builder()
        .storage(MemoryStorage::default())
        .clock(clock.clone())
        .timezone("Europe/Paris")
        .build()
        .await
        .unwrap();
    scheduler.add(daily().at("09:00").run("report", || async {})).await.unwrap();
    scheduler.start().await.unwrap();
    testing::advance(&scheduler, &clock, DAY * 2).await.unwrap();
    let fires: Vec<_> = runs(&scheduler).await.iter().map(|run| run.scheduled_for().to_rfc3339()).collect();
    assert_eq!(fires, ["2026-03-28T08:00:00+00:00", "2026-03-29T07:00:00+00:00"]);
}

#[tokio::test]
async fn a_failed_attempt_is_retried_after_two_four_and_eight_seconds() {
    let (scheduler, clock) = started().await;
    let failing = every(1)
        .hours()
        .retries(3)
        .run("failing", || async { anyhow::Result::<()>::Err(anyhow::anyhow!("boom")) });
    let id = scheduler.add(failing).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(3_600 + 60)).await.unwrap();
    let all = runs(&scheduler).await;
    let started: Vec<_> =
        all.iter().map(|run| (run.started_at.unwrap() - monday()).num_seconds() - 3_600).collect();
    assert_eq!(started, [0, 2, 6, 14]);
    assert_eq!(errors(&all), ["boom"; 4]);
    assert_eq!(all.iter().map(|run| run.run_id.attempt).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let letters = scheduler.dead_letters(10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].run.run_id, all[3].run_id);
    let job = scheduler.job(&id).await.unwrap().unwrap();
    assert_eq!((job.run_count(), job.failure_count(), job.retry_count()), (4, 4, 0));
    assert_eq!(
        (job.status(), job.next_run_at()),
        (JobStatus::Failed, Some(monday() + Duration::from_secs(7_200)))
    );
}

#[tokio::test]
async fn a_retry_that_succeeds_ends_the_chain() {
    let (scheduler, clock) = started().await;
    let attempts = Arc::new(AtomicUsize::new(0));
    let flaky = {
        let attempts = Arc::clone(&attempts);
        every(1).hours().run("flaky", move || {
            let attempt = attempts.fetch_add(1, Ordering::Relaxed);
            async move { if attempt == 0 { Err(anyhow::anyhow!("not yet")) } else { Ok(attempt) } }
        })
    };
    scheduler.add(flaky).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(3_700)).await.unwrap();
    let all = runs(&scheduler).await;
    assert_eq!(errors(&all), ["not yet"]);
    assert_eq!((all[1].status, all[1].result.as_deref()), (RunStatus::Completed, Some("1")));
    assert!(scheduler.dead_letters(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_permanent_error_is_not_retried() {
    let (scheduler, clock) = started().await;
    let failing = once(1).retries(5).run("import", || async {
        anyhow::Result::<()>::Err(Permanent::new(anyhow::anyhow!("no such file")).into())
    });
    scheduler.add(failing).await.unwrap();
    testing::advance(&scheduler, &clock, DAY).await.unwrap();
    assert_eq!(errors(&runs(&scheduler).await), ["no such file"]);
    assert_eq!(scheduler.dead_letters(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_panic_is_a_failed_attempt_with_its_message() {
    let (scheduler, clock) = started().await;
    let now = |count: u32| async move { assert!(count == 0, "cannot count to {count}") };
    scheduler
        .add(
            once(1)
                .retries(0)
                .run("at once", move |args: Args| now(args.0.len().try_into().unwrap()))
                .args([1]),
        )
        .await
        .unwrap();
    let later = || async {
        tokio::task::yield_now().await;
        assert!(std::env::args().count() == 0, "later");
    };
    scheduler.add(once(2).retries(0).run("later", later)).await.unwrap();
    let made: fn() -> std::future::Ready<()> = || panic!("before there was a future");
    scheduler.add(once(3).retries(0).run("made", made)).await.unwrap();
    testing::advance(&scheduler, &clock, DAY).await.unwrap();
    assert_eq!(
        errors(&runs(&scheduler).await),
        ["panicked: cannot count to 1", "panicked: later", "panicked: before there was a future"]
    );
}

#[tokio::test]
async fn an_async_attempt_is_dropped_at_its_deadline() {
    struct SaysWhenDropped(mpsc::UnboundedSender<&'static str>);
    impl Drop for SaysWhenDropped {
        fn drop(&mut self) {
            self.0.send("dropped").unwrap();
        }
    }
    let (scheduler, clock) = started().await;
    let (said, mut says) = mpsc::unbounded_channel();
    let endless = move || {
        let said = said.clone();
        async move {
            let _guard = SaysWhenDropped(said.clone());
            said.send("begun").unwrap();
            std::future::pending::<()>().await;
        }
    };
    let job = every(1).hours().retries(0).timeout(Duration::from_secs(30)).run("endless", endless);
    let id = scheduler.add(job).await.unwrap();
    clock.advance(Duration::from_secs(3_600));
    assert_eq!(says.recv().await, Some("begun"));
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().status(), JobStatus::Running);
    clock.advance(Duration::from_secs(29));
    assert!(says.try_recv().is_err(), "it ended before its deadline");
    clock.advance(Duration::from_secs(1));
    assert_eq!(says.recv().await, Some("dropped"));
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(errors(&runs(&scheduler).await), ["timed out after 30s"]);
}

#[tokio::test]
async fn fires_that_come_due_during_a_run_are_recorded_as_overlap() {
    let (scheduler, clock) = started().await;
    let (go_on, begun) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = {
        let (go_on, begun) = (Arc::clone(&go_on), Arc::clone(&begun));
        move || {
            let (go_on, begun) = (Arc::clone(&go_on), Arc::clone(&begun));
            async move {
                begun.notify_one();
                go_on.notified().await;
            }
        }
    };
    scheduler.add(every(10).seconds().run("slow", slow)).await.unwrap();
    clock.advance(Duration::from_secs(10));
    begun.notified().await;
    clock.advance(Duration::from_secs(35));
    go_on.notify_one();
    testing::quiet(&scheduler).await.unwrap();
    let all = runs(&scheduler).await;
    assert_eq!(outline(&scheduler).await, [(RunStatus::Completed, 10), (RunStatus::Missed, 20)]);
    let skipped = all[1].skipped.clone().unwrap();
    assert_eq!((skipped.reason, skipped.count), (SkipReason::Overlap, 3));
    assert_eq!(
        (skipped.first, skipped.last),
        (monday() + Duration::from_secs(20), monday() + Duration::from_secs(40))
    );
    go_on.notify_one();
    testing::advance(&scheduler, &clock, Duration::from_secs(5)).await.unwrap();
    assert_eq!(outline(&scheduler).await.last(), Some(&(RunStatus::Completed, 50)));
}

#[tokio::test]
async fn a_job_that_allows_overlap_runs_beside_itself() {
    let (scheduler, clock) = started().await;
    let (begun, mut begins) = mpsc::unbounded_channel();
    let endless = move |context: JobContext| {
        begun.send(context.scheduled_for()).unwrap();
        async move { context.cancelled().await }
    };
    scheduler.add(every(10).seconds().overlap(Overlap::Allow).run("endless", endless)).await.unwrap();
    for fire in 1..=3 {
        clock.advance(Duration::from_secs(10));
        assert_eq!(begins.recv().await, Some(monday() + Duration::from_secs(10 * fire)));
    }
    scheduler.stop_within(Duration::ZERO).await.unwrap();
}

#[tokio::test]
async fn a_job_that_cancels_overlap_ends_the_attempt_before_and_runs_the_new_fire() {
    let (scheduler, clock) = started().await;
    let (begun, mut begins) = mpsc::unbounded_channel();
    let endless = move |context: JobContext| {
        begun.send(context).unwrap();
        std::future::pending::<()>()
    };
    scheduler.add(every(10).seconds().overlap(Overlap::Cancel).run("endless", endless)).await.unwrap();
    clock.advance(Duration::from_secs(10));
    let first = begins.recv().await.unwrap();
    clock.advance(Duration::from_secs(10));
    let second = begins.recv().await.unwrap();
    first.cancelled().await;
    while runs(&scheduler).await.is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(!second.is_cancelled());
    let all = runs(&scheduler).await;
    assert_eq!(errors(&all), ["cancelled: the next fire came due"]);
    assert_eq!(all[0].run_id, first.run_id());
    assert!(scheduler.dead_letters(1).await.unwrap().is_empty());
    scheduler.stop_within(Duration::ZERO).await.unwrap();
}

#[tokio::test]
async fn a_job_that_queues_overlap_runs_the_first_fire_and_records_the_others() {
    let (scheduler, clock) = started().await;
    let (begun, mut begins) = mpsc::unbounded_channel();
    let go_on = Arc::new(Notify::new());
    let slow = {
        let go_on = Arc::clone(&go_on);
        move |context: JobContext| {
            begun.send(context.scheduled_for()).unwrap();
            let go_on = Arc::clone(&go_on);
            async move { go_on.notified().await }
        }
    };
    scheduler.add(every(10).seconds().overlap(Overlap::Queue).run("slow", slow)).await.unwrap();
    clock.advance(Duration::from_secs(10));
    begins.recv().await.unwrap();
    clock.advance(Duration::from_secs(35));
    go_on.notify_one();
    assert_eq!(begins.recv().await, Some(monday() + Duration::from_secs(20)));
    go_on.notify_one();
    testing::quiet(&scheduler).await.unwrap();
    let expected = [(RunStatus::Completed, 10), (RunStatus::Missed, 30), (RunStatus::Completed, 20)];
    assert_eq!(outline(&scheduler).await, expected);
    let skipped = runs(&scheduler).await[1].skipped.clone().unwrap();
    assert_eq!((skipped.count, skipped.last), (2, monday() + Duration::from_secs(40)));
}

#[tokio::test]
async fn a_one_time_job_leaves_the_list_and_keeps_its_history() {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.history_retention_days(0).build().await.unwrap();
    scheduler.start().await.unwrap();
    let delayed = scheduler.add(once(60).run("delayed", || async {})).await.unwrap();
    let dated =
        scheduler.add(at("2026-12-25 08:00:00").tz("Asia/Tokyo").run("dated", || async {})).await.unwrap();
    testing::advance(&scheduler, &clock, DAY * 40).await.unwrap();
    assert_eq!(scheduler.job(&delayed).await.unwrap(), None);
    assert_eq!(scheduler.job(&dated).await.unwrap(), None);
    let fires: Vec<_> = runs(&scheduler).await.iter().map(Run::scheduled_for).collect();
    assert_eq!(fires, [monday() + Duration::from_secs(60), instant("2026-12-24T23:00:00Z")]);
}

#[tokio::test]
async fn what_is_over_the_limit_waits_and_none_is_lost() {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.max_concurrency(10).build().await.unwrap();
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for number in 0..500 {
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        let job = move || {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            async move {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                running.fetch_sub(1, Ordering::SeqCst);
            }
        };
        scheduler.add(once(1).run(format!("job {number}"), job)).await.unwrap();
    }
    scheduler.start().await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(1)).await.unwrap();
    assert_eq!(scheduler.statistics().await.unwrap().total_runs, 500);
    let most = most.load(Ordering::SeqCst);
    assert!((1..=10).contains(&most), "{most} ran at once");
}

#[tokio::test]
async fn jobs_due_at_one_instant_run_in_the_order_they_were_added() {
    let (scheduler, clock) = started().await;
    let (said, mut says) = mpsc::unbounded_channel();
    for number in 0..100 {
        let said = said.clone();
        let job = move || std::future::ready(said.send(number).unwrap());
        scheduler.add(once(1).run(format!("job {number}"), job)).await.unwrap();
    }
    testing::advance(&scheduler, &clock, Duration::from_secs(1)).await.unwrap();
    let mut order = Vec::new();
    says.recv_many(&mut order, 100).await;
    assert_eq!(order, (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn stop_waits_for_what_runs_and_begins_nothing_more() {
    let (scheduler, clock) = started().await;
    let (begun, mut begins) = mpsc::unbounded_channel();
    let go_on = Arc::new(Notify::new());
    let slow = {
        let go_on = Arc::clone(&go_on);
        move || {
            let (go_on, begun) = (Arc::clone(&go_on), begun.clone());
            async move {
                begun.send(()).unwrap();
                go_on.notified().await;
            }
        }
    };
    scheduler.add(once(1).run("slow", slow)).await.unwrap();
    scheduler.add(once(2).run("late", || async {})).await.unwrap();
    clock.advance(Duration::from_secs(1));
    begins.recv().await;
    let stopping = tokio::spawn({
        let scheduler = scheduler.clone();
        async move { scheduler.stop().await }
    });
    while scheduler.is_running() {
        tokio::task::yield_now().await;
    }
    clock.advance(Duration::from_secs(5));
    go_on.notify_one();
    stopping.await.unwrap().unwrap();
    assert_eq!(outline(&scheduler).await, [(RunStatus::Completed, 1)]);
    let waiting: Vec<_> = scheduler.jobs().await.unwrap().iter().map(|job| job.name().to_owned()).collect();
    assert_eq!(waiting, ["late"]);
}

#[tokio::test]
async fn a_stop_that_waited_long_enough_cuts_attempts_short() {
    let (scheduler, clock) = started().await;
    let (said, mut says) = mpsc::unbounded_channel();
    let endless = move |context: JobContext| {
        said.send(context).unwrap();
        std::future::pending::<()>()
    };
    let id = scheduler.add(once(1).run("endless", endless)).await.unwrap();
    clock.advance(Duration::from_secs(1));
    let context = says.recv().await.unwrap();
    assert!(!context.is_cancelled());
    scheduler.stop_within(Duration::ZERO).await.unwrap();
    assert!(context.is_cancelled());
    assert_eq!(outline(&scheduler).await, [], "what was cut short is to run again, and has not ended");
    assert!(scheduler.job(&id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_scheduler_that_was_never_started_lets_go_of_its_store_when_it_is_stopped() {
    let folder = StateFolder::new();
    let build = || Scheduler::builder().state_file(folder.file(STATE)).build();
    let scheduler = build().await.unwrap();
    let id = scheduler.add(every(1).hours().call("quick")).await.unwrap();
    assert!(build().await.is_err());
    scheduler.stop().await.unwrap();
    scheduler.stop().await.unwrap();
    assert!(scheduler.start().await.is_err(), "it was stopped");
    let next = build().await.unwrap();
    assert!(next.job(id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_scheduler_is_started_once_and_stopped_once() {
    let (builder, _clock) = on_manual_clock();
    let scheduler = builder.build().await.unwrap();
    scheduler.start().await.unwrap();
    assert!(scheduler.is_running());
    assert!(scheduler.start().await.is_err());
    scheduler.stop().await.unwrap();
    assert!(!scheduler.is_running());
    assert!(scheduler.start().await.is_err());
}

#[tokio::test]
async fn jobs_can_be_added_from_inside_jobs() {
    let (scheduler, clock) = started().await;
    let inner = scheduler.clone();
    let parent = move |context: JobContext| {
        let scheduler = inner.clone();
        async move {
            let child = once(1).run("child", || async {});
            scheduler.add(child.name(format!("child of {}", context.run_id()))).await?;
            Ok(())
        }
    };
    scheduler.add(every(10).seconds().run("parent", parent)).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(30)).await.unwrap();
    let expected = [10, 11, 20, 21, 30].map(|second| (RunStatus::Completed, second));
    assert_eq!(outline(&scheduler).await, expected);
}

#[tokio::test]
async fn jitter_delays_a_fire_and_keeps_its_identity() {
    let (scheduler, clock) = started().await;
    let jitter = Duration::from_secs(30);
    scheduler.add(every(60).seconds().jitter(jitter).run("spread", || async {})).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(60 * 50 + 59)).await.unwrap();
    let all = runs(&scheduler).await;
    let nominal: Vec<_> = all.iter().map(|run| (run.scheduled_for() - monday()).num_seconds()).collect();
    assert_eq!(nominal, (1..=50).map(|minute| minute * 60).collect::<Vec<_>>());
    let delays: Vec<_> = all.iter().map(|run| run.started_at.unwrap() - run.scheduled_for()).collect();
    assert!(delays.iter().all(|delay| (0..30_000).contains(&delay.num_milliseconds())), "{delays:?}");
    let different: std::collections::HashSet<_> = delays.iter().collect();
    assert!(different.len() > 25, "{delays:?}");
}

#[tokio::test]
async fn history_is_kept_by_count_and_by_age() {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.max_history(100).history_retention_days(2).build().await.unwrap();
    scheduler.start().await.unwrap();
    scheduler.add(every(1).minutes().run("often", || async {})).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(60 * 200)).await.unwrap();
    let all = runs(&scheduler).await;
    assert_eq!(all.len(), 100);
    assert_eq!(all[99].scheduled_for(), monday() + Duration::from_secs(60 * 200));

    let (builder, clock) = on_manual_clock();
    let scheduler = builder.history_retention_days(2).build().await.unwrap();
    scheduler.start().await.unwrap();
    scheduler.add(every(1).hours().run("hourly", || async {})).await.unwrap();
    testing::advance(&scheduler, &clock, DAY * 5).await.unwrap();
    let oldest = runs(&scheduler).await[0].scheduled_for();
    assert_eq!(clock.now() - oldest, chrono::TimeDelta::days(2));
}
