//! How schedules are written in code.

use super::kind::Kind;
use super::settings::{ScheduleSettings, schedule_setters};
use super::text::ScheduleError;
use super::{Schedule, ScheduleDefinition, ScheduleSpec};

/// A schedule being written, and in `J` what the layers above add to it.
///
/// It begins with [`every`](super::every), [`hourly`](super::hourly),
/// [`daily`](super::daily), [`weekly`](super::weekly),
/// [`monthly`](super::monthly), [`cron`](super::cron), [`once`](super::once),
/// [`at`](super::at) or [`now`](super::now). Settings may come in any order. A
/// mistake in a text is kept, the first if there are more, and returned at the
/// end.
///
/// # Examples
///
/// ```
/// use fastscheduler::schedule::weekly;
///
/// let schedule = weekly().tz("Asia/Tokyo").weekdays().at("09:00").schedule()?;
/// assert_eq!(schedule.to_string(), "Every Mon, Tue, Wed, Thu, Fri at 09:00 (Asia/Tokyo)");
///
/// let mistake = weekly().monday().at("25:00").tz("Mars/Olympus").schedule().unwrap_err();
/// assert!(mistake.to_string().starts_with("`25:00` is not a time of day"));
/// # Ok::<(), fastscheduler::schedule::ScheduleError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a schedule that is begun does nothing until it is added to a scheduler"]
pub struct ScheduleBuilder<K, J = ()> {
    pub(super) kind: K,
    settings: ScheduleSettings,
    mistake: Option<ScheduleError>,
    /// What the layers above add.
    pub(crate) job: J,
}

impl<K: Kind> ScheduleBuilder<K> {
    pub(super) fn new(kind: K) -> Self {
        Self { kind, settings: ScheduleSettings::default(), mistake: None, job: () }
    }
}

impl From<ScheduleDefinition> for ScheduleBuilder<ScheduleSpec> {
    /// A finished schedule as a builder, to be given other modifiers or to be
    /// added to a scheduler.
    ///
    /// # Examples
    ///
    /// ```
    /// use fastscheduler::schedule::{ScheduleBuilder, daily};
    ///
    /// let stored = daily().at("09:00").tz("Asia/Tokyo").definition()?;
    /// let builder: ScheduleBuilder<_> = stored.into();
    /// assert_eq!(builder.tz("Europe/Paris").schedule()?.to_string(), "Daily at 09:00 (Europe/Paris)");
    /// # Ok::<(), fastscheduler::schedule::ScheduleError>(())
    /// ```
    fn from(definition: ScheduleDefinition) -> Self {
        let settings = ScheduleSettings::of(&definition);
        Self { settings, ..Self::new(definition.spec) }
    }
}

impl<K: Kind, J> ScheduleBuilder<K, J> {
    schedule_setters!();

    /// The schedule.
    ///
    /// If it has local times and names no zone, they are in the system's zone; see
    /// [`SchedulerBuilder::timezone`](crate::SchedulerBuilder::timezone).
    ///
    /// # Errors
    ///
    /// [`ScheduleError::SystemZone`] if the system's zone is needed and `TZ` names
    /// none; the first mistake in a text; [`ScheduleError::Incomplete`] or
    /// [`ScheduleError::NoDays`] if something is missing; and what
    /// [`ScheduleDefinition::compile`] refuses.
    pub fn schedule(self) -> Result<Schedule, ScheduleError> {
        self.definition()?.compile_on_this_machine()
    }

    /// The schedule as plain data.
    ///
    /// # Errors
    ///
    /// As [`schedule`](Self::schedule); a cron expression is not read yet.
    pub fn definition(self) -> Result<ScheduleDefinition, ScheduleError> {
        self.into_parts().0
    }

    /// The schedule as plain data, and what the layers above added.
    pub(crate) fn into_parts(self) -> (Result<ScheduleDefinition, ScheduleError>, J) {
        let Self { kind, settings, mistake, job } = self;
        let definition = match mistake {
            Some(mistake) => Err(mistake),
            None => kind.into_spec().map(|spec| settings.applied_to(spec.into())),
        };
        (definition, job)
    }

    /// The same schedule with something else for the layers above.
    pub(crate) fn map_job<T>(self, change: impl FnOnce(J) -> T) -> ScheduleBuilder<K, T> {
        let Self { kind, settings, mistake, job } = self;
        ScheduleBuilder { kind, settings, mistake, job: change(job) }
    }

    fn set_schedule<T>(
        self,
        read: Result<T, ScheduleError>,
        apply: impl FnOnce(&mut ScheduleSettings, T),
    ) -> Self {
        self.set(read, |builder, value| apply(&mut builder.settings, value))
    }

    /// Applies what was read, or keeps the mistake.
    pub(super) fn set<T>(mut self, read: Result<T, ScheduleError>, apply: impl FnOnce(&mut Self, T)) -> Self {
        match read {
            Ok(value) => apply(&mut self, value),
            Err(mistake) => {
                self.mistake.get_or_insert(mistake);
            }
        }
        self
    }
}
