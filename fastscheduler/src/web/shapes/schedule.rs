//! The configurations of schedules as requests write them. What a job shows, which
//! is what a request would have to say, is in `config`.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Number;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::numbers::{day_of_month, days_of_week};
use crate::schedule::serial::WrittenDay;
use crate::schedule::{
    DayOfMonth, DaysOfWeek, Micros, ScheduleDefinition, ScheduleError, ScheduleSpec, Unit, WrittenUnit, at,
    cron, daily, hourly, now,
};
use crate::web::error::{ApiError, of_schedule};
use crate::web::settings::Whole;
use crate::web::words;

/// What a configuration says, read from its fields.
pub(super) trait Config: DeserializeOwned {
    /// The fields that it may do without.
    const MAY_LEAVE_OUT: &[&str] = &[];

    fn definition(self) -> Result<ScheduleDefinition, ApiError>;
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn refused(error: ScheduleError) -> ApiError {
    ApiError::not_allowed(error.to_string()).of_field(of_schedule(&error))
}

fn unknown_day(day: i64) -> ApiError {
    ApiError::not_allowed(format!("`{day}` is not a day of the week; use 0 = Monday to 6 = Sunday"))
        .of("schedule_config.days")
}

fn unknown_day_of_month(day: &str) -> ApiError {
    ApiError::not_allowed(format!(
        "{day} is not a day of the month; use a number from 1 to 31, or the text `last`"
    ))
    .of("schedule_config.day")
}

fn refused_interval(error: ScheduleError) -> ApiError {
    match error {
        ScheduleError::OutOfRange(_) => refused(error).of("schedule_config.interval"),
        _ => refused(error),
    }
}

/// A delay that is refused, of a job that could do without one.
fn refused_delay(error: ScheduleError) -> ApiError {
    match error {
        ScheduleError::OutOfRange(_) => {
            ApiError::not_allowed(format!("{error}, or the `schedule_type` `now` for a run at once"))
                .of("schedule_config.delay")
        }
        _ => refused(error),
    }
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
    day: WrittenDay<Whole>,
    /// `HH:MM` or `HH:MM:SS`.
    #[schema(example = "00:00", pattern = r"^([01]?[0-9]|2[0-3]):[0-5]?[0-9](:[0-5]?[0-9])?$")]
    time: String,
}

/// The schema of a unit of time, by any of its words.
struct UnitOfTime;

impl PartialSchema for UnitOfTime {
    fn schema() -> RefOr<Schema> {
        words::one_of("A unit of time.", Unit::ALL.into_iter().flat_map(Unit::words))
    }
}

impl ToSchema for UnitOfTime {}

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

/// `once`: one time, after a delay or at a date and time. It is read as one, since
/// what is wrong with it is said of its fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct OnceConfig {
    delay: Option<Number>,
    unit: Option<String>,
    at: Option<String>,
}

impl PartialSchema for OnceConfig {
    fn schema() -> RefOr<Schema> {
        OnceShape::schema()
    }
}

impl ToSchema for OnceConfig {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        OnceShape::schemas(schemas);
    }
}

/// `once`: one time.
#[derive(ToSchema)]
#[serde(untagged)]
pub(in crate::web) enum OnceShape {
    After(AfterDelay),
    At(AtTime),
}

/// `once`: one time, after a delay.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct AfterDelay {
    /// How many units from now, 1 ms to 100 years; it may be fractional.
    #[schema(exclusive_minimum = 0, maximum = 3_155_760_000_u64, example = 10, value_type = f64)]
    delay: Number,
    /// `seconds`, `minutes`, `hours` or `days`, singular too; seconds if it is left out.
    #[schema(value_type = Option<UnitOfTime>)]
    unit: Option<String>,
}

/// `once`: one time, at a date and time.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
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
        let (interval, unit) = micros(&self.interval, self.unit.as_deref()).map_err(refused_interval)?;
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
            return Err(ApiError::not_allowed(detail).of("schedule_config.days"));
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
            WrittenDay::Number(Whole(day)) => {
                DayOfMonth::new(i128::from(*day)).map_err(|_| unknown_day_of_month(&format!("`{day}`")))?
            }
            WrittenDay::Word(word) if word == DayOfMonth::LAST => DayOfMonth::Last,
            WrittenDay::Word(word) => return Err(unknown_day_of_month(&format!("the text `{word}`"))),
        };
        let at = self.time.parse().map_err(refused)?;
        Ok(ScheduleSpec::Monthly { day, at }.into())
    }
}

impl Config for CronConfig {
    fn definition(self) -> Result<ScheduleDefinition, ApiError> {
        cron(self.expression).definition().map_err(|error| refused(error).of("schedule_config.expression"))
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
        match self.shape()? {
            OnceShape::After(AfterDelay { delay, unit }) => {
                let (delay, unit) = micros(&delay, unit.as_deref()).map_err(refused_delay)?;
                Ok(ScheduleSpec::Once { delay, anchor: None, unit }.into())
            }
            OnceShape::At(AtTime { at: time }) => at(time).definition().map_err(refused),
        }
    }
}

impl OnceConfig {
    /// Which of the two it is.
    fn shape(self) -> Result<OnceShape, ApiError> {
        let Self { delay, unit, at } = self;
        match (delay, at) {
            (Some(delay), None) => Ok(OnceShape::After(AfterDelay { delay, unit })),
            (None, Some(at)) if unit.is_none() => Ok(OnceShape::At(AtTime { at })),
            (None, Some(_)) => {
                Err(ApiError::not_allowed("`at` takes no `unit`; leave it out").of("schedule_config.unit"))
            }
            (Some(_), Some(_)) => Err(ApiError::not_allowed("give `delay` or `at`, not both")),
            (None, None) => {
                Err(ApiError::unreadable("`schedule_config`: missing field `delay`, or `at` instead of it")
                    .of("schedule_config"))
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
