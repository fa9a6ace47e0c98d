//! What a job is at: its open fires.

mod requests;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::lock;
use super::open::{Open, OpenState};
use crate::job::{Doing, Entry, RunId};
use crate::registry::JobContext;

/// The open fires of a job: those under way, those that wait for a retry, and
/// those that a caller asked for.
///
/// Clones are one and the same. There is nothing to allocate for a job that only
/// waits for its first fire, and many do.
#[derive(Debug, Default)]
pub(crate) struct Activity(OnceLock<Arc<Mutex<State>>>);

impl Clone for Activity {
    fn clone(&self) -> Self {
        Self(OnceLock::from(Arc::clone(self.shared())))
    }
}

#[derive(Debug, Default)]
struct State {
    open: Vec<Open>,
    /// Whether no fire of the schedule is to come.
    is_over: bool,
    /// Whether the job is gone because it has ended.
    is_gone: bool,
    /// The fires that were claimed without a skip in between.
    row: Option<Row>,
    rare: Option<Box<Rare>>,
}

/// Fires that were claimed one after another.
#[derive(Debug, Clone, Copy)]
struct Row {
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    /// The fire that comes next.
    next: Option<DateTime<Utc>>,
}

/// What few jobs have.
#[derive(Debug, Default)]
struct Rare {
    /// The last instant that names a fire of its own.
    requested_at: Option<DateTime<Utc>>,
    /// The last fire that did not place its successor.
    unchained: Option<Unchained>,
    /// The run that the fire which is to come has waited for, and stands for others
    /// that came due during it.
    in_the_way: Option<RunId>,
    /// The fire that ended while the job was changed, and has no successor yet.
    ended: Option<Chained>,
    /// Threads that the next attempt waits for; each is cancelled at its end.
    threads: Vec<CancellationToken>,
}

/// A fire that places its successor when it has ended.
#[derive(Debug)]
pub(super) struct Chained {
    pub(super) entry: Entry,
    /// The first fire that it does not cover.
    pub(super) upcoming: Option<DateTime<Utc>>,
    /// When it was open.
    pub(super) open: Span,
}

/// A span of time, both ends included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
}

impl Span {
    pub(crate) fn contains(self, at: DateTime<Utc>) -> bool {
        self.from <= at && at <= self.until
    }
}

/// A fire that is over and did not place its successor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unchained {
    /// Its last attempt.
    pub(super) run: RunId,
    /// When it was open.
    pub(super) open: Span,
}

/// What is known of a fire that is claimed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// Whether it was open before: it was cut short, is tried again, or was
    /// asked for.
    pub(super) is_open: bool,
    /// The last fire that did not place its successor.
    pub(super) unchained: Option<Unchained>,
}

/// A waiting entry, adjusted to keep its remaining time after the clock was set
/// back `by` that much, to `now`.
pub(crate) fn set_back(entry: Entry, by: TimeDelta, now: DateTime<Utc>) -> Entry {
    let due_at = if entry.due_at > now { (entry.due_at - by).max(now) } else { entry.due_at };
    Entry { due_at, ..entry }
}

impl Activity {
    fn shared(&self) -> &Arc<Mutex<State>> {
        self.0.get_or_init(Arc::default)
    }

    /// What is known, to be changed.
    fn state(&self) -> MutexGuard<'_, State> {
        lock(self.shared())
    }

    /// What is known, if there is anything.
    fn known_state(&self) -> Option<MutexGuard<'_, State>> {
        self.0.get().map(|state| lock(state))
    }

    fn any_open(&self, is_meant: impl Fn(&Open) -> bool) -> bool {
        self.known_state().is_some_and(|activity| activity.open.iter().any(is_meant))
    }

    /// Looks at each open fire.
    pub(super) fn visit(&self, look: impl FnMut(&Open)) {
        if let Some(activity) = self.known_state() {
            activity.open.iter().for_each(look);
        }
    }

    fn collect<T>(&self, of_open: impl FnMut(&Open) -> Option<T>) -> Vec<T> {
        self.known_state()
            .map_or_else(Vec::new, |activity| activity.open.iter().filter_map(of_open).collect())
    }

    /// An attempt begins. Returns whether its fire places its successor, as a
    /// fire of the schedule does that was not open before.
    pub(super) fn begin(&self, context: JobContext, now: DateTime<Utc>) -> bool {
        let run = context.run_id();
        let is_scheduled = run.trigger.is_of_schedule();
        self.put(run, now, is_scheduled, OpenState::Running(context, now))
    }

    /// A fire waits: for its next attempt, or to be run at all.
    pub(crate) fn wait(&self, entry: Entry, now: DateTime<Utc>) {
        // One that is not known was open when the last process ended, and the
        // start has placed the next one.
        self.put(entry.run_id(), now, false, OpenState::Waiting(Box::new(entry)));
    }

    fn put(&self, run: RunId, now: DateTime<Utc>, places_successor: bool, state: OpenState) -> bool {
        let mut activity = self.state();
        if let Some(open) = activity.open.iter_mut().find(|open| open.is(run)) {
            open.state = state;
            open.retry = None;
            return open.places_successor;
        }
        let RunId { trigger, scheduled_for, .. } = run;
        // Nearly always one: do not make room for four.
        activity.open.reserve_exact(1);
        activity.open.push(Open { trigger, scheduled_for, since: now, places_successor, state, retry: None });
        places_successor
    }

    /// A change of the job places its next fire: the fires that it accounts
    /// for do not.
    pub(super) fn hand_over(&self, is_accounted_for: impl Fn(DateTime<Utc>) -> bool) {
        let Some(mut activity) = self.known_state() else { return };
        for open in &mut activity.open {
            open.places_successor &= !is_accounted_for(open.scheduled_for);
        }
        if let Some(rare) = &mut activity.rare
            && let Some(ended) = rare.ended.take_if(|ended| is_accounted_for(ended.entry.scheduled_for))
        {
            rare.unchained = Some(Unchained { run: ended.entry.run_id(), open: ended.open });
        }
    }

    /// A fire is gone, as if it had never been.
    pub(crate) fn end(&self, run: RunId) {
        self.state().open.retain(|open| !open.is(run));
    }

    /// A fire is over. If it places its successor, answers when it was open; if
    /// not, a fire that came due meanwhile looks at [`unchained`](Known::unchained).
    pub(super) fn conclude(&self, run: RunId, until: DateTime<Utc>) -> Option<Span> {
        let mut activity = self.state();
        let at = activity.open.iter().position(|open| open.is(run))?;
        let Open { since, places_successor, .. } = activity.open.swap_remove(at);
        let open = Span { from: since, until };
        if places_successor {
            return Some(open);
        }
        activity.rare.get_or_insert_default().unchained = Some(Unchained { run, open });
        None
    }

    /// A fire has ended while the job is changed. Either the change places the next
    /// one, or the successor is placed when it is over.
    pub(super) fn leave_successor(&self, ended: Chained) {
        self.state().rare.get_or_insert_default().ended = Some(ended);
    }

    /// The fire that comes next has waited for this run, and so have those that it
    /// stands for.
    pub(super) fn note_in_the_way(&self, run: RunId) {
        self.state().rare.get_or_insert_default().in_the_way = Some(run);
    }

    /// The run that the next fire has waited for, and those that it stands for.
    pub(super) fn in_the_way(&self) -> Option<RunId> {
        self.known_state()?.rare.as_ref()?.in_the_way
    }

    /// The fire that ended while the job was changed, if it has no successor yet.
    pub(super) fn without_successor(&self) -> Option<Chained> {
        self.known_state()?.rare.as_mut()?.ended.take()
    }

    /// A fire of the schedule was claimed, and `next` is the one after it.
    pub(super) fn claimed(&self, fire: DateTime<Utc>, next: Option<DateTime<Utc>>) {
        let mut activity = self.state();
        let first = match activity.row {
            Some(row) if row.next == Some(fire) => row.first,
            Some(_) | None => fire,
        };
        activity.row = Some(Row { first, last: fire, next });
    }

    /// The first and the last of the fires that were claimed without a skip in
    /// between, up to now.
    pub(crate) fn in_a_row(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        self.known_state()?.row.map(|row| (row.first, row.last))
    }

    /// Adjusts open fires after the clock was set back to `now`: the instants
    /// since when they are open move back `by` that much, and due times of those
    /// that wait by `waiting`.
    pub(super) fn set_back(&self, by: TimeDelta, waiting: TimeDelta, now: DateTime<Utc>) {
        let Some(mut activity) = self.known_state() else { return };
        for open in &mut activity.open {
            open.since -= by;
            match &mut open.state {
                OpenState::Running(_, since) => *since -= by,
                OpenState::Waiting(entry) => **entry = set_back(Entry::clone(entry), waiting, now),
            }
        }
        if let Some(unchained) = activity.rare.as_mut().and_then(|rare| rare.unchained.as_mut()) {
            let Span { from, until } = unchained.open;
            unchained.open = Span { from: from - by, until: until - by };
        }
    }

    /// Whether a fire is open and waits, with all its attempts so far recorded.
    pub(crate) fn is_waiting(&self, run: RunId) -> bool {
        self.any_open(|open| open.is(run) && !open.is_running())
    }

    /// What is known when a fire is claimed.
    pub(super) fn known(&self, run: RunId) -> Known {
        let activity = self.state();
        let open = activity.open.iter().find(|open| open.is(run));
        Known { is_open: open.is_some(), unchained: activity.rare.as_ref().and_then(|rare| rare.unchained) }
    }

    /// The fires that wait.
    pub(crate) fn waiting(&self) -> Vec<Entry> {
        let waiting = |open: &Open| match &open.state {
            OpenState::Waiting(entry) => Some(Entry::clone(entry)),
            OpenState::Running(..) => None,
        };
        self.collect(waiting)
    }

    /// Remembers a retry that comes when the previous attempt's thread has ended.
    pub(super) fn hold_retry(&self, retry: &Entry) {
        if let Some(open) = self.state().open.iter_mut().find(|open| open.is(retry.run_id())) {
            open.retry = Some(Box::new(retry.clone()));
        }
    }

    /// The attempts of open fires that have not begun: waiting fires and held retries.
    pub(crate) fn not_begun(&self) -> Vec<Entry> {
        let held = self.collect(|open| open.retry.as_deref().cloned());
        [self.waiting(), held].concat()
    }

    /// What the job does at the moment.
    pub(crate) fn doing(&self) -> Doing {
        let Some(activity) = self.known_state() else { return Doing::Nothing };
        if activity.open.iter().any(Open::is_running) {
            Doing::Running
        } else if activity.open.is_empty() {
            Doing::Nothing
        } else {
            Doing::Waiting
        }
    }

    /// The contexts of the attempts that are under way.
    pub(crate) fn running(&self) -> Vec<JobContext> {
        self.running_since().into_iter().map(|(context, _)| context).collect()
    }

    /// The contexts of the attempts that are under way, and since when.
    pub(super) fn running_since(&self) -> Vec<(JobContext, DateTime<Utc>)> {
        let running = |open: &Open| match &open.state {
            OpenState::Running(context, since) => Some((context.clone(), *since)),
            OpenState::Waiting(_) => None,
        };
        self.collect(running)
    }

    /// Whether an attempt is under way.
    pub(crate) fn is_running(&self) -> bool {
        self.any_open(Open::is_running)
    }

    /// A blocking attempt needs a thread of its own once those before it have
    /// ended, which are answered; it has ended when the guard is dropped.
    pub(super) fn hold_thread(&self) -> (Vec<CancellationToken>, DropGuard) {
        let own = CancellationToken::new();
        let mut activity = self.state();
        let threads = &mut activity.rare.get_or_insert_default().threads;
        threads.retain(|thread| !thread.is_cancelled());
        let before = threads.clone();
        threads.push(own.clone());
        (before, own.drop_guard())
    }

    /// The schedule has no fire to come.
    pub(crate) fn set_over(&self, is_over: bool) {
        // Of one of which nothing is known there is.
        if is_over || self.0.get().is_some() {
            self.state().is_over = is_over;
        }
    }

    /// Whether nothing is open, and nothing to come. From then on nothing can
    /// be asked for.
    pub(super) fn ends(&self) -> bool {
        let Some(mut activity) = self.known_state() else { return false };
        let has_successor = activity.rare.as_ref().is_none_or(|rare| rare.ended.is_none());
        activity.is_gone |= activity.is_over && activity.open.is_empty() && has_successor;
        activity.is_gone
    }

    /// Whether the job has [ended](Self::ends).
    pub(crate) fn is_gone(&self) -> bool {
        self.known_state().is_some_and(|activity| activity.is_gone)
    }
}
