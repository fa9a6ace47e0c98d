//! What pushes add, replace and leave out.

use super::Factory;
use super::entries::{EntryShape as _, after, manual, next, retry};
use crate::job::{Entry, EntryKind, Lane, Trigger};

pub async fn a_fire_is_claimed_when_it_is_due_and_not_before(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let fire = next(1, 10);
    case.push(std::slice::from_ref(&fire)).await;
    case.advance(9);
    case.claims(&[], "one second too early").await;
    case.advance(1);
    case.claims(&[&fire], "on time").await;
}

pub async fn an_entry_comes_back_as_it_was_pushed(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let fire = Entry {
        due_at: after(7) + chrono::TimeDelta::microseconds(123_456),
        attempt: 4,
        crashes: 2,
        catch_up_until: Some(after(6)),
        trigger: Trigger::CatchUp,
        lane: Lane::Blocking,
        ..next(9_007_199_254_740_993, 5).covering(100).shared().revision(12)
    };
    case.push(std::slice::from_ref(&fire)).await;
    case.advance(8);
    let claim = case.claim_one("it is due").await;
    assert_eq!(claim.entry, Entry { kind: EntryKind::Fire, ..fire });
}

pub async fn a_repeated_push_changes_nothing(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let fires = [next(1, 1).shared(), manual(1, 2).shared(), retry(1, 3).shared(), next(2, 4)];
    case.push(&fires).await;
    case.push(&[fires.as_slice(), &fires].concat()).await;
    case.advance(10);
    let [one, two, three, four] = &fires;
    let claims = case.claims(&[one, two, three, four], "each was pushed three times").await;
    case.settle_all(&claims).await;
    case.claims(&[], "each ran once").await;
}

pub async fn a_push_of_a_fire_that_is_claimed_changes_nothing(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    for (job, kind) in [(1, EntryKind::Next), (2, EntryKind::Fire), (3, EntryKind::Manual)] {
        for revision in [1, 2] {
            let fire = next(job * 10 + revision, 0).shared();
            case.push(std::slice::from_ref(&fire)).await;
            let claim = case.claim_one("it is due").await;
            case.push(&[Entry { kind, revision, ..fire }]).await;
            case.claims(&[], &format!("{kind:?} of revision {revision} beside its claim")).await;
            case.settle(&claim, None).await;
            case.claims(&[], &format!("{kind:?} of revision {revision} after its claim")).await;
        }
    }
}

pub async fn a_push_of_a_next_fire_that_was_claimed_changes_nothing(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let fire = next(1, 10).covering(20);
    case.push(std::slice::from_ref(&fire)).await;
    case.advance(30);
    let claim = case.claim_one("it is due").await;
    case.push(&[next(1, 15), next(1, 20)]).await;
    case.settle(&claim, None).await;
    case.claims(&[], "what the claim covers was pushed beside it").await;
    case.push(&[fire, next(1, 5), next(1, 15), next(1, 20)]).await;
    case.claims(&[], "what the claim covered was pushed after it").await;
    let later = next(1, 21);
    case.push(std::slice::from_ref(&later)).await;
    case.claims(&[&later], "it covers more than was claimed").await;
}

pub async fn a_job_has_one_next_fire_at_most(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    // Were both there, both would be handed out.
    let (early, late) = (next(1, 5).shared(), next(1, 10).shared());
    case.push(&[early.clone(), late.clone()]).await;
    case.push(&[early]).await;
    case.advance(20);
    case.claims(&[&late], "the one that covers more").await;
}

pub async fn a_next_fire_that_covers_less_replaces_none(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let wide = next(1, 5).covering(50).shared();
    case.push(&[wide.clone(), next(1, 10).covering(49).shared(), next(1, 3).covering(50).shared()]).await;
    case.advance(60);
    case.claims(&[&wide], "the one that covers most").await;
}

pub async fn a_higher_revision_replaces_the_next_fire_whatever_it_covers(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let sooner = next(1, 5).revision(2).shared();
    case.push(&[next(1, 10).shared(), sooner.clone()]).await;
    case.advance(20);
    case.claims(&[&sooner], "the higher revision").await;
}

pub async fn an_entry_of_an_older_revision_is_refused(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let newest = [next(1, 0).revision(5), manual(2, 0).revision(5), retry(3, 0).revision(5)];
    case.push(&newest).await;
    for job in [1, 2, 3] {
        case.push(&[next(job, 5), manual(job, 5), retry(job, 5)].map(|entry| entry.revision(4).shared()))
            .await;
    }
    case.advance(10);
    let [one, two, three] = &newest;
    let claims = case.claims(&[one, two, three], "no older revision").await;
    case.settle_all(&claims).await;
    case.push(&[next(1, 6).revision(4), next(2, 6).revision(4), manual(3, 6).revision(4)]).await;
    case.claims(&[], "nor after the claims were settled").await;
}

pub async fn a_pending_fire_is_replaced_by_a_higher_revision_of_it(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[manual(1, 0), retry(2, 0)]).await;
    let newer = [manual(1, 0).revision(2).due(5), retry(2, 0).revision(2).due(6)];
    case.push(&newer).await;
    case.claims(&[], "the newer ones are due later").await;
    case.advance(10);
    let [one, two] = &newer;
    case.claims(&[one, two], "each once, as pushed last").await;
}

pub async fn a_pending_fire_is_not_replaced_by_the_same_revision_of_it(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let fires = [manual(1, 0), retry(2, 0)];
    case.push(&fires).await;
    case.push(&fires.clone().map(|entry| Entry { attempt: 9, ..entry.due(5) })).await;
    // As an entry of another kind, it is the same fire still.
    case.push(&[Entry { kind: EntryKind::Next, ..fires[1].clone() }]).await;
    let [one, two] = &fires;
    let claims = case.claims(&[one, two], "they are due as they were pushed first").await;
    assert_eq!(claims.iter().map(|claim| claim.entry.attempt).collect::<Vec<_>>(), [1, 2]);
    case.settle_all(&claims).await;
    case.advance(10);
    case.claims(&[], "there was one entry of each").await;
}

pub async fn a_higher_revision_may_cover_again_what_was_claimed(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 10).covering(100)]).await;
    case.advance(10);
    let claim = case.claim_one("it is due").await;
    case.settle(&claim, None).await;
    let sooner = next(1, 5).revision(2);
    case.push(std::slice::from_ref(&sooner)).await;
    case.claims(&[&sooner], "the schedule is another since").await;
}

pub async fn a_fire_that_is_made_up_for_is_the_one_that_was_due(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let due = next(1, 1).revision(2);
    let made_up_for = Entry { trigger: Trigger::CatchUp, ..next(1, 1) };
    case.push(std::slice::from_ref(&made_up_for)).await;
    case.advance(10);
    let claim = case.claim_one("it is due").await;
    case.push(std::slice::from_ref(&due)).await;
    case.settle(&claim, None).await;
    case.claims(&[], "the same fire was claimed").await;
    case.push(&[made_up_for.revision(3), due.revision(4)]).await;
    case.claims(&[&next(1, 1).revision(4)], "one fire has one entry").await;
}

pub async fn a_higher_revision_leaves_the_other_entries_of_its_job(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let fires = [next(1, 1).shared(), retry(1, 2).shared(), manual(1, 3).shared().revision(2)];
    case.push(&fires).await;
    case.advance(10);
    let [one, two, three] = &fires;
    case.claims(&[one, two, three], "only what is pushed later is refused").await;
}

pub async fn fires_of_one_instant_differ_by_job_and_trigger(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let retried = Entry { trigger: Trigger::Retry, ..manual(1, 0).shared() };
    let fires = [next(1, 0).shared(), manual(1, 0).shared(), retried, next(2, 0)];
    case.push(&fires).await;
    let [one, two, three, four] = &fires;
    case.claims(&[one, two, three, four], "four fires of one instant").await;
}
