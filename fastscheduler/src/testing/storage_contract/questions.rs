//! Questions about many jobs, compared with a look at all of them.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::model::Random;
use super::probe::{Probe, remove, revise};
use super::sample::{self, Fire, add, at};
use crate::job::{Attention, FunctionKey, Job, JobDefinition, JobId, JobRevision, JobStatus, RunStatus};
use crate::storage::{JobCounts, JobOrder, JobQuery, JobsNow, Storage};

const STEPS: u64 = 300;

const NAMES: [&str; 6] = ["mail", "Mail digest", "digest", "ÄRGER", "a%_b", "mail"];

const GROUPS: [&str; 3] = ["default", "night", "Night"];

const TEXTS: [&str; 10] =
    ["mail", "MAIL", "ig", "ärger", "job_1", "%", "samples", "work", "\0", "none of it"];

const STATUSES: [JobStatus; 6] = [
    JobStatus::Scheduled,
    JobStatus::Running,
    JobStatus::Paused,
    JobStatus::Completed,
    JobStatus::Failed,
    JobStatus::Orphaned,
];

const ORDERS: [JobOrder; 10] = [
    JobOrder::NextRun,
    JobOrder::Id,
    JobOrder::Name,
    JobOrder::Group,
    JobOrder::LastRun,
    JobOrder::RunCount,
    JobOrder::FailureCount,
    JobOrder::Attention,
    JobOrder::Status,
    JobOrder::LastStatus,
];

pub async fn jobs_are_found_as_in_a_list_of_all<S: Storage>(make: impl AsyncFn() -> S) {
    let store = Probe::of(make).await;
    let mut random = Random::new(7);
    let mut newest = 0;
    for step in 0..STEPS {
        // At first most are added, and later as many are removed.
        let jobs = store.jobs().await;
        let picked = random.pick(&jobs).cloned();
        let change = match (random.below(6), picked) {
            (0..=2, Some(job)) if random.below(STEPS) < step => remove(&job),
            (3, Some(job)) => Fire::of(&job, sample::INTERVAL).claim(),
            (4, Some(job)) => Fire::of(&job, sample::INTERVAL).buried(),
            (5, Some(job)) => revise(revision(&mut random, &job)),
            _ => {
                newest += 1;
                add(&sample::job_of(newest, definition(&mut random)))
            }
        };
        store.apply(&[change]).await;

        let jobs = store.jobs().await;
        let open: HashSet<JobId> = store.open().await.iter().map(|open| open.entry.job).collect();
        let some = |random: &mut Random| {
            jobs.iter().map(Job::id).filter(|_| random.below(5) == 0).collect::<HashSet<_>>()
        };
        let attention = Attention::ALL.map(|why| some(&mut random).into_iter().map(move |job| (job, why)));
        let now = JobsNow::new(some(&mut random), Arc::new(some(&mut random)))
            .with_attention(attention.into_iter().flatten());
        for _ in 0..5 {
            let query = query(&mut random);
            let page = store.find_jobs(&query, &now).await;
            let expected = all_that_match(&jobs, &open, &query, &now);
            assert_eq!(page.total, expected.len(), "step {step}: {query:?}");
            let (offset, limit) = (query.offset, query.limit.unwrap_or(usize::MAX));
            let expected: Vec<Job> = expected.into_iter().skip(offset).take(limit).cloned().collect();
            assert_eq!(page.jobs, expected, "step {step}: {query:?}");
            let mut counts = JobCounts::default();
            for job in all_that_match(&jobs, &open, &query, &now) {
                let status = now.status(job, open.contains(&job.id()));
                *counts.by_status.entry(status).or_default() += 1;
                let of_group = counts.by_group.entry(job.group().to_owned()).or_default();
                *of_group.entry(status).or_default() += 1;
            }
            assert_eq!(store.job_counts(&query, &now).await, counts, "step {step}: {query:?}");
        }
    }
}

pub async fn jobs_are_looked_up_by_their_ids<S: Storage>(make: impl AsyncFn() -> S) {
    let jobs = [sample::job(1), sample::job(2), sample::job(3)];
    let store = Probe::with(make, &jobs.each_ref().map(add)).await;
    let [first, second, third] = jobs;
    store.apply(&[remove(&second)]).await;
    let ids = [third.id(), JobId::new(9), first.id(), second.id(), third.id()];
    let expected = [Some(third.clone()), None, Some(first), None, Some(third)];
    assert_eq!(store.jobs_by_id(&ids).await, expected);
    assert_eq!(store.jobs_by_id(&[]).await, []);
}

/// The jobs that match a query, in its order, found in the simplest way.
fn all_that_match<'a>(
    jobs: &'a [Job],
    open: &HashSet<JobId>,
    query: &JobQuery,
    now: &JobsNow,
) -> Vec<&'a Job> {
    let text = query.text.as_ref().map(|text| text.to_lowercase());
    let has_text = |job: &Job, text: &str| {
        let (id, function) = (job.id().to_string(), job.function());
        let places = [job.name(), job.group(), function.name(), function.module(), &id];
        places.iter().any(|place| place.to_lowercase().contains(text))
    };
    let mut matching: Vec<&Job> = jobs
        .iter()
        .filter(|job| query.groups.is_empty() || query.groups.iter().any(|group| job.group() == group))
        .filter(|job| text.as_ref().is_none_or(|text| has_text(job, text)))
        .filter(|job| {
            let status = now.status(job, open.contains(&job.id()));
            query.statuses.is_empty() || query.statuses.contains(&status)
        })
        .collect();
    matching.retain(|job| {
        query.attention.is_empty() || now.attention(job.id()).any(|why| query.attention.contains(&why))
    });
    let last = |at: Option<DateTime<Utc>>| (at.is_none(), at);
    let why = |job: &Job| now.attention(job.id()).next();
    match query.order {
        JobOrder::NextRun => matching.sort_by_key(|job| (last(now.next_run_at(job)), job.id())),
        JobOrder::Id => matching.sort_by_key(|job| job.id()),
        JobOrder::Name => matching.sort_by_key(|job| (job.name(), job.id())),
        JobOrder::Group => matching.sort_by_key(|job| (job.group(), job.id())),
        JobOrder::LastRun => matching.sort_by_key(|job| (last(job.last_run_at()), job.id())),
        JobOrder::RunCount => matching.sort_by_key(|job| (job.run_count(), job.id())),
        JobOrder::FailureCount => matching.sort_by_key(|job| (job.failure_count(), job.id())),
        JobOrder::Attention => {
            matching.sort_by_key(|job| (why(job).is_none(), why(job), job.name(), job.id()));
        }
        JobOrder::Status => {
            matching.sort_by_key(|job| (now.status(job, open.contains(&job.id())), job.id()));
        }
        JobOrder::LastStatus => {
            let outcome = |job: &Job| job.recent().last().map(|outcome| outcome == RunStatus::Failed);
            matching.sort_by_key(|job| (outcome(job).is_none(), outcome(job), job.id()));
        }
    }
    if query.is_descending {
        matching.reverse();
    }
    matching
}

fn query(random: &mut Random) -> JobQuery {
    let mut maybe = |few: u64| random.below(few) == 0;
    let (has_text, wants_attention) = (maybe(4), maybe(4));
    let (is_descending, has_limit) = (maybe(2), !maybe(4));
    let groups = [0, 0, 0, 1, 2][random.place(5)];
    let statuses = [0, 0, 0, 1, 1, 3][random.place(6)];
    JobQuery {
        groups: (0..groups).map(|_| random.one_of(&GROUPS).to_owned()).collect(),
        text: has_text.then(|| random.one_of(&TEXTS).to_owned()),
        statuses: (0..statuses).map(|_| random.one_of(&STATUSES)).collect(),
        attention: if wants_attention {
            (0..=random.below(2)).map(|_| random.one_of(&Attention::ALL)).collect()
        } else {
            Vec::new()
        },
        order: random.one_of(&ORDERS),
        is_descending,
        offset: [0, 0, 1, 7, 60][random.place(5)],
        limit: has_limit.then(|| [0, 1, 5, 20][random.place(4)]),
    }
}

fn definition(random: &mut Random) -> JobDefinition {
    let name = random.one_of(&NAMES).into();
    let function = FunctionKey::new("samples", if random.below(2) == 0 { "work" } else { "Digest" });
    JobDefinition { name, group: random.one_of(&GROUPS).into(), function, ..sample::definition() }
}

/// Another definition, paused or not, and perhaps no fire to come.
fn revision(random: &mut Random, job: &Job) -> JobRevision {
    JobRevision {
        definition: Arc::new(definition(random)),
        is_paused: random.below(2) == 0,
        next_run_at: (random.below(4) > 0).then(|| at([10, 20, 50, 90][random.place(4)])),
        ..JobRevision::of(job)
    }
}
