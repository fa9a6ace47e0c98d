//! How claims end.

use super::Factory;
use super::case::LEASE;
use super::entries::{EntryShape as _, manual, next, retry};
use crate::job::Entry;
use crate::queue::{Claim, Settlement};

pub async fn a_settled_fire_is_gone(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0), manual(2, 0), retry(3, 0)]).await;
    let claims = case.claim().await;
    assert_eq!(claims.len(), 3, "all are due");
    case.settle_all(&claims).await;
    for _ in 0..3 {
        case.claims(&[], "all were settled").await;
        case.clock.advance(LEASE * 2);
    }
    assert_eq!(case.next_due().await, None, "nothing is left");
}

pub async fn a_settlement_pushes_what_takes_the_place_of_the_claim(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0)]).await;
    let claim = case.claim_one("it is due").await;
    let again = retry(1, 0).due(5);
    case.settle(&claim, Some(again.clone())).await;
    case.claims(&[], "the next attempt is due later").await;
    case.advance(5);
    let claim = case.claim_one("the next attempt is due").await;
    assert_eq!((claim.entry.attempt, claim.entry.crashes), (2, 0), "it failed, and did not crash");
    let following = next(1, 10);
    case.settle(&claim, Some(following.clone())).await;
    case.advance(5);
    case.claims(&[&following], "the job's next fire").await;
}

pub async fn settlements_of_one_call_are_of_many_claims(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let fires: Vec<Entry> = (0..100).map(|job| next(job, 0)).collect();
    case.push(&fires).await;
    let claims = case.claims(&fires.iter().collect::<Vec<_>>(), "all are due").await;
    let following: Vec<Entry> = (0..100).map(|job| next(job, 1)).collect();
    let settlements: Vec<_> = claims
        .iter()
        .zip(&following)
        // Every third job has no further fire.
        .map(|(claim, next)| {
            let next = (!next.job.number().is_multiple_of(3)).then(|| next.clone());
            Settlement { claim: claim.clone(), next }
        })
        .collect();
    case.queue.settle(&settlements).await.expect("the queue settles");
    case.advance(1);
    let following = following.iter().filter(|entry| !entry.job.number().is_multiple_of(3));
    case.claims(&following.collect::<Vec<_>>(), "the fires that took the place").await;
}

pub async fn a_stale_fence_changes_nothing(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0)]).await;
    let claim = case.claim_one("it is due").await;
    for fence in [claim.fence.wrapping_sub(1), claim.fence + 1, u64::from(u32::MAX)] {
        case.settle(&Claim { fence, ..claim.clone() }, Some(manual(1, 0).shared())).await;
        case.claims(&[], &format!("fence {fence} is not {}", claim.fence)).await;
    }
    assert_eq!(case.renew(std::slice::from_ref(&claim)).await, [], "the claim is live still");
    case.settle(&claim, Some(next(1, 5))).await;
    case.settle(&claim, Some(manual(1, 0).shared())).await;
    case.claims(&[], "it was settled already").await;
    case.advance(5);
    let second = case.claim_one("what took its place is due").await;
    case.settle(&claim, None).await;
    assert_eq!(
        case.renew(std::slice::from_ref(&second)).await,
        [],
        "it is not the claim that was settled again"
    );
}

pub async fn a_claim_that_was_taken_over_cannot_be_settled(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0)]).await;
    let lost = case.claim_one("it is due").await;
    case.clock.advance(LEASE);
    let held = case.claim_one("its lease has ended").await;
    case.settle(&lost, Some(manual(1, 0).shared())).await;
    case.claims(&[], "the fire is claimed by somebody else").await;
    assert_eq!(case.renew(std::slice::from_ref(&held)).await, [], "who took it over holds it");
    case.settle(&held, None).await;
    case.claims(&[], "it was settled").await;
}

pub async fn a_settlement_does_not_undo_a_pause(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    for (job, next) in [(1, next(1, 5)), (2, retry(2, 0)), (3, manual(3, 5))] {
        case.push(&[super::next(job, 0)]).await;
        let claim = case.claim_one("it is due").await;
        case.remove(job, 2).await;
        case.settle(&claim, Some(next)).await;
        case.advance(10);
        case.claims(&[], "the job was paused during the run").await;
    }
    assert_eq!(case.next_due().await, None, "nothing is left");
}

pub async fn a_settlement_does_not_undo_an_update(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0)]).await;
    let claim = case.claim_one("it is due").await;
    let updated = next(1, 20).revision(2);
    case.push(std::slice::from_ref(&updated)).await;
    case.settle(&claim, Some(next(1, 5).covering(100))).await;
    case.advance(10);
    case.claims(&[], "the old schedule's fire").await;
    case.advance(10);
    case.claims(&[&updated], "the new schedule's fire").await;
}

pub async fn a_settlement_does_not_undo_a_cancellation(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0)]).await;
    let claim = case.claim_one("it is due").await;
    case.remove(1, u64::MAX).await;
    case.settle(&claim, Some(next(1, 5))).await;
    case.advance(10);
    case.claims(&[], "the job is gone").await;
    assert_eq!(case.next_due().await, None, "nothing is left of it");
}

pub async fn what_a_settlement_pushes_goes_by_the_rules_of_pushes(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0).covering(10), manual(1, 0).shared()]).await;
    let claims = case.claim().await;
    let [covering, beside] = claims.as_slice() else { panic!("two are due, not {}", claims.len()) };
    case.settle(covering, Some(next(1, 10).shared())).await;
    case.advance(20);
    case.claims(&[], "it covers no more than was claimed").await;
    let wide = next(1, 15).covering(50);
    case.push(std::slice::from_ref(&wide)).await;
    case.settle(beside, Some(next(1, 12).shared())).await;
    case.claims(&[&wide], "one that covers more was there").await;
}
