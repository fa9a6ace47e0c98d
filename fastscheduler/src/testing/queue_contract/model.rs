//! A plain model of a queue: slow, and easy to see through.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::entries::brief;
use crate::job::{Entry, EntryKind, JobId};
use crate::queue::{Claim, Claimer, Settlement};

/// What a queue is to hold and to refuse.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) pending: Vec<Pending>,
    pub(super) claims: Vec<Held>,
    known: BTreeMap<JobId, Known>,
    pushes: u64,
}

/// An entry that waits.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) entry: Entry,
    /// In which order it was pushed.
    order: u64,
}

/// A claim that was neither settled nor taken over.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) claim: Claim,
    pub(super) ends: Option<DateTime<Utc>>,
}

#[derive(Debug, Default)]
struct Known {
    revision: u64,
    frontier: Option<DateTime<Utc>>,
    fence: u64,
}

/// What may be claimed: its place in the order, and the entry as it is then.
struct Candidate {
    due_at: DateTime<Utc>,
    /// `None` of a claim whose lease has ended: its place among equals is open.
    order: Option<u64>,
    entry: Entry,
}

impl Model {
    pub(super) fn revision(&self, job: JobId) -> u64 {
        self.known.get(&job).map_or(0, |known| known.revision)
    }

    pub(super) fn push(&mut self, entry: &Entry) {
        let known = self.known.entry(entry.job).or_default();
        if entry.revision < known.revision {
            return;
        }
        known.see(entry.revision);
        if self.claims.iter().any(|held| held.claim.entry.is_same_fire(entry)) {
            return;
        }
        let is_next = |entry: &Entry| entry.kind == EntryKind::Next;
        if is_next(entry) && known.frontier.is_some_and(|frontier| entry.covers_until <= frontier) {
            return;
        }
        let outweighs = |pending: &Entry| {
            let covers_more = entry.covers_until > pending.covers_until;
            entry.revision > pending.revision || is_next(entry) && is_next(pending) && covers_more
        };
        let in_the_way = |pending: &Entry| {
            pending.job == entry.job && (pending.is_same_fire(entry) || is_next(pending) && is_next(entry))
        };
        if self.pending.iter().any(|pending| in_the_way(&pending.entry) && !outweighs(&pending.entry)) {
            return;
        }
        self.pending.retain(|pending| !in_the_way(&pending.entry));
        self.pushes += 1;
        self.pending.push(Pending { entry: entry.clone(), order: self.pushes });
    }

    /// Takes over what a queue handed out, or says why it must not have.
    pub(super) fn claim(
        &mut self,
        claims: &[Claim],
        claimer: &Claimer,
        now: DateTime<Utc>,
    ) -> Result<(), String> {
        let mut room = [claimer.room_async, claimer.room_blocking];
        for claim in claims {
            let fire = brief(&claim.entry);
            let candidates = self.candidates(claimer, room, now);
            let chosen = candidates
                .iter()
                .find(|candidate| candidate.entry.is_same_fire(&claim.entry))
                .ok_or_else(|| format!("`{fire}` was handed out and may not be"))?;
            if chosen.entry != claim.entry {
                return Err(format!(
                    "handed out was `{:?}`\nand not          `{:?}`",
                    claim.entry, chosen.entry
                ));
            }
            if let Some(first) = candidates.iter().find(|candidate| candidate.comes_before(chosen)) {
                return Err(format!("`{fire}` was handed out before `{}`", brief(&first.entry)));
            }
            let known = self.known.entry(claim.entry.job).or_default();
            if claim.fence <= known.fence {
                return Err(format!("`{fire}` has the fence {} after {}", claim.fence, known.fence));
            }
            known.fence = claim.fence;
            room[claim.entry.lane as usize] -= 1;
            self.take(claim, claimer, now);
        }
        match self.candidates(claimer, room, now).first() {
            None => Ok(()),
            Some(left) => Err(format!("`{}` was not handed out", brief(&left.entry))),
        }
    }

    /// Whether somebody with all functions and room would be given something.
    pub(super) fn has_claimable(&self, claimer: &Claimer, now: DateTime<Utc>) -> bool {
        !self.candidates(claimer, [1, 1], now).is_empty()
    }

    pub(super) fn settle(&mut self, settlement: &Settlement) {
        let Some(index) = self.position(&settlement.claim) else { return };
        self.claims.remove(index);
        if let Some(next) = &settlement.next {
            self.push(next);
        }
    }

    pub(super) fn renew(&mut self, claim: &Claim, ends: Option<DateTime<Utc>>) -> bool {
        let Some(index) = self.position(claim) else { return false };
        self.claims[index].ends = ends;
        true
    }

    pub(super) fn remove(&mut self, job: JobId, revision: u64) {
        self.known.entry(job).or_default().see(revision);
        self.pending.retain(|pending| pending.entry.job != job || pending.entry.revision >= revision);
    }

    pub(super) fn next_due(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let due = self.pending.iter().map(|pending| pending.entry.due_at);
        let ends = self.claims.iter().filter_map(|held| held.ends);
        due.chain(ends).filter(|at| *at > after).min()
    }

    fn candidates(&self, claimer: &Claimer, room: [usize; 2], now: DateTime<Utc>) -> Vec<Candidate> {
        let others = |entry: &Entry| {
            let of_job = self.claims.iter().filter(|held| held.claim.entry.job == entry.job);
            of_job.filter(|held| !held.claim.entry.is_same_fire(entry)).count()
        };
        let has_retry = |entry: &Entry| {
            let of_job = self.pending.iter().filter(|pending| pending.entry.job == entry.job);
            of_job.filter(|pending| pending.entry.kind == EntryKind::Fire).count() > 0
        };
        let may_go = |entry: &Entry| {
            room[entry.lane as usize] > 0
                && claimer.functions.contains(&entry.function)
                && !(entry.is_exclusive && others(entry) > 0)
                && !(entry.is_exclusive && entry.kind == EntryKind::Next && has_retry(entry))
        };
        let pending = self.pending.iter().filter(|pending| may_go(&pending.entry)).map(|pending| Candidate {
            due_at: pending.entry.due_at,
            order: Some(pending.order),
            entry: Entry { kind: EntryKind::Fire, ..pending.entry.clone() },
        });
        let held = self.claims.iter().filter(|held| may_go(&held.claim.entry));
        let ended = held.filter_map(|held| {
            let entry = held.claim.entry.clone();
            let due_at = held.ends?;
            let entry = Entry { due_at, attempt: entry.attempt + 1, crashes: entry.crashes + 1, ..entry };
            Some(Candidate { due_at, order: None, entry })
        });
        pending.chain(ended).filter(|candidate| candidate.due_at <= now).collect()
    }

    fn take(&mut self, claim: &Claim, claimer: &Claimer, now: DateTime<Utc>) {
        let ends = claimer.lease.map(|lease| now + lease);
        let held = Held { claim: claim.clone(), ends };
        let is_it = |entry: &Entry| entry.is_same_fire(&claim.entry);
        if let Some(taken) = self.claims.iter_mut().find(|held| is_it(&held.claim.entry)) {
            *taken = held;
            return;
        }
        if let Some(index) = self.pending.iter().position(|pending| is_it(&pending.entry)) {
            let entry = self.pending.remove(index).entry;
            let known = self.known.entry(entry.job).or_default();
            if entry.kind == EntryKind::Next && entry.revision == known.revision {
                known.frontier = known.frontier.max(Some(entry.covers_until));
            }
            self.claims.push(held);
        }
    }

    fn position(&self, claim: &Claim) -> Option<usize> {
        let is_it = |held: &Claim| held.entry.is_same_fire(&claim.entry) && held.fence == claim.fence;
        self.claims.iter().position(|held| is_it(&held.claim))
    }
}

impl Known {
    fn see(&mut self, revision: u64) {
        if revision > self.revision {
            self.revision = revision;
            self.frontier = None;
        }
    }
}

impl Candidate {
    fn comes_before(&self, other: &Self) -> bool {
        let is_pushed_before = matches!((self.order, other.order), (Some(one), Some(other)) if one < other);
        self.due_at < other.due_at || self.due_at == other.due_at && is_pushed_before
    }
}
