//! The settings of jobs: what requests may say of them, and what answers show.
//!
//! A request and an answer name each setting here and nowhere else. Both go through
//! structs without leaving out a field, so that the compiler knows if one is missing.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::time::length;
use crate::job::{Backoff, CatchUp, JobDefinition, Overlap, Policy};
use crate::schedule::{Fold, Gap, ScheduleDefinition, WindowEdge};

/// A request with fields of its own and those of all settings of a job, or of
/// all settings of a schedule. `settings()` returns what it names of them.
///
/// It is a macro because what flattens fields into a struct does not refuse unknown
/// ones.
macro_rules! request {
    ($(#[$meta:meta])* struct $name:ident: JobSettings { $($own:tt)* }) => {
        $crate::web::shapes::settings::request! { @schedule
            $(#[$meta])* struct $name {
                $($own)*
                /// The name people know the job by, 1 to 200 characters. A new job has its
                /// function's by default.
                #[schema(min_length = 1, max_length = 200)]
                job_name: Option<String>,
                /// The group it belongs to, 1 to 200 characters. A new job is in `default`
                /// by default.
                #[schema(min_length = 1, max_length = 200)]
                group: Option<String>,
                /// All its positional arguments.
                args: Option<Vec<Value>>,
                /// All its keyword arguments.
                #[schema(value_type = Option<Object>)]
                kwargs: Option<Map<String, Value>>,
                /// Attempts after the first that failed, by default 3.
                #[schema(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_u64)]
                max_retries: Option<$crate::web::settings::Whole>,
                /// The longest an attempt may take, in seconds; null for as long as it likes,
                /// which is the default.
                #[serde(default)]
                #[schema(value_type = Option<f64>, minimum = 0.001, maximum = 3_155_760_000_u64)]
                timeout: $crate::schedule::Setting<$crate::web::settings::Decimal>,
                /// What happens to fires that were missed, by default `once`.
                #[schema(value_type = Option<$crate::job::CatchUp>)]
                catch_up: Option<String>,
                /// What happens to a fire while the job is still at an earlier one, by
                /// default `skip`.
                #[schema(value_type = Option<$crate::job::Overlap>)]
                overlap: Option<String>,
                /// Delays each fire by up to so many seconds; null not at all, which is the
                /// default.
                #[serde(default)]
                #[schema(value_type = Option<f64>, minimum = 0.001, maximum = 3_155_760_000_u64)]
                jitter: $crate::schedule::Setting<$crate::web::settings::Decimal>,
                /// How long it waits before the first retry of a failed fire, in seconds; null is
                /// the default, 2.
                #[serde(default)]
                #[schema(value_type = Option<f64>, minimum = 0, maximum = 3_155_760_000_u64)]
                retry_delay: $crate::schedule::Setting<$crate::web::settings::Decimal>,
                /// The longest it waits before a retry, in seconds; null is the default, 3600.
                #[serde(default)]
                #[schema(value_type = Option<f64>, minimum = 0, maximum = 3_155_760_000_u64)]
                retry_max_delay: $crate::schedule::Setting<$crate::web::settings::Decimal>,
                /// By what the wait grows from one retry to the next; null is the default, 2.
                #[serde(default)]
                #[schema(value_type = Option<f64>, minimum = 1)]
                retry_factor: $crate::schedule::Setting<$crate::web::settings::Decimal>,
                /// The share of each wait by which it may be shorter or longer; null is the
                /// default, 0.
                #[serde(default)]
                #[schema(value_type = Option<f64>, minimum = 0, maximum = 1)]
                retry_jitter: $crate::schedule::Setting<$crate::web::settings::Decimal>,
                /// Whether it fires; `false` pauses it.
                enabled: Option<bool>,
            }
        }

        impl $name {
            fn settings(&self) -> Result<$crate::job::JobSettings, $crate::web::error::ApiError> {
                use $crate::web::settings;
                use $crate::web::words::choice;

                Ok($crate::job::JobSettings {
                    name: self.job_name.clone(),
                    group: self.group.clone(),
                    args: self.args.clone(),
                    kwargs: self.kwargs.clone(),
                    retries: self.max_retries.map(settings::retries).transpose()?,
                    timeout: self.timeout.read(|length| settings::length("timeout", *length))?,
                    catch_up: self.catch_up.as_deref().map(|word| choice("catch_up", word)).transpose()?,
                    overlap: self.overlap.as_deref().map(|word| choice("overlap", word)).transpose()?,
                    jitter: self.jitter.read(|length| settings::length("jitter", *length))?,
                    retry_delay: self.retry_delay.read(|wait| settings::wait("retry_delay", *wait))?,
                    retry_max_delay: self
                        .retry_max_delay
                        .read(|wait| settings::wait("retry_max_delay", *wait))?,
                    retry_factor: self.retry_factor.read(|factor| Ok(factor.0))?,
                    retry_jitter: self.retry_jitter.read(|share| Ok(share.0))?,
                    enabled: self.enabled,
                    schedule: self.schedule_settings()?,
                    mistake: None,
                })
            }
        }
    };
    ($(#[$meta:meta])* struct $name:ident: ScheduleSettings { $($own:tt)* }) => {
        $crate::web::shapes::settings::request! { @schedule $(#[$meta])* struct $name { $($own)* } }
    };
    (@schedule $(#[$meta:meta])* struct $name:ident { $($own:tt)* }) => {
        $(#[$meta])*
        #[derive(serde::Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        struct $name {
            $($own)*
            /// The IANA name of the zone of its local times; null is the scheduler's, which
            /// is the default.
            #[serde(default)]
            #[schema(
                value_type = Option<String>, example = "Asia/Shanghai", min_length = 1,
                pattern = r"^[A-Za-z][A-Za-z0-9_+/-]*$"
            )]
            timezone: $crate::schedule::Setting<String>,
            /// What a time does that clocks going forward leave out.
            #[schema(value_type = Option<$crate::schedule::Gap>)]
            gap: Option<String>,
            /// What a time does that clocks going back repeat.
            #[schema(value_type = Option<$crate::schedule::Fold>)]
            fold: Option<String>,
            /// The first date of a schedule that repeats: `YYYY-MM-DD` for a day's first instant,
            /// `YYYY-MM-DD HH:MM:SS` in its zone, or RFC 3339; null is none.
            #[serde(default)]
            #[schema(
                value_type = Option<String>, example = "2027-01-01", min_length = 1,
                pattern = r"^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?( ?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?)?$"
            )]
            from: $crate::schedule::Setting<String>,
            /// The last date of a schedule that repeats, as `from`; alone it is a day's last
            /// instant.
            #[serde(default)]
            #[schema(
                value_type = Option<String>, example = "2099-06-30 18:00:00", min_length = 1,
                pattern = r"^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?( ?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?)?$"
            )]
            until: $crate::schedule::Setting<String>,
        }

        impl $name {
            fn schedule_settings(
                &self,
            ) -> Result<$crate::schedule::ScheduleSettings, $crate::web::error::ApiError> {
                use $crate::web::settings;
                use $crate::web::words::choice;

                Ok($crate::schedule::ScheduleSettings {
                    zone: self.timezone.read(|zone| settings::zone(zone))?,
                    gap: self.gap.as_deref().map(|word| choice("gap", word)).transpose()?,
                    fold: self.fold.as_deref().map(|word| choice("fold", word)).transpose()?,
                    from: self.from.read(|edge| settings::window_edge("from", edge))?,
                    until: self.until.read(|edge| settings::window_edge("until", edge))?,
                })
            }
        }
    };
}
pub(in crate::web) use request;

/// The settings of a job, with what it does not set at its default.
#[derive(Serialize, ToSchema)]
#[schema(as = Settings)]
pub(in crate::web) struct SettingsShape<'a> {
    /// The name people know it by.
    job_name: &'a str,
    /// The group it belongs to.
    group: &'a str,
    /// Positional arguments.
    #[schema(value_type = Vec<Value>)]
    args: &'a [Value],
    /// Keyword arguments.
    #[schema(value_type = Object)]
    kwargs: &'a Map<String, Value>,
    /// Attempts after the first that failed.
    max_retries: u32,
    /// The longest an attempt may take, in seconds.
    timeout: Option<f64>,
    /// What happens to fires that were missed.
    catch_up: CatchUp,
    /// What happens to a fire while it is still at an earlier one.
    overlap: Overlap,
    /// By how many seconds each fire is delayed at most; null is not at all.
    jitter: Option<f64>,
    /// How long it waits before the first retry of a failed fire, in seconds.
    retry_delay: f64,
    /// The longest it waits before a retry, in seconds.
    retry_max_delay: f64,
    /// By what the wait grows from one retry to the next.
    retry_factor: f64,
    /// The share of each wait by which it may be shorter or longer.
    retry_jitter: f64,
    /// The zone of its local times; null is the scheduler's.
    timezone: Option<&'static str>,
    /// What a time does that clocks going forward leave out; null is what suits its
    /// schedule: `next`, and `skip` for a cron expression with `*` as its minute or hour.
    gap: Option<Gap>,
    /// What a time does that clocks going back repeat; null is what suits its schedule:
    /// `first`, and `both` for a cron expression with `*` as its minute or hour.
    fold: Option<Fold>,
    /// The first date of its schedule.
    #[schema(value_type = Option<String>)]
    from: Option<WindowEdge>,
    /// The last date of its schedule.
    #[schema(value_type = Option<String>)]
    until: Option<WindowEdge>,
}

impl<'a> SettingsShape<'a> {
    pub(super) fn new(definition: &'a JobDefinition) -> Self {
        let JobDefinition { name, group, function: _, args, kwargs, schedule, policy } = definition;
        let Policy { max_retries, timeout, catch_up, overlap, jitter: fire_jitter, backoff } = policy;
        let Backoff { delay, max_delay, factor, jitter } = *backoff;
        let ScheduleDefinition { spec: _, zone, gap, fold, from, until } = schedule;
        Self {
            job_name: name,
            group,
            args,
            kwargs,
            max_retries: *max_retries,
            timeout: timeout.map(length),
            catch_up: *catch_up,
            overlap: *overlap,
            jitter: fire_jitter.map(length),
            retry_delay: length(delay),
            retry_max_delay: length(max_delay),
            retry_factor: factor.0,
            retry_jitter: jitter.0,
            timezone: zone.map(chrono_tz::Tz::name),
            gap: *gap,
            fold: *fold,
            from: *from,
            until: *until,
        }
    }
}
