//! Jobs without a key that a program adds at each start: there is one of each.

use fastscheduler::prelude::*;
use fastscheduler::schedule::ScheduleBuilder;
use fastscheduler::schedule::kind::Kind;
use fastscheduler::storage::{Change, Durability, MemoryStorage, Storage as _};
use fastscheduler::testing::ManualClock;
use fastscheduler::{Event, Job, JobId, JobStatus, JobUpdate, NewJob, SchedulerError, Source};
use fastscheduler_tests::counted::Counted;
use fastscheduler_tests::faulty::{Action, Fault, Faulty};
use fastscheduler_tests::fires::{Fate, fires, second};
use fastscheduler_tests::spans::Spans;
use fastscheduler_tests::{advance, on_manual_clock};

const DONE: Fate = Fate::Completed;

#[job]
async fn added(number: Option<u32>) {
    let _ = number;
}

/// A process on the store that was built so many seconds after Monday, and not
/// started.
async fn build(storage: &MemoryStorage, seconds: u64) -> (Scheduler, ManualClock) {
    let (builder, clock) = on_manual_clock();
    clock.set(second(seconds));
    (builder.storage(storage.clone()).build().await.unwrap(), clock)
}

#[tokio::test]
async fn what_is_added_again_waits_for_no_sync_whether_it_is_a_function_or_a_closure() {
    let storage = MemoryStorage::default();
    for process in 0..2 {
        let counted = Counted::over(storage.clone());
        let scheduler = on_manual_clock().0.storage(counted.clone()).build().await.unwrap();
        let at_build = counted.take();
        for number in 0..3 {
            scheduler.add(every(1).hours().call("added").args([number])).await.unwrap();
            scheduler.add(every(1).hours().run(format!("closure {number}"), || async {})).await.unwrap();
        }
        let added = counted.take();
        scheduler.start().await.unwrap();
        let at_start = counted.take();
        scheduler.stop().await.unwrap();
        let durability = if process == 0 { Durability::Now } else { Durability::Soon };
        assert_eq!(added, vec![(1, durability); 6], "process {process}");
        assert_eq!((at_build, at_start), (vec![], vec![(0, Durability::Now)]), "process {process}");
    }
}

/// The ids of the jobs that one process adds before its start, or else after it.
async fn add_all(storage: &MemoryStorage, is_before: bool, jobs: Vec<NewJob>) -> Vec<u64> {
    let (scheduler, _clock) = build(storage, 0).await;
    if !is_before {
        scheduler.start().await.unwrap();
    }
    let mut ids = Vec::new();
    for job in jobs {
        ids.push(scheduler.add(job).await.unwrap().number());
    }
    if is_before {
        scheduler.start().await.unwrap();
    }
    scheduler.stop().await.unwrap();
    ids
}

fn call<K: Kind>(schedule: ScheduleBuilder<K>) -> NewJob {
    schedule.call("added").into()
}

async fn job(scheduler: &Scheduler, id: JobId) -> Job {
    scheduler.job(&id).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_program_that_adds_its_jobs_at_each_start_has_each_once() {
    type Make = fn() -> NewJob;
    let kinds: &[(&str, Make)] = &[
        ("every", || call(every(10).seconds())),
        ("every, from an anchor", || call(every(10).seconds().starting_at(second(3)))),
        ("hourly", || call(hourly().at(":30"))),
        ("daily", || call(daily().at("09:00").tz("Asia/Tokyo"))),
        ("weekly", || call(weekly().monday().at("10:00"))),
        ("monthly", || call(monthly().last_day().at("00:00"))),
        ("cron", || call(cron("*/5 * * * *"))),
        ("with arguments", || every(10).seconds().call("added").args([7]).into()),
        ("with keyword arguments", || every(10).seconds().call("added").kwargs([("number", 7)]).into()),
        ("with a name and a group", || every(10).seconds().name("n").group("g").call("added").into()),
        ("disabled", || every(10).seconds().enabled(false).call("added").into()),
        ("by its full name", || every(10).seconds().call(concat!(module_path!(), "::added")).into()),
        ("a closure", || every(10).seconds().run("closure", || async {}).into()),
        ("with a key", || every(10).seconds().key("k").call("added").into()),
        ("a one-time job with a key", || once(60).key("k").call("added").into()),
    ];
    for (what, make) in kinds {
        for is_before in [true, false] {
            let storage = MemoryStorage::default();
            for start in 0..3 {
                let ids = add_all(&storage, is_before, vec![make()]).await;
                assert_eq!(ids, [0], "{what}, start {start}, before it: {is_before}");
            }
        }
    }
}

#[tokio::test]
async fn two_equal_jobs_of_one_process_stay_two() {
    let storage = MemoryStorage::default();
    for is_before in [true, false, true] {
        let jobs = vec![call(every(10).seconds()), call(every(10).seconds())];
        assert_eq!(add_all(&storage, is_before, jobs).await, [0, 1]);
    }
}

#[tokio::test]
async fn what_differs_in_anything_but_the_schedule_is_another_job() {
    type Make = fn() -> NewJob;
    let others: &[(&str, Make)] = &[
        ("its name", || every(10).seconds().name("other").call("added").into()),
        ("its group", || every(10).seconds().group("other").call("added").into()),
        ("its arguments", || every(10).seconds().call("added").args([1]).into()),
        ("its keyword arguments", || every(10).seconds().call("added").kwargs([("number", 1)]).into()),
        ("its function", || every(10).seconds().call("other").into()),
        ("a key", || every(10).seconds().key("k").call("added").into()),
        ("a closure of its name", || every(10).seconds().run("added", || async {}).into()),
    ];
    for (what, make) in others {
        for is_before in [true, false] {
            let storage = MemoryStorage::default();
            add_all(&storage, is_before, vec![call(every(10).seconds())]).await;
            assert_eq!(add_all(&storage, is_before, vec![make()]).await, [1], "{what}");
        }
    }
}

#[tokio::test]
async fn until_the_start_is_over_a_job_may_have_another_schedule() {
    let storage = MemoryStorage::default();
    let ten_and_sixty = || vec![call(every(10).seconds()), call(every(60).seconds())];
    assert_eq!(add_all(&storage, true, ten_and_sixty()).await, [0, 1]);
    // The same schedule first, whatever the order.
    let swapped = vec![call(every(60).seconds()), call(every(20).seconds())];
    assert_eq!(add_all(&storage, true, swapped).await, [1, 0]);
    // Then the oldest that is left.
    let changed = vec![call(daily().at("09:00")), call(daily().at("10:00")), call(daily().at("11:00"))];
    assert_eq!(add_all(&storage, true, changed).await, [0, 1, 2]);

    let (scheduler, _clock) = build(&storage, 5).await;
    assert_eq!(scheduler.add(call(every(7).seconds())).await.unwrap(), JobId::new(0));
    let job = job(&scheduler, JobId::new(0)).await;
    assert_eq!(
        (job.definition().schedule.to_string(), job.next_run_at()),
        ("Every 7 seconds".into(), Some(second(12)))
    );
}

#[tokio::test]
async fn after_the_start_another_schedule_is_another_job() {
    let storage = MemoryStorage::default();
    assert_eq!(add_all(&storage, true, vec![call(every(10).seconds())]).await, [0]);
    assert_eq!(add_all(&storage, false, vec![call(every(20).seconds())]).await, [1]);
}

#[tokio::test]
async fn what_differs_is_updated() {
    let storage = MemoryStorage::default();
    let (scheduler, clock) = build(&storage, 0).await;
    let id = scheduler.add(every(10).seconds().call("added")).await.unwrap();
    scheduler.start().await.unwrap();
    advance(&scheduler, &clock, 15).await;
    scheduler.stop().await.unwrap();

    let (scheduler, clock) = build(&storage, 16).await;
    let changed = every(10).seconds().retries(9).timeout(std::time::Duration::from_secs(5)).call("added");
    assert_eq!(scheduler.add(changed).await.unwrap(), id);
    let after = job(&scheduler, id).await;
    assert_eq!((after.max_retries(), after.run_count(), after.next_run_at()), (9, 1, Some(second(20))));
    scheduler.start().await.unwrap();
    advance(&scheduler, &clock, 4).await;
    assert_eq!(fires(&scheduler, id, 10).await, [(10, DONE), (20, DONE)]);
}

#[tokio::test]
async fn edits_and_pauses_stay_until_the_code_says_something_else() {
    let storage = MemoryStorage::default();
    let (scheduler, _clock) = build(&storage, 0).await;
    let id = scheduler.add(every(10).seconds().call("added")).await.unwrap();
    let edit = JobUpdate::new().schedule(every(7).seconds()).name("renamed").group("moved").args([3]);
    scheduler.update_job(&id, edit).await.unwrap();
    scheduler.pause_job(&id).await.unwrap();
    scheduler.stop().await.unwrap();
    for _ in 0..2 {
        let (scheduler, _clock) = build(&storage, 0).await;
        assert_eq!(scheduler.add(every(10).seconds().call("added")).await.unwrap(), id);
        let job = job(&scheduler, id).await;
        let schedule = job.definition().schedule.to_string();
        assert_eq!((job.name(), job.group(), schedule.as_str()), ("renamed", "moved", "Every 7 seconds"));
        assert_eq!((job.is_paused(), job.revision()), (true, 3));
        scheduler.stop().await.unwrap();
    }
    let (scheduler, _clock) = build(&storage, 1).await;
    assert_eq!(scheduler.add(every(10).seconds().retries(1).call("added")).await.unwrap(), id);
    let job = job(&scheduler, id).await;
    let schedule = job.definition().schedule.to_string();
    assert_eq!((job.name(), job.max_retries(), schedule.as_str()), ("added", 1, "Every 10 seconds"));
    assert!(job.is_paused(), "nothing in the code says that it is to be resumed");
}

#[tokio::test]
async fn code_that_enables_a_job_resumes_it() {
    let storage = MemoryStorage::default();
    for (is_enabled, expected) in [(false, true), (false, true), (true, false), (true, false)] {
        let (scheduler, _clock) = build(&storage, 0).await;
        let id = scheduler.add(every(10).seconds().enabled(is_enabled).call("added")).await.unwrap();
        assert_eq!((id.number(), job(&scheduler, id).await.is_paused()), (0, expected));
        scheduler.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_job_that_somebody_cancelled_comes_back() {
    let storage = MemoryStorage::default();
    let (scheduler, _clock) = build(&storage, 0).await;
    let id = scheduler.add(every(10).seconds().call("added")).await.unwrap();
    scheduler.cancel_job(&id).await.unwrap();
    scheduler.stop().await.unwrap();
    assert_eq!(add_all(&storage, true, vec![call(every(10).seconds())]).await, [1]);
    // Also if that happens between two starts of one process.
    let (scheduler, _clock) = build(&storage, 0).await;
    scheduler.cancel_job(JobId::new(1)).await.unwrap();
    assert_eq!(scheduler.add(every(10).seconds().call("added")).await.unwrap().number(), 2);
}

#[tokio::test]
async fn one_time_jobs_and_those_of_clients_are_always_new() {
    type Make = fn() -> NewJob;
    let kinds: &[(&str, Make)] = &[
        ("once", || call(once(60))),
        ("at", || call(at("2027-01-01 00:00:00"))),
        ("always new", || every(10).seconds().call("added").always_new().into()),
        ("a closure, always new", || every(10).seconds().run("closure", || async {}).always_new().into()),
    ];
    for (what, make) in kinds {
        let storage = MemoryStorage::default();
        for start in 0..3 {
            assert_eq!(add_all(&storage, true, vec![make()]).await, [start], "{what}");
        }
    }
}

#[tokio::test]
async fn a_job_of_a_client_is_not_taken_for_one_of_the_program() {
    let storage = MemoryStorage::default();
    let of_client = || every(10).seconds().call("added").always_new().into();
    assert_eq!(add_all(&storage, true, vec![of_client()]).await, [0]);
    assert_eq!(add_all(&storage, true, vec![call(every(10).seconds())]).await, [1]);
    assert_eq!(add_all(&storage, false, vec![call(every(10).seconds())]).await, [1]);
    let (scheduler, _clock) = build(&storage, 0).await;
    let sources = [0, 1].map(JobId::new).map(|id| job(&scheduler, id));
    let sources = futures_util::future::join_all(sources).await;
    let shown: Vec<_> = sources.iter().map(|job| (job.source(), job.added_at())).collect();
    assert_eq!(shown, [(Source::Api, None), (Source::Added, Some(second(0)))]);
    assert!(sources.iter().all(|job| job.declared().is_none()), "nothing is stored twice: {sources:?}");
}

#[tokio::test]
async fn a_key_and_always_new_contradict_each_other() {
    let (scheduler, _clock) = build(&MemoryStorage::default(), 0).await;
    let refused = scheduler.add(every(10).seconds().key("k").always_new().call("added")).await.unwrap_err();
    assert!(matches!(refused, SchedulerError::KeyedAlwaysNew(_)), "{refused}");
    assert!(scheduler.jobs().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_job_that_the_program_no_longer_adds_stays_and_is_shown() {
    let storage = MemoryStorage::default();
    let all = || vec![call(every(10).seconds()), call(daily().at("09:00")), call(once(60))];
    add_all(&storage, true, all()).await;
    let (scheduler, clock) = build(&storage, 5).await;
    scheduler.add(daily().at("09:00").call("added")).await.unwrap();
    scheduler.start().await.unwrap();
    advance(&scheduler, &clock, 5).await;
    let [ten, nine] = [0, 1].map(JobId::new);
    assert_eq!(fires(&scheduler, ten, 10).await, [(10, DONE)]);
    assert_eq!(job(&scheduler, ten).await.added_at(), Some(second(0)));
    assert_eq!(job(&scheduler, nine).await.added_at(), Some(second(5)));
    let status = scheduler.status().await.unwrap().to_string();
    let noted: Vec<_> = status.lines().filter(|line| line.contains("(not added since this start)")).collect();
    assert!(noted.len() == 1 && noted[0].contains("job_0"), "{status}");

    scheduler.add(every(10).seconds().call("added")).await.unwrap();
    let status = scheduler.status().await.unwrap().to_string();
    assert!(!status.contains("not added"), "{status}");
}

#[tokio::test]
async fn whether_it_made_a_job_or_found_one_is_logged() {
    const NAME: &str = "logged when it is added";
    let log = Spans::of_program();
    let storage = MemoryStorage::default();
    for _ in 0..2 {
        add_all(&storage, true, vec![every(10).seconds().name(NAME).call("added").into()]).await;
    }
    let lines = log.lines_with(&format!("name={NAME:?}"));
    let expected = ["INFO added a new job", "INFO matched a stored job"];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected) && line.contains("job=job_0"), "{line}");
    }
}

#[tokio::test]
async fn a_function_that_is_registered_at_each_start_has_its_jobs_once() {
    let storage = MemoryStorage::default();
    for _ in 0..3 {
        let (scheduler, _clock) = build(&storage, 0).await;
        scheduler.register_function("late", || async {}).unwrap();
        let id = scheduler.add(every(10).seconds().call("late")).await.unwrap();
        assert_eq!((id.number(), job(&scheduler, id).await.status()), (0, JobStatus::Scheduled));
        scheduler.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_add_equal_jobs_at_once_get_each_their_own() {
    let storage = MemoryStorage::default();
    for _ in 0..2 {
        let (scheduler, _clock) = build(&storage, 0).await;
        let add = |_| {
            let scheduler = scheduler.clone();
            tokio::spawn(async move { scheduler.add(every(1).hours().call("added")).await.unwrap().number() })
        };
        let mut ids = Vec::new();
        for added in (0..8).map(add).collect::<Vec<_>>() {
            ids.push(added.await.unwrap());
        }
        ids.sort_unstable();
        assert_eq!(ids, (0..8).collect::<Vec<_>>());
        scheduler.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_job_that_could_not_be_added_again_is_found_the_next_time() {
    let faulty = Faulty::default();
    let build = || on_manual_clock().0.storage(faulty.clone()).build();
    let scheduler = build().await.unwrap();
    scheduler.add(every(10).seconds().call("added")).await.unwrap();
    scheduler.stop().await.unwrap();
    let scheduler = build().await.unwrap();
    for action in [Action::Other, Action::Revise] {
        faulty.once(action, Fault::Fails);
        let failed = scheduler.add(every(10).seconds().retries(8).call("added")).await;
        assert!(matches!(failed, Err(SchedulerError::Storage(_))), "{action:?}");
    }
    let id = scheduler.add(every(10).seconds().retries(8).call("added")).await.unwrap();
    assert_eq!((id.number(), job(&scheduler, id).await.max_retries()), (0, 8));
}

/// The store as an earlier version wrote it, which did not record who made a job.
async fn of_earlier_version(storage: &MemoryStorage) -> MemoryStorage {
    let earlier = MemoryStorage::default();
    for job in storage.jobs().await.unwrap() {
        let mut written = serde_json::to_value(&job).unwrap();
        written["source"] = "api".into();
        written.as_object_mut().unwrap().remove("added_at");
        let job = serde_json::from_value(written).unwrap();
        earlier.apply(&[Change::AddJob(Box::new(job))], Durability::Now).await.unwrap();
    }
    earlier
}

#[tokio::test]
async fn a_one_time_closure_is_new_after_the_start() {
    let storage = MemoryStorage::default();
    let remind = || vec![once("1h").run("remind", || async {}).into()];
    assert_eq!(add_all(&storage, true, remind()).await, [0]);
    // The closures of the start are there again; one of a request is another one.
    assert_eq!(add_all(&storage, true, remind()).await, [0]);
    for start in 1..3 {
        assert_eq!(add_all(&storage, false, remind()).await, [start]);
    }
}

#[tokio::test]
async fn nothing_is_said_to_be_matched_that_is_gone() {
    const NAME: &str = "cancelled before it is added";
    let log = Spans::of_program();
    let storage = MemoryStorage::default();
    let add = || vec![every(10).seconds().name(NAME).call("added").into()];
    add_all(&storage, true, add()).await;
    let (scheduler, _clock) = build(&storage, 0).await;
    scheduler.cancel_job(JobId::new(0)).await.unwrap();
    let mut events = scheduler.subscribe();
    let [job]: [NewJob; 1] = add().try_into().unwrap();
    let id = scheduler.add(job).await.unwrap();
    assert_eq!(events.try_next(), Some(Event::JobChanged(id)));
    assert_eq!(events.try_next(), None);
    let lines = log.lines_with(&format!("name={NAME:?}"));
    assert!(lines.iter().all(|line| line.starts_with("INFO added a new job")), "{lines:#?}");
}

#[tokio::test]
async fn a_key_that_is_added_again_unchanged_writes_nothing() {
    let (scheduler, _clock) = build(&MemoryStorage::default(), 0).await;
    let id = scheduler.add(every(10).seconds().key("k").call("added")).await.unwrap();
    let mut events = scheduler.subscribe();
    assert_eq!(scheduler.add(every(10).seconds().key("k").call("added")).await.unwrap(), id);
    assert_eq!(events.try_next(), None);
}

#[tokio::test]
async fn a_job_of_an_earlier_version_that_differs_hides_none_that_is_equal() {
    let storage = MemoryStorage::default();
    let jobs = || vec![every(10).seconds().retries(9).call("added").into(), call(every(10).seconds())];
    add_all(&storage, true, jobs()).await;
    let storage = of_earlier_version(&storage).await;
    for _ in 0..2 {
        assert_eq!(add_all(&storage, true, vec![call(every(10).seconds())]).await, [1]);
    }
}

#[tokio::test]
async fn of_equal_jobs_of_an_earlier_version_the_oldest_is_the_programs() {
    let storage = MemoryStorage::default();
    let alike = || (0..3).map(|_| call(every(10).seconds())).collect();
    add_all(&storage, true, alike()).await;
    let storage = of_earlier_version(&storage).await;
    // Two are added now, but two of the three may be a client's.
    let two = || vec![call(every(10).seconds()), call(every(10).seconds())];
    for _ in 0..3 {
        assert_eq!(add_all(&storage, true, two()).await, [0, 3]);
    }
}

#[tokio::test]
async fn a_job_of_an_earlier_version_is_the_programs_only_if_it_is_the_same_in_all() {
    type Make = fn() -> NewJob;
    let others: &[(&str, Make)] = &[
        ("another schedule", || call(every(20).seconds())),
        ("other retries", || every(10).seconds().retries(9).call("added").into()),
        ("another group", || every(10).seconds().group("g").call("added").into()),
        ("once", || call(once(10))),
    ];
    for (what, make) in others {
        let storage = MemoryStorage::default();
        add_all(&storage, true, vec![call(every(10).seconds())]).await;
        let storage = of_earlier_version(&storage).await;
        assert_eq!(add_all(&storage, true, vec![make()]).await, [1], "{what}");
    }
}

#[tokio::test]
async fn a_key_and_a_closure_of_an_earlier_version_are_the_programs() {
    type Make = fn() -> NewJob;
    let kinds: &[Make] = &[
        || every(10).seconds().key("k").call("added").into(),
        || every(10).seconds().run("closure", || async {}).into(),
    ];
    for make in kinds {
        let storage = MemoryStorage::default();
        add_all(&storage, true, vec![make()]).await;
        let storage = of_earlier_version(&storage).await;
        let (scheduler, _clock) = build(&storage, 7).await;
        assert_eq!(scheduler.add(make()).await.unwrap().number(), 0);
        let job = job(&scheduler, JobId::new(0)).await;
        assert_eq!((job.source(), job.added_at()), (Source::Added, Some(second(7))));
    }
}
