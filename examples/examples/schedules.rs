//! Every kind of schedule, as an attribute and as a builder, with its next fires.
//!
//! `cargo run -p fastscheduler-examples --example schedules`
//!
//! A schedule is a pure rule: it is asked here about a fixed instant, and
//! nothing runs.

#![expect(clippy::print_stdout, reason = "an example prints")]

use anyhow::Result;
use chrono::{DateTime, Utc};
use fastscheduler::prelude::*;
use fastscheduler::schedule::{Fold, Gap, Schedule, ScheduleError};

/// As attributes. This program starts no scheduler, so none of them runs; but
/// were one of them wrong, it would not compile.
mod attributes {
    #![expect(clippy::unused_async, reason = "these do nothing")]

    use fastscheduler::prelude::*;

    #[every(10, seconds)]
    async fn interval() {}

    #[every("1h 30m")]
    async fn interval_as_text() {}

    #[hourly(at = ":30")]
    async fn hourly_job() {}

    #[daily(at = "14:30", tz = "America/New_York")]
    async fn daily_job() {}

    #[weekly(monday, friday, at = "10:00", tz = "Europe/Paris")]
    async fn weekly_job() {}

    #[weekly(weekends, at = "10:00", tz = "Asia/Tokyo")]
    async fn weekend_job() {}

    #[monthly(31, at = "00:00", tz = "UTC")]
    async fn monthly_job() {}

    #[monthly(last, at = "23:59:30", tz = "UTC")]
    async fn last_day_job() {}

    #[cron("0 9 * * MON-FRI", tz = "Europe/London")]
    async fn cron_job() {}

    #[cron("*/20 * * * * *", tz = "UTC")]
    async fn cron_job_with_seconds() {}

    #[once("90s")]
    async fn delayed_job() {}

    #[at("2027-12-25 00:00:00", tz = "Pacific/Auckland")]
    async fn dated_job() {}

    /// When clocks go forward over 02:30, and when they go back over it.
    #[daily(at = "02:30", tz = "America/New_York", gap = "shift", fold = "second")]
    async fn night_job() {}

    /// Several attributes on one function make several jobs of it.
    #[daily(at = "09:00", tz = "UTC")]
    #[daily(at = "17:00", tz = "UTC")]
    async fn twice_a_day() {}
}

fn main() -> Result<()> {
    // The same as builders, which are for schedules that are known at run time.
    let schedules: [Result<Schedule, ScheduleError>; 13] = [
        every(10).seconds().schedule(),
        every("1h 30m").schedule(),
        hourly().at(":30").tz("UTC").schedule(),
        daily().at("14:30").tz("America/New_York").schedule(),
        weekly().monday().friday().at("10:00").tz("Europe/Paris").schedule(),
        weekly().weekends().at("10:00").tz("Asia/Tokyo").schedule(),
        monthly().on(31).at("00:00").tz("UTC").schedule(),
        monthly().last_day().at("23:59:30").tz("UTC").schedule(),
        cron("0 9 * * MON-FRI").tz("Europe/London").schedule(),
        cron("*/20 * * * * *").tz("UTC").schedule(),
        once("90s").schedule(),
        at("2027-12-25 00:00:00").tz("Pacific/Auckland").schedule(),
        daily().at("02:30").tz("America/New_York").gap(Gap::Shift).fold(Fold::Second).schedule(),
    ];

    // The day before clocks go forward in New York.
    let after: DateTime<Utc> = "2026-03-07T12:00:00Z".parse()?;
    println!("after {after}");
    for schedule in schedules {
        let schedule = schedule?;
        println!("{schedule}");
        for fire in schedule.upcoming(after).take(3) {
            // Instants are UTC; the schedule's zone shows them as local time.
            println!(
                "  {}  {}",
                fire.format("%F %T UTC"),
                fire.with_timezone(&schedule.zone()).format("%a %T %Z")
            );
        }
    }

    // A mistake in a text is kept by the builder and returned at the end.
    if let Err(mistake) = daily().at("14:30").tz("Europe/Pariss").schedule() {
        println!("{mistake}");
    }
    Ok(())
}
