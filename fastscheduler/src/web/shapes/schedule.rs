//! Schedules as requests write them. What a job shows, which is what a request
//! would have to say, is in `config`.

use std::borrow::Cow;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use utoipa::ToSchema;

use super::numbers::{day_of_month, days_of_week};
use crate::schedule::{
    DayOfMonth, DaysOfWeek, Micros, ScheduleDefinition, ScheduleError, ScheduleSpec, Unit, WrittenUnit, at,
    cron, daily, hourly, now,
};
use crate::web::error::ApiError;
use crate::web::extract::read_part;
use crate::web::settings::Whole;

/// What a configuration says, read from its fields.
trait Config: DeserializeOwned {
    /// The fields that it may do without.
    const MAY_LEAVE_OUT: &[&str] = &[];

    fn definition(self) -> Result<ScheduleDefinition, ApiError>;
}

/// The types of schedules: the word in a request, how the configuration is read, and
/// what documents it.
macro_rules! schedule_types {
    ($($(#[$doc:meta])* $type:ident = $word:literal, $config:ident, $shape:ident;)+) => {
        /// What kind of schedule it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub(in crate::web) enum ScheduleType {
            $($(#[$doc])* $type,)+
            /// One time, at once.
            Now,
        }

        impl ScheduleType {
            /// Whether a configuration of this type may do without a field that it can have.
            pub(in crate::web) fn may_leave_out(self, field: &str) -> bool {
                match self {
                    $(Self::$type => $config::MAY_LEAVE_OUT.contains(&field),)+
                    Self::Now => false,
                }
            }

            /// The schedule that a configuration of this type means. Only that of
            /// `now` may be absent.
            pub(in crate::web) fn read(
                self,
                config: Option<Map<String, Value>>,
            ) -> Result<ScheduleDefinition, ApiError> {
                let config = match (self, config) {
                    (_, Some(config)) => Value::Object(config),
                    (Self::Now, None) => Value::Object(Map::new()),
                    (_, None) => return Err(ApiError::unreadable(format!("missing field `{PATH}`"))),
                };
                match self {
                    $(Self::$type => read_part::<$config>(config, PATH)?.definition(),)+
                    Self::Now => read_part::<NowConfig>(config, PATH)?.definition(),
                }
            }
        }

        impl FromStr for ScheduleType {
            type Err = ApiError;

            fn from_str(text: &str) -> Result<Self, ApiError> {
                match text {
                    $($word => Ok(Self::$type),)+
                    "now" => Ok(Self::Now),
                    _ => Err(ApiError::not_allowed(format!("Unsupported schedule_type: {text}"))),
                }
            }
        }

        /// The types of schedules that need a configuration, each with its own.
        #[derive(ToSchema)]
        #[serde(tag = "schedule_type", content = "schedule_config", rename_all = "snake_case")]
        #[expect(dead_code, reason = "it documents what is read by type")]
        pub(super) enum ScheduleByType {
            $($type($shape),)+
        }

        /// The names of all schemas of configurations.
        pub(super) fn config_names() -> impl Iterator<Item = Cow<'static, str>> {
            [$($shape::name(),)+ NowConfig::name()].into_iter()
        }
    };
}

schedule_types! {
    /// Each time that long has elapsed.
    Interval = "interval", IntervalConfig, IntervalConfig;
    /// Once a day.
    Daily = "daily", DailyConfig, DailyConfig;
    /// On some days of the week.
    Weekly = "weekly", WeeklyConfig, WeeklyConfig;
    /// Once an hour.
    Hourly = "hourly", HourlyConfig, HourlyConfig;
    /// Once a month.
    Monthly = "monthly", MonthlyConfig, MonthlyConfig;
    /// By a cron expression.
    Cron = "cron", CronConfig, CronConfig;
    /// One time.
    Once = "once", OnceConfig, OnceShape;
}

/// Where in a request a configuration stands.
const PATH: &str = "schedule_config";

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn refused(error: ScheduleError) -> ApiError {
    ApiError::not_allowed(error.to_string())
}

fn unknown_day(day: i64) -> ApiError {
    ApiError::not_allowed(format!("`{day}` is not a day of the week; use 0 = Monday to 6 = Sunday"))
}

fn unknown_day_of_month(day: &str) -> ApiError {
    ApiError::not_allowed(format!(
        "{day} is not a day of the month; use a number from 1 to 31, or the text `last`"
    ))
}

/// A delay that is refused, of a job that could do without one.
fn refused_delay(error: ScheduleError) -> ApiError {
    match error {
        ScheduleError::OutOfRange(_) => {
            ApiError::not_allowed(format!("{error}, or the `schedule_type` `now` for a run at once"))
        }
        _ => refused(error),
    }
}

/// `now`: one time, at once. It needs no configuration.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it documents what is read by type")]
pub(super) struct AtOnce {
    schedule_type: AtOnceType,
    /// Absent, or empty.
    schedule_config: Option<NowConfig>,
}

/// The type of a schedule that needs no configuration.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it documents a word that is read by hand")]
enum AtOnceType {
    Now,
}

/// `now`: one time, at once.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct NowConfig {}

/// `interval`: each time that long has elapsed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct IntervalConfig {
    /// How many units, 1 ms to 100 years; it may be fractional.
    #[schema(value_type = f64, exclusive_minimum = 0, maximum = 3_155_760_000_u64, example = 30)]
    interval: Number,
    /// `seconds`, `minutes`, `hours` or `days`, singular too; seconds if it is left out.
    #[schema(value_type = Option<UnitOfTime>)]
    unit: Option<String>,
}

/// `daily`: once a day.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct DailyConfig {
    /// `HH:MM` or `HH:MM:SS`.
    #[schema(example = "02:00", pattern = r"^([01]?[0-9]|2[0-3]):[0-5]?[0-9](:[0-5]?[0-9])?$")]
    time: String,
}

/// `weekly`: on some days of the week.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct WeeklyConfig {
    /// `HH:MM` or `HH:MM:SS`.
    #[schema(example = "10:00", pattern = r"^([01]?[0-9]|2[0-3]):[0-5]?[0-9](:[0-5]?[0-9])?$")]
    time: String,
    /// The days, 0 = Monday to 6 = Sunday; at least one.
    #[schema(schema_with = days_of_week)]
    days: Vec<Whole>,
}

/// `hourly`: once an hour.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct HourlyConfig {
    /// The minute: `0` to `59`, `:30`, or a time of day of which the minute counts.
    #[schema(example = "30", pattern = r"^(:?[0-5]?[0-9]|([01]?[0-9]|2[0-3]):[0-5]?[0-9](:0{1,2})?)$")]
    time: String,
}

/// `monthly`: once a month.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct MonthlyConfig {
    /// 1 to 31, or `last`; months without the day are left out.
    #[schema(schema_with = day_of_month)]
    day: Day,
    /// `HH:MM` or `HH:MM:SS`.
    #[schema(example = "00:00", pattern = r"^([01]?[0-9]|2[0-3]):[0-5]?[0-9](:[0-5]?[0-9])?$")]
    time: String,
}

/// A day of the month: its number, or `last`.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a number or `last`")]
pub(in crate::web) enum Day {
    Number(Whole),
    Word(String),
}

/// A unit of time.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it documents words that are read by the schedule's own parser")]
enum UnitOfTime {
    Second,
    Seconds,
    Minute,
    Minutes,
    Hour,
    Hours,
    Day,
    Days,
}

/// `cron`: by a cron expression.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct CronConfig {
    /// Five fields, six with seconds first, or a nickname such as `@hourly`. If day
    /// of month and day of week are both restricted, a day that matches either is
    /// enough; `+` before the day of week requires both.
    #[schema(example = "*/5 * * * *", min_length = 1, pattern = r"\S")]
    expression: String,
}

/// `once`: one time, after a delay or at a date and time.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnceConfig {
    delay: Option<Number>,
    unit: Option<String>,
    at: Option<String>,
}

/// `once`: one time.
#[derive(ToSchema)]
#[schema(as = OnceConfig)]
#[serde(untagged)]
#[expect(dead_code, reason = "it documents `OnceConfig`, whose complaints are about its fields")]
pub(in crate::web) enum OnceShape {
    After(AfterDelay),
    At(AtTime),
}

/// `once`: one time, after a delay.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it documents a part of `OnceConfig`")]
pub(in crate::web) struct AfterDelay {
    /// How many units from now, 1 ms to 100 years; it may be fractional.
    #[schema(exclusive_minimum = 0, maximum = 3_155_760_000_u64, example = 10)]
    delay: f64,
    /// `seconds`, `minutes`, `hours` or `days`, singular too; seconds if it is left out.
    unit: Option<UnitOfTime>,
}

/// `once`: one time, at a date and time.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it documents a part of `OnceConfig`")]
pub(in crate::web) struct AtTime {
    /// `YYYY-MM-DD HH:MM:SS` in the job's zone, or RFC 3339. A fraction of a
    /// second is kept to the microsecond.
    #[schema(
        example = "2027-12-25 00:00:00",
        min_length = 1,
        pattern = r"^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?( ?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$"
    )]
    at: String,
}

impl Config for IntervalConfig {
    const MAY_LEAVE_OUT: &[&str] = &["unit"];

    fn definition(self) -> Result<ScheduleDefinition, ApiError> {
        let (interval, unit) = micros(&self.interval, self.unit.as_deref()).map_err(refused)?;
        Ok(ScheduleSpec::Every { interval, anchor: None, unit }.into())
    }
}

impl Config for DailyConfig {
    fn definition(self) -> Result<ScheduleDefinition, ApiError> {
        daily().at(&self.time).definition().map_err(refused)
    }
}

impl Config for WeeklyConfig {
    fn definition(self) -> Result<ScheduleDefinition, ApiError> {
        if self.days.is_empty() {
            let detail = "a weekly schedule needs at least one day; use 0 = Monday to 6 = Sunday";
            return Err(ApiError::not_allowed(detail));
        }
        let mut days = DaysOfWeek::default();
        for day in &self.days {
            let Whole(day) = *day;
            let day = u8::try_from(day).ok().filter(|day| *day < 7).ok_or_else(|| unknown_day(day))?;
            days = days.and(DaysOfWeek::one(day).map_err(refused)?);
        }
        let at = self.time.parse().map_err(refused)?;
        Ok(ScheduleSpec::Weekly { days, at }.into())
    }
}

impl Config for HourlyConfig {
    fn definition(self) -> Result<ScheduleDefinition, ApiError> {
        hourly().at(&self.time).definition().map_err(refused)
    }
}

impl Config for MonthlyConfig {
    fn definition(self) -> Result<ScheduleDefinition, ApiError> {
        let day = match &self.day {
            Day::Number(Whole(day)) => {
                DayOfMonth::new(i128::from(*day)).map_err(|_| unknown_day_of_month(&format!("`{day}`")))?
            }
            Day::Word(word) if word == "last" => DayOfMonth::Last,
            Day::Word(word) => return Err(unknown_day_of_month(&format!("the text `{word}`"))),
        };
        let at = self.time.parse().map_err(refused)?;
        Ok(ScheduleSpec::Monthly { day, at }.into())
    }
}

impl Config for CronConfig {
    fn definition(self) -> Result<ScheduleDefinition, ApiError> {
        cron(self.expression).definition().map_err(refused)
    }
}

impl Config for NowConfig {
    fn definition(self) -> Result<ScheduleDefinition, ApiError> {
        now().definition().map_err(refused)
    }
}

impl Config for OnceConfig {
    const MAY_LEAVE_OUT: &[&str] = &["delay", "unit", "at"];

    fn definition(self) -> Result<ScheduleDefinition, ApiError> {
        match (&self.delay, &self.at) {
            (Some(delay), None) => {
                let (delay, unit) = micros(delay, self.unit.as_deref()).map_err(refused_delay)?;
                Ok(ScheduleSpec::Once { delay, anchor: None, unit }.into())
            }
            (None, Some(time)) if self.unit.is_none() => at(time).definition().map_err(refused),
            (None, Some(_)) => Err(ApiError::not_allowed("`at` takes no `unit`; leave it out")),
            (Some(_), Some(_)) => Err(ApiError::not_allowed("give `delay` or `at`, not both")),
            (None, None) => {
                Err(ApiError::unreadable("`schedule_config`: missing field `delay`, or `at` instead of it"))
            }
        }
    }
}

/// A length of time, in seconds if there is no unit.
fn micros(amount: &Number, unit: Option<&str>) -> Result<(Micros, WrittenUnit), ScheduleError> {
    let unit = unit.map_or(Ok(Unit::Seconds), str::parse)?;
    let whole = amount.as_i64().map(i128::from).or_else(|| amount.as_u64().map(i128::from));
    let length = match whole {
        Some(amount) => Micros::of_whole(amount, unit),
        None => Micros::of_fraction(amount.as_f64().unwrap_or(f64::NAN), unit),
    };
    Ok((length?, WrittenUnit(Some(unit))))
}
