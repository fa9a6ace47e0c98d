//! What is kept, which nobody can see from outside.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::MemoryQueue;
use super::node::{NEVER, Node};
use super::wheel::Wheel;
use crate::clock::Clock;
use crate::job::{Entry, EntryKind, FunctionKey, JobId, Lane, Trigger};
use crate::queue::{Claim, Claimer, Queue as _, Settlement};

const MINUTE: Duration = Duration::from_mins(1);

/// A clock that reads what it is told; nobody waits for it.
#[derive(Debug, Clone)]
struct Hand(Arc<AtomicI64>);

impl Hand {
    fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_micros()).expect("a short time");
        self.0.fetch_add(by, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        let micros = self.0.load(Ordering::Relaxed);
        DateTime::from_timestamp_micros(micros).expect("an instant of this century")
    }

    fn sleep_until(&self, _: DateTime<Utc>) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}

struct Case {
    queue: MemoryQueue,
    clock: Hand,
}

impl Case {
    fn new() -> Self {
        let clock = Hand(Arc::new(1_800_000_000_000_000.into()));
        Self { queue: MemoryQueue::new(Arc::new(clock.clone())), clock }
    }

    fn next(&self, job: u64) -> Entry {
        let now = self.clock.now();
        Entry {
            kind: EntryKind::Next,
            job: JobId::new(job),
            trigger: Trigger::Schedule,
            scheduled_for: now,
            due_at: now,
            attempt: 1,
            crashes: 0,
            covers_until: now,
            catch_up_until: None,
            is_last_late: false,
            revision: 1,
            is_exclusive: true,
            lane: Lane::Async,
            function: FunctionKey::parse("work"),
        }
    }

    fn push(&self, entry: Entry) {
        self.queue.push(&[entry]).now_or_never().expect("memory does not wait").expect("nor fail");
    }

    fn claim(&self, lease: Option<Duration>) -> Vec<Claim> {
        let claimer = Claimer {
            instance: "one".into(),
            functions: Arc::new([FunctionKey::parse("work")].into_iter().collect()),
            room_async: 1_000,
            room_blocking: 1_000,
            lease,
        };
        self.queue.claim(&claimer).now_or_never().expect("memory does not wait").expect("nor fail")
    }

    fn settle(&self, claim: Claim, next: Option<Entry>) {
        let settlement = Settlement { claim, next };
        self.queue.settle(&[settlement]).now_or_never().expect("memory does not wait").expect("nor fail");
    }

    fn remove(&self, job: u64, revision: u64) {
        let job = JobId::new(job);
        self.queue.remove(job, revision).now_or_never().expect("memory does not wait").expect("nor fail");
    }

    /// How many jobs are known, and how many nodes there are.
    fn size(&self) -> (usize, usize) {
        self.queue.state().size()
    }
}

#[test]
fn nothing_is_kept_of_jobs_that_are_gone() {
    let case = Case::new();
    for job in 0..5_000 {
        case.push(case.next(job));
        let claim = case.claim(Some(MINUTE)).remove(0);
        case.push(Entry { kind: EntryKind::Manual, trigger: Trigger::Manual, ..case.next(job) });
        case.claim(None);
        case.remove(job, u64::MAX);
        assert_eq!(case.size().0, 1, "the last claim is live");
        case.settle(claim, None);
        assert_eq!(case.size().0, 0, "job {job} is gone");
    }
    case.remove(7, u64::MAX);
    let (jobs, nodes) = case.size();
    assert_eq!(jobs, 0, "a job that was not known is not known for being gone");
    assert!(nodes < 300, "{nodes} nodes are left of 5,000 leases and as many entries");
}

#[test]
fn a_job_that_ended_without_word_of_it_is_forgotten_after_a_minute() {
    let case = Case::new();
    case.push(case.next(1));
    let fire = case.claim(None).remove(0);
    case.settle(fire.clone(), None);
    let last = Duration::from_micros(1);
    case.clock.advance(MINUTE.saturating_sub(last));
    case.push(Entry { kind: EntryKind::Next, ..fire.entry.clone() });
    assert_eq!(case.claim(None), [], "it is refused for a minute");
    assert_eq!(case.size().0, 1);
    case.clock.advance(last);
    case.claim(None);
    assert_eq!(case.size(), (0, 0));
}

#[test]
fn a_job_that_was_heard_of_since_is_not_forgotten() {
    let case = Case::new();
    for job in 0..4 {
        case.push(case.next(job));
    }
    for claim in case.claim(None) {
        case.settle(claim, None);
    }
    case.clock.advance(MINUTE / 2);
    // One has a further fire, one ends later once more, and one is paused.
    case.push(Entry { due_at: case.clock.now() + TimeDelta::hours(1), ..case.next(0) });
    case.push(case.next(1));
    let claim = case.claim(None).remove(0);
    case.settle(claim, None);
    case.remove(2, 2);
    case.clock.advance(MINUTE / 2);
    case.claim(None);
    assert_eq!(case.size().0, 3, "the last was not heard of");
    case.clock.advance(MINUTE / 2);
    case.claim(None);
    assert_eq!(case.size().0, 2, "one had ended half a minute later");
    case.clock.advance(MINUTE * 10);
    case.push(Entry { due_at: case.clock.now(), ..case.next(2) });
    assert_eq!(case.claim(None), [], "a pause is remembered until it ends");
}

#[test]
fn entries_that_are_replaced_leave_nothing_behind() {
    let case = Case::new();
    for job in 0..100 {
        for number in 0..200 {
            let later = case.clock.now() + TimeDelta::seconds(number);
            case.push(Entry { scheduled_for: later, due_at: later, covers_until: later, ..case.next(job) });
        }
    }
    let (jobs, nodes) = case.size();
    assert_eq!(jobs, 100);
    assert!(nodes < 400, "{nodes} nodes for 100 entries");
}

#[test]
fn leases_that_are_renewed_leave_nothing_behind() {
    let case = Case::new();
    for job in 0..100 {
        case.push(case.next(job));
    }
    let claims = case.claim(Some(MINUTE));
    for _ in 0..200 {
        case.clock.advance(MINUTE / 3);
        let lost = case.queue.renew(&claims, Some(MINUTE)).now_or_never().expect("memory does not wait");
        assert_eq!(lost.expect("nor fail"), []);
    }
    let (jobs, nodes) = case.size();
    assert_eq!(jobs, 100);
    assert!(nodes < 400, "{nodes} nodes for 100 leases");
}

#[test]
fn a_wheel_keeps_the_order_of_a_sorted_list() {
    let mut jobs = super::jobs::Jobs::default();
    let slot = jobs.slot_or_new(JobId::new(0));
    let mut number = 0_u64;
    let mut random = move |below: i64| {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(number >> 33).expect("31 bits") % below
    };
    let mut wheel = Wheel::default();
    let mut list = BTreeSet::new();
    let mut now = -3_000_000;
    for number in 0..20_000 {
        // From the same microsecond to years.
        let spread = 1 << (random(50) + 1);
        let due = now + random(spread.min(i64::from(i32::MAX))) * (spread >> 31).max(1) - random(20);
        let node = Node { due, number, slot };
        wheel.add(node);
        list.insert(node);
        if number % 3 == 0 {
            now += random(spread.min(1 << 30));
            wheel.advance(now);
            while let Some(node) = wheel.first_due() {
                assert_eq!(Some(node), list.pop_first(), "after {number} nodes, at {now}");
                assert_eq!(wheel.take_first_due(), Some(node));
            }
            assert!(list.first().is_none_or(|node| node.due > now), "after {number} nodes, at {now}");
            let next = list.first().map_or(NEVER, |node| node.due);
            assert_eq!(wheel.next_after(now, |_| true), next, "after {number} nodes, at {now}");
            assert_eq!(wheel.len(), list.len());
        }
    }
}
