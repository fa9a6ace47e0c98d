//! The first and the last instant at which a schedule may fire.

use std::time::SystemTime;

use chrono::{DateTime, NaiveDate, TimeZone};

use super::ScheduleDefinition;
use super::kind::IntoDateTime;
use super::micros::SECOND;
use super::text::{ScheduleError, WindowEdge, WrittenDateTime};
use super::zone::{Pass, Zone};

/// The instants between which fires lie, both included, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: i64,
    pub(super) until: i64,
}

impl Window {
    /// Of a schedule without a first and a last date.
    pub(super) const OPEN: Self = Self { from: i64::MIN, until: i64::MAX };

    /// The window of a schedule whose local times are in this zone.
    pub(super) fn of(definition: &ScheduleDefinition, zone: Zone) -> Result<Self, ScheduleError> {
        if definition.has_window() && !definition.spec.is_recurring() {
            return Err(ScheduleError::WindowOfOne);
        }
        let from = definition.from.map(|edge| first_instant(edge, zone)).transpose()?;
        let until = definition.until.map(|edge| last_instant(edge, zone)).transpose()?;
        Ok(Self { from: from.unwrap_or(Self::OPEN.from), until: until.unwrap_or(Self::OPEN.until) })
    }

    /// Whether it has both a beginning and an end, so that it may be empty whatever
    /// today is.
    pub(super) fn is_closed(self) -> bool {
        self.from != Self::OPEN.from && self.until != Self::OPEN.until
    }
}

/// The first instant of a day, or the first at which it is that time.
fn first_instant(edge: WindowEdge, zone: Zone) -> Result<i64, ScheduleError> {
    let (WindowEdge::Day(at) | WindowEdge::Moment(at)) = edge;
    let (local, micros) = local_time(at)?;
    Ok(match at.offset_seconds {
        Some(east) => (local - i64::from(east)) * SECOND + micros,
        None => match zone.passes(local) {
            Pass::Of { first, .. } => first * SECOND + micros,
            Pass::LeftOut { next } => next * SECOND,
        },
    })
}

/// The last instant of a day, or the last at which it is that time.
fn last_instant(edge: WindowEdge, zone: Zone) -> Result<i64, ScheduleError> {
    match edge {
        WindowEdge::Day(midnight) => {
            let (local, _) = local_time(midnight)?;
            Ok(match zone.passes(local + 86_399) {
                Pass::Of { last, .. } => last * SECOND + SECOND - 1,
                Pass::LeftOut { next } => next * SECOND - 1,
            })
        }
        WindowEdge::Moment(at) => {
            let (local, micros) = local_time(at)?;
            Ok(match at.offset_seconds {
                Some(east) => (local - i64::from(east)) * SECOND + micros,
                None => match zone.passes(local) {
                    Pass::Of { last, .. } => last * SECOND + micros,
                    // Where a fixed time runs that is left out.
                    Pass::LeftOut { next } => next * SECOND,
                },
            })
        }
    }
}

/// Seconds since 1970-01-01 00:00:00 local time, and the microseconds past them.
pub(super) fn local_time(at: WrittenDateTime) -> Result<(i64, i64), ScheduleError> {
    let date = NaiveDate::from_ymd_opt(i32::from(at.year), u32::from(at.month), u32::from(at.day))
        .ok_or_else(|| ScheduleError::DateTime(at.to_string()))?;
    let time = (i64::from(at.at.hour()) * 60 + i64::from(at.at.minute())) * 60 + i64::from(at.at.second());
    Ok((i64::from(date.to_epoch_days()) * 86_400 + time, i64::from(at.micros)))
}

/// What names the first or the last date of a schedule: a text such as `2027-01-01`
/// or `2027-06-30 18:00:00`, a [`DateTime`] or a [`SystemTime`]; or an `Option` of
/// one, where `None` is no such date.
///
/// A text without an offset is in the schedule's zone.
///
/// # Examples
///
/// ```
/// use fastscheduler::schedule::daily;
///
/// let schedule = daily().at("09:00").tz("UTC").from("2027-01-01").until("2027-01-02 09:00:00").schedule()?;
/// let fires: Vec<_> = schedule.upcoming("2026-01-01T00:00:00Z".parse()?).map(|at| at.to_rfc3339()).collect();
/// assert_eq!(fires, ["2027-01-01T09:00:00+00:00", "2027-01-02T09:00:00+00:00"]);
/// assert_eq!(schedule.to_string(), "Daily at 09:00 (UTC), from 2027-01-01 until 2027-01-02 09:00:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait IntoWindowEdge {
    /// The date, or `None` for none.
    fn into_window_edge(self) -> Result<Option<WindowEdge>, ScheduleError>;
}

impl<T: AsRef<str> + ?Sized> IntoWindowEdge for &T {
    fn into_window_edge(self) -> Result<Option<WindowEdge>, ScheduleError> {
        self.as_ref().parse().map(Some)
    }
}

impl IntoWindowEdge for String {
    fn into_window_edge(self) -> Result<Option<WindowEdge>, ScheduleError> {
        self.parse().map(Some)
    }
}

impl IntoWindowEdge for WindowEdge {
    fn into_window_edge(self) -> Result<Option<WindowEdge>, ScheduleError> {
        Ok(Some(self))
    }
}

impl<T: TimeZone> IntoWindowEdge for DateTime<T> {
    fn into_window_edge(self) -> Result<Option<WindowEdge>, ScheduleError> {
        self.into_date_time().map(WindowEdge::Moment).map(Some)
    }
}

impl IntoWindowEdge for SystemTime {
    fn into_window_edge(self) -> Result<Option<WindowEdge>, ScheduleError> {
        self.into_date_time().map(WindowEdge::Moment).map(Some)
    }
}

impl<T: IntoWindowEdge> IntoWindowEdge for Option<T> {
    fn into_window_edge(self) -> Result<Option<WindowEdge>, ScheduleError> {
        self.map_or(Ok(None), T::into_window_edge)
    }
}
