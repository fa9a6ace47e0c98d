//! What is planned in a span of time.

use chrono::{DateTime, TimeDelta, Utc};
use fastscheduler::prelude::*;
use fastscheduler::testing::ManualClock;
use fastscheduler::{JobId, JobQuery, PlannedJob, SchedulerError, Timeline, TimelineQuery};
use fastscheduler_tests::{advance, instant, on_manual_clock};

/// The day before clocks go forward in Paris.
const SATURDAY: &str = "2026-03-28T12:00:00Z";

async fn started() -> (Scheduler, ManualClock) {
    let clock = ManualClock::new(instant(SATURDAY));
    let (builder, _) = on_manual_clock();
    let scheduler = builder.clock(clock.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    (scheduler, clock)
}

fn after(length: TimeDelta) -> DateTime<Utc> {
    instant(SATURDAY) + length
}

async fn timeline(scheduler: &Scheduler, from: TimeDelta, to: TimeDelta) -> Timeline {
    let query = TimelineQuery { from: Some(after(from)), to: Some(after(to)), ..TimelineQuery::default() };
    scheduler.timeline(&query).await.unwrap()
}

fn of(timeline: &Timeline, id: JobId) -> &PlannedJob {
    timeline.jobs.iter().find(|job| job.job_id == id).unwrap()
}

#[tokio::test]
async fn fires_across_a_clock_change_are_those_that_come() {
    let (scheduler, _clock) = started().await;
    let daily = daily().at("02:30").tz("Europe/Paris").call("quick");
    let daily = scheduler.add(daily).await.unwrap();
    let hourly = scheduler.add(cron("0 * * * *").tz("Europe/Paris").call("quick")).await.unwrap();
    let timeline = timeline(&scheduler, TimeDelta::zero(), TimeDelta::hours(48)).await;
    // There is no half past two that night: it runs when clocks have gone forward.
    let fires = ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"].map(instant);
    let planned = of(&timeline, daily);
    assert_eq!((&planned.fires[..], planned.count, planned.last), (&fires[..], 2, Some(fires[1])));
    let hourly = of(&timeline, hourly);
    assert_eq!((hourly.count, hourly.fires[0]), (48, after(TimeDelta::hours(1))));
    assert!(hourly.fires.windows(2).all(|pair| pair[1] - pair[0] == TimeDelta::hours(1)));
    assert_eq!((timeline.step, timeline.load.len()), (TimeDelta::minutes(30), 96));
    assert_eq!(timeline.load.iter().sum::<u64>(), 49, "all but the one at the very end");
    assert_eq!(timeline.load[26], 2, "both at one o'clock in UTC");
}

#[tokio::test]
async fn a_job_of_each_second_is_a_band_that_ends_with_its_window() {
    let (scheduler, _clock) = started().await;
    let band = scheduler.add(every(1).seconds().call("quick")).await.unwrap();
    let until = after(TimeDelta::minutes(5));
    let ends = scheduler.add(every(1).seconds().until(until).call("quick")).await.unwrap();
    let minutely = scheduler.add(cron("* * * * *").call("quick")).await.unwrap();
    let timeline = timeline(&scheduler, TimeDelta::zero(), TimeDelta::hours(2)).await;
    let second = TimeDelta::seconds(1);
    let planned = of(&timeline, band);
    assert_eq!((planned.count, planned.fires.len(), planned.every), (7_200, 60, Some(second)));
    assert_eq!((planned.fires[0], planned.last), (after(second), Some(after(TimeDelta::hours(2)))));
    let planned = of(&timeline, ends);
    assert_eq!((planned.count, planned.last, planned.every), (300, Some(until), Some(second)));
    // A calendar has no period, whatever its fires look like; its sentence says it.
    let planned = of(&timeline, minutely);
    assert_eq!((planned.count, planned.fires.len(), planned.every), (120, 60, None));
    assert_eq!(
        (planned.last, planned.schedule.to_string().as_str()),
        (Some(after(TimeDelta::hours(2))), "Cron: * * * * *")
    );
    let expected = [59 + 59, 61 + 60, 61 + 60, 61 + 60, 61 + 60, 61 + 1, 61];
    assert_eq!(timeline.load[..7], expected, "each minute on its own");
    assert_eq!(timeline.load.len(), 120);
}

#[tokio::test]
async fn paused_jobs_have_fires_that_do_not_run_and_are_no_load() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(every(10).minutes().call("quick")).await.unwrap();
    advance(&scheduler, &clock, 60).await;
    scheduler.pause_job(id).await.unwrap();
    let paused = timeline(&scheduler, TimeDelta::zero(), TimeDelta::hours(1)).await;
    let planned = of(&paused, id);
    assert_eq!((planned.count, planned.fires[0]), (6, after(TimeDelta::minutes(10))));
    assert_eq!((planned.is_paused, planned.paused_at), (true, Some(after(TimeDelta::minutes(1)))));
    assert_eq!(paused.load.iter().sum::<u64>(), 0);
    // What everybody is told is a minute old at most.
    scheduler.resume_job(id).await.unwrap();
    let soon = timeline(&scheduler, TimeDelta::zero(), TimeDelta::hours(1)).await;
    assert_eq!((of(&soon, id).is_paused, soon.load.iter().sum::<u64>()), (false, 0));
    advance(&scheduler, &clock, 60).await;
    let later = timeline(&scheduler, TimeDelta::zero(), TimeDelta::hours(1)).await;
    assert_eq!(later.load.iter().sum::<u64>(), 5, "all but the one at the very end");
}

#[tokio::test]
async fn the_load_is_that_of_all_jobs_and_the_fires_those_of_a_page() {
    let (scheduler, _clock) = started().await;
    let jobs = [
        every(7).minutes().group("all").call("quick"),
        every(90).seconds().group("all").call("quick"),
        every(1).hours().from(after(TimeDelta::minutes(20))).group("all").call("quick"),
        every(0.5).seconds().until(after(TimeDelta::minutes(3))).group("all").call("quick"),
    ];
    for job in jobs {
        scheduler.add(job).await.unwrap();
    }
    // These two have one calendar.
    for _ in 0..2 {
        scheduler.add(cron("*/5 * * * *").group("all").call("quick")).await.unwrap();
    }
    scheduler.add(at(after(TimeDelta::minutes(30))).call("quick")).await.unwrap();
    let (from, to) = (TimeDelta::seconds(30), TimeDelta::minutes(90));
    let whole = timeline(&scheduler, from, to).await;
    assert_eq!((whole.load_from, whole.step), (after(TimeDelta::zero()), TimeDelta::minutes(1)));
    for (minute, load) in (0..).zip(&whole.load) {
        let from = TimeDelta::minutes(minute);
        let one = timeline(&scheduler, from, from + TimeDelta::microseconds(59_999_999)).await;
        assert_eq!(one.jobs.iter().map(|job| job.count).sum::<u64>(), *load, "minute {minute}");
    }
    let jobs = JobQuery { groups: vec!["all".to_owned()], limit: Some(2), offset: 1, ..JobQuery::default() };
    let query = TimelineQuery { from: Some(after(from)), to: Some(after(to)), jobs };
    let page = scheduler.timeline(&query).await.unwrap();
    assert_eq!((page.jobs.len(), page.total), (2, 6));
    assert_eq!(page.load, whole.load);
}

#[tokio::test]
async fn a_job_has_no_fires_before_it_had_its_schedule() {
    let (scheduler, clock) = started().await;
    advance(&scheduler, &clock, 90).await;
    let id = scheduler.add(cron("* * * * *").call("quick")).await.unwrap();
    let timeline = timeline(&scheduler, -TimeDelta::hours(1), TimeDelta::minutes(4)).await;
    assert_eq!((of(&timeline, id).count, of(&timeline, id).fires[0]), (3, after(TimeDelta::minutes(2))));
    assert_eq!(timeline.load.iter().sum::<u64>(), 2, "all but the one at the very end");
}

#[tokio::test]
async fn a_load_that_would_take_too_long_is_told_in_part() {
    let (scheduler, _clock) = started().await;
    for days in 100..120 {
        let until = after(TimeDelta::days(days));
        scheduler.add(cron("* * * * *").until(until).call("quick")).await.unwrap();
    }
    let week = timeline(&scheduler, TimeDelta::zero(), TimeDelta::days(7)).await;
    assert!(week.is_partial && week.load.iter().sum::<u64>() > 0);
    // Each job by itself is counted up to a limit, and where it ends is right.
    assert_eq!((week.jobs[0].count, week.jobs[0].last), (10_000, Some(after(TimeDelta::days(7)))));
    let hour = timeline(&scheduler, TimeDelta::zero(), TimeDelta::hours(1)).await;
    assert!(!hour.is_partial);
}

#[tokio::test]
async fn a_count_of_fires_says_whether_there_are_more() {
    let (scheduler, _clock) = started().await;
    let cron_job = scheduler.add(cron("* * * * * *").enabled(false).call("quick")).await.unwrap();
    let even = scheduler.add(every(1).seconds().enabled(false).call("quick")).await.unwrap();
    let six_days = TimeDelta::days(6);
    for (length, counted, is_exact) in [
        (six_days, 10_000, false),
        (TimeDelta::seconds(10_000), 10_000, true),
        (TimeDelta::seconds(10_001), 10_000, false),
        (TimeDelta::minutes(1), 60, true),
    ] {
        let timeline = timeline(&scheduler, TimeDelta::zero(), length).await;
        let planned = of(&timeline, cron_job);
        assert_eq!((planned.count, planned.is_exact, planned.every), (counted, is_exact, None), "{length}");
        assert_eq!((planned.last, timeline.is_partial), (Some(after(length)), false), "{length}");
        let even = of(&timeline, even);
        assert_eq!((even.count, even.is_exact), (length.num_seconds().unsigned_abs(), true), "{length}");
    }
}

#[tokio::test]
async fn the_fires_of_many_jobs_are_counted_as_far_as_it_takes_no_long_time() {
    let (scheduler, _clock) = started().await;
    for _ in 0..20 {
        // They are no load, so that is whole.
        scheduler.add(cron("* * * * * *").enabled(false).call("quick")).await.unwrap();
    }
    let day = timeline(&scheduler, TimeDelta::zero(), TimeDelta::days(1)).await;
    assert!(day.is_partial);
    let last = day.jobs.last().unwrap();
    assert!(last.count < day.jobs[0].count && !last.is_exact, "{} of {}", last.count, day.jobs[0].count);
    assert_eq!((day.jobs[0].count, last.fires.len()), (10_000, 60), "each has its first fires");
    assert!(day.jobs.iter().all(|job| job.last == Some(after(TimeDelta::days(1)))));
    let minute = timeline(&scheduler, TimeDelta::zero(), TimeDelta::minutes(1)).await;
    assert!(!minute.is_partial && minute.jobs.iter().all(|job| job.is_exact));
}

#[tokio::test]
async fn a_timeline_ends_after_it_begins_and_at_most_a_week_later() {
    let (scheduler, _clock) = started().await;
    let defaults = scheduler.timeline(&TimelineQuery::default()).await.unwrap();
    assert_eq!((defaults.from, defaults.to), (after(-TimeDelta::hours(1)), after(TimeDelta::hours(6))));
    // Where only one end is said, the other is seven hours away.
    let hours = |hours| after(TimeDelta::hours(hours));
    for (from, to, expected) in [
        (Some(hours(1_000)), None, (hours(1_000), hours(1_007))),
        (Some(hours(-1_000)), None, (hours(-1_000), hours(-993))),
        (None, Some(hours(1_000)), (hours(993), hours(1_000))),
        (None, Some(hours(-1_000)), (hours(-1_007), hours(-1_000))),
    ] {
        let query = TimelineQuery { from, to, ..TimelineQuery::default() };
        let timeline = scheduler.timeline(&query).await.unwrap();
        assert_eq!((timeline.from, timeline.to), expected);
    }
    for (to, is_possible) in [
        (TimeDelta::zero(), false),
        (-TimeDelta::hours(1), false),
        (TimeDelta::microseconds(1), true),
        (TimeDelta::days(7), true),
        (TimeDelta::days(7) + TimeDelta::microseconds(1), false),
    ] {
        let query = TimelineQuery {
            from: Some(after(TimeDelta::zero())),
            to: Some(after(to)),
            ..TimelineQuery::default()
        };
        match scheduler.timeline(&query).await {
            Ok(_) => assert!(is_possible, "{to}"),
            Err(SchedulerError::TimelineSpan { .. }) => assert!(!is_possible, "{to}"),
            Err(error) => panic!("{to}: {error}"),
        }
    }
}
