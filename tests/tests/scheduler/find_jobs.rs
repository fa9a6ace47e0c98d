//! Asking for some of many jobs.

use fastscheduler::prelude::*;
use fastscheduler::{JobOrder, JobQuery, JobStatus};
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
    let paused = JobQuery { status: Some(JobStatus::Paused), ..JobQuery::default() };
    assert_eq!(scheduler.find_jobs(&paused).await.unwrap().total, 30);
    let group = JobQuery { group: Some("group 3".to_owned()), limit: Some(2), ..JobQuery::default() };
    let page = scheduler.find_jobs(&group).await.unwrap();
    assert_eq!((page.jobs.len(), page.total), (2, all.iter().filter(|job| job.group() == "group 3").count()));
    // Those that are not due come last.
    let whole = scheduler.find_jobs(&JobQuery::default()).await.unwrap().jobs;
    assert!(whole[270..].iter().all(fastscheduler::Job::is_paused));
    assert!(whole[..270].is_sorted_by_key(|job| (job.next_run_at(), job.id())));
}
