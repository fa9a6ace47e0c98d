//! What a store with its [`State`] in memory answers from that alone.

use futures_util::future::{BoxFuture, ready};

use super::StorageError;
use super::state::State;

/// What a method of [`Storage`](super::Storage) returns.
pub(super) type Answer<'a, T> = BoxFuture<'a, Result<T, StorageError>>;

/// A store that has its state in memory.
pub(super) trait InMemory: Sync {
    fn with_state<T>(&self, ask: impl FnOnce(&mut State) -> T) -> T;

    /// Asks the state at once.
    fn answer<'a, T: Send + 'a>(&'a self, ask: impl FnOnce(&mut State) -> T) -> Answer<'a, T> {
        Box::pin(ready(Ok(self.with_state(ask))))
    }
}

/// The methods of [`Storage`](super::Storage) that a store which is
/// [`InMemory`] answers from its state.
macro_rules! answers_from_state {
    () => {
        fn reserve_job_number(&self) -> $crate::storage::in_memory::Answer<'_, u64> {
            // It is not written: nobody knows a number before a job has it.
            self.answer(|state| state.reserve_job_number())
        }

        fn load(&self) -> $crate::storage::in_memory::Answer<'_, $crate::storage::Stored> {
            self.answer(|state| state.load())
        }

        fn jobs(&self) -> $crate::storage::in_memory::Answer<'_, Vec<$crate::job::Job>> {
            self.answer(|state| state.jobs())
        }

        fn visit_jobs<'a>(
            &'a self,
            visit: &'a mut (dyn FnMut(&$crate::job::Job) + Send),
        ) -> $crate::storage::in_memory::Answer<'a, ()> {
            self.answer(|state| state.visit_jobs(visit))
        }

        fn job(
            &self,
            id: $crate::job::JobId,
        ) -> $crate::storage::in_memory::Answer<'_, Option<$crate::job::Job>> {
            self.answer(|state| state.job(id).cloned())
        }

        fn open_fires(
            &self,
            job: $crate::job::JobId,
        ) -> $crate::storage::in_memory::Answer<'_, Vec<$crate::job::OpenFire>> {
            self.answer(move |state| state.open_fires(job))
        }

        fn history<'a>(
            &'a self,
            query: &'a $crate::storage::HistoryQuery,
        ) -> $crate::storage::in_memory::Answer<'a, Vec<$crate::job::Run>> {
            self.answer(|state| state.history(query))
        }

        fn run(
            &self,
            run: $crate::job::RunId,
        ) -> $crate::storage::in_memory::Answer<'_, Option<$crate::job::Run>> {
            self.answer(move |state| state.run(run))
        }

        fn last_run_of_fire(
            &self,
            run: $crate::job::RunId,
        ) -> $crate::storage::in_memory::Answer<'_, Option<$crate::job::Run>> {
            self.answer(move |state| state.last_run_of_fire(run))
        }

        fn dead_letters(
            &self,
            limit: usize,
        ) -> $crate::storage::in_memory::Answer<'_, Vec<$crate::job::DeadLetter>> {
            self.answer(|state| state.dead_letters(limit))
        }

        fn dead_letter_count(&self) -> $crate::storage::in_memory::Answer<'_, usize> {
            self.answer(|state| state.dead_letter_count())
        }

        fn dead_letter(
            &self,
            run: $crate::job::RunId,
        ) -> $crate::storage::in_memory::Answer<'_, Option<$crate::job::DeadLetter>> {
            self.answer(|state| state.dead_letter(run).cloned())
        }

        fn statistics(&self) -> $crate::storage::in_memory::Answer<'_, $crate::job::Statistics> {
            self.answer(|state| state.statistics())
        }

        fn is_final(&self, run: $crate::job::RunId) -> $crate::storage::in_memory::Answer<'_, bool> {
            self.answer(|state| state.is_over(run))
        }
    };
}
pub(super) use answers_from_state;
