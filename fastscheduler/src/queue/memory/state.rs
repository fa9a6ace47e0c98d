//! Pushing, claiming and settling, under one lock.

use std::collections::VecDeque;
use std::time::Duration;

use super::claim::{Lease, Place};
use super::job::Dropped;
use super::jobs::Jobs;
use super::line::{Line, is_mostly_stale};
use super::node::{Micros, NEVER, Node, Slot};
use super::wheel::{Heap, Wheel};
use crate::job::{FunctionKey, JobId};
use crate::queue::{Claim, Claimer, Depth, Entry, Settlement};

/// For how long a job is remembered that ended without word of its removal.
const MEMORY_OF_THE_ENDED: Micros = 60_000_000;

/// How many of the last claims are found faster.
const RECENT: usize = 1024;

/// A claim's fence and job, and where the job is.
type Recent = Option<(u64, JobId, Slot)>;

/// Taken out of a line: what others lacked the function of and a claimer has.
type Lacked = Vec<(FunctionKey, Heap)>;

/// Where a node was found.
#[derive(Debug, Clone, Copy)]
enum Source {
    Wheel,
    /// In the heap of a function that an earlier claimer had not.
    Lacked(usize),
}

/// All that the queue knows.
#[derive(Debug)]
pub(super) struct State {
    jobs: Jobs,
    /// By lane.
    lines: [Line; 2],
    /// When leases end.
    leases: Wheel,
    stale_leases: usize,
    /// Jobs that ended without word of their removal, oldest first.
    ended: VecDeque<(Micros, JobId)>,
    number: u64,
    fence: u64,
    /// Where the jobs of the last claims are, by fence: most claims are settled
    /// soon, and to look up the job is the dearest part of that.
    recent: Box<[Recent]>,
    /// What `next_due` said last.
    answered: Micros,
    /// Whether a claimer must hear of what was changed.
    is_news: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            jobs: Jobs::default(),
            lines: Default::default(),
            leases: Wheel::default(),
            stale_leases: 0,
            ended: VecDeque::new(),
            number: 0,
            fence: 0,
            recent: vec![None; RECENT].into_boxed_slice(),
            answered: NEVER,
            is_news: false,
        }
    }
}

impl State {
    pub(super) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.is_news)
    }

    pub(super) fn push(&mut self, entry: &Entry) {
        let slot = self.jobs.slot_or_new(entry.job);
        self.push_at(slot, entry);
    }

    fn push_at(&mut self, slot: Slot, entry: &Entry) {
        let Some(dropped) = self.jobs[slot].admit(entry) else { return };
        self.number += 1;
        let node = Node { due: entry.due_at.timestamp_micros(), number: self.number, slot };
        self.jobs[slot].insert(entry.clone(), node.number);
        self.lines[entry.lane as usize].add(node);
        self.is_news |= node.due < self.answered;
        if dropped != [0, 0] {
            self.went_stale(dropped);
        }
        self.unpark(slot);
    }

    pub(super) fn claim(&mut self, claimer: &Claimer, now: Micros) -> Vec<Claim> {
        self.forget_ended(now);
        self.end_leases(now);
        let mut room = [claimer.room_async, claimer.room_blocking];
        let mut lacked: [Lacked; 2] = Default::default();
        for lane in [0, 1].into_iter().filter(|lane| room[*lane] > 0) {
            self.lines[lane].fresh = NEVER;
            self.lines[lane].wheel.advance(now);
            if !self.lines[lane].lacked.is_empty() {
                let is_had = |function: &FunctionKey, _: &mut Heap| claimer.functions.contains(function);
                lacked[lane] = self.lines[lane].lacked.extract_if(is_had).collect();
            }
        }
        let ends = claimer.lease.map(|lease| end_of(lease, now));
        let mut claims = Vec::new();
        let mut had = None;
        while let Some((node, lane, source)) = self.first(&room, &lacked, now) {
            let line = &mut self.lines[lane];
            match source {
                Source::Wheel => line.wheel.take_first_due(),
                Source::Lacked(index) => lacked[lane][index].1.take_first(),
            };
            let job = &mut self.jobs[node.slot];
            let Some((entry, is_blocked)) = job.find(node.number) else {
                line.stale = line.stale.saturating_sub(1);
                continue;
            };
            if is_blocked {
                job.park(node.number);
                continue;
            }
            if had.as_ref() != Some(&entry.function) {
                if !claimer.functions.contains(&entry.function) {
                    line.lacked.entry(entry.function.clone()).or_default().add(node);
                    continue;
                }
                had = Some(entry.function.clone());
            }
            self.fence += 1;
            self.number += 1;
            let lease = ends.map(|ends| (ends, self.number));
            let entry = job.claim(node.number, self.fence, lease).expect("what was just found is there");
            if let Some((due, number)) = lease {
                self.leases.add(Node { due, number, slot: node.slot });
            }
            self.recent[recent_index(self.fence)] = Some((self.fence, entry.job, node.slot));
            room[lane] -= 1;
            claims.push(Claim { entry, fence: self.fence });
        }
        for (line, lacked) in self.lines.iter_mut().zip(lacked) {
            line.lacked.extend(lacked.into_iter().filter(|(_, heap)| heap.len() > 0));
        }
        claims
    }

    /// The first of what is due, among the lanes with room.
    fn first(&self, room: &[usize; 2], lacked: &[Lacked; 2], now: Micros) -> Option<(Node, usize, Source)> {
        let mut first: Option<(Node, usize, Source)> = None;
        for lane in [0, 1].into_iter().filter(|lane| room[*lane] > 0) {
            let lacked = lacked[lane].iter().enumerate();
            let lacked = lacked.filter_map(|(index, (_, heap))| Some((heap.first()?, Source::Lacked(index))));
            let due = self.lines[lane].wheel.first_due().map(|node| (node, Source::Wheel));
            for (node, source) in due.into_iter().chain(lacked) {
                if node.due <= now && first.is_none_or(|(other, ..)| node < other) {
                    first = Some((node, lane, source));
                }
            }
        }
        first
    }

    pub(super) fn settle(&mut self, settlement: &Settlement, now: Micros) {
        let Settlement { claim: Claim { entry, fence }, next } = settlement;
        let Some(slot) = self.claimed_slot(entry.job, *fence) else { return };
        let Some(claim) = self.jobs[slot].release(*fence) else { return };
        if let Some(lease) = claim.lease {
            self.drop_lease(&lease);
        }
        match next {
            Some(next) if next.job == entry.job => self.push_at(slot, next),
            Some(next) => self.push(next),
            None => {}
        }
        self.unpark(slot);
        let job = &mut self.jobs[slot];
        if job.is_idle() {
            if job.revision == u64::MAX {
                self.jobs.forget(entry.job);
            } else if next.is_none() && job.revision == entry.revision && job.end(now) {
                self.ended.push_back((now, entry.job));
            }
        }
    }

    /// Changes a claim's lease, if its fence is not stale.
    pub(super) fn renew(&mut self, claim: &Claim, lease: Option<Duration>, now: Micros) -> bool {
        let Some(slot) = self.claimed_slot(claim.entry.job, claim.fence) else { return false };
        self.number += 1;
        let number = self.number;
        let lease = lease.map(|lease| (end_of(lease, now), number));
        let Some(live) = self.jobs[slot].live_claim(claim.fence) else { return false };
        if let Some(old) = live.renew(&claim.entry, lease) {
            self.drop_lease(&old);
        }
        if let Some((due, number)) = lease {
            self.leases.add(Node { due, number, slot });
        }
        true
    }

    /// Where a job is that has that claim, if it is live.
    fn claimed_slot(&self, job: JobId, fence: u64) -> Option<Slot> {
        match self.recent[recent_index(fence)] {
            // A job stays where it is as long as it has a claim.
            Some((recent, of, slot)) if (recent, of) == (fence, job) => Some(slot),
            _ => self.jobs.slot(job),
        }
    }

    pub(super) fn remove(&mut self, id: JobId, revision: u64) {
        if revision == u64::MAX && self.jobs.slot(id).is_none() {
            return;
        }
        let slot = self.jobs.slot_or_new(id);
        let dropped = self.jobs[slot].remove(revision);
        self.went_stale(dropped);
        self.unpark(slot);
        if self.jobs[slot].is_idle() && revision == u64::MAX {
            self.jobs.forget(id);
        }
    }

    pub(super) fn next_due(&mut self, after: Micros) -> Option<Micros> {
        self.end_leases(after);
        let mut next = self.leases.next_after(after, |node| self.jobs[node.slot].has_lease(node.number));
        for line in &mut self.lines {
            let is_live = |node: Node| self.jobs[node.slot].find(node.number).is_some();
            next = next.min(line.wheel.next_after(after, is_live));
            // It came after the last claim looked, and is not in the answer.
            if line.fresh <= after {
                line.fresh = NEVER;
                self.is_news = true;
            }
        }
        self.answered = next;
        (next != NEVER).then_some(next)
    }

    /// Puts claims in line whose leases have ended.
    fn end_leases(&mut self, until: Micros) {
        self.leases.advance(until);
        while let Some(node) = self.leases.first_due() {
            let job = &mut self.jobs[node.slot];
            if !job.has_lease(node.number) {
                self.stale_leases = self.stale_leases.saturating_sub(1);
            } else if node.due > until {
                break;
            } else if let Some(lane) = job.end_lease(node.number) {
                self.lines[lane as usize].add(node);
            }
            self.leases.take_first_due();
        }
    }

    /// Puts in line again what waited for its job and need not any longer.
    fn unpark(&mut self, slot: Slot) {
        let job = &mut self.jobs[slot];
        if job.has_parked() {
            job.unpark(|lane, due, number| {
                self.lines[lane as usize].add(Node { due, number, slot });
                self.is_news = true;
            });
        }
    }

    /// Forgets jobs that ended a while ago and were not heard of since.
    fn forget_ended(&mut self, now: Micros) {
        while let Some((at, id)) = self.ended.front().copied()
            && at + MEMORY_OF_THE_ENDED <= now
        {
            self.ended.pop_front();
            if self.jobs.slot(id).is_some_and(|slot| self.jobs[slot].has_ended(at)) {
                self.jobs.forget(id);
            }
        }
    }

    fn drop_lease(&mut self, lease: &Lease) {
        match lease.place {
            Place::Leases => {
                self.stale_leases += 1;
                if is_mostly_stale(self.stale_leases, self.leases.len()) {
                    self.leases.retain(|node| self.jobs[node.slot].has_lease(node.number));
                    self.stale_leases = 0;
                }
            }
            Place::Line => {
                let mut dropped = Dropped::default();
                dropped[lease.entry.lane as usize] = 1;
                self.went_stale(dropped);
            }
            Place::Parked => {}
        }
    }

    fn went_stale(&mut self, dropped: Dropped) {
        for (line, dropped) in self.lines.iter_mut().zip(dropped) {
            if dropped > 0 {
                line.went_stale(dropped, |node| self.jobs[node.slot].find(node.number).is_some());
            }
        }
    }

    /// How much there is, without what waits for its own job.
    pub(super) fn depth(&self, now: Micros) -> Depth {
        let is_live = |node: Node| self.jobs[node.slot].find(node.number).is_some();
        let is_due = |node: Node| node.due <= now && is_live(node);
        Depth {
            pending: self.lines.iter().map(|line| line.len().saturating_sub(line.stale)).sum(),
            due: self.lines.iter().map(|line| line.wheel.count(is_due)).sum(),
        }
    }

    /// How many jobs are known and how many nodes there are, stale ones included.
    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize) {
        (self.jobs.len(), self.lines.iter().map(Line::len).sum::<usize>() + self.leases.len())
    }
}

fn recent_index(fence: u64) -> usize {
    usize::try_from(fence % RECENT as u64).unwrap_or_default()
}

fn end_of(lease: Duration, now: Micros) -> Micros {
    now.saturating_add(Micros::try_from(lease.as_micros()).unwrap_or(NEVER))
}
