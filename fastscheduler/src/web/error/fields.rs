//! Which field of a request an error is about.

use crate::registry::{ArgumentError, RegistryError};
use crate::schedule::ScheduleError;
use crate::scheduler::SchedulerError;

/// The field that holds what is wrong, if that is one.
pub(super) fn of_refusal(error: &SchedulerError) -> Option<String> {
    let field = match error {
        SchedulerError::Schedule(error) => return of_schedule(error).map(str::to_owned),
        SchedulerError::Registry(RegistryError::Unknown { .. } | RegistryError::Ambiguous { .. }) => {
            "func_name"
        }
        SchedulerError::Arguments { error, .. } => return of_arguments(error),
        SchedulerError::ArgumentShape { which, .. } => which,
        SchedulerError::NameLength { what: "name", .. } => "job_name",
        SchedulerError::NameLength { what: field, .. } | SchedulerError::Length { setting: field, .. } => {
            field
        }
        SchedulerError::TimelineSpan { .. } => "to",
        _ => return None,
    };
    Some(field.to_owned())
}

/// The field of a schedule that an error is about. Lengths of time are in several
/// fields, and so are dates of a window: who reads them says which it is.
pub(in crate::web) fn of_schedule(error: &ScheduleError) -> Option<&'static str> {
    match error {
        ScheduleError::ClockTime(_) | ScheduleError::Minute(_) => Some("schedule_config.time"),
        ScheduleError::Unit(_) => Some("schedule_config.unit"),
        ScheduleError::DayOfWeek { .. } | ScheduleError::NoDays => Some("schedule_config.days"),
        ScheduleError::DayOfMonth(_) => Some("schedule_config.day"),
        ScheduleError::DateTime(_) | ScheduleError::Past(_) | ScheduleError::TooLate(_) => {
            Some("schedule_config.at")
        }
        // Of all kinds, only an expression can name dates that never are.
        ScheduleError::Cron { .. } | ScheduleError::NeverFires(_) => Some("schedule_config.expression"),
        ScheduleError::Delay(_) => Some("schedule_config.delay"),
        ScheduleError::Zone(_) => Some("timezone"),
        _ => None,
    }
}

/// A parameter is named as if it were given by name, however it was.
fn of_arguments(error: &ArgumentError) -> Option<String> {
    let parameter = match error {
        ArgumentError::Missing(parameter) | ArgumentError::Type { parameter, .. } => parameter,
        ArgumentError::Twice(name) | ArgumentError::Unknown { name, .. } => name,
        ArgumentError::TooMany { .. } => return Some("args".to_owned()),
        ArgumentError::State(_) => return None,
    };
    let name = parameter.trim_matches('`');
    // A parameter without a name has a number.
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    Some(if is_number { "args".to_owned() } else { format!("kwargs.{name}") })
}

/// The field that serde complains of, which stands at `path`. One that is missing or
/// unknown is named in the complaint only.
pub(in crate::web) fn of_complaint(path: &str, complaint: &str) -> Option<String> {
    let is_inside = !matches!(path, "." | "?" | "");
    let named = ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|begin| complaint.split_once(begin))
        .and_then(|(_, rest)| rest.split_once('`'));
    match (is_inside, named) {
        (false, None) => None,
        (false, Some((field, _))) => Some(field.to_owned()),
        (true, None) => Some(path.to_owned()),
        (true, Some((field, _))) if path.rsplit('.').next() == Some(field) => Some(path.to_owned()),
        (true, Some((field, _))) => Some(format!("{path}.{field}")),
    }
}
