//! Groups of jobs.

use std::sync::Arc;
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::{Change, Durability, MemoryStorage, Storage as _};
use fastscheduler::testing::{self};
use fastscheduler::{HistoryQuery, JobDefinition, JobId, JobRevision, JobUpdate, Policy, Run, RunStatus};
use fastscheduler_tests::counted::{Batch, Counted};
use fastscheduler_tests::faulty::{Action, Fault, Faulty};
use fastscheduler_tests::fires::second;
use fastscheduler_tests::{on_manual_clock, runs, started};

/// Three jobs of the group `mail`, and one of none.
async fn four(scheduler: &Scheduler) -> Vec<JobId> {
    let mut ids = Vec::new();
    for group in ["mail", "mail", "mail"] {
        ids.push(scheduler.add(every(10).seconds().group(group).call("quick")).await.unwrap());
    }
    ids.push(scheduler.add(every(10).seconds().call("quick")).await.unwrap());
    ids
}

#[tokio::test]
async fn groups_are_sorted_and_default_is_always_among_them() {
    let (scheduler, _clock) = started().await;
    assert_eq!(scheduler.groups().await.unwrap(), ["default"]);
    for group in ["z", "a", "mail", "a"] {
        scheduler.add(every(1).hours().group(group).call("quick")).await.unwrap();
    }
    assert_eq!(scheduler.groups().await.unwrap(), ["a", "default", "mail", "z"]);
}

#[tokio::test]
async fn pausing_and_resuming_a_group_answers_how_many_it_changed() {
    let (scheduler, clock) = started().await;
    let ids = four(&scheduler).await;
    scheduler.pause_job(&ids[0]).await.unwrap();
    assert_eq!(scheduler.pause_group("mail").await.unwrap(), 2);
    assert_eq!(scheduler.pause_group("mail").await.unwrap(), 0);
    assert_eq!(scheduler.pause_group("nobody").await.unwrap(), 0);
    testing::advance(&scheduler, &clock, Duration::from_secs(10)).await.unwrap();
    assert_eq!(runs(&scheduler).await.iter().map(Run::job_id).collect::<Vec<_>>(), [ids[3]]);
    assert_eq!(scheduler.resume_group("mail").await.unwrap(), 3);
    assert_eq!(scheduler.resume_group("mail").await.unwrap(), 0);
    testing::advance(&scheduler, &clock, Duration::from_secs(10)).await.unwrap();
    let at_twenty = runs(&scheduler).await.into_iter().filter(|run| run.scheduled_for() == second(20));
    assert_eq!(at_twenty.count(), 4);
}

#[tokio::test]
async fn what_is_done_with_a_group_is_one_batch_for_the_store() {
    let storage = Counted::default();
    let (builder, _clock) = on_manual_clock();
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    for _ in 0..100 {
        scheduler.add(every(1).hours().group("mail").run("mail", async || {})).await.unwrap();
    }
    let changes = |batches: Vec<Batch>| batches.into_iter().filter(|(count, _)| *count > 0).count();
    drop(storage.take());
    assert_eq!(scheduler.pause_group("mail").await.unwrap(), 100);
    assert_eq!(changes(storage.take()), 1, "pausing");
    assert_eq!(scheduler.resume_group("mail").await.unwrap(), 100);
    assert_eq!(changes(storage.take()), 1, "resuming");
    assert_eq!(scheduler.cancel_group("mail").await.unwrap(), 100);
    assert_eq!(changes(storage.take()), 1, "cancelling");
    assert!(scheduler.jobs().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_done_with_a_group_is_made_again_if_one_of_its_jobs_is_changed_meanwhile() {
    for action in ["pause", "cancel"] {
        let storage = Faulty::default();
        let (builder, _clock) = on_manual_clock();
        let scheduler = builder.storage(storage.clone()).build().await.unwrap();
        scheduler.start().await.unwrap();
        let mut ids = Vec::new();
        for _ in 0..3 {
            let job = every(1).hours().group("mail").always_new().run("mail", async || {});
            ids.push(scheduler.add(job).await.unwrap());
        }
        // The group's jobs have been read when one of them is changed by somebody else.
        let answer = storage.holds(Action::ReadJob);
        let meanwhile = async {
            while !storage.has_held() {
                tokio::task::yield_now().await;
            }
            let mut revision = JobRevision::of(&storage.inner().job(ids[0]).await.unwrap().unwrap());
            let policy = Policy { max_retries: 9, ..revision.definition.policy.clone() };
            revision.definition =
                Arc::new(JobDefinition { policy, ..JobDefinition::clone(&revision.definition) });
            let change = Change::ReviseJob(Box::new(revision));
            storage.inner().apply(&[change], Durability::Now).await.unwrap();
            answer.notify_one();
        };
        let acting = async {
            match action {
                "pause" => scheduler.pause_group("mail").await,
                _ => scheduler.cancel_group("mail").await,
            }
        };
        let (changed, ()) = tokio::join!(acting, meanwhile);
        assert_eq!(changed.unwrap(), 3, "{action}");
        let jobs = scheduler.jobs().await.unwrap();
        let expected = if action == "pause" { 3 } else { 0 };
        assert_eq!(jobs.iter().filter(|job| job.is_paused()).count(), expected, "{action}");
        assert_eq!(jobs.len(), expected, "{action}");
        assert!(jobs.first().is_none_or(|job| job.max_retries() == 9), "{action}");
    }
}

#[tokio::test]
async fn what_is_done_with_a_group_is_done_with_all_its_jobs_or_none() {
    let storage = Faulty::default();
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    for _ in 0..3 {
        let job = every(10).seconds().group("mail").always_new().run("mail", async || {});
        scheduler.add(job).await.unwrap();
    }
    let paused = async || scheduler.jobs().await.unwrap().iter().filter(|job| job.is_paused()).count();
    storage.once(Action::Revise, Fault::Fails);
    scheduler.pause_group("mail").await.unwrap_err();
    assert_eq!(paused().await, 0);
    // Only the answer is lost: the jobs are paused.
    storage.once(Action::Revise, Fault::AnswerIsLost);
    scheduler.pause_group("mail").await.unwrap_err();
    assert_eq!(paused().await, 3);
    testing::advance(&scheduler, &clock, Duration::from_secs(30)).await.unwrap();
    assert_eq!(runs(&scheduler).await, []);
    storage.once(Action::Remove, Fault::AnswerIsLost);
    scheduler.cancel_group("mail").await.unwrap_err();
    assert!(scheduler.jobs().await.unwrap().is_empty());
    assert_eq!(scheduler.cancel_group("mail").await.unwrap(), 0);
}

#[tokio::test]
async fn cancelling_a_group_cancels_its_jobs_and_no_other() {
    let (scheduler, _clock) = started().await;
    let ids = four(&scheduler).await;
    assert_eq!(scheduler.cancel_group("mail").await.unwrap(), 3);
    assert_eq!(scheduler.cancel_group("mail").await.unwrap(), 0);
    let left: Vec<_> = scheduler.jobs().await.unwrap().iter().map(fastscheduler::Job::id).collect();
    assert_eq!(left, [ids[3]]);
    assert_eq!(scheduler.groups().await.unwrap(), ["default"]);
}

#[tokio::test]
async fn a_job_that_is_updated_to_another_group_belongs_to_that_one() {
    let (scheduler, _clock) = started().await;
    let ids = four(&scheduler).await;
    scheduler.update_job(&ids[0], JobUpdate::new().group("post")).await.unwrap();
    let post = scheduler.jobs_in_group("post").await.unwrap();
    assert_eq!(post.iter().map(fastscheduler::Job::id).collect::<Vec<_>>(), [ids[0]]);
    assert_eq!(scheduler.jobs_in_group("mail").await.unwrap().len(), 2);
    assert!(scheduler.jobs_in_group("nobody").await.unwrap().is_empty());
}

#[tokio::test]
async fn the_history_of_a_group_is_that_of_its_jobs_at_the_time() {
    let (scheduler, clock) = started().await;
    let ids = four(&scheduler).await;
    testing::advance(&scheduler, &clock, Duration::from_secs(10)).await.unwrap();
    scheduler.update_job(&ids[0], JobUpdate::new().group("post")).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(10)).await.unwrap();
    let of = async |group: &str| {
        let query = HistoryQuery { group: Some(group.to_owned()), ..HistoryQuery::default() };
        let all = scheduler.history(query).await.unwrap();
        assert!(all.iter().all(|run| run.status == RunStatus::Completed));
        all.len()
    };
    assert_eq!((of("mail").await, of("post").await, of("default").await), (5, 1, 2));
}

/// Compiles if the future may move to another thread.
fn may_be_spawned(_: impl Send) {}

#[tokio::test]
async fn whatever_a_scheduler_does_may_be_done_in_a_spawned_task() {
    let (scheduler, _clock) = started().await;
    let id = scheduler.add(every(1).hours().call("quick")).await.unwrap();
    may_be_spawned(scheduler.pause_group("a"));
    may_be_spawned(scheduler.resume_group("a"));
    may_be_spawned(scheduler.cancel_group("a"));
    may_be_spawned(scheduler.cancel_job_by_name("a"));
    may_be_spawned(scheduler.groups());
    may_be_spawned(scheduler.jobs_in_group("a"));
    may_be_spawned(scheduler.pause_job(&id));
    may_be_spawned(scheduler.resume_job(id.to_string()));
    may_be_spawned(scheduler.run_job_now("job_0"));
    may_be_spawned(scheduler.cancel_job(id));
    may_be_spawned(scheduler.update_job(id, JobUpdate::new()));
    may_be_spawned(scheduler.add(every(1).hours().call("quick")));
    may_be_spawned(scheduler.history(HistoryQuery::default()));
    may_be_spawned(scheduler.retry_dead_letter("job_0-s-0-1"));
    may_be_spawned(scheduler.clear_dead_letters());
    may_be_spawned(scheduler.statistics());
    may_be_spawned(scheduler.upcoming(id, 1));
    may_be_spawned(scheduler.start());
    may_be_spawned(scheduler.stop());
    may_be_spawned(scheduler.run_until_shutdown());
    may_be_spawned(Scheduler::builder().storage(MemoryStorage::default()).build());
}
