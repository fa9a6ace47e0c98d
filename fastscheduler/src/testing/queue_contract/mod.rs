//! What every [`Queue`] promises, as tests that a backend runs.
//!
//! One line makes a test of each sentence:
//!
//! ```
//! # use std::sync::Arc;
//! use fastscheduler::queue::MemoryQueue;
//! use fastscheduler::testing::ManualClock;
//!
//! fastscheduler::queue_contract!(|clock: ManualClock| async move { MemoryQueue::new(Arc::new(clock)) });
//! ```
//!
//! See [`queue_contract!`](crate::queue_contract) for what the factory gives.
//! The sentences use nothing but the trait and the clock. Most go through one
//! behaviour step by step; two try many steps in random order and compare the
//! queue with a plain model of it.

#![expect(
    missing_docs,
    clippy::missing_panics_doc,
    reason = "a sentence is its name, and fails by panicking"
)]

mod case;
mod claiming;
mod entries;
mod leases;
mod model;
mod pushing;
mod random;
mod removal;
mod settling;
mod sharing;
mod waking;

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

pub use self::case::Case;
pub use self::claiming::*;
pub use self::entries::{EntryShape, FUNCTION, START, after, manual, next, retry};
pub use self::leases::*;
pub use self::pushing::*;
pub use self::random::*;
pub use self::removal::*;
pub use self::settling::*;
pub use self::sharing::*;
pub use self::waking::*;
use super::ManualClock;
use crate::queue::Queue;

/// Makes a test of each sentence that a queue must keep to.
///
/// The factory is called for each test, and several times in some of them. It
/// is given a clock and makes an empty queue that takes its time from it, or
/// `None` where there is no server for it: then the test is passed over, and it
/// is up to the factory to say so. What it makes must not share entries with
/// what it made before.
///
/// The tests run on tokio's multi-threaded runtime: the calling crate needs
/// `tokio` with the features `macros` and `rt-multi-thread`.
/// `QUEUE_CONTRACT_CASES` says how many random cases are tried, and
/// `QUEUE_CONTRACT_SEED` repeats one.
///
/// # Examples
///
/// ```
/// # use std::sync::Arc;
/// use fastscheduler::queue::MemoryQueue;
/// use fastscheduler::testing::ManualClock;
///
/// fastscheduler::queue_contract!(|clock: ManualClock| async move { MemoryQueue::new(Arc::new(clock)) });
/// ```
#[macro_export]
macro_rules! queue_contract {
    ($factory:expr) => {
        $crate::__queue_contract_tests! { $factory;
            a_fire_is_claimed_when_it_is_due_and_not_before
            an_entry_comes_back_as_it_was_pushed
            a_repeated_push_changes_nothing
            a_push_of_a_fire_that_is_claimed_changes_nothing
            a_push_of_a_next_fire_that_was_claimed_changes_nothing
            a_job_has_one_next_fire_at_most
            a_next_fire_that_covers_less_replaces_none
            a_higher_revision_replaces_the_next_fire_whatever_it_covers
            an_entry_of_an_older_revision_is_refused
            a_pending_fire_is_replaced_by_a_higher_revision_of_it
            a_pending_fire_is_not_replaced_by_the_same_revision_of_it
            a_higher_revision_may_cover_again_what_was_claimed
            a_higher_revision_leaves_the_other_entries_of_its_job
            a_fire_that_is_made_up_for_is_the_one_that_was_due
            fires_of_one_instant_differ_by_job_and_trigger
            the_longest_due_comes_first
            equal_due_times_keep_the_order_of_their_pushes
            each_lane_has_a_room_of_its_own
            an_instance_is_given_only_functions_that_it_has
            a_claimed_fire_is_not_handed_out_again
            fences_of_a_job_only_grow
            an_exclusive_entry_waits_for_a_live_claim_of_its_job
            one_claim_hands_out_one_exclusive_entry_of_a_job
            an_exclusive_next_fire_waits_for_the_next_attempt_of_another
            only_the_next_fire_waits_for_the_next_attempt_of_another
            entries_that_are_not_exclusive_run_side_by_side
            what_waits_for_its_job_takes_up_no_room
            a_settled_fire_is_gone
            a_settlement_pushes_what_takes_the_place_of_the_claim
            settlements_of_one_call_are_of_many_claims
            a_stale_fence_changes_nothing
            a_claim_that_was_taken_over_cannot_be_settled
            a_settlement_does_not_undo_a_pause
            a_settlement_does_not_undo_an_update
            a_settlement_does_not_undo_a_cancellation
            what_a_settlement_pushes_goes_by_the_rules_of_pushes
            a_claim_whose_lease_has_ended_is_handed_out_once_more
            each_lease_that_ends_is_one_more_crash
            a_claim_without_a_lease_is_held_until_it_is_settled
            a_renewed_claim_is_held_for_longer
            a_claim_renewed_without_a_lease_is_held_until_it_is_settled
            renewing_tells_which_claims_are_lost
            a_claim_is_good_until_it_is_taken_over
            a_fire_is_taken_over_whatever_became_of_its_job
            a_take_over_keeps_to_functions_and_lanes
            an_exclusive_fire_is_waited_for_until_it_is_settled
            an_exclusive_fire_is_not_taken_over_beside_another
            killing_a_claimer_at_any_point_loses_no_fire
            the_queue_goes_by_the_clock
            the_next_due_time_is_the_first_after_an_instant
            what_is_due_and_was_not_claimed_is_not_next
            the_end_of_a_lease_is_a_due_time
            what_was_removed_or_replaced_is_not_next
            a_push_of_something_earlier_wakes
            a_waiting_claimer_is_woken
            a_settlement_that_brings_something_earlier_wakes
            what_may_be_claimed_again_wakes
            what_waits_for_an_attempt_that_is_dropped_wakes
            what_is_pushed_between_a_claim_and_its_question_wakes
            a_claim_of_one_lane_does_not_hide_what_came_into_the_other
            what_waits_of_a_removed_job_is_dropped
            what_waits_and_is_due_of_a_removed_job_is_dropped
            a_removal_refuses_older_revisions_from_then_on
            a_pause_lasts
            a_removal_that_comes_late_leaves_newer_entries
            a_claim_outlives_the_removal_of_its_job
            a_job_that_is_gone_stays_gone_while_it_has_a_claim
            removing_again_changes_nothing
            claimers_share_the_work_without_doubling
            exclusive_jobs_never_run_twice_at_once
            pushes_of_the_same_at_once_make_one_entry
            random_steps_are_as_in_the_model
            who_claims_only_when_woken_or_on_time_misses_nothing
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __queue_contract_tests {
    ($factory:expr; $($sentence:ident)+) => {
        $(
            #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $sentence() {
                let factory = $crate::testing::queue_contract::Factory::new($factory);
                $crate::testing::queue_contract::$sentence(&factory).await;
            }
        )+
    };
}

/// Makes queues to be tried.
pub struct Factory(Box<Make>);

type Make = dyn Fn(ManualClock) -> BoxFuture<'static, Option<Arc<dyn Queue>>> + Send + Sync;

impl Factory {
    /// A factory of a closure that is given a clock and makes a queue, or none.
    pub fn new<M, F>(make: M) -> Self
    where
        M: Fn(ManualClock) -> F + Send + Sync + 'static,
        F: Future<Output: IntoQueue> + Send + 'static,
    {
        Self(Box::new(move |clock| {
            let queue = make(clock);
            Box::pin(async move { queue.await.into_queue() })
        }))
    }

    /// An empty queue with a clock of its own, unless there is no server for it.
    pub async fn case(&self) -> Option<Case> {
        let clock = ManualClock::new(START);
        let queue = (self.0)(clock.clone()).await?;
        Some(Case { queue, clock })
    }
}

impl fmt::Debug for Factory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Factory").finish_non_exhaustive()
    }
}

/// What a factory makes: a queue, or an option of one.
pub trait IntoQueue {
    /// The queue, unless there is no server for it.
    fn into_queue(self) -> Option<Arc<dyn Queue>>;
}

impl<Q: Queue> IntoQueue for Q {
    fn into_queue(self) -> Option<Arc<dyn Queue>> {
        Some(Arc::new(self))
    }
}

impl<Q: Queue> IntoQueue for Option<Q> {
    fn into_queue(self) -> Option<Arc<dyn Queue>> {
        self.map(|queue| Arc::new(queue) as Arc<dyn Queue>)
    }
}
