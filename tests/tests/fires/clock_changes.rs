//! When jobs fire where clocks are changed, on a scheduler's clock.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::schedule::{Fold, Gap};
use fastscheduler::{NewJob, SchedulerError};
use fastscheduler_tests::{Process, World, instant, monday};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// Clocks go from 02:00 to 03:00 in Paris an hour after this.
const SPRING: &str = "2026-03-29T00:00:00Z";
/// Clocks go back from 03:00 to 02:00 in Paris an hour after this.
const AUTUMN: &str = "2026-10-25T00:00:00Z";

fn start_at(begin: &str, zone: &'static str) -> (World, Process) {
    let world = World::default();
    world.clock.set(instant(begin));
    let process = world.start_with(|builder| builder.timezone(zone));
    (world, process)
}

/// The fires of a job from an instant on, for so long, as the script saw them.
fn fires(since: &str, zone: &'static str, time: Duration, job: impl Into<NewJob>) -> Vec<String> {
    let (world, process) = start_at(since, zone);
    process.add(job);
    process.advance(time);
    let begun = world.script.begun();
    let late =
        begun.iter().zip(process.runs()).filter(|(_, run)| run.started_at != Some(run.scheduled_for()));
    assert_eq!(late.count(), 0);
    begun.iter().map(|begun| begun.run_id().scheduled_for.format("%dT%H:%M").to_string()).collect()
}

#[test]
fn stored_instants_are_utc() {
    let (_, process) = start_at(SPRING, "Asia/Tokyo");
    let id = process.add(daily().at("12:00").call("work"));
    assert_eq!(process.job(id).unwrap().next_run_at(), Some(instant("2026-03-29T03:00:00Z")));
}

#[test]
fn an_interval_is_elapsed_time_whatever_the_clocks_do() {
    let hours = fires(SPRING, "Europe/Paris", MINUTE * 180, every(30).minutes().call("work"));
    assert_eq!(hours, ["29T00:30", "29T01:00", "29T01:30", "29T02:00", "29T02:30", "29T03:00"]);
}

#[test]
fn an_interval_keeps_its_grid_however_long_its_runs_take_and_over_restarts() {
    let world = World::default();
    let process = world.start();
    world.pass(Duration::from_millis(7));
    process.add(every(10).seconds().call("work"));
    process.advance(Duration::from_secs(25));
    process.jump(Duration::from_millis(5_432));
    process.stop(Duration::ZERO);
    world.pass(Duration::from_secs(33));
    let process = world.start();
    process.advance(Duration::from_secs(100));
    let off_grid = |run: &fastscheduler_tests::Begun| {
        (run.run_id().scheduled_for - monday()).num_milliseconds() % 10_000 != 7
    };
    assert_eq!(world.script.begun().iter().filter(|begun| off_grid(begun)).count(), 0);
    assert!(world.script.count() > 10);
    world.audit(0);
}

#[test]
fn a_fixed_time_inside_a_gap_runs_once_at_the_first_instant_after_it() {
    assert_eq!(fires(SPRING, "Europe/Paris", DAY, daily().at("02:30").call("work")), ["29T01:00"]);
    let cron = cron("30 2 * * *").call("work");
    assert_eq!(fires(SPRING, "Europe/Paris", DAY * 2, cron), ["29T01:00", "30T00:30"]);
}

#[test]
fn a_wildcards_missing_times_are_skipped() {
    let hourly_job = hourly().at(":30").call("work");
    let expected = ["29T00:30", "29T01:30", "29T02:30"];
    assert_eq!(fires(SPRING, "Europe/Paris", MINUTE * 180, hourly_job), expected);
    assert_eq!(fires(SPRING, "Europe/Paris", MINUTE * 180, cron("30 * * * *").call("work")), expected);
}

#[test]
fn a_date_that_never_was_has_no_run() {
    // Samoa went from the 29th to the 31st of December 2011.
    let job = daily().at("12:00").call("work");
    assert_eq!(
        fires("2011-12-29T00:00:00Z", "Pacific/Apia", DAY * 3, job),
        ["29T22:00", "30T22:00", "31T22:00"]
    );
    let at_noon =
        fires("2011-12-29T00:00:00Z", "Pacific/Apia", DAY * 3, monthly().on(30).at("12:00").call("work"));
    assert_eq!(at_noon, [""; 0]);
}

#[test]
fn a_fixed_time_inside_a_fold_runs_once_on_the_first_pass() {
    assert_eq!(fires(AUTUMN, "Europe/Paris", DAY, daily().at("02:30").call("work")), ["25T00:30"]);
    let list = cron("0,30 2 * * *").call("work");
    assert_eq!(fires(AUTUMN, "Europe/Paris", MINUTE * 180, list), ["25T00:30"]);
}

#[test]
fn a_wildcard_runs_in_both_passes_in_order_of_real_time() {
    let expected = ["25T00:30", "25T01:30", "25T02:30"];
    assert_eq!(fires(AUTUMN, "Europe/Paris", MINUTE * 180, hourly().at(":30").call("work")), expected);
    let cron = cron("*/30 2 * * *").call("work");
    assert_eq!(fires(AUTUMN, "Europe/Paris", MINUTE * 180, cron), ["25T00:30", "25T01:00", "25T01:30"]);
}

#[test]
fn two_nominal_times_that_fall_on_one_instant_are_one_fire() {
    let cron = cron("0,30 2,3 * * *").call("work");
    assert_eq!(fires(SPRING, "Europe/Paris", MINUTE * 180, cron), ["29T01:00", "29T01:30"]);
}

#[test]
fn gap_and_fold_override_what_a_clock_change_does() {
    let spring = |gap| fires(SPRING, "Europe/Paris", DAY, daily().at("02:30").gap(gap).call("work"));
    assert_eq!(spring(Gap::Skip), [""; 0]);
    assert_eq!(spring(Gap::Shift), ["29T01:30"]);
    assert_eq!(spring(Gap::Next), ["29T01:00"]);
    let autumn = |fold| fires(AUTUMN, "Europe/Paris", DAY, daily().at("02:30").fold(fold).call("work"));
    assert_eq!(autumn(Fold::First), ["25T00:30"]);
    assert_eq!(autumn(Fold::Second), ["25T01:30"]);
    assert_eq!(autumn(Fold::Both), ["25T00:30", "25T01:30"]);
}

#[test]
fn day_of_month_and_day_of_week_both_restricted_are_or_ed() {
    // The 23rd is a Monday, the 25th a Wednesday.
    let job = cron("0 12 25 * FRI").call("work");
    assert_eq!(fires("2026-11-23T00:00:00Z", "UTC", DAY * 7, job), ["25T12:00", "27T12:00"]);
}

#[test]
fn a_date_that_is_past_is_an_error_when_its_job_is_added() {
    let (_, process) = start_at("2026-11-23T00:00:00Z", "UTC");
    let past = process.run(process.scheduler.add(at("2026-11-22 23:59:59").call("work")));
    assert!(matches!(past, Err(SchedulerError::Schedule(_))), "{past:?}");
    let now = process.run(process.scheduler.add(at("2026-11-23 00:00:00").call("work")));
    assert!(matches!(now, Err(SchedulerError::Schedule(_))), "{now:?}");
    process.add(at("2026-11-23 00:00:01").call("work"));
}

#[test]
fn a_cron_without_a_fire_in_forty_years_is_refused() {
    let (_, process) = start_at("2026-11-23T00:00:00Z", "UTC");
    let never = process.run(process.scheduler.add(cron("0 0 30 2 *").call("work")));
    assert!(matches!(never, Err(SchedulerError::Schedule(_))), "{never:?}");
}

#[test]
fn without_a_zone_the_schedulers_counts() {
    let day = |job: NewJob| fires("2026-11-23T00:00:00Z", "Asia/Tokyo", DAY, job);
    assert_eq!(day(daily().at("12:00").call("work").into()), ["23T03:00"]);
    assert_eq!(day(daily().at("12:00").tz("Europe/Paris").call("work").into()), ["23T11:00"]);
}

#[test]
fn jitter_ends_before_the_next_fire_and_the_identity_stays_nominal() {
    let world = World::default();
    let process = world.start();
    // Far longer than the interval: it is cut to that.
    process.add(every(10).seconds().jitter(MINUTE * 60).call("work"));
    process.advance(MINUTE * 10);
    let runs = process.runs();
    assert!(runs.len() >= 59, "{}", runs.len());
    for (number, run) in (1..).zip(&runs) {
        assert_eq!(run.scheduled_for(), monday() + Duration::from_secs(10) * number);
        let delay = run.started_at.unwrap() - run.scheduled_for();
        assert!((0..10_000).contains(&delay.num_milliseconds()), "{delay}");
    }
    world.audit(0);
}

#[test]
fn jitter_is_the_same_after_a_restart() {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for (restarts, delays) in [(false, &mut first), (true, &mut second)] {
        let world = World::default();
        let mut process = world.start();
        process.add(every(10).minutes().jitter(MINUTE).call("work"));
        for _ in 0..12 {
            process.advance(MINUTE * 5);
            if restarts {
                process.stop(Duration::ZERO);
                process = world.start();
            }
        }
        process.advance(MINUTE);
        delays.extend(process.runs().iter().map(|run| run.started_at.unwrap() - run.scheduled_for()));
    }
    assert_eq!((first.len(), first), (6, second));
}

/// A program in a container of another zone, or with another setting.
#[test]
fn a_new_zone_of_the_scheduler_is_a_change_of_the_schedules_that_name_none() {
    for (old, new, expected) in [
        // Stopped on Monday at noon UTC. 09:00 in Paris comes before 09:00 in New York, ...
        ("America/New_York", "Europe/Paris", ["24T08:00", "25T08:00"]),
        // ... and the other way round, the next one in New York is still on Monday.
        ("Europe/Paris", "America/New_York", ["23T14:00", "24T14:00"]),
    ] {
        let world = World::default();
        let process = world.start_with(|builder| builder.timezone(old));
        let daily_job = process.add(daily().at("09:00").call("work"));
        let cron_job = process.add(cron("0 9 * * *").call("work"));
        let named = process.add(daily().at("09:00").tz("Asia/Tokyo").call("work"));
        process.add(every(6).hours().call("work"));
        let dated = process.add(at("2026-11-26 09:00:00").call("work"));
        let instant = process.add(at("2026-11-26T09:00:00+02:00").call("work"));
        process.advance(MINUTE * 60 * 12);
        process.stop(Duration::ZERO);

        let process = world.start_with(|builder| builder.timezone(new));
        let before = process.runs().len();
        process.advance(DAY * 2);
        let runs = process.runs();
        let of = |id| -> Vec<String> {
            let of_job = runs[before..].iter().filter(|run| run.job_id() == id && run.skipped.is_none());
            of_job.map(|run| run.scheduled_for().format("%dT%H:%M").to_string()).collect()
        };
        assert_eq!((of(daily_job), of(cron_job)), (expected.map(str::to_owned).to_vec(), of(daily_job)));
        assert_eq!(of(named), ["24T00:00", "25T00:00"], "it has its own");
        let changed = |id| {
            let of_job = runs.iter().filter(|run| run.job_id() == id).filter_map(|run| run.skipped.as_ref());
            let closed: Vec<_> = of_job.filter_map(|skipped| skipped.closed.as_ref()).collect();
            closed.iter().map(|closed| closed.definition.zone.unwrap().name()).collect::<Vec<_>>()
        };
        assert_eq!(
            (changed(daily_job), changed(cron_job), changed(dated)),
            (vec![old], vec![old], vec![old])
        );
        assert!(changed(named).is_empty() && changed(instant).is_empty());
        let next = process.job(dated).unwrap().next_run_at().unwrap();
        let local = next.with_timezone(&process.scheduler.zone());
        assert_eq!(local.format("%F %T").to_string(), "2026-11-26 09:00:00");
        world.audit(0);
        // Once is enough.
        process.stop(Duration::ZERO);
        let process = world.start_with(|builder| builder.timezone(new));
        assert_eq!(process.runs().len(), runs.len());
        world.audit(0);
    }
}

#[test]
fn a_date_that_is_over_in_a_new_zone_stays_due_when_it_was() {
    let world = World::default();
    let process = world.start_with(|builder| builder.timezone("America/New_York"));
    let id = process.add(at("2026-11-23 12:00:00").call("work"));
    process.advance(MINUTE * 60 * 15);
    process.stop(Duration::ZERO);
    let process = world.start_with(|builder| builder.timezone("Asia/Tokyo"));
    assert_eq!(process.job(id).unwrap().next_run_at(), Some(instant("2026-11-23T17:00:00Z")));
    process.advance(MINUTE * 60 * 3);
    assert_eq!(world.script.count(), 1);
    world.audit(0);
    // The last of all dates here is after them there.
    process.add(at("9999-12-31 23:00:00").call("work"));
    process.stop(Duration::ZERO);
    let process = world.start_with(|builder| builder.timezone("America/New_York"));
    assert_eq!(process.run(process.scheduler.jobs()).unwrap().len(), 1);
}
