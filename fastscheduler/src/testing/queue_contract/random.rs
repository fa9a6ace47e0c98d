//! Many steps in random order, compared with a [`Model`].

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt as _;

use super::Factory;
use super::case::{Case, claimer, list};
use super::entries::{EntryShape as _, START, brief, manual, next};
use super::model::Model;
use crate::clock::Clock as _;
use crate::job::{Entry, EntryKind, JobId, Trigger};
use crate::queue::{Claim, Claimer, Settlement};

/// How many cases are tried unless `QUEUE_CONTRACT_CASES` says otherwise.
const CASES: u64 = 60;

/// Steps of a case.
const STEPS: usize = 150;

/// When a case stands still: what a queue remembers of jobs that have ended is
/// tried within a minute.
const END: TimeDelta = TimeDelta::seconds(50);

/// How long a claimer that must be woken is waited for, in real time.
const PATIENCE: Duration = Duration::from_secs(10);

/// Jobs of even numbers are of the first, in the async lane, and those of odd
/// numbers of the second, in the blocking lane.
const FUNCTIONS: [&str; 2] = ["app::even", "app::odd"];

pub async fn random_steps_are_as_in_the_model(factory: &Factory) {
    try_cases(factory, Claimers::Any).await;
}

pub async fn who_claims_only_when_woken_or_on_time_misses_nothing(factory: &Factory) {
    try_cases(factory, Claimers::Dispatcher(Doing::Claiming)).await;
}

/// Who claims in a case.
#[derive(Debug, Clone, Copy)]
enum Claimers {
    /// Anybody, at any time, for whatever room and functions.
    Any,
    /// One who claims all that is due, asks what is next, and waits.
    Dispatcher(Doing),
}

/// What the dispatcher is about to do.
#[derive(Debug, Clone, Copy)]
enum Doing {
    Claiming,
    /// Asking what is next, later than the instant before its claim.
    Asking(DateTime<Utc>),
    /// Waiting until then, or until it is woken.
    Waiting(Option<DateTime<Utc>>),
}

async fn try_cases(factory: &Factory, claimers: Claimers) {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let seeds = match number("QUEUE_CONTRACT_SEED") {
        Some(seed) => seed..=seed,
        None => 1..=number("QUEUE_CONTRACT_CASES").unwrap_or(CASES),
    };
    for seed in seeds {
        let Some(case) = factory.case().await else { return };
        let mut trial = Trial::new(case, claimers, seed);
        if let Err(reason) = trial.run().await {
            let steps = trial.log.join("\n  ");
            panic!("{reason}\n`QUEUE_CONTRACT_SEED={seed}` repeats it; the steps were\n  {steps}");
        }
    }
}

/// One case: a queue, its model, and what was done to both.
struct Trial {
    case: Case,
    claimers: Claimers,
    chance: Chance,
    model: Model,
    jobs: Vec<u64>,
    /// Claims that were live once.
    claimed: Vec<Claim>,
    log: Vec<String>,
}

impl Trial {
    fn new(case: Case, claimers: Claimers, seed: u64) -> Self {
        let chance = Chance::new(seed);
        let jobs = (0..4).collect();
        Self { case, claimers, chance, model: Model::default(), jobs, claimed: Vec::new(), log: Vec::new() }
    }

    async fn run(&mut self) -> Result<(), String> {
        for _ in 0..STEPS {
            match self.claimers {
                Claimers::Dispatcher(doing) if self.chance.below(2) == 0 => self.dispatch(doing).await?,
                Claimers::Dispatcher(_) | Claimers::Any => self.step().await?,
            }
        }
        self.drain().await
    }

    async fn step(&mut self) -> Result<(), String> {
        match self.chance.below(20) {
            0..7 => self.push().await,
            7..11 => self.settle().await,
            11 => self.renew().await?,
            12 => self.remove().await,
            13..16 => {
                let by = Duration::from_millis(250 * self.chance.below(8));
                self.advance(by);
            }
            // Whoever holds a claim crashes.
            16 => self.advance(Duration::from_secs(5)),
            _ if matches!(self.claimers, Claimers::Any) => self.claim_as_anybody().await?,
            _ => {}
        }
        Ok(())
    }

    async fn dispatch(&mut self, doing: Doing) -> Result<(), String> {
        let now = self.case.clock.now();
        let all = Claimer { lease: Some(Duration::from_secs(4)), ..claimer(&FUNCTIONS) };
        let doing = match doing {
            Doing::Claiming if self.claim_as(&all).await? == 0 => Doing::Asking(now),
            Doing::Claiming => Doing::Claiming,
            Doing::Asking(after) => Doing::Waiting(self.ask(after).await?),
            Doing::Waiting(Some(until)) if until <= now => Doing::Claiming,
            Doing::Waiting(until) if self.model.has_claimable(&all, now) => {
                self.note("is woken");
                if tokio::time::timeout(PATIENCE, self.case.queue.wake()).await.is_err() {
                    return Err(format!(
                        "something may be claimed, and who waits until {until:?} is not woken"
                    ));
                }
                Doing::Claiming
            }
            // It may be woken in vain, but what comes then must wake it again.
            Doing::Waiting(_) if self.case.queue.wake().now_or_never().is_some() => {
                self.note("is woken in vain");
                Doing::Claiming
            }
            Doing::Waiting(until) => Doing::Waiting(until),
        };
        self.claimers = Claimers::Dispatcher(doing);
        Ok(())
    }

    async fn push(&mut self) {
        let entries: Vec<Entry> = (0..=self.chance.below(3)).map(|_| self.entry()).collect();
        for entry in &entries {
            self.note(&format!("push {}", brief(entry)));
            self.model.push(entry);
        }
        self.case.push(&entries).await;
    }

    async fn claim_as_anybody(&mut self) -> Result<(), String> {
        let functions = match self.chance.below(8) {
            0 => &FUNCTIONS[..1],
            1 => &FUNCTIONS[1..],
            2 => &[],
            _ => &FUNCTIONS,
        };
        let room_async = self.chance.room();
        let room_blocking = self.chance.room();
        let lease = [None, Some(2), Some(5)][self.chance.index(3)].map(Duration::from_secs);
        let anybody = Claimer { room_async, room_blocking, lease, ..claimer(functions) };
        self.claim_as(&anybody).await?;
        self.ask(self.case.clock.now()).await?;
        Ok(())
    }

    async fn claim_as(&mut self, claimer: &Claimer) -> Result<usize, String> {
        let claims = self.case.queue.claim(claimer).await.map_err(|error| error.to_string())?;
        let functions = claimer.functions.keys().len();
        self.note(&format!(
            "claim {} and {} of {functions} functions for {:?}: {}",
            claimer.room_async,
            claimer.room_blocking,
            claimer.lease,
            list(&claims)
        ));
        self.model.claim(&claims, claimer, self.case.clock.now())?;
        self.claimed.extend(claims.iter().cloned());
        Ok(claims.len())
    }

    async fn ask(&mut self, after: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, String> {
        let answer = self.case.queue.next_due(after).await.map_err(|error| error.to_string())?;
        self.note(&format!("next due: {answer:?}"));
        let expected = self.model.next_due(after);
        let is_right = answer == expected;
        is_right
            .then_some(answer)
            .ok_or_else(|| format!("next due after {after} is {answer:?}, not {expected:?}"))
    }

    async fn settle(&mut self) {
        let mut settlements = Vec::new();
        for _ in 0..=self.chance.below(3) {
            let Some(claim) = self.any_claim() else { break };
            let next = match self.chance.below(5) {
                0 => None,
                1 => Some(Entry {
                    attempt: claim.entry.attempt + 1,
                    due_at: self.case.clock.now() + TimeDelta::milliseconds(500),
                    ..claim.entry.clone()
                }),
                // At times of another job, which a caller does not do.
                2 => Some(self.entry()),
                _ => Some(Entry { job: claim.entry.job, ..self.entry_of(claim.entry.job.number()) }),
            };
            let text = next.as_ref().map_or("nothing".to_owned(), brief);
            self.note(&format!("settle {} fence {} with {text}", brief(&claim.entry), claim.fence));
            let settlement = Settlement { claim, next };
            self.model.settle(&settlement);
            settlements.push(settlement);
        }
        self.case.queue.settle(&settlements).await.expect("the queue settles");
    }

    async fn renew(&mut self) -> Result<(), String> {
        let mut claims: Vec<Claim> = (0..self.chance.below(4)).filter_map(|_| self.any_claim()).collect();
        claims.sort_by_key(|claim| (claim.entry.job, claim.fence));
        claims.dedup();
        let lease = [None, Some(3), Some(6)][self.chance.index(3)].map(Duration::from_secs);
        self.note(&format!("renew for {lease:?}: {}", list(&claims)));
        let ends = lease.map(|lease| self.case.clock.now() + lease);
        let lost = self.case.queue.renew(&claims, lease).await.map_err(|error| error.to_string())?;
        for claim in claims {
            if self.model.renew(&claim, ends) == lost.contains(&claim) {
                return Err(format!("lost are {}", list(&lost)));
            }
        }
        Ok(())
    }

    async fn remove(&mut self) {
        let job = JobId::new(self.job());
        let known = self.model.revision(job);
        let revision = match self.chance.below(4) {
            0 => u64::MAX,
            1 => known,
            2 => known.saturating_sub(1),
            _ => known.saturating_add(1),
        };
        self.note(&format!("remove {job} below {revision}"));
        self.model.remove(job, revision);
        self.case.remove(job.number(), revision).await;
    }

    fn advance(&mut self, by: Duration) {
        if self.case.clock.now() + by - START < END {
            self.case.clock.advance(by);
            self.note(&format!("{} s have passed", (self.case.clock.now() - START).as_seconds_f64()));
        }
    }

    /// Claims and settles all that is left.
    async fn drain(&mut self) -> Result<(), String> {
        let all = claimer(&FUNCTIONS);
        while self.claim_as(&all).await? > 0
            || !self.model.pending.is_empty()
            || !self.model.claims.is_empty()
        {
            let claims: Vec<Claim> = self.model.claims.iter().map(|held| held.claim.clone()).collect();
            for claim in &claims {
                self.model.settle(&Settlement { claim: claim.clone(), next: None });
            }
            self.case.settle_all(&claims).await;
            self.note("all is settled");
            self.case.advance(5);
        }
        self.ask(self.case.clock.now()).await.map(drop)
    }

    /// A claim that is live, or at times one that was.
    fn any_claim(&mut self) -> Option<Claim> {
        let live = self.model.claims.len();
        if self.chance.below(5) > 0 && live > 0 {
            return Some(self.model.claims[self.chance.index(live)].claim.clone());
        }
        let claimed = self.claimed.len();
        (claimed > 0).then(|| self.claimed[self.chance.index(claimed)].clone())
    }

    /// A job that the queue may know.
    fn job(&mut self) -> u64 {
        let index = self.chance.index(self.jobs.len());
        let job = self.jobs[index];
        let is_gone = self.model.revision(JobId::new(job)) == u64::MAX;
        let has_claim = self.model.claims.iter().any(|held| held.claim.entry.job.number() == job);
        if is_gone && !has_claim {
            // It was forgotten; its number is never used again.
            self.jobs[index] += 10;
        }
        self.jobs[index]
    }

    fn entry(&mut self) -> Entry {
        let job = self.job();
        self.entry_of(job)
    }

    fn entry_of(&mut self, job: u64) -> Entry {
        let chance = &mut self.chance;
        let around = (self.case.clock.now() - START).num_seconds() + chance.between(-2, 4);
        let mut entry = match chance.below(8) {
            0..3 => next(job, around),
            3 => Entry { trigger: Trigger::CatchUp, ..next(job, around) },
            4 | 5 => manual(job, around),
            6 => Entry { kind: EntryKind::Fire, ..next(job, around) },
            _ => Entry { kind: EntryKind::Fire, trigger: Trigger::Manual, ..manual(job, around) },
        };
        entry.due_at += TimeDelta::milliseconds([0, 0, 0, 250, 2_000][chance.index(5)]);
        if chance.below(4) == 0 {
            entry = entry.covering(around + chance.between(-1, 3));
        }
        let known = self.model.revision(entry.job);
        entry.revision = match chance.below(12) {
            0 => known.saturating_sub(1),
            1 => known.saturating_add(1),
            _ => known,
        };
        // No job has the last revision, which says that it is gone.
        entry.revision = entry.revision.clamp(1, 1_000);
        entry.attempt = 1 + u32::from(entry.kind == EntryKind::Fire);
        if chance.below(3) == 0 {
            entry = entry.shared();
        }
        if job.is_multiple_of(2) { entry.of(FUNCTIONS[0]) } else { entry.of(FUNCTIONS[1]).blocking() }
    }

    fn note(&mut self, step: &str) {
        self.log.push(step.to_owned());
    }
}

/// Numbers that look random and are the same for the same seed.
struct Chance(u64);

impl Chance {
    fn new(seed: u64) -> Self {
        // Seeds that differ little must not begin alike.
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.number() >> 16) % end
    }

    fn between(&mut self, first: i64, last: i64) -> i64 {
        first + i64::try_from(self.below(last.abs_diff(first) + 1)).expect("a few")
    }

    fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).expect("an index")
    }

    /// Room for few, or for all.
    fn room(&mut self) -> usize {
        [0, 1, 2, 3, 100, 100][self.index(6)]
    }
}
