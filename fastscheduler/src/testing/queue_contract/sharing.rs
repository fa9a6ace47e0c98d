//! Several claimers at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

use super::case::{Case, claimer};
use super::entries::{EntryShape as _, FUNCTION, next, retry};
use super::{Factory, manual};
use crate::job::{Entry, JobId};
use crate::queue::{Claim, Claimer, Settlement};

/// Claimers at once.
const CLAIMERS: usize = 4;

/// Jobs that compete, and how often each comes due.
const JOBS: u64 = 5;
const ROUNDS: i64 = 20;

/// For so many claims in a row that bring nothing a claimer goes on, since
/// others may settle what lets something go.
const PATIENCE: usize = 200;

pub async fn claimers_share_the_work_without_doubling(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let fires: Vec<Entry> =
        (0..400).map(|job| if job % 2 == 0 { next(job, 0) } else { next(job, 0).blocking() }).collect();
    case.push(&fires).await;
    let claimed = Arc::new(Mutex::new(HashMap::<JobId, usize>::new()));
    let count = Arc::clone(&claimed);
    work(&case, 7, move |claim| {
        *count.lock().unwrap_or_else(PoisonError::into_inner).entry(claim.entry.job).or_default() += 1;
        None
    })
    .await;
    let claimed = claimed.lock().unwrap_or_else(PoisonError::into_inner);
    let doubled: Vec<_> = claimed.iter().filter(|(_, count)| **count > 1).collect();
    assert!(doubled.is_empty(), "claimed more than once: {doubled:?}");
    assert_eq!(claimed.len(), fires.len(), "each fire is claimed by somebody");
}

pub async fn exclusive_jobs_never_run_twice_at_once(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let entries: Vec<_> = (0..JOBS).flat_map(|job| [next(job, 1), manual(job, 0), manual(job, -1)]).collect();
    case.push(&entries).await;
    case.advance(1_000);
    let runs = Arc::new(Mutex::new((vec![0_u32; 5], 0_usize)));
    let open = Arc::clone(&runs);
    let begun = move |claim: &Claim| {
        let job = usize::try_from(claim.entry.job.number()).expect("five jobs");
        let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
        open.0[job] += 1;
        open.1 += 1;
        assert_eq!(open.0[job], 1, "claims of job {job} at once");
        job
    };
    let open = Arc::clone(&runs);
    work_in_steps(&case, 3, begun, move |claim, job| {
        open.lock().unwrap_or_else(PoisonError::into_inner).0[job] -= 1;
        let Entry { attempt, scheduled_for, .. } = claim.entry;
        let round = (scheduled_for - super::START).num_seconds();
        let job = claim.entry.job.number();
        match claim.entry.trigger {
            crate::job::Trigger::Schedule if attempt == 1 => Some(retry(job, round)),
            crate::job::Trigger::Schedule if round < ROUNDS => Some(next(job, round + 1)),
            _ => None,
        }
    })
    .await;
    let runs = runs.lock().unwrap_or_else(PoisonError::into_inner).1;
    // Each round has a retry, and each job two manual fires.
    let expected = usize::try_from(JOBS * (ROUNDS.unsigned_abs() * 2 + 2)).expect("a few hundred");
    assert_eq!(runs, expected, "all attempts of all jobs");
    assert_eq!(case.claim().await, [], "nothing is left");
}

pub async fn pushes_of_the_same_at_once_make_one_entry(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let fires: Arc<Vec<Entry>> =
        Arc::new((0..50).flat_map(|job| [next(job, 0).shared(), manual(job, 0).shared()]).collect());
    let mut tasks = JoinSet::new();
    for _ in 0..CLAIMERS {
        let (case, fires) = (case.clone(), Arc::clone(&fires));
        tasks.spawn(async move {
            for chunk in fires.chunks(9) {
                case.push(chunk).await;
            }
        });
    }
    tasks.join_all().await;
    let mut claims = case.claim().await;
    claims.sort_by_key(|claim| (claim.entry.job, claim.entry.trigger));
    super::case::are(&claims, &fires.iter().collect::<Vec<_>>(), "each once");
}

/// Lets several claim and settle at once until nothing is left.
async fn work<F>(case: &Case, room: usize, end: F)
where
    F: Fn(&Claim) -> Option<Entry> + Clone + Send + 'static,
{
    work_in_steps(case, room, |_| (), move |claim, ()| end(claim)).await;
}

/// Like [`work`], and calls `begin` between a claim and the settlement.
async fn work_in_steps<T, B, E>(case: &Case, room: usize, begin: B, end: E)
where
    T: Send,
    B: Fn(&Claim) -> T + Clone + Send + 'static,
    E: Fn(&Claim, T) -> Option<Entry> + Clone + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for number in 0..CLAIMERS {
        let (case, begin, end) = (case.clone(), begin.clone(), end.clone());
        let claimer = Claimer {
            instance: format!("number {number}").into(),
            room_async: room,
            room_blocking: room,
            ..claimer(&[FUNCTION])
        };
        tasks.spawn(async move {
            let mut in_vain = 0;
            while in_vain < PATIENCE {
                let claims = case.claim_as(&claimer).await;
                in_vain = if claims.is_empty() { in_vain + 1 } else { 0 };
                let steps: Vec<_> = claims.iter().map(&begin).collect();
                tokio::task::yield_now().await;
                let settle =
                    |(claim, step): (&Claim, T)| Settlement { claim: claim.clone(), next: end(claim, step) };
                let settlements: Vec<_> = claims.iter().zip(steps).map(settle).collect();
                if !settlements.is_empty() {
                    case.queue.settle(&settlements).await.expect("the queue settles");
                }
            }
        });
    }
    tasks.join_all().await;
}
