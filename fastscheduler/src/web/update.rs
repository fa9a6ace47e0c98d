//! Updating jobs: what is named changes, and the rest stays.

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError, BodyError, OneError};
use super::extract::{JobInPath, JsonBody};
use super::jobs::existing;
use super::settings::Whole;
use super::shapes::settings::request;
use super::shapes::{ConfigShape, Done, ScheduleType, schedule_shown};
use super::state::WebState;
use crate::job::Job;
use crate::schedule::ScheduleDefinition;
use crate::scheduler::{JobUpdate, SchedulerError};

/// How often a schedule is merged again when somebody else was faster.
const TRIES: usize = 100;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(update))
}

request! {
    /// What is to change of a job. What is left out stays as it is.
    struct UpdateJob: JobSettings {
        /// Another kind of schedule; `schedule_config` must be whole then. `now` runs
        /// the job once more at once, and is then its whole schedule.
        #[schema(value_type = Option<ScheduleType>)]
        schedule_type: Option<String>,
        /// Fields of the schedule that change; the others stay. A delay counts from now.
        #[schema(value_type = Option<Object>, example = json!({"interval": 60, "unit": "seconds"}))]
        schedule_config: Option<Map<String, Value>>,
        /// Refuses the update if the job is not at this revision any more.
        #[schema(value_type = Option<i64>, minimum = 0)]
        if_revision: Option<Whole>,
    }
}

/// Changes a job: all that the request names, or nothing.
#[utoipa::path(
    put, operation_id = "update_job", path = "/api/jobs/{job_id}", tag = "jobs", request_body = UpdateJob,
    params(("job_id" = String, Path, description = "`job_N`")),
    responses((status = 200, body = Done, example = json!({"success": true, "message": "Job job_0 updated successfully"})), AnyError, OneError, BodyError),
)]
async fn update(
    State(state): State<WebState>,
    JobInPath(id): JobInPath,
    JsonBody(request): JsonBody<UpdateJob>,
) -> Result<Json<Done>, ApiError> {
    let mut tries = 0;
    loop {
        let job = existing(&state, &id).await?;
        let update = request.update(&job)?;
        match state.scheduler.update_job(job.id(), update).await {
            Ok(()) => return Ok(Json(Done::new(format!("Job {id} updated successfully")))),
            // It was changed between the look and the update, which is merged again.
            Err(SchedulerError::Outdated { .. }) if request.if_revision.is_none() && tries < TRIES => {
                tries += 1;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

impl UpdateJob {
    /// The update as it is for the job as it was just now.
    fn update(&self, job: &Job) -> Result<JobUpdate, ApiError> {
        let mut update = JobUpdate::of(self.settings()?);
        if let Some(schedule) = self.schedule(job)? {
            update = update.schedule(schedule.into_builder()).if_revision(job.revision());
        }
        if let Some(Whole(revision)) = self.if_revision {
            // One below zero never was, and neither was this.
            update = update.if_revision(u64::try_from(revision).unwrap_or(u64::MAX));
        }
        Ok(update)
    }

    /// The schedule that it is to have, if the request names any of it.
    fn schedule(&self, job: &Job) -> Result<Option<ScheduleDefinition>, ApiError> {
        let (before, config_before) = schedule_shown(&job.definition().schedule.spec);
        let after = self.schedule_type.as_deref().map_or(Ok(before), str::parse)?;
        let is_named = self.schedule_type.is_some();
        if after != before || (is_named && after == ScheduleType::Now) {
            return after.read(Some(self.schedule_config.clone().unwrap_or_default())).map(Some);
        }
        let mut config = self.schedule_config.clone().unwrap_or_default();
        // As elsewhere in an update, null names nothing.
        config.retain(|field, value| !value.is_null() || !after.may_leave_out(field));
        if config.is_empty() { Ok(None) } else { after.read(Some(merged(config_before, config))).map(Some) }
    }
}

/// The stored configuration with the fields that a request names.
fn merged(stored: ConfigShape<'_>, named: Map<String, Value>) -> Map<String, Value> {
    let Ok(Value::Object(mut config)) = serde_json::to_value(stored) else { return named };
    // A delay and a date say the same thing in two ways.
    if named.contains_key("at") {
        config.retain(|field, _| field == "at");
    } else if named.contains_key("delay") {
        config.remove("at");
    }
    config.extend(named);
    config
}
