//! Jobs that are paused, or gone.

use super::Factory;
use super::case::LEASE;
use super::entries::{EntryShape as _, manual, next, retry};
use crate::job::Entry;

pub async fn what_waits_of_a_removed_job_is_dropped(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let other = next(2, 5);
    case.push(&[next(1, 5), manual(1, 6), retry(1, 7), manual(1, 5).blocking(), other.clone()]).await;
    case.remove(1, 2).await;
    case.advance(10);
    case.claims(&[&other], "the other job's").await;
    assert!(case.next_due().await.is_some(), "the other job's lease ends");
}

pub async fn what_waits_and_is_due_of_a_removed_job_is_dropped(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[manual(1, 0)]).await;
    let claim = case.claim_one("it is due").await;
    case.push(&[next(1, 1), manual(1, 2), retry(1, 3)]).await;
    case.advance(5);
    case.claims(&[], "their job has a live claim").await;
    case.remove(1, 2).await;
    case.settle(&claim, None).await;
    case.claims(&[], "their job was paused").await;
    let resumed = next(1, 4).revision(3);
    case.push(std::slice::from_ref(&resumed)).await;
    case.claims(&[&resumed], "it goes on").await;
}

pub async fn a_removal_refuses_older_revisions_from_then_on(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 5)]).await;
    case.remove(1, 3).await;
    // Of this one the queue had not heard.
    case.remove(2, 3).await;
    for job in [1, 2] {
        case.push(&[next(job, 5).revision(2), manual(job, 5).revision(1), retry(job, 6).revision(2)]).await;
    }
    case.advance(10);
    case.claims(&[], "older revisions").await;
    let fires = [next(1, 6).revision(3), manual(2, 7).revision(4)];
    case.push(&fires).await;
    case.claims(&[&fires[0], &fires[1]], "that revision and a higher one").await;
}

pub async fn a_pause_lasts(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 5), next(2, 5)]).await;
    case.remove(1, 2).await;
    case.remove(2, 2).await;
    // One of them is run by hand meanwhile.
    case.push(&[manual(2, 0).revision(2)]).await;
    let claim = case.claim_one("it was asked for").await;
    case.settle(&claim, None).await;
    for _ in 0..3 {
        case.advance(30 * 86_400);
        case.claims(&[], "both are paused").await;
        case.push(&[next(1, 5), next(2, 5), manual(2, 0).revision(1)]).await;
    }
    case.claims(&[], "what is pushed was of before the pause").await;
}

pub async fn a_removal_that_comes_late_leaves_newer_entries(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let fires =
        [next(1, 5).revision(3), manual(1, 6).revision(3), retry(1, 7).revision(4)].map(Entry::shared);
    case.push(&fires).await;
    case.remove(1, 2).await;
    case.remove(1, 3).await;
    case.advance(10);
    let [one, two, three] = &fires;
    case.claims(&[one, two, three], "the pause came after the job was resumed").await;
    case.push(&[manual(1, 8).revision(3).shared()]).await;
    case.claims(&[], "nor does it lower the revision").await;
}

pub async fn a_claim_outlives_the_removal_of_its_job(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0), next(2, 0)]).await;
    let claims = case.claim().await;
    case.remove(1, 2).await;
    case.remove(2, u64::MAX).await;
    case.advance(40);
    assert_eq!(case.renew(&claims).await, [], "they run on");
    case.advance(40);
    case.claims(&[], "they are held for longer").await;
    case.settle_all(&claims).await;
    assert_eq!(case.renew(&claims).await, claims, "they were settled");
}

pub async fn a_job_that_is_gone_stays_gone_while_it_has_a_claim(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0), manual(1, 5)]).await;
    let claim = case.claim_one("it is due").await;
    case.remove(1, u64::MAX).await;
    case.push(&[next(1, 5), manual(1, 6).revision(1_000_000), retry(1, 7)]).await;
    case.advance(10);
    case.claims(&[], "the job is gone").await;
    case.clock.advance(LEASE);
    let taken = case.claims(&[&claim.entry], "its claim was left").await;
    case.push(&[next(1, 5)]).await;
    case.settle(&taken[0], Some(retry(1, 0))).await;
    case.claims(&[], "the job is gone").await;
    assert_eq!(case.next_due().await, None, "nothing is left of it");
}

pub async fn removing_again_changes_nothing(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 5), next(2, 5)]).await;
    case.remove(1, 2).await;
    let fire = next(1, 5).revision(2);
    case.push(std::slice::from_ref(&fire)).await;
    case.remove(1, 2).await;
    for _ in 0..2 {
        case.remove(2, u64::MAX).await;
        case.remove(3, u64::MAX).await;
    }
    case.advance(10);
    case.claims(&[&fire], "the job was resumed between the two").await;
}
