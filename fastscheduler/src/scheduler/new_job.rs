//! Jobs written in code: a schedule, and what is to be run with it.

use std::fmt;
use std::panic::Location;

use crate::job::JobSettings;
use crate::job::settings::{SettingError, job_setters};
use crate::registry::{Function, Given, RetryIf};
use crate::schedule::kind::Kind;
use crate::schedule::{ScheduleBuilder, ScheduleDefinition, ScheduleError};

/// What a job is besides its schedule: its settings, and what only code can say.
#[derive(Debug, Default)]
#[must_use = "a job that is begun does nothing until it is added to a scheduler"]
pub struct JobPart {
    pub(super) target: Option<Target>,
    pub(super) key: Option<String>,
    pub(super) is_always_new: bool,
    pub(super) retry_if: Option<RetryIf>,
    pub(super) settings: JobSettings,
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

impl NewJob {
    /// The schedule with all that was said of it.
    pub(super) fn whole_schedule(self) -> Result<ScheduleDefinition, ScheduleError> {
        Ok(self.part.settings.schedule.applied_to(self.schedule?))
    }
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

    job_setters!(ScheduleBuilder<K, JobPart>);

    fn set_job<T>(
        self,
        read: Result<T, SettingError>,
        apply: impl FnOnce(&mut JobSettings, T),
    ) -> ScheduleBuilder<K, JobPart> {
        self.with(|part| part.settings.take(read, apply))
    }

    /// Gives the job these settings, and none that it was given before.
    #[cfg(feature = "web")]
    pub(crate) fn settings(self, settings: JobSettings) -> ScheduleBuilder<K, JobPart> {
        self.with(|part| part.settings = settings)
    }

    pub(super) fn with(self, change: impl FnOnce(&mut JobPart)) -> ScheduleBuilder<K, JobPart> {
        self.map_job(|job| {
            let mut part = job.into();
            change(&mut part);
            part
        })
    }
}
