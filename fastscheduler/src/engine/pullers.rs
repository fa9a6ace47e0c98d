//! Pullers: tasks that take attempts and poll each of them once.
//!
//! There is one for each worker of the runtime, so that every free worker can
//! run what is due. More are spawned when functions block their threads and hand
//! their workers over (`block_in_place`). Normally one puller does all the work,
//! since waking another costs more than many short functions do. If it has been
//! polling one function for long, the next attempts go to an idle puller.
//!
//! Whatever a puller wakes or spawns lands in a slot of its worker that no
//! other worker takes tasks from. So it wakes and spawns nothing while it has
//! functions to poll: it collects that here, and passes it on before it yields
//! or rests. If it gets stuck before that, the [watchdog](super::watchdog)
//! steps in.

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

/// A puller that polls one function for longer than this keeps others waiting.
const LONG: TimeDelta = TimeDelta::microseconds(200);

/// If more attempts than this are waiting, all pullers share them.
const MANY: usize = 512;

/// The pullers, and what waits for them.
#[derive(Debug, Default)]
pub(super) struct Pullers {
    work: Mutex<Work>,
    /// Set when the engine starts.
    crew: OnceLock<Crew>,
    /// Whether a helper was spawned and has not begun.
    is_help_coming: AtomicBool,
}

#[derive(Debug, Default)]
struct Work {
    ready: VecDeque<Attempt>,
    /// Tasks to spawn once no function blocks the worker.
    unspawned: Vec<Unspawned>,
    /// The resting pullers; the last to rest is the first to be woken.
    idle: Vec<usize>,
}

#[derive(Debug)]
struct Crew {
    pullers: Box<[Puller]>,
    /// Whether each attempt gets its own puller while one is idle. So it is with
    /// a clock without slack, such as a manual one, where nothing may wait.
    is_eager: bool,
}

#[derive(Debug, Default)]
struct Puller {
    wake: Notify,
    /// When it last began an attempt, in microseconds since 1970.
    seen_at: AtomicI64,
}

/// What continues in its own task, such as a future after its first poll.
pub(super) struct Unspawned {
    /// The attempt whose start is announced when the task is spawned.
    pub(super) run: Option<RunId>,
    pub(super) task: BoxFuture<'static, ()>,
}

impl std::fmt::Debug for Unspawned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unspawned").field("run", &self.run).finish_non_exhaustive()
    }
}

/// What a check by the watchdog finds.
pub(super) struct Found {
    /// Whether anything waits for a puller.
    pub(super) is_work_left: bool,
    /// Whether every puller that is not idle has been polling one function for long.
    pub(super) is_stuck: bool,
    pub(super) help: Help,
}

/// Whether the waiting work needs another puller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Help {
    NotNeeded,
    /// Idle pullers were woken.
    Woken,
    /// No puller is idle.
    Wanted,
}

impl Pullers {
    /// Sets how many there are.
    pub(super) fn begin(&self, count: usize, is_eager: bool) {
        let pullers = std::iter::repeat_with(Puller::default).take(count).collect();
        self.crew.get_or_init(|| Crew { pullers, is_eager });
    }

    pub(super) fn are_eager(&self) -> bool {
        self.crew.get().is_some_and(|crew| crew.is_eager)
    }

    /// How many attempts wait.
    pub(super) fn waiting(&self) -> usize {
        lock(&self.work).ready.len()
    }

    /// Takes all waiting attempts except cancelled ones, which a puller records.
    pub(super) fn take_uncancelled(&self) -> Vec<Attempt> {
        let mut work = lock(&self.work);
        let ready = std::mem::take(&mut work.ready);
        let (cancelled, uncancelled) = ready.into_iter().partition(|attempt| attempt.context.is_cancelled());
        work.ready = cancelled;
        let uncancelled: VecDeque<Attempt> = uncancelled;
        uncancelled.into()
    }

    /// Hands out attempts, and returns whether some may have to wait for others.
    pub(super) fn hand_out(&self, attempts: Vec<Attempt>, now: DateTime<Utc>) -> bool {
        let Some(crew) = self.crew.get() else { return false };
        let mut work = lock(&self.work);
        work.ready.extend(attempts);
        let wanted = if crew.is_eager || work.ready.len() > MANY {
            work.ready.len()
        } else {
            // One puller finishes short functions before another could wake up,
            // and has what they need in its cache.
            usize::from(!crew.is_any_moving(&work, now))
        };
        let woken = crew.wake(&mut work, wanted, now);
        work.ready.len() > woken
    }

    /// Collects a task to spawn when the worker is free.
    pub(super) fn defer(&self, task: Unspawned) {
        lock(&self.work).unspawned.push(task);
    }

    /// Wakes idle pullers if the others are stuck.
    pub(super) fn look(&self, now: DateTime<Utc>) -> Option<Found> {
        let crew = self.crew.get()?;
        let mut work = lock(&self.work);
        let is_work_left = !work.ready.is_empty() || !work.unspawned.is_empty();
        let is_stuck = work.idle.len() < crew.pullers.len() && !crew.is_any_moving(&work, now);
        let wanted = if is_work_left && is_stuck { work.ready.len().max(1) } else { 0 };
        let help = match crew.wake(&mut work, wanted, now) {
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

    /// Lets a puller rest unless there is work, and returns whether it may.
    fn rest(&self, number: usize) -> bool {
        let mut work = lock(&self.work);
        let may_rest = work.ready.is_empty() && work.unspawned.is_empty();
        if may_rest {
            work.idle.push(number);
        }
        may_rest
    }
}

impl Crew {
    /// Whether any puller is moving from one attempt to the next without delay.
    fn is_any_moving(&self, work: &Work, now: DateTime<Utc>) -> bool {
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
        // tokio's `yield_now` keeps the task with its worker. Waking it right
        // away puts it into the queue that other workers steal from.
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

    /// Wakes up to `wanted` idle pullers, and returns how many.
    fn wake(&self, work: &mut Work, wanted: usize, now: DateTime<Utc>) -> usize {
        let rest = work.idle.len().saturating_sub(wanted);
        let woken = work.idle.split_off(rest);
        for puller in woken.iter().map(|number| &self.pullers[*number]) {
            puller.mark_seen(now);
            puller.wake.notify_one();
        }
        woken.len()
    }
}

impl Puller {
    fn mark_seen(&self, now: DateTime<Utc>) {
        self.seen_at.store(now.timestamp_micros(), Ordering::Relaxed);
    }
}

impl Engine {
    /// Takes attempts one at a time and executes them, until execution ends.
    pub(super) async fn pull(self: Arc<Self>, number: usize) {
        let crew = self.pullers.crew.get().expect("the start creates the pullers");
        let puller = &crew.pullers[number];
        loop {
            self.drain(crew, puller).await;
            if self.pullers.rest(number) {
                tokio::select! {
                    () = puller.wake.notified() => {}
                    () = self.executing.cancelled() => return,
                }
            }
        }
    }

    /// Spawns a helper unless one is on its way, and returns whether it did.
    pub(super) fn spawn_helper(self: &Arc<Self>) -> bool {
        let Some(runtime) = self.runtime.get() else { return false };
        let is_coming = self.pullers.is_help_coming.swap(true, Ordering::AcqRel);
        if !is_coming {
            self.tasks.spawn_on(self.watched("a puller", Arc::clone(self).help()), runtime);
        }
        !is_coming
    }

    /// Works like a puller until nothing is left.
    async fn help(self: Arc<Self>) {
        self.pullers.is_help_coming.store(false, Ordering::Release);
        if let Some(crew) = self.pullers.crew.get() {
            self.drain(crew, &Puller::default()).await;
        }
    }

    /// Executes attempts until no more wait.
    async fn drain(self: &Arc<Self>, crew: &Crew, puller: &Puller) {
        let mut lateness = Durations::default();
        let mut since = self.clock.now();
        puller.mark_seen(since);
        if self.pass_on(since) {
            // It was woken for what a stuck puller had collected.
            crew.give_way().await;
        }
        // One attempt ends when the next one begins: the time is read once.
        let mut now = Some(since);
        while let Some(attempt) = self.pullers.next() {
            let begins_at = now.unwrap_or_else(|| self.clock.now());
            puller.mark_seen(begins_at);
            now = self.execute(attempt, begins_at, &mut lateness);
            let is_long = now.unwrap_or(begins_at) - since > LONG;
            // Functions that never wait would block the worker for good.
            if is_long || crew.is_eager || !has_budget_remaining() {
                self.meter.begun(&mut lateness);
                since = self.clock.now();
                puller.mark_seen(since);
                self.pass_on(since);
                crew.give_way().await;
                since = self.clock.now();
                now = Some(since);
            }
        }
        self.meter.begun(&mut lateness);
        self.pass_on(now.unwrap_or(since));
    }

    /// Spawns and wakes what attempts left behind; returns whether there was any.
    fn pass_on(self: &Arc<Self>, now: DateTime<Utc>) -> bool {
        let unspawned = self.pullers.unspawned();
        let is_any = !unspawned.is_empty();
        for task in unspawned {
            self.spawn_deferred(task);
        }
        self.notify_recorder(now) || is_any
    }

    pub(super) fn spawn_deferred(self: &Arc<Self>, left: Unspawned) {
        if let Some(run) = left.run {
            self.announce_start(run);
        }
        self.tasks.spawn(self.watched("an attempt's task", left.task));
    }
}
