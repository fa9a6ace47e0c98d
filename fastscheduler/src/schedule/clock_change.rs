//! What a schedule does when the clocks of its zone change.

use serde::{Deserialize, Serialize};

/// What a nominal time does that falls into a gap, when clocks go forward.
///
/// Without a setting, fixed times ([`daily`](super::daily), `30 2 * * *`) use
/// [`Gap::Next`] and wildcards ([`hourly`](super::hourly), `*/5 * * * *`) use
/// [`Gap::Skip`]; a setting holds for either. A gap of more than three hours
/// is a date that never was, and nothing runs for it whatever the setting.
///
/// # Examples
///
/// ```
/// use fastscheduler::schedule::{Gap, daily};
///
/// // In New York 02:30 does not exist on 2026-03-08.
/// let eve = "2026-03-07T12:00:00Z".parse()?;
/// let next = |gap| -> Result<_, fastscheduler::schedule::ScheduleError> {
///     let schedule = daily().at("02:30").tz("America/New_York").gap(gap).schedule()?;
///     Ok(schedule.next_after(eve).unwrap().to_rfc3339())
/// };
/// assert_eq!(next(Gap::Next)?, "2026-03-08T07:00:00+00:00"); // 03:00
/// assert_eq!(next(Gap::Shift)?, "2026-03-08T07:30:00+00:00"); // 03:30
/// assert_eq!(next(Gap::Skip)?, "2026-03-09T06:30:00+00:00"); // 02:30 on the 9th
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// It runs at the first instant after the gap.
    Next,
    /// It does not run on that day.
    Skip,
    /// It runs later by the length of the gap, as `java.time` does.
    Shift,
}

/// What a nominal time does that occurs twice, when clocks go back.
///
/// Without a setting, fixed times use [`Fold::First`] and wildcards use
/// [`Fold::Both`]; a setting holds for either.
///
/// # Examples
///
/// ```
/// use fastscheduler::schedule::{Fold, daily};
///
/// // In New York 01:30 occurs twice on 2026-11-01.
/// let schedule = daily().at("01:30").tz("America/New_York").fold(Fold::Second).schedule()?;
/// let next = schedule.next_after("2026-10-31T12:00:00Z".parse()?).unwrap();
/// assert_eq!(next.to_rfc3339(), "2026-11-01T06:30:00+00:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fold {
    /// It runs on the first pass.
    First,
    /// It runs on the second pass.
    Second,
    /// It runs on both.
    Both,
}
