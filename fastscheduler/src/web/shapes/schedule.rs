//! Schedules as requests write them, and as jobs show them.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use utoipa::ToSchema;

use crate::schedule::{
    ClockTime, DayOfMonth, DaysOfWeek, Micros, ScheduleDefinition, ScheduleError, ScheduleSpec, Unit,
    WrittenDateTime, at, cron, daily, hourly,
};
use crate::web::error::ApiError;
use crate::web::extract::read_part;

/// What kind of schedule it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::web) enum ScheduleType {
    /// Each time that long has elapsed.
    Interval,
    /// Once a day.
    Daily,
    /// On some days of the week.
    Weekly,
    /// Once an hour.
    Hourly,
    /// Once a month.
    Monthly,
    /// By a cron expression.
    Cron,
    /// One time.
    Once,
}

impl ScheduleType {
    pub(in crate::web) fn of(spec: &ScheduleSpec) -> Self {
        match spec {
            ScheduleSpec::Every { .. } => Self::Interval,
            ScheduleSpec::Hourly { .. } => Self::Hourly,
            ScheduleSpec::Daily { .. } => Self::Daily,
            ScheduleSpec::Weekly { .. } => Self::Weekly,
            ScheduleSpec::Monthly { .. } => Self::Monthly,
            ScheduleSpec::Cron { .. } => Self::Cron,
            ScheduleSpec::Once { .. } | ScheduleSpec::At { .. } => Self::Once,
        }
    }

    /// The schedule that a configuration of this type means.
    pub(in crate::web) fn read(self, config: Map<String, Value>) -> Result<ScheduleDefinition, ApiError> {
        let config = Value::Object(config);
        let definition = match self {
            Self::Interval => read_part::<IntervalConfig>(config, PATH)?.definition(),
            Self::Daily => daily().at(&read_part::<DailyConfig>(config, PATH)?.time).definition(),
            Self::Weekly => read_part::<WeeklyConfig>(config, PATH)?.definition(),
            Self::Hourly => hourly().at(&read_part::<HourlyConfig>(config, PATH)?.time).definition(),
            Self::Monthly => read_part::<MonthlyConfig>(config, PATH)?.definition(),
            Self::Cron => cron(read_part::<CronConfig>(config, PATH)?.expression).definition(),
            Self::Once => read_part::<OnceConfig>(config, PATH)?.definition()?,
        };
        definition.map_err(refused)
    }
}

impl FromStr for ScheduleType {
    type Err = ApiError;

    fn from_str(text: &str) -> Result<Self, ApiError> {
        match text {
            "interval" => Ok(Self::Interval),
            "daily" => Ok(Self::Daily),
            "weekly" => Ok(Self::Weekly),
            "hourly" => Ok(Self::Hourly),
            "monthly" => Ok(Self::Monthly),
            "cron" => Ok(Self::Cron),
            "once" => Ok(Self::Once),
            _ => Err(ApiError::not_allowed(format!("Unsupported schedule_type: {text}"))),
        }
    }
}

/// Where in a request a configuration stands.
const PATH: &str = "schedule_config";

fn refused(error: ScheduleError) -> ApiError {
    ApiError::not_allowed(error.to_string())
}

/// What a request says of a schedule, by its type.
#[derive(ToSchema)]
#[schema(as = ScheduleConfig)]
#[serde(untagged)]
#[expect(dead_code, reason = "it documents what is read by type")]
pub(in crate::web) enum ScheduleConfig {
    Interval(IntervalConfig),
    Daily(DailyConfig),
    Weekly(WeeklyConfig),
    Hourly(HourlyConfig),
    Monthly(MonthlyConfig),
    Cron(CronConfig),
    Once(OnceConfig),
}

/// `interval`: each time that long has elapsed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct IntervalConfig {
    /// How many units, 1 ms to 100 years; it may be fractional.
    #[schema(value_type = f64, example = 30)]
    interval: Number,
    /// `seconds`, `minutes`, `hours` or `days`, singular too; seconds if it is left out.
    unit: Option<String>,
}

/// `daily`: once a day.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct DailyConfig {
    /// `HH:MM` or `HH:MM:SS`.
    #[schema(example = "02:00")]
    time: String,
}

/// `weekly`: on some days of the week.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct WeeklyConfig {
    /// `HH:MM` or `HH:MM:SS`.
    #[schema(example = "10:00")]
    time: String,
    /// The days, 0 = Monday to 6 = Sunday; at least one.
    #[schema(example = json!([0, 4]))]
    days: Vec<i64>,
}

/// `hourly`: once an hour.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct HourlyConfig {
    /// The minute: `0` to `59`, `:30`, or a time of day of which the minute counts.
    #[schema(example = "30")]
    time: String,
}

/// `monthly`: once a month.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct MonthlyConfig {
    /// 1 to 31, or `last`; months without the day are left out.
    day: Day,
    /// `HH:MM` or `HH:MM:SS`.
    #[schema(example = "00:00")]
    time: String,
}

/// A day of the month: its number, or `last`.
#[derive(Deserialize, ToSchema)]
#[serde(untagged, expecting = "expected a number or `last`")]
pub(in crate::web) enum Day {
    Number(i64),
    Word(String),
}

/// `cron`: by a cron expression.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct CronConfig {
    /// Five fields, six with seconds first, or a nickname such as `@hourly`.
    #[schema(example = "*/5 * * * *")]
    expression: String,
}

/// `once`: one time, after a delay or at a date and time.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct OnceConfig {
    /// How many units from now, 1 ms to 100 years; it may be fractional.
    #[schema(value_type = Option<f64>, example = 10)]
    delay: Option<Number>,
    /// `seconds`, `minutes`, `hours` or `days`, singular too; seconds if it is left out.
    unit: Option<String>,
    /// Instead of a delay: `YYYY-MM-DD HH:MM:SS` in the job's zone, or RFC 3339.
    at: Option<String>,
}

impl IntervalConfig {
    fn definition(&self) -> Result<ScheduleDefinition, ScheduleError> {
        let interval = micros(&self.interval, self.unit.as_deref())?;
        Ok(ScheduleSpec::Every { interval, anchor: None }.into())
    }
}

impl WeeklyConfig {
    fn definition(&self) -> Result<ScheduleDefinition, ScheduleError> {
        let mut days = DaysOfWeek::default();
        for day in &self.days {
            let name =
                || ScheduleError::DayOfWeek { name: format!("{day}` as one of 0 to 6, `"), nearest: None };
            days = days.and(DaysOfWeek::one(u8::try_from(*day).map_err(|_| name())?)?);
        }
        Ok(ScheduleSpec::Weekly { days, at: self.time.parse()? }.into())
    }
}

impl MonthlyConfig {
    fn definition(&self) -> Result<ScheduleDefinition, ScheduleError> {
        let day = match &self.day {
            Day::Number(day) => DayOfMonth::new(i128::from(*day))?,
            Day::Word(word) if word == "last" => DayOfMonth::Last,
            Day::Word(word) => return Err(ScheduleError::DayOfMonth(word.clone())),
        };
        Ok(ScheduleSpec::Monthly { day, at: self.time.parse()? }.into())
    }
}

impl OnceConfig {
    fn definition(&self) -> Result<Result<ScheduleDefinition, ScheduleError>, ApiError> {
        match (&self.delay, &self.at) {
            (Some(delay), None) => Ok(micros(delay, self.unit.as_deref())
                .map(|delay| ScheduleSpec::Once { delay, anchor: None }.into())),
            (None, Some(time)) if self.unit.is_none() => Ok(at(time).definition()),
            (None, Some(_)) => Err(ApiError::not_allowed("`at` takes no `unit`; leave it out")),
            (Some(_), Some(_)) => Err(ApiError::not_allowed("give `delay` or `at`, not both")),
            (None, None) => {
                Err(ApiError::unreadable("`schedule_config`: missing field `delay`, or `at` instead of it"))
            }
        }
    }
}

/// A length of time, in seconds if there is no unit.
fn micros(amount: &Number, unit: Option<&str>) -> Result<Micros, ScheduleError> {
    let unit = unit.map_or(Ok(Unit::Seconds), str::parse)?;
    let whole = amount.as_i64().map(i128::from).or_else(|| amount.as_u64().map(i128::from));
    match whole {
        Some(amount) => Micros::of_whole(amount, unit),
        None => Micros::of_fraction(amount.as_f64().unwrap_or(f64::NAN), unit),
    }
}

/// The configuration of a job's schedule, as a request would write it.
#[derive(Serialize)]
#[serde(untagged)]
pub(in crate::web) enum ConfigShape<'a> {
    Interval {
        interval: Number,
        unit: &'static str,
    },
    Daily {
        time: ClockTime,
    },
    Weekly {
        time: ClockTime,
        days: DaysOfWeek,
    },
    Hourly {
        #[serde(serialize_with = "super::shown")]
        time: u8,
    },
    Monthly {
        day: DayOfMonth,
        time: ClockTime,
    },
    Cron {
        expression: &'a str,
    },
    Once {
        delay: Number,
        unit: &'static str,
    },
    At {
        at: WrittenDateTime,
    },
}

impl<'a> ConfigShape<'a> {
    pub(in crate::web) fn of(spec: &'a ScheduleSpec) -> Self {
        match spec {
            ScheduleSpec::Every { interval, .. } => {
                let (interval, unit) = amount(*interval);
                Self::Interval { interval, unit }
            }
            ScheduleSpec::Hourly { minute } => Self::Hourly { time: *minute },
            ScheduleSpec::Daily { at } => Self::Daily { time: *at },
            ScheduleSpec::Weekly { days, at } => Self::Weekly { time: *at, days: *days },
            ScheduleSpec::Monthly { day, at } => Self::Monthly { day: *day, time: *at },
            ScheduleSpec::Cron { expression } => Self::Cron { expression },
            ScheduleSpec::Once { delay, .. } => {
                let (delay, unit) = amount(*delay);
                Self::Once { delay, unit }
            }
            ScheduleSpec::At { at } => Self::At { at: *at },
        }
    }
}

/// A length of time in the largest unit that it is a whole number of, or in
/// fractions of a second.
fn amount(length: Micros) -> (Number, &'static str) {
    let micros = length.get();
    for unit in [Unit::Days, Unit::Hours, Unit::Minutes, Unit::Seconds] {
        if micros.is_multiple_of(unit.micros()) {
            return ((micros / unit.micros()).into(), unit.name());
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "100 years of microseconds are below 2^53")]
    let seconds = micros as f64 / 1e6;
    (Number::from_f64(seconds).unwrap_or_else(|| 0.into()), Unit::Seconds.name())
}
