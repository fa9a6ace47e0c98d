//! The queue in memory keeps to the contract, and wakes nobody needlessly.

use std::sync::Arc;

use fastscheduler::FunctionKey;
use fastscheduler::queue::{Claimer, MemoryQueue, Queue as _, Settlement};
use fastscheduler::testing::ManualClock;
use fastscheduler::testing::queue_contract::{EntryShape as _, FUNCTION, START, after, manual, next};
use futures_util::FutureExt as _;

fastscheduler::queue_contract!(|clock: ManualClock| async move { MemoryQueue::new(Arc::new(clock)) });

/// At 100,000 fires a second a wake-up for each would cost more than the queue.
#[tokio::test]
async fn nobody_is_woken_for_what_is_due_later() {
    let clock = ManualClock::new(START);
    let queue = MemoryQueue::new(Arc::new(clock));
    queue.push(&[next(1, 0), next(2, 10)]).await.unwrap();
    let claimer = Claimer {
        instance: "one".into(),
        functions: Arc::new([FunctionKey::parse(FUNCTION)].into_iter().collect()),
        room_async: 10,
        room_blocking: 10,
        lease: None,
    };
    let claims = queue.claim(&claimer).await.unwrap();
    assert_eq!(queue.next_due(START).await.unwrap(), Some(after(10)));
    queue.wake().now_or_never().expect("the first push was news");
    queue.push(&[next(3, 10), next(4, 11).blocking(), manual(5, 12), next(2, 9).covering(3)]).await.unwrap();
    let settlements = claims.into_iter().map(|claim| Settlement { claim, next: Some(next(1, 10)) });
    queue.settle(&settlements.collect::<Vec<_>>()).await.unwrap();
    assert_eq!(queue.claim(&claimer).await.unwrap(), []);
    assert_eq!(queue.next_due(START).await.unwrap(), Some(after(10)));
    assert_eq!(queue.wake().now_or_never(), None, "all of that is due at 10 or later");
    queue.push(&[next(6, 9)]).await.unwrap();
    assert_eq!(queue.wake().now_or_never(), Some(()), "that is due at 9");
}

#[tokio::test]
async fn it_belongs_to_one_process() {
    assert!(!MemoryQueue::default().is_shared());
}
