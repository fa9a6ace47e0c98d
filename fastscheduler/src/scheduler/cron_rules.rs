//! Stored cron expressions that have changed their meaning, or are no longer
//! accepted.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::edit::{Edit, Fires};
use super::{Scheduler, SchedulerError};
use crate::engine::{Problem, ProblemCode};
use crate::job::{Declared, Job, JobDefinition, RescheduleCause};
use crate::schedule::{ScheduleDefinition, ScheduleError, ScheduleSpec};

impl Scheduler {
    /// Moves stored jobs to the present rules of cron expressions. For a job whose
    /// expression means something else under them, that is a change of schedule.
    pub(super) async fn apply_cron_rules(&self, jobs: &mut [Job]) -> Result<(), SchedulerError> {
        let now = self.0.engine.clock.now();
        let mut changes = Vec::new();
        for job in jobs {
            let declared = job.declared.as_deref().and_then(|declared| {
                let definition = self.by_cron_rules(&declared.definition)?;
                Some(Arc::new(Declared { definition, ..declared.clone() }))
            });
            let definition = self.by_cron_rules(&job.definition);
            if definition.is_none() && declared.is_none() {
                continue;
            }
            let was = job.next_run_at.filter(|_| definition.is_some());
            let mut edit = Edit::of(job);
            edit.declared = declared.or(edit.declared);
            edit.definition = definition.unwrap_or(edit.definition);
            if was.is_some() {
                edit.fires = Fires::Renew(RescheduleCause::Rules);
            }
            changes.extend(self.revise(job, edit, now)?);
            if let Some(was) = was {
                let (id, name, written) = (job.id, job.name(), job.definition.schedule.written());
                // Without its function it is not due at all.
                let is_here = self.registry().get(job.function()).is_some();
                let due = due(was, job.next_run_at().filter(|_| is_here));
                self.note(format!("{id} `{name}`: the meaning of `{written}` has changed{due}"));
            }
        }
        Ok(self.store_if_any(&changes).await?)
    }

    /// The definition with its cron expression under the present rules; `None` if
    /// it is under them already, or if they refuse it.
    pub(super) fn by_cron_rules(&self, definition: &JobDefinition) -> Option<Arc<JobDefinition>> {
        let schedule = self.present(&definition.schedule)?.ok()?;
        Some(Arc::new(JobDefinition { schedule, ..definition.clone() }))
    }

    /// Begins a problem for a job whose expression is no longer accepted.
    pub(super) fn note_refused_cron(&self, job: &Job) {
        if let Some(Err(refused)) = self.present(&job.definition.schedule) {
            let values = [
                ("name", job.name().into()),
                ("expression", job.definition.schedule.written().into()),
                ("error", refused.to_string().into()),
            ];
            let (code, since) = (ProblemCode::OutdatedSchedule, self.0.engine.clock.now());
            let problem = Problem::new(code, since, Some(job.id), values);
            self.0.engine.begin_problem(problem);
        }
    }

    /// Ends that problem if the job, which was changed, has another expression now.
    pub(super) fn forget_refused_cron(&self, job: &Job) {
        if self.present(&job.definition.schedule).is_none() {
            self.0.engine.end_problem(ProblemCode::OutdatedSchedule, Some(job.id));
        }
    }

    /// The schedule under the present rules, if it follows earlier ones.
    fn present(&self, schedule: &ScheduleDefinition) -> Option<Result<ScheduleDefinition, ScheduleError>> {
        let ScheduleSpec::Cron(text) = &schedule.spec else { return None };
        if !text.is_of_earlier_rules() {
            return None;
        }
        let spec = ScheduleSpec::Cron(text.as_str().into());
        let present = ScheduleDefinition { spec, ..schedule.clone() };
        Some(present.compile(self.0.zone).map(|_| present))
    }
}

/// When a job is due under the present rules, if it is, and was under earlier ones.
fn due(was: DateTime<Utc>, next: Option<DateTime<Utc>>) -> String {
    match next {
        Some(next) if next == was => format!("; it is next due at {next}, as before"),
        Some(next) => format!("; it is next due at {next}, no longer at {was}"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_note_says_when_a_job_is_due_only_where_it_is() {
        let [first, second] = [0, 3_600].map(|seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds));
        let table = [
            (
                Some(second),
                "; it is next due at 1970-01-01 01:00:00 UTC, no longer at 1970-01-01 00:00:00 UTC",
            ),
            (Some(first), "; it is next due at 1970-01-01 00:00:00 UTC, as before"),
            (None, ""),
        ];
        for (next, expected) in table {
            assert_eq!(due(first, next), expected, "{next:?}");
        }
    }
}
