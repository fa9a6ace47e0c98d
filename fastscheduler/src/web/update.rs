//! Updating jobs: what is named changes, and the rest stays.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError, BodyError, OneError};
use super::extract::{JobInPath, JsonBody};
use super::jobs::existing;
use super::settings::{Seconds, Whole, catch_up, fold, gap, length, overlap, retries};
use super::shapes::{ConfigShape, Done, InFold, InGap, ScheduleType, WhenMissed, WhenOverlapping};
use super::state::WebState;
use crate::job::Job;
use crate::schedule::{ScheduleBuilder, ScheduleDefinition};
use crate::scheduler::{JobUpdate, SchedulerError};

/// How often a schedule is merged again when somebody else was faster.
const TRIES: usize = 100;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(update))
}

/// What is to change of a job. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "what is left out is not what is null")]
struct UpdateJob {
    /// Another kind of schedule; `schedule_config` must be whole then. `now` runs
    /// the job once more at once, and is then its whole schedule.
    #[schema(value_type = Option<ScheduleType>)]
    schedule_type: Option<String>,
    /// Fields of the schedule that change; the others stay. A delay counts from now.
    #[schema(value_type = Option<Object>, example = json!({"interval": 60, "unit": "seconds"}))]
    schedule_config: Option<Map<String, Value>>,
    /// Attempts after the first that failed.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_u64)]
    max_retries: Option<Whole>,
    /// The longest an attempt may take, in seconds; null for as long as it likes.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<f64>, minimum = 0.001, maximum = 3_155_760_000_u64)]
    timeout: Option<Option<Seconds>>,
    /// The IANA name of the zone of its local times; null is the scheduler's.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<String>, min_length = 1, pattern = r"^[A-Za-z][A-Za-z0-9_+/-]*$")]
    timezone: Option<Option<String>>,
    /// Whether it fires.
    enabled: Option<bool>,
    /// The name people know it by, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    job_name: Option<String>,
    /// The group it belongs to, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    group: Option<String>,
    /// All its positional arguments.
    args: Option<Vec<Value>>,
    /// All its keyword arguments.
    #[schema(value_type = Option<Object>)]
    kwargs: Option<Map<String, Value>>,
    /// What happens to a fire while it is still at an earlier one.
    #[schema(value_type = Option<WhenOverlapping>)]
    overlap: Option<String>,
    /// What happens to fires that were missed.
    #[schema(value_type = Option<WhenMissed>)]
    catch_up: Option<String>,
    /// Delays each fire by up to so many seconds; null not at all.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<f64>, minimum = 0.001, maximum = 3_155_760_000_u64)]
    jitter: Option<Option<Seconds>>,
    /// What a time does that clocks going forward leave out: `next`, `skip` or `shift`.
    #[schema(value_type = Option<InGap>)]
    gap: Option<String>,
    /// What a time does that clocks going back repeat: `first`, `second` or `both`.
    #[schema(value_type = Option<InFold>)]
    fold: Option<String>,
    /// Refuses the update if the job is not at this revision any more.
    #[schema(value_type = Option<i64>, minimum = 0)]
    if_revision: Option<Whole>,
}

/// A field that is there, be it null.
#[expect(clippy::option_option, reason = "what is left out is not what is null")]
fn named<'de, D: Deserializer<'de>, T: Deserialize<'de>>(field: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(field).map(Some)
}

/// Changes a job: all that the request names, or nothing.
#[utoipa::path(
    put, operation_id = "update_job", path = "/api/jobs/{job_id}", tag = "jobs", request_body = UpdateJob,
    params(("job_id" = String, Path, description = "`job_N`")),
    responses((status = 200, body = Done), AnyError, OneError, BodyError),
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
        let mut update = JobUpdate::new();
        if let Some(schedule) = self.schedule(job)? {
            update = update.schedule(ScheduleBuilder::from(schedule)).if_revision(job.revision());
        }
        if let Some(Whole(revision)) = self.if_revision {
            // One below zero never was, and neither was this.
            update = update.if_revision(u64::try_from(revision).unwrap_or(u64::MAX));
        }
        if let Some(max_retries) = self.max_retries {
            update = update.retries(retries(max_retries)?);
        }
        if let Some(timeout) = self.timeout {
            update = update.timeout(timeout.map(|timeout| length("timeout", timeout)).transpose()?);
        }
        if let Some(jitter) = self.jitter {
            update = update.jitter(jitter.map(|jitter| length("jitter", jitter)).transpose()?);
        }
        match &self.timezone {
            Some(Some(zone)) => update = update.tz(zone),
            Some(None) => update = update.default_zone(),
            None => {}
        }
        if let Some(enabled) = self.enabled {
            update = update.enabled(enabled);
        }
        if let Some(name) = &self.job_name {
            update = update.name(name);
        }
        if let Some(group) = &self.group {
            update = update.group(group);
        }
        if let Some(args) = &self.args {
            update = update.args(args);
        }
        if let Some(kwargs) = &self.kwargs {
            update = update.kwargs(kwargs);
        }
        if let Some(overlap) = self.overlap.as_deref().map(overlap).transpose()? {
            update = update.overlap(overlap);
        }
        if let Some(catch_up) = self.catch_up.as_deref().map(catch_up).transpose()? {
            update = update.catch_up(catch_up);
        }
        if let Some(gap) = self.gap.as_deref().map(gap).transpose()? {
            update = update.gap(gap);
        }
        if let Some(fold) = self.fold.as_deref().map(fold).transpose()? {
            update = update.fold(fold);
        }
        Ok(update)
    }

    /// The schedule that it is to have, if the request names any of it.
    fn schedule(&self, job: &Job) -> Result<Option<ScheduleDefinition>, ApiError> {
        let spec = &job.definition().schedule.spec;
        let before = ScheduleType::of(spec);
        let after = self.schedule_type.as_deref().map_or(Ok(before), str::parse)?;
        let is_named = self.schedule_type.is_some();
        if after != before || (is_named && after == ScheduleType::Now) {
            return after.read(Some(self.schedule_config.clone().unwrap_or_default())).map(Some);
        }
        let mut config = self.schedule_config.clone().unwrap_or_default();
        // As elsewhere in an update, null names nothing.
        config.retain(|field, value| !value.is_null() || !after.may_leave_out(field));
        if config.is_empty() { Ok(None) } else { after.read(Some(merged(spec.into(), config))).map(Some) }
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
