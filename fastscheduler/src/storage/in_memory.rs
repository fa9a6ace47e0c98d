//! What a store with its [state](super::state::State) in memory answers from that alone.

use futures_util::future::BoxFuture;

use super::StorageError;

/// What a method of [`Storage`](super::Storage) returns.
pub(super) type Answer<'a, T> = BoxFuture<'a, Result<T, StorageError>>;

/// The methods of [`Storage`](super::Storage) that a store which
/// has a [state](super::state::HasState) answers from it.
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
            Box::pin(futures_util::FutureExt::map($crate::storage::state::jobs(self), Ok))
        }

        fn visit_jobs<'a>(
            &'a self,
            visit: &'a mut (dyn FnMut(&$crate::job::Job) + Send),
        ) -> $crate::storage::in_memory::Answer<'a, ()> {
            Box::pin(futures_util::FutureExt::map($crate::storage::state::visit_jobs(self, visit), Ok))
        }

        fn job(
            &self,
            id: $crate::job::JobId,
        ) -> $crate::storage::in_memory::Answer<'_, Option<$crate::job::Job>> {
            self.answer(|state| state.job(id).cloned())
        }

        fn jobs_by_id<'a>(
            &'a self,
            ids: &'a [$crate::job::JobId],
        ) -> $crate::storage::in_memory::Answer<'a, Vec<Option<$crate::job::Job>>> {
            Box::pin(std::future::ready(Ok($crate::storage::state::jobs_by_id(self, ids))))
        }

        fn find_jobs<'a>(
            &'a self,
            query: &'a $crate::storage::JobQuery,
            now: &'a $crate::storage::JobsNow,
        ) -> $crate::storage::in_memory::Answer<'a, $crate::storage::JobPage> {
            Box::pin(futures_util::FutureExt::map($crate::storage::state::find_jobs(self, query, now), Ok))
        }

        fn job_counts<'a>(
            &'a self,
            query: &'a $crate::storage::JobQuery,
            now: &'a $crate::storage::JobsNow,
        ) -> $crate::storage::in_memory::Answer<'a, $crate::storage::JobCounts> {
            Box::pin(futures_util::FutureExt::map($crate::storage::state::job_counts(self, query, now), Ok))
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
            Box::pin(futures_util::FutureExt::map($crate::storage::state::history(self, query), Ok))
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

        fn attempts_of_fire(
            &self,
            run: $crate::job::RunId,
        ) -> $crate::storage::in_memory::Answer<'_, Vec<$crate::job::Run>> {
            self.answer(move |state| state.attempts_of_fire(run))
        }

        fn recent_attempts<'a>(
            &'a self,
            jobs: &'a [$crate::job::JobId],
            limit: usize,
        ) -> $crate::storage::in_memory::Answer<'a, Vec<Vec<$crate::job::Run>>> {
            Box::pin(futures_util::FutureExt::map(
                $crate::storage::state::recent_attempts(self, jobs, limit),
                Ok,
            ))
        }

        fn newest_request(
            &self,
            job: $crate::job::JobId,
        ) -> $crate::storage::in_memory::Answer<'_, Option<chrono::DateTime<chrono::Utc>>> {
            self.answer(move |state| state.newest_requests(&[job]).pop().flatten())
        }

        fn newest_requests<'a>(
            &'a self,
            jobs: &'a [$crate::job::JobId],
        ) -> $crate::storage::in_memory::Answer<'a, Vec<Option<chrono::DateTime<chrono::Utc>>>> {
            self.answer(move |state| state.newest_requests(jobs))
        }

        fn dead_letters(
            &self,
            limit: usize,
        ) -> $crate::storage::in_memory::Answer<'_, Vec<$crate::job::DeadLetter>> {
            self.answer(|state| state.dead_letters(limit))
        }

        fn visit_dead_letters<'a>(
            &'a self,
            visit: &'a mut (dyn FnMut(&$crate::job::DeadLetter) + Send),
        ) -> $crate::storage::in_memory::Answer<'a, ()> {
            $crate::storage::state::visit_dead_letters(self, visit);
            Box::pin(std::future::ready(Ok(())))
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
