//! What becomes of claims that nobody settles.

use std::time::Duration;

use super::Factory;
use super::case::{LEASE, are, claimer};
use super::entries::{EntryShape as _, FUNCTION, START, after, manual, next};
use crate::clock::Clock as _;
use crate::job::Entry;
use crate::queue::{Claim, Claimer};

pub async fn a_claim_whose_lease_has_ended_is_handed_out_once_more(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let fires = [next(1, 0), manual(2, 0).blocking().revision(7), next(3, 0).shared().covering(9)];
    case.push(&fires).await;
    let claims = case.claim().await;
    assert_eq!(claims.len(), 3, "all are due");
    let last = Duration::from_micros(1);
    case.clock.advance(LEASE.saturating_sub(last));
    case.claims(&[], "the leases end in a microsecond").await;
    case.clock.advance(last);
    let mut taken = case.claim().await;
    taken.sort_by_key(|claim| claim.entry.job);
    let [one, two, three] = &fires;
    are(&taken, &[one, two, three], "the leases have ended");
    for (taken, lost) in taken.iter().zip(&claims) {
        let due_at = START + LEASE;
        let expected = Entry { attempt: 2, crashes: 1, due_at, ..lost.entry.clone() };
        assert_eq!(
            taken.entry, expected,
            "the next attempt, due since the lease ended, after one more crash"
        );
        assert!(taken.fence > lost.fence, "fence {} after {}", taken.fence, lost.fence);
    }
    case.claims(&[], "they were taken over").await;
}

pub async fn each_lease_that_ends_is_one_more_crash(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[Entry { attempt: 3, crashes: 1, ..manual(1, 0) }]).await;
    let mut counts = Vec::new();
    for _ in 0..4 {
        let claim = case.claim_one("its lease has ended").await;
        counts.push((claim.entry.attempt, claim.entry.crashes));
        case.claims(&[], "its lease has not ended").await;
        case.clock.advance(LEASE * 3);
    }
    assert_eq!(counts, [(3, 1), (4, 2), (5, 3), (6, 4)], "attempts and crashes");
}

pub async fn a_claim_without_a_lease_is_held_until_it_is_settled(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0)]).await;
    let claims = case.claim_as(&Claimer { lease: None, ..claimer(&[FUNCTION]) }).await;
    assert_eq!(case.next_due().await, None, "nothing ends");
    case.clock.advance(Duration::from_hours(100 * 365 * 24));
    case.claims(&[], "it has no lease that could end").await;
    case.settle(&claims[0], Some(next(1, 5))).await;
    case.claims(&[&next(1, 5)], "it was settled").await;
}

pub async fn a_renewed_claim_is_held_for_longer(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0), next(2, 0)]).await;
    let claims = case.claim().await;
    let [renewed, other] = claims.as_slice() else { panic!("two are due, not {}", claims.len()) };
    case.advance(40);
    assert_eq!(case.renew(std::slice::from_ref(renewed)).await, [], "it is live");
    case.advance(20);
    case.claims(&[&other.entry], "only the lease that was not renewed has ended").await;
    case.advance(39);
    case.claims(&[], "40 s and a lease after the claim, but for a second").await;
    case.advance(1);
    case.claims(&[&renewed.entry], "the longer lease has ended too").await;
}

pub async fn a_claim_renewed_without_a_lease_is_held_until_it_is_settled(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0)]).await;
    let claim = case.claim_one("it is due").await;
    let lost = case.queue.renew(std::slice::from_ref(&claim), None).await.expect("the queue renews");
    assert_eq!(lost, [], "it is live");
    case.clock.advance(LEASE * 1_000);
    case.claims(&[], "it has no lease that could end").await;
}

pub async fn renewing_tells_which_claims_are_lost(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0), next(2, 0), next(3, 0)]).await;
    let claims = case.claim().await;
    let [settled, taken, held] = claims.as_slice() else { panic!("three are due, not {}", claims.len()) };
    case.settle(settled, None).await;
    case.advance(40);
    assert_eq!(case.renew(&claims).await, std::slice::from_ref(settled), "one was settled");
    // One more claim of the first job must not save the claim that was settled.
    case.push(&[next(1, 30)]).await;
    let later = case.claim_one("the next fire of the first job").await;
    case.clock.advance(LEASE / 2);
    assert_eq!(case.renew(&[held.clone(), later.clone()]).await, [], "two are live");
    case.clock.advance(LEASE / 2);
    case.claims(&[&taken.entry], "one was not renewed").await;
    let forged = Claim { fence: held.fence + 1_000, ..held.clone() };
    let all = [settled.clone(), held.clone(), taken.clone(), later.clone(), forged.clone()];
    let mut lost = case.renew(&all).await;
    lost.sort_by_key(|claim| claim.fence);
    assert_eq!(lost, [settled.clone(), taken.clone(), forged], "settled, taken over, and never made");
}

pub async fn a_claim_is_good_until_it_is_taken_over(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0), next(2, 0)]).await;
    let claims = case.claim().await;
    let [renewed, settled] = claims.as_slice() else { panic!("two are due, not {}", claims.len()) };
    case.clock.advance(LEASE * 2);
    // Somebody looked, but had no room, or not the function.
    case.claim_as(&Claimer { room_async: 0, ..claimer(&[FUNCTION]) }).await;
    case.claim_as(&claimer(&["app::other"])).await;
    assert_eq!(case.renew(std::slice::from_ref(renewed)).await, [], "nobody took it over");
    let following = next(2, 5);
    case.settle(settled, Some(following.clone())).await;
    case.claims(&[&following], "one was renewed, and one settled").await;
}

pub async fn a_fire_is_taken_over_whatever_became_of_its_job(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0), next(2, 0), next(3, 0)]).await;
    let claims = case.claim().await;
    case.remove(1, 2).await;
    case.push(&[next(2, 1_000).revision(2)]).await;
    case.remove(3, u64::MAX).await;
    case.clock.advance(LEASE);
    let fires = claims.iter().map(|claim| &claim.entry).collect::<Vec<_>>();
    case.claims(&fires, "of a job that was paused, one that was updated, and one that is gone").await;
}

pub async fn a_take_over_keeps_to_functions_and_lanes(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let fires = [next(1, 0).of("app::one"), next(2, 0).of("app::two").blocking()];
    case.push(&fires).await;
    let both = claimer(&["app::one", "app::two"]);
    assert_eq!(case.claim_as(&both).await.len(), 2, "both are due");
    case.clock.advance(LEASE);
    let no_blocking = Claimer { room_blocking: 0, ..both.clone() };
    are(&case.claim_as(&claimer(&["app::three"])).await, &[], "it has neither function");
    are(&case.claim_as(&Claimer { room_async: 0, ..no_blocking.clone() }).await, &[], "it has no room");
    are(&case.claim_as(&claimer(&["app::one"])).await, &[&fires[0]], "it has one of the functions");
    are(&case.claim_as(&no_blocking).await, &[], "it has no room in the other's lane");
    are(&case.claim_as(&both).await, &[&fires[1]], "it has function and room");
}

pub async fn an_exclusive_fire_is_waited_for_until_it_is_settled(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0)]).await;
    let lost = case.claims(&[&next(1, 0)], "it is due").await;
    let following = next(1, 10);
    case.push(&[following.clone(), manual(1, 11)]).await;
    case.clock.advance(LEASE);
    // Nobody has taken it over: whoever held it may go on with it yet.
    let others = claimer(&["app::other"]);
    are(&case.claim_as(&others).await, &[], "they have not the function");
    let taken = case.claims(&[&lost[0].entry], "its lease has ended").await;
    case.claims(&[], "it was taken over").await;
    case.settle_all(&taken).await;
    let claims = case.claims(&[&following], "it was settled").await;
    case.settle_all(&claims).await;
    case.claims(&[&manual(1, 11)], "and then the other").await;
}

pub async fn an_exclusive_fire_is_not_taken_over_beside_another(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0)]).await;
    let lost = case.claim_one("it is due").await;
    case.advance(30);
    let beside = manual(1, 20).shared();
    case.push(std::slice::from_ref(&beside)).await;
    let claims = case.claims(&[&beside], "it is not exclusive").await;
    case.advance(30);
    case.claims(&[], "its job has another live claim").await;
    case.settle_all(&claims).await;
    case.claims(&[&lost.entry], "it has none any longer").await;
}

pub async fn killing_a_claimer_at_any_point_loses_no_fire(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    for point in 0..8 {
        let base = case.clock.now();
        let seconds = (base - START).num_seconds();
        let fires = [1, 2].map(|number| next(point * 10 + number, seconds));
        let following = [1, 2].map(|number| next(point * 10 + number, seconds + 1));
        case.push(&fires).await;
        killed_at(&case, point, &following).await;
        // Whoever comes next ends what was left.
        let mut ended = Vec::new();
        for _ in 0..6 {
            case.clock.advance(LEASE);
            for claim in case.claim().await {
                let number = usize::from(claim.entry.job == fires[1].job);
                let is_first = claim.entry.scheduled_for == base;
                case.settle(&claim, is_first.then(|| following[number].clone())).await;
                ended.push((claim.entry.job, claim.entry.scheduled_for));
            }
        }
        ended.sort_unstable();
        let all = [0, 1]
            .into_iter()
            .flat_map(|number| [(fires[number].job, base), (fires[number].job, after(seconds + 1))]);
        // At one point the claimer ended a fire of its own.
        let all = all.filter(|fire| point < 6 || *fire != (fires[0].job, base));
        assert_eq!(
            ended,
            all.collect::<Vec<_>>(),
            "fires that ended after a claimer was killed at point {point}"
        );
        assert_eq!(case.next_due().await, None, "nothing is left");
    }
}

/// Goes as far as `point` and drops what it was doing.
async fn killed_at(case: &super::Case, point: u64, following: &[Entry; 2]) {
    let claimer = claimer(&[FUNCTION]);
    if point == 0 {
        return drop(case.queue.claim(&claimer));
    }
    if point == 1 {
        return poll_once(case.queue.claim(&claimer)).await;
    }
    let claims = case.claim().await;
    let settlements: Vec<_> = claims
        .iter()
        .zip(following)
        .map(|(claim, next)| crate::queue::Settlement { claim: claim.clone(), next: Some(next.clone()) })
        .collect();
    match point {
        2 => {}
        3 => drop(case.queue.renew(&claims, Some(LEASE))),
        4 => poll_once(case.queue.renew(&claims, Some(LEASE))).await,
        5 => drop(case.queue.settle(&settlements)),
        6 => case.queue.settle(&settlements[..1]).await.expect("the queue settles"),
        _ => {
            case.renew(&claims).await;
            case.queue.settle(&settlements[..1]).await.expect("the queue settles");
        }
    }
}

/// Polls a future once and drops it.
async fn poll_once<T>(future: impl Future<Output = T>) {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|context| {
        let _ = future.as_mut().poll(context);
        std::task::Poll::Ready(())
    })
    .await;
}
