//! What every store promises, a test for each sentence.
//!
//! [`storage_contract!`](crate::storage_contract) makes a test of each. They
//! use nothing but the trait [`Storage`](crate::storage::Storage), so that they
//! hold for any store; what is peculiar to one is for tests of its own.
//!
//! [`sample`] makes jobs and changes short, for those too.

#![expect(missing_docs, reason = "the names of the functions are the sentences")]
#![expect(clippy::missing_panics_doc, reason = "a sentence that is not true panics")]

pub mod attempts;
pub mod batches;
pub mod ends;
pub mod fires;
pub mod history;
pub mod jobs;
pub mod model;
pub mod paging;
mod probe;
pub mod questions;
pub mod sample;

/// Tests that a store does what [`Storage`](crate::storage::Storage) promises.
///
/// It takes a closure that makes a new store, empty each time, and makes one
/// `#[tokio::test]` for each sentence. The crate that uses it needs `tokio`
/// with the features `macros` and `rt-multi-thread`.
///
/// # Examples
///
/// ```
/// use fastscheduler::storage::MemoryStorage;
///
/// fastscheduler::storage_contract!(|| async { MemoryStorage::default() });
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! storage_contract {
    ($new_store:expr $(,)?) => {
        $crate::storage_contract! {
            @tests $new_store;
            jobs:
                a_job_comes_back_as_it_was,
                a_job_that_is_unknown_is_not_found,
                jobs_come_by_number,
                a_job_that_is_there_already_is_left_as_it_is,
                a_job_that_is_added_again_stays_as_it_is_but_for_that,
                a_revision_changes_what_it_says_and_nothing_else,
                a_revision_of_a_job_that_is_not_as_expected_is_a_conflict,
                of_revisions_at_once_one_is_made,
                a_job_is_removed_with_its_retries,
                a_fire_without_a_record_outlives_its_job,
                a_tombstone_stays_until_it_is_removed,
                a_job_that_is_gone_already_leaves_no_tombstone,
                a_number_is_never_given_twice,
                a_number_that_a_job_brought_is_not_given,
                tasks_that_ask_at_once_get_different_numbers,
                instants_keep_their_microseconds;
            fires:
                a_claim_opens_its_fire_and_accounts_for_it,
                an_open_fire_comes_back_as_it_was,
                attempts_of_many_jobs_begin_at_once,
                a_take_over_takes_the_place_of_the_attempt,
                a_claim_that_comes_too_late_is_left_out,
                a_fire_that_is_asked_for_waits_and_leaves_the_schedule,
                a_claimed_fire_that_is_opened_waits_again,
                a_request_for_a_fire_that_comes_too_late_is_left_out,
                open_fires_come_by_job_instant_and_trigger,
                accounted_fires_never_move_back,
                a_job_without_fires_to_come_stays_so,
                what_belongs_to_an_earlier_schedule_moves_nothing,
                skipped_fires_are_recorded_once,
                skipped_fires_of_a_job_that_is_gone_are_left_out,
                whether_a_fire_is_over_is_known;
            ends:
                an_end_closes_its_fire_and_is_counted,
                an_end_with_a_retry_leaves_its_fire_waiting,
                a_job_remembers_its_last_five_outcomes,
                an_end_counts_once,
                an_end_that_was_overtaken_does_not_count,
                an_end_does_not_count_again_once_its_run_was_pruned,
                an_end_of_a_skipped_fire_does_not_count,
                an_end_without_its_claim_counts_if_its_fire_is_not_over,
                an_end_of_a_job_that_is_gone_counts_in_history_and_totals,
                a_run_comes_back_as_it_was,
                totals_count_every_attempt,
                a_record_says_which_attempt_of_its_job_it_was;
            batches:
                a_batch_is_applied_whole_or_not_at_all,
                changes_are_applied_in_order,
                a_batch_that_is_applied_twice_changes_nothing,
                batches_of_many_tasks_lose_nothing;
            history:
                the_history_is_asked_by_any_of_its_fields,
                the_newest_runs_come_oldest_first,
                a_page_of_runs_ends_before_a_run,
                one_run_is_found_by_its_id,
                the_newest_request_for_a_fire_is_found,
                the_last_run_of_a_fire_is_found_by_any_of_its_attempts,
                the_newest_dead_letters_come_newest_first,
                a_dead_letter_is_taken_once,
                a_dead_letter_is_taken_by_one_of_many,
                all_dead_letters_are_dropped_and_counted,
                a_dead_letter_comes_only_with_an_end_that_counts,
                the_oldest_beyond_the_limits_are_dropped,
                what_ended_too_long_ago_is_dropped,
                records_of_skipped_fires_are_dropped_too,
                pruning_never_touches_what_is_alive;
            attempts:
                the_attempts_at_a_fire_are_found_by_any_of_them,
                the_newest_attempts_of_jobs_are_found;
            paging:
                runs_are_found_by_a_text_and_by_any_of_several_words,
                a_page_of_runs_begins_after_a_run,
                page_after_page_each_run_is_seen_once_while_runs_are_added,
                dead_letters_are_found_by_any_of_their_fields,
                dead_letters_are_grouped_by_their_errors,
                a_group_of_dead_letters_names_twenty_of_its_jobs;
            questions:
                jobs_are_found_as_in_a_list_of_all,
                jobs_are_looked_up_by_their_ids;
            model:
                random_changes_agree_with_a_model;
        }
    };
    (@tests $new_store:expr; $($part:ident: $($sentence:ident),+ $(,)?;)+) => {
        $($crate::storage_contract! { @part $new_store; $part: $($sentence),+ })+
    };
    (@part $new_store:expr; $part:ident: $($sentence:ident),+) => {
        $(
            #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $sentence() {
                $crate::testing::storage_contract::$part::$sentence($new_store).await;
            }
        )+
    };
}
