//! Taking over the state file of the Python program of the same name.
//!
//! Its jobs come over as [imported](Source::Imported) ones, with their counters
//! and the attempts in its history. What it does not store, and what it counts
//! otherwise, is said where it matters.

mod history;
mod large_integers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use self::history::{StoredLetters, Totals};
use super::document::Damage;
use super::snapshot::Snapshot;
use crate::job::{
    ARGUMENTS_DEPTH_LIMIT, CatchUp, DEFAULT_GROUP, FunctionKey, Job, JobDefinition, JobId, Name, Policy,
    Source, are_too_deep, nesting,
};
use crate::schedule::{
    CronText, ScheduleDefinition, ScheduleError, ScheduleSpec, cron, daily, every, hourly, once, weekly,
};
use crate::storage::state::State;

/// The version that it writes.
pub(super) const VERSION: &str = "1.0";

/// The largest number of a job, and the largest count: one that Python's readers of JSON keep exactly.
const LARGEST: u64 = 1 << 53;

/// The end of the year 9999.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// How instants are shown.
const SHOWN: &str = "%Y-%m-%d %H:%M:%S UTC";

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The version of a state file, whoever wrote it, and the line that says so.
pub(super) fn version(text: &[u8]) -> Result<(String, usize), Damage> {
    #[derive(Deserialize)]
    struct Versioned {
        version: Option<Value>,
    }
    let is_no_state_file =
        || Damage { line: 1, reason: "it has no `version`, so it is no state file".to_owned() };
    let IgnoredAny = read(text)?;
    let Versioned { version } = read(text).map_err(|damage: Damage| {
        if damage.reason.contains("duplicate field") {
            let reason = "it has `version` twice, and which is right is not known".to_owned();
            return Damage { reason, ..damage };
        }
        is_no_state_file()
    })?;
    let place =
        text.windows(b"\"version\"".len()).position(|part| part == b"\"version\"").unwrap_or_default();
    let line = text[..place].split(|byte| *byte == b'\n').count();
    match version {
        Some(Value::String(version)) => Ok((version, line)),
        Some(version) => Ok((version.to_string(), line)),
        None => Err(is_no_state_file()),
    }
}

/// What it stores, as far as it is taken over.
#[derive(Deserialize)]
struct Stored<'a> {
    metadata: Metadata,
    // As text, so that an unreadable one does not affect the others.
    #[serde(default, borrow)]
    jobs: Vec<&'a RawValue>,
    #[serde(default, borrow)]
    history: Vec<&'a RawValue>,
    statistics: Option<Totals>,
    /// The number of the last job.
    #[serde(default, rename = "_job_counter")]
    job_counter: u64,
}

#[derive(Deserialize)]
struct Metadata {
    last_save: Option<f64>,
}

#[derive(Deserialize)]
struct StoredJob {
    job_id: JobId,
    job_name: Option<String>,
    func_name: String,
    #[serde(default)]
    func_module: String,
    next_run: f64,
    interval: Option<f64>,
    #[serde(default = "yes")]
    repeat: bool,
    #[serde(default)]
    status: Value,
    created_at: f64,
    last_run: Option<f64>,
    #[serde(default)]
    run_count: u64,
    max_retries: Option<u32>,
    #[serde(default)]
    retry_count: u32,
    #[serde(default = "yes")]
    catch_up: bool,
    schedule_type: String,
    schedule_time: Option<String>,
    schedule_days: Option<Vec<u8>>,
    timeout: Option<f64>,
    #[serde(default)]
    paused: bool,
    timezone: Option<String>,
    cron_expression: Option<String>,
    group: Option<String>,
    #[serde(default)]
    args: Vec<Value>,
    #[serde(default)]
    kwargs: Map<String, Value>,
}

fn yes() -> bool {
    true
}

/// What becomes of it here, and what cannot be taken over, a sentence each.
pub(super) fn take_over(text: &[u8], letters: Option<&[u8]>) -> Result<(Snapshot, Vec<String>), Damage> {
    let stored: Stored<'_> = read(text)?;
    let letters = letters.map(read::<StoredLetters<'_>>).transpose();
    let mut notes = Vec::new();
    let mut jobs = BTreeMap::new();
    let has_large_integers = large_integers::in_arguments(text);
    for (place, text) in stored.jobs.into_iter().enumerate() {
        let id = id_of(text);
        let read = read_item(text).map_err(|error| {
            if nesting::depth(text.get().as_bytes()) > nesting::READABLE {
                too_deep()
            } else {
                error.to_string()
            }
        });
        match read.and_then(|job| self::job(job, stored.metadata.last_save, &mut notes)) {
            Ok(job) if jobs.contains_key(&job.id()) => {
                notes.push(format!("job {id} is taken over once: the file has it twice"));
            }
            Ok(mut job) => {
                let id = job.id();
                job.run_count =
                    history::counted(job.run_count, || format!("`run_count` of {id}"), &mut notes);
                if has_large_integers.contains(&place) {
                    notes.push(format!(
                        "{id}: integers of its arguments that are beyond 64 bits are taken over as floats"
                    ));
                }
                jobs.insert(id, job);
            }
            Err(reason) => notes.push(format!("job {id} is not taken over: {reason}")),
        }
    }
    let mut runs = history::runs(stored.history, &jobs, &mut notes);
    runs.sort_by_key(|run| run.finished_at);
    for run in &runs {
        if let Some(job) = jobs.get_mut(&run.job_id()) {
            let (counted, last_run_at) = (job.run_count, job.last_run_at);
            job.count_attempt(run, 0);
            job.run_count = counted;
            job.last_run_at = last_run_at.or(job.last_run_at);
        }
    }
    let totals = history::totals(&stored.statistics.unwrap_or_default(), &runs, &mut notes);
    let mut state = State::new(stored.job_counter.min(LARGEST) + 1, totals);
    state.put_dead_letters(match letters {
        Ok(letters) => history::dead_letters(letters, &jobs, &mut notes),
        Err(damage) => {
            notes.push(format!(
                "the dead letters are not taken over: line {}: {}",
                damage.line, damage.reason
            ));
            Vec::new()
        }
    });
    for job in jobs.into_values() {
        state.put_job(job, Vec::new());
    }
    for run in runs {
        state.put_run(run);
    }
    Ok((Snapshot { state, ..Snapshot::empty() }, notes))
}

fn read<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, Damage> {
    serde_json::from_slice(text).map_err(|error| {
        let what =
            if error.is_data() { "it is not what the Python program writes" } else { "it is not JSON" };
        Damage { line: error.line().max(1), reason: format!("{what}: {error}") }
    })
}

/// Parses an item of one of the file's lists.
fn read_item<T: DeserializeOwned>(text: &RawValue) -> serde_json::Result<T> {
    match serde_json::from_str::<Value>(text.get()) {
        Ok(value) => serde_json::from_value(value),
        // Perhaps only a part that is ignored here is nested too deep.
        Err(_) => serde_json::from_str(text.get()),
    }
}

/// The id of a job, as written in the file.
fn id_of(job: &RawValue) -> String {
    #[derive(Deserialize)]
    struct Identified<'a> {
        #[serde(borrow)]
        job_id: &'a RawValue,
    }
    serde_json::from_str(job.get())
        .map_or_else(|_| "null".to_owned(), |job: Identified<'_>| job.job_id.to_string())
}

fn too_deep() -> String {
    format!("its arguments are nested more than {ARGUMENTS_DEPTH_LIMIT} deep")
}

fn job(stored: StoredJob, last_save: Option<f64>, notes: &mut Vec<String>) -> Result<Job, String> {
    if stored.job_id.number() > LARGEST {
        return Err("its number is too large".to_owned());
    }
    if !stored.repeat && stored.status == "completed" && stored.last_run >= Some(stored.next_run) {
        return Err("it was to run once, and has".to_owned());
    }
    if are_too_deep(&stored.args, &stored.kwargs) {
        return Err(too_deep());
    }
    let next_run = instant(stored.next_run)?;
    let created_at = instant(stored.created_at)?;
    let (schedule, scheduled_since) =
        schedule(&stored, created_at, next_run, instant(last_save.unwrap_or(stored.next_run))?)?;
    let function = FunctionKey::new(&stored.func_module, &stored.func_name);
    // None at all is written as nothing, or as 0.
    let timeout =
        stored.timeout.filter(|seconds| *seconds != 0.0).map(Duration::try_from_secs_f64).transpose();
    let policy = Policy {
        max_retries: stored.max_retries.unwrap_or(Policy::DEFAULT_MAX_RETRIES),
        timeout: timeout.map_err(|error| format!("its timeout is no length of time: {error}"))?,
        catch_up: if stored.catch_up { CatchUp::Once } else { CatchUp::None },
        ..Policy::default()
    };
    // Only the scheduler knows the zone of times that name none.
    let placed = schedule.clone().placed(scheduled_since).compile(Tz::UTC);
    let mut next_run_at = placed.map_err(|error| error.to_string())?.next_after(scheduled_since);
    if schedule.zone.is_none() && schedule.spec.is_of_calendar() {
        next_run_at = next_run_at.and(Some(next_run));
    }
    if stored.retry_count > 0 {
        notes.push(format!("{}: its retry is not taken over; its next due time is", stored.job_id));
    } else if let Some(next) = next_run_at
        && (next - next_run).abs() > TimeDelta::seconds(1)
    {
        let (next, was) = (next.format(SHOWN), next_run.format(SHOWN));
        notes.push(format!("{}: it is due at {next} by its schedule; the file says {was}", stored.job_id));
    }
    let definition = JobDefinition {
        name: stored.job_name.map_or_else(|| Name::from(function.name()), Name::from),
        group: Name::from(stored.group.as_deref().unwrap_or(DEFAULT_GROUP)),
        function,
        args: stored.args,
        kwargs: stored.kwargs,
        schedule,
        policy,
    };
    let mut job = Job::new(stored.job_id, Arc::new(definition), Source::Imported, created_at);
    job.scheduled_since = scheduled_since;
    job.next_run_at = next_run_at;
    job.is_paused = stored.paused;
    job.run_count = stored.run_count;
    job.last_run_at = stored.last_run.map(instant).transpose()?;
    Ok(job)
}

/// The schedule, and from when the job has it, so that its next fire is the
/// one that is due next.
fn schedule(
    stored: &StoredJob,
    created_at: DateTime<Utc>,
    next_run: DateTime<Utc>,
    last_save: DateTime<Utc>,
) -> Result<(ScheduleDefinition, DateTime<Utc>), String> {
    const TICK: TimeDelta = TimeDelta::microseconds(1);
    let time = stored.schedule_time.as_deref().unwrap_or_default();
    // What was due when it was saved has not run.
    let since = last_save.min(next_run - TICK);
    let definition = match stored.schedule_type.as_str() {
        _ if !stored.repeat => {
            let delay = (next_run - created_at).to_std().ok().filter(|delay| !delay.is_zero());
            let delay = delay.unwrap_or(Duration::from_millis(1));
            let from = next_run - TimeDelta::from_std(delay).unwrap_or_default();
            return once(delay)
                .definition()
                .map(|once| (once.placed(from), from))
                .map_err(|error| error.to_string());
        }
        "interval" => {
            let interval = stored.interval.ok_or("it has no interval")?;
            let every = every(interval).seconds().definition().map_err(|error| error.to_string())?;
            // It counts on from its next fire.
            let mut from = next_run;
            if let ScheduleSpec::Every { interval, .. } = &every.spec {
                from -= TimeDelta::microseconds(interval.get().cast_signed());
            }
            return Ok((every, from));
        }
        "hourly" => hourly().at(&format!(":{}", time.rsplit(':').next().unwrap_or_default())).definition(),
        "daily" => daily().at(time).definition(),
        "weekly" => {
            let days = stored.schedule_days.iter().flatten();
            let days = days.map(|day| DAYS.get(usize::from(*day)).copied().unwrap_or("no day of the week"));
            weekly().on(days).at(time).definition()
        }
        "cron" => of_cron(stored.cron_expression.as_deref().unwrap_or_default()),
        other => return Err(format!("its schedule is of the unknown type `{other}`")),
    };
    let mut definition = definition.map_err(|error| error.to_string())?;
    if let Some(zone) = &stored.timezone {
        definition.zone =
            Some(zone.parse().map_err(|_| format!("`{zone}` is no time zone that is known here"))?);
    }
    Ok((definition, since))
}

/// A cron schedule. An expression that is no longer accepted keeps the meaning that
/// it had when it was.
fn of_cron(expression: &str) -> Result<ScheduleDefinition, ScheduleError> {
    let definition = cron(expression).definition()?;
    let Err(refused) = definition.compile(Tz::UTC) else { return Ok(definition) };
    let earlier = CronText::of_earlier_rules(expression).ok_or(refused)?;
    Ok(ScheduleSpec::Cron(earlier).into())
}

/// An instant from seconds since 1970, up to the year 9999.
fn instant(seconds: f64) -> Result<DateTime<Utc>, String> {
    #[expect(clippy::cast_possible_truncation, reason = "what is no instant becomes one that is refused")]
    let micros = (seconds * 1e6).round() as i64;
    let instant = DateTime::from_timestamp_micros(micros).filter(|_| (0.0..=LAST_SECOND).contains(&seconds));
    instant.ok_or_else(|| format!("{seconds} is no time in seconds since 1970"))
}
