//! Stores and queues that do some things themselves, and let another one do the rest.

use fastscheduler::queue::QueueError;
use fastscheduler::storage::StorageError;
use futures_util::future::BoxFuture;

/// What a method of a store returns.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StorageError>>;

/// What a method of a queue returns.
pub type QueueAnswer<'a, T> = BoxFuture<'a, Result<T, QueueError>>;

/// Writes methods of [`Storage`](fastscheduler::storage::Storage) or of
/// [`Queue`](fastscheduler::queue::Queue) that ask the one in a field, as in
/// `passed_on! { inner: load jobs }`.
///
/// A method that is neither here nor written beside it does what it does by default.
#[macro_export]
macro_rules! passed_on {
    ($inner:tt: $($method:ident)+) => { $($crate::passed_on! { @$method $inner })+ };
    (@apply $inner:tt) => {
        fn apply<'a>(
            &'a self,
            changes: &'a [::fastscheduler::storage::Change],
            durability: ::fastscheduler::storage::Durability,
        ) -> $crate::passed_on::Answer<'a, ()> {
            self.$inner.apply(changes, durability)
        }
    };
    (@history $inner:tt) => {
        fn history<'a>(
            &'a self,
            query: &'a ::fastscheduler::HistoryQuery,
        ) -> $crate::passed_on::Answer<'a, Vec<::fastscheduler::Run>> {
            self.$inner.history(query)
        }
    };
    (@reserve_job_number $inner:tt) => { $crate::passed_on! { @fn $inner reserve_job_number() -> u64 } };
    (@load $inner:tt) => { $crate::passed_on! { @fn $inner load() -> ::fastscheduler::storage::Stored } };
    (@jobs $inner:tt) => { $crate::passed_on! { @fn $inner jobs() -> Vec<::fastscheduler::Job> } };
    (@job $inner:tt) => {
        $crate::passed_on! { @fn $inner job(id: ::fastscheduler::JobId) -> Option<::fastscheduler::Job> }
    };
    (@run $inner:tt) => {
        $crate::passed_on! { @fn $inner run(run: ::fastscheduler::RunId) -> Option<::fastscheduler::Run> }
    };
    (@last_run_of_fire $inner:tt) => {
        $crate::passed_on! {
            @fn $inner last_run_of_fire(run: ::fastscheduler::RunId) -> Option<::fastscheduler::Run>
        }
    };
    (@dead_letters $inner:tt) => {
        $crate::passed_on! { @fn $inner dead_letters(limit: usize) -> Vec<::fastscheduler::DeadLetter> }
    };
    (@dead_letter $inner:tt) => {
        $crate::passed_on! {
            @fn $inner dead_letter(run: ::fastscheduler::RunId) -> Option<::fastscheduler::DeadLetter>
        }
    };
    (@clear_dead_letters $inner:tt) => { $crate::passed_on! { @fn $inner clear_dead_letters() -> usize } };
    (@statistics $inner:tt) => {
        $crate::passed_on! { @fn $inner statistics() -> ::fastscheduler::Statistics }
    };
    (@is_final $inner:tt) => {
        $crate::passed_on! { @fn $inner is_final(run: ::fastscheduler::RunId) -> bool }
    };
    (@prune $inner:tt) => {
        $crate::passed_on! { @fn $inner prune(limits: ::fastscheduler::storage::Limits) -> () }
    };
    (@close $inner:tt) => { $crate::passed_on! { @fn $inner close() -> () } };
    (@push $inner:tt) => {
        fn push<'a>(
            &'a self,
            entries: &'a [::fastscheduler::queue::Entry],
        ) -> $crate::passed_on::QueueAnswer<'a, ()> {
            self.$inner.push(entries)
        }
    };
    (@claim $inner:tt) => {
        fn claim<'a>(
            &'a self,
            claimer: &'a ::fastscheduler::queue::Claimer,
        ) -> $crate::passed_on::QueueAnswer<'a, Vec<::fastscheduler::queue::Claim>> {
            self.$inner.claim(claimer)
        }
    };
    (@settle $inner:tt) => {
        fn settle<'a>(
            &'a self,
            settlements: &'a [::fastscheduler::queue::Settlement],
        ) -> $crate::passed_on::QueueAnswer<'a, ()> {
            self.$inner.settle(settlements)
        }
    };
    (@renew $inner:tt) => {
        fn renew<'a>(
            &'a self,
            claims: &'a [::fastscheduler::queue::Claim],
            lease: Option<::std::time::Duration>,
        ) -> $crate::passed_on::QueueAnswer<'a, Vec<::fastscheduler::queue::Claim>> {
            self.$inner.renew(claims, lease)
        }
    };
    (@remove $inner:tt) => {
        fn remove(
            &self,
            job: ::fastscheduler::JobId,
            revision: u64,
        ) -> $crate::passed_on::QueueAnswer<'_, ()> {
            self.$inner.remove(job, revision)
        }
    };
    (@next_due $inner:tt) => {
        fn next_due(
            &self,
            after: ::chrono::DateTime<::chrono::Utc>,
        ) -> $crate::passed_on::QueueAnswer<'_, Option<::chrono::DateTime<::chrono::Utc>>> {
            self.$inner.next_due(after)
        }
    };
    (@wake $inner:tt) => {
        fn wake(&self) -> ::futures_util::future::BoxFuture<'_, ()> {
            self.$inner.wake()
        }
    };
    (@now $inner:tt) => {
        fn now(&self) -> $crate::passed_on::QueueAnswer<'_, ::chrono::DateTime<::chrono::Utc>> {
            self.$inner.now()
        }
    };
    (@depth $inner:tt) => {
        fn depth(
            &self,
            now: ::chrono::DateTime<::chrono::Utc>,
        ) -> $crate::passed_on::QueueAnswer<'_, Option<::fastscheduler::queue::Depth>> {
            self.$inner.depth(now)
        }
    };
    (@is_shared $inner:tt) => {
        fn is_shared(&self) -> bool {
            self.$inner.is_shared()
        }
    };
    (@fn $inner:tt $method:ident($($argument:ident: $type:ty)?) -> $answer:ty) => {
        fn $method(&self $(, $argument: $type)?) -> $crate::passed_on::Answer<'_, $answer> {
            self.$inner.$method($($argument)?)
        }
    };
}
