//! The arguments of a job: how they are read, and how large they may be.

use std::io;

use serde::Serialize;
use serde_json::{Map, Value};

use super::nesting::{self, Unwritable};
use super::setting_error::SettingError;
use super::{ARGUMENTS_DEPTH_LIMIT, ARGUMENTS_SIZE_LIMIT};

/// Positional arguments: an array, or nothing.
pub(crate) fn read_args(args: impl Serialize) -> Result<Vec<Value>, SettingError> {
    let refuse = |reason| SettingError::ArgumentShape { which: "args", reason };
    let args = not_too_deep(args)?;
    match serde_json::to_value(args) {
        Ok(Value::Array(args)) => Ok(args),
        Ok(Value::Null) => Ok(Vec::new()),
        Ok(other) => Err(refuse(format!("`{other}` is no array; give an array or a tuple"))),
        Err(error) => Err(refuse(error.to_string())),
    }
}

/// Keyword arguments: an object, or pairs of names and values.
pub(crate) fn read_kwargs(kwargs: impl Serialize) -> Result<Map<String, Value>, SettingError> {
    let refuse = |reason| SettingError::ArgumentShape { which: "kwargs", reason };
    let kwargs = not_too_deep(kwargs)?;
    match serde_json::to_value(kwargs).map(object) {
        Ok(Ok(kwargs)) => Ok(kwargs),
        Ok(Err(other)) => {
            Err(refuse(format!("`{other}` is no object; give a map or pairs of names and values")))
        }
        Err(error) => Err(refuse(error.to_string())),
    }
}

/// Refuses arguments that are nested so deep that walking them would overflow the
/// stack. The two outer levels, a list of pairs of names and values, do not count.
fn not_too_deep<T: Serialize>(arguments: T) -> Result<T, SettingError> {
    match nesting::write(&arguments, ARGUMENTS_DEPTH_LIMIT + 2, io::sink()) {
        Err(Unwritable::TooDeep) => {
            nesting::drop_too_deep(arguments);
            Err(too_deep())
        }
        // What is not JSON is refused by the conversion that follows.
        Err(Unwritable::NotJson(_)) | Ok(()) => Ok(arguments),
    }
}

/// An object as it is, or one made of pairs.
fn object(value: Value) -> Result<Map<String, Value>, Value> {
    match value {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        Value::Array(pairs) => pairs
            .iter()
            .map(|pair| match pair.as_array().map(Vec::as_slice) {
                Some([Value::String(name), value]) => Some((name.clone(), value.clone())),
                _ => None,
            })
            .collect::<Option<Map<_, _>>>()
            .ok_or(Value::Array(pairs)),
        other => Err(other),
    }
}

/// Refuses arguments that take too much room, or could not be read again.
pub(crate) fn check_arguments(args: &[Value], kwargs: &Map<String, Value>) -> Result<(), SettingError> {
    if args.is_empty() && kwargs.is_empty() {
        return Ok(());
    }
    if are_too_deep(args, kwargs) {
        return Err(too_deep());
    }
    let written = serde_json::to_vec(&(args, kwargs)).map_or(0, |json| json.len());
    if written <= ARGUMENTS_SIZE_LIMIT {
        return Ok(());
    }
    let reason = format!("they are {written} bytes as JSON; the limit is {ARGUMENTS_SIZE_LIMIT}");
    Err(SettingError::ArgumentShape { which: "arguments", reason })
}

/// Whether arguments are nested so deep that what is written of a job could not
/// be read again.
pub(crate) fn are_too_deep(args: &[Value], kwargs: &Map<String, Value>) -> bool {
    args.iter().chain(kwargs.values()).any(|value| is_deeper(value, ARGUMENTS_DEPTH_LIMIT))
}

fn is_deeper(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(values) => depth == 0 || values.iter().any(|value| is_deeper(value, depth - 1)),
        Value::Object(values) => depth == 0 || values.values().any(|value| is_deeper(value, depth - 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn too_deep() -> SettingError {
    let reason = format!("they are nested more than {ARGUMENTS_DEPTH_LIMIT} deep");
    SettingError::ArgumentShape { which: "arguments", reason }
}
