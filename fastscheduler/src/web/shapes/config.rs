//! The configuration of a schedule as jobs show it: what a request would have
//! to say.

use serde::Serialize;
use serde_json::Number;

use super::ScheduleType;
use crate::schedule::{
    ClockTime, DayOfMonth, DaysOfWeek, Micros, ScheduleSpec, Unit, WrittenDateTime, WrittenUnit,
};

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
    Now {},
}

/// The type of a schedule, and its configuration.
pub(in crate::web) fn shown(spec: &ScheduleSpec) -> (ScheduleType, ConfigShape<'_>) {
    match spec {
        ScheduleSpec::Every { interval, unit, .. } => {
            let (interval, unit) = amount(*interval, *unit);
            (ScheduleType::Interval, ConfigShape::Interval { interval, unit })
        }
        ScheduleSpec::Hourly { minute } => (ScheduleType::Hourly, ConfigShape::Hourly { time: *minute }),
        ScheduleSpec::Daily { at } => (ScheduleType::Daily, ConfigShape::Daily { time: *at }),
        ScheduleSpec::Weekly { days, at } => {
            (ScheduleType::Weekly, ConfigShape::Weekly { time: *at, days: *days })
        }
        ScheduleSpec::Monthly { day, at } => {
            (ScheduleType::Monthly, ConfigShape::Monthly { day: *day, time: *at })
        }
        ScheduleSpec::Cron(text) => (ScheduleType::Cron, ConfigShape::Cron { expression: text.as_str() }),
        ScheduleSpec::Once { delay, unit, .. } => {
            let (delay, unit) = amount(*delay, *unit);
            (ScheduleType::Once, ConfigShape::Once { delay, unit })
        }
        ScheduleSpec::At { at } => (ScheduleType::Once, ConfigShape::At { at: *at }),
        ScheduleSpec::Now { .. } => (ScheduleType::Now, ConfigShape::Now {}),
    }
}

/// A length of time in the unit that it was written in; or else in the largest
/// that it is a whole number of, or in fractions of a second.
fn amount(length: Micros, WrittenUnit(written): WrittenUnit) -> (Number, &'static str) {
    let micros = length.get();
    let is_whole = |unit: &Unit| micros.is_multiple_of(unit.micros());
    let unit = written.or_else(|| Unit::ALL.into_iter().rev().find(is_whole)).unwrap_or(Unit::Seconds);
    if is_whole(&unit) {
        return ((micros / unit.micros()).into(), unit.name());
    }
    #[expect(clippy::cast_precision_loss, reason = "100 years of microseconds are below 2^53")]
    let fraction = micros as f64 / unit.micros() as f64;
    (Number::from_f64(fraction).unwrap_or_else(|| 0.into()), unit.name())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::schedule::{ScheduleDefinition, at, cron, daily, every, hourly, monthly, now, once, weekly};

    #[test]
    fn what_is_shown_is_what_a_request_would_say() {
        let cases = [
            (every(90).minutes().definition(), "interval", json!({"interval": 90, "unit": "minutes"})),
            (hourly().at(":07").definition(), "hourly", json!({"time": "7"})),
            (daily().at("02:00").definition(), "daily", json!({"time": "02:00"})),
            (
                weekly().monday().friday().at("10:00:05").definition(),
                "weekly",
                json!({"time": "10:00:05", "days": [0, 4]}),
            ),
            (monthly().on(31).at("00:00").definition(), "monthly", json!({"day": 31, "time": "00:00"})),
            (
                monthly().last_day().at("00:00").definition(),
                "monthly",
                json!({"day": "last", "time": "00:00"}),
            ),
            (cron("*/5 * * * *").definition(), "cron", json!({"expression": "*/5 * * * *"})),
            (once("5m").definition(), "once", json!({"delay": 5, "unit": "minutes"})),
            (at("2027-12-25 00:00:00").definition(), "once", json!({"at": "2027-12-25 00:00:00"})),
            (now().definition(), "now", json!({})),
        ];
        for (definition, kind, config) in cases {
            let definition: ScheduleDefinition = definition.unwrap();
            let (shown_kind, shown_config) = shown(&definition.spec);
            let shown_config = serde_json::to_value(shown_config).unwrap();
            assert_eq!((json!(shown_kind), &shown_config), (json!(kind), &config));
            let Value::Object(config) = shown_config else { panic!("{config}") };
            let read = kind.parse::<ScheduleType>().unwrap().read(Some(config)).unwrap();
            assert_eq!(read, definition, "{kind}");
        }
    }
}
