//! Settings from environment variables.

use std::ffi::OsString;
use std::net::IpAddr;
use std::str::FromStr;

use super::{SchedulerBuilder, SchedulerError};
use crate::schedule::{IntoZone, text};
use crate::storage::MemoryStorage;

const PREFIX: &str = "FASTSCHEDULER_";

const NAMES: [&str; 18] = [
    "FASTSCHEDULER_TIMEZONE",
    "FASTSCHEDULER_MAX_WORKERS",
    "FASTSCHEDULER_MAX_CONCURRENCY",
    "FASTSCHEDULER_MAX_HISTORY",
    "FASTSCHEDULER_HISTORY_RETENTION_DAYS",
    "FASTSCHEDULER_MAX_DEAD_LETTERS",
    "FASTSCHEDULER_MAX_METRIC_JOBS",
    "FASTSCHEDULER_QUIET",
    "FASTSCHEDULER_STATE_FILE",
    "FASTSCHEDULER_STORAGE",
    "FASTSCHEDULER_QUEUE",
    "FASTSCHEDULER_HTTP",
    "FASTSCHEDULER_TOKEN",
    "FASTSCHEDULER_READ_TOKEN",
    "FASTSCHEDULER_MAX_CONNECTIONS",
    "FASTSCHEDULER_MAX_EVENT_STREAMS",
    "FASTSCHEDULER_ALLOWED_HOSTS",
    "FASTSCHEDULER_ALLOWED_ORIGINS",
];

/// Applies the variables that begin with `FASTSCHEDULER_`.
pub(super) fn apply(
    mut builder: SchedulerBuilder,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<SchedulerBuilder, SchedulerError> {
    for (name, raw) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        let value = raw.to_string_lossy();
        if is_of_service(name, &value) {
            continue;
        }
        let refuse = |expected: String| SchedulerError::Setting {
            name: name.to_owned(),
            // It may be a token under a name that is not quite right.
            value: if is_secret(name) { "…".to_owned() } else { value.clone().into_owned() },
            expected,
        };
        builder = match &name[PREFIX.len()..] {
            "TIMEZONE" => {
                let zone = value.as_ref().into_zone().map_err(|error| refuse(error.to_string()))?;
                builder.timezone_from(zone, "FASTSCHEDULER_TIMEZONE")
            }
            "MAX_WORKERS" => builder.max_workers(number(&value).map_err(refuse)?),
            "MAX_CONCURRENCY" => builder.max_concurrency(number(&value).map_err(refuse)?),
            "MAX_HISTORY" => builder.max_history(number(&value).map_err(refuse)?),
            "HISTORY_RETENTION_DAYS" => builder.history_retention_days(number(&value).map_err(refuse)?),
            "MAX_DEAD_LETTERS" => builder.max_dead_letters(number(&value).map_err(refuse)?),
            "MAX_METRIC_JOBS" => builder.max_metric_jobs(number(&value).map_err(refuse)?),
            "QUIET" => builder.quiet(switch(&value).map_err(refuse)?),
            "STATE_FILE" if value.is_empty() => return Err(refuse("write the path of a file".to_owned())),
            "STATE_FILE" => builder.state_file(&raw),
            "STORAGE" => match value.as_ref() {
                "json" => builder.storage_in_file(),
                "memory" => builder.storage(MemoryStorage::default()),
                _ => return Err(refuse("this version knows `json` and `memory`".to_owned())),
            },
            "QUEUE" if value == "memory" => builder,
            "QUEUE" => return Err(refuse("this version knows `memory` only".to_owned())),
            "HTTP" => http(builder, &value).map_err(refuse)?,
            "TOKEN" => token(builder, &value, Token::Full).map_err(refuse)?,
            "READ_TOKEN" => token(builder, &value, Token::ReadOnly).map_err(refuse)?,
            "MAX_CONNECTIONS" => web_limit(builder, &value, Limited::Connections).map_err(refuse)?,
            "MAX_EVENT_STREAMS" => web_limit(builder, &value, Limited::Streams).map_err(refuse)?,
            "ALLOWED_HOSTS" => allowed(builder, &value, Allowed::Hosts).map_err(refuse)?,
            "ALLOWED_ORIGINS" => allowed(builder, &value, Allowed::Origins).map_err(refuse)?,
            _ => {
                return Err(refuse(match text::nearest(name, NAMES) {
                    Some(known) => format!("there is no such setting; did you mean `{known}`?"),
                    None => format!("there is no such setting; known are {}", NAMES.join(", ")),
                }));
            }
        };
    }
    Ok(builder)
}

/// Whether Kubernetes sets a variable, for a Service named `fastscheduler`,
/// `fastscheduler-web` or the like. Every container in the Service's namespace has
/// these variables: <https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>.
fn is_of_service(name: &str, value: &str) -> bool {
    let is_port = |text: &str| text.parse::<u16>().is_ok();
    let is_protocol = |text: &str| ["TCP", "UDP", "SCTP"].contains(&text);
    let is_url = || ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    if name.ends_with("_SERVICE_HOST") {
        return value.parse::<IpAddr>().is_ok();
    }
    if let Some((_, port)) = name.split_once("_SERVICE_PORT") {
        return (port.is_empty() || port.starts_with('_')) && is_port(value);
    }
    if name.ends_with("_PORT") && is_url() {
        return true;
    }
    let Some((_, rest)) = name.rsplit_once("_PORT_") else { return false };
    match *rest.split('_').collect::<Vec<_>>() {
        [port, protocol] => is_port(port) && is_protocol(protocol) && is_url(),
        [port, protocol, "ADDR" | "PORT" | "PROTO"] => is_port(port) && is_protocol(protocol),
        _ => false,
    }
}

#[cfg(not(feature = "web"))]
const NO_SERVER: &str = "this program has no server; build it with the feature `web` of `fastscheduler`";

/// Which of the tokens it is.
#[derive(Debug, Clone, Copy)]
enum Token {
    Full,
    ReadOnly,
}

#[cfg(feature = "web")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature it is an error")]
fn token(builder: SchedulerBuilder, token: &str, which: Token) -> Result<SchedulerBuilder, String> {
    Ok(match which {
        Token::Full => builder.token(token),
        Token::ReadOnly => builder.read_only_token(token),
    })
}

/// What a limit of the web interface is for.
#[derive(Debug, Clone, Copy)]
enum Limited {
    Connections,
    Streams,
}

#[cfg(feature = "web")]
fn web_limit(builder: SchedulerBuilder, value: &str, of: Limited) -> Result<SchedulerBuilder, String> {
    let most = number(value)?;
    Ok(match of {
        Limited::Connections => builder.max_connections(most),
        Limited::Streams => builder.max_event_streams(most),
    })
}

#[cfg(not(feature = "web"))]
fn web_limit(_builder: SchedulerBuilder, _value: &str, _of: Limited) -> Result<SchedulerBuilder, String> {
    Err(NO_SERVER.to_owned())
}

#[cfg(not(feature = "web"))]
fn token(_builder: SchedulerBuilder, _token: &str, _which: Token) -> Result<SchedulerBuilder, String> {
    Err(NO_SERVER.to_owned())
}

/// Which of the lists it is.
#[derive(Debug, Clone, Copy)]
enum Allowed {
    Hosts,
    Origins,
}

/// A list with commas between its items.
#[cfg(feature = "web")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature it is an error")]
fn allowed(builder: SchedulerBuilder, list: &str, which: Allowed) -> Result<SchedulerBuilder, String> {
    let items = list.split(',').map(str::trim);
    Ok(match which {
        Allowed::Hosts => builder.allowed_hosts(items),
        Allowed::Origins => builder.allowed_origins(items),
    })
}

#[cfg(not(feature = "web"))]
fn allowed(_builder: SchedulerBuilder, _list: &str, _which: Allowed) -> Result<SchedulerBuilder, String> {
    Err(NO_SERVER.to_owned())
}

/// Whether a value must not be shown: also of a name that is misspelt.
fn is_secret(name: &str) -> bool {
    let is_near = || text::nearest(name, NAMES).is_some_and(|known| known.ends_with("TOKEN"));
    ["TOKEN", "SECRET", "PASSWORD", "KEY", "URL"].iter().any(|word| name.contains(word)) || is_near()
}

#[cfg(feature = "web")]
fn http(builder: SchedulerBuilder, address: &str) -> Result<SchedulerBuilder, String> {
    let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port);
    match port.map(u16::from_str) {
        Some(Ok(_)) => Ok(builder.http(address)),
        Some(Err(_)) | None => Err("write an address with a port, such as `127.0.0.1:8000`".to_owned()),
    }
}

#[cfg(not(feature = "web"))]
fn http(_builder: SchedulerBuilder, _address: &str) -> Result<SchedulerBuilder, String> {
    Err(NO_SERVER.to_owned())
}

fn number<T: FromStr>(value: &str) -> Result<T, String> {
    value.parse().map_err(|_| "write a whole number, such as `10`".to_owned())
}

fn switch(value: &str) -> Result<bool, String> {
    match value {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err("write `true` or `false`".to_owned()),
    }
}

#[cfg(all(test, feature = "web"))]
mod tests {
    use super::*;

    #[test]
    fn lists_have_commas_between_their_items() {
        let variables = [
            ("FASTSCHEDULER_ALLOWED_HOSTS", "jobs.internal, b.example:81"),
            ("FASTSCHEDULER_ALLOWED_ORIGINS", "https://ops.example"),
        ];
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let builder = apply(SchedulerBuilder::default(), variables.into_iter()).unwrap();
        assert_eq!(builder.access.allowed_hosts, ["jobs.internal", "b.example:81"]);
        assert_eq!(builder.access.allowed_origins, ["https://ops.example"]);
    }
}
