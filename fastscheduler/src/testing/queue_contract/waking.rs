//! When a claimer is to look again.

use futures_util::FutureExt as _;

use super::Factory;
use super::case::{Case, LEASE, claimer};
use super::entries::{EntryShape as _, FUNCTION, after, manual, next, retry};
use crate::clock::Clock as _;
use crate::queue::Claimer;

pub async fn the_queue_goes_by_the_clock(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    for _ in 0..3 {
        assert_eq!(case.queue.now().await.expect("the queue has a time"), case.clock.now());
        case.advance(3_600);
    }
}

pub async fn the_next_due_time_is_the_first_after_an_instant(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let next_after =
        async |seconds| case.queue.next_due(after(seconds)).await.expect("the queue says what is next");
    assert_eq!(next_after(0).await, None, "of an empty queue");
    case.push(&[next(1, 30), manual(2, 10).blocking(), retry(3, 20), next(4, 20)]).await;
    for (seconds, expected) in [(0, Some(10)), (9, Some(10)), (10, Some(20)), (19, Some(20)), (20, Some(30))]
    {
        assert_eq!(next_after(seconds).await, expected.map(after), "later than {seconds}");
    }
    assert_eq!(next_after(30).await, None, "later than all");
    assert_eq!(next_after(15).await, Some(after(20)), "asked for an earlier instant again");
    assert_eq!(next_after(0).await, Some(after(10)), "asked for an earlier instant again");
    case.claims(&[], "asking about later does not make it later").await;
    case.advance(30);
    case.claims(&[&manual(2, 10), &retry(3, 20), &next(4, 20), &next(1, 30)], "the questions change nothing")
        .await;
}

pub async fn what_is_due_and_was_not_claimed_is_not_next(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[manual(1, 0)]).await;
    let claim = case.claim_one("it is due").await;
    case.queue.renew(&[claim], None).await.expect("the queue renews");
    // One waits for its job, one for its function, and one for room.
    case.push(&[next(1, 1), next(2, 1).of("app::other"), next(3, 1).blocking(), next(4, 100)]).await;
    case.advance(5);
    for _ in 0..2 {
        let claims = case.claim_as(&Claimer { room_blocking: 0, ..claimer(&[FUNCTION]) }).await;
        assert_eq!(claims, [], "each waits for something else than time");
        assert_eq!(case.next_due().await, Some(after(100)));
    }
}

pub async fn the_end_of_a_lease_is_a_due_time(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0), next(2, 0).blocking(), next(3, 200)]).await;
    let claims = case.claim().await;
    assert_eq!(case.next_due().await, Some(after(60)), "both leases end then");
    case.advance(10);
    case.renew(&claims[..1]).await;
    assert_eq!(case.next_due().await, Some(after(60)), "one of them was renewed");
    case.settle(&claims[1], None).await;
    assert_eq!(case.next_due().await, Some(after(70)), "the other was settled");
    case.advance(60);
    let taken = case.claim_one("its lease has ended").await;
    assert_eq!(case.next_due().await, Some(after(130)), "it was taken over");
    case.settle(&taken, None).await;
    assert_eq!(case.next_due().await, Some(after(200)), "no claim is left");
}

pub async fn what_was_removed_or_replaced_is_not_next(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 10), next(2, 20), manual(3, 30), next(4, 40)]).await;
    case.remove(1, 2).await;
    assert_eq!(case.next_due().await, Some(after(20)), "the first was removed");
    case.push(&[next(2, 50)]).await;
    assert_eq!(case.next_due().await, Some(after(30)), "the second was replaced by a later one");
    case.push(&[manual(3, 30).due(60).revision(2)]).await;
    assert_eq!(case.next_due().await, Some(after(40)), "the third was replaced by a later one");
    case.remove(4, u64::MAX).await;
    assert_eq!(case.next_due().await, Some(after(50)), "the fourth is gone");
}

pub async fn a_push_of_something_earlier_wakes(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    waits_for(&case, None).await;
    case.push(&[next(1, 100)]).await;
    case.woken("nothing was there before").await;
    waits_for(&case, Some(100)).await;
    case.push(&[next(2, 99).blocking()]).await;
    case.woken("it is due earlier").await;
    waits_for(&case, Some(99)).await;
    case.push(&[manual(1, 0)]).await;
    case.woken("it is due already").await;
    case.claim_one("it is due").await;
}

pub async fn a_waiting_claimer_is_woken(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    waits_for(&case, None).await;
    let waiting = tokio::spawn({
        let case = case.clone();
        async move { case.woken("it was waiting when the push came").await }
    });
    // The push may come before it waits as well, which is the sentence above.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    case.push(&[next(1, 5)]).await;
    waiting.await.expect("it was woken");
}

pub async fn a_settlement_that_brings_something_earlier_wakes(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0)]).await;
    let claim = case.claim_one("it is due").await;
    case.queue.renew(std::slice::from_ref(&claim), None).await.expect("the queue renews");
    waits_for(&case, None).await;
    case.settle(&claim, Some(next(1, 5))).await;
    case.woken("the next fire is due earlier than never").await;
}

pub async fn what_may_be_claimed_again_wakes(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[manual(1, 0)]).await;
    let claim = case.claim_one("it is due").await;
    case.push(&[next(1, 5), next(2, 30)]).await;
    case.advance(10);
    waits_for(&case, Some(30)).await;
    case.settle(&claim, None).await;
    case.woken("what waited for its job may be claimed").await;
    case.claims(&[&next(1, 5)], "its job has no live claim").await;
}

pub async fn what_waits_for_an_attempt_that_is_dropped_wakes(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let fire = next(1, 5).revision(2);
    case.push(&[retry(1, 0).due(100), fire.clone(), next(2, 30)]).await;
    case.advance(10);
    waits_for(&case, Some(30)).await;
    case.remove(1, 2).await;
    case.woken("the attempt that it waited for was dropped").await;
    case.claims(&[&fire], "nothing is before it").await;
}

pub async fn what_is_pushed_between_a_claim_and_its_question_wakes(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    waits_for(&case, None).await;
    case.push(&[next(1, 5)]).await;
    case.woken("it is earlier than never").await;
    waits_for(&case, Some(5)).await;
    case.advance(5);
    // It was told of 5, and so a push of what is due then need not wake it.
    let claims = case.claims(&[&next(1, 5)], "it is due").await;
    case.claims(&[], "no more is due").await;
    case.push(&[next(2, 5), next(3, 5).blocking()]).await;
    // The answer leaves out what is due already.
    assert_eq!(case.next_due().await, Some(after(65)), "the end of the lease");
    case.woken("what came after the claim was not seen by it").await;
    assert_eq!(case.claim().await.len(), 2, "both are due");
    case.settle_all(&claims).await;
}

pub async fn a_claim_of_one_lane_does_not_hide_what_came_into_the_other(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 5)]).await;
    waits_for(&case, Some(5)).await;
    case.advance(10);
    let lane = |room_async, room_blocking| Claimer { room_async, room_blocking, ..claimer(&[FUNCTION]) };
    let claims = case.claim_as(&lane(9, 0)).await;
    case.push(&[next(2, 6)]).await;
    assert_eq!(case.claim_as(&lane(0, 9)).await, [], "it is of the other lane");
    case.next_due().await;
    case.woken("it came after the claim of its lane").await;
    case.settle_all(&claims).await;
    case.claims(&[&next(2, 6)], "it is due").await;
}

/// Claims nothing and is told what is next, as who is about to wait.
async fn waits_for(case: &Case, next: Option<i64>) {
    // What woke it before must not wake it again.
    while case.queue.wake().now_or_never().is_some() {}
    let claims = case.claim().await;
    assert_eq!(claims, [], "nothing may be claimed before it waits");
    let lease_end = case.clock.now() + LEASE;
    let next_due = case.next_due().await.filter(|due_at| *due_at < lease_end.max(after(101)));
    assert_eq!(next_due, next.map(after), "what comes next");
}
