//! Schedules before they are jobs, and what is to come of jobs.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError, BodyError, OneError, QueryError};
use super::examples;
use super::extract::{JobInPath, JsonBody, QueryParameters};
use super::jobs::existing;
use super::settings::number;
use super::shapes::settings::request;
use super::shapes::{LocalTime, ScheduleType, WithSchedule};
use super::state::WebState;
use crate::schedule::text::cron::DayFields;
use crate::schedule::{ClockChange, ClockChangeEffect, Schedule, ScheduleError, ScheduleSpec, Zone};
use crate::scheduler::SchedulerError;

/// Fires that a preview shows.
const PREVIEWED: usize = 10;

/// How far ahead clock changes are looked for.
const AHEAD: TimeDelta = TimeDelta::days(366);

/// The most fires that are answered at once.
const HIGHEST_NUMBER: usize = 1_000;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(preview)).routes(routes!(upcoming))
}

request! {
    /// A schedule, in the fields of a job that is to be created.
    struct PreviewRequest: ScheduleSettings {
        /// What kind of schedule it is.
        #[schema(value_type = ScheduleType)]
        schedule_type: String,
        /// The schedule, in the fields of its type; `now` needs none.
        #[schema(value_type = Option<Object>)]
        schedule_config: Option<Map<String, Value>>,
    }
}

type PreviewBody = WithSchedule<PreviewRequest>;

/// What a schedule means.
#[derive(Serialize, ToSchema)]
struct Preview {
    /// The schedule in one sentence.
    schedule: String,
    /// The zone of its local times.
    timezone: &'static str,
    /// Its next ten fires, or as many as there are.
    upcoming: Vec<Fire>,
    #[serde(flatten)]
    notes: Notes,
}

/// The next fires of a job.
#[derive(Serialize, ToSchema)]
#[schema(as = Upcoming)]
struct UpcomingFires {
    upcoming: Vec<Fire>,
    /// The zone of its local times.
    timezone: &'static str,
    #[serde(flatten)]
    notes: Notes,
}

/// What a change of the clocks does to a schedule.
#[derive(Serialize, ToSchema)]
#[schema(as = ClockChange)]
struct ClockChangeShape {
    kind: ClockChangeKind,
    /// The local date.
    #[schema(value_type = String, format = Date)]
    on: NaiveDate,
    /// What local clocks would show without the change, `HH:MM:SS`.
    #[schema(value_type = String, example = "02:00:00")]
    from: NaiveTime,
    /// What they show instead.
    #[schema(value_type = String, example = "03:00:00")]
    to: NaiveTime,
    /// What becomes of the times in between.
    effect: ClockChangeEffect,
    /// All of it in one sentence.
    text: String,
}

/// Whether times are left out or repeated.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ClockChangeKind {
    /// Clocks go forward: times are left out.
    Gap,
    /// Clocks go back: times are repeated.
    Fold,
}

impl From<&ClockChange> for ClockChangeShape {
    fn from(change: &ClockChange) -> Self {
        let kind = if change.effect.is_of_gap() { ClockChangeKind::Gap } else { ClockChangeKind::Fold };
        let ClockChange { on, from, to, effect, .. } = *change;
        Self { kind, on, from, to, effect, text: change.to_string() }
    }
}

/// What there is to note of a schedule.
#[derive(Default, Serialize, ToSchema)]
struct Notes {
    /// How its day fields combine, if both are restricted, and what clock changes do
    /// to it within a year.
    #[serde(rename = "notes")]
    texts: Vec<String>,
    /// How the two day fields of a cron expression combine: `one` decides, `either` is
    /// enough (`either_unlike_linux` where Linux's cron requires both), or `both` must
    /// match; null for other schedules.
    day_fields: Option<&'static str>,
    /// What clock changes do to it within a year.
    clock_changes: Vec<ClockChangeShape>,
}

impl Notes {
    /// Clock changes are those of the year that begins `now`.
    fn of(schedule: &Schedule, now: DateTime<Utc>) -> Self {
        let day_fields = match &schedule.definition().spec {
            ScheduleSpec::Cron(text) => Some(text.day_fields()),
            _ => None,
        };
        let changes = schedule.clock_changes(now, now + AHEAD);
        let texts = day_fields.and_then(day_note).into_iter();
        Self {
            texts: texts.chain(changes.iter().map(ToString::to_string)).collect(),
            day_fields: day_fields.map(day_word),
            clock_changes: changes.iter().map(ClockChangeShape::from).collect(),
        }
    }
}

/// When something is due.
#[derive(Serialize, ToSchema)]
struct Fire {
    /// In UTC.
    #[schema(value_type = String, format = DateTime)]
    utc: DateTime<Utc>,
    /// `YYYY-MM-DD HH:MM:SS` in the schedule's zone.
    #[schema(value_type = String)]
    local: LocalTime,
    /// How far local time is from UTC then, as `+01:00`.
    offset: String,
}

impl Fire {
    fn new(utc: DateTime<Utc>, zone: Zone) -> Self {
        let offset = zone.local(utc).format("%:z").to_string();
        Self { utc, local: LocalTime { at: utc, zone }, offset }
    }
}

/// What a schedule means, before a job has it.
#[utoipa::path(
    post, operation_id = "preview_schedule", path = "/api/schedules/preview", tag = "schedules", request_body = PreviewBody,
    responses((status = 200, body = Preview, example = examples::preview), AnyError, BodyError),
)]
async fn preview(
    State(state): State<WebState>,
    JsonBody(request): JsonBody<PreviewRequest>,
) -> Result<Json<Preview>, ApiError> {
    let refused = |error: ScheduleError| ApiError::from(SchedulerError::Schedule(error));
    let now = state.scheduler.now();
    let settings = request.schedule_settings()?;
    let definition = request.schedule_type.parse::<ScheduleType>()?.read(request.schedule_config)?;
    let definition = settings.applied_to(definition);
    let since = definition.counted_from(now);
    let schedule = definition.placed(since).compile(state.scheduler.zone()).map_err(refused)?;
    let upcoming = schedule.upcoming(since).take_while(can_be_written);
    let upcoming: Vec<_> = upcoming.take(PREVIEWED).collect();
    if upcoming.is_empty() && !schedule.is_recurring() {
        let written = schedule.definition().written();
        return Err(refused(ScheduleError::Past(written)));
    }
    Ok(Json(Preview {
        schedule: schedule.to_string(),
        timezone: schedule.zone().tz().name(),
        upcoming: upcoming.into_iter().map(|at| Fire::new(at, schedule.zone())).collect(),
        notes: Notes::of(&schedule, now),
    }))
}

fn day_word(day_fields: DayFields) -> &'static str {
    match day_fields {
        DayFields::One => "one",
        DayFields::Either => "either",
        DayFields::EitherUnlikeLinux => "either_unlike_linux",
        DayFields::Both => "both",
    }
}

/// How the two day fields of a cron expression combine, if both are restricted.
fn day_note(day_fields: DayFields) -> Option<String> {
    const EITHER: &str = "Day of month and day of week are both restricted: it runs on days that match either. \
                          Put `+` before the day of week to run only on days that match both.";
    match day_fields {
        DayFields::One => None,
        DayFields::Either => Some(EITHER.to_owned()),
        DayFields::EitherUnlikeLinux => Some(format!(
            "{EITHER} Linux's cron differs: because a day field begins with `*`, it requires both."
        )),
        DayFields::Both => Some(
            "Because of the `+` before the day of week, it runs only on days that match both day fields."
                .to_owned(),
        ),
    }
}

/// How many fires are asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UpcomingParameters {
    /// How many fires, 10 if it is left out.
    #[param(minimum = 1, maximum = 1000, value_type = Option<usize>)]
    n: Option<String>,
}

/// The next fires of a job by its schedule, be it paused or not.
#[utoipa::path(
    get, operation_id = "list_upcoming", path = "/api/jobs/{job_id}/upcoming", tag = "schedules",
    params(("job_id" = String, Path, description = "`job_N`"), UpcomingParameters),
    responses((status = 200, body = UpcomingFires, example = examples::upcoming), AnyError, OneError, QueryError),
)]
async fn upcoming(
    State(state): State<WebState>,
    JobInPath(id): JobInPath,
    QueryParameters(parameters): QueryParameters<UpcomingParameters>,
) -> Result<Json<UpcomingFires>, ApiError> {
    let job = existing(&state, &id).await?;
    let number = number("n", parameters.n.as_deref(), 1..=HIGHEST_NUMBER)?.unwrap_or(PREVIEWED);
    let zone = job.definition().schedule.zone.map_or(state.zone, Zone::from);
    let upcoming = state.scheduler.upcoming(job.id(), number).await?;
    let upcoming = upcoming.into_iter().take_while(can_be_written);
    let notes = match job.definition().schedule.clone().compile(state.scheduler.zone()) {
        Ok(schedule) => Notes::of(&schedule, state.scheduler.now()),
        // A stored schedule that is no longer accepted keeps its old meaning, of which nothing is noted.
        Err(_) => Notes::default(),
    };
    Ok(Json(UpcomingFires {
        upcoming: upcoming.map(|at| Fire::new(at, zone)).collect(),
        timezone: zone.tz().name(),
        notes,
    }))
}

/// Whether RFC 3339 has a way to write it: its years have four digits.
fn can_be_written(at: &DateTime<Utc>) -> bool {
    at.year() < 10_000
}
