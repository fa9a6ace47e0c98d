//! Jobs that were taken over from the Python program.
//!
//! Its modules are not those of this program, and its state file does not say
//! which jobs the code declares. So a function is also known by its bare name,
//! if only one has it, and a job by an identical schedule.

use std::sync::Arc;

use super::edit::Edit;
use super::new_job::NewJob;
use super::{Scheduler, SchedulerError};
use crate::job::{Declared, FunctionKey, Job, JobDefinition, Source};
use crate::registry::{Arguments, Function};
use crate::storage::Durability;

impl Scheduler {
    /// Finds the functions and the declarations of imported jobs that have not
    /// been found yet.
    pub(super) async fn place_imported(&self, jobs: &mut [Job]) -> Result<(), SchedulerError> {
        let now = self.0.engine.clock.now();
        let mut adopted = Vec::new();
        for job in jobs.iter_mut().filter(|job| job.source == Source::Imported && job.declared.is_none()) {
            let Some(function) = self.function_of(job) else { continue };
            let mut edit = Edit::of(job);
            if function.key() != job.function() {
                let function = function.key().clone();
                edit.definition =
                    Arc::new(JobDefinition { function, ..JobDefinition::clone(&job.definition) });
            }
            if let Some(place) = Self::declaration_of(job, &function, &adopted)? {
                let definition = Arc::clone(&edit.definition);
                let is_named = function.declarations()[place].name.is_some();
                edit.declared =
                    Some(Arc::new(Declared { definition, position: 0, is_named, is_enabled: true }));
                adopted.push((function.key().clone(), place));
            } else if function.key() == job.function() {
                continue;
            }
            let changes = self.revise(job, edit, now)?;
            self.0.engine.apply(&changes, Durability::Now).await?;
        }
        Ok(())
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

    /// The place of a declaration with the job's schedule, and its name if it
    /// is given one, that is no other job's.
    fn declaration_of(
        job: &Job,
        function: &Function,
        adopted: &[(FunctionKey, usize)],
    ) -> Result<Option<usize>, SchedulerError> {
        for (place, declaration) in function.declarations().iter().enumerate() {
            let is_free = !adopted.iter().any(|(key, taken)| key == function.key() && *taken == place);
            let is_called_so = declaration.name.is_none_or(|name| name == job.name());
            let schedule = NewJob::declared(function.key(), declaration)?.schedule?;
            if is_free && is_called_so && schedule == job.definition.schedule {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }
}
