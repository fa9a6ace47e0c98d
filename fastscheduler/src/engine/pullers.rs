//! Pullers: tasks that take attempts and poll each of them once.
//!
//! There is one for each worker of the runtime, so that every worker that is
//! free can run what is due; more are made when functions block their threads
//! and hand their workers over (`block_in_place`). Normally one of them does all the work, since
//! waking another costs more than many short functions do. A puller that
//! polls a function for long is not counted on: the next attempts go to one
//! that is idle.
//!
//! Whatever a puller wakes or spawns lands in a slot of its worker that no
//! other worker takes tasks from. So it wakes and spawns nothing while it has
//! functions to poll: it leaves that here, and passes it on before it yields
//! or rests. The [watchdog](super::watchdog) sees to it if it gets stuck
//! before.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::Poll;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use tokio::task::coop::has_budget_remaining;

use super::attempt::Attempt;
use super::{Durations, Engine, lock};
use crate::job::RunId;

/// A puller that polls one function for so long keeps others waiting.
const LONG: TimeDelta = TimeDelta::microseconds(200);

/// More waiting attempts than these are shared by all pullers.
const MANY: usize = 512;

/// The pullers, and what waits for them.
#[derive(Debug, Default)]
pub(super) struct Pullers {
    work: Mutex<Work>,
    /// Made by the start.
    each: OnceLock<Each>,
    /// Whether a helper has been spawned that has not begun.
    is_help_coming: AtomicBool,
}

#[derive(Debug, Default)]
struct Work {
    ready: VecDeque<Attempt>,
    /// Tasks that are to be spawned once no function keeps the worker.
    unspawned: Vec<Unspawned>,
    /// The pullers that rest; the last to rest is the first to be woken.
    idle: Vec<usize>,
}

#[derive(Debug)]
struct Each {
    pullers: Box<[Puller]>,
    /// Whether each attempt gets a puller of its own if there is one: with a
    /// clock that has no slack, such as a manual one, nothing is worth a wait.
    is_eager: bool,
}

#[derive(Debug, Default)]
struct Puller {
    wake: Notify,
    /// When it last went on to another attempt, in microseconds since 1970.
    seen_at: AtomicI64,
}

/// What goes on in a task of its own after its first poll.
pub(super) struct Unspawned {
    /// The attempt that is under way from now on.
    pub(super) run: Option<RunId>,
    pub(super) task: BoxFuture<'static, ()>,
}

impl std::fmt::Debug for Unspawned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unspawned").field("run", &self.run).finish_non_exhaustive()
    }
}

/// What the watchdog finds.
pub(super) struct Found {
    /// Whether anything waits for a puller.
    pub(super) is_work_left: bool,
    /// Whether pullers are busy, each with one function for long.
    pub(super) is_stuck: bool,
    pub(super) help: Help,
}

/// Whether what waits needs another puller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Help {
    NotNeeded,
    /// Idle pullers were woken.
    Woken,
    /// No puller is idle.
    Wanted,
}

impl Pullers {
    /// Says how many there are.
    pub(super) fn begin(&self, count: usize, is_eager: bool) {
        let pullers = std::iter::repeat_with(Puller::default).take(count).collect();
        self.each.get_or_init(|| Each { pullers, is_eager });
    }

    pub(super) fn are_eager(&self) -> bool {
        self.each.get().is_some_and(|each| each.is_eager)
    }

    /// How many attempts wait.
    pub(super) fn waiting(&self) -> usize {
        lock(&self.work).ready.len()
    }

    /// Takes all attempts that wait, but those that were cancelled: a puller
    /// records that.
    pub(super) fn take_uncancelled(&self) -> Vec<Attempt> {
        let mut work = lock(&self.work);
        let ready = std::mem::take(&mut work.ready);
        let (cancelled, uncancelled) = ready.into_iter().partition(|attempt| attempt.context.is_cancelled());
        work.ready = cancelled;
        let uncancelled: VecDeque<Attempt> = uncancelled;
        uncancelled.into()
    }

    /// Hands out attempts, and says whether some may have to wait for others.
    pub(super) fn hand_out(&self, attempts: Vec<Attempt>, now: DateTime<Utc>) -> bool {
        let Some(each) = self.each.get() else { return false };
        let mut work = lock(&self.work);
        work.ready.extend(attempts);
        let wanted = if each.is_eager || work.ready.len() > MANY {
            work.ready.len()
        } else {
            // One puller is done with short functions before another one could
            // wake up, and has what they need in its cache.
            usize::from(!each.is_any_going_on(&work, now))
        };
        let woken = each.wake(&mut work, wanted, now);
        work.ready.len() > woken
    }

    /// Leaves a task to be spawned when the worker is free.
    pub(super) fn leave(&self, task: Unspawned) {
        lock(&self.work).unspawned.push(task);
    }

    /// Wakes idle pullers if the others are stuck.
    pub(super) fn look(&self, now: DateTime<Utc>) -> Option<Found> {
        let each = self.each.get()?;
        let mut work = lock(&self.work);
        let is_work_left = !work.ready.is_empty() || !work.unspawned.is_empty();
        let is_stuck = work.idle.len() < each.pullers.len() && !each.is_any_going_on(&work, now);
        let wanted = if is_work_left && is_stuck { work.ready.len().max(1) } else { 0 };
        let help = match each.wake(&mut work, wanted, now) {
            0 if wanted > 0 => Help::Wanted,
            0 => Help::NotNeeded,
            _ => Help::Woken,
        };
        Some(Found { is_work_left, is_stuck, help })
    }

    fn next(&self) -> Option<Attempt> {
        lock(&self.work).ready.pop_front()
    }

    fn unspawned(&self) -> Vec<Unspawned> {
        std::mem::take(&mut lock(&self.work).unspawned)
    }

    /// Lets a puller rest, unless there is work.
    fn rest(&self, number: usize) -> bool {
        let mut work = lock(&self.work);
        let may_rest = work.ready.is_empty() && work.unspawned.is_empty();
        if may_rest {
            work.idle.push(number);
        }
        may_rest
    }
}

impl Each {
    /// Whether a puller goes on from one attempt to the next without delay.
    fn is_any_going_on(&self, work: &Work, now: DateTime<Utc>) -> bool {
        let goes_on = |(number, puller): (usize, &Puller)| {
            let since = now.timestamp_micros() - puller.seen_at.load(Ordering::Relaxed);
            // The clock may have been set back since.
            TimeDelta::microseconds(since).abs() <= LONG && !work.idle.contains(&number)
        };
        work.idle.len() < self.pullers.len() && self.pullers.iter().enumerate().any(goes_on)
    }

    /// Lets other tasks go first.
    async fn give_way(&self) {
        if self.pullers.len() == 1 {
            return tokio::task::yield_now().await;
        }
        // A task that yields by tokio's own means stays with its worker. This
        // one gets into its queue, from which others take tasks.
        let mut has_yielded = false;
        std::future::poll_fn(|context| {
            if has_yielded {
                return Poll::Ready(());
            }
            has_yielded = true;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// Wakes so many idle pullers, as far as there are any.
    fn wake(&self, work: &mut Work, wanted: usize, now: DateTime<Utc>) -> usize {
        let rest = work.idle.len().saturating_sub(wanted);
        let woken = work.idle.split_off(rest);
        for puller in woken.iter().map(|number| &self.pullers[*number]) {
            puller.is_seen(now);
            puller.wake.notify_one();
        }
        woken.len()
    }
}

impl Puller {
    fn is_seen(&self, now: DateTime<Utc>) {
        self.seen_at.store(now.timestamp_micros(), Ordering::Relaxed);
    }
}

impl Engine {
    /// Takes attempts one at a time and executes them, until execution ends.
    pub(super) async fn pull(self: Arc<Self>, number: usize) {
        let each = self.pullers.each.get().expect("they are made by the start");
        let puller = &each.pullers[number];
        loop {
            self.drain(each, puller).await;
            if self.pullers.rest(number) {
                tokio::select! {
                    () = puller.wake.notified() => {}
                    () = self.executing.cancelled() => return,
                }
            }
        }
    }

    /// Sends for a helper, unless one is on its way, and says whether it did.
    pub(super) fn send_for_help(self: &Arc<Self>) -> bool {
        let Some(runtime) = self.runtime.get() else { return false };
        let is_coming = self.pullers.is_help_coming.swap(true, Ordering::AcqRel);
        if !is_coming {
            self.tasks.spawn_on(Arc::clone(self).help(), runtime);
        }
        !is_coming
    }

    /// Does as a puller until nothing is left.
    async fn help(self: Arc<Self>) {
        self.pullers.is_help_coming.store(false, Ordering::Release);
        if let Some(each) = self.pullers.each.get() {
            self.drain(each, &Puller::default()).await;
        }
    }

    /// Executes attempts until no more wait.
    async fn drain(self: &Arc<Self>, each: &Each, puller: &Puller) {
        let mut lateness = Durations::default();
        let mut since = self.clock.now();
        puller.is_seen(since);
        if self.pass_on(since) {
            // It was woken for what another one had left.
            each.give_way().await;
        }
        // One attempt ends when the next one begins: the time is read once.
        let mut now = Some(since);
        while let Some(attempt) = self.pullers.next() {
            let begins_at = now.unwrap_or_else(|| self.clock.now());
            puller.is_seen(begins_at);
            now = self.execute(attempt, begins_at, &mut lateness);
            let is_long = now.unwrap_or(begins_at) - since > LONG;
            // Functions that never wait would keep the worker for good.
            if is_long || each.is_eager || !has_budget_remaining() {
                self.meter.begun(&mut lateness);
                since = self.clock.now();
                puller.is_seen(since);
                self.pass_on(since);
                each.give_way().await;
                since = self.clock.now();
                now = Some(since);
            }
        }
        self.meter.begun(&mut lateness);
        self.pass_on(now.unwrap_or(since));
    }

    /// Spawns and wakes what attempts have left, and says whether they left any.
    fn pass_on(self: &Arc<Self>, now: DateTime<Utc>) -> bool {
        let unspawned = self.pullers.unspawned();
        let is_any = !unspawned.is_empty();
        for task in unspawned {
            self.spawn_left(task);
        }
        self.tell_recorder(now) || is_any
    }

    pub(super) fn spawn_left(&self, left: Unspawned) {
        if let Some(run) = left.run {
            self.announce_start(run);
        }
        self.tasks.spawn(left.task);
    }
}
