//! Jobs written in code: a schedule, and what is to be run with it.

use std::fmt;
use std::io;
use std::panic::Location;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use super::SchedulerError;
use crate::job::nesting::{self, Unwritable};
use crate::job::{ARGUMENTS_DEPTH_LIMIT, CatchUp, Overlap};
use crate::registry::{Arguments, Function, Given, RetryIf};
use crate::schedule::kind::Kind;
use crate::schedule::{Amount, ScheduleBuilder, ScheduleDefinition, ScheduleError, Unit};

/// What a job is, besides its schedule.
#[derive(Debug, Default)]
#[must_use = "a job that is begun does nothing until it is added to a scheduler"]
pub struct JobPart {
    pub(super) target: Option<Target>,
    pub(super) name: Option<String>,
    pub(super) group: Option<String>,
    pub(super) key: Option<String>,
    pub(super) is_always_new: bool,
    pub(super) retries: Option<u32>,
    pub(super) timeout: Option<Duration>,
    pub(super) catch_up: CatchUp,
    pub(super) overlap: Overlap,
    pub(super) jitter: Option<Duration>,
    pub(super) is_disabled: bool,
    pub(super) retry_if: Option<RetryIf>,
    pub(super) arguments: Arguments,
    /// The first mistake that a setting made.
    pub(super) mistake: Option<SchedulerError>,
}

/// What a job runs.
pub(super) enum Target {
    /// A registered function, by name.
    Named(String),
    /// A closure, the name that it was given, and where.
    Closure(String, &'static Location<'static>, MakeFunction),
}

/// Makes a function of a closure.
pub(super) type MakeFunction = Box<dyn FnOnce(Given) -> Function + Send>;

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.debug_tuple("Named").field(name).finish(),
            Self::Closure(name, ..) => f.debug_tuple("Closure").field(name).finish_non_exhaustive(),
        }
    }
}

impl From<()> for JobPart {
    fn from((): ()) -> Self {
        Self::default()
    }
}

/// A job to be added: what every schedule's builder turns into.
#[derive(Debug)]
pub struct NewJob {
    pub(super) schedule: Result<ScheduleDefinition, ScheduleError>,
    pub(super) part: JobPart,
}

impl<K: Kind, J: Into<JobPart>> From<ScheduleBuilder<K, J>> for NewJob {
    fn from(builder: ScheduleBuilder<K, J>) -> Self {
        let (schedule, part) = builder.into_parts();
        Self { schedule, part: part.into() }
    }
}

/// What a job runs, and how it is treated. Settings may come in any order.
///
/// # Examples
///
/// ```
/// use fastscheduler::prelude::*;
/// use fastscheduler::storage::MemoryStorage;
/// # #[job] async fn send_mail(to: String, subject: Option<String>) {}
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
/// let digest = daily().at("09:00").tz("Asia/Tokyo").retries(5).group("mail").name("digest");
/// let id = scheduler.add(digest.call("send_mail").args(["a@b.c"]).kwargs([("subject", "hi")])).await?;
/// assert_eq!(scheduler.job(&id).await?.unwrap().name(), "digest");
/// # anyhow::Ok(()) })?;
/// # anyhow::Ok(())
/// ```
impl<K: Kind, J: Into<JobPart>> ScheduleBuilder<K, J> {
    /// Runs a registered function, by its full name or by its own if that is unique.
    pub fn call(self, function: impl Into<String>) -> ScheduleBuilder<K, JobPart> {
        let function = function.into();
        self.with(|part| part.target = Some(Target::Named(function)))
    }

    /// Positional arguments: an array or a tuple of what serialises to JSON.
    pub fn args(self, args: impl Serialize) -> ScheduleBuilder<K, JobPart> {
        let args = read_args(args);
        self.with(|part| part.take(args, |part, args| part.arguments.args = args))
    }

    /// Keyword arguments: a map or a struct, or pairs of names and values.
    pub fn kwargs(self, kwargs: impl Serialize) -> ScheduleBuilder<K, JobPart> {
        let kwargs = read_kwargs(kwargs);
        self.with(|part| part.take(kwargs, |part, kwargs| part.arguments.kwargs = kwargs))
    }

    /// The name people know the job by; 1 to 200 characters.
    pub fn name(self, name: impl Into<String>) -> ScheduleBuilder<K, JobPart> {
        let name = name.into();
        self.with(|part| part.name = Some(name))
    }

    /// The group the job belongs to, `default` by default; 1 to 200 characters.
    pub fn group(self, group: impl Into<String>) -> ScheduleBuilder<K, JobPart> {
        let group = group.into();
        self.with(|part| part.group = Some(group))
    }

    /// A key that [`Scheduler::add`](crate::Scheduler::add) finds the job by:
    /// it is updated if it is there already. 1 to 200 characters.
    ///
    /// With a key a program may change everything else about a job, add it
    /// more than once, and add one-time jobs at each start. Edits made at run time
    /// stay until the job is added with another definition than the last time.
    pub fn key(self, key: impl Into<String>) -> ScheduleBuilder<K, JobPart> {
        let key = key.into();
        self.with(|part| part.key = Some(key))
    }

    /// Makes a new job in any case, as for each request of a client.
    ///
    /// Without this, [`Scheduler::add`](crate::Scheduler::add) may find that an
    /// earlier process added the job. A closure is gone with its process: such a
    /// job of a closure stays in the store as orphaned until it is cancelled.
    pub fn always_new(self) -> ScheduleBuilder<K, JobPart> {
        self.with(|part| part.is_always_new = true)
    }

    /// Attempts after the first that failed, 3 by default.
    pub fn retries(self, retries: u32) -> ScheduleBuilder<K, JobPart> {
        self.with(|part| part.retries = Some(retries))
    }

    /// The longest an attempt may take: a text such as `5m` or `1h 30m`, a
    /// number of seconds, or a [`Duration`].
    ///
    /// A future is dropped at the deadline. A blocking function is recorded as
    /// timed out, but its thread cannot be killed: it keeps its slot, and the
    /// job waits for it.
    pub fn timeout(self, timeout: impl Into<Amount>) -> ScheduleBuilder<K, JobPart> {
        let timeout = read_length("timeout", timeout);
        self.with(|part| part.take(timeout, |part, timeout| part.timeout = Some(timeout)))
    }

    /// What happens to fires that were missed.
    pub fn catch_up(self, catch_up: CatchUp) -> ScheduleBuilder<K, JobPart> {
        self.with(|part| part.catch_up = catch_up)
    }

    /// Fires that were missed are recorded, and none runs.
    pub fn no_catch_up(self) -> ScheduleBuilder<K, JobPart> {
        self.catch_up(CatchUp::None)
    }

    /// What happens to a fire while the job is still at an earlier one.
    pub fn overlap(self, overlap: Overlap) -> ScheduleBuilder<K, JobPart> {
        self.with(|part| part.overlap = overlap)
    }

    /// Delays each fire by up to this much, evenly spread: a text such as
    /// `10s`, a number of seconds, or a [`Duration`].
    pub fn jitter(self, jitter: impl Into<Amount>) -> ScheduleBuilder<K, JobPart> {
        let jitter = read_length("jitter", jitter);
        self.with(|part| part.take(jitter, |part, jitter| part.jitter = Some(jitter)))
    }

    /// Whether the job fires from the start; `false` adds it paused.
    pub fn enabled(self, is_enabled: bool) -> ScheduleBuilder<K, JobPart> {
        self.with(|part| part.is_disabled = !is_enabled)
    }

    pub(super) fn with(self, change: impl FnOnce(&mut JobPart)) -> ScheduleBuilder<K, JobPart> {
        self.map_job(|job| {
            let mut part = job.into();
            change(&mut part);
            part
        })
    }
}

impl JobPart {
    /// Takes over what was read, or keeps the mistake.
    fn take<T>(&mut self, read: Result<T, SchedulerError>, take_over: impl FnOnce(&mut Self, T)) {
        match read {
            Ok(value) => take_over(self, value),
            Err(mistake) => {
                self.mistake.get_or_insert(mistake);
            }
        }
    }
}

/// The length of time that a setting was given; a number is seconds.
pub(super) fn read_length(
    setting: &'static str,
    length: impl Into<Amount>,
) -> Result<Duration, SchedulerError> {
    let length = length.into().length(Unit::Seconds);
    length.map_err(|error| SchedulerError::Length { setting, error })
}

/// Positional arguments: an array, or nothing.
pub(super) fn read_args(args: impl Serialize) -> Result<Vec<Value>, SchedulerError> {
    let refuse = |reason| SchedulerError::ArgumentShape { which: "args", reason };
    let args = not_too_deep(args)?;
    match serde_json::to_value(args) {
        Ok(Value::Array(args)) => Ok(args),
        Ok(Value::Null) => Ok(Vec::new()),
        Ok(other) => Err(refuse(format!("`{other}` is no array; give an array or a tuple"))),
        Err(error) => Err(refuse(error.to_string())),
    }
}

/// Keyword arguments: an object, or pairs of names and values.
pub(super) fn read_kwargs(kwargs: impl Serialize) -> Result<Map<String, Value>, SchedulerError> {
    let refuse = |reason| SchedulerError::ArgumentShape { which: "kwargs", reason };
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
fn not_too_deep<T: Serialize>(arguments: T) -> Result<T, SchedulerError> {
    match nesting::write(&arguments, ARGUMENTS_DEPTH_LIMIT + 2, io::sink()) {
        Err(Unwritable::TooDeep) => {
            nesting::drop_too_deep(arguments);
            Err(SchedulerError::too_deep())
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
