//! Jobs that attributes declare.

use std::time::Duration;

use crate::job::{CatchUp, FunctionKey};
use crate::registry::{Arguments, Declaration, DeclaredSchedule};
use crate::schedule::{
    DaysOfWeek, ScheduleDefinition, ScheduleError, ScheduleSpec, at, cron, daily, every, hourly, monthly,
    once,
};

use super::SchedulerError;
use super::new_job::{JobPart, NewJob, Target};

impl NewJob {
    /// The job that an attribute of `function` declares.
    pub(super) fn declared(
        function: &FunctionKey,
        declaration: &Declaration,
    ) -> Result<Self, SchedulerError> {
        let length = |micros: Option<u64>| micros.map(Duration::from_micros);
        let part = JobPart {
            target: Some(Target::Named(function.to_string())),
            name: declaration.name.map(str::to_owned),
            group: declaration.group.map(str::to_owned),
            key: None,
            is_always_new: false,
            retries: declaration.retries,
            timeout: length(declaration.timeout_micros),
            catch_up: declaration.catch_up.unwrap_or(CatchUp::Once),
            overlap: declaration.overlap.unwrap_or_default(),
            jitter: length(declaration.jitter_micros),
            is_disabled: !declaration.is_enabled,
            arguments: Arguments {
                args: json("args", declaration.args)?,
                kwargs: json("kwargs", declaration.kwargs)?,
            },
            retry_if: None,
            mistake: None,
        };
        Ok(Self { schedule: schedule(declaration), part })
    }
}

/// Reads the texts with the parsers that the attribute checked them with.
fn schedule(declaration: &Declaration) -> Result<ScheduleDefinition, ScheduleError> {
    let definition = match declaration.schedule {
        DeclaredSchedule::Every { micros } => every(Duration::from_micros(micros)).definition(),
        DeclaredSchedule::Hourly { at } => hourly().at(at).definition(),
        DeclaredSchedule::Daily { at } => daily().at(at).definition(),
        DeclaredSchedule::Weekly { days, at } => {
            Ok(ScheduleSpec::Weekly { days: DaysOfWeek::from_bits(days), at: at.parse()? }.into())
        }
        DeclaredSchedule::Monthly { day: 0, at } => monthly().last_day().at(at).definition(),
        DeclaredSchedule::Monthly { day, at } => monthly().on(u32::from(day)).at(at).definition(),
        DeclaredSchedule::Cron { expression } => cron(expression).definition(),
        DeclaredSchedule::Once { micros } => once(Duration::from_micros(micros)).definition(),
        DeclaredSchedule::At { at: text } => at(text).definition(),
    }?;
    let zone = declaration.zone.map(crate::schedule::IntoZone::into_zone).transpose()?;
    Ok(ScheduleDefinition { zone, gap: declaration.gap, fold: declaration.fold, ..definition })
}

fn json<T: serde::de::DeserializeOwned + Default>(
    which: &'static str,
    text: Option<&str>,
) -> Result<T, SchedulerError> {
    let read = text.map(serde_json::from_str).transpose();
    let read = read.map_err(|error| SchedulerError::ArgumentShape { which, reason: error.to_string() })?;
    Ok(read.unwrap_or_default())
}
