//! What `testing::audit` finds in a store, and what it lets pass.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it should be")]

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use fastscheduler::schedule::{ScheduleSpec, at as at_date, cron, daily, every, once};
use fastscheduler::storage::{
    Change, Durability, EndedAttempt, HistoryQuery, Limits, MemoryStorage, Storage, StorageError,
};
use fastscheduler::testing::storage_contract::sample::{self, Fire, at};
use fastscheduler::testing::{self, Audit};
use fastscheduler::{
    ClosedSchedule, Job, JobDefinition, JobId, JobRevision, Overlap, Policy, Progress, Run, RunStatus,
    SkipReason, Skipped, Trigger,
};
use fastscheduler_tests::passed_on;
use futures_util::future::BoxFuture;

/// A store that these changes were made to, one after another.
async fn store(changes: impl IntoIterator<Item = Change>) -> MemoryStorage {
    let storage = MemoryStorage::default();
    for change in changes {
        storage.apply(&[change], Durability::Now).await.unwrap();
    }
    storage
}

async fn audit(storage: &MemoryStorage) -> Audit {
    testing::audit(storage).zone(chrono_tz::UTC).await.unwrap()
}

fn problems(audit: &Audit) -> Vec<String> {
    audit.problems.iter().map(ToString::to_string).collect()
}

/// What an audit says of a job and changes to it.
async fn found(job: &Job, changes: impl IntoIterator<Item = Change>) -> Vec<String> {
    problems(&audit(&store([sample::add(job)].into_iter().chain(changes)).await).await)
}

/// A fire that ran.
fn ran(job: &Job, seconds: i64) -> [Change; 2] {
    let fire = Fire::of(job, seconds);
    [fire.claim(), fire.completed()]
}

/// The job gets another schedule when its present one is closed.
fn reschedule(job: &Job, skipped: Skipped) -> [Change; 2] {
    let now = skipped.closed.as_ref().unwrap().until;
    let next = now + TimeDelta::seconds(60);
    let mut definition = job.definition().clone();
    definition.schedule = every(60).seconds().definition().unwrap();
    let revision = JobRevision {
        expected_next_run_at: Some(skipped.first),
        definition: Arc::new(definition),
        scheduled_since: now,
        next_run_at: Some(next),
        ..JobRevision::of(job)
    };
    [closing(job, skipped), Change::ReviseJob(Box::new(revision))]
}

fn closing(job: &Job, skipped: Skipped) -> Change {
    let first = skipped.first;
    sample::record(job, skipped, first)
}

/// Fires that a schedule ended with at `until` seconds.
fn closed(job: &Job, reason: SkipReason, first: i64, last: i64, until: i64) -> Skipped {
    let count = u64::try_from((last - first) / sample::INTERVAL + 1).unwrap();
    let definition = job.definition().schedule.clone();
    let closed = ClosedSchedule { definition, since: job.scheduled_since(), until: at(until) };
    Skipped { closed: Some(closed), ..Skipped::new(reason, at(first), at(last), count) }
}

#[tokio::test]
async fn an_empty_store_is_clean() {
    let audit = audit(&MemoryStorage::default()).await;
    audit.assert_clean();
    assert_eq!((audit.jobs, audit.ran, audit.skipped, audit.open), (0, 0, 0, 0));
}

#[tokio::test]
async fn what_ran_or_was_skipped_or_is_open_is_counted_and_clean() {
    let job = sample::job(1);
    let (retried, open) = (Fire::of(&job, 20), Fire::of(&job, 80));
    let mut changes = vec![sample::add(&job)];
    changes.extend(ran(&job, 10));
    changes.extend([retried.claim(), retried.retried()]);
    changes.extend([retried.clone().attempt(2).claim(), retried.attempt(2).buried()]);
    changes.push(sample::skip(&job, SkipReason::Paused, 30, 60));
    let caught_up = Fire::of(&job, 70).triggered(Trigger::CatchUp);
    changes.extend([caught_up.claim(), caught_up.completed()]);
    changes.push(open.claim());
    let manual = Fire::of(&job, 33).triggered(Trigger::Manual);
    changes.extend([manual.open(), manual.claim(), manual.completed()]);
    let storage = store(changes).await;

    let audit = testing::audit(&storage).zone(chrono_tz::UTC).until(at(89)).await.unwrap();
    audit.assert_clean();
    assert_eq!((audit.jobs, audit.ran, audit.skipped, audit.open), (1, 3, 4, 1));
}

#[tokio::test]
async fn any_store_may_be_audited() {
    let storage: Arc<dyn Storage> = Arc::new(store([sample::add(&sample::job(1))]).await);
    testing::audit(&*storage).await.unwrap().assert_clean();
}

#[tokio::test]
async fn a_fire_without_a_trace_is_lost() {
    let job = sample::job(1);
    let changes = [ran(&job, 10), ran(&job, 30)].concat();
    assert_eq!(
        found(&job, changes).await,
        ["job_1: the fire of 2026-11-23T00:00:20Z neither ran nor is open nor was skipped"]
    );
}

#[tokio::test]
async fn fires_before_the_first_and_after_the_last_are_lost_too() {
    let job = sample::job(1);
    let mut fire = Fire::of(&job, 30);
    fire.progress.next_run_at = Some(at(61));
    assert_eq!(
        found(&job, [fire.claim(), fire.completed()]).await,
        [
            "job_1: 2 fires from 2026-11-23T00:00:10Z to 2026-11-23T00:00:20Z neither ran nor are open nor were skipped",
            "job_1: 3 fires from 2026-11-23T00:00:40Z to 2026-11-23T00:01:00Z neither ran nor are open nor were skipped",
        ]
    );
}

#[tokio::test]
async fn a_month_of_milliseconds_is_audited_at_once() {
    let job = sample::job_on(1, every("1ms").definition().unwrap());
    let month = 30 * 86_400;
    let skipped = |first, last, count| Skipped::new(SkipReason::Paused, first, last, count);
    let millisecond = TimeDelta::milliseconds(1);
    let all = skipped(at(0) + millisecond, at(month), 2_592_000_000);
    assert_eq!(found(&job, [sample::record(&job, all, at(month) + millisecond)]).await, [""; 0]);

    let half = skipped(at(0) + millisecond, at(month / 2), 1_296_000_000);
    assert_eq!(
        found(&job, [sample::record(&job, half, at(month) + millisecond)]).await,
        [
            "job_1: 1296000000 fires from 2026-12-08T00:00:00.001Z to 2026-12-23T00:00:00Z neither ran nor are open \
          nor were skipped"
        ]
    );
}

#[tokio::test]
async fn a_job_that_has_ended_lost_nothing_only_if_its_fire_ran() {
    let schedules =
        [once(90).definition().unwrap(), at_date("2026-11-23 00:01:30").tz("UTC").definition().unwrap()];
    for schedule in schedules {
        let job = sample::job_on(1, schedule.clone());
        let fire = Fire::of(&job, 90).last();
        assert_eq!(found(&job, [fire.claim(), fire.completed()]).await, [""; 0], "{schedule}");

        // Another fire takes the job past its own.
        let other = Fire::of(&job, 91).last();
        assert_eq!(
            found(&job, [other.claim(), other.completed()]).await,
            ["job_1: the fire of 2026-11-23T00:01:30Z neither ran nor is open nor was skipped"],
            "{schedule}"
        );
    }
}

#[tokio::test]
async fn a_schedule_that_was_closed_is_audited_up_to_its_end() {
    for reason in [SkipReason::Rescheduled, SkipReason::Cancelled] {
        let job = sample::job(1);
        let remove = Change::RemoveJob { job: job.id(), tombstone: None };
        let end = |skipped: Skipped| match reason {
            SkipReason::Cancelled => [closing(&job, skipped), remove.clone()],
            _ => reschedule(&job, skipped),
        };
        let clean = [ran(&job, 10), end(closed(&job, reason, 20, 30, 35))].concat();
        assert_eq!(found(&job, clean).await, [""; 0], "{reason}");

        // The closing record leaves one out, and so does the one before.
        let mut jump = Fire::of(&job, 10);
        jump.progress.next_run_at = Some(at(30));
        let early = [jump.claim(), jump.completed()];
        let lost = [early, end(closed(&job, reason, 30, 30, 50))].concat();
        let expected = [
            "job_1: the fire of 2026-11-23T00:00:20Z neither ran nor is open nor was skipped",
            "job_1: 2 fires from 2026-11-23T00:00:40Z to 2026-11-23T00:00:50Z neither ran nor are open nor were skipped",
        ];
        assert_eq!(found(&job, lost).await, expected, "{reason}");
    }
}

#[tokio::test]
async fn a_schedule_may_end_with_nothing_left_to_skip() {
    let job = sample::job(1);
    let mut ended = closed(&job, SkipReason::Cancelled, 20, 20, 20);
    ended.count = 0;
    let remove = Change::RemoveJob { job: job.id(), tombstone: None };
    // Its last fire came due at the very instant at which it ended.
    let all = [&ran(&job, 10)[..], &ran(&job, 20), &[closing(&job, ended.clone()), remove.clone()]].concat();
    assert_eq!(found(&job, all).await, [""; 0]);
    let one = [&ran(&job, 10)[..], &[closing(&job, ended), remove]].concat();
    assert_eq!(
        found(&job, one).await,
        ["job_1: the fire of 2026-11-23T00:00:20Z neither ran nor is open nor was skipped"]
    );
}

#[tokio::test]
async fn the_attempt_that_outlives_its_job_accounts_for_its_fire() {
    let job = sample::job(1);
    let fire = Fire::of(&job, 10);
    let cancelled = closing(&job, closed(&job, SkipReason::Cancelled, 20, 20, 25));
    let remove = Change::RemoveJob { job: job.id(), tombstone: None };
    let changes = [fire.claim(), cancelled, remove, fire.completed()];
    assert_eq!(found(&job, changes[..3].to_vec()).await, [""; 0], "it is under way");
    assert_eq!(found(&job, changes.to_vec()).await, [""; 0], "it has ended");
    assert_eq!(
        found(&job, changes[1..3].to_vec()).await,
        ["job_1: the fire of 2026-11-23T00:00:10Z neither ran nor is open nor was skipped"]
    );
}

#[tokio::test]
async fn the_schedule_after_a_change_counts_from_the_change() {
    let job = sample::job(1);
    let change = reschedule(&job, closed(&job, SkipReason::Rescheduled, 10, 20, 25));
    let mut late = Fire::of(&job, 145);
    late.entry.revision = 2;
    late.progress = Progress { scheduled_since: at(25), next_run_at: Some(at(205)) };
    let changes = [change, [late.claim(), late.completed()]].concat();
    assert_eq!(
        found(&job, changes).await,
        ["job_1: the fire of 2026-11-23T00:01:25Z neither ran nor is open nor was skipped"]
    );
}

#[tokio::test]
async fn a_job_that_is_behind_is_found_if_asked_until_when() {
    let job = sample::job(1);
    let storage = store([sample::add(&job)]).await;
    let until = |seconds| testing::audit(&storage).zone(chrono_tz::UTC).until(at(seconds));
    until(9).await.unwrap().assert_clean();
    let behind = until(10).await.unwrap();
    assert_eq!(
        problems(&behind),
        ["job_1: it is not paused, and has not got to its fire of 2026-11-23T00:00:10Z"]
    );
    until(10).ignoring(JobId::new(1)).await.unwrap().assert_clean();
    audit(&storage).await.assert_clean();
}

#[tokio::test]
async fn a_job_may_be_behind_while_it_is_paused_or_held_up() {
    let paused =
        |job: &Job| Change::ReviseJob(Box::new(JobRevision { is_paused: true, ..JobRevision::of(job) }));
    let of = |policy: Policy| sample::job_of(1, JobDefinition { policy, ..sample::definition() });
    let jitter = of(Policy { jitter: Some(Duration::from_secs(5)), ..Policy::default() });
    let allow = of(Policy { overlap: Overlap::Allow, ..Policy::default() });
    let skip = sample::job(1);
    // What is behind at 00:00:20, after a change.
    let cases = [
        (&skip, paused(&skip), true),
        (&skip, Fire::of(&skip, 10).claim(), true),
        (&allow, Fire::of(&allow, 10).claim(), false),
        (&jitter, sample::skip(&jitter, SkipReason::Overlap, 10, 10), true),
        (&skip, sample::skip(&skip, SkipReason::Overlap, 10, 10), false),
    ];
    for (job, change, is_clean) in cases {
        let storage = store([sample::add(job), change.clone()]).await;
        let audit = testing::audit(&storage).zone(chrono_tz::UTC).until(at(20)).await.unwrap();
        assert_eq!(audit.is_clean(), is_clean, "{:?} after {change:?}", audit.problems);
    }
}

#[tokio::test]
async fn a_fire_that_ran_in_time_and_was_caught_up_ended_twice() {
    let job = sample::job(1);
    let (in_time, caught_up) = (Fire::of(&job, 10), Fire::of(&job, 10).triggered(Trigger::CatchUp));
    let begun = [in_time.open(), caught_up.claim(), in_time.claim(), caught_up.completed()];
    for (end, is_end) in [(in_time.completed(), true), (in_time.buried(), true), (in_time.retried(), false)] {
        let found = found(&job, begun.iter().cloned().chain([end])).await;
        let twice = "job_1: the fire of 2026-11-23T00:00:10Z ran to an end more than once";
        assert_eq!(found, if is_end { vec![twice] } else { vec![] });
    }
}

#[tokio::test]
async fn a_fire_that_went_on_after_its_end_ended_twice() {
    let job = sample::job(1);
    for trigger in [Trigger::Schedule, Trigger::Manual] {
        let fire = Fire::of(&job, 10).triggered(trigger);
        let retry = fire.clone().attempt(2);
        let ended =
            EndedAttempt { retry: Some(Box::new(retry.entry.clone())), ..fire.ended(RunStatus::Completed) };
        let changes =
            [fire.open(), fire.claim(), Change::EndAttempt(ended), retry.claim(), retry.completed()];
        assert_eq!(
            found(&job, changes).await,
            ["job_1: the fire of 2026-11-23T00:00:10Z ran to an end more than once"],
            "{trigger:?}"
        );
    }
}

#[tokio::test]
async fn a_fire_that_was_skipped_and_ran_is_found() {
    let job = sample::job(1);
    let [claim, completed] = ran(&job, 30);
    let expected = ["job_1: the fire of 2026-11-23T00:00:30Z was skipped, and ran or is open"];
    let skip = |first, last| sample::skip(&job, SkipReason::Overlap, first, last);
    let (before, around) = (skip(10, 20), skip(30, 50));
    let after = [before.clone(), claim.clone(), completed, around.clone()];
    assert_eq!(found(&job, after).await, expected, "after it ran");
    let open = [before, claim, around];
    assert_eq!(found(&job, open).await, expected, "while it is open");
    let fire = Fire::of(&job, 30);
    let later = [fire.open(), skip(10, 50), fire.claim(), fire.completed()];
    assert_eq!(found(&job, later).await, expected, "before it ran");
}

#[tokio::test]
async fn records_of_skipped_fires_that_overlap_are_found() {
    let job = sample::job(1);
    let skip = |first, last| sample::skip(&job, SkipReason::Overlap, first, last);
    let twice = |seconds: &str| {
        format!("job_1: the fire of 2026-11-23T00:00:{seconds}Z is in two records of skipped fires")
    };
    assert_eq!(found(&job, [skip(10, 30), skip(30, 50)]).await, [twice("30")]);
    assert_eq!(found(&job, [skip(10, 50), skip(20, 30), skip(40, 50)]).await, [twice("20"), twice("40")]);
    let cancelled = closing(&job, closed(&job, SkipReason::Cancelled, 30, 50, 55));
    let remove = Change::RemoveJob { job: job.id(), tombstone: None };
    assert_eq!(found(&job, [skip(10, 30), cancelled, remove]).await, [twice("30")]);
}

#[tokio::test]
async fn an_attempt_too_many_is_found() {
    let policy = Policy { max_retries: 1, ..Policy::default() };
    let job = sample::job_of(1, JobDefinition { policy, ..sample::definition() });
    let fire = Fire::of(&job, 10);
    let (second, third) = (fire.clone().attempt(2), fire.clone().attempt(3));
    let two = [fire.claim(), fire.retried(), second.claim(), second.retried()];
    // A retry that only waits has not been made.
    assert_eq!(found(&job, two.clone()).await, [""; 0]);
    let expected = ["job_1: the fire of 2026-11-23T00:00:10Z got to attempt 3, of 2 that it may have"];
    let under_way = [&two[..], &[third.claim()]].concat();
    assert_eq!(found(&job, under_way).await, expected);
    let done = [&two[..], &[third.claim(), third.buried()]].concat();
    assert_eq!(found(&job, done.clone()).await, expected);

    let storage = store([sample::add(&job)].into_iter().chain(done)).await;
    testing::audit(&storage).zone(chrono_tz::UTC).crashes(1).await.unwrap().assert_clean();
}

#[tokio::test]
async fn attempts_are_not_counted_by_retries_that_were_lowered_meanwhile() {
    let policy = |max_retries| Policy { max_retries, ..Policy::default() };
    let job = sample::job_of(1, JobDefinition { policy: policy(1), ..sample::definition() });
    let fire = Fire::of(&job, 10);
    // Its letter says how often the fire may be retried at its end.
    let letter =
        Fire::of(&sample::job_of(1, JobDefinition { policy: policy(0), ..sample::definition() }), 10);
    let lowered = JobRevision {
        expected_next_run_at: Some(at(20)),
        definition: Arc::new(JobDefinition { policy: policy(0), ..sample::definition() }),
        next_run_at: Some(at(20)),
        ..JobRevision::of(&job)
    };
    let second = letter.attempt(2);
    let changes = [fire.claim(), fire.retried(), Change::ReviseJob(Box::new(lowered))];
    let changes = changes.into_iter().chain([second.claim(), second.buried()]);
    assert_eq!(found(&job, changes).await, [""; 0]);
}

#[tokio::test]
async fn an_attempt_that_is_missing_is_found_unless_it_crashed() {
    let job = sample::job(1);
    let mut second = Fire::of(&job, 10).attempt(2);
    let expected =
        ["job_1: attempt 1 of the fire of 2026-11-23T00:00:10Z is not recorded, though a later one is"];
    assert_eq!(found(&job, [second.claim()]).await, expected, "while the second is open");
    let storage = store([sample::add(&job), second.claim(), second.completed()]).await;
    assert_eq!(problems(&audit(&storage).await), expected, "after the second");
    testing::audit(&storage).zone(chrono_tz::UTC).crashes(1).await.unwrap().assert_clean();

    second.entry.crashes = 1;
    assert_eq!(found(&job, [second.claim()]).await, [""; 0], "the first crashed");
}

#[tokio::test]
async fn a_count_of_skipped_fires_that_is_wrong_is_found() {
    let job = sample::job(1);
    let skipped = |first, last, count| {
        let skipped = Skipped::new(SkipReason::Paused, at(first), at(last), count);
        sample::record(&job, skipped, at(60))
    };
    let right = "where the schedule has 5 from 2026-11-23T00:00:10Z to 2026-11-23T00:00:50Z";
    assert_eq!(found(&job, [skipped(10, 50, 5)]).await, [""; 0]);
    assert_eq!(
        found(&job, [skipped(10, 50, 4)]).await,
        [format!(
            "job_1: `job_1-s-1795392010000000-0` records 4 from 2026-11-23T00:00:10Z to 2026-11-23T00:00:50Z as \
             skipped, {right}"
        )]
    );
    assert_eq!(
        found(&job, [skipped(5, 55, 5)]).await,
        [format!(
            "job_1: `job_1-s-1795392005000000-0` records 5 from 2026-11-23T00:00:05Z to 2026-11-23T00:00:55Z as \
             skipped, {right}"
        )]
    );
    let mut cancelled = closed(&job, SkipReason::Cancelled, 10, 50, 55);
    cancelled.count = 6;
    let remove = Change::RemoveJob { job: job.id(), tombstone: None };
    assert_eq!(
        found(&job, [closing(&job, cancelled), remove]).await,
        [format!(
            "job_1: `job_1-m-1795392055000000-0` records 6 from 2026-11-23T00:00:10Z to 2026-11-23T00:00:50Z as \
             skipped, {right}"
        )]
    );
}

#[tokio::test]
async fn skipped_fires_of_a_calendar_are_counted_up_to_a_limit() {
    let job = sample::job_on(1, cron("* * * * *").tz("UTC").definition().unwrap());
    let last = 60 * 20_000;
    let skipped = |count| {
        let skipped = Skipped::new(SkipReason::Paused, at(60), at(last), count);
        sample::record(&job, skipped, at(last + 60))
    };
    assert_eq!(found(&job, [skipped(10_000)]).await, [""; 0]);
    assert_eq!(
        found(&job, [skipped(20_000)]).await,
        [
            "job_1: `job_1-s-1795392060000000-0` records 20000 from 2026-11-23T00:01:00Z to 2026-12-06T21:20:00Z as \
          skipped, where the schedule has 10000 from 2026-11-23T00:01:00Z to 2026-12-06T21:20:00Z"
        ]
    );
}

#[tokio::test]
async fn a_dead_letter_without_its_run_is_found() {
    let job = sample::job(1);
    let fire = Fire::of(&job, 10);
    let other = Fire::of(&job, 20).letter();
    let ended = EndedAttempt { dead_letter: Some(Box::new(other)), ..fire.ended(RunStatus::Failed) };
    assert_eq!(
        found(&job, [fire.claim(), Change::EndAttempt(ended)]).await,
        ["job_1: `job_1-s-1795392020000000-1` left a dead letter, but is not recorded as failed"]
    );
    let of_success =
        EndedAttempt { dead_letter: Some(Box::new(fire.letter())), ..fire.ended(RunStatus::Completed) };
    assert_eq!(
        found(&job, [fire.claim(), Change::EndAttempt(of_success)]).await,
        ["job_1: `job_1-s-1795392010000000-1` left a dead letter, but is not recorded as failed"]
    );
}

#[tokio::test]
async fn a_counter_that_disagrees_with_the_history_is_found() {
    let mut job = sample::job(1);
    job.count_attempt(&Fire::of(&job, 0).run(RunStatus::Failed), 0);
    assert_eq!(
        found(&job, ran(&job, 10)).await,
        [
            "job_1: its `run_count` is 2, the records are 1",
            "job_1: its `failure_count` is 1, the records are 0"
        ]
    );
    // With a history that was pruned, counters cannot be checked.
    let storage = store([sample::add(&job)].into_iter().chain(ran(&job, 10)).chain(ran(&job, 20))).await;
    let limits = Limits { max_history: 1, history_since: None, max_dead_letters: 1 };
    storage.prune(limits).await.unwrap();
    assert_eq!(
        problems(&audit(&storage).await),
        ["job_1: the fire of 2026-11-23T00:00:10Z neither ran nor is open nor was skipped"]
    );
}

#[tokio::test]
async fn a_schedule_without_a_zone_is_read_in_the_zone_of_the_audit() {
    let job = sample::job_on(1, daily().at("09:00").definition().unwrap());
    let nine = 9 * 3_600;
    let mut fire = Fire::of(&job, nine);
    fire.progress.next_run_at = Some(at(nine + 86_400));
    let storage = store([sample::add(&job), fire.claim(), fire.completed()]).await;
    audit(&storage).await.assert_clean();
    let tokyo = testing::audit(&storage).zone(chrono_tz::Asia::Tokyo).await.unwrap();
    assert_eq!(
        problems(&tokyo),
        ["job_1: the fire of 2026-11-24T00:00:00Z neither ran nor is open nor was skipped"]
    );
}

#[tokio::test]
async fn a_schedule_that_cannot_be_read_is_found() {
    let job = sample::job(1);
    let [_, Change::ReviseJob(mut revision)] =
        reschedule(&job, closed(&job, SkipReason::Rescheduled, 10, 20, 25))
    else {
        panic!("a schedule is changed by a revision");
    };
    let schedule = ScheduleSpec::Cron("nonsense".into()).into();
    let definition = JobDefinition { schedule, ..job.definition().clone() };
    revision.definition = Arc::new(definition);
    let found = found(&job, [Change::ReviseJob(revision)]).await;
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("job_1: its schedule cannot be read: "), "{}", found[0]);
}

#[tokio::test]
#[should_panic(expected = "the store has problems:\n- job_1: the fire of 2026-11-23T00:00:20Z neither ran")]
async fn a_failed_assertion_lists_the_problems() {
    let job = sample::job(1);
    let changes = [ran(&job, 10), ran(&job, 30)].concat();
    audit(&store([sample::add(&job)].into_iter().chain(changes)).await).await.assert_clean();
}

#[tokio::test]
async fn a_hundred_thousand_fires_are_audited_in_a_moment() {
    let job = sample::job(1);
    let storage = store([sample::add(&job)]).await;
    let changes: Vec<Change> = (1..=100_000).flat_map(|fire| ran(&job, 10 * fire)).collect();
    storage.apply(&changes, Durability::Soon).await.unwrap();
    let audit = audit(&storage).await;
    audit.assert_clean();
    assert_eq!(audit.ran, 100_000);
}

#[tokio::test]
async fn a_record_that_is_doubled_is_found() {
    let job = sample::job(1);
    let fire = Fire::of(&job, 10);
    let storage = store([sample::add(&job), fire.claim(), fire.completed()]).await;
    let doubled = Doubled(storage);
    let audit = testing::audit(&doubled).zone(chrono_tz::UTC).await.unwrap();
    assert_eq!(problems(&audit), ["job_1: `job_1-s-1795392010000000-1` is recorded more than once"]);
}

/// A store whose history has each record twice.
#[derive(Debug)]
struct Doubled(MemoryStorage);

impl Storage for Doubled {
    passed_on! {
        0: reserve_job_number apply load jobs job dead_letters dead_letter clear_dead_letters statistics
        is_final prune
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> BoxFuture<'a, Result<Vec<Run>, StorageError>> {
        Box::pin(async move { Ok([self.0.history(query).await?, self.0.history(query).await?].concat()) })
    }
}
