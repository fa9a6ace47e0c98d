//! What may be said of a schedule whatever its kind, and the setters that say it.
//!
//! The setters are written once: a builder and an update both have them.

use chrono_tz::Tz;

use super::{Fold, Gap, ScheduleDefinition, WindowEdge};

/// What is said of a setting that a job may also do without.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Setting<T> {
    /// Nothing: it stays as it is.
    #[default]
    Unnamed,
    /// The job is to do without it.
    Unset,
    /// The job is to have it.
    Set(T),
}

impl<T> From<Option<T>> for Setting<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Unset, Self::Set)
    }
}

impl<T: Clone> Setting<T> {
    /// Makes the value what is said of it.
    pub(crate) fn apply_to(&self, value: &mut Option<T>) {
        match self {
            Self::Unnamed => {}
            Self::Unset => *value = None,
            Self::Set(new) => *value = Some(new.clone()),
        }
    }

    /// Makes the value what is said of it; to do without it is to have the default.
    pub(crate) fn apply_or(&self, default: T, value: &mut T) {
        match self {
            Self::Unnamed => {}
            Self::Unset => *value = default,
            Self::Set(new) => *value = new.clone(),
        }
    }
}

/// The settings of a schedule that somebody named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ScheduleSettings {
    pub(crate) zone: Setting<Tz>,
    pub(crate) gap: Option<Gap>,
    pub(crate) fold: Option<Fold>,
    pub(crate) from: Setting<WindowEdge>,
    pub(crate) until: Setting<WindowEdge>,
}

impl ScheduleSettings {
    /// The settings that a schedule was given.
    pub(crate) fn of(definition: &ScheduleDefinition) -> Self {
        let ScheduleDefinition { spec: _, zone, gap, fold, from, until } = definition;
        Self {
            zone: zone.map_or(Setting::Unnamed, Setting::Set),
            gap: *gap,
            fold: *fold,
            from: from.map_or(Setting::Unnamed, Setting::Set),
            until: until.map_or(Setting::Unnamed, Setting::Set),
        }
    }

    /// The schedule with what is named; the rest stays.
    pub(crate) fn applied_to(&self, definition: ScheduleDefinition) -> ScheduleDefinition {
        let Self { zone, gap, fold, from, until } = self;
        let mut after = definition;
        zone.apply_to(&mut after.zone);
        after.gap = gap.or(after.gap);
        after.fold = fold.or(after.fold);
        from.apply_to(&mut after.from);
        until.apply_to(&mut after.until);
        after
    }
}

/// The setters of [`ScheduleSettings`], for an `impl` with a method
/// `set_schedule(self, Result<T, ScheduleError>, impl FnOnce(&mut ScheduleSettings, T))`.
macro_rules! schedule_setters {
    () => {
        /// The zone of the schedule's local times, instead of the scheduler's.
        ///
        /// It takes an IANA name or a [`Tz`](chrono_tz::Tz).
        pub fn tz(self, zone: impl $crate::schedule::IntoZone) -> Self {
            let zone = zone.into_zone().map($crate::schedule::Setting::Set);
            self.set_schedule(zone, |settings, zone| settings.zone = zone)
        }

        /// The local times are in the scheduler's zone, whatever that is.
        pub fn default_zone(self) -> Self {
            let zone = $crate::schedule::Setting::Unset;
            self.set_schedule(Ok(zone), |settings, zone| settings.zone = zone)
        }

        /// What a nominal time does that clocks going forward leave out.
        pub fn gap(self, gap: $crate::schedule::Gap) -> Self {
            self.set_schedule(Ok(gap), |settings, gap| settings.gap = Some(gap))
        }

        /// What a nominal time does that clocks going back repeat.
        pub fn fold(self, fold: $crate::schedule::Fold) -> Self {
            self.set_schedule(Ok(fold), |settings, fold| settings.fold = Some(fold))
        }

        /// The first date of a schedule that repeats: no fire comes before it. See
        /// [`IntoWindowEdge`](crate::schedule::IntoWindowEdge); `None` is no such date.
        ///
        /// A date alone is the day's first instant, and a local time that occurs twice
        /// is meant the first time. An interval without
        /// [`starting_at`](crate::schedule::ScheduleBuilder::starting_at) counts from
        /// this date and first fires then.
        pub fn from(self, first: impl $crate::schedule::IntoWindowEdge) -> Self {
            let first = first.into_window_edge().map($crate::schedule::Setting::from);
            self.set_schedule(first, |settings, first| settings.from = first)
        }

        /// The last date of a schedule that repeats: no fire comes after it. See
        /// [`IntoWindowEdge`](crate::schedule::IntoWindowEdge); `None` is no such date.
        ///
        /// A date alone is the day's last instant, and a local time that occurs twice
        /// is meant the second time. After its last fire the job ends as a one-time job
        /// does.
        pub fn until(self, last: impl $crate::schedule::IntoWindowEdge) -> Self {
            let last = last.into_window_edge().map($crate::schedule::Setting::from);
            self.set_schedule(last, |settings, last| settings.until = last)
        }
    };
}
pub(crate) use schedule_setters;
