//! Adding jobs.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Map;

use super::added::Mark;
use super::closure_job::CLOSURES;
use super::edit::{Edit, Fires};
use super::new_job::{JobPart, NewJob, Target};
use super::over::recorded_as_over;
use super::{Scheduler, SchedulerError};
use crate::job::settings::check_name;
use crate::job::{
    Declared, FunctionKey, Job, JobDefinition, JobId, Name, Policy, RescheduleCause, SkipReason, Source,
    one_line,
};
use crate::registry::{Arguments, Function, Given, RetryIf};
use crate::schedule::ScheduleError;
use crate::storage::{Change, Durability};

/// A job that was checked whole, and can be added.
pub(super) struct Checked {
    pub(super) definition: Arc<JobDefinition>,
    pub(super) function: Arc<Function>,
    pub(super) is_paused: bool,
    key: Option<Name>,
    is_always_new: bool,
}

impl Checked {
    /// What the program says of the job.
    fn declared(&self) -> Arc<Declared> {
        Arc::new(Declared::added(&self.definition, !self.is_paused))
    }
}

impl Scheduler {
    /// Adds a job, and returns its id.
    ///
    /// An interval or a delay counts from now. Nothing is added if anything is
    /// wrong.
    ///
    /// # Jobs from an earlier start
    ///
    /// A program may add its jobs at each start without multiplying them. The
    /// job is one that an earlier process added, and this one has not added yet,
    ///
    /// - with a key: if that has the same key. A job that this process added with
    ///   the key is updated as well;
    /// - if it runs a closure: if that has the closure's name. Once
    ///   [`start`](Self::start) has returned, only if it repeats;
    /// - if it calls a function and repeats: if that has the same function, name, arguments, group and
    ///   schedule. Until [`start`](Self::start) has returned, the schedule may
    ///   be another one, which the job gets. Two equal jobs that a program adds
    ///   stay two.
    ///
    /// What was edited at run time stays until the code says something else than
    /// the last time, and a pause stays. A job that was cancelled is made anew. A
    /// job that the program no longer adds stays: cancel it.
    ///
    /// A one-time job that calls a function is always new, and so is one that runs
    /// a closure and is added after the start, and any job with
    /// [`always_new`](crate::schedule::ScheduleBuilder::always_new). Jobs that were
    /// made over HTTP are not affected.
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
        let scheduler = self.clone();
        self.0.engine.to_the_end(async move { scheduler.add_checked(checked, now).await }).await
    }

    // What most jobs do not come to is in a box of its own: this is allocated for each.
    async fn add_checked(&self, checked: Checked, now: DateTime<Utc>) -> Result<JobId, SchedulerError> {
        if checked.is_always_new {
            return self.insert(checked, now).await;
        }
        if let Some(key) = &checked.key {
            // One after another: two with the same key are one job.
            let _one = self.0.matching.lock().await;
            if let Some(id) = self.0.engine.table.by_key(key)
                && Box::pin(self.add_to_keyed(id, &checked, now)).await?
            {
                return Ok(id);
            }
            return self.insert(checked, now).await;
        }
        // A function that was registered after the build gets them at the start otherwise.
        if self.0.not_added.awaits(&checked.definition.function) {
            let function = &checked.definition.function;
            let placed = Box::pin(self.place_imported_of(function)).await;
            placed.inspect_err(|_| self.0.not_added.await_again(function))?;
        }
        while let Some(mark) = self.0.not_added.find(&checked.definition) {
            if Box::pin(self.add_again(mark, &checked, now)).await? {
                return Ok(mark.id);
            }
        }
        self.insert(checked, now).await
    }

    /// Makes the job of a key what the program says now, and returns whether it is
    /// still there.
    async fn add_to_keyed(
        &self,
        id: JobId,
        checked: &Checked,
        now: DateTime<Utc>,
    ) -> Result<bool, SchedulerError> {
        let added = async {
            let mark = Mark::of(&self.stored(id).await?);
            if self.add_again(mark, checked, now).await? {
                return Ok(());
            }
            // This process has added it before.
            self.redeclare(id, &checked.declared(), Some(&checked.function)).await
        };
        is_there(added.await)
    }

    /// Makes a job of an earlier process what the program says now. Returns false
    /// if it is gone, or was added meanwhile.
    async fn add_again(
        &self,
        mark: Mark,
        checked: &Checked,
        now: DateTime<Utc>,
    ) -> Result<bool, SchedulerError> {
        if !self.0.not_added.take(mark) {
            return Ok(false);
        }
        let added = is_there(self.make_what_is_said(mark.id, checked, now).await);
        if added.is_err() {
            self.0.not_added.give_back(mark);
        }
        added
    }

    async fn make_what_is_said(
        &self,
        id: JobId,
        checked: &Checked,
        now: DateTime<Utc>,
    ) -> Result<(), SchedulerError> {
        let engine = &self.0.engine;
        // One that is gone is neither changed nor announced.
        self.stored(id).await?;
        let change = [Change::AddAgain { job: id, at: now }];
        engine.apply(&change, Durability::Soon).await?;
        engine.announce(&change);
        let (job, declared) = (self.stored(id).await?, checked.declared());
        if self.redeclared(&job, &declared, now)?.is_some() {
            self.redeclare(id, &declared, Some(&checked.function)).await?;
        } else {
            self.replace_function_of(id, &checked.function).await?;
        }
        tracing::info!(job = %id, name = one_line(&checked.definition.name), "matched a stored job");
        Ok(())
    }

    /// Goes by what the code says of a job that is there. Edits made at run
    /// time stay until that changes.
    pub(super) async fn redeclare(
        &self,
        id: JobId,
        declared: &Arc<Declared>,
        function: Option<&Arc<Function>>,
    ) -> Result<(), SchedulerError> {
        let told = Arc::clone(declared);
        let scheduler = self.clone();
        let edit = move |job: &Job| scheduler.redeclared(job, &told, scheduler.0.engine.clock.now());
        let is_changed = self.edit(id, function, edit).await?;
        match function {
            Some(function) if !is_changed => self.replace_function_of(id, function).await,
            Some(_) | None => Ok(()),
        }
    }

    /// Has a job run this function, which may be another one even if nothing else
    /// is: a closure is new in each process.
    async fn replace_function_of(&self, id: JobId, function: &Arc<Function>) -> Result<(), SchedulerError> {
        let table = &self.0.engine.table;
        if table.get(id).is_some_and(|known| Arc::ptr_eq(&known.function, function)) {
            return Ok(());
        }
        let _held = self.0.engine.hold_batches().await;
        let job = self.stored(id).await?;
        match table.get(id) {
            Some(known) => table.replace_function(&known, function),
            None => self.adopt_revision(&job, Some(function)).await?,
        }
        Ok(())
    }

    pub(super) fn check(&self, job: NewJob, now: DateTime<Utc>) -> Result<Checked, SchedulerError> {
        let NewJob { schedule, part } = job;
        let JobPart { target, key, is_always_new, retry_if, settings } = part;
        let schedule = settings.schedule.applied_to(schedule?);
        self.compile(&schedule, now)?;
        settings.check()?;
        if let Some(key) = &key {
            if is_always_new {
                return Err(SchedulerError::KeyedAlwaysNew(key.clone()));
            }
            check_name("key", key)?;
        }
        let target = target.ok_or(SchedulerError::NothingToRun)?;
        let own_name = match &target {
            Target::Named(_) => None,
            Target::Closure(name, ..) => Some(name.clone()),
        };
        if let Some(name) = own_name.as_ref().filter(|_| settings.name.is_none()) {
            check_name("name", name)?;
        }
        let (args, kwargs) = settings.arguments();
        let function = self.resolve(target, retry_if, &Arguments { args, kwargs })?;
        let mut definition = JobDefinition {
            name: own_name.map_or_else(|| function.name().clone(), Name::from),
            group: self.0.default_group.clone(),
            function: function.key().clone(),
            args: Vec::new(),
            kwargs: Map::new(),
            schedule,
            policy: Policy::default(),
        };
        settings.apply_to(&mut definition);
        let is_paused = settings.enabled == Some(false);
        let definition = Arc::new(definition);
        Ok(Checked { definition, function, is_paused, key: key.map(Name::from), is_always_new })
    }

    /// The function that a job calls, which its arguments fit.
    fn resolve(
        &self,
        target: Target,
        retry_if: Option<RetryIf>,
        arguments: &Arguments,
    ) -> Result<Arc<Function>, SchedulerError> {
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
                match retry_if {
                    Some(_) => Err(SchedulerError::RetryIf(function.key().clone())),
                    None => Ok(function),
                }
            }
            Target::Closure(name, place, make) => {
                // The job alone holds it: no name of it is taken in the registry.
                let function = make(Given { key: FunctionKey::new(CLOSURES, &name), place, retry_if });
                fits(&function)?;
                function.check_states(&self.0.engine.setup.states)?;
                Ok(Arc::new(function))
            }
        }
    }

    async fn insert(&self, checked: Checked, now: DateTime<Utc>) -> Result<JobId, SchedulerError> {
        let engine = &self.0.engine;
        let since = checked.definition.schedule.counted_from(now);
        let schedule = self.compile(&checked.definition.schedule, since)?;
        let next_run_at = schedule.next_after(since);
        if next_run_at.is_none() && checked.definition.schedule.until.is_none() {
            return Err(ScheduleError::Past(checked.definition.schedule.written()).into());
        }
        let id = JobId::new(engine.storage.reserve_job_number().await?);
        let zone = self.zone_of(&checked.definition.schedule);
        let source = if checked.is_always_new { Source::Api } else { Source::Added };
        let mut job = Job::new(id, checked.definition, source, now);
        job.zone = zone;
        job.begin_paused(checked.is_paused);
        job.next_run_at = next_run_at;
        job.key = checked.key;
        // Of what the program says, only that it is not to fire is not in the rest.
        let is_told_beside = source == Source::Added && checked.is_paused;
        job.declared = is_told_beside.then(|| Arc::new(Declared::added(&job.definition, false)));
        if next_run_at.is_none() {
            let (changes, note) = recorded_as_over(job, &schedule, now);
            engine.apply(&changes, Durability::Now).await?;
            engine.announce(&changes);
            self.note(note);
            return Ok(id);
        }
        let change = [Change::AddJob(Box::new(job.clone()))];
        let removals = engine.table.removals();
        if let Err(error) = engine.apply(&change, Durability::Now).await {
            // If only the answer was lost it is stored, and would be a job
            // that never runs. If this fails too, the store does.
            let undone = [Change::RemoveJob { job: id, tombstone: None }];
            let _ = engine.apply(&undone, Durability::Soon).await;
            return Err(error.into());
        }
        engine.announce(&change);
        let _batch_of_one = engine.batch().await;
        // Somebody who saw it in the store may have cancelled it by now.
        if removals == engine.table.removals()
            || engine.persist("whether a job is there", || engine.storage.job(id)).await.is_some()
        {
            self.adopt_revision(&job, Some(&checked.function)).await?;
        }
        tracing::info!(job = %id, name = one_line(job.name()), "added a new job");
        Ok(id)
    }
}

/// The edit that what the code says makes of a job, if it says something else
/// than when it was last asked.
pub(super) fn redeclared(job: &Job, declared: &Arc<Declared>) -> Option<Edit> {
    let before = job.last_declared();
    let before = before.as_deref();
    if before == Some(&**declared) {
        return None;
    }
    let mut edit = Edit::of(job);
    if before.is_none_or(|before| before.definition != declared.definition) {
        edit.definition = Arc::clone(&declared.definition);
        if edit.definition.schedule != job.definition.schedule {
            edit.fires = Fires::Renew(RescheduleCause::Schedule);
        }
    }
    if before.is_some_and(|before| before.is_enabled != declared.is_enabled) {
        edit.is_paused = !declared.is_enabled;
        if job.is_paused && edit.fires == Fires::Stay {
            edit.fires = Fires::Skip(SkipReason::Paused);
        }
    }
    edit.declared = declared.beside(&edit.definition, job.source);
    Some(edit)
}

/// Whether a job was still there when something was done with it.
fn is_there(done: Result<(), SchedulerError>) -> Result<bool, SchedulerError> {
    match done {
        Ok(()) => Ok(true),
        Err(SchedulerError::UnknownJob(_)) => Ok(false),
        Err(error) => Err(error),
    }
}
