//! Asking for some of many jobs.

use fastscheduler::prelude::*;
use fastscheduler::storage::{Change, Durability, JobsNow, MemoryStorage, Storage};
use fastscheduler::testing::storage_contract::sample;
use fastscheduler::{Job, JobDefinition, JobOrder, JobQuery, JobStatus};
use fastscheduler_tests::started;

/// Each page is the part of the whole list that it says it is.
#[tokio::test]
async fn pages_of_any_order_and_size_are_parts_of_the_whole_list() {
    let (scheduler, _clock) = started().await;
    for number in 0..300_u64 {
        let (seconds, group) = (60 + number * 7_919 % 101, format!("group {}", number % 7));
        let job = every(seconds).seconds().group(group).enabled(number % 10 != 0);
        scheduler.add(job.run(format!("job {}", number * 31 % 300), || async {})).await.unwrap();
    }
    let all = scheduler.jobs().await.unwrap();
    for order in [JobOrder::NextRun, JobOrder::Id, JobOrder::Name, JobOrder::Group, JobOrder::RunCount] {
        for is_descending in [false, true] {
            let query = JobQuery { order, is_descending, ..JobQuery::default() };
            let whole = scheduler.find_jobs(&query).await.unwrap();
            assert_eq!((whole.total, whole.jobs.len()), (300, 300));
            for (offset, limit) in [(0, 1), (0, 10), (5, 10), (0, 299), (290, 20), (300, 5), (0, 0)] {
                let page = scheduler
                    .find_jobs(&JobQuery { offset, limit: Some(limit), ..query.clone() })
                    .await
                    .unwrap();
                let expected: Vec<_> = whole.jobs.iter().skip(offset).take(limit).cloned().collect();
                assert_eq!(page.jobs, expected, "{order:?} {is_descending} {offset} {limit}");
                assert_eq!(page.total, 300);
            }
        }
    }
    let paused = JobQuery { statuses: vec![JobStatus::Paused], ..JobQuery::default() };
    assert_eq!(scheduler.find_jobs(&paused).await.unwrap().total, 30);
    let group = JobQuery { groups: vec!["group 3".to_owned()], limit: Some(2), ..JobQuery::default() };
    let page = scheduler.find_jobs(&group).await.unwrap();
    assert_eq!((page.jobs.len(), page.total), (2, all.iter().filter(|job| job.group() == "group 3").count()));
    // Those that are not due come last.
    let whole = scheduler.find_jobs(&JobQuery::default()).await.unwrap().jobs;
    assert!(whole[270..].iter().all(fastscheduler::Job::is_paused));
    assert!(whole[..270].is_sorted_by_key(|job| (job.next_run_at(), job.id())));
}

#[tokio::test]
async fn a_page_of_an_order_is_right_after_many_changes_or_few() {
    let orders = [JobOrder::Id, JobOrder::Name, JobOrder::NextRun, JobOrder::RunCount];
    let named = |number: u64| {
        let name = format!("job {}", number * 7_919 % 10_007).as_str().into();
        sample::job_of(number, JobDefinition { name, ..sample::definition() })
    };
    let storage = MemoryStorage::default();
    let now = JobsNow::default();
    let mut number = 0;
    // More than an order catches up with, and less.
    for changes in [3_000, 10, 2_500, 2_500, 500] {
        let jobs: Vec<Job> = (number..number + changes).map(named).collect();
        number += changes;
        let mut batch: Vec<Change> = jobs.iter().map(sample::add).collect();
        let every_third = jobs.iter().step_by(3);
        batch.extend(every_third.map(|job| Change::RemoveJob { job: job.id(), tombstone: None }));
        for job in jobs.iter().skip(1).step_by(3) {
            let fire = sample::Fire::of(job, sample::INTERVAL);
            batch.extend([fire.claim(), fire.completed()]);
        }
        storage.apply(&batch, Durability::Soon).await.unwrap();
        for order in orders {
            let all = storage.find_jobs(&JobQuery { order, ..JobQuery::default() }, &now).await.unwrap();
            let mut expected = storage.jobs().await.unwrap();
            expected.sort_by_key(|job| {
                let name = if order == JobOrder::Name { job.name().to_owned() } else { String::new() };
                let next = job.next_run_at().filter(|_| order == JobOrder::NextRun);
                let count = if order == JobOrder::RunCount { job.run_count() } else { 0 };
                (name, next, count, job.id())
            });
            assert_eq!(all.total, expected.len(), "{order:?} after {changes} changes");
            assert!(all.jobs == expected, "{order:?} after {changes} changes");
            let (offset, limit) = (expected.len() / 2, Some(3));
            let query = JobQuery { order, offset, limit, ..JobQuery::default() };
            let page = storage.find_jobs(&query, &now).await.unwrap();
            assert_eq!(page.jobs, expected[offset..offset + 3], "{order:?} after {changes} changes");
        }
    }
}
