//! What is handed out, to whom, in which order, and what waits.

use super::Factory;
use super::case::{are, claimer};
use super::entries::{EntryShape as _, FUNCTION, manual, next, retry};
use crate::job::Entry;
use crate::queue::Claimer;

pub async fn the_longest_due_comes_first(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let fires = [next(1, 3), next(2, 1).blocking(), next(3, 2), next(4, 5).due(0), next(5, 4).blocking()];
    case.push(&fires).await;
    case.advance(10);
    let [three, one, two, zero, four] = &fires;
    case.claims(&[zero, one, two, three, four], "in the order of their due times, of both lanes").await;
}

pub async fn equal_due_times_keep_the_order_of_their_pushes(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    // Numbers that neither grow nor shrink, and a due time other than the fire's.
    let fires: Vec<Entry> = (0..40).map(|number| next(number * 17 % 40, 100 - 2).due(1)).collect();
    let (at_once, one_by_one) = fires.split_at(20);
    case.push(at_once).await;
    for fire in one_by_one {
        case.push(std::slice::from_ref(fire)).await;
    }
    case.advance(1);
    let some = case.claim_as(&Claimer { room_async: 15, ..claimer(&[FUNCTION]) }).await;
    let (first, rest) = fires.split_at(15);
    are(&some, &first.iter().collect::<Vec<_>>(), "the first fifteen");
    case.claims(&rest.iter().collect::<Vec<_>>(), "and then the rest").await;
}

pub async fn each_lane_has_a_room_of_its_own(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let async_fires = [1, 2, 3].map(|job| next(job, 0));
    let blocking_fires = [4, 5, 6].map(|job| next(job, 0).blocking());
    case.push(&async_fires).await;
    case.push(&blocking_fires).await;
    let [one, two, three] = &async_fires;
    let [four, five, six] = &blocking_fires;
    let with_room = async |room_async, room_blocking, expected: &[&Entry]| {
        let claimer = Claimer { room_async, room_blocking, ..claimer(&[FUNCTION]) };
        let why = format!("room for {room_async} async and {room_blocking} blocking");
        are(&case.claim_as(&claimer).await, expected, &why);
    };
    with_room(0, 0, &[]).await;
    with_room(0, 2, &[four, five]).await;
    with_room(1, 0, &[one]).await;
    with_room(1, 1, &[two, six]).await;
    with_room(9, 9, &[three]).await;
}

pub async fn an_instance_is_given_only_functions_that_it_has(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let mine = next(1_000, 1).of("app::mine");
    let theirs: Vec<Entry> = (0..100).map(|job| next(job, 0).of("app::theirs")).collect();
    case.push(&theirs).await;
    case.push(std::slice::from_ref(&mine)).await;
    case.advance(1);
    let me = Claimer { room_async: 1, ..claimer(&["app::mine", "app::other"]) };
    are(&case.claim_as(&me).await, &[&mine], "the only one of a function that it has");
    are(&case.claim_as(&me).await, &[], "there is none left that it has");
    are(&case.claim_as(&claimer(&[])).await, &[], "whoever has nothing is given nothing");
    let later = next(1_001, 1).of("app::mine");
    case.push(std::slice::from_ref(&later)).await;
    let both = claimer(&["app::mine", "app::theirs"]);
    let (first, rest) = theirs.split_at(30);
    let some = case.claim_as(&Claimer { room_async: 30, ..both.clone() }).await;
    are(&some, &first.iter().collect::<Vec<_>>(), "who has both is given the longest due");
    let rest = rest.iter().chain([&later]).collect::<Vec<_>>();
    are(&case.claim_as(&both).await, &rest, "and then the rest, in order");
}

pub async fn a_claimed_fire_is_not_handed_out_again(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0), manual(2, 0), retry(3, 0)]).await;
    assert_eq!(case.claim().await.len(), 3, "all are due");
    for _ in 0..3 {
        case.claims(&[], "all are claimed").await;
        case.advance(10);
    }
}

pub async fn fences_of_a_job_only_grow(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    case.push(&[next(1, 0)]).await;
    let mut last = None;
    for round in 0..12 {
        let claim = case.claim_one(&format!("round {round}")).await;
        assert!(Some(claim.fence) > last, "round {round}: fence {} after {last:?}", claim.fence);
        last = Some(claim.fence);
        let at = round + 1;
        match round % 4 {
            0 => case.settle(&claim, Some(Entry { attempt: 2, ..claim.entry.clone() })).await,
            1 => case.settle(&claim, Some(next(1, 1_000 + at))).await,
            2 => {
                case.settle(&claim, None).await;
                case.push(&[next(1, 1_000 + at)]).await;
            }
            _ => {}
        }
        case.advance(1_000);
    }
}

pub async fn an_exclusive_entry_waits_for_a_live_claim_of_its_job(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    for (job, waiting) in [(1, next(1, 5)), (2, manual(2, 5)), (3, retry(3, 5))] {
        // The claim need not be of an exclusive entry.
        case.push(&[manual(job, 0).shared()]).await;
        let claim = case.claim_one("nothing is before it").await;
        case.push(std::slice::from_ref(&waiting)).await;
        case.advance(10);
        for _ in 0..3 {
            case.claims(&[], "its job has a live claim").await;
        }
        let other = next(job + 10, 6);
        case.push(std::slice::from_ref(&other)).await;
        let others = case.claims(&[&other], "of another job").await;
        case.settle(&claim, None).await;
        let claims = case.claims(&[&waiting], "the claim was settled").await;
        case.settle_all(&[others, claims].concat()).await;
    }
}

pub async fn one_claim_hands_out_one_exclusive_entry_of_a_job(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let fires = [manual(1, 0), manual(1, 1), next(1, 2)];
    case.push(&fires).await;
    case.advance(10);
    for fire in &fires {
        let claims = case.claims(&[fire], "one after the other, the longest due first").await;
        case.settle_all(&claims).await;
    }
}

pub async fn an_exclusive_next_fire_waits_for_the_next_attempt_of_another(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let (fire, again) = (next(1, 5), retry(1, 0).due(20));
    case.push(&[again.clone(), fire.clone()]).await;
    case.advance(10);
    case.claims(&[], "the other has an attempt to come").await;
    case.advance(10);
    let claims = case.claims(&[&again], "the attempt is due").await;
    case.settle(&claims[0], Some(Entry { attempt: 3, ..again.clone().due(40) })).await;
    case.claims(&[], "there is one more attempt to come").await;
    case.advance(20);
    let claims = case.claims(&[&again], "the attempt is due").await;
    case.settle_all(&claims).await;
    case.claims(&[&fire], "the other has ended").await;
}

pub async fn only_the_next_fire_waits_for_the_next_attempt_of_another(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let fires = [manual(1, 5), next(2, 5).shared()];
    case.push(&[retry(1, 0).due(20), retry(2, 0).due(20)]).await;
    case.push(&fires).await;
    case.advance(10);
    let [one, two] = &fires;
    case.claims(&[one, two], "a manual fire, and one that is not exclusive").await;
}

pub async fn entries_that_are_not_exclusive_run_side_by_side(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let fires = [next(1, 0), manual(1, 1), manual(1, 2), retry(1, 3)].map(Entry::shared);
    case.push(&fires).await;
    case.advance(10);
    let [one, two, three, four] = &fires;
    case.claims(&[one, two, three, four], "all of one job").await;
    let next = next(1, 4).shared();
    case.push(std::slice::from_ref(&next)).await;
    case.claims(&[&next], "beside four live claims").await;
}

pub async fn what_waits_for_its_job_takes_up_no_room(factory: &Factory) {
    let Some(case) = factory.case().await else { return };
    let waiting: Vec<Entry> = (0..50).map(|job| next(job, 1)).collect();
    case.push(&waiting.iter().map(|entry| manual(entry.job.number(), 0)).collect::<Vec<_>>()).await;
    let claims = case.claim().await;
    assert_eq!(claims.len(), 50, "all manual ones are due");
    case.push(&waiting).await;
    let free = next(100, 2);
    case.push(std::slice::from_ref(&free)).await;
    case.advance(10);
    let narrow = Claimer { room_async: 1, ..claimer(&[FUNCTION]) };
    are(&case.claim_as(&narrow).await, &[&free], "all that are longer due wait for their jobs");
    case.settle_all(&claims).await;
    case.claims(&waiting.iter().collect::<Vec<_>>(), "none of them was lost, nor their order").await;
}
