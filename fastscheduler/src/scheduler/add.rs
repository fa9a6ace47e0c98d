//! Adding jobs.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::new_job::{JobPart, NewJob, Target};
use super::{Scheduler, SchedulerError};
use crate::engine::LiveJob;
use crate::job::{
    ARGUMENTS_SIZE_LIMIT, DEFAULT_GROUP, FunctionKey, Job, JobDefinition, JobId, NAME_LENGTH_LIMIT, Policy,
    Run, SkipReason, Skipped, Source,
};
use crate::registry::{Arguments, Function, JobNames};
use crate::schedule::{Micros, Schedule, ScheduleError, ScheduleSpec};
use crate::storage::{Change, Durability, SkippedFires};

/// The module that closures are shown under.
const CLOSURES: &str = "closure";

/// A job that was checked whole, and can be added.
struct Checked {
    definition: Arc<JobDefinition>,
    schedule: Schedule,
    function: Arc<Function>,
    arguments: Arc<Arguments>,
    is_paused: bool,
}

impl Scheduler {
    /// Adds a job, and returns its id.
    ///
    /// An interval or a delay counts from now. Nothing is added if anything is
    /// wrong.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::Schedule`] for a schedule that is wrong or over,
    /// [`SchedulerError::Registry`] for an unknown or ambiguous function,
    /// [`SchedulerError::Arguments`] for arguments that do not fit it, and the
    /// variant of its setting for any other value that is not allowed.
    pub async fn add(&self, job: impl Into<NewJob>) -> Result<JobId, SchedulerError> {
        let now = self.0.engine.clock.now();
        let checked = self.check(job.into(), now)?;
        if checked.schedule.next_after(now).is_none() {
            let written = match &checked.definition.schedule.spec {
                ScheduleSpec::At { at } => at.to_string(),
                other => other.to_string(),
            };
            return Err(ScheduleError::Past(written).into());
        }
        self.insert(checked, Source::Api, now).await
    }

    /// Adds the jobs that attributes declare.
    pub(super) async fn add_declared(&self) -> Result<(), SchedulerError> {
        let now = self.0.engine.clock.now();
        for function in self.functions() {
            for declaration in function.declarations() {
                let checked = self.check(NewJob::declared(function.key(), declaration)?, now)?;
                if checked.schedule.next_after(now).is_some() {
                    self.insert(checked, Source::Code, now).await?;
                } else {
                    self.record_past(&checked, now).await?;
                }
            }
        }
        Ok(())
    }

    fn check(&self, job: NewJob, now: DateTime<Utc>) -> Result<Checked, SchedulerError> {
        let definition = job.schedule?.placed(now);
        let schedule = definition.compile(self.0.zone)?;
        let JobPart { target, name, group, arguments, mistake, .. } = job.part;
        if let Some(mistake) = mistake {
            return Err(mistake);
        }
        check_size(&arguments)?;
        for (setting, length) in [("timeout", job.part.timeout), ("jitter", job.part.jitter)] {
            check_length(setting, length)?;
        }
        let target = target.ok_or(SchedulerError::NothingToRun)?;
        let own_name = match &target {
            Target::Named(_) => None,
            Target::Closure(name, _) => Some(name.clone()),
        };
        for (what, text) in [("name", name.as_ref().or(own_name.as_ref())), ("group", group.as_ref())] {
            text.map_or(Ok(()), |text| check_name(what, text))?;
        }
        let function = self.resolve(target, &arguments)?;
        let definition = Arc::new(JobDefinition {
            name: name.or(own_name).unwrap_or_else(|| function.key().name().to_owned()),
            group: group.unwrap_or_else(|| DEFAULT_GROUP.to_owned()),
            function: function.key().clone(),
            args: arguments.args.clone(),
            kwargs: arguments.kwargs.clone(),
            schedule: definition,
            policy: Policy {
                max_retries: job.part.retries.unwrap_or(Policy::DEFAULT_MAX_RETRIES),
                timeout: job.part.timeout,
                catch_up: job.part.catch_up,
                overlap: job.part.overlap,
                jitter: job.part.jitter,
            },
        });
        let is_paused = job.part.is_disabled;
        Ok(Checked { definition, schedule, function, arguments: Arc::new(arguments), is_paused })
    }

    /// The function that a job calls, which its arguments fit.
    fn resolve(&self, target: Target, arguments: &Arguments) -> Result<Arc<Function>, SchedulerError> {
        let fits = |function: &Function| {
            function.check(arguments).map_err(|error| {
                let function = function.key().clone();
                SchedulerError::Arguments { function, error }
            })
        };
        match target {
            Target::Named(name) => {
                let function = Arc::clone(self.registry().resolve(&name)?);
                fits(&function)?;
                Ok(function)
            }
            Target::Closure(name, make) => {
                // The job alone holds it: no name of it is taken in the registry.
                let function = make(FunctionKey::new(CLOSURES, &name));
                fits(&function)?;
                function.check_states(&self.0.engine.states)?;
                Ok(Arc::new(function))
            }
        }
    }

    async fn insert(
        &self,
        checked: Checked,
        source: Source,
        now: DateTime<Utc>,
    ) -> Result<JobId, SchedulerError> {
        let engine = &self.0.engine;
        let id = JobId::new(engine.storage.reserve_job_number().await?);
        let mut job = Job::new(id, Arc::clone(&checked.definition), source, now);
        let live = live(id, checked, job.revision);
        let next = live.fire_after(now);
        job.is_paused = live.is_paused;
        job.next_run_at = next.as_ref().map(|next| next.scheduled_for);
        engine.storage.apply(&[Change::PutJob(Box::new(job))], Durability::Now).await?;
        let is_paused = live.is_paused;
        engine.table.insert(live);
        if let Some(next) = next.filter(|_| !is_paused) {
            // The job is there: from here on it is not refused any more.
            engine.push(vec![next]).await;
        }
        Ok(id)
    }

    /// Records a declared date that was over before this program began.
    async fn record_past(&self, checked: &Checked, now: DateTime<Utc>) -> Result<(), SchedulerError> {
        let Some(scheduled_for) = checked.schedule.next_after(DateTime::UNIX_EPOCH) else { return Ok(()) };
        let job = JobId::new(self.0.engine.storage.reserve_job_number().await?);
        let (first, last) = (scheduled_for, scheduled_for);
        let skipped = Skipped { reason: SkipReason::CatchUp, first, last, count: 1 };
        let run = Run::skipped(job, &checked.definition, skipped, now);
        self.0
            .engine
            .storage
            .apply(&[Change::Skip(Box::new(SkippedFires { run, next_run_at: None }))], Durability::Now)
            .await?;
        Ok(())
    }
}

fn live(id: JobId, checked: Checked, revision: u64) -> LiveJob {
    let Checked { definition, schedule, function, arguments, is_paused } = checked;
    let names = Arc::new(JobNames { name: definition.name.clone(), group: definition.group.clone() });
    LiveJob { id, definition, revision, schedule, function, arguments, names, is_paused }
}

fn check_name(what: &'static str, text: &str) -> Result<(), SchedulerError> {
    let length = text.chars().count();
    if (1..=NAME_LENGTH_LIMIT).contains(&length) {
        Ok(())
    } else {
        Err(SchedulerError::NameLength { what, length })
    }
}

fn check_length(setting: &'static str, length: Option<Duration>) -> Result<(), SchedulerError> {
    match length.map(Micros::try_from) {
        Some(Err(error)) => Err(SchedulerError::Length { setting, error }),
        Some(Ok(_)) | None => Ok(()),
    }
}

fn check_size(arguments: &Arguments) -> Result<(), SchedulerError> {
    let written = serde_json::to_vec(&(&arguments.args, &arguments.kwargs)).map_or(0, |json| json.len());
    if written <= ARGUMENTS_SIZE_LIMIT {
        return Ok(());
    }
    let reason = format!("they are {written} bytes as JSON; the limit is {ARGUMENTS_SIZE_LIMIT}");
    Err(SchedulerError::ArgumentShape { which: "arguments", reason })
}
