//! What may be said of a job besides the kind of its schedule.
//!
//! This is the one list. Attributes, builders, updates and requests over HTTP
//! all fill in [`JobSettings`], and a job gets them by [`JobSettings::apply_to`],
//! which the compiler refuses if a field is forgotten. The setters are written
//! once, for all who have them.

use std::time::Duration;

use serde_json::{Map, Value};

use super::arguments::check_arguments;
pub(crate) use super::arguments::{read_args, read_kwargs};
pub(crate) use super::setting_error::SettingError;
use super::{Backoff, CatchUp, JobDefinition, NAME_LENGTH_LIMIT, Name, Overlap};
use crate::schedule::text::{check_factor, check_share};
use crate::schedule::{OptionalAmount, ScheduleError, ScheduleSettings, Setting, Unit, schedule_setters};

/// The settings of a job that somebody named. What is not named stays as it is,
/// or is the default of a new job.
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use = "settings change nothing until a job is given them"]
pub struct JobSettings {
    pub(crate) name: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) args: Option<Vec<Value>>,
    pub(crate) kwargs: Option<Map<String, Value>>,
    pub(crate) retries: Option<u32>,
    pub(crate) timeout: Setting<Duration>,
    pub(crate) catch_up: Option<CatchUp>,
    pub(crate) overlap: Option<Overlap>,
    pub(crate) jitter: Setting<Duration>,
    pub(crate) retry_delay: Setting<Duration>,
    pub(crate) retry_max_delay: Setting<Duration>,
    pub(crate) retry_factor: Setting<f64>,
    pub(crate) retry_jitter: Setting<f64>,
    pub(crate) enabled: Option<bool>,
    pub(crate) schedule: ScheduleSettings,
    /// The first mistake that a setter found.
    pub(crate) mistake: Option<SettingError>,
}

/// The setters of [`JobSettings`] but for those of its schedule, for an `impl` with
/// a method `set_job(self, Result<T, SettingError>, impl FnOnce(&mut JobSettings, T))`
/// that returns `$returned`.
macro_rules! job_setters {
    ($returned:ty) => {
        /// The name people know the job by; 1 to 200 characters.
        pub fn name(self, name: impl Into<String>) -> $returned {
            self.set_job(Ok(name.into()), |settings, name| settings.name = Some(name))
        }

        /// The group the job belongs to, `default` by default; 1 to 200 characters.
        pub fn group(self, group: impl Into<String>) -> $returned {
            self.set_job(Ok(group.into()), |settings, group| settings.group = Some(group))
        }

        /// All positional arguments: an array or a tuple of what serialises to JSON.
        pub fn args(self, args: impl serde::Serialize) -> $returned {
            let args = $crate::job::settings::read_args(args);
            self.set_job(args, |settings, args| settings.args = Some(args))
        }

        /// All keyword arguments: a map or a struct, or pairs of names and values.
        pub fn kwargs(self, kwargs: impl serde::Serialize) -> $returned {
            let kwargs = $crate::job::settings::read_kwargs(kwargs);
            self.set_job(kwargs, |settings, kwargs| settings.kwargs = Some(kwargs))
        }

        /// Attempts after the first that failed, 3 by default.
        pub fn retries(self, retries: u32) -> $returned {
            self.set_job(Ok(retries), |settings, retries| settings.retries = Some(retries))
        }

        /// The longest an attempt may take: a text such as `5m` or `1h 30m`, a
        /// number of seconds, or a [`Duration`](std::time::Duration); `None` for as
        /// long as it likes.
        ///
        /// A future is dropped at the deadline. A blocking function is recorded as
        /// timed out, but its thread cannot be killed: it keeps its slot, and the
        /// job waits for it.
        pub fn timeout(self, timeout: impl Into<$crate::schedule::OptionalAmount>) -> $returned {
            let timeout = $crate::job::settings::length("timeout", timeout);
            self.set_job(timeout, |settings, timeout| settings.timeout = timeout)
        }

        /// What happens to fires that were missed.
        pub fn catch_up(self, catch_up: $crate::job::CatchUp) -> $returned {
            self.set_job(Ok(catch_up), |settings, catch_up| settings.catch_up = Some(catch_up))
        }

        /// Fires that were missed are recorded, and none runs.
        pub fn no_catch_up(self) -> $returned {
            self.catch_up($crate::job::CatchUp::None)
        }

        /// What happens to a fire while the job is still at an earlier one.
        pub fn overlap(self, overlap: $crate::job::Overlap) -> $returned {
            self.set_job(Ok(overlap), |settings, overlap| settings.overlap = Some(overlap))
        }

        /// Delays each fire by up to this much, evenly spread: a text such as
        /// `10s`, a number of seconds, or a [`Duration`](std::time::Duration); `None`
        /// not at all.
        pub fn jitter(self, jitter: impl Into<$crate::schedule::OptionalAmount>) -> $returned {
            let jitter = $crate::job::settings::length("jitter", jitter);
            self.set_job(jitter, |settings, jitter| settings.jitter = jitter)
        }

        /// How long the job waits before the first retry of a failed fire, by default
        /// 2 s: a text such as `5s`, a number of seconds, or a
        /// [`Duration`](std::time::Duration); it may be zero. `None` is the default.
        pub fn retry_delay(self, delay: impl Into<$crate::schedule::OptionalAmount>) -> $returned {
            let delay = $crate::job::settings::wait("retry_delay", delay);
            self.set_job(delay, |settings, delay| settings.retry_delay = delay)
        }

        /// The longest that it waits before any retry, jitter included, by default 1 h; as
        /// [`retry_delay`](Self::retry_delay) otherwise.
        pub fn retry_max_delay(self, delay: impl Into<$crate::schedule::OptionalAmount>) -> $returned {
            let delay = $crate::job::settings::wait("retry_max_delay", delay);
            self.set_job(delay, |settings, delay| settings.retry_max_delay = delay)
        }

        /// By what the wait grows from one retry to the next, at least 1, by default 2.
        /// `None` is the default.
        pub fn retry_factor(self, factor: impl Into<Option<f64>>) -> $returned {
            self.set_job(Ok(factor.into()), |settings, factor| settings.retry_factor = factor.into())
        }

        /// Makes each wait before a retry shorter or longer by up to this share of it,
        /// 0 to 1, so that jobs that failed together do not try again together. By
        /// default it is 0. `None` is the default.
        pub fn retry_jitter(self, share: impl Into<Option<f64>>) -> $returned {
            self.set_job(Ok(share.into()), |settings, share| settings.retry_jitter = share.into())
        }

        /// Whether the job fires; `false` adds or leaves it paused. An update to `true`
        /// resumes it as [`resume_job`](crate::Scheduler::resume_job) does.
        pub fn enabled(self, is_enabled: bool) -> $returned {
            self.set_job(Ok(is_enabled), |settings, is_enabled| settings.enabled = Some(is_enabled))
        }
    };
}
pub(crate) use job_setters;

impl JobSettings {
    /// Gives the settings to a job; what is not named stays.
    ///
    /// Whether it fires is no part of its definition.
    pub(crate) fn apply_to(&self, definition: &mut JobDefinition) {
        let Self {
            name,
            group,
            args,
            kwargs,
            retries,
            timeout,
            catch_up,
            overlap,
            jitter,
            retry_delay,
            retry_max_delay,
            retry_factor,
            retry_jitter,
            enabled: _,
            schedule,
            mistake: _,
        } = self;
        let policy = &mut definition.policy;
        set(name.as_deref().map(Name::from), &mut definition.name);
        set(group.as_deref().map(Name::from), &mut definition.group);
        set(args.clone(), &mut definition.args);
        set(kwargs.clone(), &mut definition.kwargs);
        set(*retries, &mut policy.max_retries);
        timeout.apply_to(&mut policy.timeout);
        set(*catch_up, &mut policy.catch_up);
        set(*overlap, &mut policy.overlap);
        jitter.apply_to(&mut policy.jitter);
        let (backoff, default) = (&mut policy.backoff, Backoff::default());
        retry_delay.apply_or(default.delay, &mut backoff.delay);
        retry_max_delay.apply_or(default.max_delay, &mut backoff.max_delay);
        retry_factor.apply_or(default.factor.0, &mut backoff.factor.0);
        retry_jitter.apply_or(default.jitter.0, &mut backoff.jitter.0);
        definition.schedule = schedule.applied_to(definition.schedule.clone());
    }

    /// Refuses what a setter found wrong, and what no job may have.
    pub(crate) fn check(&self) -> Result<(), SettingError> {
        // Taken apart, so that the compiler asks whether a new one needs a check.
        let Self {
            name,
            group,
            args,
            kwargs,
            retries: _,
            timeout: _,
            catch_up: _,
            overlap: _,
            jitter: _,
            retry_delay: _,
            retry_max_delay: _,
            retry_factor,
            retry_jitter,
            enabled: _,
            schedule: _,
            mistake,
        } = self;
        if let Some(mistake) = mistake {
            return Err(mistake.clone());
        }
        for (what, text) in [("name", name), ("group", group)] {
            text.as_ref().map_or(Ok(()), |text| check_name(what, text))?;
        }
        check_number("retry_factor", retry_factor, check_factor)?;
        check_number("retry_jitter", retry_jitter, check_share)?;
        check_arguments(args.as_deref().unwrap_or_default(), kwargs.as_ref().unwrap_or(&Map::new()))
    }

    /// The arguments that are named.
    pub(crate) fn arguments(&self) -> (Vec<Value>, Map<String, Value>) {
        (self.args.clone().unwrap_or_default(), self.kwargs.clone().unwrap_or_default())
    }

    /// Whether nothing is named that belongs to a definition.
    pub(crate) fn keep_definition(&self) -> bool {
        Self { enabled: None, ..self.clone() } == Self::default()
    }

    /// Applies what was read, or keeps the mistake.
    pub(crate) fn take<T>(&mut self, read: Result<T, SettingError>, apply: impl FnOnce(&mut Self, T)) {
        match read {
            Ok(value) => apply(self, value),
            Err(mistake) => {
                self.mistake.get_or_insert(mistake);
            }
        }
    }

    job_setters!(Self);
    schedule_setters!();

    fn set_job<T>(mut self, read: Result<T, SettingError>, apply: impl FnOnce(&mut Self, T)) -> Self {
        self.take(read, apply);
        self
    }

    fn set_schedule<T>(
        mut self,
        read: Result<T, ScheduleError>,
        apply: impl FnOnce(&mut ScheduleSettings, T),
    ) -> Self {
        self.take(read.map_err(SettingError::Schedule), |settings, value| {
            apply(&mut settings.schedule, value);
        });
        self
    }
}

fn set<T>(named: Option<T>, value: &mut T) {
    if let Some(named) = named {
        *value = named;
    }
}

pub(crate) fn check_name(what: &'static str, text: &str) -> Result<(), SettingError> {
    let length = text.chars().count();
    if (1..=NAME_LENGTH_LIMIT).contains(&length) {
        Ok(())
    } else {
        Err(SettingError::NameLength { what, length })
    }
}

fn check_number(
    setting: &'static str,
    number: &Setting<f64>,
    check: impl Fn(f64) -> Result<f64, ScheduleError>,
) -> Result<(), SettingError> {
    let Setting::Set(number) = number else { return Ok(()) };
    check(*number).map(drop).map_err(|error| SettingError::Value { setting, error })
}

/// A wait, which may be zero, or the default; a number is seconds.
pub(crate) fn wait(
    setting: &'static str,
    wait: impl Into<OptionalAmount>,
) -> Result<Setting<Duration>, SettingError> {
    let OptionalAmount(wait) = wait.into();
    let wait = wait.map(|wait| wait.wait(Unit::Seconds)).transpose();
    wait.map(Setting::from).map_err(|error| SettingError::Value { setting, error })
}

/// A length of time, or none; a number is seconds.
pub(crate) fn length(
    setting: &'static str,
    length: impl Into<OptionalAmount>,
) -> Result<Setting<Duration>, SettingError> {
    let OptionalAmount(length) = length.into();
    let length = length.map(|length| length.length(Unit::Seconds)).transpose();
    length.map(Setting::from).map_err(|error| SettingError::Value { setting, error })
}
