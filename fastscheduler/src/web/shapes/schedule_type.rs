//! The types of schedules, and which configuration each has in a request.

use std::borrow::Cow;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::schedule::{
    Config, CronConfig, DailyConfig, HourlyConfig, IntervalConfig, MonthlyConfig, NowConfig, OnceConfig,
    WeeklyConfig,
};
use crate::schedule::ScheduleDefinition;
use crate::web::error::ApiError;
use crate::web::extract::read_part;
use crate::web::words;

/// Where in a request a configuration stands.
const PATH: &str = "schedule_config";

/// The types of schedules that need a configuration, each with its own. The
/// word in a request is the type's, as serde writes it.
macro_rules! schedule_types {
    ($($(#[$doc:meta])* $type:ident($config:ident);)+) => {
        /// What kind of schedule it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
                    $(Self::$type => ScheduleByType::$type(read_part(config, PATH)?).definition(),)+
                    Self::Now => {
                        let schedule_config = Some(read_part(config, PATH)?);
                        AtOnce { schedule_type: AtOnceType::Now, schedule_config }.definition()
                    }
                }
            }
        }

        /// The types of schedules that need a configuration, each with its own.
        #[derive(ToSchema)]
        #[serde(tag = "schedule_type", content = "schedule_config", rename_all = "snake_case")]
        pub(super) enum ScheduleByType {
            $($type($config),)+
        }

        impl ScheduleByType {
            fn definition(self) -> Result<ScheduleDefinition, ApiError> {
                match self {
                    $(Self::$type(config) => config.definition(),)+
                }
            }
        }

        /// The names of all schemas of configurations.
        pub(super) fn config_names() -> impl Iterator<Item = Cow<'static, str>> {
            [$($config::name(),)+ NowConfig::name()].into_iter()
        }
    };
}

schedule_types! {
    /// Each time that long has elapsed.
    Interval(IntervalConfig);
    /// Once a day.
    Daily(DailyConfig);
    /// On some days of the week.
    Weekly(WeeklyConfig);
    /// Once an hour.
    Hourly(HourlyConfig);
    /// Once a month.
    Monthly(MonthlyConfig);
    /// By a cron expression.
    Cron(CronConfig);
    /// One time.
    Once(OnceConfig);
}

impl FromStr for ScheduleType {
    type Err = ApiError;

    fn from_str(text: &str) -> Result<Self, ApiError> {
        // The original's answer to the letter, and so without a `field`.
        words::read(text).map_err(|_| ApiError::not_allowed(format!("Unsupported schedule_type: {text}")))
    }
}

/// `now`: one time, at once. It needs no configuration.
#[derive(ToSchema)]
pub(super) struct AtOnce {
    schedule_type: AtOnceType,
    /// Absent, or empty.
    schedule_config: Option<NowConfig>,
}

/// The type of a schedule that needs no configuration.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum AtOnceType {
    Now,
}

impl AtOnce {
    fn definition(self) -> Result<ScheduleDefinition, ApiError> {
        let Self { schedule_type: AtOnceType::Now, schedule_config } = self;
        schedule_config.unwrap_or(NowConfig {}).definition()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use utoipa::PartialSchema as _;

    use super::*;

    #[test]
    fn the_document_has_each_type_of_schedule_once() {
        let by_type = serde_json::to_value(ScheduleByType::schema()).unwrap();
        let at_once = serde_json::to_value(AtOnceType::schema()).unwrap();
        let pairs = by_type["oneOf"].as_array().unwrap().iter();
        let mut documented: Vec<_> =
            pairs.flat_map(|pair| pair["properties"]["schedule_type"]["enum"].as_array().unwrap()).collect();
        documented.extend(at_once["enum"].as_array().unwrap());
        assert_eq!(json!(documented), json!(words::words::<ScheduleType>()));
    }
}
