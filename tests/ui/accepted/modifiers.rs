//! Every modifier, on schedules of all kinds.

use fastscheduler::prelude::*;

#[every(
    10,
    seconds,
    name = "heartbeat",
    group = "health",
    tz = "Europe/London",
    retries = 0,
    retry_delay = "5s",
    retry_max_delay = "10m",
    retry_factor = 1.5,
    retry_jitter = 0.2,
    timeout = "30s",
    catch_up = "once",
    overlap = "skip",
    jitter = "10s",
    gap = "next",
    fold = "first",
    from = "2027-01-01",
    until = "2027-06-30 18:00:00",
    enabled = true,
    args("a", 1, -2, 1.5, -0.25, true, null, [1, "two", [3.0, false]]),
    kwargs(priority = "high", r#type = 1, rest = []),
    module = "dev.test_app",
    crate = fastscheduler,
)]
#[hourly(at = ":30", retries = 4294967295, timeout = 30, catch_up = "all", overlap = "queue", gap = "skip")]
#[daily(at = "14:30", timeout = 1.5, catch_up = "none", overlap = "allow", gap = "shift", fold = "second")]
#[weekly(weekdays, at = "10:00", no_catch_up, overlap = "cancel", fold = "both")]
#[monthly(1, at = "00:00", jitter = 10, enabled = false, retry_delay = 0, retry_factor = 2, retry_jitter = 0)]
#[cron("0 9 * * *", args(), kwargs(), from = "2027-01-01T00:00:00+02:00", until = "2027-01-31")]
#[once(60, name = "soon", args("quoted \" and \\ and \n"))]
#[at("2027-12-25 00:00:00", name = "日次レポート", tz = "America/New_York")]
fn everything(_all: Args, _named: Kwargs) {}

#[job(module = "dev.test_app", crate = ::fastscheduler)]
fn registered() {}

mod errors {
    /// An error with a method that is a predicate.
    #[derive(Debug)]
    pub(super) struct Failed<T>(pub(super) T);

    pub(super) trait Transient {
        fn is_transient(&self) -> bool;
    }

    impl<T> Transient for Failed<T> {
        fn is_transient(&self) -> bool {
            true
        }
    }

    impl<T> Failed<T> {
        pub(super) fn may_be_mended(&self) -> bool {
            true
        }
    }

    impl<T> std::fmt::Display for Failed<T> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("failed")
        }
    }
}

use errors::{Failed, Transient};

type Fallible<T> = Result<T, Failed<u8>>;

fn always<T>(_: &T) -> bool {
    true
}

#[every(1, hour, retry_if = always)]
#[daily(at = "10:00", retry_if = always)]
#[hourly(at = ":10")]
async fn a_function_of_any_type() -> anyhow::Result<u8> {
    Ok(7)
}

#[weekly(monday, at = "10:00", retry_if = self::always::<errors::Failed<u8>>)]
fn a_path_with_types() -> Fallible<impl serde::Serialize> {
    if "1".parse() == Ok(1) { Ok(7) } else { Err(Failed(7)) }
}

#[job(retry_if = errors::Failed::may_be_mended)]
async fn a_method() -> Fallible<()> {
    Ok(())
}

#[job(retry_if = Transient::is_transient)]
async fn a_method_of_a_trait() -> Fallible<()> {
    Ok(())
}

#[job(retry_if = <Failed<u8> as Transient>::is_transient, crate = fastscheduler)]
fn a_method_of_a_trait_in_full() -> Fallible<()> {
    Ok(())
}

macro_rules! nightly {
    ($name:ident, $at:literal, $zone:expr, $retries:tt, $ty:ty) => {
        #[daily(at = $at, tz = $zone, retries = $retries, args(-1))]
        fn $name(_number: $ty) {}
    };
}

nightly!(backup, "02:00", "UTC", 3, i64);
nightly!(cleanup, "03:00", "Asia/Tokyo", 0, Option<i64>);
