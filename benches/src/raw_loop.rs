//! What one writes on tokio without a scheduler: a heap, a timer, a spawn for
//! each run. It keeps no records, and is what a scheduler's price is told in.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use chrono::{DateTime, TimeDelta, Utc};
use fastscheduler::{Clock as _, SystemClock};
use tokio::time::{Instant, sleep_until};

use crate::lateness::tick;

/// Runs jobs once a second, each from its first due time on, until it is dropped.
pub(crate) async fn dispatch(first_dues: impl Iterator<Item = DateTime<Utc>>) {
    let (start, start_at) = (Instant::now(), SystemClock.now());
    let mut heap: BinaryHeap<Reverse<(DateTime<Utc>, usize)>> =
        first_dues.enumerate().map(|(job, due_at)| Reverse((due_at, job))).collect();
    while let Some(Reverse((next_at, _))) = heap.peek() {
        sleep_until(start + (*next_at - start_at).to_std().unwrap_or_default()).await;
        let now = SystemClock.now();
        while let Some(mut first) = heap.peek_mut()
            && first.0.0 <= now
        {
            tokio::spawn(tick(first.0.0));
            // Moves down the heap to its next place.
            first.0.0 += TimeDelta::seconds(1);
        }
    }
}
