//! Batches: whole or not at all, in order, twice, and many at once.

use super::probe::{Probe, pause, remove, revise};
use super::sample::{self, Fire, add, at, skip};
use crate::job::{Declared, Job, JobRevision, RunStatus, SkipReason, Tombstone, Trigger};
use crate::storage::{Change, Storage};

pub async fn a_batch_is_applied_whole_or_not_at_all<S: Storage>(make: impl AsyncFn() -> S) {
    let (job, other, new) = (sample::job(1), sample::job(2), sample::job(3));
    let (under_way, lettered) = (Fire::of(&job, 10), Fire::of(&other, 10));
    let declared =
        Declared { definition: sample::definition().into(), position: 0, is_named: false, is_enabled: true };
    let tombstone = |job: &Job| Change::RemoveJob {
        job: job.id(),
        tombstone: Some(Box::new(Tombstone { job: job.id(), declared: declared.clone() })),
    };
    let buried = sample::job(4);
    let store = Probe::with(make, &[add(&job), add(&other), add(&buried), tombstone(&buried)]).await;
    store.apply(&[under_way.claim(), lettered.claim(), lettered.buried()]).await;
    let right = [
        add(&new),
        revise(pause(&store.job(&job).await)),
        under_way.retried(),
        Fire::of(&other, 20).claim(),
        Fire::of(&other, 33).triggered(Trigger::Manual).open(),
        skip(&other, SkipReason::Overlap, 30, 50),
        Change::TakeDeadLetter(lettered.run_id()),
        Change::RemoveTombstone(buried.id()),
        Change::RequireJob(other.id()),
        tombstone(&other),
    ];
    let wrong = [
        ("a revision of a job that is not there", revise(pause(&sample::job(9)))),
        ("a revision that was overtaken", revise(pause(&job))),
        ("a job that is required and not there", Change::RequireJob(sample::job(9).id())),
        ("a job that is required and was removed before", Change::RequireJob(other.id())),
        ("a dead letter that is not there", Change::TakeDeadLetter(Fire::of(&job, 90).run_id())),
        ("a dead letter that was taken before", Change::TakeDeadLetter(lettered.run_id())),
        ("a revision of a job that was removed before", revise(pause(&store.job(&other).await))),
    ];
    for (why, conflict) in wrong {
        let last: Vec<Change> = right.iter().cloned().chain([conflict.clone()]).collect();
        store.refuses(&last, &format!("{why}, last")).await;
        if why.ends_with("there") || why.ends_with("overtaken") {
            let first: Vec<Change> = [conflict].into_iter().chain(right.iter().cloned()).collect();
            store.refuses(&first, &format!("{why}, first")).await;
        }
    }
    store.apply(&right).await;
    let after = store.snapshot().await;
    assert_eq!(after.stored.jobs.iter().map(Job::id).collect::<Vec<_>>(), [job.id(), new.id()]);
    let outliving = [Fire::of(&other, 20), Fire::of(&other, 33).triggered(Trigger::Manual)];
    assert_eq!(
        store.open_attempts().await,
        [
            (under_way.attempt(2).run_id(), false),
            (outliving[0].run_id(), true),
            (outliving[1].run_id(), false)
        ]
    );
    assert_eq!(
        after.stored.tombstones.iter().map(|tombstone| tombstone.job).collect::<Vec<_>>(),
        [other.id()]
    );
    assert_eq!((after.history.len(), after.letters.len()), (3, 0));
}

pub async fn changes_are_applied_in_order<S: Storage>(make: impl AsyncFn() -> S) {
    let job = sample::job(1);
    let store = Probe::of(make).await;
    let mut second = sample::job(1);
    second.revise(&pause(&job));
    store.refuses(&[revise(pause(&job)), add(&job)], "a revision before its job").await;
    store.refuses(&[add(&job), remove(&job), revise(pause(&job))], "a revision after its job").await;
    store.refuses(&[add(&job), revise(pause(&job)), revise(pause(&job))], "a revision twice").await;
    store.apply(&[add(&job), revise(pause(&job)), revise(pause(&second))]).await;
    assert_eq!(store.job(&job).await.revision(), 3);

    let fire = Fire::of(&job, 10);
    let take = Change::TakeDeadLetter(fire.run_id());
    store.refuses(&[take.clone(), fire.claim(), fire.buried()], "a letter before its run").await;
    store.refuses(&[fire.buried(), take.clone(), take.clone()], "a letter twice").await;
    store.apply(&[fire.buried(), fire.claim(), take]).await;
    assert_eq!(store.open_attempts().await, [], "a claim after its end is left out");
    assert_eq!(store.letters(9).await, []);

    let (third, last) = (Fire::of(&job, 20), Fire::of(&job, 30));
    store.apply(&[third.claim(), skip(&job, SkipReason::Overlap, 30, 50)]).await;
    store.leaves_out(&[last.claim(), last.completed()], "a fire after it was skipped").await;
    let moved = store.job(&job).await;
    let next_run_at = Some(at(70));
    let revision = JobRevision { expected_next_run_at: next_run_at, next_run_at, ..pause(&moved) };
    store.apply(&[skip(&job, SkipReason::Paused, 60, 60), revise(revision)]).await;
    assert_eq!(store.job(&job).await.revision(), 4, "a revision sees what comes before it");
}

pub async fn a_batch_that_is_applied_twice_changes_nothing<S: Storage>(make: impl AsyncFn() -> S) {
    let (job, once) = (sample::job(1), sample::job(2));
    let fires = [10, 20, 30, 40].map(|seconds| Fire::of(&job, seconds));
    let manual = Fire::of(&job, 15).triggered(Trigger::Manual);
    let store = Probe::of(make).await;
    let batches = [
        ("jobs that are added", vec![add(&job), add(&once)]),
        ("a claim", vec![fires[0].claim()]),
        ("an end", vec![fires[0].completed()]),
        ("claim and end", vec![fires[1].claim(), fires[1].buried()]),
        ("a retry", vec![fires[2].claim(), fires[2].retried()]),
        ("a second attempt", vec![fires[2].clone().attempt(2).claim()]),
        ("its end", vec![fires[2].clone().attempt(2).completed()]),
        ("a request", vec![manual.open()]),
        ("a request, its claim and its end", vec![manual.open(), manual.claim(), manual.completed()]),
        ("a skip", vec![skip(&job, SkipReason::Overlap, 40, 60)]),
        ("an end that comes late", vec![fires[3].completed()]),
        (
            "a one-time job that ends",
            vec![Fire::of(&once, 10).last().claim(), Fire::of(&once, 10).last().completed(), remove(&once)],
        ),
        ("a job that comes and goes", vec![add(&sample::job(3)), remove(&sample::job(3))]),
        ("nothing", vec![]),
    ];
    for (what, batch) in batches {
        store.apply(&batch).await;
        store.leaves_out(&batch, what).await;
    }
    assert_eq!(store.statistics().await.total_runs, 6);
}

pub async fn batches_of_many_tasks_lose_nothing<S: Storage>(make: impl AsyncFn() -> S) {
    const TASKS: u32 = 8;
    const FIRES: u32 = 12;
    let shared = sample::job(0);
    let store = Probe::with(make, &[add(&shared)]).await;
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (store, shared) = (store.clone(), shared.clone());
            let own = sample::job(u64::from(task) + 1);
            tokio::spawn(async move {
                store.apply(&[add(&own)]).await;
                for number in 1..=i64::from(FIRES) {
                    let seconds = number * sample::INTERVAL;
                    let (fire, ours) = (Fire::of(&own, seconds), Fire::of(&shared, seconds));
                    let manual =
                        Fire::of(&shared, i64::from(task) * 1_000 + number).triggered(Trigger::Manual);
                    store.apply(&[fire.claim(), manual.open()]).await;
                    // Only one task can be first at this one.
                    store.apply(&[manual.claim(), ours.claim()]).await;
                    store.apply(&[fire.completed(), manual.buried(), ours.completed()]).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("the task ends");
    }
    let after = store.snapshot().await;
    let (own, manual, ours) = (TASKS * FIRES, TASKS * FIRES, FIRES);
    assert_eq!(after.history.len(), (own + manual + ours) as usize, "runs");
    assert_eq!(after.statistics.total_runs, u64::from(own + manual + ours), "total");
    assert_eq!(after.letters.len(), manual as usize, "dead letters");
    assert_eq!(after.stored.open, []);
    let next = at((i64::from(FIRES) + 1) * sample::INTERVAL);
    for job in &after.stored.jobs {
        let expected = if job.id() == shared.id() { manual + ours } else { FIRES };
        assert_eq!(job.run_count(), u64::from(expected), "{}", job.id());
        assert_eq!(job.unaccounted_from(), Some(next), "{}", job.id());
    }
    let completed = after.history.iter().filter(|run| run.status == RunStatus::Completed).count();
    assert_eq!(completed, (own + ours) as usize);
}
