#![expect(clippy::disallowed_methods, reason = "an alarm is about real time")]

use std::pin::pin;
use std::sync::Arc;
use std::task::Wake;

use super::*;

fn alarm() -> &'static Alarm {
    Box::leak(Box::new(Alarm::new()))
}

/// A runtime without timers: the alarm needs none.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn is_ready(future: Pin<&mut impl Future<Output = ()>>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

fn after(milliseconds: u64) -> DateTime<Utc> {
    SystemClock.now() + Duration::from_millis(milliseconds)
}

#[test]
fn it_fires_on_any_runtime_and_not_before_its_instant() {
    let alarm = alarm();
    let waiters: Vec<_> = [7, 3, 5, 1, 5]
        .into_iter()
        .map(|milliseconds| {
            thread::spawn(move || {
                let at = after(milliseconds);
                block_on(alarm.wait_until(at));
                assert!(SystemClock.now() >= at, "{milliseconds} ms");
            })
        })
        .collect();
    for waiter in waiters {
        waiter.join().unwrap();
    }
    assert!(alarm.waiting().wakers.is_empty());
}

#[test]
fn an_earlier_instant_overtakes_a_later_one() {
    let alarm = alarm();
    let mut later = pin!(alarm.wait_until(after(3_600_000)));
    assert!(!is_ready(later.as_mut()));
    // Long enough for the thread to park, usually.
    thread::sleep(Duration::from_millis(5));
    block_on(alarm.wait_until(after(2)));
    assert!(!is_ready(later.as_mut()));
}

#[test]
fn what_is_over_is_ready_without_a_thread() {
    let alarm = alarm();
    assert!(is_ready(pin!(alarm.wait_until(SystemClock.now()))));
    assert!(is_ready(pin!(alarm.wait_until(DateTime::<Utc>::MIN_UTC))));
    assert!(alarm.thread.get().is_none());
}

#[test]
fn who_is_dropped_is_forgotten() {
    let alarm = alarm();
    let at = after(3_600_000);
    for _ in 0..10_000 {
        let mut first = pin!(alarm.wait_until(at));
        let mut second = pin!(alarm.wait_until(at));
        assert!(!is_ready(first.as_mut()) && !is_ready(second.as_mut()) && !is_ready(first.as_mut()));
        assert_eq!(alarm.waiting().wakers.len(), 2);
    }
    assert!(alarm.waiting().wakers.is_empty());
}

#[test]
fn the_task_that_polled_last_is_woken() {
    let mut wait = Box::pin(alarm().wait_until(after(5)));
    assert!(!is_ready(wait.as_mut()));
    block_on(wait);
}

#[test]
fn only_an_earlier_instant_wakes_the_thread() {
    let mut waiting = Waiting::new();
    let add = |waiting: &mut Waiting, milliseconds| {
        let (_place, is_earlier) = waiting.add(after(milliseconds), Waker::noop().clone());
        is_earlier
    };
    assert!(!add(&mut waiting, 20_000), "it looks before it parks");
    waiting.look(SystemClock.now());
    assert!(!add(&mut waiting, 25_000), "later");
    assert!(!add(&mut waiting, 3_600_000), "much later");
    assert!(add(&mut waiting, 10_000), "earlier");
    assert!(!add(&mut waiting, 5_000), "it was told already");
}

#[test]
fn it_looks_when_those_it_woke_are_likely_to_wait_for_it() {
    let mut waiting = Waiting::new();
    let start = after(10_000);
    let at = |milliseconds: i64| start + chrono::TimeDelta::milliseconds(milliseconds);
    let park = |waiting: &mut Waiting, milliseconds: i64| match waiting.look(at(milliseconds)) {
        Look::Park(pause) => pause.as_millis(),
        Look::Wake(_) => panic!("somebody is woken at {milliseconds} ms"),
    };
    for second in [0, 1_000] {
        waiting.add(at(second), Waker::noop().clone());
        assert!(matches!(waiting.look(at(second)), Look::Wake(_)));
    }
    assert_eq!(park(&mut waiting, 1_010), 990, "it waited a second the last time");
    assert_eq!(park(&mut waiting, 2_000), 30_000, "nobody came");
    // Those who wait for something earlier are woken for that.
    waiting.add(at(3_000), Waker::noop().clone());
    assert!(matches!(waiting.look(at(3_000)), Look::Wake(_)));
    waiting.add(at(3_500), Waker::noop().clone());
    assert_eq!(park(&mut waiting, 3_010), 490);
    // A clock that was set back expects nothing.
    assert!(matches!(waiting.look(at(3_500)), Look::Wake(_)));
    waiting.add(at(-60_000), Waker::noop().clone());
    assert!(matches!(waiting.look(at(-60_000)), Look::Wake(_)));
    assert_eq!(park(&mut waiting, -60_000), 30_000);
}

#[test]
fn the_wall_clock_decides_at_each_look() {
    let mut waiting = Waiting::new();
    let at = after(10_000);
    waiting.add(at, Waker::noop().clone());
    // (what the clock reads, in seconds from the instant; for how long to park)
    let looks = [
        (-10, Some(10)),
        // It is set back, and again.
        (-40, Some(30)),
        (-3_600, Some(30)),
        (-2, Some(2)),
        // It is set forward, beyond the instant.
        (3_600, None),
    ];
    for (from_instant, parks_for) in looks {
        let found = match waiting.look(at + chrono::TimeDelta::seconds(from_instant)) {
            Look::Wake(wakers) => {
                assert_eq!(wakers.len(), 1);
                None
            }
            Look::Park(pause) => Some(pause.as_secs()),
        };
        assert_eq!(found, parks_for, "{from_instant} s");
    }
    assert!(waiting.wakers.is_empty());
}

/// A waker that comes back to the alarm, and then panics.
struct Intruder(&'static Alarm);

impl Wake for Intruder {
    fn wake(self: Arc<Self>) {
        drop(self.0.waiting());
        panic!("a waker panics, as this test wants");
    }
}

#[test]
fn a_waker_may_come_back_and_may_panic() {
    let alarm = alarm();
    let mut wait = pin!(alarm.wait_until(after(2)));
    let waker = Waker::from(Arc::new(Intruder(alarm)));
    assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    block_on(alarm.wait_until(after(4)));
    assert!(is_ready(wait));
}
