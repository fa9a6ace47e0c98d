//! Every modifier, on schedules of all kinds.

use fastscheduler::prelude::*;

#[every(
    10,
    seconds,
    name = "heartbeat",
    group = "health",
    tz = "Europe/London",
    retries = 0,
    timeout = "30s",
    catch_up = "once",
    overlap = "skip",
    jitter = "10s",
    gap = "next",
    fold = "first",
    enabled = true,
    args("a", 1, -2, 1.5, -0.25, true, null, [1, "two", [3.0, false]]),
    kwargs(priority = "high", r#type = 1, rest = []),
    module = "dev.test_app",
    crate = fastscheduler,
)]
#[hourly(at = ":30", retries = 4294967295, timeout = 30, catch_up = "all", overlap = "queue", gap = "skip")]
#[daily(at = "14:30", timeout = 1.5, catch_up = "none", overlap = "allow", gap = "shift", fold = "second")]
#[weekly(weekdays, at = "10:00", no_catch_up, overlap = "cancel", fold = "both")]
#[monthly(1, at = "00:00", jitter = 10, enabled = false)]
#[cron("0 9 * * *", args(), kwargs())]
#[once(60, name = "soon", args("quoted \" and \\ and \n"))]
#[at("2027-12-25 00:00:00", name = "日次レポート", tz = "America/New_York")]
fn everything(_all: Args, _named: Kwargs) {}

#[job(module = "dev.test_app", crate = ::fastscheduler)]
fn registered() {}

macro_rules! nightly {
    ($name:ident, $at:literal, $zone:expr, $retries:tt, $ty:ty) => {
        #[daily(at = $at, tz = $zone, retries = $retries, args(-1))]
        fn $name(_number: $ty) {}
    };
}

nightly!(backup, "02:00", "UTC", 3, i64);
nightly!(cleanup, "03:00", "Asia/Tokyo", 0, Option<i64>);
