//! Which fire of a job comes next, and which ones are skipped.
//!
//! Pure: instants are given.

use chrono::{DateTime, TimeDelta, Utc};

use super::LiveJob;
use super::activity::Unchained;
use crate::job::{CatchUp, Entry, EntryKind, Overlap, RunId, SkipReason, Skipped, Trigger, spread};

/// A fire that is later than this, and not for want of a slot, was missed.
pub(super) const LATE: TimeDelta = TimeDelta::seconds(60);

/// The most fires that are made up for.
const CAUGHT_UP: usize = 100;

/// The least there is: from just before an instant.
const TICK: TimeDelta = TimeDelta::microseconds(1);

/// What follows on a fire: the entry that comes next, and fires that do not run.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct FollowUp {
    pub(crate) next: Option<Entry>,
    pub(crate) skipped: Option<Skipped>,
}

/// Fires of a job that are due, from the first to the last.
#[derive(Clone, Copy)]
struct Due {
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    /// Whether the last one was missed; if not, it is merely late, and runs. The
    /// others were missed in any case, since a later one is due.
    is_last_missed: bool,
}

impl Due {
    fn is_any_missed(self) -> bool {
        self.is_last_missed || self.first < self.last
    }
}

impl LiveJob {
    /// The first fire later than `after`, as an entry for the queue.
    pub(crate) fn fire_after(&self, after: DateTime<Utc>) -> Option<Entry> {
        self.schedule.next_after(after).map(|scheduled_for| self.fire(scheduled_for))
    }

    /// The fire that is due at `scheduled_for`, as an entry for the queue.
    pub(super) fn fire(&self, scheduled_for: DateTime<Utc>) -> Entry {
        self.entry(EntryKind::Next, Trigger::Schedule, scheduled_for, self.due_at(scheduled_for))
    }

    /// Whether a fire is due at that instant.
    pub(super) fn fires_at(&self, at: DateTime<Utc>) -> bool {
        self.schedule.next_after(at - TICK) == Some(at)
    }

    /// A fire of its own, at an instant that no other one has.
    pub(crate) fn own_fire(&self, trigger: Trigger, at: DateTime<Utc>) -> Entry {
        self.entry(EntryKind::Manual, trigger, at, at)
    }

    fn entry(
        &self,
        kind: EntryKind,
        trigger: Trigger,
        scheduled_for: DateTime<Utc>,
        due_at: DateTime<Utc>,
    ) -> Entry {
        Entry {
            kind,
            job: self.id,
            trigger,
            scheduled_for,
            due_at,
            attempt: 1,
            crashes: 0,
            covers_until: scheduled_for,
            catch_up_until: None,
            is_last_late: false,
            revision: self.revision,
            is_exclusive: self.is_exclusive(),
            lane: self.function.lane(),
            function: self.definition.function.clone(),
        }
    }

    /// A fire that was missed and is made up for, and with it those up to `until`.
    fn catch_up_fire(&self, scheduled_for: DateTime<Utc>, until: DateTime<Utc>, now: DateTime<Utc>) -> Entry {
        Entry {
            trigger: Trigger::CatchUp,
            due_at: now,
            catch_up_until: Some(until),
            // One after another, even where a later fire would cancel an earlier one.
            is_exclusive: self.overlap() != Overlap::Allow,
            ..self.fire(scheduled_for)
        }
    }

    /// The entry for the fires from `first` on, at the start of the scheduler:
    /// what was due before `now` was missed.
    pub(crate) fn place(&self, first: DateTime<Utc>, now: DateTime<Utc>) -> FollowUp {
        let Some(last) = self.last_due(first - TICK, now) else {
            return FollowUp { next: Some(self.fire(first)), skipped: None };
        };
        // A fire that is due at this very instant was not missed, unless earlier
        // ones were and are caught up with: then it counts as the latest of them.
        let is_latest = first < last && self.definition.policy.catch_up != CatchUp::None;
        self.make_up(Due { first, last, is_last_missed: is_latest || self.due_at(last) < now }, now)
    }

    /// What a fire that was just claimed turns into, if it does not run: it
    /// was missed, or it came due during a fire that did not see to this one.
    ///
    /// `upcoming` is the first fire that it does not cover. What was due before
    /// `late_before` is late for another reason than want of a slot. `unchained` is
    /// when a fire was open that did not see to its successor.
    pub(super) fn instead_of(
        &self,
        entry: &Entry,
        upcoming: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
        late_before: DateTime<Utc>,
        unchained: Option<Unchained>,
    ) -> Option<FollowUp> {
        let is_fresh =
            entry.trigger == Trigger::Schedule && entry.attempt == 1 && entry.catch_up_until.is_none();
        // The first fire that an overlap left waiting covers those after it.
        if !is_fresh || entry.covers_until > entry.scheduled_for {
            return None;
        }
        let first = entry.scheduled_for;
        if let Some(unchained) =
            unchained.filter(|unchained| self.is_exclusive() && unchained.open.contains(entry.due_at))
        {
            let last = self.last_due(first, unchained.open.until);
            return match (self.overlap(), last) {
                (Overlap::Queue, None) => None,
                // Several came due: the first runs and stands for all.
                (Overlap::Queue, Some(last)) => Some(self.queued(first, last, now)),
                _ => Some(self.overlapped(first, last.unwrap_or(first), unchained.run)),
            };
        }
        let later = upcoming.filter(|upcoming| *upcoming <= now).and_then(|_| self.last_due(first, now));
        let (last, last_due_at) = later.map_or((first, entry.due_at), |last| (last, self.due_at(last)));
        let due = Due { first, last, is_last_missed: last_due_at < late_before };
        if !due.is_any_missed() {
            return None;
        }
        let mut instead = self.make_up(due, now);
        if let Some(next) = instead.next.as_mut().filter(|next| next.scheduled_for == first) {
            // The claimed fire itself: the queue takes no `Next` twice.
            next.kind = EntryKind::Fire;
        }
        Some(instead)
    }

    /// What follows on an exclusive fire of the schedule that ended at `now`;
    /// `upcoming` is the first fire that it does not cover.
    pub(super) fn follow_up(
        &self,
        entry: &Entry,
        upcoming: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> FollowUp {
        let only = |next| FollowUp { next, skipped: None };
        if let Some(next) = self.rest_of_catch_up(entry, now) {
            return only(Some(next));
        }
        let Some(first) = upcoming else { return FollowUp::default() };
        let Some(last) =
            Some(first).filter(|first| *first <= now).and_then(|_| self.last_due(entry.covers_until, now))
        else {
            return only(Some(self.fire(first)));
        };
        match self.overlap() {
            Overlap::Skip => self.overlapped(first, last, entry.run_id()),
            Overlap::Queue => self.queued(first, last, now),
            // One that was caught up with keeps none waiting.
            Overlap::Allow | Overlap::Cancel => only(Some(self.fire(first))),
        }
    }

    /// The next of several fires that are made up for one after another.
    pub(super) fn rest_of_catch_up(&self, entry: &Entry, now: DateTime<Utc>) -> Option<Entry> {
        let until = entry.catch_up_until?;
        // The clock may have been set back since: what is not due any more comes later.
        let is_due = |next: &DateTime<Utc>| *next <= until && *next <= now;
        let next = self.schedule.next_after(entry.scheduled_for).filter(is_due)?;
        let is_late = entry.is_last_late && next == until;
        let trigger = if is_late { Trigger::Schedule } else { Trigger::CatchUp };
        let is_last_late = entry.is_last_late;
        Some(Entry { trigger, is_last_late, ..self.catch_up_fire(next, until, now) })
    }

    /// The fires from `first` to `until` do not run. There is at least one.
    pub(crate) fn skip(&self, reason: SkipReason, first: DateTime<Utc>, until: DateTime<Utc>) -> FollowUp {
        let skipped = self.range(reason, first, until);
        FollowUp { next: self.fire_after(skipped.last), skipped: Some(skipped) }
    }

    /// The same, since the job was still at an earlier run.
    fn overlapped(&self, first: DateTime<Utc>, until: DateTime<Utc>, in_the_way: RunId) -> FollowUp {
        let FollowUp { next, skipped } = self.skip(SkipReason::Overlap, first, until);
        let in_the_way = Some(in_the_way);
        FollowUp { next, skipped: skipped.map(|skipped| Skipped { in_the_way, ..skipped }) }
    }

    fn range(&self, reason: SkipReason, first: DateTime<Utc>, until: DateTime<Utc>) -> Skipped {
        Skipped::range(&self.schedule, reason, first, until)
    }

    /// The first of the fires that are due runs, and stands for the others.
    fn queued(&self, first: DateTime<Utc>, until: DateTime<Utc>, now: DateTime<Utc>) -> FollowUp {
        let covers_until = self.schedule.latest_at_or_before(until, first).unwrap_or(first);
        // The others are recorded when it begins: until then a change of the
        // job, or a crash, decides over all of them.
        FollowUp { next: Some(Entry { due_at: now, covers_until, ..self.fire(first) }), skipped: None }
    }

    /// The fires that this one stands for, besides its own.
    pub(super) fn stands_for(&self, entry: &Entry) -> Option<Skipped> {
        let others = self.schedule.next_after(entry.scheduled_for);
        let second = others.filter(|second| *second <= entry.covers_until)?;
        Some(self.range(SkipReason::Overlap, second, entry.covers_until))
    }

    /// Runs or skips the missed ones of these fires as the job's catch-up says;
    /// the last one runs if it is merely late.
    fn make_up(&self, due: Due, now: DateTime<Utc>) -> FollowUp {
        let Due { first, last, is_last_missed } = due;
        let last_missed = if is_last_missed { Some(last) } else { self.fire_before(last, first) };
        let Some(last_missed) = last_missed else {
            return FollowUp { next: Some(self.fire(last)), skipped: None };
        };
        let from = match self.definition.policy.catch_up {
            CatchUp::None if is_last_missed => return self.skip(SkipReason::CatchUp, first, last),
            CatchUp::None | CatchUp::Once => last,
            CatchUp::All => self.newest(first, last_missed),
        };
        let before = self.fire_before(from, first);
        let skipped = before.map(|before| self.range(SkipReason::CatchUp, first, before));
        let next = if from == last && !is_last_missed {
            self.fire(last)
        } else {
            Entry { is_last_late: !is_last_missed, ..self.catch_up_fire(from, last, now) }
        };
        FollowUp { next: Some(next), skipped }
    }

    /// The first of the newest hundred fires from `first` to `last`.
    fn newest(&self, first: DateTime<Utc>, last: DateTime<Utc>) -> DateTime<Utc> {
        let earlier = |fire: &DateTime<Utc>| self.fire_before(*fire, first);
        std::iter::successors(Some(last), earlier).take(CAUGHT_UP).last().unwrap_or(last)
    }

    /// The last fire before `fire`, not earlier than `first`.
    fn fire_before(&self, fire: DateTime<Utc>, first: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.schedule.latest_at_or_before(fire - TICK, first - TICK)
    }

    /// The last fire later than `after` that is due at `now`, jitter counted.
    fn last_due(&self, after: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let last = self.schedule.latest_at_or_before(now, after)?;
        if self.due_at(last) <= now {
            return Some(last);
        }
        self.schedule.latest_at_or_before(last - TICK, after)
    }

    /// How many fires from `first` on are due at `now`, counted up to `most`.
    pub(crate) fn due_from(&self, first: DateTime<Utc>, now: DateTime<Utc>, most: u64) -> u64 {
        let due = self.schedule.count_between(first - TICK, now, most);
        // Jitter ends before the next fire, so only the last one may be to come.
        due.map_or(0, |due| due.count - u64::from(self.due_at(due.last) > now))
    }

    /// When a fire may be claimed: with a delay that is the same whenever and
    /// wherever it is asked for, and ends before the next fire.
    pub(super) fn due_at(&self, scheduled_for: DateTime<Utc>) -> DateTime<Utc> {
        let micros = |length: std::time::Duration| u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
        let Some(limit) = self.definition.policy.jitter.map(micros) else { return scheduled_for };
        let until_next = self
            .schedule
            .next_after(scheduled_for)
            .map_or(u64::MAX, |next| (next - scheduled_for).to_std().map_or(u64::MAX, micros));
        let delay = spread(self.id, scheduled_for, 0) % limit.min(until_next).max(1);
        scheduled_for + TimeDelta::microseconds(i64::try_from(delay).unwrap_or(i64::MAX))
    }
}
