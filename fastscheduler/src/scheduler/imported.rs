//! Jobs that were taken over from the Python program.
//!
//! Its modules are not those of this program, and its state file does not say
//! which jobs the code declares. So a function is also known by its bare name,
//! if only one has it; and a job that the code declares is known by its
//! schedule, or else as the only one of its function.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::TimeDelta;

use super::added::Mark;
use super::edit::Edit;
use super::load::leave_behind;
use super::new_job::NewJob;
use super::{Scheduler, SchedulerError};
use crate::job::{Declared, FunctionKey, Job, JobDefinition, JobId, Source};
use crate::registry::{Arguments, Function};
use crate::schedule::ScheduleSpec;
use crate::storage::{Change, Durability};

/// A declaration, by its function and its place among those of it.
type Place = (FunctionKey, usize);

impl Scheduler {
    /// Finds the functions and the declarations of imported jobs, among all
    /// that are stored, that have not been found yet.
    pub(super) async fn place_imported(&self, jobs: &mut [Job]) -> Result<(), SchedulerError> {
        let mut taken = self.taken_declarations(jobs)?;
        let mut changes = Vec::new();
        // How many of each bare name are left.
        let mut left: HashMap<String, usize> = HashMap::new();
        for job in jobs.iter().filter(|job| is_unplaced(job)) {
            *left.entry(job.function().name().to_owned()).or_default() += 1;
        }
        for job in jobs.iter_mut().filter(|job| is_unplaced(job)) {
            let Some(function) = self.function_of(job) else { continue };
            let left = left.entry(function.key().name().to_owned()).or_default();
            let declaration = self.declaration_of(job, &function, *left == 1, &taken)?;
            if let Some(place) = declaration {
                taken.push((function.key().clone(), place));
                *left -= 1;
            }
            changes.extend(self.place(job, &function, declaration)?);
        }
        Ok(self.store_if_any(&changes).await?)
    }

    /// The same for a function that was registered just now, of the imported jobs
    /// that wait for its bare name. One that fails keeps none of the others waiting.
    pub(super) async fn place_imported_of(&self, function: &FunctionKey) -> Result<(), SchedulerError> {
        let mut placed = Ok(());
        for id in self.0.engine.table.orphans_named(function.name()) {
            let imported = self.place_one_imported(id, function).await;
            placed = placed.and(leave_behind(id, imported));
        }
        placed
    }

    async fn place_one_imported(&self, id: JobId, function: &FunctionKey) -> Result<(), SchedulerError> {
        let _held = self.0.engine.hold_batches().await;
        let Some(mut job) = self.0.engine.storage.job(id).await? else { return Ok(()) };
        let Some(found) = is_unplaced(&job).then(|| self.function_of(&job)).flatten() else { return Ok(()) };
        if found.key() == function {
            let mark = Mark::of(&job);
            let changes = self.place(&mut job, &found, None)?;
            self.0.engine.apply(&changes, Durability::Now).await?;
            self.0.not_added.rename(mark, &job);
            self.adopt_revision(&job, None).await?;
        }
        Ok(())
    }

    /// Has a job belong to a function and a declaration, and returns the changes
    /// that make it so in the store.
    fn place(
        &self,
        job: &mut Job,
        function: &Function,
        declaration: Option<usize>,
    ) -> Result<Vec<Change>, SchedulerError> {
        let mut edit = Edit::of(job);
        if function.key() != job.function() {
            let function = function.key().clone();
            edit.definition = Arc::new(JobDefinition { function, ..JobDefinition::clone(&job.definition) });
        } else if declaration.is_none() {
            return Ok(Vec::new());
        }
        if let Some(place) = declaration {
            let definition = Arc::clone(&edit.definition);
            let declared = NewJob::declared(function.key(), function.declarations()[place]);
            let is_named = declared.given_name().is_some();
            let position = u32::try_from(place).unwrap_or(u32::MAX);
            edit.declared = Some(Arc::new(Declared { definition, position, is_named, is_enabled: true }));
        }
        self.revise(job, edit, self.0.engine.clock.now())
    }

    /// The function of that name, or the only one of that bare name which the
    /// job's arguments fit.
    fn function_of(&self, job: &Job) -> Option<Arc<Function>> {
        let registry = self.registry();
        let function =
            registry.get(job.function()).or_else(|| registry.resolve(job.function().name()).ok()).cloned()?;
        let (args, kwargs) = (job.definition.args.clone(), job.definition.kwargs.clone());
        function.check(&Arguments { args, kwargs }).is_ok().then_some(function)
    }

    /// The declarations that stored jobs have already.
    fn taken_declarations(&self, jobs: &[Job]) -> Result<Vec<Place>, SchedulerError> {
        let mut taken = Vec::new();
        // Without imported jobs nobody asks.
        if !jobs.iter().any(is_unplaced) {
            return Ok(taken);
        }
        for job in jobs.iter().filter(|job| job.declared.is_some()) {
            let Some(function) = self.registry().get(job.function()).cloned() else { continue };
            let place = self.declaration_of(job, &function, false, &taken)?;
            taken.extend(place.map(|place| (function.key().clone(), place)));
        }
        Ok(taken)
    }

    /// The place of a declaration that is the job's, and no other one's: of
    /// its name, if it is given one, and with its schedule. If the job is the
    /// only one of a function that declares one, the code has changed it.
    fn declaration_of(
        &self,
        job: &Job,
        function: &Function,
        is_only: bool,
        taken: &[Place],
    ) -> Result<Option<usize>, SchedulerError> {
        let declarations = function.declarations();
        for (place, declaration) in declarations.iter().enumerate() {
            let is_free = !taken.iter().any(|(key, at)| key == function.key() && *at == place);
            let declared = NewJob::declared(function.key(), declaration);
            let is_called_so = declared.given_name().is_none_or(|name| name == job.name());
            let is_changed = is_only && declarations.len() == 1;
            if is_free && is_called_so && (is_changed || self.is_scheduled_so(job, declared)?) {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Whether a job is due when the code says. One that runs one time has an
    /// instant there, and here a date or a delay.
    fn is_scheduled_so(&self, job: &Job, declared: NewJob) -> Result<bool, SchedulerError> {
        let declared = declared.whole_schedule()?;
        let due = match (&job.definition.schedule.spec, &declared.spec) {
            (ScheduleSpec::Once { .. }, ScheduleSpec::Once { .. }) => return Ok(true),
            (ScheduleSpec::Once { .. }, ScheduleSpec::At { .. }) => job.next_run_at,
            _ => return Ok(declared == job.definition.schedule),
        };
        let Some(due) = due else { return Ok(false) };
        let before = due - TimeDelta::microseconds(1);
        Ok(self.compile(&declared, before)?.next_after(before) == Some(due))
    }
}

/// Whether nobody has found a declaration for an imported job yet.
fn is_unplaced(job: &Job) -> bool {
    job.source == Source::Imported && job.declared.is_none()
}
