//! What a job is at: its open fires.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};

use super::lock;
use crate::job::{Entry, RunId, Trigger};
use crate::registry::JobContext;

/// The open fires of a job: those under way, those that wait for a retry, and
/// those that a caller asked for.
#[derive(Debug, Default)]
pub(crate) struct Activity(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    open: Vec<Open>,
    /// Whether no fire of the schedule is to come.
    is_over: bool,
    rare: Option<Box<Rare>>,
}

/// What few jobs have.
#[derive(Debug, Default, Clone, Copy)]
struct Rare {
    /// The last instant that names a fire of its own.
    requested_at: Option<DateTime<Utc>>,
    /// When the last fire was open that did not see to its successor.
    aside: Option<Span>,
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

#[derive(Debug)]
struct Open {
    trigger: Trigger,
    scheduled_for: DateTime<Utc>,
    /// When its first attempt was claimed.
    since: DateTime<Utc>,
    /// Whether the job's next fire was put into the queue beside it.
    is_aside: bool,
    state: OpenState,
}

#[derive(Debug)]
enum OpenState {
    Running(JobContext),
    Waiting(Box<Entry>),
}

impl Open {
    fn is(&self, run: RunId) -> bool {
        self.scheduled_for == run.scheduled_for && self.trigger == run.trigger
    }

    fn is_running(&self) -> bool {
        matches!(self.state, OpenState::Running(_))
    }
}

impl Activity {
    /// An attempt begins.
    pub(super) fn begin(&self, context: JobContext, now: DateTime<Utc>) {
        self.put(context.run_id(), now, OpenState::Running(context));
    }

    /// A fire waits: for its next attempt, or to be run at all.
    pub(crate) fn wait(&self, entry: Entry, now: DateTime<Utc>) {
        self.put(entry.run_id(), now, OpenState::Waiting(Box::new(entry)));
    }

    fn put(&self, run: RunId, now: DateTime<Utc>, state: OpenState) {
        let mut activity = lock(&self.0);
        if let Some(open) = activity.open.iter_mut().find(|open| open.is(run)) {
            open.state = state;
        } else {
            let RunId { trigger, scheduled_for, .. } = run;
            // Nearly always one: do not make room for four.
            activity.open.reserve_exact(1);
            let is_aside = matches!(trigger, Trigger::Manual | Trigger::Retry);
            activity.open.push(Open { trigger, scheduled_for, since: now, is_aside, state });
        }
    }

    /// A fire is over. Answers since when it was open.
    pub(crate) fn end(&self, run: RunId) -> Option<DateTime<Utc>> {
        let mut activity = lock(&self.0);
        let at = activity.open.iter().position(|open| open.is(run))?;
        Some(activity.open.swap_remove(at).since)
    }

    /// The next fire goes into the queue: those that are open do not see to it.
    pub(super) fn set_aside(&self) {
        lock(&self.0).open.iter_mut().for_each(|open| open.is_aside = true);
    }

    /// Whether a fire is open that sees to its successor.
    pub(super) fn is_in_charge(&self, run: RunId) -> bool {
        lock(&self.0).open.iter().any(|open| open.is(run) && !open.is_aside)
    }

    /// Whether a fire is open.
    pub(super) fn is_open(&self, run: RunId) -> bool {
        lock(&self.0).open.iter().any(|open| open.is(run))
    }

    /// A fire is over that does not see to its successor: a fire that came due
    /// meanwhile looks at this.
    pub(super) fn end_aside(&self, run: RunId, until: DateTime<Utc>) {
        if let Some(from) = self.end(run) {
            let mut activity = lock(&self.0);
            activity.rare.get_or_insert_default().aside = Some(Span { from, until });
        }
    }

    /// When the last fire was open that did not see to its successor.
    pub(super) fn aside(&self) -> Option<Span> {
        lock(&self.0).rare.as_ref()?.aside
    }

    /// Reserves a fire of its own, if `may_begin` says so of whether one is
    /// under way or asked for. Each gets an instant that no other has.
    pub(crate) fn request(
        &self,
        now: DateTime<Utc>,
        may_begin: impl FnOnce(bool) -> bool,
        entry: impl FnOnce(DateTime<Utc>) -> Entry,
    ) -> Option<Entry> {
        let mut activity = lock(&self.0);
        let is_own = |open: &Open| matches!(open.trigger, Trigger::Manual | Trigger::Retry);
        let is_busy = activity.open.iter().any(|open| open.is_running() || is_own(open));
        if !may_begin(is_busy) {
            return None;
        }
        let rare = activity.rare.get_or_insert_default();
        let after_last = rare.requested_at.map(|last| last + TimeDelta::microseconds(1));
        let at = after_last.map_or(now, |after_last| after_last.max(now));
        rare.requested_at = Some(at);
        // The instant is a name: it is due now, also if that was taken.
        let entry = Entry { due_at: now, ..entry(at) };
        let state = OpenState::Waiting(Box::new(entry.clone()));
        let Entry { trigger, .. } = entry;
        activity.open.push(Open { trigger, scheduled_for: at, since: now, is_aside: true, state });
        Some(entry)
    }

    /// The fires that wait.
    pub(crate) fn waiting(&self) -> Vec<Entry> {
        let waiting = |open: &Open| match &open.state {
            OpenState::Waiting(entry) => Some(Entry::clone(entry)),
            OpenState::Running(_) => None,
        };
        lock(&self.0).open.iter().filter_map(waiting).collect()
    }

    /// The contexts of the attempts that are under way.
    pub(crate) fn running(&self) -> Vec<JobContext> {
        let running = |open: &Open| match &open.state {
            OpenState::Running(context) => Some(context.clone()),
            OpenState::Waiting(_) => None,
        };
        lock(&self.0).open.iter().filter_map(running).collect()
    }

    /// Whether an attempt is under way.
    pub(crate) fn is_running(&self) -> bool {
        lock(&self.0).open.iter().any(Open::is_running)
    }

    /// The schedule has no fire to come.
    pub(crate) fn set_over(&self, is_over: bool) {
        lock(&self.0).is_over = is_over;
    }

    /// Whether nothing is open, and nothing to come.
    pub(super) fn has_ended(&self) -> bool {
        let activity = lock(&self.0);
        activity.is_over && activity.open.is_empty()
    }
}
