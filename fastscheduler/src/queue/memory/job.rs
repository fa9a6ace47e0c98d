//! What the queue knows of one job.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use super::claim::{Lease, LiveClaim, Place};
use super::node::Micros;
use crate::job::{Entry, EntryKind, Lane};

/// The entries and claims of one job, and what it refuses.
///
/// Nearly always a job has one entry that waits for its time, or one claim:
/// that one is held in place, and the rest is elsewhere.
#[derive(Debug, Default)]
pub(super) struct JobState {
    /// The highest revision seen.
    pub(super) revision: u64,
    /// The greatest `covers_until` of a `Next` claimed at this revision.
    frontier: Option<DateTime<Utc>>,
    /// Whether a caller named the revision, and it must be kept.
    is_told: bool,
    is_next_parked: bool,
    held: Held,
    more: Option<Box<More>>,
}

/// The one `Next`, or else one of the claims.
#[derive(Debug, Default)]
enum Held {
    #[default]
    Nothing,
    /// Neither entry nor claim since then, and no word of what is next.
    Ended(Micros),
    Next {
        number: u64,
        entry: Entry,
    },
    Claim(LiveClaim),
}

/// What few jobs have.
#[derive(Debug, Default)]
struct More {
    /// Entries other than the `Next`, by their numbers.
    waiting: VecDeque<Waiting>,
    /// How many of them wait for their next attempt.
    retries: usize,
    /// Claims other than the one that is held in place.
    claims: Vec<LiveClaim>,
    /// Whether any of these is parked.
    is_parked: bool,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    is_parked: bool,
    entry: Entry,
}

/// How many nodes went stale, by lane.
pub(super) type Dropped = [usize; 2];

impl JobState {
    /// Whether an entry is to be added, and what it takes the place of is gone.
    pub(super) fn admit(&mut self, entry: &Entry) -> Option<Dropped> {
        if entry.revision < self.revision {
            return None;
        }
        self.see(entry.revision);
        if self.claims().any(|claim| claim.is_of(entry)) {
            return None;
        }
        let is_next = entry.kind == EntryKind::Next;
        if is_next && self.frontier.is_some_and(|frontier| entry.covers_until <= frontier) {
            return None;
        }
        if let Held::Next { entry: pending, .. } = &self.held {
            let is_newer = entry.revision > pending.revision;
            let is_kept = if is_next {
                !is_newer && entry.covers_until <= pending.covers_until
            } else {
                !is_newer && pending.is_same_fire(entry)
            };
            if is_kept {
                return None;
            }
        }
        let mut dropped = Dropped::default();
        if let Some(more) = &mut self.more
            && let Some(index) = more.waiting.iter().position(|waiting| waiting.entry.is_same_fire(entry))
        {
            if entry.revision <= more.waiting[index].entry.revision {
                return None;
            }
            more.take_waiting(index).count_in(&mut dropped);
        }
        if let Held::Next { entry: pending, .. } = &self.held
            && (is_next || pending.is_same_fire(entry))
        {
            self.drop_next(&mut dropped);
        }
        Some(dropped)
    }

    /// Adds an entry that was [admitted](Self::admit).
    pub(super) fn insert(&mut self, entry: Entry, number: u64) {
        if entry.kind == EntryKind::Next {
            self.is_told = false;
            let held = std::mem::replace(&mut self.held, Held::Next { number, entry });
            if let Held::Claim(claim) = held {
                self.more().claims.push(claim);
            }
            return;
        }
        if let Held::Ended(_) = self.held {
            self.held = Held::Nothing;
        }
        let more = self.more();
        more.retries += usize::from(entry.kind == EntryKind::Fire);
        if more.waiting.is_empty() {
            more.waiting.reserve_exact(1);
        }
        more.waiting.push_back(Waiting { number, is_parked: false, entry });
    }

    /// The entry or the ended claim whose node has that number, and whether it
    /// must wait for the job's own fires.
    pub(super) fn find(&self, number: u64) -> Option<(&Entry, bool)> {
        if let Held::Next { number: held, entry } = &self.held
            && *held == number
        {
            let is_open = self.more.as_ref().is_some_and(|more| !more.claims.is_empty() || more.retries > 0);
            return (!self.is_next_parked).then_some((entry, entry.is_exclusive && is_open));
        }
        if let Some(more) = &self.more
            && let Some(index) = more.position(number)
        {
            let Waiting { entry, is_parked, .. } = &more.waiting[index];
            return (!is_parked).then_some((entry, entry.is_exclusive && self.claim_count() > 0));
        }
        let lease = self.leases().find(|lease| lease.number == number && lease.place == Place::Line)?;
        Some((&lease.entry, lease.entry.is_exclusive && self.claim_count() > 1))
    }

    /// Whether a claim's lease has that number and has not ended.
    pub(super) fn has_lease(&self, number: u64) -> bool {
        self.leases().any(|lease| lease.number == number && lease.place == Place::Leases)
    }

    /// Sets aside what must wait for the job's own fires; its node is gone.
    pub(super) fn park(&mut self, number: u64) {
        if let Held::Next { number: held, .. } = self.held
            && held == number
        {
            self.is_next_parked = true;
            return;
        }
        let more = self.more();
        more.is_parked = true;
        if let Some(index) = more.position(number) {
            more.waiting[index].is_parked = true;
        } else if let Some(lease) = self.leases_mut().find(|lease| lease.number == number) {
            lease.place = Place::Parked;
        }
    }

    pub(super) fn has_parked(&self) -> bool {
        self.is_next_parked || self.more.as_ref().is_some_and(|more| more.is_parked)
    }

    /// Puts back what need not wait any longer.
    pub(super) fn unpark(&mut self, mut put_back: impl FnMut(Lane, Micros, u64)) {
        let claims = self.claim_count();
        if self.is_next_parked
            && let Held::Next { number, entry } = &self.held
            && claims == 0
            && self.more.as_ref().is_none_or(|more| more.retries == 0)
        {
            self.is_next_parked = false;
            put_back(entry.lane, entry.due_at.timestamp_micros(), *number);
        }
        if !self.more.as_ref().is_some_and(|more| more.is_parked) {
            return;
        }
        let mut is_parked = false;
        for lease in self.leases_mut().filter(|lease| lease.place == Place::Parked) {
            if claims == 1 {
                lease.place = Place::Line;
                put_back(lease.entry.lane, lease.ends, lease.number);
            } else {
                is_parked = true;
            }
        }
        let more = self.more();
        for waiting in more.waiting.iter_mut().filter(|waiting| waiting.is_parked) {
            if claims == 0 {
                waiting.is_parked = false;
                put_back(waiting.entry.lane, waiting.entry.due_at.timestamp_micros(), waiting.number);
            } else {
                is_parked = true;
            }
        }
        more.is_parked = is_parked;
    }

    /// A lease has ended: where it is to be put in line.
    pub(super) fn end_lease(&mut self, number: u64) -> Option<Lane> {
        let lease = self.leases_mut().find(|lease| lease.number == number)?;
        lease.place = Place::Line;
        Some(lease.entry.lane)
    }

    /// Claims what [`find`](Self::find) found.
    pub(super) fn claim(&mut self, number: u64, fence: u64, lease: Option<(Micros, u64)>) -> Option<Entry> {
        let mut entry = self.take(number)?;
        entry.kind = EntryKind::Fire;
        let claim = LiveClaim::new(&entry, fence, lease);
        if let Held::Next { .. } | Held::Claim(_) = self.held {
            self.more().claims.push(claim);
        } else {
            self.held = Held::Claim(claim);
        }
        Some(entry)
    }

    fn take(&mut self, number: u64) -> Option<Entry> {
        if matches!(&self.held, Held::Next { number: held, .. } if *held == number) {
            let Held::Next { entry, .. } = std::mem::take(&mut self.held) else { return None };
            if entry.revision == self.revision {
                self.frontier = self.frontier.max(Some(entry.covers_until));
            }
            return Some(entry);
        }
        if let Some(more) = &mut self.more
            && let Some(index) = more.position(number)
        {
            return Some(more.take_waiting(index).entry);
        }
        let fence = self.claims().find(|claim| claim.lease_number() == Some(number))?.fence();
        let lease = self.release(fence)?.lease?;
        let mut entry = lease.entry;
        entry.due_at = DateTime::from_timestamp_micros(lease.ends).unwrap_or(entry.due_at);
        entry.attempt = entry.attempt.saturating_add(1);
        entry.crashes = entry.crashes.saturating_add(1);
        Some(entry)
    }

    /// Ends a claim, if its fence is not stale.
    pub(super) fn release(&mut self, fence: u64) -> Option<LiveClaim> {
        if matches!(&self.held, Held::Claim(claim) if claim.fence() == fence) {
            let Held::Claim(claim) = std::mem::take(&mut self.held) else { return None };
            return Some(claim);
        }
        let claims = &mut self.more.as_mut()?.claims;
        let index = claims.iter().position(|claim| claim.fence() == fence)?;
        Some(claims.swap_remove(index))
    }

    /// The claim of that fence, if it is not stale.
    pub(super) fn live_claim(&mut self, fence: u64) -> Option<&mut LiveClaim> {
        self.claims_mut().find(|claim| claim.fence() == fence)
    }

    /// Drops the entries of older revisions and refuses them from now on.
    pub(super) fn remove(&mut self, revision: u64) -> Dropped {
        self.see(revision);
        self.is_told = true;
        let mut dropped = Dropped::default();
        if matches!(&self.held, Held::Next { entry, .. } if entry.revision < revision) {
            self.drop_next(&mut dropped);
        }
        if let Some(more) = &mut self.more {
            for index in (0..more.waiting.len()).rev() {
                if more.waiting[index].entry.revision < revision {
                    more.take_waiting(index).count_in(&mut dropped);
                }
            }
        }
        dropped
    }

    /// Whether it has neither entries nor claims; memory for many goes back.
    pub(super) fn is_idle(&mut self) -> bool {
        if self.more.as_ref().is_some_and(|more| more.waiting.is_empty() && more.claims.is_empty()) {
            self.more = None;
        }
        self.more.is_none() && matches!(self.held, Held::Nothing | Held::Ended(_))
    }

    /// Whether there is nothing to refuse but the fires that it had.
    pub(super) fn end(&mut self, at: Micros) -> bool {
        if self.is_told {
            return false;
        }
        self.held = Held::Ended(at);
        true
    }

    pub(super) fn has_ended(&self, at: Micros) -> bool {
        !self.is_told && self.more.is_none() && matches!(self.held, Held::Ended(ended) if ended == at)
    }

    fn see(&mut self, revision: u64) {
        if revision > self.revision {
            self.revision = revision;
            self.frontier = None;
        }
    }

    fn drop_next(&mut self, dropped: &mut Dropped) {
        if let Held::Next { entry, .. } = std::mem::take(&mut self.held)
            && !std::mem::take(&mut self.is_next_parked)
        {
            dropped[entry.lane as usize] += 1;
        }
    }

    fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    fn claim_count(&self) -> usize {
        usize::from(matches!(self.held, Held::Claim(_)))
            + self.more.as_ref().map_or(0, |more| more.claims.len())
    }

    fn claims(&self) -> impl Iterator<Item = &LiveClaim> {
        let held = if let Held::Claim(claim) = &self.held { Some(claim) } else { None };
        held.into_iter().chain(self.more.iter().flat_map(|more| &more.claims))
    }

    fn claims_mut(&mut self) -> impl Iterator<Item = &mut LiveClaim> {
        let held = if let Held::Claim(claim) = &mut self.held { Some(claim) } else { None };
        held.into_iter().chain(self.more.iter_mut().flat_map(|more| &mut more.claims))
    }

    fn leases(&self) -> impl Iterator<Item = &Lease> {
        self.claims().filter_map(|claim| claim.lease.as_deref())
    }

    fn leases_mut(&mut self) -> impl Iterator<Item = &mut Lease> {
        self.claims_mut().filter_map(|claim| claim.lease.as_deref_mut())
    }
}

impl More {
    fn position(&self, number: u64) -> Option<usize> {
        self.waiting.binary_search_by_key(&number, |waiting| waiting.number).ok()
    }

    fn take_waiting(&mut self, index: usize) -> Waiting {
        let waiting = self.waiting.remove(index).expect("the index was just found");
        self.retries -= usize::from(waiting.entry.kind == EntryKind::Fire);
        waiting
    }
}

impl Waiting {
    fn count_in(&self, dropped: &mut Dropped) {
        dropped[self.entry.lane as usize] += usize::from(!self.is_parked);
    }
}
