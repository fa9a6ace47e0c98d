//! Every spelling of every schedule.

use fastscheduler::prelude::*;

#[every(10, seconds)]
#[every(1, second)]
#[every(5, minutes)]
#[every(1, minute)]
#[every(2, hours)]
#[every(1, hour)]
#[every(3, days)]
#[every(1, day)]
#[every(0.5, seconds)]
#[every(1.5, hours)]
#[every("1h 30m")]
#[every("500ms")]
#[every("90 seconds")]
#[every(r"2d")]
#[every(0x10, seconds)]
async fn intervals() {}

#[hourly(at = ":30")]
#[hourly(at = "30")]
#[hourly(at = "05", tz = "Asia/Kathmandu")]
async fn hourly_times() {}

#[daily(at = "14:30")]
#[daily(at = "14:30:15")]
#[daily(at = "9:05")]
#[daily(tz = "UTC", at = "00:00")]
async fn daily_times() {}

#[weekly(monday, at = "10:00")]
#[weekly(monday, wednesday, friday, at = "10:00:30")]
#[weekly(at = "10:00", tuesday, thursday)]
#[weekly(mon, tue, wed, thu, fri, sat, sun, at = "10:00")]
#[weekly(saturday, sunday, at = "10:00")]
#[weekly(weekdays, at = "10:00")]
#[weekly(weekends, at = "10:00")]
#[weekly(weekdays, sat, at = "10:00")]
async fn weekly_times() {}

#[monthly(1, at = "00:00")]
#[monthly(31, at = "12:00:01")]
#[monthly(last, at = "23:59")]
#[monthly(at = "06:00", 15)]
async fn monthly_times() {}

#[cron("0 9 * * MON-FRI")]
#[cron("*/15 * * * *")]
#[cron("30 0 9 * * *")]
#[cron("0 0 L * *")]
#[cron("0 0 15W * *")]
#[cron("0 0 * * FRI#2")]
#[cron("0 0 * * FRI#L")]
#[cron("0 0 1 JUN-JUL,DEC *")]
#[cron("0 0 15W,L * *")]
#[cron("0 0 * * MON-SUN")]
#[cron("5/15 * * * *")]
#[cron("0 0 13 * FRI")]
#[cron("0 0 13 * +FRI")]
#[cron("0 0 29 2 *")]
#[cron("@hourly")]
#[cron("@daily")]
#[cron("@weekly")]
#[cron("@monthly")]
#[cron("@yearly")]
fn crons() {}

#[once(60)]
#[once(0.5)]
#[once(5, minutes)]
#[once("90s")]
fn in_a_while() {}

#[at("2027-12-25 00:00:00")]
#[at("2027-12-25 08:30")]
#[at("2027-12-25T00:00:00")]
#[at("2027-12-25T00:00:00Z")]
#[at("2027-12-25T00:00:00+01:00")]
#[at("1999-12-31 23:59:59", tz = "Pacific/Auckland")]
fn one_time() {}

#[job]
fn by_name_only() {}

#[job()]
fn by_name_only_too() {}

#[test]
fn functions_can_be_called() {
    in_a_while();
    by_name_only();
}
